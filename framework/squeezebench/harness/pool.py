"""Solver processes that wait for their next job."""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Sequence
from typing import Any

from squeezebench.errors import SqueezebenchError

from .process import SolverProcess, search_path

__all__ = ["ProcessPool", "pool"]

#: Idle processes kept warm.
_IDLE = max(4, 2 * (os.cpu_count() or 1))
#: Parts of the environment that decide what a solver process loads and computes.
_ENVIRONMENT = ("SQUEEZEBENCH_", "NUMBA_", "PYTHON", "OMP_", "OPENBLAS_", "MKL_", "LD_")


class ProcessPool:
    """Solver processes that wait for their next job.

    The built-in solvers share processes; each plugin of somebody else has processes of its own, so that what it breaks
    is its own.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[tuple[tuple[Any, ...], SolverProcess]] = []
        self._pid = os.getpid()

    def take(self, n_threads: int, plugin: str, cores: Sequence[int] | None = None) -> tuple[Any, SolverProcess]:
        """A process for one job, warm if there is one; give it back with `give`."""
        key = (n_threads, plugin, None if cores is None else tuple(cores), *_surroundings())
        with self._lock:
            if os.getpid() != self._pid:  # after a fork they are the parent's
                self._idle, self._pid = [], os.getpid()
            for index in reversed(range(len(self._idle))):
                if self._idle[index][0] == key:
                    _, process = self._idle.pop(index)
                    if process.alive:
                        return key, process
                    process.kill()
        try:
            return key, SolverProcess(n_threads, cores)
        except SqueezebenchError:  # memory may have been short for a moment
            return key, SolverProcess(n_threads, cores)

    def give(self, key: Any, process: SolverProcess) -> None:
        """Keep a process for the next job."""
        surplus: list[SolverProcess] = []
        with self._lock:
            self._idle.append((key, process))
            while len(self._idle) > _IDLE:
                surplus.append(self._idle.pop(0)[1])
        for old in surplus:
            old.kill()

    def close(self) -> None:
        """End all processes that wait."""
        with self._lock:
            if os.getpid() != self._pid:
                return
            idle, self._idle = self._idle, []
        for _, process in idle:
            process.kill()


def _surroundings() -> tuple[Any, ...]:
    """What a process is started with and keeps: where modules are found, and what decides about plugins."""
    chosen = sorted((name, value) for name, value in os.environ.items() if name.startswith(_ENVIRONMENT))
    return (tuple(search_path()), tuple(chosen))


_POOL = ProcessPool()
atexit.register(_POOL.close)


def pool() -> ProcessPool:
    """The pool of this process."""
    return _POOL
