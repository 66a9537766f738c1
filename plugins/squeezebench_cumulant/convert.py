"""Between states, scaled cumulants and moments of the collective spin."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .series import Series, series

if TYPE_CHECKING:
    from squeezebench import State

__all__ = ["covariance", "initial_coefficients", "rotated", "spin"]

Array = NDArray[np.float64]


def initial_coefficients(state: State, N: int, order: int) -> Array:
    r"""Taylor coefficients :math:`v_n = N^{|n|-1}κ(n)/n!` of a state, shape (n,).

    A product state has only the first-order cumulants. Another state's come from its moments by
    :math:`E M = M\,E W`: at degree |n|, |n| w_n = |n| m_n − Σ m_(n−l) |l| w_l over 0 < |l| < |n|, m and w being Taylor
    coefficients; the differences cost digits of the high orders at large N, where these matter least.

    Parameters
    ----------
    state : State
        The start.
    N, order : int
        Number of spins, and order of the hierarchy; cumulants beyond N are zero.
    """
    layout = series(order)
    product = state.as_product(N)
    values = np.zeros(len(layout.degree))
    if product is not None:
        values[1:4] = product.bloch_vector()
        return values[1:]
    moments = state.symmetric_moments(N, order)
    raw = np.zeros(len(layout.degree))
    raw[0] = 1.0
    for i, (a, b, c) in enumerate(layout.exponents.tolist()):
        if 1 <= a + b + c <= min(order, N):
            raw[i] = moments[a, b, c] / (math.factorial(a) * math.factorial(b) * math.factorial(c))
    for i in range(1, len(raw)):
        if layout.degree[i] > N:
            continue
        terms = slice(layout.outer_start[i], layout.outer_start[i + 1])
        left, right = layout.outer_left[terms], layout.outer_right[terms]
        values[i] = raw[i] - np.sum(raw[left] * layout.degree[right] * values[right]) / layout.degree[i]
    return (values * float(N) ** (layout.degree - 1.0))[1:]


def rotated(values: Array, order: int, matrix: Array) -> Array:
    """Coefficients after a rotation of every spin: V(ξ) → V(Rᵀξ).

    Parameters
    ----------
    values : ndarray (n,)
        Coefficients v_n.
    order : int
        Of the hierarchy.
    matrix : ndarray (3, 3)
        R, which takes the Bloch vector s to R s.
    """
    layout = series(order)
    size = len(layout.degree)
    powers = np.zeros((size, size))
    powers[0, 0] = 1.0
    for i in range(1, size):
        a = int(np.argmax(layout.exponents[i] > 0))
        lower = powers[_lowered(layout, i, a)]
        for b in range(3):
            # (Rᵀξ)_a = Σ_b R_ba ξ_b
            np.add.at(powers[i], layout.up[:, b], matrix[b, a] * lower[: layout.n_low])
    result: Array = (values @ powers[1:])[1:]
    return result


def _lowered(layout: Series, i: int, a: int) -> int:
    """Number of the monomial i divided by ξ_a."""
    return int(np.flatnonzero(layout.up[:, a] == i)[0])


def spin(values: Array, N: int) -> Array:
    """⟨J⟩ = (N/2)⟨σ⟩, shape (T, 3), from coefficients (T, n)."""
    result: Array = N / 2 * values[:, :3]
    return result


def covariance(values: Array, N: int) -> Array:
    r"""Symmetrised covariance of J, shape (T, 3, 3), from coefficients (T, n).

    .. math:: \mathrm{Cov}(J_a, J_b) = \tfrac N4\bigl[(1 - 1/N) K_{ab} + δ_{ab} - s_a s_b\bigr]

    with the scaled second cumulants K_ab = N(⟨σ_a^1σ_b^2⟩ − s_a s_b), which are 0 at first order. Nothing of size N²
    is subtracted.
    """
    s = values[:, :3]
    result = np.eye(3) - s[:, :, None] * s[:, None, :]
    if values.shape[1] > 3 and N > 1:
        xx, xy, xz, yy, yz, zz = values[:, 3:9].T
        second = np.array([[2 * xx, xy, xz], [xy, 2 * yy, yz], [xz, yz, 2 * zz]])
        result = result + (1 - 1 / N) * second.transpose(2, 0, 1)
    return N / 4 * result
