r"""The cumulant hierarchy of a model: one derivation, every order.

Let m(n) be the mean of a product of Pauli matrices, n_x of them σ_x, n_y σ_y, n_z σ_z, all on distinct spins,
κ(n) the cumulants, and

.. math:: M(x) = \sum_n m(n) x^n/n! = \exp W(x), \qquad W(x) = \sum_{n\ne0} κ(n) x^n/n!.

In M, one spin's term T_ac acts as x_a ∂_c; a pair's table I_abcd, both spins in the product, as ½x_a x_b ∂_c ∂_d; the
table O_acd, with one of the N − |n| spins that are not in the product, as (N − E) x_a ∂_c ∂_d with the degree operator
E = x·∇. Since ∂_c ∂_d M = (W_cd + W_c W_d) M, dividing by M gives

.. math::
    \dot W = \sum T_{ac} x_a W_c + \sum T_{a0} x_a + \tfrac12\sum I_{abcd}\, x_a x_b (W_{cd} + W_c W_d)
             + (N - E) Q - Q\,(E W), \qquad Q = \sum O_{acd}\, x_a (W_{cd} + W_c W_d),

where ∂₀ = 1 for an identity in I. With the scaled cumulants K(n) = N^{|n|−1} κ(n) and V(ξ) = Σ K(n) ξⁿ/n!, that is
W(x) = N V(x/N), all coefficients are of order 1 in a spin ensemble of any size:

.. math::
    S_{cd} = V_{cd}/N + V_c V_d, \qquad \hat Q = \sum O_{acd}\, ξ_a S_{cd},

.. math::
    \dot V = \sum T_{ac} ξ_a V_c + \sum T_{a0} ξ_a + \tfrac N2\sum I_{abcd}\, ξ_a ξ_b S_{cd}
             + (N - E)\hat Q - N \hat Q\,(E V).

The hierarchy of order k keeps degrees 1 … k; cumulants of order k + 1 are set to zero. The factor N − E makes order N
exact for N spins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from squeezebench.pauli import pauli_tables

from .series import PAIRS, series

if TYPE_CHECKING:
    from squeezebench import SpinModel

__all__ = ["Equations", "equations"]

Array = NDArray[np.float64]
Ints = NDArray[np.int64]


class Equations(NamedTuple):
    """What the right-hand side reads; tables without their zeros, as (indices, value) lists.

    Attributes
    ----------
    N : float
        Number of spins.
    n_low, n_inner : int
        Monomials of degree up to k − 1 and k − 2.
    exponents (M, 3), degree (M,), up (L, 3), start, left, right, outer_start, outer_left, outer_right : ndarray
        See `Series`.
    pairs : ndarray (p, 3)
        The pairs (c, d) that any table needs, and their number in `PAIRS`.
    single_at (t, 2), single : ndarray
        T_ac as (a, c) and value.
    constant : ndarray (3,)
        T_a0.
    inner_at (t, 3), inner : ndarray
        N/2 × I_abcd, summed over both orders of (a, b) and of (c, d), as (a, b, pair) and value.
    edge_at (t, 3), edge : ndarray
        The same for one identity, as (a, b, c) and value.
    source : ndarray (M,)
        The same for two identities: a constant of the equations.
    outer_at (t, 2), outer : ndarray
        O_acd summed over both orders of (c, d), as (a, pair) and value.
    """

    N: float
    n_low: int
    n_inner: int
    exponents: Array
    degree: Array
    up: Ints
    start: Ints
    left: Ints
    right: Ints
    outer_start: Ints
    outer_left: Ints
    outer_right: Ints
    pairs: Ints
    single_at: Ints
    single: Array
    constant: Array
    inner_at: Ints
    inner: Array
    edge_at: Ints
    edge: Array
    source: Array
    outer_at: Ints
    outer: Array


def equations(model: SpinModel, order: int) -> Equations:
    """Hierarchy of `model` at the given order.

    Parameters
    ----------
    model : SpinModel
        Any.
    order : int
        At least 1; from N on the equations are exact, and beyond N the surplus cumulants mean nothing.
    """
    N = model.N
    layout = series(order)
    tables = pauli_tables(model)
    inner: dict[tuple[int, int, int], float] = {}
    edge: dict[tuple[int, int, int], float] = {}
    outer: dict[tuple[int, int], float] = {}
    source = np.zeros(len(layout.degree))
    for p, (c, d) in enumerate(PAIRS):
        both = 1 if c == d else 2
        for a in range(3):
            outer[a, p] = both * tables.outside[a, c + 1, d + 1]
    for a, b in PAIRS if order >= 2 else ():
        weight = N / 2 * (1 if a == b else 2)
        for p, (c, d) in enumerate(PAIRS):
            inner[a, b, p] = weight * (1 if c == d else 2) * tables.inside[a, b, c + 1, d + 1]
        for c in range(3):
            edge[a, b, c] = weight * 2 * tables.inside[a, b, c + 1, 0]
        source[layout.up[layout.up[0, a], b]] = weight * tables.inside[a, b, 0, 0]
    single = {(a, c): tables.single[a, c + 1] for a in range(3) for c in range(3)}
    outer_at, outer_values = _entries(outer, 2)
    inner_at, inner_values = _entries(inner, 3)
    used = sorted({int(p) for p in outer_at[:, 1]} | {int(p) for p in inner_at[:, 2]})
    return Equations(
        float(N),
        layout.n_low,
        layout.n_inner,
        layout.exponents.astype(np.float64),
        layout.degree.astype(np.float64),
        layout.up,
        layout.start,
        layout.left,
        layout.right,
        layout.outer_start,
        layout.outer_left,
        layout.outer_right,
        np.array([(*PAIRS[p], p) for p in used], dtype=np.int64).reshape(-1, 3),
        *_entries(single, 2),
        np.ascontiguousarray(tables.single[:, 0]),
        inner_at,
        inner_values,
        *_entries(edge, 3),
        source,
        outer_at,
        outer_values,
    )


def _entries(
    table: dict[tuple[int, ...], float] | dict[tuple[int, int], float] | dict[tuple[int, int, int], float], width: int
) -> tuple[Ints, Array]:
    """Non-zero entries as index rows (t, width) and values (t,)."""
    kept = [(at, value) for at, value in table.items() if value != 0]
    rows = np.array([at for at, _ in kept], dtype=np.int64).reshape(-1, width)
    return rows, np.array([value for _, value in kept], dtype=np.float64)
