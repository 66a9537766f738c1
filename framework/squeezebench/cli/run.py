"""`run`: a scenario with every solver, cross-validated."""

from __future__ import annotations

import contextlib
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from squeezebench.errors import InvalidOptionError
from squeezebench.execution import FAILED
from squeezebench.harness.observer import RunObserver
from squeezebench.validate import shown

from .output import EXIT_BROKEN, EXIT_FAILED, console, error_line
from .progress import Progress
from .verdicts import print_expected, print_verdicts, verdict_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from squeezebench.comparison import Expectation, Judgement

__all__ = ["add_to", "exit_code"]


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(run)


def run(
    scenario: Annotated[str, typer.Argument(help="Name of a scenario, or path of a scenario file.")],
    solver: Annotated[
        list[str] | None,
        typer.Option("--solver", "-s", help="Solver spec, such as cumulant:order=3; may be repeated."),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="<path>", help="Folder of results; the user's cache by default."),
    ] = None,
    workers: Annotated[int, typer.Option("--workers", "-w", help="Jobs at a time.")] = 1,
    threads: Annotated[int | None, typer.Option("--threads", help="Threads of each solver.")] = None,
    seed: Annotated[int, typer.Option("--seed", help="Seed of sampled solvers.")] = 0,
    keep: Annotated[
        list[str] | None, typer.Option("--keep", help="series, trajectories or states; may be repeated.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Compute everything again, whatever is stored.")] = False,
    time_limit: Annotated[
        float | None, typer.Option("--time-limit", metavar="<seconds>", help="Kill a cell that takes longer.")
    ] = None,
    max_memory: Annotated[
        str | None,
        typer.Option("--max-memory", metavar="<size>", help="Kill a cell that takes more, such as 4GiB."),
    ] = None,
    timing: Annotated[
        int, typer.Option("--timing", metavar="<n>", help="Then time each cell alone, warm and pinned, n times.")
    ] = 0,
    refine: Annotated[
        bool, typer.Option("--refine", help="Solve exactly once more, at the next tighter tier, to know the error.")
    ] = False,
    dask: Annotated[
        str | None, typer.Option("--dask", metavar="<address>", help="Run on a dask cluster, or a 'local' one.")
    ] = None,
    in_process: Annotated[
        bool, typer.Option("--in-process", help="Solve in this process: no limits, and a crash ends the run.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress on standard error.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Run every solver at every point of a scenario, compare them, and print who can be trusted."""
    from squeezebench.comparison import check_expected, judge
    from squeezebench.harness.assemble import assemble
    from squeezebench.harness.manifest import make_manifest
    from squeezebench.harness.place import open_executor
    from squeezebench.harness.runner import TOO_MANY_TO_TIME, checked_repeats, compute, prepare, store_path
    from squeezebench.harness.slabs import compute_slabs
    from squeezebench.harness.store import Store, default_store
    from squeezebench.harness.timing import measure
    from squeezebench.host import get_host

    host = get_host()
    plan, n_threads = prepare(
        scenario, solver or None, workers=workers, seed=seed, n_threads=threads, keep=keep, host=host, refine=refine
    )
    repeats, nbytes = checked_repeats(timing), None if max_memory is None else size_in_bytes(max_memory)
    observer = RunObserver() if quiet else Progress()
    with contextlib.ExitStack() as stack:
        stack.enter_context(_ended_like_an_interruption())
        executor = stack.enter_context(
            open_executor(
                plan,
                host,
                workers=workers,
                isolate=not in_process,
                time_limit=time_limit,
                max_memory=nbytes,
                dask=dask,
            )
        )
        store = Store(default_store() if output is None else store_path(output), create=True)
        if isinstance(observer, Progress):
            stack.callback(observer.stop)
        if plan.is_part and repeats:
            raise InvalidOptionError(TOO_MANY_TO_TIME)
        how: dict[str, Any] = {
            "store": store,
            "fresh": fresh,
            "n_threads": n_threads,
            "executor": executor,
            "observer": observer,
        }
        if plan.is_part:
            results, cells, stored = compute_slabs(plan, host, **how)
        else:
            records, stored = compute(plan, host, **how)
            results, cells = None, len({cell.key for cell in plan.all_cells()})
        if repeats:
            measure(
                plan,
                records,
                host,
                store=store,
                n_threads=n_threads,
                repeats=repeats,
                isolate=not in_process,
                observer=observer,
            )
    if results is None:
        results = assemble(make_manifest(plan, host), records, host)
    judgements, expectations = judge(results), check_expected(results)
    if json:
        print_json_result(results, judgements, expectations, store.path)
    else:
        print_verdicts(results, judgements)
        print_expected(expectations)
    if not (json or quiet):
        computed = cells - stored
        where = "" if output is None else f" in {store.path}"
        note = f"{computed} cells computed, {stored} taken from the store{where}"
        console(stderr=True).print(note + ("; --fresh computes them again" if stored else ""), markup=False)
        if computed and not stored and (seconds := _compiled(results)) > _LONG_COMPILATION:
            console(stderr=True).print(
                f"{seconds:.0f} s went into compiling kernels; they are kept, and the next run is as much faster",
                markup=False,
            )
    named = [spec.label for spec in plan.specs] if solver else []
    raise typer.Exit(exit_code(results, judgements, named=named, expectations=expectations))


#: Seconds of compilation from which on somebody who waited for them is told so.
_LONG_COMPILATION = 5.0


def _compiled(results: Any) -> float:
    """Seconds that numba took in all cells of a run."""
    import numpy as np

    return float(np.nansum(results["compile_seconds"].values)) if "compile_seconds" in results else 0.0


@contextlib.contextmanager
def _ended_like_an_interruption() -> Iterator[None]:
    """Take the signal with which queues and systems end a program as Ctrl-C: what is finished is kept."""

    def interrupt(number: int, frame: Any) -> None:
        raise KeyboardInterrupt

    try:
        before = signal.signal(signal.SIGTERM, interrupt)
    except ValueError:  # not the main thread: signals are somebody else's
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


_SIZES = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "KI": 2**10, "MI": 2**20, "GI": 2**30, "TI": 2**40}


def size_in_bytes(text: str) -> float:
    """Bytes of ``"4GiB"``, ``"500 MB"``, ``"2g"`` or ``"1e9"``."""
    found = re.fullmatch(r"\s*([0-9.]+(?:e[0-9]+)?)\s*([KMGT]?I?)B?\s*", text, re.IGNORECASE)
    try:
        if found is None:
            raise ValueError
        return float(found[1]) * _SIZES[found[2].upper()]
    except (ValueError, KeyError):
        raise InvalidOptionError(f"--max-memory = {shown(text)}: give a size such as 4GiB or 500MB") from None


def print_json_result(
    results: Any, judgements: Sequence[Judgement], expectations: Sequence[Expectation], path: Path
) -> None:
    """The table of `run` as JSON."""
    from .output import print_json

    print_json({"store": str(path), **verdict_json(results, judgements, expectations)})


def exit_code(
    results: Any, judgements: Sequence[Judgement], named: Sequence[str], expectations: Sequence[Expectation] = ()
) -> int:
    """0; 1: a broken claim or a missed expected value; 3: a failed cell or a named solver without a value."""
    if any(judgement.broken for judgement in judgements) or any(each.failed for each in expectations):
        return EXIT_BROKEN
    failed = [j for j in judgements if j.status in FAILED]
    for judgement in failed:
        error_line(
            f"{judgement.solver} at {judgement.point or 'the only point'}: {judgement.status}: {judgement.reason}"
        )
    valueless = [label for label in named if not _has_value(results, judgements, label)]
    for label in valueless:
        reason = next((j.reason for j in judgements if j.solver == label and j.reason), "no reason given")
        error_line(f"solver {label} has no value at any point: {reason}")
    return EXIT_FAILED if failed or valueless else 0


def _has_value(results: Any, judgements: Sequence[Judgement], label: str) -> bool:
    """Whether a solver has a number anywhere: what is unphysical from the first time on leaves none."""
    rows = [j for j in judgements if j.solver == label]
    if any(j.status == "ok" for j in rows):
        return True
    cells = results.sel(solver=label)
    return any(j.status in ("diverged", "unphysical") for j in rows) and any(
        bool(cells[name].notnull().any()) for name in cells.data_vars if name == "spin" or _is_reduction(cells[name])
    )


def _is_reduction(variable: Any) -> bool:
    """Whether a variable has one number a cell that says something of a solution."""
    known = ("n_spins", "claim_floor", "tier_error", "seconds", "compile_seconds", "peak_memory", "exit_code")
    return variable.dtype.kind == "f" and variable.name not in known
