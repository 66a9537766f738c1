"""The timing pass: each cell again, alone, warm, pinned to fixed cores and repeated.

What a run notes by the way is no measurement: other jobs share the machine, the first cell of a solver loads its
kernels, and a batch has one time for many points. Here one solution runs at a time, in a process that has solved the
same cell once before; a lock keeps other timing passes of this machine waiting.
"""

from __future__ import annotations

import contextlib
import datetime
import logging
import math
import os
import statistics
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from squeezebench.execution import FAILED
from squeezebench.host import Host

from .deaths import ProcessDiedError
from .isolation import records_of
from .job import Record, execute
from .limits import Limits
from .messages import job_message
from .observer import RunObserver
from .plan import Cell, Job, Plan
from .pool import pool

if TYPE_CHECKING:
    from .store import Store

__all__ = ["measure", "timing_lock"]

_LOG = logging.getLogger(__name__)


def measure(
    plan: Plan,
    records: dict[str, Record],
    host: Host,
    *,
    store: Store | None,
    n_threads: int,
    repeats: int,
    isolate: bool = True,
    observer: RunObserver | None = None,
) -> None:
    """Take the times of all cells that have a value, one after another; the records get them, and the store.

    Parameters
    ----------
    plan : Plan
        The run.
    records : dict of str to Record
        Its records by key; their `timing` is replaced.
    host : Host
        Where solvers are found.
    store : Store or None
        Gets the timings as records of their own.
    n_threads : int
        Threads of a solver, and cores that it is pinned to.
    repeats : int
        Timed solutions of each cell, after one that is not timed.
    isolate : bool
        Whether solvers run in processes of their own.
    observer : RunObserver, optional
        Told about progress.
    """
    todo = []
    for cell in {cell.key: cell for cell in plan.all_cells()}.values():
        record = records.get(cell.key)
        if record is not None and record.status not in FAILED and record.status != "unsupported":
            todo.append(cell)
    tell = observer or RunObserver()
    with timing_lock():
        for number, cell in enumerate(todo):
            tell.timed(cell, number, len(todo))
            timing = _time(Job((cell,), n_threads, plan.keep), host, repeats, isolate and host.installed)
            if timing is None:
                continue
            records[cell.key].timing = timing
            if store is not None:
                store.write_timings(cell.key, [timing])
    tell.timed(None, len(todo), len(todo))


def _time(job: Job, host: Host, repeats: int, isolate: bool) -> dict[str, Any] | None:
    """Timing record of one cell; None if it fails this time."""
    cores = _cores(job.n_threads)
    before = os.getloadavg()[0] if hasattr(os, "getloadavg") else math.nan
    try:
        solved = _apart(job, host, repeats, cores) if isolate else _here(job, host, repeats, cores)
    except ProcessDiedError as died:
        _LOG.warning("no time for %s: %s", _name(job.cells[0]), died.reason)
        return None
    if any(record.status in FAILED for record in solved):
        _LOG.warning("no time for %s: %s", _name(job.cells[0]), solved[-1].reason)
        return None
    warm = [float(record.timing["seconds"]) for record in solved[1:]]
    return {
        **solved[-1].timing,
        "timing_grade": "exclusive",
        "seconds": statistics.median(warm),
        "compile_seconds": float(solved[0].timing["compile_seconds"]),
        # Compilation takes memory of its own; without it the first solution is the one that asks the system for all.
        "peak_memory": max(
            (float(record.timing["peak_memory"]) for record in solved if not float(record.timing["compile_seconds"])),
            default=math.nan,
        ),
        "repeats": warm,
        "cores": cores,
        "load_before": before,
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }


def _apart(job: Job, host: Host, repeats: int, cores: Sequence[int]) -> list[Record]:
    message = job_message(job, host, Limits())
    plugin = "" if message["builtin"] else str(message["plugin"])
    key, process = pool().take(job.n_threads, plugin, cores)
    records = []
    for _ in range(repeats + 1):
        reply = process.request(
            message, seconds=math.inf, nbytes=math.inf, progress=lambda *_: None, cancelled=threading.Event()
        )
        if reply["what"] != "done":
            process.kill()
            raise ProcessDiedError("error", str(reply.get("reason", "")))
        records += records_of(job, [{"record": reply["records"][0], "output": ""}], host)
    pool().give(key, process)
    return records


def _here(job: Job, host: Host, repeats: int, cores: Sequence[int]) -> list[Record]:
    with _pinned(cores):
        return [execute(job, host)[0] for _ in range(repeats + 1)]


def _cores(number: int) -> list[int]:
    """The last cores that this process may use: the first ones are the system's favourites."""
    if not hasattr(os, "sched_getaffinity"):
        return []
    return sorted(os.sched_getaffinity(0))[-number:]


@contextlib.contextmanager
def _pinned(cores: Sequence[int]) -> Iterator[None]:
    if not cores or not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _name(cell: Cell) -> str:
    return f"{cell.spec.label} at {cell.point.label or 'the only point'}"


@contextlib.contextmanager
def timing_lock() -> Iterator[None]:
    """Hold the lock of this user's timing passes on this machine, waiting for it if need be."""
    try:
        import fcntl
    except ImportError:  # no such locks here
        yield
        return
    user = os.getuid() if hasattr(os, "getuid") else 0
    path = Path(tempfile.gettempdir()) / f"squeezebench-timing-{user}.lock"
    # O_NOFOLLOW: the folder belongs to everybody, and a link there could be anybody's.
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
