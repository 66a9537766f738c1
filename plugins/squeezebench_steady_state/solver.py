"""The solver ``steady_state``."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

from squeezebench import Claim, Context, Cost, Moments, Options, Problem, Solver, SolverError, SpinModel, Support
from squeezebench.angular import block_weights

__all__ = ["SteadyStateSolver"]

#: Largest N that the sums were checked for against arithmetic of 60 digits.
MAX_SPINS = 10**8

#: Largest N for starts that spread over many J: each J is a sum of its own. 10^6 spins take about 1 s.
MAX_SPINS_MIXED = 10**6

#: Beyond this |α|, w_1 ~ N²/(6|α|²) underflows, and |α|² w_1 is what the covariance is made of.
MAX_ALPHA = 1e150


class SteadyStateSolver(Solver):
    """Steady state of collective emission, exchange and a transverse drive in closed form.

    The answer is exact for every N: moments follow from sums over O(√N) positive terms. The total spin J is that of
    the problem's start, because J² is conserved; a start that spreads over several J leads to the mixture of theirs.
    """

    name: ClassVar[str] = "steady_state"
    summary: ClassVar[str] = "closed-form collective steady state"
    libraries: ClassVar[tuple[str, ...]] = ("squeezebench_steady_state.kernels",)
    times: ClassVar[bool] = False
    steady: ClassVar[bool] = True
    Options: ClassVar[type[Options]] = Options
    tiers: ClassVar[Mapping[str, Mapping[str, Any]]] = {"fast": {}, "default": {}, "tight": {}, "reference": {}}

    def supports(self, problem: Problem, options: Any) -> Support:
        """Yes for χ, a drive along x and y, and Γ > 0 alone; otherwise the first reason against it."""
        model: SpinModel = problem.model
        refusals = (
            (model.single.any(), "single-particle dissipation does not conserve J², which the closed form needs"),
            (model.collective_pumping > 0, "collective pumping breaks the closed form"),
            (model.collective_dephasing > 0, "collective dephasing breaks the closed form"),
            (model.collective_matrix is not None, "a general collective Kossakowski matrix breaks the closed form"),
            (model.quadratic is not None, "a general quadratic Hamiltonian breaks the closed form"),
            (model.twisting != 0, "twisting breaks the closed form"),
            (model.drive[2] != 0, "a drive along z (a detuning) breaks the closed form"),
            (model.collective_emission == 0, "without collective emission there is no unique steady state"),
            (model.N > MAX_SPINS, f"N = {model.N} is more than {MAX_SPINS}, up to where its accuracy was checked"),
        )
        for refused, reason in refusals:
            if refused:
                return Support(False, reason)
        if _total_spin(problem) is None and model.N > MAX_SPINS_MIXED:
            return Support(
                False, f"a start spread over many J is summed up to N = {MAX_SPINS_MIXED}, and N = {model.N} is more"
            )
        return Support(True)

    def claim(self, problem: Problem, options: Any) -> Claim:
        """Exact, to round-off.

        Against 60 digits the relative error of ξ² and of the variances is at most 3e-12 up to N = 10^7 and 5e-11 at
        N = 10^8, both close to the critical drive, where they depend steeply on it, and some 1e-15 elsewhere.
        """
        return Claim(accuracy="exact", floor=1e-11 if problem.N <= 10**7 else 1e-10, closed_form=True)

    def estimate(self, problem: Problem, options: Any) -> Cost:
        """About 20√N terms of 5 ns, or 20 N^(2/3) at the critical drive, for each of about 20√N values of J."""
        N = problem.N
        width = 20 * math.sqrt(N)
        if _total_spin(problem) is None:
            sectors = min(N / 2 + 1, width)
            return Cost(bytes=1e4 + 500 * sectors, seconds=1e-6 * N + sectors * (2e-5 + 5e-9 * width))
        return Cost(bytes=1e4, seconds=5e-5 + 5e-9 * min(N, width + 20 * N ** (2 / 3)))

    def solve(self, problem: Problem, options: Any, context: Context) -> Moments:
        """Moments at time = inf, arrays of length 1.

        Raises
        ------
        SolverError
            If the drive is so large that the weights have no floating-point value.
        """
        from .closed_form import mixture_moments, sector_moments

        context.check()
        model: SpinModel = problem.model
        x, y, _ = model.drive
        alpha = -1j * complex(x, -y) / complex(model.collective_emission, 2 * model.chi)
        if not abs(alpha) < MAX_ALPHA:
            raise SolverError(f"drive = {model.drive!r} is too large: |Ω|/√(Γ² + 4χ²) must stay below {MAX_ALPHA:g}")
        J = _total_spin(problem)
        if J is not None:
            spin, covariance = sector_moments(J, alpha)
        else:
            spin, covariance = mixture_moments(block_weights(problem.initial_state.dicke_blocks(model.N)), alpha)
        return Moments(
            spin=spin[None], covariance=covariance[None], diagnostics={"alpha_re": alpha.real, "alpha_im": alpha.imag}
        )


def _total_spin(problem: Problem) -> float | None:
    """J of the problem's start where it has a single one, else None; never makes a block."""
    from squeezebench import CoherentSpinState, DickeState

    state = problem.initial_state
    if isinstance(state, DickeState):
        return state.J
    if isinstance(state, CoherentSpinState):
        # A single spin has one J however mixed it is.
        return problem.N / 2 if state.bloch_length == 1 or problem.N == 1 else None
    blocks = block_weights(state.dicke_blocks(problem.N))
    return blocks[0][0] if len(blocks) == 1 else None
