"""Where jobs run. Everything above this seam sees an iterator of finished jobs and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Protocol

from squeezebench.host import Host
from squeezebench.threads import thread_limit

from .job import Record, execute
from .plan import Job

__all__ = ["Executor", "SerialExecutor", "ThreadedExecutor", "executor_for"]

JobProgress = Callable[[Job, float, str], None]


class Executor(Protocol):
    """Runs jobs in some order and place; results do not depend on which."""

    def run(self, jobs: Sequence[Job], progress: JobProgress) -> Iterator[tuple[Job, list[Record]]]:
        """Give each job with its records as it is finished.

        Parameters
        ----------
        jobs : sequence of Job
            What to do.
        progress : callable
            ``progress(job, fraction, text)``.
        """


class SerialExecutor:
    """One job after another, in this process."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def run(self, jobs: Sequence[Job], progress: JobProgress) -> Iterator[tuple[Job, list[Record]]]:
        """See `Executor.run`."""
        for job in jobs:
            yield job, execute(job, self._host, progress=_bound(progress, job))


class ThreadedExecutor:
    """Several jobs at a time on threads of this process.

    The kernels run without the GIL, so threads use the cores; a solver in pure Python gains nothing from them.
    """

    def __init__(self, host: Host, workers: int) -> None:
        self._host = host
        self._workers = workers

    def run(self, jobs: Sequence[Job], progress: JobProgress) -> Iterator[tuple[Job, list[Record]]]:
        """See `Executor.run`."""
        n_threads = max((job.n_threads for job in jobs), default=1)
        with thread_limit(n_threads), ThreadPoolExecutor(self._workers, thread_name_prefix="squeezebench") as pool:
            pending: dict[Future[list[Record]], Job] = {
                pool.submit(execute, job, self._host, progress=_bound(progress, job)): job for job in jobs
            }
            try:
                while pending:
                    done, _ = wait(pending, return_when=FIRST_COMPLETED)
                    for future in done:
                        yield pending.pop(future), future.result()
            finally:
                for future in pending:  # interrupted: what has not begun is not begun
                    future.cancel()


def _bound(progress: JobProgress, job: Job) -> Callable[..., None]:
    def report(fraction: float, text: str = "") -> None:
        progress(job, fraction, text)

    return report


def executor_for(workers: int, host: Host) -> Executor:
    """Executor for the given number of jobs at a time."""
    return SerialExecutor(host) if workers == 1 else ThreadedExecutor(host, workers)
