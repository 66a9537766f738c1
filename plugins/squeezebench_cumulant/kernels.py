"""The right-hand side of the cumulant hierarchy, at any order, and the loop over its time steps, in numba."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from typing import Any, cast

import numba
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

from .coefficients import PLACES
from .equations import ANY_ORDER, NAMED, Equations

__all__ = ["BLOWN_UP", "DONE", "MORE", "STUCK", "advance", "any_order", "compiled", "pointer"]

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
#: f(v, coefficients, indices, out), see `any_order`.
RightHandSide = Callable[[Array, Array, Ints, Array], None]

#: |⟨σ⟩|² beyond which the hierarchy has left everything that a spin can be (its bound is 1), and will not come back.
_OUT_OF_BOUNDS = 4.0

# numba resolves plain globals only.
_CONSTANT, _SOURCE = PLACES["t_x"], PLACES["c_xx"]


@kernel
def any_order(v: Array, coefficients: Array, indices: Ints, out: Array) -> None:
    """Time derivative of the scaled cumulants' Taylor coefficients, at any order, by loops over the terms.

    Parameters
    ----------
    v : ndarray (M − 1,)
        v_n = N^(|n|−1) κ(n)/n!, |n| = 1 … k; entry i belongs to monomial i + 1.
    coefficients : ndarray (91,), indices : ndarray
        Of the `Equations`; the equation is in that module.
    out : ndarray (M − 1,)
        Receives the derivative.
    """
    n_all, n_low, n_inner = indices[0], indices[1], indices[2]
    exponents, degree, up = _part(indices, 0), _part(indices, 1), _part(indices, 2)
    start, left, right = _part(indices, 3), _part(indices, 4), _part(indices, 5)
    outer_start, outer_left, outer_right = _part(indices, 6), _part(indices, 7), _part(indices, 8)
    products, single, inner = indices[12], indices[13], indices[14]
    edge, outer, end = indices[15], indices[16], indices[17]
    inv_n = coefficients[0]
    # Rows: V_c (0-2), S_cd (3-8), N Q̂ (9), V̇ (10), E V (11).
    work = np.zeros((12, n_all))
    q = work[9]
    rate = work[10]
    weighted = work[11]
    for m in range(1, n_all):
        weighted[m] = degree[m] * v[m - 1]
    for m in range(n_low):
        for c in range(3):
            work[c, m] = (exponents[3 * m + c] + 1.0) * v[up[3 * m + c] - 1]

    for i in range(products, single, 4):
        d = indices[i + 1]
        first, second, product = work[indices[i]], work[d], work[3 + indices[i + 2]]
        for m in range(n_low):
            total = 0.0
            for t in range(start[m], start[m + 1]):
                total += first[left[t]] * second[right[t]]
            product[m] = total
        for m in range(n_inner):
            product[m] += inv_n * (exponents[3 * m + d] + 1.0) * first[up[3 * m + d]]

    for a in range(3):
        rate[1 + a] += coefficients[_CONSTANT + a]
    if n_inner > 0:
        for i in range(6):
            # The monomials of degree 2 are the pairs, in the same order.
            rate[4 + i] += coefficients[_SOURCE + i]
    for i in range(single, inner, 4):
        _raise_once(work[indices[i + 1]], coefficients[indices[i + 3]], up[indices[i] :], n_low, rate)
    for i in range(outer, end, 4):
        _raise_once(work[3 + indices[i + 1]], coefficients[indices[i + 3]], up[indices[i] :], n_low, q)
    for i in range(inner, outer, 4):
        a, b, value = indices[i], indices[i + 1], coefficients[indices[i + 3]]
        series = work[indices[i + 2] + (3 if i < edge else 0)]
        for m in range(n_inner):
            rate[up[3 * up[3 * m + a] + b]] += value * series[m]

    for m in range(1, n_all):
        total = 0.0
        for t in range(outer_start[m], outer_start[m + 1]):
            total += q[outer_left[t]] * weighted[outer_right[t]]
        out[m - 1] = rate[m] + (1.0 - degree[m] * inv_n) * q[m] - total


@kernel
def _part(indices: Ints, i: int) -> Ints:
    """Part i of `Equations.indices`."""
    return indices[indices[3 + i] : indices[4 + i]]


@kernel
def _raise_once(series: Array, value: float, up: Ints, n_low: int, out: Array) -> None:
    """Add value × ξ_a × series to `out`; `up` begins at column a."""
    for m in range(n_low):
        out[up[3 * m]] += value * series[m]


def compiled(equations: Equations) -> RightHandSide:
    """The numba function that takes the right-hand side: generated code for low orders, else `any_order`.

    Parameters
    ----------
    equations : Equations
        The model and the order.

    Returns
    -------
    callable
        To be called as f(v, equations.coefficients, equations.indices, out); the arguments are those of `any_order`.
    """
    order, code = equations.order, equations.code
    if code == ANY_ORDER:
        return any_order
    module = import_module(f".order_{order}", __package__)
    return cast(RightHandSide, module.named if code == NAMED else module.general)


@lru_cache(maxsize=16)
def pointer(function: RightHandSide) -> Any:
    """The address of what `compiled` gives, for `advance`; compiles it if need be.

    Were it called in any other way, numba would compile the large right-hand sides again in every function that calls
    them, and `advance` again for each of them.

    Parameters
    ----------
    function : callable
        From `compiled`.
    """
    vector = numba.types.Array(numba.float64, 1, "C")
    whole = numba.types.Array(numba.int64, 1, "C")
    signature = numba.void(vector, vector, whole, vector)
    return numba.types.CompileResultWAP(cast(Any, function).get_compile_result(signature))


@kernel
def _copy(source: Array, target: Array) -> None:
    """Copy numbers one by one: numba compiles this ten times faster than target[:] = source."""
    for i in range(source.shape[0]):
        target[i] = source[i]


@kernel
def advance(
    state: Array,
    clock: Array,
    counts: NDArray[np.int64],
    stop: float,
    times: Array,
    slope: Any,
    coefficients: Array,
    indices: Ints,
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
    slope : numba function by its address
        The right-hand side, from `pointer`.
    coefficients, indices : ndarray
        Its arguments.
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
    k = np.empty((N_SLOPES, n))
    y = state.copy()
    y_new = np.empty(n)
    point = np.empty(n)
    dense = np.empty((N_DENSE, n))
    t, h, error_before = clock[0], clock[1], clock[2]
    while counts[0] < times.shape[0] and times[counts[0]] <= t:
        _copy(y, out[counts[0]])
        counts[0] += 1
    slope(y, coefficients, indices, k[0])
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
            slope(point, coefficients, indices, k[s])
        _copy(point, y_new)
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
                _copy(y_new, out[counts[0]])
            else:
                if not prepared:
                    for s in range(STEP + 1, N_SLOPES):
                        stage_point(y, k, s, step, point)
                        slope(point, coefficients, indices, k[s])
                    counts[3] += N_SLOPES - STEP - 1
                    dense_coefficients(y, y_new, k, step, dense)
                    prepared = True
                dense_value(y, dense, (times[counts[0]] - t) / step, out[counts[0]])
            counts[0] += 1
        t = t_new
        _copy(y_new, y)
        _copy(k[STEP], k[0])
        h = step * factor
        error_before = max(error, 1e-4)
        rejected = False
    _copy(y, state)
    clock[0], clock[1], clock[2] = t, h, error_before
    return DONE if t >= stop else result
