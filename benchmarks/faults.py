"""Solvers that are wrong in one way each, to measure whether verdicts see it; none of them is registered."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

import squeezebench as sb

__all__ = ["FAULTS", "BlockEquation", "Fault", "Faulty", "FaultyExact", "wrong_problem"]


@dataclasses.dataclass(frozen=True)
class Fault:
    """One way to be wrong.

    Attributes
    ----------
    text : str
        What it is.
    where : {"problem", "blocks", "moments", "equation"}
        What is altered: the problem that is solved, the blocks of a sampled solution, the moments of any, or the
        equation that trajectories are compared with.
    trajectories : int
        How many it is measured with.
    """

    text: str
    where: str
    trajectories: int = 1024


#: Fault → what it is. The first four are those that the verdicts must see.
FAULTS = {
    "gamma": Fault("1.02 Γ", "problem", 4096),
    "no up": Fault("no channel J → J + 1", "equation"),
    "chi": Fault("sign of χ", "problem"),
    "bars": Fault("error bars too small by 2", "blocks"),
    "swapped": Fault("c₊ and c₋ exchanged", "equation"),
    "N - 1": Fault("N − 1 for N", "moments"),
    "axes": Fault("variances along x and z exchanged", "moments"),
    "wrong axes": Fault("variances along y and z exchanged", "moments"),
    "gamma_s": Fault("1.02 γ_s", "problem", 4096),
    "dephasing": Fault("1.05 γ_d, of γ_d/Γ = 2", "problem", 4096),
    "drive": Fault("sign of Ω_y, of Ω_y = Ω_x/5", "problem"),
    "start": Fault("start turned by 0.01", "problem"),
    "pairs": Fault("every trajectory counted twice (bars too small by √2)", "blocks"),
    "wide": Fault("error bars too large by 2", "blocks"),
}


def wrong_problem(fault: str, problem: sb.Problem) -> sb.Problem:
    """The problem that is solved instead of `problem`."""
    model, initial = problem.model, problem.initial_state
    changes: dict[str, dict[str, Any]] = {
        "gamma": {"collective_emission": 1.02 * model.collective_emission},
        "gamma_s": {"emission": 1.02 * model.emission},
        "dephasing": {"dephasing": 1.05 * model.dephasing},
        "chi": {"chi": -model.chi},
        "drive": {"drive": (model.drive[0], -model.drive[1], model.drive[2])},
        "N - 1": {"N": model.N - 1},
    }
    if fault == "start":
        initial = dataclasses.replace(initial, phi=initial.phi + 0.01)
    return sb.Problem(dataclasses.replace(model, **changes.get(fault, {})), initial, problem.times)


def wrong_moments(fault: str, N: int, spin: Any, covariance: Any) -> tuple[Any, Any]:
    """Mean spin and covariance, of a state or of each block, with a fault."""
    if fault == "N - 1":
        return spin * N / (N - 1), covariance * N / (N - 1)
    if fault == "axes":
        return spin, covariance[..., [2, 1, 0], :][..., [2, 1, 0]]
    if fault == "wrong axes":
        return spin, covariance[..., [0, 2, 1], :][..., [0, 2, 1]]
    return spin, covariance


class Faulty(sb.Solver):
    """Quantum trajectories with a fault: in the problem that they solve, or in the blocks that they return.

    Parameters
    ----------
    fault : str
        One of `FAULTS`, or ``"none"``.
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

        mcwf = get_host().solver("mcwf")
        asked = self.trajectories // 2 if self.fault == "pairs" else self.trajectories
        given = mcwf.resolve_options("default", {"n_trajectories": asked})
        samples = mcwf.solve(wrong_problem(self.fault, problem), given, context).samples
        if self.fault == "pairs":
            return sb.Moments.from_samples(_twice(samples))
        if self.fault in ("bars", "wide"):
            spin, covariance = _scattering(samples, 0.5 if self.fault == "bars" else 2.0)
        else:
            spin, covariance = wrong_moments(self.fault, problem.N, samples.spin, samples.covariance)
        return sb.Moments.from_samples(dataclasses.replace(samples, spin=spin, covariance=covariance))


class FaultyExact(sb.Solver):
    """The master equation with a fault in the problem or in the moments, claimed to be exact."""

    name = "faulty_exact"

    def __init__(self, fault: str) -> None:
        self.fault = fault

    def claim(self, problem: sb.Problem, options: Any) -> sb.Claim:
        return sb.Claim("exact")

    def solve(self, problem: sb.Problem, options: Any, context: sb.Context) -> sb.Moments:
        from squeezebench.host import get_host

        solver = get_host().solver("permutational")
        given = solver.resolve_options("default", {})
        moments = solver.solve(wrong_problem(self.fault, problem), given, context)
        return sb.Moments(*wrong_moments(self.fault, problem.N, moments.spin, moments.covariance))


def _scattering(samples: Any, factor: float) -> tuple[Any, Any]:
    """Blocks whose distance from the mean is multiplied, of the state itself: the mean stays what it is."""
    spin, second = samples.spin, samples.covariance + _outer(samples.spin)
    spin = spin.mean(axis=0) + factor * (spin - spin.mean(axis=0))
    second = second.mean(axis=0) + factor * (second - second.mean(axis=0))
    return spin, second - _outer(spin)


def _twice(samples: Any) -> Any:
    """Every block two times, as if the second were one of its own."""
    twice = {name: np.concatenate([getattr(samples, name)] * 2) for name in ("weight", "spin", "covariance", "count")}
    ends = np.append(samples.index0, samples.index0 + samples.count.sum())
    return dataclasses.replace(samples, **twice, index0=ends)


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
