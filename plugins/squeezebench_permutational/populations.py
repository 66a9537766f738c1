"""Populations p(J, M) alone, where the master equation closes on them."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

import squeezebench as sb
from squeezebench.angular import block_weights

from .algebra import PLUS, amplitude, bands, closes_on_populations, spherical, weight
from .layout import Layout

__all__ = ["PopulationGenerator", "is_diagonal", "populations"]

Array = NDArray[np.float64]


def is_diagonal(problem: sb.Problem) -> bool:
    """Whether populations are all there is: of every model, of the rotations and of the start."""
    for step in problem.segments():
        if not closes_on_populations(step.model):
            return False
        if any(rotation.axis[0] or rotation.axis[1] for rotation in step.rotations):
            return False
    state, N = problem.initial_state, problem.N
    product = state.as_product(N)
    if product is not None:
        return product.bloch_length == 0 or not product.bloch_vector()[:2].any()
    if isinstance(state, sb.DickeState):
        return True
    return all(not (matrix - np.diag(np.diag(matrix))).any() for _, _, matrix in state.dicke_blocks(N))


def populations(state: sb.State, layout: Layout) -> Array:
    """p(J, M) of a diagonal state, shape (R,)."""
    result = np.zeros(int(layout.rows[-1]))
    index = {J: b for b, J in enumerate(layout.spins)}
    product = state.as_product(layout.N)
    if product is not None:
        up = math.log((1 + product.bloch_vector()[2]) / 2) if product.bloch_vector()[2] > -1 else -math.inf
        down = math.log((1 - product.bloch_vector()[2]) / 2) if product.bloch_vector()[2] < 1 else -math.inf
        for J, share in block_weights(product.dicke_blocks(layout.N)):
            k = np.arange(round(2 * J) + 1)
            # 0 · log 0 = 0: a state with no spin down has no factor for it.
            logs = np.where(k > 0, k * up if math.isfinite(up) else -np.inf, 0.0) + np.where(
                k < k[-1], k[::-1] * down if math.isfinite(down) else -np.inf, 0.0
            )
            p = np.exp(logs - logs.max())
            first = int(layout.rows[index[J]])
            result[first : first + len(k)] = share * p / p.sum()
        return result
    for J, share, matrix in state.dicke_blocks(layout.N):
        first = int(layout.rows[index[J]])
        result[first : first + len(matrix)] = share * np.diag(matrix).real
    return result


class PopulationGenerator:
    """ṗ(J, M) = Σ rates from (J − Δ, M − p) − loss.

    Parameters
    ----------
    model : SpinModel
        For which `closes_on_populations` holds.
    layout : Layout
        The values of J; what leaves them is lost.
    """

    def __init__(self, model: sb.SpinModel, layout: Layout) -> None:
        self.layout = layout
        J, M = layout.J_of_row, layout.M_of_row
        self._functionals = np.array([np.ones(len(J)), M, M**2, J * (J + 1) - M**2])
        self.loss: Array = 2 * bands(model, J, M)[0].real
        collective, single = np.diag(spherical(model.collective)).real, np.diag(spherical(model.single)).real
        blocks = np.arange(len(layout.spins))
        shifts, rates = [], []
        for delta, sources in ((-1, layout.above), (0, blocks), (1, layout.below)):
            source = np.repeat(sources, layout.sizes)
            present = source >= 0
            scale = np.where(present, weight(delta, layout.N, J - delta), 0.0)
            for i, p in enumerate(PLUS):
                kappa = single[i] * scale + (collective[i] if delta == 0 else 0.0)
                rate = np.where(present, kappa * amplitude(delta, p, J - delta, M - p) ** 2, 0.0)
                if delta == 0 and p == 0:
                    self.loss = self.loss + rate
                elif rate.any():
                    place = layout.rows[source] + np.rint(M - p + J - delta).astype(np.int64)
                    shifts.append(np.where(rate != 0, place, 0))
                    rates.append(rate)
        self.shifts = np.array(shifts, dtype=np.int64).reshape(-1, len(J))
        self.rates = np.array(rates).reshape(-1, len(J))

    def close(self) -> None:
        """Nothing to let go."""

    def weights(self, x: Array) -> Array:
        """Probability of each J, shape (B,)."""
        return np.add.reduceat(x, self.layout.rows[:-1])

    def apply(self, x: Array, out: Array, total: Array, h: float, shift: float, keep: float, share: float) -> None:
        """Set out = keep·out + h (W + shift) x, and total += share·out."""
        from .kernels import apply_populations

        apply_populations(x, out, total, h, shift, keep, share, self.loss, self.shifts, self.rates)

    def moments(self, x: Array) -> Array:
        """The ten numbers of `kernels.block_moments`."""
        out = np.zeros(10)
        out[:4] = self._functionals @ x
        return out

    def matrix(self) -> NDArray[np.float64]:
        """W as a scipy.sparse CSC array (R, R)."""
        from scipy import sparse

        R = len(self.loss)
        rows = np.concatenate([np.arange(R), *[np.arange(R)] * len(self.shifts)])
        columns = np.concatenate([np.arange(R), *self.shifts])
        values = np.concatenate([self.loss, *self.rates])
        matrix: NDArray[np.float64] = sparse.csc_array((values, (rows, columns)), shape=(R, R))
        return matrix
