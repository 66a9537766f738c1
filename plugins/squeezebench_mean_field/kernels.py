"""The Bloch equations and the loop over their time steps, in numba."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from squeezebench.integrate import (
    DONE,
    MORE,
    N_DENSE,
    N_SLOPES,
    STEP,
    STUCK,
    dense_coefficients,
    dense_value,
    error_norm,
    first_step,
    stage_point,
    step_factor,
)
from squeezebench.jit import kernel

__all__ = ["DONE", "STUCK", "advance", "right_hand_side"]

Array = NDArray[np.float64]


@kernel
def right_hand_side(s: Array, single: Array, pair: Array, out: Array) -> None:
    """s_a' = T_a0 + Σ_c T_ac s_c + Σ_cd P_acd s_c s_d.

    Parameters
    ----------
    s : ndarray (3,)
        Bloch vector.
    single : ndarray (3, 4)
        T: what a spin does by itself.
    pair : ndarray (3, 3, 3)
        P: what the N − 1 others do to it, N − 1 included.
    out : ndarray (3,)
        Receives s'.
    """
    for a in range(3):
        total = single[a, 0]
        for c in range(3):
            inner = single[a, c + 1]
            for d in range(3):
                inner += pair[a, c, d] * s[d]
            total += inner * s[c]
        out[a] = total


@kernel
def advance(
    state: Array,
    clock: Array,
    counts: NDArray[np.int64],
    stop: float,
    times: Array,
    single: Array,
    pair: Array,
    rtol: float,
    atol: float,
    budget: int,
    out: Array,
) -> int:
    """Go on until `stop` with up to `budget` steps, writing the Bloch vector at `times` to `out`.

    Parameters
    ----------
    state : ndarray (3,)
        Bloch vector now; updated.
    clock : ndarray (3,)
        Time now, next step (0: choose one) and last error; updated.
    counts : ndarray (4,)
        Times saved, steps, rejected steps, right-hand sides; updated.
    stop, rtol, atol : float
        Where to stop, and the tolerances.
    times : ndarray (T,)
        Increasing, none after `stop`.
    single, pair : ndarray
        See `right_hand_side`.
    budget : int
        Steps, rejected ones included.
    out : ndarray (T, 3)
        Receives the values.

    Returns
    -------
    int
        `DONE`, `MORE` or `STUCK`.
    """
    n = state.shape[0]
    k = np.empty((N_SLOPES, n))
    y = state.copy()
    y_new = np.empty(n)
    point = np.empty(n)
    dense = np.empty((N_DENSE, n))
    t, h, error_before = clock[0], clock[1], clock[2]
    while counts[0] < times.shape[0] and times[counts[0]] <= t:
        out[counts[0]] = y
        counts[0] += 1
    right_hand_side(y, single, pair, k[0])
    counts[3] += 1
    if h == 0.0:
        h = first_step(y, k[0], rtol, atol, stop - t)
    rejected = False
    result = MORE
    for _ in range(budget):
        if t >= stop:
            break
        if h < 1e-15 * abs(t) or not h > 0.0:
            result = STUCK
            break
        last = t + 1.01 * h >= stop
        step = stop - t if last else h
        for s in range(1, STEP + 1):
            stage_point(y, k, s, step, point)
            right_hand_side(point, single, pair, k[s])
        y_new[:] = point
        counts[3] += STEP
        error = error_norm(y, y_new, k, step, rtol, atol)
        factor = step_factor(error, error_before, rejected)
        if not error <= 1.0:
            counts[2] += 1
            rejected = True
            h = step * factor
            continue
        counts[1] += 1
        t_new = stop if last else t + step
        prepared = False
        while counts[0] < times.shape[0] and times[counts[0]] <= t_new:
            if times[counts[0]] == t_new:
                out[counts[0]] = y_new
            else:
                if not prepared:
                    for s in range(STEP + 1, N_SLOPES):
                        stage_point(y, k, s, step, point)
                        right_hand_side(point, single, pair, k[s])
                    counts[3] += N_SLOPES - STEP - 1
                    dense_coefficients(y, y_new, k, step, dense)
                    prepared = True
                dense_value(y, dense, (times[counts[0]] - t) / step, out[counts[0]])
            counts[0] += 1
        t = t_new
        y[:] = y_new
        k[0] = k[STEP]
        h = step * factor
        error_before = max(error, 1e-4)
        rejected = False
    state[:] = y
    clock[0], clock[1], clock[2] = t, h, error_before
    return DONE if t >= stop else result
