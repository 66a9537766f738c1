"""What validity and cost share: the reference of a point, and the error of a course against it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from squeezebench.comparison.judge import reference_among
from squeezebench.comparison.view import OBSERVABLES, View, views_of_results
from squeezebench.errors import InvalidOptionError
from squeezebench.validate import nearest, shown

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["SIGMAS", "Course", "PointViews", "axes_of", "check_observable", "course_of", "points_of"]

#: Standard errors that a sampled deviation is given at every time. Three, because a course has many correlated times
#: and two would be exceeded somewhere in most of them.
SIGMAS = 3.0
#: As in the comparison: ξ² counts where |⟨J⟩| exceeds this fraction of N/2 in both …
_MIN_CONTRAST = 0.05
#: … and is below this in one of the two.
_MAX_XI2 = 1.5

Array = NDArray[np.float64]


@dataclass(frozen=True)
class PointViews:
    """One parameter point: its place in the axes, every solver's result, and who is the reference."""

    index: tuple[int, ...]
    views: list[View]
    reference: View | None


@dataclass(frozen=True)
class Course:
    """Error of a result over time, against a reference.

    Attributes
    ----------
    times : ndarray (T,)
        Times of the reference at which it counts.
    error : ndarray (T,)
        Relative for ξ², in units of N for N_eff, N/2 for spin and N²/4 for covariance. Infinite where the result has
        no value and the reference has one.
    noise : ndarray (T,)
        Standard error of that, 0 where neither is sampled.
    """

    times: Array
    error: Array
    noise: Array


def axes_of(results: xr.Dataset, what: str) -> dict[str, Any]:
    """Sweep axes of a run's data set.

    Raises
    ------
    InvalidOptionError
        If it is no data set of a run, or one without series.
    """
    dims = getattr(results, "dims", ())
    if "solver" not in dims or "status" not in results:
        raise InvalidOptionError(f"{what} takes a data set of squeezebench.run or .load: {shown(results)} is none")
    if "spin" not in results:
        raise InvalidOptionError(
            f"{what} compares courses, and this run has kept none: run it with keep={{'series'}} (--keep series)"
        )
    return {str(dim): results[dim] for dim in results["status"].dims if dim != "solver"}


def check_observable(observable: Any) -> str:
    """`observable` if it is one that is compared.

    Raises
    ------
    InvalidOptionError
        Otherwise, naming the nearest.
    """
    if observable not in OBSERVABLES:
        hint = nearest(str(observable), set(OBSERVABLES))
        raise InvalidOptionError(f"observable = {shown(observable)}: give one of {', '.join(OBSERVABLES)}{hint}")
    return str(observable)


def points_of(results: xr.Dataset, reference: str | None) -> list[PointViews]:
    """Every point with its reference: the solver of that label, or the strongest claim at hand.

    Raises
    ------
    InvalidOptionError
        If no solver has that label.
    """
    labels = [str(label) for label in results["solver"].values]
    if reference is not None and reference not in labels:
        hint = nearest(str(reference), set(labels))
        raise InvalidOptionError(f"reference = {shown(reference)} is no solver of this run: {', '.join(labels)}{hint}")
    points = []
    for _, index, views in views_of_results(results):
        if reference is None:
            chosen = reference_among(views)
        else:
            named = views[labels.index(reference)]
            chosen = named if named.has_values else None
        points.append(PointViews(index, views, chosen))
    return points


def course_of(view: View, reference: View, observable: str) -> Course:
    """Error of `view` at every time at which `reference` has a value that counts.

    Both are results of one run, so they share their times.
    """
    truth, mine = reference.values[observable], view.values[observable]
    known = _known(truth)
    missing = known & ~_known(mine)
    counts = known & ~missing
    contrast = _contrast(reference)
    if observable == "xi2":
        with np.errstate(invalid="ignore"):
            squeezed = (truth < _MAX_XI2) | (mine < _MAX_XI2)
            counts &= squeezed & (contrast > _MIN_CONTRAST) & (_contrast(view) > _MIN_CONTRAST)
            # A course that has ended has lost its spin too; one whose ξ² alone is undefined says that it is unsqueezed.
            missing &= (truth < _MAX_XI2) & (contrast > _MIN_CONTRAST) & ~_known(view.values["spin"])
    unit = {"xi2": 1.0, "n_eff": reference.N, "spin": reference.N / 2, "covariance": reference.N**2 / 4}[observable]
    scale = np.maximum(np.abs(truth), 1e-300) if observable == "xi2" else np.full(truth.shape, unit)
    error = np.where(missing, math.inf, _worst(np.abs(mine - truth) / scale))
    variance = np.zeros(len(error))
    for one in (view, reference):
        if one.sampled and observable in one.stderrs:
            noise = _worst(one.stderrs[observable] / scale)
            # Where errors cannot be trusted, nothing is told apart.
            trusted = np.isfinite(noise) if one.reliable is None else np.isfinite(noise) & one.reliable
            variance += np.where(trusted, noise, math.inf) ** 2
    keep = counts | missing
    noise = np.where(missing, 0.0, np.sqrt(variance))
    return Course(reference.times[keep], error[keep], noise[keep])


def _known(values: Array) -> NDArray[np.bool_]:
    return np.asarray(np.isfinite(values).reshape(len(values), -1).all(axis=1))


def _worst(values: Array) -> Array:
    return np.asarray(values.reshape(len(values), -1).max(axis=1))


def _contrast(view: View) -> Array:
    return np.asarray(np.linalg.norm(view.values["spin"], axis=-1) / (view.N / 2))
