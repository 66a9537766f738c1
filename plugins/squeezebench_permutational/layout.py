"""Where the numbers of a state stand: one real array for all Dicke blocks.

A Hermitian block P = Re P + i Im P has a symmetric real and an antisymmetric imaginary part, so that the real matrix
X = Re P + Im P holds all of it: Re P = (X + Xᵀ)/2 and Im P = (X − Xᵀ)/2. P is weighted by the probability of the
multiplets of J, Σ_J Tr P_J = 1: multiplicities, which overflow, never appear.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from squeezebench.angular import Block, spin_values

__all__ = ["PAD", "Layout", "PopulationLayout", "aligned_zeros", "block_entries"]

Array = NDArray[np.float64]
Matrix = NDArray[np.complex128]

#: Zeros before the first and after the last block: a stencil reads up to two places beyond a row, with coefficient 0.
PAD = 8


def aligned_zeros(size: int) -> Array:
    """Zeros that begin at a multiple of 64 bytes: a vector of the processor then never straddles two cache lines."""
    padded = np.zeros(size + 8)
    first = (-padded.ctypes.data // 8) % 8
    return padded[first : first + size]


def block_entries(N: int, spins: Sequence[float] | None = None) -> int:
    """Real numbers that the blocks hold: Σ(2J+1)², over all J of N spins unless `spins` are given."""
    if spins is None:
        return (N + 1) * (N + 2) * (N + 3) // 6
    return sum(round(2 * J + 1) ** 2 for J in spins)


class Layout:
    """Offsets of blocks in flat arrays.

    Parameters
    ----------
    N : int
        Number of spins.
    spins : sequence of float
        J of the blocks, largest first, each 1 below the one before where they are neighbours.
    depth : int, optional
        Most rows that a block keeps, from M = −J upwards; all of them unless it is given.

    Attributes
    ----------
    sizes : ndarray (B,)
        2J + 1, or `depth` if that is less.
    firsts : ndarray (B,)
        Place of a block's first entry in a state array; a block stands row by row, M = −J, −J + 1, ….
    rows : ndarray (B + 1,)
        Place of a block's first row in arrays with an entry for each row, and at the end their number R.
    above, below : ndarray (B,)
        Index of the block of J + 1 and of J − 1, or −1.
    size : int
        Length of a state array, padding included.
    """

    def __init__(self, N: int, spins: Sequence[float], depth: int | None = None) -> None:
        self.N = N
        self.spins = list(spins)
        self.depth = depth
        self.sizes = np.array([round(2 * J) + 1 for J in self.spins], dtype=np.int64)
        if depth is not None:
            self.sizes = np.minimum(self.sizes, depth)
        edges = PAD + np.concatenate([[0], np.cumsum(self.sizes**2)])
        self.firsts = edges[:-1].astype(np.int64)
        self.size = int(edges[-1]) + PAD
        self.rows = np.concatenate([[0], np.cumsum(self.sizes)]).astype(np.int64)
        index = {J: b for b, J in enumerate(self.spins)}
        self.above = np.array([index.get(J + 1, -1) for J in self.spins], dtype=np.int64)
        self.below = np.array([index.get(J - 1, -1) for J in self.spins], dtype=np.int64)

    @classmethod
    def complete(cls, N: int) -> Layout:
        """All J of N spins."""
        return cls(N, spin_values(N))

    @property
    def J_of_row(self) -> Array:
        """J at each row, shape (R,)."""
        return np.repeat(np.array(self.spins), self.sizes)

    @property
    def M_of_row(self) -> Array:
        """M at each row, shape (R,)."""
        return np.concatenate([np.arange(size) - J for J, size in zip(self.spins, self.sizes, strict=True)])

    def with_spins(self, spins: Sequence[float]) -> Layout:
        """A layout of the same kind for other J."""
        return type(self)(self.N, spins, self.depth)

    def numbers_of(self, spins: Sequence[float]) -> float:
        """Numbers that blocks of these J hold."""
        return float(sum(min(round(2 * J) + 1, self.depth or 2**62) ** 2 for J in spins))

    def zeros(self) -> Array:
        """State array of nothing."""
        return aligned_zeros(self.size)

    def weights(self, x: Array) -> Array:
        """Probability of each J, shape (B,)."""
        diagonals = zip(self.firsts.tolist(), self.sizes.tolist(), strict=True)
        return np.array([x[first : first + n * n : n + 1].sum() for first, n in diagonals])

    def moved(self, x: Array, layout: Layout) -> Array:
        """State array in another layout of this kind; what has no place there is lost."""
        new = layout.zeros()
        place = {J: b for b, J in enumerate(self.spins)}
        for b, J in enumerate(layout.spins):
            if J in place:
                n = min(int(layout.sizes[b]), int(self.sizes[place[J]]))
                layout.block(new, b)[:n, :n] = self.block(x, place[J])[:n, :n]
        return new

    def block(self, x: Array, b: int) -> Array:
        """View (2J+1, 2J+1) of block `b` of the state array `x`."""
        size = int(self.sizes[b])
        first = int(self.firsts[b])
        return x[first : first + size * size].reshape(size, size)

    def pack(self, blocks: Iterable[Block], angle: float = 0.0) -> Array:
        """State array of U ρ U†, U = exp(−i·angle·J_z).

        Parameters
        ----------
        blocks : iterable of (J, weight, matrix)
            Blocks of ρ whose J are in the layout.
        angle : float
            Radians.
        """
        x = np.zeros(self.size)
        index = {J: b for b, J in enumerate(self.spins)}
        for J, weight, matrix in blocks:
            turned = _turned(matrix, angle)
            self.block(x, index[J])[...] = weight * (turned.real + turned.imag)
        return x

    def unpack(self, x: Array, b: int, angle: float = 0.0) -> Matrix:
        """Weighted block `b` of U† ρ U, U = exp(−i·angle·J_z), complex (2J+1, 2J+1)."""
        block = self.block(x, b)
        return _turned(np.asarray(0.5 * (block + block.T) + 0.5j * (block - block.T)), -angle)


def _turned(matrix: Matrix, angle: float) -> Matrix:
    """exp(−i·angle·(M − M')) times each entry; exact for quarter turns, whose powers of i are taken as such."""
    if angle == 0:
        return matrix
    size = len(matrix)
    quarters = angle / (math.pi / 2)
    if quarters == round(quarters):
        phase = np.array([1, -1j, -1, 1j])[(np.arange(size) * round(quarters)) % 4]
    else:
        phase = np.exp(-1j * angle * np.arange(size))
    return np.asarray(phase[:, None] * matrix * phase.conj()[None, :])


class PopulationLayout(Layout):
    """Offsets of populations: one number for each row, without padding."""

    def __init__(self, N: int, spins: Sequence[float], depth: int | None = None) -> None:
        super().__init__(N, spins, depth)
        self.size = int(self.rows[-1])

    def numbers_of(self, spins: Sequence[float]) -> float:
        """Numbers that populations of these J are."""
        return float(sum(round(2 * J) + 1 for J in spins))

    def weights(self, x: Array) -> Array:
        """Probability of each J, shape (B,)."""
        return np.add.reduceat(x, self.rows[:-1])

    def moved(self, x: Array, layout: Layout) -> Array:
        """State array in another layout of this kind; what has no place there is lost."""
        new = layout.zeros()
        place = {J: b for b, J in enumerate(self.spins)}
        for b, J in enumerate(layout.spins):
            if J in place:
                o = place[J]
                new[layout.rows[b] : layout.rows[b + 1]] = x[self.rows[o] : self.rows[o + 1]]
        return new
