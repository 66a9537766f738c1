"""Trajectories put together into at most 1024 blocks, by a tree that does not depend on how they arrived.

Blocks hold 2^k trajectories of neighbouring indices. A block of twice the size is always made of its two halves, so
that moments are bitwise the same whether trajectories came in one batch or in many, and whether a run was extended.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

import squeezebench as sb

__all__ = ["Blocks", "covariance_matrices"]

Array = NDArray[np.float64]

_MOST = 1024
_PAIRS = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))


class Blocks:
    """Moments of blocks, filled in the order of the trajectories' indices.

    Parameters
    ----------
    times : int
        T.
    size : int
        Trajectories in a block, a power of two; doubled whenever there are more than 1024 blocks.
    """

    def __init__(self, times: int, size: int = 1) -> None:
        self.size = size
        self.weight: Array = np.zeros((0, times))
        self.values: Array = np.zeros((0, times, 9))
        self.count: NDArray[np.int64] = np.zeros(0, np.int64)
        self.index0: NDArray[np.int64] = np.zeros(0, np.int64)

    def add(self, index0: int, values: Array, finished: NDArray[np.bool_], weight: Array | None = None) -> None:
        """Take in trajectories index0, index0 + 1, …; `index0` is a multiple of the block's size.

        Parameters
        ----------
        values : ndarray (n, T, 9)
            Mean spin and covariances.
        finished : ndarray (n,)
            Which of them count.
        weight : ndarray (n, T), optional
            Their weights; 1 by default.
        """
        assert index0 % self.size == 0, (index0, self.size)
        kept = np.flatnonzero(finished)
        w = np.ones(values.shape[:2]) if weight is None else weight
        w, v = w[kept], values[kept]
        count, places = np.ones(len(kept), np.int64), index0 + kept
        size = 1
        while size < self.size:
            size *= 2
            w, v, count, places = _halved(w, v, count, places, size)
        self.weight, self.values = np.concatenate([self.weight, w]), np.concatenate([self.values, v])
        self.count, self.index0 = np.concatenate([self.count, count]), np.concatenate([self.index0, places])
        while len(self.count) > _MOST:
            self.size *= 2
            self.weight, self.values, self.count, self.index0 = _halved(
                self.weight, self.values, self.count, self.index0, self.size
            )

    @property
    def total(self) -> int:
        """Trajectories so far."""
        return int(self.count.sum())

    def samples(self) -> sb.Samples:
        """The blocks as the framework pools them."""
        return sb.Samples(
            weight=self.weight.copy(),
            spin=self.values[..., :3].copy(),
            covariance=covariance_matrices(self.values),
            count=self.count.copy(),
            index0=self.index0.copy(),
        )


def covariance_matrices(values: Array) -> Array:
    """Covariances (…, 3, 3) of numbers (…, 9)."""
    result = np.empty((*values.shape[:-1], 3, 3))
    for place, (a, b) in enumerate(_PAIRS):
        result[..., a, b] = result[..., b, a] = values[..., 3 + place]
    return result


def _halved(
    weight: Array, values: Array, count: NDArray[np.int64], places: NDArray[np.int64], size: int
) -> tuple[Array, Array, NDArray[np.int64], NDArray[np.int64]]:
    """Blocks of `size` from those of half that size: two that share one are put together, others stay."""
    home = places // size
    second = np.zeros(len(places), dtype=np.bool_)
    second[1:] = home[1:] == home[:-1]
    first = ~second
    has_partner = np.zeros(len(places), dtype=np.bool_)
    has_partner[:-1] = second[1:]
    out_w, out_v, out_c, out_p = weight[first].copy(), values[first].copy(), count[first].copy(), places[first].copy()
    left = np.flatnonzero(has_partner)
    right = left + 1
    target = (np.cumsum(first) - 1)[left]
    a, b = weight[left], weight[right]
    both = a + b
    with np.errstate(divide="ignore", invalid="ignore"):
        q = np.where(both > 0, b / both, 0.0)[..., None]
    apart = values[right][..., :3] - values[left][..., :3]
    out_v[target] += q * (values[right] - values[left])
    for place, (i, j) in enumerate(_PAIRS):
        out_v[target, :, 3 + place] += (q * (1 - q))[..., 0] * apart[..., i] * apart[..., j]
    out_w[target], out_c[target] = both, count[left] + count[right]
    return out_w, out_v, out_c, out_p
