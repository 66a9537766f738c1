"""The run: plan, look up what is stored, compute what is missing, and put it together."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Mapping, Sequence
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
from .executors import Executor, executor_for
from .job import Record
from .manifest import make_manifest
from .observer import RunObserver
from .plan import Cell, Job, Plan, jobs_of, make_plan
from .store import Store

if TYPE_CHECKING:
    import xarray as xr

    from squeezebench.scenario import Scenario
    from squeezebench.spec import Spec

__all__ = ["compute", "prepare", "run"]

_LOG = logging.getLogger(__name__)


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
    executor: Executor | None = None,
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
    executor : Executor, optional
        Where jobs run, instead of this process.
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
    for name, value, method in (("executor", executor, "run"), ("observer", observer, "planned")):
        if value is not None and not callable(getattr(value, method, None)):
            raise InvalidOptionError(
                f"{name} = {shown(value)} has no method {method!r}: give one of squeezebench.harness"
            )
    if store is not None:
        store = real_path(store, "store", "a folder")
    plan, threads = prepare(scenario, solvers, workers=workers, seed=seed, n_threads=n_threads, keep=keep, host=host)
    records, _ = compute(
        plan,
        host,
        store=None if store is None else Store(store, create=True),
        fresh=fresh,
        n_threads=threads,
        executor=executor or executor_for(workers, host),
        observer=observer or RunObserver(),
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
) -> tuple[dict[str, Record], int]:
    """Records of all cells of a plan by key, and how many of them came from the store."""
    keys = {cell.key for cell in plan.all_cells()}
    records: dict[str, Record] = {}
    if store is not None:
        if not fresh:
            records = store.read(store.done(keys))
        store.write_run(make_manifest(plan, host))
    stored = len(records)
    jobs = jobs_of(plan, host, keys - records.keys(), n_threads)
    _LOG.info(
        "scenario %r: %d solvers at %d points, %d cells from the store, %d jobs to do",
        plan.scenario.name,
        len(plan.specs),
        len(plan.points),
        stored,
        len(jobs),
    )
    observer.planned(plan, stored, jobs)
    try:
        for job, done in executor.run(jobs, observer.progress):
            if store is not None:
                store.write(job.name, done)
            records |= {record.key: record for record in done}
            _log_finished(job, done)
            observer.finished(job, done)
    finally:
        if store is not None:
            store.flush()
    for record in records.values():  # the same types whether computed just now or read from disk
        record.provenance = to_plain(record.provenance)
    return records, stored


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
