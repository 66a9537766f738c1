"""Which times of two results count, and how far apart they are there."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .view import View

__all__ = ["MAX_XI2", "MIN_CONTRAST", "common_rows", "counting", "deviation", "unit", "worst_first"]

#: ξ² is compared only where |⟨J⟩| exceeds this fraction of N/2: below, it is a ratio of two small numbers.
MIN_CONTRAST = 0.05
#: and where one of the two is below this: in the normal phase ξ² is 10² to 10³ and says nothing about squeezing.
MAX_XI2 = 1.5

Array = NDArray[np.float64]


def common_rows(a: Array, b: Array) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Indices of the times that both have, equal to round-off."""
    if a.shape == b.shape and (a == b).all():
        rows = np.arange(len(a))
        return rows, rows
    nearest = np.clip(np.searchsorted(b, a * (1 - 1e-12)), 0, len(b) - 1)
    with np.errstate(invalid="ignore"):  # inf - inf: the steady state's time
        same = (b[nearest] == a) | (np.abs(b[nearest] - a) <= 1e-12 * np.abs(a))
    return np.flatnonzero(same), nearest[same]


def counting(
    a: View, b: View, observable: str, rows_a: NDArray[np.intp], rows_b: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """Whether each common time counts for this observable (`MIN_CONTRAST`, `MAX_XI2`)."""
    one, two = a.values[observable][rows_a], b.values[observable][rows_b]
    axes = tuple(range(1, one.ndim))
    finite = np.isfinite(one).all(axis=axes) & np.isfinite(two).all(axis=axes)
    if observable != "xi2":
        return np.asarray(finite)
    half = a.N / 2
    lengths = [np.linalg.norm(v.values["spin"][rows], axis=-1) for v, rows in ((a, rows_a), (b, rows_b))]
    with np.errstate(invalid="ignore"):
        polarised = (lengths[0] > MIN_CONTRAST * half) & (lengths[1] > MIN_CONTRAST * half)
        squeezed = (one < MAX_XI2) | (two < MAX_XI2)
    return np.asarray(finite & polarised & squeezed)


def unit(observable: str, N: float) -> float:
    """What deviations of this observable are measured in; 1 for ξ², whose deviations are relative."""
    return {"spin": N / 2, "covariance": N**2 / 4, "n_eff": N, "xi2": 1.0}[observable]


def worst_first(values: Array) -> Array:
    """Largest entry at each time, shape (T,)."""
    return np.asarray(np.abs(values).reshape(len(values), -1).max(axis=1))


def deviation(a: View, b: View, observable: str, rows_a: NDArray[np.intp], rows_b: NDArray[np.intp]) -> Array:
    """Deviation at each common time: relative to `b` for ξ², in the observable's unit otherwise, shape (T,)."""
    one, two = a.values[observable][rows_a], b.values[observable][rows_b]
    if observable == "xi2":
        return np.asarray(np.abs(one - two) / np.maximum(np.abs(two), 1e-300))
    return worst_first(one - two) / unit(observable, a.N)
