"""Copies of the tiny exact solver that are wrong in their physics, beyond a factor on one coupling."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np

import squeezebench as sb

from .broken import _TERMS, MIXED, Tiny, remodelled


def changed(change: Callable[[sb.SpinModel], dict[str, Any]]) -> Any:
    return remodelled(lambda m: dataclasses.replace(m, **change(m)))


def turned(m: sb.SpinModel) -> dict[str, Any]:
    x, y, z = m.drive
    return {"drive": (y, x, z)}


def less_z(m: sb.SpinModel) -> dict[str, Any]:
    x, y, z = m.drive
    return {"drive": (x, y, z - m.chi)}


#: How a coupling is wrong, the check that must say so, and another coupling's check that must too.
WRONG_TERMS: dict[str, tuple[str, Any, set[str]]] = {
    "pumped spins lose their coherence twice as fast": (
        "pumping", changed(lambda m: {"dephasing": m.dephasing + m.pumping}), set(),
    ),
    "emission takes populations and leaves coherences": (
        "emission", changed(lambda m: {"dephasing": m.dephasing + 2 * m.emission}), set(),
    ),
    "L(σ_z) for L(σ_z/2)": ("dephasing", changed(lambda m: {"dephasing": 4 * m.dephasing}), set()),
    "emission and pumping are exchanged": (
        "emission", changed(lambda m: {"emission": m.pumping, "pumping": m.emission}), {"pumping"},
    ),
    "collective emission and pumping are exchanged": (
        "collective_emission",
        changed(lambda m: {"collective_emission": m.collective_pumping, "collective_pumping": m.collective_emission}),
        {"collective_pumping"},
    ),
    "Γ/N for Γ": (
        "collective_emission", changed(lambda m: {"collective_emission": m.collective_emission / m.N}), set(),
    ),
    "η/N for η": ("twisting", changed(lambda m: {"twisting": m.twisting / m.N}), set()),
    "(N − 1)/N of Γ": (
        "collective_emission",
        changed(lambda m: {"collective_emission": m.collective_emission * (m.N - 1) / m.N}),
        set(),
    ),
    "J_x² + J_y² for J₊J₋": ("exchange", changed(less_z), set()),
    "Ω σ_x for Ω J_x": ("drive_x", changed(lambda m: {"drive": (2 * m.drive[0], *m.drive[1:])}), set()),
    "x and y are exchanged": ("drive_y", changed(turned), {"drive_x"}),
    "collective dephasing acts on each spin": (
        "collective_dephasing",
        changed(lambda m: {"collective_dephasing": 0.0, "dephasing": m.dephasing + m.collective_dephasing}),
        set(),
    ),
    "collective emission acts on each spin": (
        "collective_emission",
        changed(lambda m: {"collective_emission": 0.0, "emission": m.emission + m.collective_emission}),
        set(),
    ),
    "emission is collective": (
        "emission",
        changed(lambda m: {"emission": 0.0, "collective_emission": m.emission + m.collective_emission}),
        set(),
    ),
}  # fmt: skip


def general(change: Callable[[sb.SpinModel], tuple[Any, ...]]) -> Any:
    """Change of models that no named coupling expresses."""
    return remodelled(lambda m: m if m.is_named else sb.SpinModel.general(m.N, *change(m)))


class RealRates(Tiny):
    """Takes the real part of Kossakowski matrices."""

    bend = general(lambda m: (m.h, m.K, m.collective.real, m.single.real))


class DiagonalRates(Tiny):
    bend = general(lambda m: (m.h, m.K, np.diag(np.diag(m.collective)), m.single))


class TransposedRates(Tiny):
    bend = general(lambda m: (m.h, m.K, m.collective.T, m.single.T))


class DiagonalForm(Tiny):
    """Takes the diagonal of the quadratic form."""

    bend = general(lambda m: (m.h, np.diag(np.diag(m.K)), m.collective, m.single))


class FourSpins(Tiny):
    """Exact for up to four spins: a truncation that a fifth notices."""

    bend = remodelled(lambda m: m if m.N <= 4 else dataclasses.replace(m, emission=0.9 * m.emission))  # type: ignore[assignment]


class PureOnly(Tiny):
    """Forgets the length of the Bloch vector."""

    def bend(self, problem: sb.Problem) -> sb.Problem:
        start = problem.initial
        if not problem.is_plain or not isinstance(start, sb.CoherentSpinState):
            return problem
        return sb.Problem(problem.model, dataclasses.replace(start, bloch_length=1.0), problem.times)


class Tired(Tiny):
    """Nothing happens after t = 10."""

    def bend(self, problem: sb.Problem) -> sb.Problem:
        return problem

    def spoil(self, moments: Any, problem: Any, options: Any, context: Any) -> sb.Moments:
        if not problem.is_plain or problem.times[-1] <= 10:
            return moments
        capped = np.minimum(problem.times, 10.0)
        grid, where = np.unique(capped, return_inverse=True)
        kept = super().solve(sb.Problem(problem.model, problem.initial, grid), options, context)
        return sb.Moments(kept.spin[where], kept.covariance[where])


class Coasting(Tiny):
    """What decays is gone after fifty times the slowest rate; here: a slow rate below 0.03 counts as none."""

    bend = changed(
        lambda m: {"emission": m.emission * (m.emission > 0.03), "dephasing": m.dephasing * (m.dephasing > 0.03)}
    )


class Restless(Tiny):
    """An offset of a thousandth where there is nothing that happens, as by a step of its own that is never zero."""

    bend = remodelled(lambda m: m if any((*m.drive, m.chi, m.twisting)) else dataclasses.replace(m, drive=(1e-3, 0, 0)))  # type: ignore[assignment]


def rescheduled(change: Callable[[list[Any]], list[Any]]) -> Any:
    def bend(self: Any, problem: sb.Problem) -> sb.Problem:
        if problem.is_plain:
            return problem
        entries = change(list(problem.schedule or ()))
        return sb.Problem(schedule=entries, initial=problem.initial, times=problem.times)

    return bend


def _first_model(entries: list[Any]) -> list[Any]:
    model = next(entry.model for entry in entries if isinstance(entry, sb.Segment))
    return [sb.Segment(model, e.duration) if isinstance(e, sb.Segment) else e for e in entries]


def _about_x(entries: list[Any]) -> list[Any]:
    return [
        sb.Rotation("x", e.angle) if isinstance(e, sb.Rotation) and not isinstance(e.axis, str) else e for e in entries
    ]


def _not_at_start(entries: list[Any]) -> list[Any]:
    return entries[1:] if isinstance(entries[0], sb.Rotation) else entries


class FirstModel(Tiny):
    """Goes through a schedule with the model of its first segment."""

    bend = rescheduled(_first_model)


class NoRotations(Tiny):
    bend = rescheduled(lambda entries: [entry for entry in entries if isinstance(entry, sb.Segment)])


class NamedAxes(Tiny):
    """Takes a slanted axis for x."""

    bend = rescheduled(_about_x)


class NoRotationAtStart(Tiny):
    bend = rescheduled(_not_at_start)


class Afresh(Tiny):
    """At each save point it goes on from the product state with the same mean: correlations are lost."""

    schedules = False

    def spoil(self, moments: Any, problem: Any, options: Any, context: Any) -> sb.Moments:
        from squeezebench.testing.reference import reference_moments

        spin, covariance = moments.spin, moments.covariance
        for k in range(1, min(3, len(problem.times))):
            bloch = spin[k - 1] / (problem.N / 2)
            length = min(1.0, float(np.linalg.norm(bloch)))
            theta = math.acos(float(np.clip(bloch[2] / length, -1, 1))) if length > 1e-9 else 0.0
            start = sb.CoherentSpinState(theta, math.atan2(bloch[1], bloch[0]) % (2 * math.pi), length)
            step = sb.Problem(problem.model, start, [0.0, float(problem.times[k] - problem.times[k - 1])])
            mean, matrix = reference_moments(step)
            spin[k], covariance[k] = mean[1], matrix[1]
        return moments


class PauliUnits(Tiny):
    """Σσ for Σσ/2."""

    def spoil(self, moments: Any, problem: Any, options: Any, context: Any) -> sb.Moments:
        return sb.Moments(2 * moments.spin, 4 * moments.covariance)


class UpsideDown(Tiny):
    """The basis begins with the ground state."""

    def spoil(self, moments: Any, problem: Any, options: Any, context: Any) -> sb.Moments:
        flip = np.diag([1.0, -1.0, -1.0])
        return sb.Moments(moments.spin @ flip, flip @ moments.covariance @ flip)


class LateByOne(Tiny):
    """Saves before the step instead of after it."""

    def spoil(self, moments: Any, problem: Any, options: Any, context: Any) -> sb.Moments:
        index = np.maximum(np.arange(len(problem.times)) - 1, 0)
        return sb.Moments(moments.spin[index], moments.covariance[index])


class Interpolating(Tiny):
    """Lines between its own eleven points."""

    def solve(self, problem: Any, options: Any, context: Any) -> sb.Moments:
        if not problem.is_plain or len(problem.times) < 2:
            return super().solve(problem, options, context)
        grid = np.linspace(0.0, problem.times[-1], 11)
        found = super().solve(sb.Problem(problem.model, problem.initial, grid), options, context)
        spin = np.stack([np.interp(problem.times, grid, column) for column in found.spin.T], axis=-1)
        rows = found.covariance.reshape(11, 9).T
        covariance = np.stack([np.interp(problem.times, grid, row) for row in rows], axis=-1).reshape(-1, 3, 3)
        return sb.Moments(spin, covariance)


class TinyCollective(Tiny):
    """Collective terms alone, in J = N/2, up to twenty spins."""

    name = "tiny_collective"
    schedules = False
    cut = 20

    def supports(self, problem: Any, options: Any) -> sb.Support:
        m, start = problem.model, problem.initial_state.as_product(problem.N)
        if not m.is_named or problem.N > 20 or m.emission or m.pumping or m.dephasing:
            return sb.Support(False, "collective terms of up to twenty spins only")
        if start is None or np.linalg.norm(start.bloch_vector(problem.N)) < 1 - 1e-12:
            return sb.Support(False, "pure product states only")
        return sb.Support(True)

    def solve(self, problem: Any, options: Any, context: Any) -> sb.Moments:
        from squeezebench.testing.closed_forms import collective_course

        context.check()
        model = problem.model
        if self.cut < problem.N:
            model = dataclasses.replace(model, collective_emission=0.98 * model.collective_emission)
        return sb.Moments(*collective_course(sb.Problem(model, problem.initial, problem.times)))


class NinthSpin(TinyCollective):
    """A truncation that nothing below nine spins notices."""

    cut = 8


RIGHT: list[type[sb.Solver]] = [TinyCollective]

_MODELS = MIXED | _TERMS | {"pure_decay", "late_times"}
_GENERAL = {"rotation_symmetry"}
_COURSE = _MODELS | {"stop_rule", "nothing_happens"}

#: (broken solver, check meant for it, further checks that test what is broken).
FAULTS: list[tuple[type[sb.Solver], str, set[str]]] = [
    (RealRates, "general_models", _GENERAL),
    (DiagonalRates, "general_models", _GENERAL),
    (TransposedRates, "general_models", _GENERAL),
    (DiagonalForm, "general_models", _GENERAL),
    (FourSpins, "six_spins", set()),
    (NinthSpin, "collective_course", set()),
    (PureOnly, "initial_moments", {"one_spin", "two_spins", "random_models", "six_spins"}),
    (Tired, "late_times", {"collective_steady_state", "units_of_time"}),
    (Coasting, "late_times", {"units_of_time"}),
    (Restless, "nothing_happens", MIXED | _TERMS | {"late_times"}),
    (FirstModel, "schedules", set()),
    (NoRotations, "schedules", set()),
    (NamedAxes, "schedules", set()),
    (NoRotationAtStart, "schedules", set()),
    (Afresh, "save_times", _COURSE),
    (PauliUnits, "initial_moments", {"*"}),
    (UpsideDown, "initial_moments", {"*"}),
    (LateByOne, "save_times", _COURSE | {"shapes"}),
    (Interpolating, "save_times", _COURSE),
]
