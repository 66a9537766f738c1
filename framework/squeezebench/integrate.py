r"""Parts of an explicit Runge-Kutta integrator of order 8 for autonomous systems y' = f(y), as numba kernels on arrays.

numba cannot cache a function that takes another as its argument, so there is no ``integrate(f, ...)``: a method writes
a loop of its own about its own right-hand side, from the parts here. A step is

1. for s = 1 … 11: `stage_point` gives the point at which slope s is taken;
2. `stage_point` with s = `STEP` gives the new point, whose slope is slope 12 and slope 0 of the next step;
3. `error_norm` compares the error with the tolerance: accepted when at most 1;
4. `step_factor` gives the next step, larger or smaller;
5. for values inside the step, slopes 13 … 15 are taken at `stage_point`, then `dense_coefficients` and `dense_value`.

This module imports numba: import it inside a function or in a module of kernels.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .dop853 import DENSE, ERROR_3, ERROR_5, STAGES
from .jit import kernel

__all__ = [
    "BLOWN_UP",
    "DONE",
    "MORE",
    "N_DENSE",
    "N_SLOPES",
    "STEP",
    "STUCK",
    "dense_coefficients",
    "dense_value",
    "error_norm",
    "first_step",
    "stage_point",
    "step_factor",
]

Array = NDArray[np.float64]

#: Row of the tableau that is the step itself.
STEP = 12
#: Slopes that a step with dense output takes: the first dimension of `k`.
N_SLOPES = 16
#: Coefficients of the dense output: the first dimension of `dense`.
N_DENSE = 7

#: What a loop over steps reports: all times are reached; its budget of steps is used up; the step has shrunk to nothing
#: (the solution ends at a finite time, or is not a number); the solution has left all bounds.
DONE, MORE, STUCK, BLOWN_UP = 0, 1, 2, 3

# Step control of Hairer, Nørsett and Wanner, II.4 and IV.2: exponents of the error now and of the one before.
_EXPONENT_NOW = 1 / 8 - 0.2 * 0.04
_EXPONENT_BEFORE = 0.04
_SAFETY = 0.9
_LARGEST_FACTOR = 6.0
_SMALLEST_FACTOR = 1 / 3


def _packed(rows: tuple[dict[int, float], ...]) -> tuple[Array, NDArray[np.int64], NDArray[np.int64]]:
    """Rows of different length as arrays: weights and columns (rows, longest), and the number of entries in each."""
    longest = max(len(row) for row in rows)
    weights = np.zeros((len(rows), longest))
    columns = np.zeros((len(rows), longest), dtype=np.int64)
    for r, row in enumerate(rows):
        weights[r, : len(row)] = list(row.values())
        columns[r, : len(row)] = list(row)
    return weights, columns, np.array([len(row) for row in rows])


_WEIGHTS, _COLUMNS, _LENGTHS = _packed(STAGES)
_WEIGHTS_5, _COLUMNS_5, _LENGTHS_5 = _packed(ERROR_5)
_WEIGHTS_3, _COLUMNS_3, _LENGTHS_3 = _packed(ERROR_3)
_WEIGHTS_D, _COLUMNS_D, _LENGTHS_D = _packed(DENSE)


@kernel
def stage_point(y: Array, k: Array, s: int, h: float, out: Array) -> None:
    """Point at which slope `s` is taken: y + h Σ_j a_sj k_j.

    Parameters
    ----------
    y : ndarray (n,)
        Value at the start of the step.
    k : ndarray (16, n)
        Slopes.
    s : int
        Row of the tableau, 1 … 15; `STEP` is the value at the end of the step.
    h : float
        The step.
    out : ndarray (n,)
        Receives the point.
    """
    for i in range(y.shape[0]):
        total = 0.0
        for j in range(_LENGTHS[s]):
            total += _WEIGHTS[s, j] * k[_COLUMNS[s, j], i]
        out[i] = y[i] + h * total


@kernel
def error_norm(y: Array, y_new: Array, k: Array, h: float, rtol: float, atol: float) -> float:
    """Error of a step in units of the tolerance: the worst variable counts, against atol + rtol max(|y|, |y_new|).

    The estimates of orders 5 and 3 are combined as in DOP853: h e₅²/√(e₅² + 0.01 e₃²).

    Parameters
    ----------
    y, y_new : ndarray (n,)
        Values before and after the step.
    k : ndarray (16, n)
        Slopes 0 … 12.
    h, rtol, atol : float
        The step and the tolerances.

    Returns
    -------
    float
        At most 1 for a good step; NaN or inf if something is not finite.
    """
    worst_5 = 0.0
    worst_3 = 0.0
    for i in range(y.shape[0]):
        scale = atol + rtol * max(abs(y[i]), abs(y_new[i]))
        total = 0.0
        for j in range(_LENGTHS_5[0]):
            total += _WEIGHTS_5[0, j] * k[_COLUMNS_5[0, j], i]
        error = abs(total) / scale
        # max() would let a NaN pass unseen.
        if not np.isfinite(error):
            return np.inf
        worst_5 = max(worst_5, error)
        total = 0.0
        for j in range(_LENGTHS_3[0]):
            total += _WEIGHTS_3[0, j] * k[_COLUMNS_3[0, j], i]
        worst_3 = max(worst_3, abs(total) / scale)
    if worst_5 == 0.0:
        return 0.0
    return float(abs(h) * worst_5 / np.sqrt(1.0 + 0.01 * (worst_3 / worst_5) ** 2))


@kernel
def step_factor(error: float, error_before: float, rejected: bool) -> float:
    """What to multiply the step by, from this step's error and that of the last accepted one (PI control).

    Parameters
    ----------
    error, error_before : float
        From `error_norm`.
    rejected : bool
        Whether this step or the one before it was rejected: then the step does not grow.

    Returns
    -------
    float
        Between 1/3 and 6.
    """
    if not np.isfinite(error):
        return _SMALLEST_FACTOR
    small = max(error, 1e-10)
    factor = float(_SAFETY * small**-_EXPONENT_NOW)
    if error <= 1.0:
        factor *= max(error_before, 1e-4) ** _EXPONENT_BEFORE
    factor = min(_LARGEST_FACTOR, max(_SMALLEST_FACTOR, factor))
    return min(factor, 1.0) if rejected else factor


@kernel
def first_step(y: Array, slope: Array, rtol: float, atol: float, interval: float) -> float:
    """Careful first step: 1 % of the value over the slope, both measured in the tolerance; at most the interval.

    Parameters
    ----------
    y, slope : ndarray (n,)
        Value and slope at the start.
    rtol, atol : float
        Tolerances.
    interval : float
        Length of the whole integration; a start at rest tries a thousandth of it.
    """
    value = 0.0
    change = 0.0
    for i in range(y.shape[0]):
        scale = atol + rtol * abs(y[i])
        value = max(value, abs(y[i]) / scale)
        change = max(change, abs(slope[i]) / scale)
    if not change > 1e-10 * value:
        return 1e-3 * interval
    return min(0.01 * max(value, 1.0) / change, interval)


@kernel
def dense_coefficients(y: Array, y_new: Array, k: Array, h: float, dense: Array) -> None:
    """Coefficients of the interpolation inside a step, of order 7.

    Parameters
    ----------
    y, y_new : ndarray (n,)
        Values before and after the step.
    k : ndarray (16, n)
        All slopes.
    h : float
        The step.
    dense : ndarray (7, n)
        Receives the coefficients.
    """
    for i in range(y.shape[0]):
        change = y_new[i] - y[i]
        dense[0, i] = change
        dense[1, i] = h * k[0, i] - change
        dense[2, i] = 2.0 * change - h * (k[STEP, i] + k[0, i])
        for r in range(4):
            total = 0.0
            for j in range(_LENGTHS_D[r]):
                total += _WEIGHTS_D[r, j] * k[_COLUMNS_D[r, j], i]
            dense[3 + r, i] = h * total


@kernel
def dense_value(y: Array, dense: Array, x: float, out: Array) -> None:
    """Value at the fraction `x` of a step.

    Parameters
    ----------
    y : ndarray (n,)
        Value at the start of the step.
    dense : ndarray (7, n)
        From `dense_coefficients`.
    x : float
        0 … 1.
    out : ndarray (n,)
        Receives the value.
    """
    for i in range(y.shape[0]):
        total = 0.0
        for r in range(N_DENSE - 1, -1, -1):
            total = (total + dense[r, i]) * (x if r % 2 == 0 else 1.0 - x)
        out[i] = y[i] + total
