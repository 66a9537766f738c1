"""`run`: a scenario with every solver, cross-validated."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from squeezebench.execution import FAILED
from squeezebench.harness.observer import RunObserver

from .output import EXIT_BROKEN, EXIT_FAILED, console, error_line
from .verdicts import print_verdicts, verdict_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from squeezebench.comparison import Judgement
    from squeezebench.harness.job import Record
    from squeezebench.harness.plan import Job, Plan

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
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress on standard error.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Run every solver at every point of a scenario, compare them, and print who can be trusted."""
    from squeezebench.comparison import judge
    from squeezebench.harness.assemble import assemble
    from squeezebench.harness.executors import executor_for
    from squeezebench.harness.manifest import make_manifest
    from squeezebench.harness.runner import compute, prepare, store_path
    from squeezebench.harness.store import Store, default_store
    from squeezebench.host import get_host

    host = get_host()
    plan, n_threads = prepare(
        scenario, solver or None, workers=workers, seed=seed, n_threads=threads, keep=keep, host=host
    )
    store = Store(default_store() if output is None else store_path(output), create=True)
    observer = RunObserver() if quiet else _Progress()
    try:
        records, stored = compute(
            plan,
            host,
            store=store,
            fresh=fresh,
            n_threads=n_threads,
            executor=executor_for(workers, host),
            observer=observer,
        )
    finally:
        if isinstance(observer, _Progress):
            observer.stop()
    results = assemble(make_manifest(plan, host), records, host)
    judgements = judge(results)
    if json:
        print_json_result(results, judgements, store.path)
    else:
        print_verdicts(results, judgements)
    if not (json or quiet):
        computed = len({cell.key for cell in plan.all_cells()}) - stored
        where = "" if output is None else f" in {store.path}"
        note = f"{computed} cells computed, {stored} taken from the store{where}"
        console(stderr=True).print(note + ("; --fresh computes them again" if stored else ""), markup=False)
    raise typer.Exit(exit_code(results, judgements, named=[spec.label for spec in plan.specs] if solver else []))


def print_json_result(results: Any, judgements: Sequence[Judgement], path: Path) -> None:
    """The table of `run` as JSON."""
    from .output import print_json

    print_json({"store": str(path), **verdict_json(results, judgements)})


def exit_code(results: Any, judgements: Sequence[Judgement], named: Sequence[str]) -> int:
    """0, or 1 for a broken claim, or 3 for a failed cell or a named solver without any value."""
    if any(judgement.broken for judgement in judgements):
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
    return any(j.solver == label and j.status in ("ok", "diverged", "unphysical") for j in judgements)


class _Progress(RunObserver):
    """Live progress on a terminal, plain lines elsewhere."""

    def __init__(self) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        self._console = console(stderr=True)
        self._live = sys.stderr.isatty()
        self._bar = Progress(
            TextColumn("[progress.description]{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self._console,
            disable=not self._live,
            transient=True,
        )
        self._task: Any = None
        self._done = 0
        self._total = 0

    def planned(self, plan: Plan, stored: int, jobs: Sequence[Job]) -> None:
        self._total = sum(len(job.cells) for job in jobs)
        self._bar.start()
        self._task = self._bar.add_task(plan.scenario.name, total=self._total)

    def progress(self, job: Job, fraction: float, text: str) -> None:
        self._bar.update(self._task, description=f"{job.spec.label} {fraction:4.0%} {text}".rstrip())

    def finished(self, job: Job, records: Sequence[Record]) -> None:
        self._done += len(records)
        self._bar.update(self._task, completed=self._done, description=job.spec.label)
        if not self._live:
            statuses = ", ".join(sorted({record.status for record in records}))
            line = f"[{self._done}/{self._total}] {job.spec.label} {_where(job)}: {statuses}"
            self._console.print(line, markup=False)

    def stop(self) -> None:
        self._bar.stop()


def _where(job: Job) -> str:
    if len(job.cells) > 1:
        return f"({len(job.cells)} points)"
    coords = job.cells[0].point.coords
    return " ".join(f"{name}={value}" for name, value in coords.items())
