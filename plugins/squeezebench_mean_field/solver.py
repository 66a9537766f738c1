"""The solver `mean_field`."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

import squeezebench as sb
from squeezebench.pauli import pauli_tables

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["MeanField", "MeanFieldOptions"]

#: Steps between two looks at the clock and at whether the run is cancelled: about 3 ms.
_CHUNK = 2000


class MeanFieldOptions(sb.Options):
    """Options of `mean_field`."""

    rtol: float = Field(default=1e-8, ge=1e-14, le=1e-2, description="relative tolerance of one integration step")
    atol: float = Field(default=1e-10, ge=1e-16, le=1e-2, description="absolute tolerance of the Bloch vector a step")
    max_steps: int = Field(default=5_000_000, ge=1, description="largest number of integration steps")


class MeanField(sb.Solver):
    r"""Factorised Bloch equations: every spin feels the mean of the N − 1 others.

    With s the mean of (σ_x, σ_y, σ_z) of one spin and ρ₁ = (1 + s·σ)/2, :math:`\dot s_a = \mathrm{Tr}(\sigma_a
    \mathcal L[\rho_1^{\otimes N}])`. Spin ⟨J⟩ = Ns/2; covariance of the product state, (N/4)(1 − s sᵀ).

    Notes
    -----
    A product state has ξ² = 1/|s|² ≥ 1: mean field cannot squeeze. Equation (5) of Tucker et al., Phys. Rev. A 102,
    051701(R) (2020), with N − 1 for N and every other term of the model.
    """

    name = "mean_field"
    Options = MeanFieldOptions
    # A step's tolerance is 1000 times the tier's error: errors add up over the steps.
    tiers: ClassVar[dict[str, dict[str, Any]]] = {
        "fast": {"rtol": 1e-6, "atol": 1e-8},
        "default": {"rtol": 1e-8, "atol": 1e-10},
        "tight": {"rtol": 1e-11, "atol": 1e-13},
        "reference": {"rtol": 1e-13, "atol": 1e-15},
    }
    schedules = True
    summary = "factorised Bloch equations"
    libraries: ClassVar[tuple[str, ...]] = ("squeezebench_mean_field.kernels",)

    def claim(self, problem: sb.Problem, options: Any) -> sb.Claim:
        """Never held to an exact answer: a deviation is reported."""
        return sb.Claim(accuracy="mean_field")

    def supports(self, problem: sb.Problem, options: Any) -> sb.Support:
        """Product states only: another start has no Bloch vector that says it all."""
        if problem.initial_state.as_product(problem.N) is None:
            return sb.Support(False, f"needs a product state to start from, not {problem.initial_state!r}")
        return sb.Support(True)

    def estimate(self, problem: sb.Problem, options: Any) -> sb.Cost:
        """A step takes about 2 µs and covers at least a third of the inverse of the largest rate."""
        steps = sum(3 * _rate(step.model) * (step.stop - step.start) + 10 for step in problem.segments())
        return sb.Cost(bytes=96.0 * len(problem.times) + 1e4, seconds=2e-6 * steps)

    def solve(self, problem: sb.Problem, options: Any, context: sb.Context) -> sb.Moments:
        """Moments of the product state that follows the Bloch equations.

        Raises
        ------
        SolverError
            If it takes more than `max_steps` steps.
        """
        from .kernels import DONE, STUCK, advance

        if problem.is_plain and (context.stop is not None or context.reductions):
            (alone,) = self.solve_batch([problem], options, context)
            if isinstance(alone, sb.SolverError):
                raise alone
            return alone
        N = problem.N
        product = problem.initial_state.as_product(N)
        if product is None:
            raise sb.UnsupportedProblemError(self.supports(problem, options).reason)
        state = product.bloch_vector().astype(np.float64)
        bloch = np.empty((len(problem.times), 3))
        totals = np.zeros(4, dtype=np.int64)
        for step in problem.segments():
            if step.start > problem.times[-1]:
                break
            tables = pauli_tables(step.model)
            state = step.rotation_matrix @ state
            pair = np.ascontiguousarray((N - 1) * tables.outside[:, 1:, 1:])
            clock = np.array([step.start, 0.0, 1e-4])
            counts = np.zeros(4, dtype=np.int64)
            result = -1
            while result != DONE:
                result = advance(
                    state,
                    clock,
                    counts,
                    min(step.stop, float(problem.times[-1])),
                    step.times,
                    tables.single,
                    pair,
                    options.rtol,
                    options.atol,
                    _CHUNK,
                    bloch[step.first : step.last],
                )
                context.check()
                context.progress(clock[0] / problem.times[-1] if problem.times[-1] else 1.0)
                if result == STUCK:
                    raise sb.SolverError(f"the step size fell to nothing at t = {clock[0]:.6g}: give a larger rtol")
                if result != DONE and totals[1] + counts[1] > options.max_steps:
                    raise sb.SolverError(
                        f"more than max_steps = {options.max_steps} steps, at t = {clock[0]:.6g}: "
                        "give a larger max_steps or a larger rtol"
                    )
            totals += counts
        return sb.Moments(
            spin=N / 2 * bloch,
            covariance=N / 4 * (np.eye(3) - bloch[:, :, None] * bloch[:, None, :]),
            diagnostics={
                "steps": int(totals[1]),
                "rejected": int(totals[2]),
                "right_hand_sides": int(totals[3]),
            },
        )

    def solve_batch(
        self, problems: Sequence[sb.Problem], options: Any, context: sb.Context
    ) -> list[sb.Moments | sb.SolverError]:
        """Results of many problems, each as `solve` gives it, followed in blocks on ``context.n_threads`` threads."""
        from .batch import solve_many

        whole = [i for i, p in enumerate(problems) if p.is_plain and p.initial_state.as_product(p.N) is not None]
        others = super().solve_batch([p for i, p in enumerate(problems) if i not in set(whole)], options, context)
        if not whole:
            return others
        inner = dataclasses.replace(
            context,
            reductions=tuple(context.reductions[i] for i in whole) if context.reductions else (),
            stops=tuple(context.stops[i] for i in whole) if context.stops else (),
        )
        many = dict(zip(whole, solve_many([problems[i] for i in whole], options, inner), strict=True))
        rest = iter(others)
        return [many[i] if i in many else next(rest) for i in range(len(problems))]


def _rate(model: sb.SpinModel) -> float:
    """Largest rate at which the Bloch vector can change, about the largest entry of the equations' Jacobian."""
    tables = pauli_tables(model)
    pair: NDArray[np.float64] = tables.outside[:, 1:, 1:]
    return float(np.abs(tables.single).max() + 2 * (model.N - 1) * np.abs(pair).sum(axis=(1, 2)).max())
