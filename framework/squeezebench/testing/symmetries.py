"""Checks of the physics without a reference: laws, conserved quantities, symmetries."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np

from squeezebench.guard import tolerances
from squeezebench.laws import LAWS, law_amounts
from squeezebench.model import SpinModel
from squeezebench.problem import Problem, Rotation
from squeezebench.solver import TIERS
from squeezebench.states import CoherentSpinState

from .problems import catalogue, random_model, tilted, times
from .registry import check
from .results import FailedCheckError, Measured, SkippedCheckError
from .subject import Subject

__all__: list[str] = []

_RATES = ("emission", "pumping", "dephasing")


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
    """All rates times 1000, all times divided by it, and the other way round: the same answer."""
    worst, seen = Measured(0.0, 1.0), 0
    for one in subject.supported(catalogue()):
        if one.is_steady:
            continue
        others = [_in_other_units(one, factor) for factor in (1000.0, 0.001)]
        for other, factor in zip(others, (1000.0, 0.001), strict=True):
            if not subject.supports(other):
                continue
            found = _same_scaled(subject, one, other, factor)
            worst = max(worst, found, key=lambda item: item.measured / item.allowed)
        seen += any(subject.supports(other) for other in others)
        if seen == 3:
            break
    if not seen:
        raise SkippedCheckError("the solver follows nothing over time")
    return worst


def _in_other_units(one: Problem, factor: float) -> Problem:
    model = one.model
    rates = ("chi", "twisting", *(f"collective_{rate}" for rate in _RATES), *_RATES)
    scaled: dict[str, Any] = {name: factor * getattr(model, name) for name in rates}
    model = dataclasses.replace(model, drive=tuple(factor * d for d in model.drive), **scaled)
    return Problem(model, one.initial, one.times / factor)


def _same_scaled(subject: Subject, one: Problem, other: Problem, factor: float) -> Measured:
    a = subject.solution(one)
    b = subject.solution(other)
    fake = dataclasses.replace(b, valid_until=b.valid_until * factor, stopped=b.stopped * factor)
    error, claim = subject.distance(one, a, fake), subject.claim(one)
    allowed = 10 * TIERS[subject.tier] + 10 * claim.floor if not claim.sampled else 1e-7
    if a.samples is not None and b.samples is not None:
        for index, name in enumerate(("spin", "covariance")):
            errors = [float(subject._standard_error(m, name).max()) for m in (a, b)]
            allowed += 6.0 * math.hypot(*errors) / (one.N / 2) ** (index + 1)
    if error > allowed:
        raise FailedCheckError(f"another unit of time changes the answer by {error:.3g}: {one!r}", error, allowed)
    return Measured(error, allowed)
