"""States as multipoles of each J: where the numbers stand."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .layout import aligned_zeros

__all__ = ["MultipoleLayout", "moment_scales"]

Array = NDArray[np.float64]


class MultipoleLayout:
    """Offsets of coefficients in flat arrays.

    c(J, k, q) for q ≥ 0 only, because the others follow from that P_J is Hermitian: first the real parts of all (k, q)
    in the order of k(k + 1)/2 + q, each a row over J, then the imaginary parts.

    Parameters
    ----------
    N : int
        Number of spins.
    spins : sequence of float
        J, largest first, neighbours 1 apart.
    K : int
        Largest k; at least 2, from which moments are read.
    planes : {1, 2}
        Without or with imaginary parts.
    tops : ndarray (n_J,), optional
        Largest k of each J, at most 2J; K unless given. For each k a range of J without gaps is kept.

    Attributes
    ----------
    ranges : ndarray (K + 1, 2)
        Places of each k in a row that are kept, multiples of 8.
    rows, stride, plane, size : int
        (K + 1)(K + 2)/2; numbers of a row, padding included; of a plane; and of all.
    """

    def __init__(
        self, N: int, spins: Sequence[float], K: int, planes: int = 2, tops: NDArray[np.int64] | None = None
    ) -> None:
        self.N, self.spins, self.K, self.planes = N, list(spins), max(int(K), 2), planes
        self.rows = (self.K + 1) * (self.K + 2) // 2
        self.stride = (len(self.spins) + 2 + 7) // 8 * 8
        self.plane = self.rows * self.stride
        self.size = planes * self.plane
        most = np.maximum(2 * np.array(self.spins), 2)
        self.tops = np.minimum(most if tops is None else np.minimum(tops, most), self.K).astype(np.int64)
        self.ranges = np.array([self._range(k) for k in range(self.K + 1)], dtype=np.uint64)

    def _range(self, k: int) -> tuple[int, int]:
        """Places from the first to the last J that reaches k and their neighbours, widened to multiples of 8.

        A place is fed by its neighbours; the kernel leaves out what would come from beyond the range.
        """
        reaching = np.nonzero(self.tops >= k)[0]
        if not len(reaching):
            return 0, 0
        return int(reaching[0]) // 8 * 8, min((int(reaching[-1]) + 3 + 7) // 8 * 8, self.stride)

    @property
    def numbers(self) -> int:
        """Numbers that are computed, without padding of rows."""
        widths = np.minimum(self.ranges[:, 1] - self.ranges[:, 0], len(self.spins)).astype(np.int64)
        return int(self.planes * np.sum(np.arange(1, self.K + 2) * widths))

    def with_spins(self, spins: Sequence[float]) -> MultipoleLayout:
        """A layout of the same kind for other J."""
        return MultipoleLayout(self.N, spins, self.K, self.planes)

    def with_tops(self, tops: NDArray[np.int64]) -> MultipoleLayout:
        """A layout of the same kind for other k."""
        return MultipoleLayout(self.N, self.spins, int(tops.max()), self.planes, tops)

    def numbers_of(self, spins: Sequence[float]) -> float:
        """Numbers that multipoles of these J are."""
        return float(self.planes * self.rows * len(spins))

    def zeros(self) -> Array:
        """State array of nothing."""
        return aligned_zeros(self.size)

    def view(self, x: Array) -> Array:
        """View (planes, rows, n_J) of a state array."""
        return x.reshape(self.planes, self.rows, self.stride)[:, :, 1 : 1 + len(self.spins)]

    def weights(self, x: Array) -> Array:
        """Probability of each J, shape (n_J,)."""
        return np.asarray(self.view(x)[0, 0] * np.sqrt(2 * np.array(self.spins) + 1))

    def shells(self, x: Array) -> Array:
        """Norm of the coefficients of each k and J, shape (K + 1, n_J)."""
        from .multipole_kernels import shell_weights

        out = np.empty((self.K + 1, self.stride))
        shell_weights(x, self.planes, self.plane, self.stride, out)
        return np.sqrt(out[:, 1 : 1 + len(self.spins)])

    def cut(self, x: Array) -> None:
        """Set to zero what is not kept."""
        shaped = x.reshape(self.planes, self.rows, self.stride)
        for k, (low, high) in enumerate(self.ranges.tolist()):
            rows = slice(k * (k + 1) // 2, (k + 1) * (k + 2) // 2)
            shaped[:, rows, :low] = 0.0
            shaped[:, rows, high:] = 0.0

    def moved(self, x: Array, layout: MultipoleLayout) -> Array:
        """State array in another layout of the same kind; what has no place there is lost."""
        new = aligned_zeros(layout.size)
        old = {J: i for i, J in enumerate(self.spins)}
        kept = [(i, old[J]) for i, J in enumerate(layout.spins) if J in old]
        if kept:
            rows, planes = min(self.rows, layout.rows), min(self.planes, layout.planes)
            first, count = kept[0], len(kept)
            source = self.view(x)[:planes, :rows, first[1] : first[1] + count]
            layout.view(new)[:planes, :rows, first[0] : first[0] + count] = source
            layout.cut(new)
        return new


def moment_scales(J: Array) -> Array:
    """Factors of `multipole_kernels.multipole_moments`, shape (6, n_J)."""
    n = 2 * J + 1
    first = np.sqrt(n * (n * n - 1) / 12)
    second = np.sqrt(np.maximum(n * (n * n - 1) * (n * n - 4) / 180, 0.0))
    # T_20 = (3J_z² − J(J + 1))/norm with norm² = n(n² − 1)(n² − 4)/20.
    norm = 3 * second
    return np.array([J * (J + 1), np.sqrt(n), first, -math.sqrt(2) * first, norm / 3, -norm / math.sqrt(6)])
