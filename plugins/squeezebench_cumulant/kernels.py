"""The right-hand side of the cumulant hierarchy, at any order, and the loop over its time steps, in numba."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from squeezebench.integrate import (
    BLOWN_UP,
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

from .equations import Equations

__all__ = ["BLOWN_UP", "DONE", "MORE", "STUCK", "advance", "right_hand_side", "workspace"]

Array = NDArray[np.float64]

#: |⟨σ⟩|² beyond which the hierarchy has left everything that a spin can be (its bound is 1), and will not come back.
_OUT_OF_BOUNDS = 4.0


@kernel
def workspace(eq: Equations) -> Array:
    """Scratch memory of `right_hand_side`, shape (11, M)."""
    return np.zeros((11, eq.degree.shape[0]))


@kernel
def right_hand_side(v: Array, eq: Equations, work: Array, out: Array) -> None:
    """Time derivative of the scaled cumulants' Taylor coefficients.

    Parameters
    ----------
    v : ndarray (M − 1,)
        v_n = N^(|n|−1) κ(n)/n!, |n| = 1 … k; entry i belongs to monomial i + 1.
    eq : Equations
        The model's tables; the equation is in that module.
    work : ndarray (11, M)
        Scratch, from `workspace`: rows 0-2 V_c, 3-8 S_cd, 9 Q̂, 10 V̇.
    out : ndarray (M − 1,)
        Receives the derivative.
    """
    n_all = eq.degree.shape[0]
    up = eq.up
    q = work[9]
    rate = work[10]
    for m in range(n_all):
        q[m] = 0.0
        rate[m] = eq.source[m]
    for m in range(eq.n_low):
        for c in range(3):
            work[c, m] = (eq.exponents[m, c] + 1.0) * v[up[m, c] - 1]

    for i in range(eq.pairs.shape[0]):
        c, d = eq.pairs[i, 0], eq.pairs[i, 1]
        first, second, product = work[c], work[d], work[3 + eq.pairs[i, 2]]
        for m in range(eq.n_low):
            total = 0.0
            for t in range(eq.start[m], eq.start[m + 1]):
                total += first[eq.left[t]] * second[eq.right[t]]
            product[m] = total
        for m in range(eq.n_inner):
            product[m] += (eq.exponents[m, d] + 1.0) * first[up[m, d]] / eq.N

    for a in range(3):
        rate[up[0, a]] += eq.constant[a]
    for i in range(eq.single.shape[0]):
        a, slope, value = eq.single_at[i, 0], work[eq.single_at[i, 1]], eq.single[i]
        for m in range(eq.n_low):
            rate[up[m, a]] += value * slope[m]
    for i in range(eq.inner.shape[0]):
        a, b, value = eq.inner_at[i, 0], eq.inner_at[i, 1], eq.inner[i]
        product = work[3 + eq.inner_at[i, 2]]
        for m in range(eq.n_inner):
            rate[up[up[m, a], b]] += value * product[m]
    for i in range(eq.edge.shape[0]):
        a, b, value = eq.edge_at[i, 0], eq.edge_at[i, 1], eq.edge[i]
        slope = work[eq.edge_at[i, 2]]
        for m in range(eq.n_inner):
            rate[up[up[m, a], b]] += value * slope[m]
    for i in range(eq.outer.shape[0]):
        a, value = eq.outer_at[i, 0], eq.outer[i]
        product = work[3 + eq.outer_at[i, 1]]
        for m in range(eq.n_low):
            q[up[m, a]] += value * product[m]

    for m in range(1, n_all):
        total = 0.0
        for t in range(eq.outer_start[m], eq.outer_start[m + 1]):
            r = eq.outer_right[t]
            total += q[eq.outer_left[t]] * eq.degree[r] * v[r - 1]
        out[m - 1] = rate[m] + (eq.N - eq.degree[m]) * q[m] - eq.N * total


@kernel
def advance(
    state: Array,
    clock: Array,
    counts: NDArray[np.int64],
    stop: float,
    times: Array,
    eq: Equations,
    rtol: float,
    atol: float,
    budget: int,
    out: Array,
) -> int:
    """Go on until `stop` with up to `budget` steps, writing the coefficients at `times` to `out`.

    Parameters
    ----------
    state : ndarray (n,)
        Coefficients now; updated.
    clock : ndarray (3,)
        Time now, next step (0: choose one) and last error; updated.
    counts : ndarray (4,)
        Times saved, steps, rejected steps, right-hand sides; updated.
    stop, rtol, atol : float
        Where to stop, and the tolerances.
    times : ndarray (T,)
        Increasing, none after `stop`.
    eq : Equations
        See `right_hand_side`.
    budget : int
        Steps, rejected ones included.
    out : ndarray (T, n)
        Receives the values.

    Returns
    -------
    int
        `DONE`, `MORE`, `STUCK` or `BLOWN_UP`.
    """
    n = state.shape[0]
    work = workspace(eq)
    k = np.empty((N_SLOPES, n))
    y = state.copy()
    y_new = np.empty(n)
    point = np.empty(n)
    dense = np.empty((N_DENSE, n))
    t, h, error_before = clock[0], clock[1], clock[2]
    while counts[0] < times.shape[0] and times[counts[0]] <= t:
        out[counts[0]] = y
        counts[0] += 1
    right_hand_side(y, eq, work, k[0])
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
            right_hand_side(point, eq, work, k[s])
        y_new[:] = point
        counts[3] += STEP
        error = error_norm(y, y_new, k, step, rtol, atol)
        factor = step_factor(error, error_before, rejected)
        if not error <= 1.0:
            counts[2] += 1
            rejected = True
            h = step * factor
            continue
        if y_new[0] ** 2 + y_new[1] ** 2 + y_new[2] ** 2 > _OUT_OF_BOUNDS:
            result = BLOWN_UP
            break
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
                        right_hand_side(point, eq, work, k[s])
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
