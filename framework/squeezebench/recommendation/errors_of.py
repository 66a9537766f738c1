"""Errors of all specs at one point, against the best that is known there."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from squeezebench.comparison.view import OBSERVABLES, View
from squeezebench.evidence.points import course_of

from .cells import FRACTIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Judged", "judge", "trajectories_of"]

Array = NDArray[np.float64]

#: Standard errors that trajectories are given when they hold a bounded error up.
_SIGMAS = 3.0
#: The same where a method is to be found guilty: of 200 times the worst counts, and standard errors of a few dozen
#: trajectories are uncertain themselves (16 were seen 720 of their standard errors away at one time, 2 with more).
_GUILTY = 5.0


@dataclass(frozen=True)
class Judged:
    """What is known of a spec's errors at a point; the fields are those of `cells.Cell`."""

    kind: str = ""
    reference: str = ""
    errors: Mapping[str, tuple[float, ...]] | None = None
    deviation: float = math.nan


def judge(views: Mapping[str, View], *, beyond_doubt: bool = False) -> dict[str, Judged]:
    """Errors of each result up to each of `FRACTIONS` of the last time.

    Parameters
    ----------
    views : mapping of str to View
        Spec → result, all at the same times.

    beyond_doubt : bool
        Whether trajectories count against an expansion only by what five standard errors do not explain, each at least
        the median over the course; three as they are by default, which is the more pessimistic.

    Returns
    -------
    dict of str to Judged
        For each spec with values.

    Notes
    -----
    Where an exact deterministic result is at hand, it is the reference, and its own error its own estimate. Elsewhere
    the error of order k of an expansion is the largest of: its own estimate |k − (k+1)| + |(k+1) − (k+2)|, latched; its
    distance from the highest order that stands, plus that one's estimate; and the part of its distance from the
    trajectories that three standard errors do not explain.
    """
    views = {label: view for label, view in views.items() if view.has_values}
    exact = [label for label, view in views.items() if view.deterministic]
    if exact:
        # Several tiers of a method: the tightest.
        best = min(exact, key=lambda label: (views[label].budget, label))
    sampled = [label for label, view in views.items() if view.sampled]
    found = {}
    for label, view in views.items():
        if view.sampled:
            against = views[best] if exact else None
            found[label] = _of_sampled(view, against, best if exact else "")
        elif exact and label == best:
            found[label] = Judged("own", label, _kept({name: _own(view, name) for name in OBSERVABLES}, view.times))
        elif exact:
            errors = {name: _distance(view, views[best], name) + _own(views[best], name) for name in OBSERVABLES}
            found[label] = Judged("exact", best, _kept(errors, view.times))
        else:
            found[label] = _bounded(label, views, sampled, beyond_doubt)
    return found


def _bounded(label: str, views: Mapping[str, View], sampled: Sequence[str], beyond_doubt: bool) -> Judged:
    view = views[label]
    highest = _highest(label, views)
    errors = {}
    for name in OBSERVABLES:
        error = _own(view, name)
        known = np.isfinite(error)
        if highest is not None:
            other = views[highest]
            beside = _distance(view, other, name) + _own(other, name)
            # Where neither says anything nothing is known; where one does, the larger of what is said.
            error = np.where(np.isfinite(beside), np.where(known, np.maximum(error, beside), beside), error)
            error = np.where(_ended(view), math.inf, error)
        for trajectory in sampled:
            course = course_of(view, views[trajectory], name)
            known = np.isfinite(course.noise)
            noise = _SIGMAS * course.noise
            if beyond_doubt and known.any():
                noise = _GUILTY * np.maximum(course.noise, np.median(course.noise[known]))
            with np.errstate(invalid="ignore"):
                excess = np.where(known, np.maximum(course.error - noise, 0.0), 0.0)
            error = np.maximum(error, _on_all_times(course.times, excess, view.times))
        errors[name] = np.maximum.accumulate(error)
    basis = [*([] if highest is None else [highest]), *sampled] or ["its own estimate"]
    return Judged("bounded", " and ".join(basis), _kept(errors, view.times))


