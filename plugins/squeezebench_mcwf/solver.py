"""The solver `mcwf`: options, what it takes, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

import squeezebench as sb

__all__ = ["MonteCarlo", "MonteCarloOptions"]


class MonteCarloOptions(sb.Options):
    """Options of `MonteCarlo`."""

    unraveling: Literal["displaced", "cavity_output", "counting"] = Field(
        "displaced", description="what a single trajectory means; averages do not depend on it"
    )
    n_trajectories: int | None = Field(
        None, ge=1, le=10_000_000, description="exactly so many; target_rel_error is then not looked at"
    )
    target_rel_error: float = Field(
        0.02, gt=0, lt=1, description="relative standard error of xi2 to reach, by doubling 64 trajectories"
    )
    max_trajectories: int = Field(2048, ge=2, le=10_000_000, description="most trajectories for target_rel_error")
    splitting: bool = Field(
        False, description="copy trajectories on their way into the tail; n_trajectories then counts families"
    )


class MonteCarlo(sb.Solver):
    """Quantum trajectories (Monte-Carlo wave functions) in |J, M⟩, in a frame that follows the mean spin.

    A trajectory is one vector over M at one J; jumps of single spins change J by −1, 0 or 1. Averages are exact up to
    their statistical errors, which the data set has.

    Notes
    -----
    Dalibard, Castin and Mølmer, Phys. Rev. Lett. 68, 580 (1992); Zhang, Zhang and Mølmer, New J. Phys. 20, 112001
    (2018).
    """

    name = "mcwf"
    summary = "quantum trajectories in |J, M⟩, with standard errors"
    Options = MonteCarloOptions
    schedules = True
    parallel = True
    libraries: ClassVar[tuple[str, ...]] = ("squeezebench_mcwf.following", "squeezebench.observables.kernels")
    tiers: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "fast": {"target_rel_error": 0.05, "max_trajectories": 512},
        "default": {"target_rel_error": 0.02, "max_trajectories": 2048},
        "tight": {"target_rel_error": 0.01, "max_trajectories": 8192},
        "reference": {"target_rel_error": 0.003, "max_trajectories": 65536},
    }

    def supports(self, problem: sb.Problem, options: MonteCarloOptions) -> sb.Support:
        """Every problem whose models have named couplings only."""
        for step in problem.segments():
            if not step.model.is_named:
                return sb.Support(
                    False,
                    "a quadratic form or a Kossakowski matrix that does not reduce to the named couplings has no "
                    "unravelling with a name: take 'permutational' or 'cumulant'",
                )
        return sb.Support(True)

    def claim(self, problem: sb.Problem, options: MonteCarloOptions) -> sb.Claim:
        """Exact, with statistical errors."""
        return sb.Claim("exact", sampled=True, floor=1e-6)

    def estimate(self, problem: sb.Problem, options: MonteCarloOptions) -> sb.Cost:
        """Memory of two threads, and the time of as many trajectories as there may be, on one."""
        from .cost import estimate

        count = options.n_trajectories or options.max_trajectories
        return estimate(problem, options.unraveling, count, families=options.splitting)

    def sample_blocks(self, problem: sb.Problem, options: MonteCarloOptions) -> int:
        """Blocks of trajectories, where their number is fixed beforehand and each is a sample of its own."""
        from .course import block_size

        if options.n_trajectories is None or options.splitting:
            return 0
        return -(-options.n_trajectories // block_size(options.n_trajectories))

    def solve(self, problem: sb.Problem, options: MonteCarloOptions, context: sb.Context) -> sb.Moments:
        """Moments at ``problem.times``, from blocks of trajectories.

        With ``keep={"trajectories"}`` the first 200 of them stand in ``extra["trajectories"]``.

        Raises
        ------
        InvalidOptionError
            If single trajectories are to be kept of families.
        SolverError
            If ``context.max_memory`` would be exceeded, or the run is out of time, or is cancelled before two
            trajectories are finished.
        """
        from .course import Course

        if options.splitting and "trajectories" in context.keep:
            raise sb.InvalidOptionError(
                "keep = 'trajectories' with splitting = True: the copies of a family are no single trajectories; "
                "leave one of the two out"
            )
        need = self.estimate(problem, options).bytes
        if need > context.max_memory:
            raise sb.SolverError(
                f"N = {problem.N} and {len(problem.times)} times need about {need / 1e9:.3g} GB of memory and "
                f"{context.max_memory / 1e9:.3g} GB may be used: give a larger max_memory, or fewer times",
                status="out_of_memory",
            )
        return Course(problem, options, context).moments()
