"""Solvers that are wrong in one way each, to measure whether verdicts see it; none of them is registered."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

import squeezebench as sb

__all__ = ["FAULTS", "BlockEquation", "Faulty"]


class Faulty(sb.Solver):
    """Quantum trajectories with a fault: in the model that they solve, or in the blocks that they return.

    Parameters
    ----------
    fault : {"none", "gamma", "chi", "bars", "N - 1", "axes"}
        1.02 Γ; −χ; blocks that scatter half as much as they should, so that error bars are too small by 2; one spin
        less, scaled up; variances along x and z exchanged.
    trajectories : int
        How many.
    """

    name = "faulty"

    def __init__(self, fault: str, trajectories: int) -> None:
        self.fault, self.trajectories = fault, trajectories

    def claim(self, problem: sb.Problem, options: Any) -> sb.Claim:
        return sb.Claim("exact", sampled=True, floor=1e-6)

    def solve(self, problem: sb.Problem, options: Any, context: sb.Context) -> sb.Moments:
        from squeezebench.host import get_host

        model = problem.model
        changes: dict[str, Any] = {
            "gamma": {"collective_emission": 1.02 * model.collective_emission},
            "chi": {"chi": -model.chi},
            "N - 1": {"N": model.N - 1},
        }.get(self.fault, {})
        asked = sb.Problem(dataclasses.replace(model, **changes), problem.initial_state, problem.times)
        mcwf = get_host().solver("mcwf")
        given = mcwf.resolve_options("default", {"n_trajectories": self.trajectories})
        samples = mcwf.solve(asked, given, context).samples
        spin, covariance = samples.spin, samples.covariance
        if self.fault == "N - 1":
            spin, covariance = spin * model.N / (model.N - 1), covariance * model.N / (model.N - 1)
        elif self.fault == "axes":
            covariance = covariance[..., [2, 1, 0], :][..., [2, 1, 0]]
        elif self.fault == "bars":
            mean, second = spin.mean(axis=0), (covariance + _outer(spin)).mean(axis=0)
            halved = (second + covariance + _outer(spin)) / 2
            spin = (mean + spin) / 2
            covariance = halved - _outer(spin)
        return sb.Moments.from_samples(dataclasses.replace(samples, spin=spin, covariance=covariance))


def _outer(vectors: Any) -> Any:
    return vectors[..., :, None] * vectors[..., None, :]


class BlockEquation(sb.Solver):
    """Master equation of drive, χ, Γ and γ_s in dense Dicke blocks, with the weights of single emission altered.

    Parameters
    ----------
    fault : {"none", "no up", "swapped"}
        The right weights; no channel from J to J + 1; c₊ and c₋ exchanged.
    """

    name = "block_equation"

    def __init__(self, fault: str) -> None:
        self.fault = fault

    def claim(self, problem: sb.Problem, options: Any) -> sb.Claim:
        return sb.Claim("exact")

    def solve(self, problem: sb.Problem, options: Any, context: sb.Context) -> sb.Moments:
        from scipy.integrate import solve_ivp

        N, model = problem.N, problem.model
        Js = np.arange(N / 2, -0.25, -1)
        sizes = [round(2 * J) + 1 for J in Js]
        ends = np.cumsum([0, *(size**2 for size in sizes)])
        parts = [self._block(N, J, model) for J in Js]
        start = np.zeros(ends[-1], complex)
        for J, weight, matrix in problem.initial_state.dicke_blocks(N):
            place = round(N / 2 - J)
            start[ends[place] : ends[place + 1]] = (weight * np.asarray(matrix)[::-1, ::-1]).ravel()

        def right(t: float, y: Any) -> Any:
            rho = [y[a:b].reshape(n, n) for a, b, n in zip(ends[:-1], ends[1:], sizes, strict=True)]
            out = [np.zeros_like(r) for r in rho]
            for i, (r, part) in enumerate(zip(rho, parts, strict=True)):
                G = part["G"]
                out[i] += G @ r + r @ G.conj().T + model.collective_emission * part["minus"] @ r @ part["minus"].T
                for step, A in part["jumps"].items():
                    if 0 <= i + step < len(rho):
                        out[i + step] += A @ r @ A.T
            return np.concatenate([o.ravel() for o in out])

        run = solve_ivp(right, (0, problem.times[-1]), start, "DOP853", problem.times, rtol=1e-9, atol=1e-11)
        spin, second = np.zeros((len(problem.times), 3)), np.zeros((len(problem.times), 3, 3))
        for a, b, n, part in zip(ends[:-1], ends[1:], sizes, parts, strict=True):
            rho = run.y[a:b].T.reshape(-1, n, n)
            for i, X in enumerate(part["J"]):
                spin[:, i] += np.einsum("tij,ji->t", rho, X).real
                for j, Y in enumerate(part["J"]):
                    second[:, i, j] += np.einsum("tij,ji->t", rho, (X @ Y + Y @ X) / 2).real
        return sb.Moments(spin, second - _outer(spin))

    def _block(self, N: int, J: float, model: Any) -> dict[str, Any]:
        """Operators in one block, rows by k = J + M."""
        k = np.arange(round(2 * J) + 1)
        n, rate = len(k), model.emission
        minus = np.diag(np.sqrt(k[1:] * (2 * J - k[1:] + 1)), 1)  # |k − 1⟩⟨k|
        x, y, z = (minus + minus.T) / 2, 1j * (minus - minus.T) / 2, np.diag(k - J)
        H = model.chi * minus.T @ minus + sum(h * X for h, X in zip(model.drive, (x, y, z), strict=True))
        loss = model.collective_emission * minus.T @ minus + rate * np.diag(k + N / 2 - J)
        zero = (N / 2 + 1) / (2 * J * (J + 1)) if J > 0 else 0.0
        down = (N / 2 + J + 1) / (2 * J * (2 * J + 1)) if J > 0 else 0.0
        up = (N / 2 - J) / (2 * (J + 1) * (2 * J + 1))
        to_lower, to_upper = np.zeros((max(n - 2, 0), n)), np.zeros((n + 2, n))
        for m in k:
            if m >= 2:
                to_lower[m - 2, m] = np.sqrt(m * (m - 1))
            to_upper[m, m] = np.sqrt((2 * J - m + 1) * (2 * J - m + 2))
        if self.fault == "swapped":
            down, up = up, down
        elif self.fault == "no up":
            up = 0.0
        jumps = {0: np.sqrt(rate * zero) * minus, 1: np.sqrt(rate * down) * to_lower, -1: np.sqrt(rate * up) * to_upper}
        return {"G": -1j * H - loss / 2, "minus": minus, "jumps": jumps, "J": (x, y, z)}


#: Fault → (what it is, whether it lies in the trajectories or in the equation that they are compared with).
FAULTS = {
    "gamma": ("1.02 Γ", "sampled"),
    "no up": ("no channel J → J + 1", "exact"),
    "chi": ("sign of χ", "sampled"),
    "bars": ("error bars too small by 2", "sampled"),
    "swapped": ("c₊ and c₋ exchanged", "exact"),
    "N - 1": ("N − 1 for N", "sampled"),
    "axes": ("variances along x and z exchanged", "sampled"),
}
