"""How many threads a solution uses: the one place that decides it."""

from __future__ import annotations

import importlib
import os
import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

__all__ = ["available_threads", "preload", "thread_limit"]


def available_threads() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def preload(modules: Iterable[str]) -> None:
    """Import what a solver will need, before its clock starts and before its thread pools are limited.

    A module that does not import is left to the solver, which can say better what it lacks.
    """
    for name in modules:
        with warnings.catch_warnings():
            # QuTiP says so when it is imported; nothing here draws with it.
            warnings.filterwarnings("ignore", message="matplotlib not found")
            try:
                importlib.import_module(name)
            except ImportError:
                continue


class _Pools:
    """The pools of BLAS and OpenMP that are loaded; looked for again only after something has been imported."""

    def __init__(self) -> None:
        self._modules = 0
        self._controller: ThreadpoolController | None = None

    def __call__(self) -> ThreadpoolController:
        from threadpoolctl import ThreadpoolController

        if self._controller is None or len(sys.modules) != self._modules:
            self._controller = ThreadpoolController()
            self._modules = len(sys.modules)
        return self._controller


_pools = _Pools()


@contextmanager
def thread_limit(n_threads: int) -> Iterator[None]:
    """Hold numba, BLAS and OpenMP to `n_threads` for the time of a solution.

    Without it small matrix products wake a pool of threads each, which costs more than they do: on a busy machine of
    two cores, brute force of seven spins took 11.8 s, and 0.36 s with one thread.

    Notes
    -----
    The pools of OpenBLAS belong to the process: threadpoolctl lets the first thread that limits them decide until it
    ends. What starts several solutions at a time in one process therefore holds this limit itself while they run.
    """
    numba = sys.modules.get("numba")
    before = 0
    if numba is not None:
        before = numba.get_num_threads()
        numba.set_num_threads(max(1, min(n_threads, numba.config.NUMBA_NUM_THREADS)))
    try:
        with _pools().limit(limits=n_threads):
            yield
    finally:
        if numba is not None:
            numba.set_num_threads(before)
