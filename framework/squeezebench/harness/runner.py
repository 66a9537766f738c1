"""The run: plan, look up what is stored, compute what is missing, and put it together."""

from __future__ import annotations

import concurrent.futures
import logging
import os
from collections.abc import Generator, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from squeezebench.content import to_plain
from squeezebench.errors import InvalidOptionError
from squeezebench.execution import FAILED, seed_sequence, thread_number
from squeezebench.host import Host, get_host
from squeezebench.solver import Solver, checked_keep
from squeezebench.threads import available_threads
from squeezebench.validate import real_path, shown

from .assemble import assemble
from .executors import Executor
from .job import Record
from .manifest import make_manifest
from .observer import RunObserver
from .place import Unfinished, clear_checkpoint, open_executor, with_checkpoint
from .plan import SLAB, Cell, Job, Plan, jobs_of, make_plan
from .refine import refined
from .slabs import compute_slabs
from .store import Store
from .timing import measure

if TYPE_CHECKING:
    import xarray as xr

    from squeezebench.scenario import Scenario
    from squeezebench.spec import Spec

__all__ = ["checked_repeats", "compute", "prepare", "run", "store_path"]

_LOG = logging.getLogger(__name__)

#: Why a large map has no timing pass.
TOO_MANY_TO_TIME = (
    f"timing: a map of more than {SLAB} points is planned a part at a time and has no timing pass: "
    "time a scenario of fewer points"
)


def run(
    scenario: str | os.PathLike[str] | Scenario,
    solvers: Iterable[str | Spec | Mapping[str, Any]] | None = None,
    *,
    store: str | os.PathLike[str] | None = None,
    workers: int = 1,
    seed: int = 0,
    n_threads: int | None = None,
    keep: Iterable[str] | None = None,
    fresh: bool = False,
    isolate: bool = True,
    time_limit: float | None = None,
    max_memory: float | None = None,
    timing: int = 0,
    refine: bool = False,
    dask: Any = None,
    executor: Executor | concurrent.futures.Executor | None = None,
    observer: RunObserver | None = None,
) -> xr.Dataset:
    """Run every solver at every point of a scenario.

    Parameters
    ----------
    scenario : str, path or Scenario
        Name of a built-in scenario, path of a scenario file, or a scenario.
    solvers : iterable of str, Spec or dict, optional
        Solver specs; the scenario's own by default.
    store : path, optional
        Folder of results: what it holds is not computed again, and what is computed is added at once. Without it the
        results are in memory only.
    workers : int
        Jobs at a time. Results do not depend on it.
    seed : int
        Decides the random numbers of sampled solvers.
    n_threads : int, optional
        Threads of each solver; the usable cores divided by `workers` by default. Results do not depend on it.
    keep : iterable of {"series", "trajectories", "states"}, optional
        What to keep beyond status and reductions; by default the scenario's, or ``series`` up to 1000 points.
    fresh : bool
        Compute everything again, whatever the store holds.
    isolate : bool
        Whether solvers run in processes of their own, so that one that crashes, hangs or takes all memory costs its
        cell only. Without it they run in this process, and limits are kept only by solvers that heed them.
    time_limit : float, optional
        Seconds that a cell may take; then its process is killed. A batch gets as much for every 64 of its cells.
    max_memory : float, optional
        Bytes that a cell may use beyond the interpreter; by default each worker's share of 90 % of the machine's.
    timing : int
        Repetitions of a timing pass after the run: each cell with a value is solved again, alone, warm and pinned to
        fixed cores, and its times are recorded with the grade ``exclusive``. 0: none.
    refine : bool
        Solve with each exact deterministic solver once more, at its next tighter tier: comparison then knows its error
        by refinement instead of by what the tier promises.
    dask : str, cluster or client, optional
        Address of a dask scheduler, a cluster or client of dask, or ``"local"`` for a cluster of `workers` processes
        on this machine, reached on the loopback interface only.
    executor : Executor or concurrent.futures.Executor, optional
        Where jobs run, instead of workers on this machine.
    observer : RunObserver, optional
        Told about progress.

    Returns
    -------
    xarray.Dataset
        Dims (solver, <sweep axes>, time or step): every observable, ``status`` and ``reason`` of every cell, NaN where
        a cell has no value.

    Raises
    ------
    InvalidScenarioError, UnknownSolverError, InvalidOptionError
        Before anything is computed or written.
    StoreError
        If the store cannot be used.

    Examples
    --------
    >>> import squeezebench as sb
    >>> scenario = sb.Scenario(
    ...     name="two_sizes", model={"type": "driven_cavity", "upsilon_ratio": 0.9, "gamma_s": 4.0},
    ...     axes={"N": [2, 4]}, times={"stop": 0.2, "num": 5})
    >>> results = sb.run(scenario, solvers=["mean_field", "cumulant:order=4"])
    >>> dict(results.xi2.sizes)
    {'solver': 2, 'N': 2, 'time': 5}
    >>> results.status.values.tolist()
    [['ok', 'ok'], ['ok', 'ok']]
    """
    host = get_host()
    if not isinstance(fresh, bool):
        raise InvalidOptionError(f"fresh = {shown(fresh)}: give True or False")
    if not isinstance(refine, bool):
        raise InvalidOptionError(f"refine = {shown(refine)}: give True or False")
    for name, value, methods in (("executor", executor, ("run", "submit")), ("observer", observer, ("planned",))):
        if value is not None and not any(callable(getattr(value, method, None)) for method in methods):
            raise InvalidOptionError(
                f"{name} = {shown(value)} has no method {methods[0]!r}: give one of squeezebench.harness"
            )
    if store is not None:
        store = real_path(store, "store", "a folder")
    plan, threads = prepare(
        scenario, solvers, workers=workers, seed=seed, n_threads=n_threads, keep=keep, host=host, refine=refine
    )
    repeats = checked_repeats(timing)
    with open_executor(
        plan,
        host,
        workers=workers,
        isolate=isolate,
        time_limit=time_limit,
        max_memory=max_memory,
        dask=dask,
        executor=executor,
    ) as place:
        opened = None if store is None else Store(store, create=True)
        if plan.is_part:
            if repeats:
                raise InvalidOptionError(TOO_MANY_TO_TIME)
            return compute_slabs(
                plan,
                host,
                store=opened,
                fresh=fresh,
                n_threads=threads,
                executor=place,
                observer=observer or RunObserver(),
            )[0]
        records, _ = compute(
            plan,
            host,
            store=opened,
            fresh=fresh,
            n_threads=threads,
            executor=place,
            observer=observer or RunObserver(),
        )
    if repeats:
        measure(
            plan, records, host, store=opened, n_threads=threads, repeats=repeats, isolate=isolate, observer=observer
        )
    return assemble(make_manifest(plan, host), records, host)


