"""Where a solver stays near the reference, and until when."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from squeezebench.errors import InvalidOptionError
from squeezebench.validate import shown

from .points import SIGMAS, Course, axes_of, check_observable, course_of, points_of

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["check_tolerance", "validity"]


def validity(
    results: xr.Dataset, tolerance: float = 0.05, reference: str | None = None, *, observable: str = "xi2"
) -> xr.Dataset:
    """Map where each solver stays within a tolerance of the reference, and until when.

    Parameters
    ----------
    results : xarray.Dataset
        A run with its series, from `squeezebench.run` or `squeezebench.load`.
    tolerance : float
        Error that is allowed: relative for ``xi2``, in units of N for ``n_eff``, N/2 for ``spin``, N²/4 for
        ``covariance``.
    reference : str, optional
        Label of the solver to compare with at every point. By default the strongest claim at each point: exact before
        approximate (which is never one), deterministic before sampled, then the smaller error budget.
    observable : str
        ``"xi2"``, ``"n_eff"``, ``"spin"`` or ``"covariance"``.

    Returns
    -------
    xarray.Dataset
        Dims (solver, <sweep axes>). ``verdict`` is ``within``, ``beyond``, ``unresolved`` (sampling errors leave it
        open), ``reference``, ``no_reference``, ``no_value`` or ``not_comparable`` (the reference has no time that
        counts). ``good_until`` is the last time up to which the error is certainly within the tolerance (NaN if it
        never is), ``beyond_from`` the first time at which it is certainly beyond it (NaN if it never is), ``max_error``
        and ``max_error_stderr`` the largest error over the times that count and its standard error; infinite where the
        solver's course ends before the reference's. ``reference`` (<sweep axes>) says who is compared with.
        *Certainly* allows three standard errors.

    Raises
    ------
    InvalidOptionError
        If `results` is no run with series, or an argument is none of those above.

    Examples
    --------
    >>> import squeezebench as sb
    >>> results = sb.run("quickstart", ["cumulant:order=2", "permutational"], isolate=False)
    >>> sb.validity(results, 0.5).verdict.sel(N=30).values.tolist()
    ['within', 'reference']
    """
    import xarray as xr

    axes = axes_of(results, "validity")
    check_observable(observable)
    check_tolerance(tolerance)
    labels = [str(label) for label in results["solver"].values]
    shape = tuple(results.sizes[axis] for axis in axes)
    numbers = {
        name: np.full((len(labels), *shape), np.nan)
        for name in ("good_until", "beyond_from", "max_error", "max_error_stderr")
    }
    verdicts = np.full((len(labels), *shape), "no_value", dtype="<U14")
    references = np.full(shape, "", dtype=object)
    for point in points_of(results, reference):
        references[point.index] = "" if point.reference is None else point.reference.label
        for k, view in enumerate(point.views):
            where = (k, *point.index)
            if not view.has_values:
                continue
            if point.reference is None:
                verdicts[where] = "no_reference"
            elif view is point.reference:
                verdicts[where] = "reference"
                numbers["good_until"][where] = _last_known(view)
            else:
                course = course_of(view, point.reference, observable)
                verdicts[where], found = _judged(course, tolerance)
                for name, value in found.items():
                    numbers[name][where] = value
    dims = ("solver", *axes)
    time_unit = results["time"].attrs.get("units", "1")
    data: dict[str, Any] = {
        "verdict": (dims, verdicts, {"long_name": f"whether {observable} stays within {tolerance:g} of the reference"}),
        "reference": (tuple(axes), references.astype(str), {"long_name": "solver that is compared with"}),
    }
    about = {
        "good_until": ("last time up to which the error is within the tolerance", time_unit),
        "beyond_from": ("first time at which the error is beyond the tolerance", time_unit),
        "max_error": ("largest error over the times that count", "1"),
        "max_error_stderr": ("standard error of max_error", "1"),
    }
    for name, (long_name, units) in about.items():
        data[name] = (dims, numbers[name], {"long_name": long_name, "units": units})
    story = {
        "kind": "validity",
        "schema": 1,
        "observable": observable,
        "tolerance": float(tolerance),
        "reference": reference,
        "sigmas": SIGMAS,
        "run": json.loads(results.attrs["squeezebench"]),
    }
    title = f"{results.attrs.get('title', '')}: validity".removeprefix(": ")
    attrs = {"title": title, "squeezebench": json.dumps(story, sort_keys=True)}
    return xr.Dataset(data, coords={"solver": results["solver"], **axes}, attrs=attrs)


def check_tolerance(tolerance: Any) -> None:
    """Complain of what is no error that one can allow.

    Raises
    ------
    InvalidOptionError
        Unless it is a finite number above 0.
    """
    number = isinstance(tolerance, int | float) and not isinstance(tolerance, bool)
    if not number or not 0 < tolerance < math.inf:
        raise InvalidOptionError(f"tolerance = {shown(tolerance)}: give a number above 0, such as 0.05 for 5 %")


def _judged(course: Course, tolerance: float) -> tuple[str, dict[str, float]]:
    if not len(course.times):
        return "not_comparable", {}
    with np.errstate(invalid="ignore"):
        doubtful = ~(course.error + SIGMAS * course.noise <= tolerance)
        beyond = course.error - SIGMAS * course.noise > tolerance
    first_doubt = int(np.argmax(doubtful)) if doubtful.any() else len(doubtful)
    worst = int(np.argmax(course.error))
    found = {
        "good_until": float(course.times[first_doubt - 1]) if first_doubt else math.nan,
        "beyond_from": float(course.times[int(np.argmax(beyond))]) if beyond.any() else math.nan,
        "max_error": float(course.error[worst]),
        "max_error_stderr": float(course.noise[worst]),
    }
    if beyond.any():
        return "beyond", found
    return ("unresolved" if doubtful.any() else "within"), found


def _last_known(view: Any) -> float:
    known = np.isfinite(view.values["spin"]).all(axis=-1)
    return float(view.times[np.flatnonzero(known)[-1]])
