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

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from squeezebench.pauli import pauli_tables

from .coefficients import PLACES, flat_coefficients, is_named
from .series import PAIRS, packed, series

if TYPE_CHECKING:
    from squeezebench import SpinModel

__all__ = ["ANY_ORDER", "GENERAL", "NAMED", "Equations", "code_of", "equations", "with_coefficients"]

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Which code takes the right-hand side: loops, or the generated one for any model or for named couplings.
ANY_ORDER, GENERAL, NAMED = 0, 1, 2
#: Largest order that has generated code, for each kind of model.
_GENERATED = {GENERAL: 3, NAMED: 4}


class Equations(NamedTuple):
    """What the right-hand side reads, in few arrays, because numba passes each on as seven numbers.

    Attributes
    ----------
    order : int
        k.
    code : int
        `ANY_ORDER`, `GENERAL` or `NAMED`.
    coefficients : ndarray (91,)
        The model's numbers, in the order of `coefficients.PLACES`.
    indices : ndarray
        Parts in one array as `series.packed` has them: the sizes M, L and `n_inner`; then `exponents`, `degree`, `up`,
        `start`, `left`, `right`, `outer_start`, `outer_left`, `outer_right` of `Series`; then the non-zero terms of
        the equation, rows of four: the products S_cd that are needed as (c, d, pair, 0), T_ac as (a, c, 0, place),
        I_abcd as (a, b, pair, place), the same with one identity as (a, b, c, place), and O_acd as (a, pair, 0, place).
        Pairs are numbered as in `PAIRS`; a place is that of the coefficient.
    """

    order: int
    code: int
    coefficients: Array
    indices: Ints


def equations(model: SpinModel, order: int) -> Equations:
    """Hierarchy of `model` at the given order.

    Parameters
    ----------
    model : SpinModel
        Any.
    order : int
        At least 1; from N on the equations are exact, and beyond N the surplus cumulants mean nothing.
    """
    return with_coefficients(flat_coefficients(pauli_tables(model), model.N), order)


def with_coefficients(coefficients: Array, order: int) -> Equations:
    """Hierarchy of a model whose coefficients are known.

    Parameters
    ----------
    coefficients : ndarray (91,)
        From `coefficients.flat_coefficients`.
    order : int
        As in `equations`.
    """
    code = code_of(coefficients, order)
    kinds = [kind[coefficients[kind[:, 3]] != 0] for kind in _all_terms(order)]
    pairs = sorted({*kinds[1][:, 2].tolist(), *kinds[3][:, 1].tolist()})
    products = np.array([(*PAIRS[p], p, 0) for p in pairs], dtype=np.int64).reshape(-1, 4)
    return Equations(order, code, coefficients, packed(_sizes(order), (*_layout(order), products, *kinds)))


def code_of(coefficients: Array, order: int) -> int:
    """Which code takes the right-hand side of a model: `ANY_ORDER`, `GENERAL` or `NAMED`."""
    code = NAMED if is_named(coefficients) else GENERAL
    return code if order <= _GENERATED[code] else ANY_ORDER


def _sizes(order: int) -> tuple[int, int, int]:
    table = series(order)
    return len(table.degree), table.n_low, table.n_inner


def _layout(order: int) -> tuple[Ints, ...]:
    s = series(order)
    products = (s.start, s.left, s.right, s.outer_start, s.outer_left, s.outer_right)
    return s.exponents, s.degree, s.up, *products


@lru_cache(maxsize=32)
def _all_terms(order: int) -> tuple[Ints, Ints, Ints, Ints]:
    """Rows of `Equations.terms` that a model can have: T, I, I with one identity, O."""
    axes = range(3)
    pairs = range(len(PAIRS))
    inner = PAIRS if order >= 2 else ()
    rows: tuple[list[tuple[int, int, int, int]], ...] = (
        [(a, c, 0, PLACES["t_xx"] + 3 * a + c) for a in axes for c in axes],
        [(*PAIRS[i], p, PLACES["i_xx_xx"] + 6 * i + p) for i in range(len(inner)) for p in pairs],
        [(*PAIRS[i], c, PLACES["e_xx_x"] + 3 * i + c) for i in range(len(inner)) for c in axes],
        [(a, p, 0, PLACES["o_x_xx"] + 6 * a + p) for a in axes for p in pairs],
    )
    single, both, one, outside = (np.array(kind, dtype=np.int64).reshape(-1, 4) for kind in rows)
    return single, both, one, outside
