"""Checks of the physics: closed forms, symmetries, laws, and the master equation on 2^N."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np

from squeezebench.guard import tolerances
from squeezebench.laws import LAWS, law_amounts
from squeezebench.model import SpinModel
from squeezebench.problem import Problem, Rotation, Segment
from squeezebench.solver import TIERS
from squeezebench.states import CoherentSpinState, DickeState

from . import closed_forms
from .problems import catalogue, random_model, random_problems, tilted, times
from .reference import reference_moments
from .registry import check
from .results import FailedCheckError, Measured, SkippedCheckError
from .subject import Subject

__all__: list[str] = []

_RATES = ("emission", "pumping", "dephasing")

_JUDGED = "exact, sampled; asymptotic by its own estimate, or at early times"


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


@check("physics", _JUDGED)
def one_spin(subject: Subject) -> Measured:
    """One spin, every coupling at random: Bloch's equations."""
    return subject.judge(random_problems(1, 4), "one spin")


@check("physics", _JUDGED)
def two_spins(subject: Subject) -> Measured:
    """Two spins, every coupling at random, against the 16 × 16 Liouvillian."""
    return subject.judge(random_problems(2, 4), "two spins")


@check("physics", _JUDGED)
def random_models(subject: Subject) -> Measured:
    """Three and four spins, every coupling at random, pure and mixed product starts, against 2^N."""
    return subject.judge([*random_problems(3, 4), *random_problems(4, 2)], "random models")


@check("physics", _JUDGED)
def cavity_models(subject: Subject) -> Measured:
    """The driven cavity, below and above threshold, with and without χ and single-particle emission, against 2^N."""
    problems = []
    for ratio, chi, gamma in ((0.6, 0.0, 0.0), (0.9, 0.0, 0.5), (0.8, 0.7, 0.4), (1.4, -0.5, 0.3)):
        model = SpinModel.driven_cavity(N=4, upsilon_ratio=ratio, chi=chi, gamma_s=gamma)
        problems += [Problem(model, CoherentSpinState(), times()), Problem(model, CoherentSpinState(math.pi), times())]
    return subject.judge(problems, "driven cavity")


@check("physics", _JUDGED)
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


@check("physics", _JUDGED)
def dicke_starts(subject: Subject) -> Measured:
    """Starts in |J, M⟩, J = N/2 and below, with every coupling at random, against 2^N."""
    rng = np.random.default_rng(11)
    models = [random_model(rng, 3), SpinModel.driven_cavity(N=4, upsilon_ratio=0.8, gamma_s=0.5)]
    pairs = [(models[0], (1.5, 0.5)), (models[0], (0.5, -0.5)), (models[1], (2, -2)), (models[1], (1, 0))]
    return subject.judge([Problem(model, DickeState(*jm), times()) for model, jm in pairs], "Dicke starts")


def _twisting(problem: Problem) -> Any:
    return closed_forms.twisting(problem.model, problem.initial_state.bloch_vector(problem.N), problem.times)


@check("physics", _JUDGED + "; mean field: the spins")
def pure_decay(subject: Subject) -> Measured:
    """Single-particle emission and pumping of 30 spins, in closed form."""
    problems = [Problem(SpinModel(N=30, emission=e), tilted(), times()) for e in (1.0, 0.4)]
    problems.append(Problem(SpinModel(N=30, emission=0.5, pumping=0.8), tilted(), times()))
    return subject.judge(problems, "pure decay", free=True, reference=_twisting)


@check("physics", _JUDGED + "; mean field: the spins")
def pure_dephasing(subject: Subject) -> Measured:
    """Single-particle dephasing of 30 spins, in closed form."""
    return subject.judge(
        [Problem(SpinModel(N=30, dephasing=1.3), tilted(), times())], "pure dephasing", free=True, reference=_twisting
    )


@check("physics", _JUDGED)
def one_axis_twisting(subject: Subject) -> Measured:
    """One-axis twisting of 20 spins, without and with single-particle noise, in closed form (Foss-Feig et al. 2013)."""
    along = CoherentSpinState(math.pi / 2, 0.0)
    problems = [
        Problem(SpinModel(N=20, twisting=1.0), along, times(0.3)),
        Problem(SpinModel(N=20, twisting=0.7, drive=(0, 0, 0.5)), tilted(), times(0.3)),
    ]
    return subject.judge(problems, "one-axis twisting", reference=_twisting)


@check("physics", _JUDGED)
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


@check("physics", "all")
def physical_laws(subject: Subject) -> Measured:
    """The raw moments are those of some state: |⟨J⟩|, ⟨J²⟩, positive covariance, uncertainty relation."""
    worst = 0.0
    for problem in subject.supported(catalogue()):
        claim, moments = subject.claim(problem), subject.solution(problem)
        amounts, allowed = law_amounts(problem, moments), tolerances(moments, problem, claim, subject.tier)
        for law in LAWS:
            if not (amounts[law] <= allowed[law]).all():
                at = int(np.argmax(amounts[law] - allowed[law]))
                raise FailedCheckError(
                    f"{LAWS[law]} is broken at t = {problem.times[at]:g} for {problem!r}",
                    float(amounts[law][at]),
                    float(allowed[law][at]),
                )
            finite = allowed[law] > 0
            worst = max(worst, float((amounts[law][finite] / allowed[law][finite]).max(initial=0.0)))
    return Measured(worst, 1.0)


