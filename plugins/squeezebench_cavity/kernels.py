"""Second-order cumulants of N equal spins and one mode, in numba.

Quadratures q = (X, P) = (a + a†, −i(a − a†)), Pauli vectors σ of the spins. Each spin sees the field B = Ω + G q, where
G q = (gX, −gP, 0), so that H = ½ Σ B·σ − Δ_c a†a and

    q' = M q + F Σσ + noise,      M = [[−κ/2, −Δ_c], [Δ_c, −κ/2]],   F = −g [[0, 1, 0], [1, 0, 0]]
    σ' = B × σ + D σ + d          (D and d from single-spin emission, pumping and dephasing).

With means q, s, and covariances V_jk of the quadratures (symmetrised), W_ja of quadrature and spin, C_ab of two spins,
third cumulants set to zero:

    q'    = M q + N F s
    s_a'  = ε_abc (B_b s_c + G_bj W_jc) + (D s + d)_a
    V'    = M V + V Mᵀ + κ 1 + N (F Wᵀ + W Fᵀ)
    W'    = M W + F (1 − s sᵀ + (N − 1) C) + W Dᵀ + [ε_abc (B_b W_jc + (V Gᵀ)_jb s_c)]_ja
    C'    = D C + [ε_acd (B_c C_db + (G W)_cb s_d)]_ab + transpose of both

where B is its mean. The products at one spin are symmetrised: the antisymmetric parts of F σσ and of V cancel, since qσ
is Hermitian.
"""

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

__all__ = ["DONE", "MORE", "N_VARIABLES", "STUCK", "advance", "right_hand_side"]

Array = NDArray[np.float64]

#: q (2), s (3), V: XX, XP, PP (3), W (6), C: xx, xy, xz, yy, yz, zz (6).
N_VARIABLES = 20


@kernel
def _cross(a: int, b: float, c: float, d: float, x: float, y: float, z: float) -> float:
    """Component `a` of (b, c, d) × (x, y, z)."""
    if a == 0:
        return c * z - d * y
    if a == 1:
        return d * x - b * z
    return b * y - c * x


@kernel
def right_hand_side(y: Array, p: Array, out: Array) -> None:
    """Slopes of the cumulants.

    Parameters
    ----------
    y : ndarray (20,)
        See `N_VARIABLES`.
    p : ndarray (10,)
        N, g, κ, Δ_c, Ω_x, Ω_y, Ω_z, then the decay of s_x and s_y, that of s_z, and the z component of d.
    out : ndarray (20,)
        Receives the slopes.
    """
    N, g, kappa, delta = p[0], p[1], p[2], p[3]
    across, along, feed = p[7], p[8], p[9]
    X, P = y[0], y[1]
    s = y[2:5]
    VXX, VXP, VPP = y[5], y[6], y[7]
    WX, WP = y[8:11], y[11:14]
    Bx, By, Bz = p[4] + g * X, p[5] - g * P, p[6]
    C = np.empty((3, 3))
    C[0, 0], C[0, 1], C[0, 2], C[1, 1], C[1, 2], C[2, 2] = y[14], y[15], y[16], y[17], y[18], y[19]
    C[1, 0], C[2, 0], C[2, 1] = C[0, 1], C[0, 2], C[1, 2]

    out[0] = -0.5 * kappa * X - delta * P - N * g * s[1]
    out[1] = -0.5 * kappa * P + delta * X - N * g * s[0]
    # ε_abc G_bj W_jc: the field (gX, −gP, 0) against the spin
    out[2] = _cross(0, Bx, By, Bz, s[0], s[1], s[2]) - g * WP[2] - across * s[0]
    out[3] = _cross(1, Bx, By, Bz, s[0], s[1], s[2]) - g * WX[2] - across * s[1]
    out[4] = _cross(2, Bx, By, Bz, s[0], s[1], s[2]) + g * WX[1] + g * WP[0] - along * s[2] + feed
    out[5] = -kappa * VXX - 2.0 * delta * VXP + kappa - 2.0 * N * g * WX[1]
    out[6] = -kappa * VXP + delta * (VXX - VPP) - N * g * (WP[1] + WX[0])
    out[7] = -kappa * VPP + 2.0 * delta * VXP + kappa - 2.0 * N * g * WP[0]
    for a in range(3):
        decay = along if a == 2 else across
        # on one spin ½⟨{σ_b, σ_a}⟩ − s_b s_a = δ_ab − s_a s_b, on the others C
        with_y = (1.0 if a == 1 else 0.0) - s[1] * s[a] + (N - 1.0) * C[1, a]
        with_x = (1.0 if a == 0 else 0.0) - s[0] * s[a] + (N - 1.0) * C[0, a]
        out[8 + a] = (
            -0.5 * kappa * WX[a]
            - delta * WP[a]
            - g * with_y
            + _cross(a, Bx, By, Bz, WX[0], WX[1], WX[2])
            + _cross(a, g * VXX, -g * VXP, 0.0, s[0], s[1], s[2])
            - decay * WX[a]
        )
        out[11 + a] = (
            -0.5 * kappa * WP[a]
            + delta * WX[a]
            - g * with_x
            + _cross(a, Bx, By, Bz, WP[0], WP[1], WP[2])
            + _cross(a, g * VXP, -g * VPP, 0.0, s[0], s[1], s[2])
            - decay * WP[a]
        )
    place = 14
    for a in range(3):
        for b in range(a, 3):
            decay_a = along if a == 2 else across
            decay_b = along if b == 2 else across
            out[place] = (
                -(decay_a + decay_b) * C[a, b]
                + _cross(a, Bx, By, Bz, C[0, b], C[1, b], C[2, b])
                + _cross(b, Bx, By, Bz, C[0, a], C[1, a], C[2, a])
                + _cross(a, g * WX[b], -g * WP[b], 0.0, s[0], s[1], s[2])
                + _cross(b, g * WX[a], -g * WP[a], 0.0, s[0], s[1], s[2])
            )
            place += 1


@kernel
def advance(
    state: Array,
    clock: Array,
    counts: NDArray[np.int64],
    times: Array,
    parameters: Array,
    rtol: float,
    atol: float,
    budget: int,
    out: Array,
) -> int:
    """Go on to the last of `times` with up to `budget` steps, writing the cumulants at each to `out`.

    Parameters
    ----------
    state : ndarray (20,)
        Now; updated.
    clock : ndarray (3,)
        Time now, next step (0: choose one) and last error; updated.
    counts : ndarray (3,)
        Times saved, steps, rejected steps; updated.
    times : ndarray (T,)
        Increasing.
    parameters : ndarray (10,)
        See `right_hand_side`.
    rtol, atol : float
        Tolerances.
    budget : int
        Steps, rejected ones included.
    out : ndarray (T, 20)
        Receives the values.

    Returns
    -------
    int
        `DONE`, `MORE` or `STUCK`.
    """
    n, stop = state.shape[0], times[-1]
    k = np.empty((N_SLOPES, n))
    y, y_new, point = state.copy(), np.empty(n), np.empty(n)
    dense = np.empty((N_DENSE, n))
    t, h, error_before = clock[0], clock[1], clock[2]
    while counts[0] < times.shape[0] and times[counts[0]] <= t:
        out[counts[0]] = y
        counts[0] += 1
    right_hand_side(y, parameters, k[0])
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
            right_hand_side(point, parameters, k[s])
        y_new[:] = point
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
                        right_hand_side(point, parameters, k[s])
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
