"""The solver `permutational`: options, what it takes, and what it costs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

import squeezebench as sb

__all__ = ["Permutational", "PermutationalOptions"]


#: Smallest atol: the round-off of sums over all blocks.
_ATOL_FLOOR = 1e-14


class PermutationalOptions(sb.Options):
    """Options of `Permutational`."""

    representation: Literal["auto", "diagonal", "blocks", "multipoles", "aligned"] = Field(
        "auto",
        description="populations only, where they close; all entries of the Dicke blocks; their lowest multipoles; the "
        "entries near the mean spin; or the cheapest of these, from one to another when their sizes cross",
    )
    atol: float = Field(
        1e-8, ge=0.0, le=1e-3, description="error that truncation may make in moments, relative to their largest values"
    )
    rtol: float = Field(1e-8, ge=1e-14, le=1e-2, description="error of the state over the whole course, relative")
    states: Literal["final", "all"] = Field("final", description="with keep={'states'}: at the last time, or at all")


class Permutational(sb.Solver):
    """The exact master equation in Dicke blocks, matrix-free.

    A permutation-symmetric state of N spins is one (2J+1)×(2J+1) block for each total spin J: about N³/6 real numbers,
    N²/4 where only populations are there. The generator is applied as a stencil, and exponentiated by Taylor's or
    Chebyshev's series (see `squeezebench_permutational.algebra` and `squeezebench_permutational.series`).

    Notes
    -----
    Chase and Geremia, Phys. Rev. A 78, 052101 (2008); Shammah et al., Phys. Rev. A 98, 063815 (2018).
    """

    name = "permutational"
    summary = "exact master equation in Dicke blocks, matrix-free"
    Options = PermutationalOptions
    schedules = True
    steady = True
    parallel = True
    libraries: ClassVar[tuple[str, ...]] = (
        "squeezebench_permutational.kernels",
        "scipy.linalg",
        "scipy.sparse.linalg",
        "scipy.special",
    )
    # ξ² is a variance in units of N/4 while the state's error is in units of N²/4: a factor of 2N may be lost.
    tiers: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "fast": {"rtol": 1e-6, "atol": 1e-7},
        "default": {"rtol": 1e-8, "atol": 1e-8},
        "tight": {"rtol": 1e-11, "atol": 1e-11},
        "reference": {"rtol": 1e-13, "atol": 1e-13},
    }

    def supports(self, problem: sb.Problem, options: PermutationalOptions) -> sb.Support:
        """Every problem whose state fits into the machine's memory."""
        from .cost import least_bytes, machine_memory
        from .populations import is_diagonal

        limit = machine_memory()
        if (least := least_bytes(problem)) > limit:
            return sb.Support(False, _too_large(problem.N, least, limit))
        if options.representation == "diagonal" and not is_diagonal(problem):
            return sb.Support(
                False,
                "populations do not close on themselves: representation='diagonal' needs a model that is symmetric "
                "about z and a start diagonal in |J, M⟩; take 'blocks' or 'auto'",
            )
        if options.atol < _ATOL_FLOOR and not problem.is_steady:
            return sb.Support(
                False,
                f"atol = {options.atol:g} is below {_ATOL_FLOOR:g}, which is what sums in 64-bit floats are good to: "
                "give a larger one; "
                "representation='blocks' cuts nothing inside of blocks",
            )
        need = self.estimate(problem, options).bytes
        if need > limit:
            return sb.Support(False, _too_large(problem.N, need, limit))
        return sb.Support(True)

    def claim(self, problem: sb.Problem, options: PermutationalOptions) -> sb.Claim:
        """Exact, to the round-off of long sums."""
        return sb.Claim("exact", floor=1e-10)

    def estimate(self, problem: sb.Problem, options: PermutationalOptions) -> sb.Cost:
        """Memory and time, from the number of entries and of products with the generator."""
        from .cost import estimate

        return estimate(problem, self._representation(problem, options))

    def _representation(self, problem: sb.Problem, options: PermutationalOptions) -> str:
        """Representation of the start."""
        from .populations import is_diagonal

        if options.representation != "auto":
            return options.representation
        if is_diagonal(problem):
            return "diagonal"
        from .choice import likely_multipoles

        return "multipoles" if likely_multipoles(problem) else "blocks"

    def solve(self, problem: sb.Problem, options: PermutationalOptions, context: sb.Context) -> sb.Moments:
        """Moments at ``problem.times``; ``extra["states"]`` as `squeezebench_permutational.states` describes.

        Raises
        ------
        SolverError
            If ``context.max_memory`` would be exceeded, or the run is cancelled or out of time.
        SteadyStateNotUniqueError
            If the steady state is asked for and the start may lead to several.
        """
        from .checkpoint import Checkpoint, key_of
        from .choice import start
        from .course import Course
        from .states import pack_states

        need = self.estimate(problem, options).bytes
        if need > context.max_memory:
            raise sb.SolverError(_too_large(problem.N, need, context.max_memory), status="out_of_memory")
        wanted = "states" in context.keep
        if problem.is_steady:
            from .steady import steady_moments

            return steady_moments(problem, self._representation(problem, options) == "diagonal", context, wanted)
        saved = Checkpoint(context.checkpoint, key_of(problem, options))
        keep = options.states if wanted else "none"
        resumed = saved.exists and keep != "all"
        picture, planned = start(problem, options.representation, options.atol, context, resumed)
        # Blocks that were chosen for a product start were chosen because too many multipoles are needed.
        foreseen = picture.name == "blocks" and problem.initial_state.as_product(problem.N) is not None
        may_convert = options.representation == "auto" and not foreseen
        course = Course(problem, picture, options.rtol, options.atol, context, keep, planned, may_convert, saved).run()
        context.progress(1.0)
        pace = course.pace
        return sb.Moments(
            spin=course.spin,
            covariance=course.covariance,
            error_estimate=error_estimate(problem.N, course.spin, course.covariance, course.errors),
            diagnostics={
                "representation": ", then ".join(course.names),
                "entries": course.most_numbers,
                "products": pace.products,
                "steps": pace.steps,
                "rejected": pace.rejected,
                "fewest_blocks": course.fewest_blocks,
                "trace_error": float(np.abs(course.trace - 1).max()),
            },
            extra={"states": pack_states(course.kept)} if wanted else {},
        )