@check("physics", "exact")
def conserved_quantities(subject: Subject) -> Measured:
    """⟨J²⟩ is conserved by collective terms, ⟨J_z⟩ by twisting and dephasing, the energy without dissipation."""
    N = 5
    collective = SpinModel(N, 0.4, (0.8, 0.3, 0.2), 0.5, 0.6, 0.3, 0.4)
    diagonal = SpinModel(N, twisting=0.7, drive=(0, 0, 0.5), collective_dephasing=0.3, dephasing=0.6)
    closed = SpinModel(N, 0.5, (0.7, -0.4, 0.3), 0.6)
    worst = 0.0
    problems = [Problem(model, tilted(), times()) for model in (collective, diagonal, closed)]
    for problem in subject.supported(problems):
        claim = subject.claim(problem)
        if claim.accuracy != "exact":
            continue
        moments, model = subject.solution(problem), problem.model
        raw = moments.covariance + moments.spin[:, :, None] * moments.spin[:, None, :]
        square = np.trace(raw, axis1=1, axis2=2)
        energy = moments.spin @ model.h + np.einsum("ab,tab->t", model.K, raw)
        kept = {
            "⟨J²⟩": square / (N / 2 * (N / 2 + 1)) if model in (collective, closed) else None,
            "⟨J_z⟩": moments.spin[:, 2] / (N / 2) if model == diagonal else None,
            "the energy": energy / (N * np.abs(model.h).max() + N**2 * np.abs(model.K).max())
            if model == closed
            else None,
        }
        allowed = 1e-4 + 10 * claim.floor
        if moments.samples is not None:
            allowed += 6.0 * float(subject._standard_error(moments, "spin").max()) / (N / 2) * 6
            allowed += 6.0 * float(subject._standard_error(moments, "covariance").max()) / (N / 2) ** 2 * 3
        for name, values in kept.items():
            if values is None:
                continue
            change = float(np.abs(values - values[0]).max())
            if change > allowed:
                raise FailedCheckError(
                    f"{name} is conserved, and changes by {change:.3g}: {problem!r}", change, allowed
                )
            worst = max(worst, change / allowed)
    return Measured(worst, 1.0)


def _rotated(model: SpinModel, R: Any) -> SpinModel:
    return SpinModel.general(
        model.N, R @ model.h, R @ model.K @ R.T, R @ model.collective @ R.T, R @ model.single @ R.T
    )


def _same(subject: Subject, one: Problem, other: Problem, turn: Any, what: str) -> Measured:
    """Fail unless the answer to `other` is that to `one`, turned by the orthogonal matrix `turn`."""
    a, b, claim = subject.solution(one), subject.solution(other), subject.claim(one)
    spin, covariance = a.spin @ turn.T, turn @ a.covariance @ turn.T
    allowed = 10 * TIERS[subject.tier] + 10 * claim.floor if not claim.sampled else 1e-7
    N = one.N
    if a.samples is not None and b.samples is not None:
        for index, name in enumerate(("spin", "covariance")):
            errors = [float(subject._standard_error(m, name).max()) for m in (a, b)]
            allowed += 6.0 * math.hypot(*errors) / (N / 2) ** (index + 1)
    sound = one.times <= min(a.valid_until, b.valid_until)
    error = max(
        float(np.abs(spin - b.spin)[sound].max(initial=0.0)) / (N / 2),
        float(np.abs(covariance - b.covariance)[sound].max(initial=0.0)) / (N**2 / 4),
    )
    if error > allowed:
        raise FailedCheckError(f"{what} changes the answer by {error:.3g}: {other!r}", error, allowed)
    return Measured(error, allowed)


@check("physics", "all")
def rotation_symmetry(subject: Subject) -> Measured:
    """Rotating Hamiltonian, rates and start rotates the answer."""
    rng, worst = np.random.default_rng(5), Measured(0.0, 1.0)
    pairs = []
    for vector in ((0, 0, 0.9), (0.7, -0.4, 1.1)):
        R = Rotation(tuple(float(v) for v in vector), float(np.linalg.norm(vector))).matrix
        for model in (random_model(rng, 3), SpinModel(N=3, twisting=0.6, drive=(0, 0, 0.3), dephasing=0.4)):
            turned = CoherentSpinState.along(R @ tilted().bloch_vector(3))
            pairs.append((Problem(model, tilted(), times()), Problem(_rotated(model, R), turned, times()), R))
    taken = [(one, other, R) for one, other, R in pairs if subject.supports(one) and subject.supports(other)]
    if not taken:
        raise SkippedCheckError("the solver takes no rotated models")
    for one, other, R in taken:
        found = _same(subject, one, other, R, "a rotation")
        worst = max(worst, found, key=lambda item: item.measured / item.allowed)
    return worst


