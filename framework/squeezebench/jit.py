"""The one place that says how hot kernels are compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

__all__ = ["compile_seconds", "kernel"]

F = TypeVar("F", bound=Callable[..., Any])


def kernel(function: F) -> F:
    """Compile `function` with numba: cached on disk, without the GIL, IEEE arithmetic.

    ``fastmath`` stays off, so that NaN keeps its meaning and the last digits do not depend on the processor's vector
    width. Division by zero gives inf or NaN as in C, because a kernel must not raise.

    Notes
    -----
    numba's disk cache watches only the file of the function itself: after editing a kernel that is called from another
    file, clear ``NUMBA_CACHE_DIR``. The tests key that folder by a hash of all kernel sources.
    """
    return cast(F, numba.njit(cache=True, nogil=True, error_model="numpy")(function))


def compile_seconds() -> float:
    """Seconds that numba has spent compiling in this process so far.

    Returns
    -------
    float
        Sum over numba's outermost compilation events since this module was imported.
    """
    return _COMPILE.seconds


class _CompileClock:
    """Listens to numba's compile events and adds up the outermost ones."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._depth = 0
        self._started = 0.0

    def install(self) -> None:
        from numba.core import event

        clock = self

        class Listener(event.Listener):
            def on_start(self, event: Any) -> None:
                clock.start()

            def on_end(self, event: Any) -> None:
                clock.stop()

        event.register("numba:compile", Listener())  # type: ignore[no-untyped-call]  # numba ships few types

    def start(self) -> None:
        import time

        if self._depth == 0:
            self._started = time.perf_counter()
        self._depth += 1

    def stop(self) -> None:
        import time

        self._depth -= 1
        if self._depth == 0:
            self.seconds += time.perf_counter() - self._started


_COMPILE = _CompileClock()
_COMPILE.install()
