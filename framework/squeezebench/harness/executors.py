"""Where jobs run. Everything above this seam sees an iterator of finished jobs and nothing else."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent import futures
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any, Protocol

from squeezebench.errors import SqueezebenchError
from squeezebench.execution import Attempt, error_text
from squeezebench.host import Host

from .deaths import JobCancelledError
from .in_process import SerialExecutor, ThreadedExecutor
from .isolation import payload_of, records_of, remote_job, solve_apart
from .job import Record, record_without_result
from .limits import Limits
from .messages import job_message
from .plan import Job
from .shares import keep_share, kept_share, pooled_record, shares
from .wire import ProtocolError, decode

__all__ = ["Executor", "FuturesExecutor", "LocalExecutor", "SerialExecutor", "ThreadedExecutor", "executor_for"]

JobProgress = Callable[[Job, float, str], None]

#: Jobs handed at once to an executor that does not say how many it runs.
_UNKNOWN = 64

_LOG = logging.getLogger(__name__)


class Executor(Protocol):
    """Runs jobs in some order and place; results do not depend on which."""

    def run(self, jobs: Sequence[Job], progress: JobProgress) -> Iterator[tuple[Job, list[Record]]]:
        """Give each job with its records as it is finished.

        Parameters
        ----------
        jobs : sequence of Job
            What to do. Iterating over it may leave out what somebody else has done in the meantime.
        progress : callable
            ``progress(job, fraction, text)``; with the fraction 0 when the job begins.
        """


@dataclass
class _Task:
    """A job, or one share of a sampled cell, on its way."""

    job: Job
    whole: Job
    tries: int = 0
    kept: Record | None = None  # of a share that an earlier run has finished


@dataclass
class _Shared:
    """The shares of one job that have come back."""

    missing: int
    records: list[list[Record]] = field(default_factory=list)


class FuturesExecutor:
    """Jobs on any executor of `concurrent.futures`, each in a solver process of the worker that takes it.

    A job that the executor loses, because a worker has died with it, is tried once more and then recorded.

    Parameters
    ----------
    host : Host
        Where solvers are found here; the workers have hosts of their own, and refuse other versions of a plugin.
    executor : concurrent.futures.Executor
        Its ``submit`` is handed a function of this package and bytes.
    parallel : int, optional
        Jobs that it runs at a time; what it says of itself by default, which may change while it runs. Large sampled
        cells are shared out over them.
    limits : Limits, optional
        What a cell may use.
    """

    def __init__(
        self, host: Host, executor: futures.Executor, *, parallel: int | None = None, limits: Limits | None = None
    ) -> None:
        self._host = host
        self._executor = executor
        self._limits = limits or Limits()
        self._given = parallel

    @property
    def _parallel(self) -> int:
        """Jobs at a time; 0 if the executor does not say."""
        return self._given or jobs_at_a_time(self._executor)

    def run(self, jobs: Sequence[Job], progress: JobProgress) -> Iterator[tuple[Job, list[Record]]]:
        """See `Executor.run`."""
        shared: dict[int, _Shared] = {}
        waiting = self._tasks(jobs, shared)
        pending: dict[Future[Any], _Task] = {}
        try:
            while True:
                while len(pending) < (2 * self._parallel or _UNKNOWN) and (task := next(waiting, None)) is not None:
                    if task.kept is not None:
                        yield from self._gathered(task, [task.kept], shared)
                    else:
                        pending[self._submit(task, progress)] = task
                if not pending:
                    return
                done, _ = wait(pending, return_when=FIRST_COMPLETED)
                # In the order in which they were handed over, so that an interruption loses none that came before it.
                for future in [future for future in pending if future in done]:
                    task = pending.pop(future)
                    records = self._records(task, future)
                    if records is None:
                        pending[self._submit(task, progress)] = task
                    elif task.job is task.whole:
                        yield task.job, records
                    else:
                        keep_share(task.job, task.whole, records[0])
                        yield from self._gathered(task, records, shared)
        finally:
            self._stop(list(pending))

    def _tasks(self, jobs: Sequence[Job], shared: dict[int, _Shared]) -> Iterator[_Task]:
        each = -(-self._parallel // max(1, len(jobs)))  # shares of a job, where there are fewer jobs than workers
        for job in jobs:
            parts = shares(job, self._host, each, self._parallel)
            if len(parts) > 1:
                shared[id(job)] = _Shared(len(parts))
            yield from [_Task(part, job, kept=kept_share(part, job)) for part in parts]

    def _submit(self, task: _Task, progress: JobProgress) -> Future[Any]:
        task.tries += 1
        try:
            future = self._start(task, progress)
        except (RuntimeError, futures.BrokenExecutor) as error:
            raise SqueezebenchError(
                f"the executor takes no more jobs ({error_text(error)}); what is finished is kept, run again to go on"
            ) from error
        return future

    def _start(self, task: _Task, progress: JobProgress) -> Future[Any]:
        progress(task.whole, 0.0, "")  # it does not tell when it really begins
        return self._executor.submit(remote_job, payload_of(task.job, self._host, self._limits))

    def _replies(self, result: Any) -> Any:
        return decode(result)

    def _records(self, task: _Task, future: Future[Any]) -> list[Record] | None:
        """Records of a task; None if it is to be tried again."""
        try:
            return records_of(task.job, self._replies(future.result()), self._host)
        except (Exception, futures.CancelledError) as error:
            _LOG.warning("a worker lost %s (%s)", task.job.spec.label, error_text(error))
            if task.tries < 2 and not isinstance(error, ProtocolError):
                return None
            reason = f"its worker was lost, twice: {error_text(error)}"
            return [
                record_without_result(task.job, cell, Attempt("crashed", reason), self._host) for cell in task.job.cells
            ]

    def _gathered(
        self, task: _Task, records: list[Record], shared: dict[int, _Shared]
    ) -> Iterator[tuple[Job, list[Record]]]:
        """The whole job, when the last of its shares is there."""
        state = shared[id(task.whole)]
        state.records.append(records)
        state.missing -= 1
        if state.missing == 0:
            del shared[id(task.whole)]
            parts = [part[0] for part in state.records]
            yield task.whole, [pooled_record(task.whole, parts, self._host)]

    def _stop(self, pending: Sequence[Future[Any]]) -> None:
        """Interrupted, or at the end: what has not begun is not begun."""
        for future in pending:
            future.cancel()


class LocalExecutor(FuturesExecutor):
    """Jobs in solver processes of this machine, watched by threads of this one.

    Parameters
    ----------
    host : Host
        Where solvers are found.
    workers : int
        Jobs at a time.
    limits : Limits, optional
        What a cell may use.
    """

    def __init__(self, host: Host, workers: int = 1, limits: Limits | None = None) -> None:
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="squeezebench")
        super().__init__(host, self._threads, parallel=workers, limits=limits)
        self._cancelled = threading.Event()

    def run(self, jobs: Sequence[Job], progress: JobProgress) -> Iterator[tuple[Job, list[Record]]]:
        """See `Executor.run`."""
        self._cancelled.clear()
        yield from super().run(jobs, progress)

    def _start(self, task: _Task, progress: JobProgress) -> Future[Any]:
        def report(fraction: float, text: str = "") -> None:
            progress(task.whole, fraction, text)

        return self._threads.submit(self._solve, task.job, report)

    def _solve(self, job: Job, report: Callable[..., None]) -> list[dict[str, Any]]:
        report(0.0)
        message = job_message(job, self._host, self._limits)
        return solve_apart(message, progress=report, cancelled=self._cancelled)

    def _replies(self, result: Any) -> Any:
        return result

    def _records(self, task: _Task, future: Future[Any]) -> list[Record] | None:
        error = future.exception()
        if isinstance(error, SqueezebenchError | JobCancelledError):
            raise error  # no process can be started: every job would meet the same
        return super()._records(task, future)

    def _stop(self, pending: Sequence[Future[Any]]) -> None:
        super()._stop(pending)
        if pending:
            self._cancelled.set()
            wait(pending)


def jobs_at_a_time(executor: Any) -> int:
    """Jobs that an executor runs at a time, as far as it says so; 0 if it does not."""
    for name in ("_max_workers", "max_workers"):
        value = getattr(executor, name, None)
        if isinstance(value, int) and value > 0:
            return value
    client: Any = getattr(executor, "_client", None)  # of dask: workers come and go
    return sum(client.nthreads().values()) if hasattr(client, "nthreads") else 0


def executor_for(workers: int, host: Host, *, isolate: bool = True, limits: Limits | None = None) -> Executor:
    """Executor for the given number of jobs at a time on this machine.

    Parameters
    ----------
    workers : int
        Jobs at a time.
    host : Host
        Where solvers are found. One that was not made from the installed plugins cannot be made again in a solver
        process: its jobs run in this one.
    isolate : bool
        Whether jobs run in solver processes.
    limits : Limits, optional
        What a cell may use.
    """
    if isolate and host.installed:
        return LocalExecutor(host, workers, limits)
    return SerialExecutor(host, limits) if workers == 1 else ThreadedExecutor(host, workers, limits)
