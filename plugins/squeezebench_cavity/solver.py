"""The solvers ``cavity_exact`` and ``cavity_cumulant``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from squeezebench import Claim, Context, Cost, Moments, Options, Problem, Solver, SolverError, Support

from .model import CavityModel

__all__ = ["CavityCumulantSolver", "CavityExactSolver"]

#: Population of the highest photon number at which the number of photons is enlarged.
_LEAK = 1e-10


class CavityExactOptions(Options):
    """Options of the solver ``cavity_exact``."""

    max_spins: int = Field(12, ge=1, le=40, description="largest N that is tried")
    max_photons: int = Field(64, ge=2, le=1000, description="most photon numbers that are kept")
    method: Literal["adams", "bdf", "lsoda", "dop853", "tsit5", "vern7", "vern9"] = Field(
        "vern7", description="integrator of qutip.MESolver"
    )
    rtol: float = Field(1e-7, gt=0, le=1e-2, description="relative tolerance of the integrator")
    atol: float = Field(1e-9, gt=0, le=1e-2, description="absolute tolerance of the integrator, of elements of ρ")


class CavityExactSolver(Solver):
    """Spins and mode in QuTiP: multiplets of total spin times photon numbers, as many as are needed."""

    name: ClassVar[str] = "cavity_exact"
    summary: ClassVar[str] = "spins and mode in QuTiP, few spins"
    libraries: ClassVar[tuple[str, ...]] = ("qutip",)
    model_types: ClassVar[tuple[type, ...]] = (CavityModel,)
    Options: ClassVar[type[Options]] = CavityExactOptions
    tiers: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "fast": {"method": "tsit5", "rtol": 1e-5, "atol": 1e-7},
        "default": {},
        "tight": {"method": "vern9", "rtol": 1e-10, "atol": 1e-12},
        "reference": {"method": "vern9", "rtol": 1e-12, "atol": 1e-14},
    }

    def supports(self, problem: Problem, options: Any) -> Support:
        """Every problem of few enough spins."""
        if options.max_spins < problem.N:
            return Support(False, f"N = {problem.N}: few spins only, N ≤ {options.max_spins} (option max_spins)")
        return Support(True)

    def claim(self, problem: Problem, options: Any) -> Claim:
        """Exact; photon numbers are added until less than 1e-10 of the state stands at the last."""
        return Claim(accuracy="exact", floor=1e-9)

    def estimate(self, problem: Problem, options: Any) -> Cost:
        """A dozen photon numbers, and the fastest rate's steps."""
        size = 12 * (problem.N / 2 + 1) ** 2
        rate = 12 * problem.model.kappa + problem.N * abs(problem.model.g) + problem.N * abs(problem.model.drive[0])
        return Cost(bytes=16 * size**2 * 30 + 4e3 * size**2, seconds=0.1 + 2e-7 * size**2 * rate * problem.times[-1])

    def solve(self, problem: Problem, options: Any, context: Context) -> Moments:
        """Moments at the problem's times; the mode starts empty.

        Raises
        ------
        SolverError
            If the integrator fails, the time is up, or `max_photons` are not enough.
        """
        from .exact import Space, evolve, multiplets

        model, blocks = problem.model, list(problem.initial_state.dicke_blocks(problem.N))
        photons = min(6, options.max_photons)
        while True:
            space = Space(problem.N, multiplets(model, blocks), photons)
            rows, worst = [], 0.0
            for row in evolve(model, space, space.start(blocks), problem.times, options, context):
                rows.append(row)
                worst = max(worst, row[3])
                if worst > _LEAK and photons < options.max_photons:
                    break
            if worst <= _LEAK:
                break
            if photons >= options.max_photons:
                raise SolverError(
                    f"{worst:.1e} of the state is at the highest of {photons} photon numbers: give a larger max_photons"
                )
            photons = min(options.max_photons, photons + 4 + photons // 4)
        spin, covariance, number, _ = (np.array(part) for part in zip(*rows, strict=True))
        diagnostics = {"photon_numbers": photons, "leak": worst, "most_photons": float(number.max())}
        return Moments(spin=spin, covariance=covariance, extra={"photons": number}, diagnostics=diagnostics)


class CavityCumulantOptions(Options):
    """Options of the solver ``cavity_cumulant``."""

    rtol: float = Field(1e-8, gt=0, le=1e-2, description="relative tolerance of each step")
    atol: float = Field(1e-10, gt=0, le=1e-2, description="absolute tolerance of each step, of scaled cumulants")
    max_steps: int = Field(5_000_000, ge=1, description="most steps")


class CavityCumulantSolver(Solver):
    """Cumulants of second order of N equal spins and one mode: twenty real numbers, any N."""

    name: ClassVar[str] = "cavity_cumulant"
    summary: ClassVar[str] = "second-order cumulants of spins and mode"
    model_types: ClassVar[tuple[type, ...]] = (CavityModel,)
    Options: ClassVar[type[Options]] = CavityCumulantOptions
    tiers: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "fast": {"rtol": 1e-6, "atol": 1e-8},
        "default": {},
        "tight": {"rtol": 1e-11, "atol": 1e-13},
        "reference": {"rtol": 1e-13, "atol": 1e-15},
    }

    def supports(self, problem: Problem, options: Any) -> Support:
        """At least two spins: it knows pairs."""
        if problem.N < 2:
            return Support(False, "N = 1: there are no pairs of spins to correlate")
        return Support(True)

    def claim(self, problem: Problem, options: Any) -> Claim:
        """Asymptotic in N, without an estimate of its own error."""
        return Claim(accuracy="asymptotic")

    def estimate(self, problem: Problem, options: Any) -> Cost:
        """Steps of about a radian of the fastest rate."""
        model = problem.model
        fastest = model.kappa + abs(model.delta_c) + problem.N**0.5 * abs(model.g) + float(np.linalg.norm(model.drive))
        return Cost(bytes=1e6, seconds=0.001 + 4e-6 * fastest * float(problem.times[-1]))

    def solve(self, problem: Problem, options: Any, context: Context) -> Moments:
        """Moments at the problem's times; the mode starts empty.

        Raises
        ------
        SolverError
            If `max_steps` are used up.
        """
        from .kernels import DONE, MORE, N_VARIABLES, advance

        model, N, times = problem.model, problem.N, problem.times
        two = problem.initial_state.symmetric_moments(N, 2)
        s = np.array([two[1, 0, 0], two[0, 1, 0], two[0, 0, 1]])
        pairs = np.array([two[_index(a, b)] for a, b in _PAIRS])
        state = np.zeros(N_VARIABLES)
        state[2:5] = s
        state[5], state[7] = 1.0, 1.0  # the vacuum: ⟨X²⟩ = ⟨P²⟩ = 1
        state[14:] = pairs - [s[a] * s[b] for a, b in _PAIRS]
        across = (model.emission + model.pumping + model.dephasing) / 2
        along, feed = model.emission + model.pumping, model.pumping - model.emission
        parameters = np.array([N, model.g, model.kappa, model.delta_c, *model.drive, across, along, feed], dtype=float)
        clock, counts = np.array([0.0, 0.0, 1e-4]), np.zeros(3, dtype=np.int64)
        out = np.full((len(times), N_VARIABLES), np.nan)
        result = MORE
        while result == MORE:
            context.check()
            result = advance(state, clock, counts, times, parameters, options.rtol, options.atol, 2000, out)
            context.progress(min(1.0, clock[0] / times[-1]) if times[-1] > 0 else 1.0)
            if counts[1] + counts[2] > options.max_steps:
                raise SolverError(f"{options.max_steps} steps reach t = {clock[0]:g} only: give a larger max_steps")
        spin = N / 2 * out[:, 2:5]
        covariance = np.empty((len(times), 3, 3))
        for k, (a, b) in enumerate(_PAIRS):
            own = float(a == b) - out[:, 2 + a] * out[:, 2 + b]
            covariance[:, a, b] = covariance[:, b, a] = N / 4 * own + N * (N - 1) / 4 * out[:, 14 + k]
        photons = (out[:, 5] + out[:, 7] + out[:, 0] ** 2 + out[:, 1] ** 2 - 2) / 4
        facts: dict[str, Any] = {"steps": int(counts[1]), "rejected": int(counts[2])}
        ended: dict[str, Any] = (
            {}
            if result == DONE
            else {"valid_until": float(clock[0]), "status": "diverged", "reason": "the cumulants leave all bounds"}
        )
        return Moments(spin=spin, covariance=covariance, extra={"photons": photons}, diagnostics=facts, **ended)


_PAIRS = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))


def _index(a: int, b: int) -> tuple[int, int, int]:
    """How many factors σ_x, σ_y, σ_z the product of σ_a and σ_b of two spins has."""
    x, y, z = (int(c == a) + int(c == b) for c in range(3))
    return x, y, z
