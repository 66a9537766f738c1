"""The one place that says how hot kernels are compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
from numba.extending import intrinsic

__all__ = ["compile_seconds", "disjoint_kernel", "fma", "kernel"]

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


def disjoint_kernel(function: F) -> F:
    """Compile like `kernel`, and promise that no two of the arrays that are given overlap.

    The promise spares the checks for overlap without which loops over many arrays are vectorised, and for whose number
    the compiler has a limit beyond which it does not vectorise at all. Who breaks it gets wrong numbers.

    Notes
    -----
    It is the flag that numba sets for its own parallel loops; it is reached through a compiler class because
    ``numba.njit`` has no option of that name.
    """
    from numba.core.compiler import CompilerBase, DefaultPassBuilder

    class Disjoint(CompilerBase):
        def define_pipelines(self) -> list[Any]:
            self.state.flags.noalias = True
            return [DefaultPassBuilder.define_nopython_pipeline(self.state)]  # type: ignore[no-untyped-call]

    return cast(F, numba.njit(cache=True, nogil=True, error_model="numpy", pipeline_class=Disjoint)(function))


@intrinsic
def _fma(typingctx: Any, a: Any, b: Any, c: Any) -> Any:
    """``a * b + c``, rounded once."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.fma(*arguments)

    return numba.types.float64(numba.types.float64, numba.types.float64, numba.types.float64), build


#: ``fma(a, b, c)`` is a·b + c rounded once, in kernels only. Without ``fastmath`` the compiler may not make it of a
#: product and a sum, because it changes the last digit; asked for, it gives the same digits on every machine.
fma = cast(Callable[[float, float, float], float], _fma)


@intrinsic
def _wide(typingctx: Any) -> Any:
    """Have the compiler use vectors of 512 bits in this function, where there are any."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        # llvmlite knows names of attributes only, and would refuse one with a value; it is printed as it stands.
        set.add(builder.function.attributes, '"prefer-vector-width"="512"')
        return context.get_dummy_value()

    return numba.types.void(), build


#: ``wide()``, at the start of a kernel, asks for the widest vectors that the processor has. LLVM keeps to 256 bits on
#: processors of which the first ones slowed down with more.
wide = cast(Callable[[], None], _wide)


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
