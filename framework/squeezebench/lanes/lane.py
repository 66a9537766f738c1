"""What happens to one lane of a block: a point begins and ends, its values are taken out; in numba."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from squeezebench.integrate import STEP
from squeezebench.jit import kernel
from squeezebench.observables.kernels import quantity

from .layout import LANES, POINT, ROWS, K, Y
from .watch import EXTREMUM, FINAL, moments_of

__all__ = ["BEFORE", "BEST", "WHEN", "begin", "end", "middle_of", "take"]

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

# Slots of a watch: its value at the start of the step, the best value so far and its time.
BEFORE, BEST, WHEN = range(3)
_Y, _POINT, _K = Y, POINT, K  # numba resolves plain globals only


@kernel
def take(w: Array, row: int, lane: int, out: Array) -> None:
    """Copy one lane's row of all variables."""
    for i in range(out.shape[0]):
        out[i] = w[(i * ROWS + row) * LANES + lane]


@kernel
def middle_of(w: Array, lane: int, h: float, out: Array) -> None:
    """Value in the middle of a step by Hermite's cubic through values and slopes at both ends."""
    for i in range(out.shape[0]):
        b = i * ROWS * LANES + lane
        ends = w[b + _Y * LANES] + w[b + _POINT * LANES]
        out[i] = 0.5 * ends + 0.125 * h * (w[b + _K * LANES] - w[b + (_K + STEP) * LANES])


@kernel
def begin(
    w: Array,
    c: Array,
    lane: int,
    p: int,
    start: Array,
    coefficients: Array,
    watches: Array,
    kinds: Ints,
    v: Array,
    about: Array,
    spin: Array,
    covariance: Array,
    limits: Array,
) -> None:
    """Put point p into a lane."""
    for i in range(v.shape[0]):
        v[i] = start[p, i]
        w[(i * ROWS + _Y) * LANES + lane] = v[i]
    for i in range(coefficients.shape[1]):
        c[i * LANES + lane] = coefficients[p, i]
    moments_of(v, about[0], spin, covariance)
    for r in range(kinds.shape[0]):
        watches[r, lane, BEST], watches[r, lane, WHEN] = math.inf, math.nan
        f = quantity(kinds[r, 1], spin, covariance, about[0], about[1], about[2])
        if kinds[r, 0] == EXTREMUM:
            f *= kinds[r, 2]
            if limits[p, r] < 0.0 and math.isfinite(f):
                watches[r, lane, BEST], watches[r, lane, WHEN] = f, 0.0
        watches[r, lane, BEFORE] = f


@kernel
def end(
    w: Array,
    lane: int,
    p: int,
    t: float,
    kinds: Ints,
    watches: Array,
    v: Array,
    about: Array,
    spin: Array,
    covariance: Array,
    reduced: Array,
) -> None:
    """Write what the watches of a lane have found."""
    take(w, _Y, lane, v)
    moments_of(v, about[0], spin, covariance)
    for r in range(kinds.shape[0]):
        value, when = watches[r, lane, BEST], watches[r, lane, WHEN]
        if kinds[r, 0] == FINAL:
            value, when = quantity(kinds[r, 1], spin, covariance, about[0], about[1], about[2]), t
        elif kinds[r, 0] == EXTREMUM:
            value = kinds[r, 2] * value if math.isfinite(value) else math.nan
        else:
            value = when
        reduced[p, r, 0], reduced[p, r, 1] = value, when
