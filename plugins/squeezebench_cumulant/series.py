r"""Truncated power series in three variables: how the cumulants of one order are laid out and multiplied.

A hierarchy of order k is the polynomial :math:`V(\xi) = \sum_{1\le|n|\le k} v_n \xi^n`, its coefficients in the order
of `monomials`: by degree, then x before y before z.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["PAIRS", "Series", "monomials", "packed", "series"]

Index = tuple[int, int, int]
Ints = NDArray[np.int64]

#: The pairs (c, d) with c ≤ d, in the order in which the kernels number them.
PAIRS = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))


def monomials(order: int) -> list[Index]:
    """Exponents of degree 0 … `order`, by degree; (0, 0, 0) first."""
    return [
        (a, b, degree - a - b)
        for degree in range(order + 1)
        for a in range(degree, -1, -1)
        for b in range(degree - a, -1, -1)
    ]


@dataclass(frozen=True)
class Series:
    """Index tables of one order k.

    There are M monomials of degree 0 … k and L of degree 0 … k − 1; the unknowns are the n = M − 1 of degree 1 … k.

    Attributes
    ----------
    order : int
        k.
    exponents : ndarray (M, 3)
        Of each monomial.
    degree : ndarray (M,)
        Their sums.
    up : ndarray (L, 3)
        Number of the monomial m·ξ_c.
    n_low, n_inner : int
        Monomials of degree 0 … k − 1 (= L) and 0 … k − 2.
    start : ndarray (L + 1,), left, right : ndarray
        Product of two series up to degree k − 1: coefficient m is the sum over t = start[m] … start[m + 1] − 1 of
        left[t] times right[t].
    outer_start : ndarray (M + 1,), outer_left, outer_right : ndarray
        The same up to degree k, for two series without constant term.
    """

    order: int
    exponents: Ints
    degree: Ints
    up: Ints
    n_low: int
    n_inner: int
    start: Ints
    left: Ints
    right: Ints
    outer_start: Ints
    outer_left: Ints
    outer_right: Ints


@lru_cache(maxsize=32)
def series(order: int) -> Series:
    """Tables of the given order; built once."""
    listed = monomials(order)
    number = {m: i for i, m in enumerate(listed)}
    exponents = np.array(listed, dtype=np.int64)
    n_low = len(monomials(order - 1))
    n_inner = len(monomials(order - 2)) if order >= 2 else 0
    up = np.array([[number[_raised(m, c)] for c in range(3)] for m in listed[:n_low]], dtype=np.int64)
    start, left, right = _products(listed[:n_low], number, lowest=0)
    outer_start, outer_left, outer_right = _products(listed, number, lowest=1)
    return Series(
        order=order,
        exponents=exponents,
        degree=exponents.sum(axis=1),
        up=up,
        n_low=n_low,
        n_inner=n_inner,
        start=start,
        left=left,
        right=right,
        outer_start=outer_start,
        outer_left=outer_left,
        outer_right=outer_right,
    )


def packed(sizes: tuple[int, ...], parts: tuple[Ints, ...]) -> Ints:
    """One array of numbers and arrays: the sizes, where each part starts and the last one ends, the parts.

    Parameters
    ----------
    sizes : tuple of int
        Any numbers.
    parts : tuple of ndarray
        Of any shape.
    """
    header = len(sizes) + len(parts) + 1
    bounds = header + np.cumsum([0, *(part.size for part in parts)])
    return np.concatenate((np.array(sizes), bounds, *(part.ravel() for part in parts)))


def _raised(m: Index, c: int) -> Index:
    values = list(m)
    values[c] += 1
    return values[0], values[1], values[2]


def _products(targets: list[Index], number: dict[Index, int], lowest: int) -> tuple[Ints, Ints, Ints]:
    """All ways to write each target as a product of two monomials of at least degree `lowest`."""
    start, left, right = [0], [], []
    for x, y, z in targets:
        for a in range(x + 1):
            for b in range(y + 1):
                for c in range(z + 1):
                    if a + b + c >= lowest and x + y + z - a - b - c >= lowest:
                        left.append(number[a, b, c])
                        right.append(number[x - a, y - b, z - c])
        start.append(len(left))
    return tuple(np.array(part, dtype=np.int64) for part in (start, left, right))  # type: ignore[return-value]
