"""Where the jobs of a run go, and which of them there are still to do."""

from __future__ import annotations

import contextlib
import math
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from squeezebench.errors import InvalidOptionError
from squeezebench.execution import FAILED
from squeezebench.host import Host
from squeezebench.validate import positive_number, shown

from .executors import Executor, FuturesExecutor, executor_for
from .job import Record
from .limits import Limits
from .plan import Job, Plan
from .store import Store

__all__ = ["Unfinished", "clear_checkpoint", "number_or_inf", "open_executor", "with_checkpoint"]


class Unfinished(list[Job]):
    """Jobs, of which those that are in the store by the time they are asked for are left out.

    Attributes
    ----------
    found : set of str
        Keys of what was left out.
    """

    def __init__(self, jobs: Iterable[Job], store: Store) -> None:
        super().__init__(jobs)
        self.found: set[str] = set()
        self._store = store

    def __iter__(self) -> Iterator[Job]:
        for job in super().__iter__():
            keys = {cell.key for cell in job.cells}
            if self._store.has_new(job.name) and self._store.done(keys) == keys:
                self.found |= keys
                continue
            yield job


def with_checkpoint(job: Job, store: Store) -> Job:
    """The job with a folder in the store from which a killed solution can resume; batches have none."""
    if len(job.cells) > 1:
        return job
    return replace(job, checkpoint=str(store.path / "checkpoints" / job.name))


def clear_checkpoint(job: Job, records: Sequence[Record]) -> None:
    """Remove the folder of a job that has its result."""
    if job.checkpoint is not None and not any(record.status in FAILED for record in records):
        shutil.rmtree(job.checkpoint, ignore_errors=True)


@contextlib.contextmanager
def open_executor(
    plan: Plan,
    host: Host,
    *,
    workers: int,
    isolate: bool = True,
    time_limit: float | None = None,
    max_memory: float | None = None,
    dask: Any = None,
    executor: Any = None,
) -> Iterator[Executor]:
    """Where the jobs of a plan run, after checking every argument; see `run` for the parameters."""
    if not isinstance(isolate, bool):
        raise InvalidOptionError(f"isolate = {shown(isolate)}: give True or False")
    seconds = number_or_inf(time_limit, "time_limit", "a number of seconds")
    nbytes = number_or_inf(max_memory, "max_memory", "a number of bytes")
    if executor is not None and dask is not None:
        raise InvalidOptionError("give executor or dask, not both")
    if dask is not None and not isolate:
        raise InvalidOptionError("isolate = False and dask exclude each other: a dask worker is no place for a crash")
    if dask is not None:
        from .dask import dask_executor

        with dask_executor(dask, plan, host, workers=workers, seconds=seconds, nbytes=nbytes) as place:
            yield place
    elif executor is None:
        limits = Limits.for_workers(seconds, nbytes, workers)
        yield executor_for(workers, host, isolate=isolate, limits=limits)
    elif callable(getattr(executor, "run", None)):
        yield executor
    else:
        yield FuturesExecutor(host, executor, limits=Limits(seconds, nbytes))


def number_or_inf(value: Any, name: str, what: str) -> float:
    """`value` as a number above 0; inf for None and inf."""
    if value is None or (isinstance(value, float) and value == math.inf):
        return math.inf
    return positive_number(value, name, what)