def _highest(label: str, views: Mapping[str, View]) -> str | None:
    """The other expansion of the smallest estimate at the last time at which any of them stands."""
    others = {
        other: float(np.isfinite(_own(view, "xi2")).sum())
        for other, view in views.items()
        if other != label and view.accuracy == "asymptotic" and "xi2" in view.estimates
    }
    if not others:
        return None
    longest = max(others.values())
    near = [other for other, length in others.items() if length >= 0.9 * longest]
    return min(near, key=lambda other: float(np.nanmax(np.where(np.isfinite(o := _own(views[other], "xi2")), o, 0.0))))


def _of_sampled(view: View, reference: View | None, name_of_reference: str) -> Judged:
    """Noise of one trajectory: standard errors as they are, whether or not so few trajectories make them reliable."""
    n = trajectories_of(view)
    errors = {}
    for name in OBSERVABLES:
        stderr = view.stderrs[name]
        values = view.values[name]
        scale = np.maximum(np.abs(values), 1e-300) if name == "xi2" else np.full(values.shape, unit_of(view, name))
        relative = (stderr / scale).reshape(len(view.times), -1).max(axis=1)
        relative = np.where(_counted(view, name), relative, 0.0)
        errors[name] = np.maximum.accumulate(np.nan_to_num(relative, nan=0.0)) * math.sqrt(n)
    deviation = math.nan
    if reference is not None:
        course = course_of(view, reference, "xi2")
        counted = np.isfinite(course.noise) & (course.noise > 0) & np.isfinite(course.error)
        if counted.any():
            deviation = float((course.error[counted] / course.noise[counted]).max())
    return Judged("sampled", name_of_reference, _kept(errors, view.times), deviation)


def trajectories_of(view: View) -> int:
    """How many trajectories a sampled result is the mean of."""
    return 0 if view.samples is None else int(view.samples.count.sum())


def unit_of(view: View, name: str) -> float:
    """What errors of an observable are in units of."""
    return {"xi2": 1.0, "n_eff": view.N, "spin": view.N / 2, "covariance": view.N**2 / 4}[name]


def _counted(view: View, name: str) -> NDArray[np.bool_]:
    """Times at which a result counts, by itself."""
    known = np.isfinite(view.values["spin"]).all(axis=1)
    if name == "xi2":
        with np.errstate(invalid="ignore"):
            known &= view.values["xi2"] < 1.5
            known &= np.linalg.norm(view.values["spin"], axis=-1) / (view.N / 2) > 0.05
    return np.asarray(known)


def _distance(view: View, reference: View, name: str) -> Array:
    """Largest error up to each time."""
    course = course_of(view, reference, name)
    return np.asarray(np.maximum.accumulate(_on_all_times(course.times, course.error, reference.times)))


def _own(view: View, name: str) -> Array:
    """What a result says about its own error up to each time, in the unit of `course_of`; inf where it says nothing."""
    if name not in view.estimates:
        return np.full(len(view.times), view.budget if view.accuracy == "exact" else math.inf)
    values = view.values[name]
    scale = np.maximum(np.abs(values), 1e-300) if name == "xi2" else np.full(values.shape, unit_of(view, name))
    relative = (np.abs(view.estimates[name]) / scale).reshape(len(view.times), -1).max(axis=1)
    relative = np.where(_counted(view, name), relative, 0.0)
    relative = np.where(_ended(view) | np.isnan(relative), math.inf, relative)
    return np.asarray(np.maximum.accumulate(relative))


def _ended(view: View) -> NDArray[np.bool_]:
    return np.asarray(~np.isfinite(view.values["spin"]).all(axis=1))


def _on_all_times(times: Array, values: Array, every: Array) -> Array:
    """Values at all times; 0 where nothing counted."""
    full = np.zeros(len(every))
    full[np.searchsorted(every, times)] = values
    return full


def _kept(errors: Mapping[str, Array], times: Array) -> dict[str, tuple[float, ...]]:
    """Errors up to `FRACTIONS` of the last time."""
    rows = np.searchsorted(times, np.array(FRACTIONS) * times[-1] * (1 - 1e-9))
    return {name: tuple(float(value) for value in error[rows]) for name, error in errors.items()}
