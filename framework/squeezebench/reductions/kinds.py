"""The arithmetic of reductions: a series over time becomes one or two numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from squeezebench.errors import InvalidScenarioError
from squeezebench.validate import nearest

__all__ = ["AXES", "KINDS", "Kind", "Output"]

Array = NDArray[np.float64]

AXES = ("x", "y", "z")


@dataclass(frozen=True)
class Output:
    """A named number that a reduction gives.

    Attributes
    ----------
    name : str
        What the variable is called in a data set.
    long_name : str
        In words.
    units : str
        ``"1"``; ``"time"``: the inverse of the model's rate unit; or ``""``: those of `variable`.
    variable : str
        The variable that is reduced.
    """

    name: str
    long_name: str
    units: str
    variable: str


@dataclass(frozen=True)
class Kind:
    """A kind of reduction.

    Attributes
    ----------
    variable : str
        What it reduces; empty where an argument of that name says so.
    required, optional : tuple of str
        Its arguments, beside ``label``.
    compute : callable
        (arguments, variable, data) → value, or value and time.
    words : str
        The result in words.
    timed : bool
        Whether the time of the value is a second result.
    """

    variable: str
    required: tuple[str, ...]
    optional: tuple[str, ...]
    compute: Callable[[Mapping[str, Any], str, Mapping[str, Any]], tuple[float, ...]]
    words: str
    timed: bool = True

    @property
    def known(self) -> tuple[str, ...]:
        """All its arguments."""
        return (*self.required, *self.optional, "label")


def _column(data: Mapping[str, Any], name: str, axis: str | None = None) -> Array:
    """Variable `name` as an array over time."""
    if name not in data:
        known = [str(key) for key in data]
        raise InvalidScenarioError(f"there is no variable {name!r} to reduce{nearest(name, known)}")
    values = np.asarray(data[name], dtype=np.float64)
    if axis is not None and values.ndim == 2:
        values = values[:, AXES.index(axis)]
    elif axis is not None:
        raise InvalidScenarioError(f"variable {name!r} has no axis {axis}")
    if values.ndim != 1:
        raise InvalidScenarioError(f"variable {name!r} is no series over time; give axis=x, y or z if it is a vector")
    return values


def _extremum(
    arguments: Mapping[str, Any], variable: str, data: Mapping[str, Any], sign: float = 1.0, logarithmic: bool = False
) -> tuple[float, float]:
    """Smallest sign × value and its time, refined by a parabola."""
    times = _column(data, "time")
    values = _column(data, variable, arguments.get("axis"))
    after = float(arguments.get("after", -math.inf))
    candidates = np.flatnonzero(np.isfinite(values) & (times > after))
    if not candidates.size:
        return math.nan, math.nan
    k = int(candidates[np.argmin(sign * values[candidates])])
    t, y = times[k - 1 : k + 2], values[k - 1 : k + 2]
    # at an end of the series, beside a gap, or where there is no time axis to speak of, the point stays as it is
    if k == 0 or len(t) < 3 or not np.isfinite(y).all() or not np.isfinite(t).all() or (logarithmic and y.min() <= 0):
        return float(values[k]), float(times[k])
    vertex = _vertex(t, sign * (np.log(y) if logarithmic else y))
    if vertex is None or vertex[1] <= after:
        return float(values[k]), float(times[k])
    height, time = sign * vertex[0], vertex[1]
    return math.exp(height) if logarithmic else height, time


def _vertex(t: Array, y: Array) -> tuple[float, float] | None:
    """Lowest value, and its place, of the parabola through three points with the lowest in the middle; None if flat."""
    t0, t1, t2 = (float(value) for value in t)
    y0, y1, y2 = (float(value) for value in y)
    left, right = (y1 - y0) / (t1 - t0), (y2 - y1) / (t2 - t1)
    curvature = (right - left) / (t2 - t0)
    # a middle point above a neighbour happens where the neighbour is excluded: that is no local minimum
    if y1 > min(y0, y2) or not (curvature > 0 and math.isfinite(curvature)):
        return None
    place = (t0 + t1) / 2 - left / (2 * curvature)
    return y0 + left * (place - t0) + curvature * (place - t0) * (place - t1), place


def _t_star(arguments: Mapping[str, Any], variable: str, data: Mapping[str, Any]) -> tuple[float]:
    """First time at which N_eff falls from above the level to it, linear between saved times.

    Without a level of its own it is the data set's ``t_star``, which knows the critical number of every segment of a
    schedule; else it is found from ``critical_n_eff``, a number or (T,).
    """
    level = arguments.get("n_eff")
    if level is None and "t_star" in data:
        return (float(np.asarray(data["t_star"])),)
    if level is None:
        level = data.get("critical_n_eff", math.nan)
    times = _column(data, "time")
    distance = _column(data, variable) - np.asarray(level, dtype=np.float64)
    finite = np.isfinite(distance)
    falls = np.flatnonzero((distance[:-1] > 0) & (distance[1:] <= 0) & finite[:-1] & finite[1:])
    if not falls.size:
        return (math.nan,)
    k = int(falls[0])
    fraction = distance[k] / (distance[k] - distance[k + 1])
    return (float(times[k] + fraction * (times[k + 1] - times[k])),)


def _final(arguments: Mapping[str, Any], variable: str, data: Mapping[str, Any]) -> tuple[float, float]:
    """Last finite value and its time."""
    times, values = _column(data, "time"), _column(data, variable, arguments.get("axis"))
    finite = np.flatnonzero(np.isfinite(values))
    return (float(values[finite[-1]]), float(times[finite[-1]])) if finite.size else (math.nan, math.nan)


KINDS: Mapping[str, Kind] = {
    "minimum_xi2": Kind("xi2", (), ("after",), partial(_extremum, logarithmic=True), "minimum squeezing parameter ξ²"),
    "minimum_n_eff": Kind("n_eff", (), ("after",), _extremum, "minimum effective atom number"),
    "minimum": Kind("", ("variable",), ("axis", "after"), _extremum, "minimum {variable}"),
    "maximum": Kind("", ("variable",), ("axis", "after"), partial(_extremum, sign=-1.0), "maximum {variable}"),
    "final": Kind("", (), ("variable", "axis"), _final, "last {variable}"),
    "t_star": Kind("n_eff", (), ("n_eff",), _t_star, "time at which N_eff falls to its critical value", timed=False),
}
