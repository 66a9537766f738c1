"""Steps of a few points by the right-hand side for one, in numba; and the addresses that `drive` is given.

A right-hand side for blocks fills the processor's vectors and is compiled into a file of steps of its own, which takes
3 to 11 s for each. With few points most lanes stand empty, and that time is never won back: here the lanes that have a
point are followed one after another, by the same arithmetic in the same order, so that the numbers are the same.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from squeezebench.integrate import N_SLOPES, STEP, stage_point
from squeezebench.jit import kernel

from .lane import take
from .layout import LANES, POINT, ROWS, K, Y

__all__ = ["FEW", "slope_address", "steps_address"]

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Points up to which a batch is followed so. One by one is the faster way up to about eight: one point takes 0.14 of
#: the time of a block at order 6, 0.25 at order 3 and 0.76 at order 2, eight take 1.0, 1.1 and 1.2; compilation apart.
FEW = 6

_Y, _POINT, _K = Y, POINT, K  # numba resolves plain globals only


@kernel
def steps(w: Array, h: Array, c: Array, indices: Ints, what: int, slope: Any) -> None:
    """What a generated file of steps does (`generate.steps`), lane by lane.

    Parameters
    ----------
    w, h, c, indices, what
        See there.
    slope : numba function by its address
        ``slope(v, coefficients, indices, out)`` for one point.
    """
    n, size = w.shape[0] // (ROWS * LANES), c.shape[0] // LANES
    k, y, point, own = np.empty((N_SLOPES, n)), np.empty(n), np.empty(n), np.empty(size)
    for lane in range(LANES):
        if what > 0 and h[lane] == 0.0:
            continue  # without a point
        take(w, _Y, lane, y)
        for i in range(size):
            own[i] = c[i * LANES + lane]
        if what == 0:
            slope(y, own, indices, k[0])
            _put(w, _POINT, lane, y)
            _put(w, _K, lane, k[0])
            continue
        first, last = (1, STEP + 1) if what == 1 else (STEP + 1, N_SLOPES)
        for s in range(first):
            take(w, _K + s, lane, k[s])
        for s in range(first, last):
            stage_point(y, k, s, h[lane], point)
            slope(point, own, indices, k[s])
            _put(w, _K + s, lane, k[s])
        if what == 1:
            _put(w, _POINT, lane, point)


@kernel
def _put(w: Array, row: int, lane: int, values: Array) -> None:
    """The other way than `lane.take`."""
    for i in range(values.shape[0]):
        w[(i * ROWS + row) * LANES + lane] = values[i]


@kernel
def _nothing(v: Array, coefficients: Array, indices: Ints, out: Array) -> None:
    """What steps for blocks are given, which have their right-hand side built in."""


_VECTOR, _WHOLE = numba.types.Array(numba.float64, 1, "C"), numba.types.Array(numba.int64, 1, "C")
_SLOPE = numba.void(_VECTOR, _VECTOR, _WHOLE, _VECTOR)
_STEPS = numba.void(_VECTOR, _VECTOR, _VECTOR, _WHOLE, numba.int64, numba.types.FunctionType(_SLOPE))


@lru_cache(maxsize=32)
def slope_address(function: Any = _nothing) -> Any:
    """Address of a right-hand side for one point; compiles it if need be."""
    return numba.types.CompileResultWAP(function.get_compile_result(_SLOPE))


@lru_cache(maxsize=32)
def steps_address(function: Any = steps) -> Any:
    """Address of steps; compiles them if need be."""
    return numba.types.CompileResultWAP(function.get_compile_result(_STEPS))
