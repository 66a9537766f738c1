"""The solver ``qutip``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from squeezebench import Claim, Context, Cost, Moments, Options, Problem, Solver, SolverError, Support

__all__ = ["QutipOptions", "QutipSolver"]


class QutipOptions(Options):
    """Options of the solver ``qutip``."""

    max_spins: int = Field(8, ge=1, le=12, description="largest N that is tried; a density matrix has 4^N numbers")
    method: Literal["adams", "bdf", "lsoda", "dop853", "tsit5", "vern7", "vern9"] = Field(
        "vern7", description="integrator of qutip.MESolver"
    )
    rtol: float = Field(1e-8, gt=0, le=1e-2, description="relative tolerance of the integrator")
    atol: float = Field(1e-10, gt=0, le=1e-2, description="absolute tolerance of the integrator, of elements of ρ")


class QutipSolver(Solver):
    """Brute force on 2^N: density matrices of N spins, propagated by ``qutip.MESolver``.

    The reference for small N: it uses no symmetry while a state evolves. The steady state that a start leads to comes
    from `qutip.steadystate` where it is the only one, else from the spectrum of the Liouvillian (see `steady`).
    """

    name: ClassVar[str] = "qutip"
    summary: ClassVar[str] = "brute force on 2^N with QuTiP"
    libraries: ClassVar[tuple[str, ...]] = ("qutip", "scipy.sparse.linalg")
    Options: ClassVar[type[Options]] = QutipOptions
    tiers: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "fast": {"method": "tsit5", "rtol": 1e-6, "atol": 1e-8},
        "default": {"method": "vern7", "rtol": 1e-8, "atol": 1e-10},
        "tight": {"method": "vern9", "rtol": 1e-11, "atol": 1e-13},
        "reference": {"method": "vern9", "rtol": 1e-13, "atol": 1e-15},
    }
    schedules: ClassVar[bool] = True
    steady: ClassVar[bool] = True

    def supports(self, problem: Problem, options: Any) -> Support:
        """Every problem of few enough spins."""
        if options.max_spins < problem.N:
            return Support(
                False,
                f"N = {problem.N} spins have 2^{problem.N} states: brute force is for N ≤ {options.max_spins} "
                "(option max_spins, at most 12)",
            )
        return Support(True)

    def claim(self, problem: Problem, options: Any) -> Claim:
        """Exact: the model itself, integrated to the tolerances."""
        return Claim(accuracy="exact", floor=1e-11)

    def estimate(self, problem: Problem, options: Any) -> Cost:
        """Memory of the integrator's stages; seconds from the fastest phase, to a factor of a few."""
        from .propagate import has_matrix_form, spectral_scale

        N, entries = problem.N, 4.0**problem.N
        if problem.is_steady:
            # QuTiP's sparse LU factors up to N = 5; beyond that the reduction to C(N + 3, 3) operators.
            return Cost(bytes=5e7 + 500 * entries, seconds=0.3 + 1e-5 * entries)
        stages = 30
        terms = 6 + 3 * N + N * N / 2
        held = 0 if has_matrix_form() else 24 * terms
        phases = sum(spectral_scale(step.model) * (step.stop - step.start) for step in problem.segments())
        return Cost(
            bytes=16 * entries * stages + held * entries + 1e6,
            seconds=0.005 + 1e-4 * len(problem.times) * N + 8 * phases * (2e-5 + 1e-9 * terms * entries),
        )

    def solve(self, problem: Problem, options: Any, context: Context) -> Moments:
        """Moments at the problem's times.

        Raises
        ------
        SteadyStateNotUniqueError
            If the steady state is asked for and the start leads to none.
        SolverError
            If the integrator fails, the result is not finite, or the time is up.
        """
        from .propagate import MomentOperators

        operators = MomentOperators(problem.N)
        T = len(problem.times)
        spin, covariance = np.full((T, 3), np.nan), np.full((T, 3, 3), np.nan)
        trace_error = 0.0
        diagnostics: dict[str, Any] = {}
        for k, rho in enumerate(self._states(problem, options, context, diagnostics)):
            spin[k], covariance[k], deviation = operators.moments(rho)
            trace_error = max(trace_error, deviation)
            context.progress((k + 1) / T)
        if not (np.isfinite(spin).all() and np.isfinite(covariance).all()):
            raise SolverError(f"QuTiP's integrator {options.method!r} returned values that are not finite")
        return Moments(spin=spin, covariance=covariance, diagnostics={**diagnostics, "trace_error": trace_error})

    def _states(self, problem: Problem, options: Any, context: Context, diagnostics: dict[str, Any]) -> Any:
        """Yield ρ at each of the problem's times, in order."""
        from .propagate import evolve
        from .states import density_matrix, rotation_operator
        from .steady import steady_state

        rho = density_matrix(problem.initial_state, problem.N)
        if problem.is_steady:
            rho, diagnostics["method"] = steady_state(problem.model, rho, context)
            yield rho
            return
        diagnostics["method"] = options.method
        for step in problem.segments():
            for rotation in step.rotations:
                turn = rotation_operator(rotation, problem.N)
                rho = turn * rho * turn.dag()
            # Up to the step's end, where the next one starts; nothing is needed after the last time to report.
            onwards = [step.stop] if step.last < len(problem.times) and step.stop > step.start else []
            times = np.concatenate([step.times, onwards])
            for k, state in enumerate(evolve(step.model, rho, step.start, times, options, context)):
                rho = state
                if k < len(step.times):
                    yield rho