@check("physics", "all")
def mirror_symmetry(subject: Subject) -> Measured:
    """χ, η and a z drive change sign with x and a y drive: the mirror image of the master equation."""
    rng, mirror = np.random.default_rng(6), np.diag([-1.0, 1.0, 1.0])
    pairs, worst = [], Measured(0.0, 1.0)
    for model in (
        random_model(rng, 3),
        SpinModel.driven_cavity(3, 0.8, chi=0.6, gamma_s=0.4),
        SpinModel(N=3, twisting=0.6, drive=(0, 0, 0.3), emission=0.4),
    ):
        x, y, z = model.drive
        # Complex conjugation of ρ in a basis where J_y is odd is a mirror of y; a turn by π about z makes it one of x.
        image = dataclasses.replace(model, chi=-model.chi, twisting=-model.twisting, drive=(x, -y, -z))
        start = CoherentSpinState.along(mirror @ tilted().bloch_vector(3))
        pairs.append((Problem(model, tilted(), times()), Problem(image, start, times())))
    taken = [(one, other) for one, other in pairs if subject.supports(one) and subject.supports(other)]
    if not taken:
        raise SkippedCheckError("the solver takes none of the problems of this check")
    for one, other in taken:
        found = _same(subject, one, other, mirror, "the mirror image")
        worst = max(worst, found, key=lambda item: item.measured / item.allowed)
    return worst


@check("physics", "all")
def units_of_time(subject: Subject) -> Measured:
    """All rates times 1000, all times divided by it: the same answer."""
    worst, seen = Measured(0.0, 1.0), 0
    for one in subject.supported(catalogue()):
        model = one.model
        if one.is_steady:
            continue
        rates = ("chi", "twisting", *(f"collective_{rate}" for rate in _RATES), *_RATES)
        scaled: dict[str, Any] = {name: 1000 * getattr(model, name) for name in rates}
        other = Problem(
            dataclasses.replace(model, drive=tuple(1000 * d for d in model.drive), **scaled),
            one.initial,
            one.times / 1000,
        )
        if not subject.supports(other):
            continue
        found = _same_scaled(subject, one, other)
        seen += 1
        worst = max(worst, found, key=lambda item: item.measured / item.allowed)
        if seen == 3:
            break
    if not seen:
        raise SkippedCheckError("the solver follows nothing over time")
    return worst


def _same_scaled(subject: Subject, one: Problem, other: Problem) -> Measured:
    a = subject.solution(one)
    b = subject.solution(other)
    fake = dataclasses.replace(b, valid_until=b.valid_until * 1000)
    error, claim = subject.distance(one, a, fake), subject.claim(one)
    allowed = 10 * TIERS[subject.tier] + 10 * claim.floor if not claim.sampled else 1e-7
    if a.samples is not None and b.samples is not None:
        for index, name in enumerate(("spin", "covariance")):
            errors = [float(subject._standard_error(m, name).max()) for m in (a, b)]
            allowed += 6.0 * math.hypot(*errors) / (one.N / 2) ** (index + 1)
    if error > allowed:
        raise FailedCheckError(f"another unit of time changes the answer by {error:.3g}: {one!r}", error, allowed)
    return Measured(error, allowed)


@check("physics", _JUDGED + "; solvers that take schedules")
def schedules(subject: Subject) -> Measured:
    """Segments under several models with rotations between them, against 2^N."""
    first = SpinModel.driven_cavity(N=3, upsilon_ratio=0.8, gamma_s=0.3)
    dark = SpinModel(N=3, emission=0.3, collective_emission=1.0)
    twist = SpinModel(N=3, twisting=0.6, dephasing=0.2)
    entries: list[Segment | Rotation] = [Segment(first, 0.4), Rotation("x", 0.7), Segment(dark, 0.3)]
    back = dataclasses.replace(twist, twisting=-0.6)
    echo: list[Segment | Rotation] = [Segment(twist, 0.25), Rotation("y", 1.2), Segment(back, 0.45)]
    grid = [0.0, 0.02, 0.25, 0.4, 0.55, 0.7]
    problems = [Problem(schedule=entries, initial=tilted(), times=grid)]
    problems.append(Problem(schedule=echo, initial=tilted(), times=grid))
    return subject.judge(problems, "schedules")


@check("physics", "all whose claim covers the spins")
def large_N_limit(subject: Subject) -> Measured:  # N is the field's own name
    """Many spins at fixed NΓ, Nχ and Ω: apart from the mean-field limit by no more than 8/N."""
    worst, seen = Measured(0.0, 1.0), 0
    families: tuple[dict[str, Any], ...] = (
        {"collective_emission": 1.0, "drive": (0.25, 0.0, 0.0), "chi": 0.3, "emission": 0.2},
        {"twisting": 0.8, "drive": (0.0, 0.0, 0.5), "emission": 0.4, "dephasing": 0.3},
    )
    for couplings in families:
        for N in (10_000, 1000, 200, 60):
            scaled = {k: v / N if k in ("collective_emission", "chi", "twisting") else v for k, v in couplings.items()}
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