def prepare(
    scenario: str | os.PathLike[str] | Scenario,
    solvers: Iterable[str | Spec | Mapping[str, Any]] | None,
    *,
    workers: int,
    seed: int,
    n_threads: int | None,
    keep: Iterable[str] | None,
    host: Host,
    refine: bool = False,
) -> tuple[Plan, int]:
    """Plan and threads a solver, after checking every argument; nothing is written."""
    from squeezebench.scenario import load_scenario
    from squeezebench.spec import Spec

    if isinstance(workers, bool) or not isinstance(workers, int) or workers < 1:
        raise InvalidOptionError(f"workers = {shown(workers)}: give a whole number of at least 1")
    threads = max(1, available_threads() // workers) if n_threads is None else thread_number(n_threads)
    seed_sequence(seed)
    chosen = load_scenario(scenario, host.scenarios.values())
    if solvers is None:
        specs = list(chosen.solvers)
    elif isinstance(solvers, str | bytes | Mapping | Solver) or not isinstance(solvers, Iterable):
        raise InvalidOptionError(f"solvers = {shown(solvers)}: give a list of solver specs")
    else:
        specs = [Spec.coerce(solver) for solver in solvers]
    if refine:
        specs = refined(specs, chosen.points(0, 1)[0].problem, host)
    kept = None if keep is None else checked_keep(keep)
    return make_plan(chosen, specs, host, seed=seed, keep=kept), threads


def compute(
    plan: Plan,
    host: Host,
    *,
    store: Store | None,
    fresh: bool,
    n_threads: int,
    executor: Executor,
    observer: RunObserver,
    listed: bool = True,
) -> tuple[dict[str, Record], int]:
    """Records of all cells of a plan by key, and how many of them came from the store.

    The run is added to the store's list of runs unless `listed` is False.
    """
    keys = {cell.key for cell in plan.all_cells()}
    records: dict[str, Record] = {}
    if store is not None:
        if not fresh:
            records = store.read(store.done(keys))
        if listed:
            store.write_run(make_manifest(plan, host))
    stored = len(records)
    jobs = jobs_of(plan, host, keys - records.keys(), n_threads)
    if store is not None:
        jobs = [with_checkpoint(job, store) for job in jobs]
    _LOG.info(
        "scenario %r: %d solvers at %d points, %d cells from the store, %d jobs to do",
        plan.scenario.name,
        len(plan.specs),
        len(plan.points),
        stored,
        len(jobs),
    )
    observer.planned(plan, stored, jobs)
    todo = jobs if store is None or fresh else Unfinished(jobs, store)
    running = executor.run(todo, observer.progress)
    try:
        for job, done in running:
            if store is not None:
                store.write(job.name, done)
                clear_checkpoint(job, done)
            records |= {record.key: record for record in done}
            _log_finished(job, done)
            observer.finished(job, done)
    finally:
        if isinstance(running, Generator):
            running.close()  # at once, not when it is collected: what still runs is stopped here
        if store is not None:
            store.flush()
    if isinstance(todo, Unfinished) and todo.found:  # another run on the same store was faster
        found = store.read(todo.found) if store is not None else {}
        records |= found
        stored += len(found)
    for record in records.values():  # the same types whether computed just now or read from disk
        record.provenance = to_plain(record.provenance)
    return records, stored


def checked_repeats(timing: Any) -> int:
    """`timing` as a number of repetitions."""
    if isinstance(timing, bool) or not isinstance(timing, int) or timing < 0:
        raise InvalidOptionError(f"timing = {shown(timing)}: give a number of repetitions, or 0")
    return timing


def _log_finished(job: Job, records: Sequence[Record]) -> None:
    """One line a job, and one a failure."""
    seconds = sum(float(record.timing.get("seconds", 0.0)) for record in records)
    statuses = ", ".join(sorted({record.status for record in records}))
    _LOG.info("%s, %s: %s in %.3g s", job.spec.label, _where(job), statuses, seconds)
    for cell, record in zip(job.cells, records, strict=True):
        if record.status in FAILED:
            _LOG.warning("%s at %s: %s: %s", job.spec.label, _point(cell), record.status, record.reason)


def _where(job: Job) -> str:
    return f"{len(job.cells)} points" if len(job.cells) > 1 else _point(job.cells[0])


def _point(cell: Cell) -> str:
    return cell.point.label or "the only point"


def store_path(path: str | os.PathLike[str]) -> Path:
    """Path of a store, with ``~`` filled in."""
    return real_path(path, "store", "a folder")