#: What the first terms that were left out would have added to moments, times this, is taken for what the series' ends
#: did: no error was above two thirds of it in some thousand random models and in the paper's
#: (`tests/plugins/test_permutational_representations.py`). The estimate in norm is a hundred times as large.
_MOMENTS = 1.6
_XI2_MOMENTS = 5.0
#: Of round-off and drift, which it has too, the part that is sure to be felt.
_ROUND_OFF = 2e-16
#: δ⟨J⟩² is at most 2|⟨J⟩| δ|⟨J⟩|; most of it is in the second moments as well.
_OF_PRODUCTS = 0.25


def error_estimate(N: int, spin: Any, covariance: Any, errors: Any) -> dict[str, Any]:
    """Absolute errors of spin (T, 3), covariance (T, 3, 3) and ξ² (T,).

    Parameters
    ----------
    N : int
        Number of spins.
    spin, covariance : ndarray (T, 3), (T, 3, 3)
        Moments.
    errors : ndarray (T, 8)
        As `squeezebench_permutational.course.Course` has them.

    Notes
    -----
    N/2 and N²/4 are the largest first and second moments. With V the smallest variance across ⟨J⟩, ξ² = N V/|⟨J⟩|²:
    δξ²/ξ² = δV/V + 2 δ|⟨J⟩|/|⟨J⟩|.
    """
    from squeezebench.observables.kernels import xi2_wineland

    series, leak, first_cut, second_cut, xi2_cut, first_left, second_left, xi2_left = errors.T
    length = np.linalg.norm(spin, axis=1)
    xi2 = np.array([xi2_wineland(s, c, float(N)) for s, c in zip(spin, covariance, strict=True)])
    floor = np.minimum(series, _ROUND_OFF * (1 + 10 * np.arange(1, len(series) + 1)) * math.sqrt(N))
    first = N / 2 * (2 * leak + first_cut + _MOMENTS * first_left + floor)
    second = (N / 2) ** 2 * (2 * leak + second_cut + _MOMENTS * second_left + floor)
    # The covariance has ⟨J⟩² as well.
    second = second + _OF_PRODUCTS * 2 * length * first
    lost = (N / 2) ** 2 * (2 * leak + floor), N / 2 * (2 * leak + floor)
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = lost[0] / (xi2 * length**2 / N) + 2 * lost[1] / length
    return {
        "spin": np.broadcast_to(first[:, None], spin.shape).copy(),
        "covariance": np.broadcast_to(second[:, None, None], covariance.shape).copy(),
        "xi2": xi2 * relative + xi2_cut + _XI2_MOMENTS * xi2_left,
    }


def _too_large(N: int, need: float, limit: float) -> str:
    return (
        f"N = {N} needs about {need / 1e9:.3g} GB of memory and {limit / 1e9:.3g} GB may be used: "
        "give a larger max_memory, a smaller N, or take a sampled or an approximate solver"
    )
