"""Checks of the physics in closed form: free spins, twisting, the collective steady state, many spins."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from squeezebench.model import SpinModel
from squeezebench.problem import Problem
from squeezebench.states import CoherentSpinState, DickeState

from . import closed_forms
from .problems import tilted, times
from .reference import reference_moments
from .registry import check
from .results import FailedCheckError, Measured, SkippedCheckError
from .subject import JUDGED, Subject

__all__: list[str] = []

#: Couplings of pairs, which many spins multiply.
_PAIRS = ("collective_emission", "collective_pumping", "chi", "twisting")


def _twisting(problem: Problem) -> Any:
    return closed_forms.twisting(problem.model, problem.initial_state.bloch_vector(problem.N), problem.times)


@check("physics", JUDGED + "; mean field: the spins")
def pure_decay(subject: Subject) -> Measured:
    """Single-particle emission and pumping of 30 spins, in closed form."""
    problems = [Problem(SpinModel(N=30, emission=e), tilted(), times()) for e in (1.0, 0.4)]
    problems.append(Problem(SpinModel(N=30, emission=0.5, pumping=0.8), tilted(), times()))
    return subject.judge(problems, "pure decay", free=True, reference=_twisting)


@check("physics", JUDGED + "; mean field: the spins")
def pure_dephasing(subject: Subject) -> Measured:
    """Single-particle dephasing of 30 spins, in closed form."""
    return subject.judge(
        [Problem(SpinModel(N=30, dephasing=1.3), tilted(), times())], "pure dephasing", free=True, reference=_twisting
    )


@check("physics", JUDGED)
def one_axis_twisting(subject: Subject) -> Measured:
    """One-axis twisting of 20 spins, without and with single-particle noise, in closed form (Foss-Feig et al. 2013)."""
    along = CoherentSpinState(math.pi / 2, 0.0)
    problems = [
        Problem(SpinModel(N=20, twisting=1.0), along, times(0.3)),
        Problem(SpinModel(N=20, twisting=0.7, drive=(0, 0, 0.5)), tilted(), times(0.3)),
    ]
    return subject.judge(problems, "one-axis twisting", reference=_twisting)


@check("physics", JUDGED)
def noisy_twisting(subject: Subject) -> Measured:
    """One-axis twisting of 20 spins with emission, pumping, dephasing and collective dephasing, in closed form."""
    model = SpinModel(
        N=20, twisting=-0.9, drive=(0, 0, 0.4), collective_dephasing=0.2, emission=0.6, pumping=0.3, dephasing=0.5
    )
    return subject.judge([Problem(model, tilted(), times(0.3))], "noisy twisting", reference=_twisting)


@check("physics", "exact, sampled, with a steady-state method, or able to follow four spins for a long time")
def collective_steady_state(subject: Subject) -> Measured:
    """The collective steady state in closed form (Puri and Lawande): at time inf, and after a long time."""
    found: list[Problem] = []
    for N, ratio, chi in ((4, 0.5, 0.0), (4, 0.8, 0.4), (12, 0.9, 0.0), (12, 0.7, -0.5)):
        model = SpinModel.driven_cavity(N=N, upsilon_ratio=ratio, chi=chi)
        found.append(Problem(model, DickeState(N / 2, -N / 2), [math.inf]))
    if subject.solver.times:
        # The slowest mode of four spins at half the critical drive decays faster than Γ/2.
        model = SpinModel.driven_cavity(N=4, upsilon_ratio=0.5)
        found.append(Problem(model, CoherentSpinState(math.pi), [0.0, 50.0]))

    def late(problem: Problem) -> Any:
        spin, covariance = closed_forms.collective_steady_state(problem.model)
        if problem.is_steady:
            return spin, covariance
        start = reference_moments(Problem(problem.model, problem.initial, [0.0]))
        return np.concatenate([start[0], spin]), np.concatenate([start[1], covariance])

    exact = [p for p in found if subject.supports(p) and subject.claim(p).accuracy == "exact"]
    if not exact:
        raise SkippedCheckError("the solver claims no exact answer to the problems of this check")
    return subject.judge(exact, "collective steady state", reference=late)


@check("physics", JUDGED)
def collective_course(subject: Subject) -> Measured:
    """Ten to sixteen spins under collective terms: the burst of light, the driven cavity, all at once; in J = N/2."""
    up = CoherentSpinState(0.0)
    every = SpinModel(10, 0.2, (0.7, -0.4, 0.3), 0.15, 0.3, 0.1, 0.2)
    cavity = SpinModel.driven_cavity(N=12, upsilon_ratio=0.9, chi=0.4)
    problems = [
        Problem(SpinModel(N=16, collective_emission=1.0), up, times(0.6)),
        Problem(cavity, CoherentSpinState(), times(0.8)),
        Problem(every, tilted(), times()),
    ]
    return subject.judge(problems, "collective course", reference=closed_forms.collective_course)


@check("physics", JUDGED + "; mean field: the spins")
def late_times(subject: Subject) -> Measured:
    """Free spins long after the fastest rate has done its work, and under slow ones, in closed form."""
    slow = SpinModel(N=2, drive=(0, 0, 0.5), emission=0.02, dephasing=0.01)
    fast = SpinModel(N=3, drive=(0, 0, 2.0), emission=0.5, pumping=0.3)
    problems = [
        Problem(slow, tilted(), [0.0, 20.0, 150.0]),
        Problem(fast, tilted(), [0.0, 0.5, 30.0]),
        Problem(SpinModel(N=2, emission=1.0), tilted(), [0.0, 11.0, 60.0]),
    ]
    return subject.judge(problems, "late times", free=True, reference=_twisting)


@check("physics", JUDGED + "; mean field: the spins")
def nothing_happens(subject: Subject) -> Measured:
    """Without any coupling, and where the one coupling has nothing to act on, the moments stay what they are."""
    down, along, grid = CoherentSpinState(math.pi), CoherentSpinState(math.pi / 2, 0.0), [0.0, 0.3, 7.0]
    free = [
        Problem(SpinModel(N=3), tilted(), grid),
        Problem(SpinModel(N=3, emission=0.8), down, grid),
        Problem(SpinModel(N=3, drive=(0.8, 0.0, 0.0)), along, grid),
    ]
    dark = [Problem(SpinModel(N=3, collective_emission=0.8), down, grid)]
    subject.supported([*free, *dark], "problems of this check")
    worst = Measured(0.0, 1.0)
    for problems in (free, dark):
        if any(map(subject.supports, problems)):
            found = subject.judge(problems, "nothing happens", free=problems is free)
            worst = max(worst, found, key=lambda item: item.measured / item.allowed)
    return worst


@check("physics", "all whose claim covers the spins")
def large_N_limit(subject: Subject) -> Measured:  # N is the field's own name
    """Many spins at fixed NΓ, Nχ and Ω: apart from the mean-field limit by no more than 8/N."""
    worst, seen = Measured(0.0, 1.0), 0
    families: tuple[dict[str, Any], ...] = (
        {"collective_emission": 1.0, "drive": (0.25, 0.0, 0.0), "chi": 0.3, "emission": 0.2},
        {"twisting": 0.8, "drive": (0.0, 0.0, 0.5), "emission": 0.4, "dephasing": 0.3},
        {"collective_pumping": 0.7, "drive": (0.0, 0.4, 0.0), "pumping": 0.3},
    )
    for couplings in families:
        for N in (10_000, 1000, 200, 60):
            scaled = {k: v / N if k in _PAIRS else v for k, v in couplings.items()}
            problem = Problem(SpinModel(N=N, **scaled), tilted(), times())
            if not subject.supports(problem) or not subject.claim(problem).covers("spin"):
                continue
            seconds = subject.solver.estimate(problem, subject.options).seconds
            if not (seconds < 2.0 or (math.isnan(seconds) and N <= 60)):
                continue
            moments = subject.solution(problem)
            expected = closed_forms.mean_field(problem.model, problem.initial_state.bloch_vector(N), problem.times)
            sound = problem.times <= moments.valid_until
            error = float(np.abs(moments.spin / (N / 2) - expected)[sound].max())
            allowed = 8 / N + 1e-4
            if moments.samples is not None:
                allowed += 6.0 * float(subject._standard_error(moments, "spin").max()) / (N / 2)
            if error > allowed:
                raise FailedCheckError(f"apart from the limit by {error:.3g} for {problem!r}", error, allowed)
            worst = max(worst, Measured(error, allowed), key=lambda item: item.measured / item.allowed)
            seen += 1
            break
    if not seen:
        raise SkippedCheckError("the solver takes no large problem of this check within two seconds of its estimate")
    return worst


@check("physics", "asymptotic and exact claims that cover the covariance")
def large_N_fluctuations(subject: Subject) -> Measured:  # N is the field's own name
    """Many spins twisted at fixed Nη, with noise: spin and covariance/N are those of the closed form, but for 8/N."""
    worst, seen = Measured(0.0, 1.0), 0
    families: tuple[dict[str, Any], ...] = (
        {"twisting": 1.2, "drive": (0.0, 0.0, 0.5)},
        {"twisting": 0.9, "emission": 0.5, "pumping": 0.3, "dephasing": 0.4},
        {"twisting": -0.8, "collective_dephasing": 0.6},
    )
    for couplings in families:
        for N in (10_000, 1000, 200, 60):
            scaled = {k: v / N if k in (*_PAIRS, "collective_dephasing") else v for k, v in couplings.items()}
            problem = Problem(SpinModel(N=N, **scaled), tilted(), times())
            if not subject.supports(problem) or subject.claim(problem).accuracy == "mean_field":
                continue
            claim, seconds = subject.claim(problem), subject.solver.estimate(problem, subject.options).seconds
            if not claim.covers("covariance") or not (seconds < 2.0 or (math.isnan(seconds) and N <= 60)):
                continue
            moments, expected = subject.solution(problem), _twisting(problem)
            sound = problem.times <= moments.valid_until
            for name, right, scale in (("spin", expected[0], N / 2), ("covariance", expected[1], N)):
                error = np.abs(getattr(moments, name) - right)[sound] / scale
                allowed = np.full(error.shape, 8 / N + 1e-4)
                if moments.samples is not None:
                    allowed += subject._statistical(moments, problem, name)[sound] / scale
                at = np.unravel_index(int((error / allowed).argmax()), error.shape)
                found = Measured(float(error[at]), float(allowed[at]))
                if found.measured > found.allowed:
                    raise FailedCheckError(
                        f"{name} is apart from the closed form by {found.measured:.3g} (of {scale:g}): {problem!r}",
                        found.measured,
                        found.allowed,
                    )
                worst = max(worst, found, key=lambda item: item.measured / item.allowed)
            seen += 1
            break
    if not seen:
        raise SkippedCheckError("the solver takes no large problem of this check within two seconds of its estimate")
    return worst
