"""Where the entries of the J blocks stand: in one vector, and in PIQS's matrices over all Dicke states."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from squeezebench import Rotation
from squeezebench.angular import Block, spin_values

__all__ = ["Layout", "spin_matrices"]


def spin_matrices(J: float) -> list[Any]:
    """(J_x, J_y, J_z) of one multiplet, sparse (2J+1, 2J+1), basis M = −J … J."""
    from scipy import sparse

    size = round(2 * J) + 1
    m = np.arange(size) - J
    if size == 1:
        return [sparse.csr_array((1, 1), dtype=np.complex128)] * 3
    up = sparse.diags_array(np.sqrt((J - m[:-1]) * (J + m[:-1] + 1)), offsets=-1, shape=(size, size))
    matrices = ((up + up.T) / 2, (up - up.T) / 2j, sparse.diags_array(m))
    return [sparse.csr_array(matrix, dtype=np.complex128) for matrix in matrices]


class Layout:
    """The entries ⟨J, M|ρ|J, M'⟩ as one vector: blocks one after the other, each by columns, M = −J … J.

    Parameters
    ----------
    N : int
        Number of spins.
    spins : sequence of float
        The J whose blocks the vector holds, largest first.

    Attributes
    ----------
    size : int
        Number of entries, Σ(2J+1)².
    """

    def __init__(self, N: int, spins: Sequence[float]) -> None:
        self.N = N
        self.spins = list(spins)
        sizes = [round(2 * J) + 1 for J in self.spins]
        self._edges = np.concatenate([[0], np.cumsum(np.square(sizes))]).tolist()
        self.size = int(self._edges[-1])

    def _blocks(self, vector: NDArray[np.complex128]) -> Iterable[tuple[float, NDArray[np.complex128]]]:
        """(J, view of its block, shape (2J+1, 2J+1)) for every block of `vector`."""
        for J, first, last in zip(self.spins, self._edges, self._edges[1:], strict=False):
            size = round(2 * J) + 1
            yield J, vector[first:last].reshape((size, size), order="F")

    def vector(self, blocks: Iterable[Block]) -> NDArray[np.complex128]:
        """Vector (size,) of a state's blocks, each times its weight."""
        given = {J: weight * matrix for J, weight, matrix in blocks}
        result = np.zeros(self.size, dtype=np.complex128)
        for J, block in self._blocks(result):
            if J in given:
                block[...] = given[J]
        return result

    def rotated(self, vector: NDArray[np.complex128], rotation: Rotation) -> NDArray[np.complex128]:
        """Vector of UρU†, U = exp(−i·angle·n·J)."""
        result = vector.copy()
        for J, block in self._blocks(result):
            generator = sum(n * j for n, j in zip(rotation.axis, spin_matrices(J), strict=True)).toarray()
            values, vectors = np.linalg.eigh(generator)
            unitary = (vectors * np.exp(-1j * rotation.angle * values)) @ vectors.conj().T
            block[...] = unitary @ block @ unitary.conj().T
        return result

    @cached_property
    def positions(self) -> NDArray[np.int64]:
        """Place of each entry in a matrix over all of PIQS's Dicke states, stacked by columns; shape (size,)."""
        states = (self.N // 2 + 1) * (self.N // 2 + 1 + self.N % 2)
        firsts, first = {}, 0
        for J in spin_values(self.N):
            firsts[J] = first
            first += round(2 * J) + 1
        parts = []
        for J in self.spins:
            size = round(2 * J) + 1
            place = firsts[J] + size - 1 - np.arange(size)  # PIQS counts M downwards
            parts.append((place[None, :] + states * place[:, None]).ravel())
        return np.concatenate(parts)

    @cached_property
    def functionals(self) -> Any:
        """Sparse (10, size): Tr ρ, ⟨J_a⟩ and ½⟨J_aJ_b + J_bJ_a⟩ for (a, b) = xx, xy, xz, yy, yz, zz of a vector."""
        from scipy import sparse

        columns = []
        for J in self.spins:
            spin = spin_matrices(J)
            products = [(spin[a] @ spin[b] + spin[b] @ spin[a]) / 2 for a in range(3) for b in range(a, 3)]
            operators = [sparse.eye_array(round(2 * J) + 1, format="csr"), *spin, *products]
            # Tr(Oρ) = Σ O_ji ρ_ij: O stacked by rows meets ρ stacked by columns.
            rows = [sparse.coo_array(operator).reshape((1, -1)) for operator in operators]
            columns.append(sparse.vstack(rows))
        return sparse.hstack(columns, format="csr")

    def moments(self, vector: NDArray[np.complex128]) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
        """(⟨J⟩ (3,), covariance (3, 3), trace) of a vector, the moments those of the state of trace 1."""
        values = (self.functionals @ vector).real
        trace = float(values[0])
        spin = values[1:4] / trace
        second = np.empty((3, 3))
        upper = np.triu_indices(3)
        second[upper] = second.T[upper] = values[4:] / trace
        return spin, second - np.outer(spin, spin), trace
