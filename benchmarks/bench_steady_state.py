"""Closed-form steady state: time to 10⁸ spins, and error against a null vector and sums of 60 digits."""

from __future__ import annotations

from decimal import Decimal, localcontext

import numba  # noqa: F401  # needed by each process anyway; imported here, a forking launcher imports it once
import numpy as np

from . import common


class OneTotalSpin:
    """A start of one total spin, J = N/2."""

    params = (100, 10_000, 1_000_000, 100_000_000)
    param_names = ("N",)
    rounds = common.ROUNDS
    repeat = common.REPEAT
    number = common.MANY

    def setup(self, N: int) -> None:
        self.call = common.prepare("steady_state", common.steady(N))

    def time_solve(self, N: int) -> None:
        self.call()

    def peakmem_solve(self, N: int) -> None:
        self.call()


class ManyTotalSpins:
    """A mixed start: one sum for each of N/2 + 1 values of J."""

    params = (100, 10_000)
    param_names = ("N",)
    rounds = common.ROUNDS
    repeat = common.REPEAT

    def setup(self, N: int) -> None:
        self.call = common.prepare("steady_state", common.steady(N, bloch_length=0.9))

    def time_solve(self, N: int) -> None:
        self.call()


class Accuracy:
    """N = 20 against the null vector of the Liouvillian, N = 2000 against the sums in 60 digits."""

    params = ((20, 2000), (0.5, 0.98))
    param_names = ("N", "u")

    def setup_cache(self) -> dict[tuple[int, float], float]:
        return {
            (N, u): xi2_of_null_vector(N, u) if N == 20 else xi2_of_sums(N, u)
            for N in self.params[0]
            for u in self.params[1]
        }

    def setup(self, references: dict[tuple[int, float], float], N: int, u: float) -> None:
        self.call = common.prepare("steady_state", common.steady(N, u))

    def track_error(self, references: dict[tuple[int, float], float], N: int, u: float) -> float:
        return common.xi2_error(self.call(), np.array([references[N, u]]), N)

    track_error.unit = "relative error of xi2"  # type: ignore[attr-defined]  # how asv takes it


def xi2_of_null_vector(N: int, u: float) -> float:
    """ξ² of the null vector of L(J₋) − i[ΩJ_x, ·] on the N + 1 states of J = N/2."""
    from scipy.linalg import null_space

    m = np.arange(-N / 2, N / 2 + 1)
    lowering = np.diag(np.sqrt((N / 2 + m[1:]) * (N / 2 - m[1:] + 1)), 1)
    x, y, z = (lowering + lowering.T) / 2, (lowering - lowering.T) * 0.5j, np.diag(m)
    one, square = np.eye(N + 1), lowering.T @ lowering
    drift = -0.5j * N * u * x - square / 2
    generator = np.kron(drift, one) + np.kron(one, drift.conj()) + np.kron(lowering, lowering)
    rho = null_space(generator / N**2, rcond=1e-12)[:, 0].reshape(N + 1, N + 1)
    rho = rho / np.trace(rho)
    axes = (x, y, z)
    spin = np.array([np.trace(a @ rho).real for a in axes])
    products = np.array([[np.trace(a @ b @ rho).real for b in axes] for a in axes])
    return float(N * common.xi2(spin[None], ((products + products.T) / 2 - np.outer(spin, spin))[None])[0])


def xi2_of_sums(N: int, u: float) -> float:
    r"""ξ² at χ = 0 from the closed form, in decimal arithmetic.

    With ρ ∝ A A†, A = (J₋ − α)⁻¹, |α| = Nu/2, and w_n = |α|^(−2n) (N+n+1)! n!² / ((2n+1)! (N−n)!), S = Σ w_n,
    r = 1 − w_0/S: ⟨J_y⟩ = −|α| r, ⟨J_z⟩ = −Σ n w_n/2S, and the smallest variance is that of J_x,
    (|α|² w_1/S − ⟨J_z⟩)/2.
    """
    with localcontext() as context:
        context.prec = 60
        square = (Decimal(N) * Decimal(repr(u)) / 2) ** 2
        weights = [Decimal(N + 1)]
        for n in range(N):
            weights.append(weights[-1] * (N + n + 2) * (n + 1) * (N - n) / (2 * (2 * n + 3) * square))
        total = sum(weights, Decimal(0))
        y = square.sqrt() * (1 - weights[0] / total)
        z = sum((n * weight for n, weight in enumerate(weights)), Decimal(0)) / total / 2
        return float(N * (square * weights[1] / total + z) / 2 / (y * y + z * z))
