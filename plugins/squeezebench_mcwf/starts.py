"""Where a trajectory starts: one pure state of one multiplet, drawn from the initial state."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import squeezebench as sb
from squeezebench.angular import block_weights, cos, sin

from .operators import PAD
from .rng import uniform

__all__ = ["Start", "capacity", "make_start"]

Array = NDArray[np.float64]

#: Places on each side of a single Dicke state in its first window.
_ROOM = 16


def capacity(N: int) -> int:
    """Length of the arrays that hold any window of N spins, and room for a jump's."""
    return N + 1 + 2 * PAD + 16


@dataclass
class Start:
    """A distribution over pure starts.

    Attributes
    ----------
    spins, edges : ndarray (B,)
        2J of the multiplets, and their cumulative probabilities.
    R : ndarray (3, 3)
        Frame in which the states are given.
    ratio : float
        P(n + 1)/P(n) of the Dicke states |J, M = J − n⟩ along the frame's third axis, or NaN for `blocks`.
    place : int or None
        n, if it is one Dicke state.
    blocks : list of (ndarray, ndarray)
        Cumulative probabilities (k,) and amplitudes (k, 2J + 1) over n, of each multiplet.
    """

    spins: NDArray[np.int64]
    edges: Array
    R: Array
    ratio: float = math.nan
    place: int | None = None
    blocks: list[Any] | None = None

    def draw(self, words: NDArray[np.uint64], whole: NDArray[np.int64], R: Array, x: Array) -> None:
        """Set a trajectory to a start drawn with two numbers of its stream."""
        first, second = uniform(words), uniform(words)
        b = min(int(np.searchsorted(self.edges, first * self.edges[-1], side="right")), len(self.spins) - 1)
        twoJ = int(self.spins[b])
        R[...] = self.R
        x[...] = 0.0
        whole[0], whole[3] = twoJ, 0
        if self.blocks is not None:
            edges, states = self.blocks[b]
            i = min(int(np.searchsorted(edges, second * edges[-1], side="right")), len(edges) - 1)
            whole[1], whole[2] = 0, twoJ + 1
            x[0, PAD : PAD + twoJ + 1] = states[i].real
            x[1, PAD : PAD + twoJ + 1] = states[i].imag
            return
        n = self._dicke(twoJ, second) if self.place is None else self.place
        low = max(0, n - _ROOM)
        whole[1], whole[2] = low, min(twoJ, n + _ROOM) - low + 1
        x[0, PAD + n - low] = 1.0

    def _dicke(self, twoJ: int, u: float) -> int:
        """Draw n with P(n) ∝ ratio^n, by inversion."""
        q = self.ratio
        if q == 0:
            return 0
        if q == 1:
            return min(int(u * (twoJ + 1)), twoJ)
        # 1 − q^(n+1) = u (1 − q^(2J+1))
        total = -math.expm1((twoJ + 1) * math.log(q))
        return min(max(math.ceil(math.log1p(-u * total) / math.log(q)) - 1, 0), twoJ)


def make_start(problem: sb.Problem) -> Start:
    """Distribution of a problem's pure starts."""
    state, N = problem.initial_state, problem.N
    product = state.as_product(N)
    if product is not None:
        # Mixed spins: along their direction the state is diagonal, and falls by the odds of up and down with n.
        weights = [(N / 2, 1.0)] if product.bloch_length == 1 else block_weights(product.dicke_blocks(N))
        ratio = (1 - product.bloch_length) / (1 + product.bloch_length)
        return Start(*_spins(weights), _frame(product.theta, product.phi), ratio=ratio)
    if isinstance(state, sb.DickeState):
        return Start(*_spins([(state.J, 1.0)]), np.eye(3), place=round(state.J - state.M))
    blocks = state.dicke_blocks(N)
    return Start(*_spins(block_weights(blocks)), np.eye(3), blocks=[_eigenstates(matrix) for _, _, matrix in blocks])


def _spins(weights: list[tuple[float, float]]) -> tuple[NDArray[np.int64], Array]:
    spins = np.array([round(2 * J) for J, _ in weights], dtype=np.int64)
    return spins, np.cumsum([weight for _, weight in weights])


def _frame(theta: float, phi: float) -> Array:
    """Axes whose third points along (theta, phi), as columns: R_z(φ) R_y(θ)."""
    c, s, u, v = cos(theta), sin(theta), cos(phi), sin(phi)
    return np.array([[c * u, -v, s * u], [c * v, u, s * v], [-s, 0.0, c]])


def _eigenstates(matrix: NDArray[np.complex128]) -> tuple[Array, NDArray[np.complex128]]:
    """Cumulative probabilities and amplitudes, over n = J − M, of the eigenstates of a block."""
    values, vectors = np.linalg.eigh(matrix)
    kept = values > 1e-14 * values[-1]
    return np.cumsum(values[kept][::-1]), np.ascontiguousarray(vectors[::-1, kept].T[::-1])
