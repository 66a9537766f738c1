"""The solver under test, and how its raw answers are judged by what it claims."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from squeezebench.moment_checks import check_moments
from squeezebench.moments import Moments
from squeezebench.problem import Problem, Segment
from squeezebench.solver import SAMPLED_TIERS, TIERS, Claim, Context, Solver

from .reference import reference_moments
from .results import FailedCheckError, Measured, SkippedCheckError

__all__ = ["JUDGED", "Subject", "bits"]

#: The claims that `Subject.judge` holds a solver to.
JUDGED = "exact, sampled; asymptotic by its own estimate, and to first order of time"

Array = NDArray[np.float64]

#: A tier is a relative error of ξ²; on tiny problems an honest solver's moments err by a few times that.
_MARGIN = 10.0
#: As in comparisons: an asymptotic claim is broken beyond five times the solver's own estimate.
_ESTIMATES = 5.0
#: Standard errors that one of some hundred numbers may be off by, with error bars of a few dozen blocks.
_SIGMAS = 6.0
#: Chance of a larger deviation, for error bars of fewer blocks: below 32 of them that is more than six.
_CHANCE = 5e-7
#: Of the change since t = 0, for claims that are not exact: well below the smallest fault of a coupling.
_FIRST_ORDER = 0.003
#: Jumps that may be missed by chance before anything tells of it: λ − 6√λ ≤ 0 up to λ = 36.
_RARE = 36.0
#: Up to here a sampled answer may rest on a handful of jumps, whose scatter says too little about their number.
_RARE_UNTIL = 0.03


def bits(moments: Moments) -> tuple[bytes, bytes]:
    """Spin and covariance to the last bit."""
    return np.asarray(moments.spin).tobytes(), np.asarray(moments.covariance).tobytes()


class Subject:
    """A solver under test.

    Solutions go straight through `Solver.solve`, not through the harness, whose guard would hide what is to be seen.

    Parameters
    ----------
    solver : Solver
        The solver.
    tier : str
        Tier that its answers are asked for at.
    options : mapping
        Options on top of the tier's.
    seed : int
        Of sampled solvers.
    """

    def __init__(self, solver: Solver, tier: str = "default", options: Any = None, seed: int = 20) -> None:
        self.solver, self.tier, self.given, self.seed = solver, tier, dict(options or {}), seed
        self._solved: dict[Problem, Moments] = {}

    @cached_property
    def options(self) -> Any:
        """Resolved options of the tier."""
        return self.solver.resolve_options(self.tier, self.given)

    def supports(self, problem: Problem) -> bool:
        """Whether the solver takes the problem; one that raises instead of answering does not (`refusals` says so)."""
        try:
            return bool(self.solver.full_support(problem, self.options))
        except Exception:
            return False

    def supported(self, problems: Iterable[Problem], what: str = "problems of this check") -> list[Problem]:
        """Those of `problems` that the solver takes; none of them skips the check."""
        taken = [problem for problem in problems if self.supports(problem)]
        if not taken:
            raise SkippedCheckError(f"the solver takes none of the {what}")
        return taken

    def claim(self, problem: Problem) -> Claim:
        """What it claims about the problem."""
        return self.solver.claim(problem, self.options)

    def context(self, **changes: Any) -> Context:
        """A context with the seed of the test."""
        seed = np.random.SeedSequence(changes.pop("seed", self.seed))
        return Context(**{"seed": seed, "n_threads": 1, **changes})

    def solve(self, problem: Problem, **changes: Any) -> Moments:
        """Raw moments, of the right form; fails if the solver raises on what it said that it supports."""
        from squeezebench.threads import preload

        preload(self.solver.libraries)
        moments = self.solver.solve(problem, self.options, self.context(**changes))
        check_moments(moments, problem)
        return moments

    def solution(self, problem: Problem) -> Moments:
        """As `solve`; the same problem is solved once."""
        if problem not in self._solved:
            self._solved[problem] = self.solve(problem)
        return self._solved[problem]

    # ---------------------------------------------------------------- judging

    def judge(
        self, problems: Iterable[Problem], what: str, *, free: bool = False, reference: Any = reference_moments
    ) -> Measured:
        """Fail unless the solver's answers are `reference`'s, as far as it claims.

        Parameters
        ----------
        problems : iterable of Problem
            Those that the solver takes are looked at.
        what : str
            In messages.
        free : bool
            Whether the spins are independent: mean field is then exact in the spins.
        reference : callable
            Problem → spin, covariance.
        """
        worst, skipped = Measured(0.0, 1.0), ""
        seen = 0
        for problem in self.supported(problems, f"problems of this check ({what})"):
            try:
                found = self._compare(problem, reference(problem), free)
            except SkippedCheckError as none:
                skipped = str(none)
                continue
            seen += 1
            if not found.measured <= found.allowed:
                raise FailedCheckError(
                    f"{what}: {found.where} is off by {found.measured:.3g}, and {found.allowed:.3g} is allowed, "
                    f"for {problem!r}",
                    found.measured,
                    found.allowed,
                )
            if found.measured * worst.allowed >= worst.measured * found.allowed:
                worst = found
        if not seen:
            raise SkippedCheckError(skipped)
        return worst

    def _compare(self, problem: Problem, reference: tuple[Array, Array], free: bool) -> Measured:
        moments, claim = self.solution(problem), self.claim(problem)
        until = min(moments.valid_until, moments.stopped)
        sound = (problem.times <= until) | (np.isinf(problem.times) & np.isinf(until))
        if claim.accuracy == "exact" and not sound.all():
            raise FailedCheckError(f"an exact claim, and nothing after t = {until:g}: {moments.reason} ({problem!r})")
        scales = {"spin": problem.N / 2, "covariance": problem.N**2 / 4}
        errors = {"spin": moments.spin - reference[0], "covariance": moments.covariance - reference[1]}
        exact = claim.accuracy == "exact"
        if not exact and len(problem.times) > 1 and until < problem.times[1]:
            raise FailedCheckError(
                f"has nothing to say even at t = {problem.times[1]:g}: {moments.reason} ({problem!r})"
            )
        tier = (SAMPLED_TIERS if claim.sampled else TIERS)[self.tier]
        base = (1e-7 if claim.sampled else _MARGIN * tier) + _MARGIN * claim.floor
        worst = Measured(-1.0, 1.0)
        for name in ("spin", "covariance"):
            if not claim.covers(name):
                continue
            allowed = np.full(errors[name].shape, base)
            statistical = np.zeros_like(allowed)
            if moments.samples is not None:
                statistical = self._statistical(moments, problem, name) / scales[name]
            if exact or (free and name == "spin"):
                allowed = allowed + statistical
            else:
                estimate = (moments.error_estimate or {}).get(name)
                if claim.accuracy == "asymptotic" and estimate is not None:
                    allowed = allowed + _ESTIMATES * np.nan_to_num(np.abs(estimate), nan=np.inf) / scales[name]
                else:
                    allowed[:] = np.inf
                if name == "spin" and len(problem.times) > 1:
                    # A method that leaves correlations out has the slope at t = 0 right, whatever it says of itself.
                    first = base / _MARGIN + self._first_order(problem, reference[0] / scales[name])
                    allowed = np.minimum(allowed, first)
                allowed = allowed + statistical
            if np.isinf(allowed).all():
                continue
            ratio = np.where(np.isinf(allowed), 0.0, np.abs(errors[name]) / scales[name] / allowed)[sound]
            if ratio.size and ratio.max() > worst.measured / worst.allowed:
                at = np.unravel_index(int(ratio.argmax()), ratio.shape)
                limit = float(allowed[sound][at])
                where = f"{name}{list(map(int, at[1:]))} at t = {problem.times[sound][at[0]]:.4g}"
                worst = Measured(float(ratio.max()) * limit, limit, where)
        if worst.measured < 0:
            raise SkippedCheckError("the solver's claim holds it to nothing here: no error of its own is given")
        return worst

    @staticmethod
    def _first_order(problem: Problem, spin: Array) -> Array:
        """What an answer whose first derivative is right may be off by, (T, 1): ½(rate·t)², and a little of the change.

        The rate is the fastest at which a spin can turn or decay in the mean field of the others.
        """
        entries = problem.schedule or ()
        models = (
            [problem.model] if problem.is_plain else [entry.model for entry in entries if isinstance(entry, Segment)]
        )
        N, size = problem.N, np.linalg.norm
        rate = max(
            float(size(m.h) + 2 * N * size(m.K) + N * size(m.collective) / 2 + size(m.single) / 2) for m in models
        )
        change = np.abs(spin - spin[0]).max(axis=1, keepdims=True)
        return np.asarray(_FIRST_ORDER * change + (rate * problem.times[:, None]) ** 2 / 2)

    def _statistical(self, moments: Moments, problem: Problem, name: str) -> Array:
        """Standard errors times the number of them that is allowed, and early on what rare jumps may add."""
        from scipy.stats import t as student

        assert moments.samples is not None
        # Of a few blocks only, standard errors are uncertain themselves.
        sigmas = max(_SIGMAS, float(student.isf(_CHANCE, max(1, len(moments.samples.count) - 1))))
        found = sigmas * self._standard_error(moments, name)
        # One jump changes a trajectory's spin by at most its length.
        size = problem.N if name == "spin" else problem.N**2 / 2
        early = (problem.times > 0) & (problem.times <= _RARE_UNTIL * problem.times[-1])
        found[early] += _RARE / float(np.sum(moments.samples.count)) * size
        return np.asarray(found)

    @staticmethod
    def _standard_error(moments: Moments, name: str) -> Array:
        from squeezebench.sampling import jackknife

        assert moments.samples is not None
        index = ("spin", "covariance").index(name)
        error = jackknife(moments.samples, lambda spin, covariance: (spin, covariance)[index])
        return np.asarray(np.nan_to_num(error, nan=0.0))

    def distance(self, problem: Problem, one: Moments, other: Moments) -> float:
        """Largest difference of two answers to one problem, in units of N/2 and N²/4, where both have values."""
        until = min(one.valid_until, other.valid_until, one.stopped, other.stopped)
        sound = (problem.times <= until) | (np.isinf(problem.times) & np.isinf(until))
        spin = np.abs(one.spin - other.spin)[sound] / (problem.N / 2)
        covariance = np.abs(one.covariance - other.covariance)[sound] / (problem.N**2 / 4)
        return float(max(spin.max(initial=0.0), covariance.max(initial=0.0)))
