"""What is kept of a point while it is followed: reductions, found inside the steps and not only at saved times.

A *watch* is the state of one reduction at one point. At the end of each step the watched quantity f is taken there and
in the middle of the step; where the parabola through the three values has its extremum in or near the step, and it may
be the best one so far, it is looked for in the dense output. A root is bracketed by the same three values.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from squeezebench.integrate import dense_value
from squeezebench.jit import kernel
from squeezebench.observables.kernels import quantity

__all__ = ["EXTREMUM", "FALL", "FINAL", "fall", "lowest", "moments_of", "promising"]

Array = NDArray[np.float64]

#: Kinds of reductions: the least value (of −f for a maximum) after a time; the first time at which f falls to a level;
#: the last value.
EXTREMUM, FALL, FINAL = 0, 1, 2

#: The extremum of the parabola may lie so far outside the step (in steps), since the parabola is not the function.
_MARGIN = 0.5
#: Curvature over a step (relative to f) below which an extremum inside the step differs from its ends by round-off.
_FLAT = 1e-9
_GOLDEN = 0.6180339887498949
#: Halvings that leave 2e-7 of a step, and so 4e-14 of its curvature.
_GOLDEN_STEPS = 32
_ROOT_STEPS = 60


@kernel
def moments_of(v: Array, N: float, spin: Array, covariance: Array) -> None:
    r"""⟨J⟩ and its covariance of a state: the Bloch vector, then the Taylor coefficients of pair cumulants, if any.

    .. math:: \mathrm{Cov}(J_a, J_b) = \tfrac N4\bigl[(1 - 1/N) K_{ab} + δ_{ab} - s_a s_b\bigr]

    Parameters
    ----------
    v : ndarray (n,)
        s_x, s_y, s_z; then K_xx/2, K_xy, K_xz, K_yy/2, K_yz, K_zz/2 with K_ab = N(⟨σ_a^1σ_b^2⟩ − s_a s_b).
    N : float
        Number of spins.
    spin : ndarray (3,), covariance : ndarray (3, 3)
        Receive the moments.
    """
    quarter, share = 0.25 * N, 1.0 - 1.0 / N
    place = 3
    for a in range(3):
        spin[a] = 0.5 * N * v[a]
        for b in range(a, 3):
            value = -v[a] * v[b]
            if a == b:
                value += 1.0
            if v.shape[0] > 3:
                pair = v[place]
                if a == b:
                    pair *= 2.0
                value += share * pair
            place += 1
            covariance[a, b] = quarter * value
            covariance[b, a] = covariance[a, b]


@kernel
def promising(before: float, middle: float, after: float, best: float) -> bool:
    """Whether a step with these values of f may have a minimum inside that is lower than `best`."""
    curvature = 2.0 * (before - 2.0 * middle + after)
    if not curvature > _FLAT * abs(best):
        return False
    slope = 4.0 * middle - 3.0 * before - after
    place = -0.5 * slope / curvature
    if not (-_MARGIN < place < 1.0 + _MARGIN):
        return False
    inside = min(1.0, max(0.0, place))
    return before + inside * (slope + curvature * inside) < best + 0.5 * curvature


@kernel
def _value(
    x: float,
    number: int,
    sign: float,
    y: Array,
    dense: Array,
    v: Array,
    about: Array,
    spin: Array,
    covariance: Array,
) -> float:
    """The quantity, times the sign, at the fraction x of the step; `about` is N, Γ, Ω."""
    dense_value(y, dense, x, v)
    moments_of(v, about[0], spin, covariance)
    return sign * quantity(number, spin, covariance, about[0], about[1], about[2])


@kernel
def lowest(
    low: float,
    number: int,
    sign: float,
    y: Array,
    dense: Array,
    v: Array,
    about: Array,
    spin: Array,
    covariance: Array,
) -> tuple[float, float]:
    """Least value of sign × the quantity between the fractions `low` and 1 of a step, and its place; NaN if none.

    Parameters
    ----------
    low : float
        0 … 1.
    number, sign : int, float
        The quantity, and −1 for a maximum.
    y : ndarray (n,), dense : ndarray (7, n)
        Value at the start of the step, and its dense output.
    v : ndarray (n,), spin : ndarray (3,), covariance : ndarray (3, 3)
        Working space.
    about : ndarray (3,)
        N, Γ and Ω of the point.
    """
    best, place, samples = math.inf, math.nan, 8
    for k in range(samples + 1):
        x = low + (1.0 - low) * k / samples
        f = _value(x, number, sign, y, dense, v, about, spin, covariance)
        if f < best:
            best, place = f, x
    if not best < math.inf:
        return math.nan, math.nan
    width = (1.0 - low) / samples
    a, b = max(low, place - width), min(1.0, place + width)
    left, right = b - _GOLDEN * (b - a), a + _GOLDEN * (b - a)
    f_left = _value(left, number, sign, y, dense, v, about, spin, covariance)
    f_right = _value(right, number, sign, y, dense, v, about, spin, covariance)
    for _ in range(_GOLDEN_STEPS):
        if f_left < f_right:
            b, right, f_right = right, left, f_left
            left = b - _GOLDEN * (b - a)
            f_left = _value(left, number, sign, y, dense, v, about, spin, covariance)
        else:
            a, left, f_left = left, right, f_right
            right = a + _GOLDEN * (b - a)
            f_right = _value(right, number, sign, y, dense, v, about, spin, covariance)
    if min(f_left, f_right) < best:
        best, place = (f_left, left) if f_left < f_right else (f_right, right)
    return best, place


@kernel
def fall(
    low: float,
    high: float,
    level: float,
    number: int,
    y: Array,
    dense: Array,
    v: Array,
    about: Array,
    spin: Array,
    covariance: Array,
) -> float:
    """Fraction of the step at which the quantity, above `level` at `low` and not at `high`, falls to it (bisection)."""
    for _ in range(_ROOT_STEPS):
        x = 0.5 * (low + high)
        if _value(x, number, 1.0, y, dense, v, about, spin, covariance) > level:
            low = x
        else:
            high = x
    return 0.5 * (low + high)
