"""Jobs in this process: for debugging, and for solvers that no other process could find."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from squeezebench.host import Host
from squeezebench.threads import thread_limit

from .job import Record, execute
from .limits import Limits
from .plan import Job

__all__ = ["SerialExecutor", "ThreadedExecutor"]

JobProgress = Callable[[Job, float, str], None]


class SerialExecutor:
    """One job after another, in this process: a solver that crashes takes the run with it.

    Parameters
    ----------
    host : Host
        Where solvers are found.
    limits : Limits, optional
        What a cell may use, as far as its solver heeds it.
    """

    def __init__(self, host: Host, limits: Limits | None = None) -> None:
        self._host = host
        self._limits = limits or Limits()

    def run(self, jobs: Sequence[Job], progress: JobProgress) -> Iterator[tuple[Job, list[Record]]]:
        """See `Executor.run`."""
        for job in jobs:
            progress(job, 0.0, "")
            yield job, _here(job, self._host, self._limits, progress)


class ThreadedExecutor:
    """Several jobs at a time on threads of this process.

    The kernels run without the GIL, so threads use the cores; a solver in pure Python gains nothing from them.
    """

    def __init__(self, host: Host, workers: int, limits: Limits | None = None) -> None:
        self._host = host
        self._workers = workers
        self._limits = limits or Limits()

    def run(self, jobs: Sequence[Job], progress: JobProgress) -> Iterator[tuple[Job, list[Record]]]:
        """See `Executor.run`."""
        n_threads = max((job.n_threads for job in jobs), default=1)

        def do(job: Job) -> list[Record]:
            progress(job, 0.0, "")
            return _here(job, self._host, self._limits, progress)

        with thread_limit(n_threads), ThreadPoolExecutor(self._workers, thread_name_prefix="squeezebench") as pool:
            pending: dict[Future[list[Record]], Job] = {pool.submit(do, job): job for job in jobs}
            try:
                while pending:
                    done, _ = wait(pending, return_when=FIRST_COMPLETED)
                    for future in done:
                        yield pending.pop(future), future.result()
            finally:
                for future in pending:  # interrupted: what has not begun is not begun
                    future.cancel()


def _here(job: Job, host: Host, limits: Limits, progress: JobProgress) -> list[Record]:
    import time

    def report(fraction: float, text: str = "") -> None:
        progress(job, fraction, text)

    deadline = time.monotonic() + limits.seconds_of(len(job.cells))
    return execute(job, host, progress=report, deadline=deadline, max_memory=limits.bytes)
