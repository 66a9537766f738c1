"""Checks of the physics against the master equation on 2^N."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from squeezebench.model import SpinModel
from squeezebench.problem import Problem, Rotation, Segment
from squeezebench.states import CoherentSpinState, DickeState, MeanFieldSteadyState

from .problems import random_model, random_problems, tilted, times
from .reference import reference_moments
from .registry import check
from .results import FailedCheckError, Measured
from .subject import JUDGED, Subject

__all__: list[str] = []


@check("physics", "all whose claim covers the moments")
def initial_moments(subject: Subject) -> Measured:
    """At t = 0 the moments are those of the start: product, mixed product and Dicke states."""
    model = SpinModel(N=4, emission=0.5)
    starts = [CoherentSpinState(), tilted(), CoherentSpinState(1.1, 0.7, 0.5), DickeState(2, 0), DickeState(1, -1)]
    models = [model, SpinModel(N=4, twisting=0.3), SpinModel.driven_cavity(N=4, upsilon_ratio=0.5)]
    # One time alone: what comes later is no matter of this check.
    problems = [Problem(item, start, [0.0]) for item in models for start in starts]
    worst = 0.0
    for problem in subject.supported(problems):
        claim, moments, expected = subject.claim(problem), subject.solution(problem), reference_moments(problem)
        for name, got, right, scale in (
            ("spin", moments.spin, expected[0], problem.N / 2),
            ("covariance", moments.covariance, expected[1], problem.N**2 / 4),
        ):
            # Mean field knows no correlations: a Dicke state's are not held against it.
            if not claim.covers(name) or (claim.accuracy == "mean_field" and name == "covariance"):
                continue
            allowed = 1e-6 + 10 * claim.floor
            if moments.samples is not None:  # a sampled start
                allowed += 6.0 * float(subject._standard_error(moments, name).max()) / scale
            error = float(np.abs(got - right).max()) / scale
            if error > allowed:
                raise FailedCheckError(f"{name} at t = 0 is off by {error:.3g} for {problem!r}", error, allowed)
            worst = max(worst, error / allowed)
    return Measured(worst, 1.0)


@check("physics", JUDGED)
def one_spin(subject: Subject) -> Measured:
    """One spin, every coupling at random: Bloch's equations."""
    return subject.judge(random_problems(1, 4), "one spin")


@check("physics", JUDGED)
def two_spins(subject: Subject) -> Measured:
    """Two spins, every coupling at random, against the 16 × 16 Liouvillian."""
    return subject.judge(random_problems(2, 4), "two spins")


@check("physics", JUDGED)
def random_models(subject: Subject) -> Measured:
    """Three and four spins, every coupling at random, pure and mixed product starts, against 2^N."""
    return subject.judge([*random_problems(3, 4), *random_problems(4, 2)], "random models")


@check("physics", JUDGED)
def six_spins(subject: Subject) -> Measured:
    """Five and six spins, every coupling at random, against 2^N: what is exact for four only is not exact."""
    return subject.judge([*random_problems(5, 1), *random_problems(6, 1)], "five and six spins")


@check("physics", JUDGED)
def cavity_models(subject: Subject) -> Measured:
    """The driven cavity, below and above threshold, with and without χ and single-particle emission, against 2^N."""
    problems = []
    for ratio, chi, gamma in ((0.6, 0.0, 0.0), (0.9, 0.0, 0.5), (0.8, 0.7, 0.4), (1.4, -0.5, 0.3)):
        model = SpinModel.driven_cavity(N=4, upsilon_ratio=ratio, chi=chi, gamma_s=gamma)
        problems += [Problem(model, CoherentSpinState(), times()), Problem(model, CoherentSpinState(math.pi), times())]
    # A start that only the problem can resolve.
    model = SpinModel.driven_cavity(N=3, upsilon_ratio=0.8, chi=0.5, gamma_s=0.3)
    problems.append(Problem(model, MeanFieldSteadyState(), times()))
    return subject.judge(problems, "driven cavity")


@check("physics", JUDGED)
def general_models(subject: Subject) -> Measured:
    """General quadratic forms and Kossakowski matrices that no named coupling expresses, against 2^N."""
    rng = np.random.default_rng(7)
    problems = []
    for N in (2, 3):
        K = rng.normal(size=(3, 3)) * 0.4
        factors = [(rng.normal(size=(3, 2)) + 1j * rng.normal(size=(3, 2))) * 0.4 for _ in range(2)]
        c, s = (factor @ factor.conj().T for factor in factors)
        problems.append(Problem(SpinModel.general(N, rng.normal(size=3), K + K.T, c, s), tilted(), times()))
    return subject.judge(problems, "general models")


@check("physics", JUDGED)
def dicke_starts(subject: Subject) -> Measured:
    """Starts in |J, M⟩, J = N/2 and below, with every coupling at random, against 2^N."""
    rng = np.random.default_rng(11)
    models = [random_model(rng, 3), SpinModel.driven_cavity(N=4, upsilon_ratio=0.8, gamma_s=0.5)]
    pairs = [(models[0], (1.5, 0.5)), (models[0], (0.5, -0.5)), (models[1], (2, -2)), (models[1], (1, 0))]
    return subject.judge([Problem(model, DickeState(*jm), times()) for model, jm in pairs], "Dicke starts")


@check("physics", JUDGED + "; solvers that take schedules")
def schedules(subject: Subject) -> Measured:
    """Segments under several models with rotations between them, against 2^N."""
    first = SpinModel.driven_cavity(N=3, upsilon_ratio=0.8, gamma_s=0.3)
    dark = SpinModel(N=3, emission=0.3, collective_emission=1.0)
    twist = SpinModel(N=3, twisting=0.6, dephasing=0.2)
    entries: list[Segment | Rotation] = [Segment(first, 0.4), Rotation("x", 0.7), Segment(dark, 0.3)]
    back = dataclasses.replace(twist, twisting=-0.6)
    echo: list[Segment | Rotation] = [Segment(twist, 0.25), Rotation("y", 1.2), Segment(back, 0.45)]
    # A rotation at the very start, about a slanted axis, and one at the very end; no save point at any of them.
    edges: list[Segment | Rotation] = [Rotation((0.6, 0.0, 0.8), 0.9), Segment(twist, 0.3), Segment(first, 0.45)]
    edges.append(Rotation("z", -0.5))
    grid = [0.0, 0.02, 0.25, 0.4, 0.55, 0.7]
    problems = [Problem(schedule=item, initial=tilted(), times=grid) for item in (entries, echo)]
    problems.append(Problem(schedule=edges, initial=tilted(), times=[0.0, 0.2, 0.35, 0.6, 0.75]))
    return subject.judge(problems, "schedules")
