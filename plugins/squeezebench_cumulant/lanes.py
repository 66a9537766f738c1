"""Right-hand sides for blocks of points: the loops that serve any order, and which code a batch takes."""

from __future__ import annotations

from importlib import import_module
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from squeezebench.jit import kernel
from squeezebench.lanes.few import FEW, slope_address, steps_address
from squeezebench.lanes.layout import LANES, POINT, ROWS, SLOPE

from .coefficients import PLACES
from .equations import ANY_ORDER, NAMED, Equations
from .kernels import compiled

__all__ = ["LaneCode", "any_order", "lane_code"]

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

# numba resolves plain globals only.
_CONSTANT, _SOURCE = PLACES["t_x"], PLACES["c_xx"]


class LaneCode(NamedTuple):
    """The right-hand side of a batch.

    Attributes
    ----------
    steps, slope : numba functions by their addresses
        See `squeezebench.lanes.drive.drive`.
    places : ndarray (U,)
        Which of the coefficients they read.
    """

    steps: Any
    slope: Any
    places: Ints


def lane_code(equations: Equations, points: int) -> LaneCode:
    """Code for blocks, generated for low orders, else the loops; that for one point where there are few.

    Parameters
    ----------
    equations : Equations
        Of any point of the batch: all have the same order and kind.
    points : int
        How many there are.
    """
    order, code = equations.order, equations.code
    everything = np.arange(len(PLACES))
    if points <= FEW:
        return LaneCode(steps_address(), slope_address(compiled(equations)), everything)
    if code == ANY_ORDER:
        return LaneCode(_generated("any_order"), slope_address(), everything)
    name = "named" if code == NAMED else "general"
    places = getattr(import_module(f".order_{order}_lanes", __package__), name.upper())
    return LaneCode(_generated(f"order_{order}_{name}"), slope_address(), np.array(places, dtype=np.int64))


def _generated(name: str) -> Any:
    """Address of the steps in a generated file."""
    return steps_address(import_module(f".{name}_steps", __package__).steps)


@kernel
def any_order(w: Array, c: Array, indices: Ints) -> None:
    """`kernels.any_order` for the lanes of a block: the same loops, each with one over the lanes inside.

    Parameters
    ----------
    w : ndarray
        Block of `squeezebench.lanes.layout` with M − 1 variables.
    c : ndarray (91 × lanes,)
        All coefficients.
    indices : ndarray
        Of the `Equations`.
    """
    n_all, n_low, n_inner = indices[0], indices[1], indices[2]
    exponents, degree, up = _part(indices, 0), _part(indices, 1), _part(indices, 2)
    start, left, right = _part(indices, 3), _part(indices, 4), _part(indices, 5)
    outer_start, outer_left, outer_right = _part(indices, 6), _part(indices, 7), _part(indices, 8)
    products, single, inner = indices[12], indices[13], indices[14]
    edge, outer, end = indices[15], indices[16], indices[17]
    # Rows of n_all monomials each: V_c (0-2), S_cd (3-8), N Q̂ (9), V̇ (10), E V (11), V (12).
    work = np.zeros((13, n_all, LANES))
    q, rate, weighted, v = work[9], work[10], work[11], work[12]
    for m in range(1, n_all):
        for j in range(LANES):
            v[m, j] = w[((m - 1) * ROWS + POINT) * LANES + j]
            weighted[m, j] = degree[m] * v[m, j]
    for m in range(n_low):
        for a in range(3):
            _add(work[a, m], v[up[3 * m + a]], exponents[3 * m + a] + 1.0)

    for i in range(products, single, 4):
        d = indices[i + 1]
        first, second, product = work[indices[i]], work[d], work[3 + indices[i + 2]]
        for m in range(n_low):
            for t in range(start[m], start[m + 1]):
                _add_product(product[m], first[left[t]], second[right[t]], 1.0)
        for m in range(n_inner):
            _add_product(product[m], c[:LANES], first[up[3 * m + d]], exponents[3 * m + d] + 1.0)

    for a in range(3):
        _add(rate[1 + a], _lanes(c, _CONSTANT + a), 1.0)
    if n_inner > 0:
        for i in range(6):
            _add(rate[4 + i], _lanes(c, _SOURCE + i), 1.0)
    for i in range(single, inner, 4):
        source, value = work[indices[i + 1]], _lanes(c, indices[i + 3])
        for m in range(n_low):
            _add_product(rate[up[3 * m + indices[i]]], source[m], value, 1.0)
    for i in range(outer, end, 4):
        source, value = work[3 + indices[i + 1]], _lanes(c, indices[i + 3])
        for m in range(n_low):
            _add_product(q[up[3 * m + indices[i]]], source[m], value, 1.0)
    for i in range(inner, outer, 4):
        a, b, value = indices[i], indices[i + 1], _lanes(c, indices[i + 3])
        source = work[indices[i + 2] + (3 if i < edge else 0)]
        for m in range(n_inner):
            _add_product(rate[up[3 * up[3 * m + a] + b]], source[m], value, 1.0)

    total = np.empty(LANES)
    for m in range(1, n_all):
        for j in range(LANES):
            total[j] = 0.0
        for t in range(outer_start[m], outer_start[m + 1]):
            _add_product(total, q[outer_left[t]], weighted[outer_right[t]], 1.0)
        for j in range(LANES):
            value = rate[m, j] + (1.0 - degree[m] * c[j]) * q[m, j] - total[j]
            w[((m - 1) * ROWS + SLOPE) * LANES + j] = value


@kernel
def _part(indices: Ints, i: int) -> Ints:
    """Part i of `Equations.indices`."""
    return indices[indices[3 + i] : indices[4 + i]]


@kernel
def _lanes(c: Array, place: int) -> Array:
    """One coefficient of all lanes."""
    return c[place * LANES : (place + 1) * LANES]


@kernel
def _add(target: Array, source: Array, factor: float) -> None:
    """Add factor × source to the target, lane by lane."""
    for j in range(LANES):
        target[j] += factor * source[j]


@kernel
def _add_product(target: Array, first: Array, second: Array, factor: float) -> None:
    """Add factor × first × second to the target, lane by lane."""
    for j in range(LANES):
        target[j] += factor * first[j] * second[j]
