"""A figure of any data set: courses over time, or reductions over the axes of a sweep."""

from __future__ import annotations

import itertools
import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from squeezebench.errors import InvalidOptionError

from .style import COLOURS, LINES, label_of, squeezing_axis

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_any"]

#: More points than this make one line or map of a reduction rather than a panel each.
_MAX_PANELS = 12
#: Panels of one map each, for so many solvers.
_MAX_MAPS = 6
#: Letters of a title that fit over a panel.
_WIDEST = 26


def draw_any(canvas: Figure, data: Mapping[str, xr.Dataset]) -> None:
    """Draw the first data set: ξ² and N_eff over time, or, of a larger sweep, what was kept of each point.

    Raises
    ------
    InvalidOptionError
        If there is nothing in it that can be drawn.
    """
    ds = next(iter(data.values()))
    if "solver" not in ds.dims:
        ds = ds.expand_dims(solver=[_solver_name(ds)])
    time = next((dim for dim in ("time", "step") if dim in ds.dims and ds.sizes[dim] > 1), None)
    axes = [str(dim) for dim in ds["status" if "status" in ds else "xi2"].dims if dim not in ("solver", "time", "step")]
    points = math.prod(ds.sizes[axis] for axis in axes)
    quantity = _quantity(ds, time)
    if time is not None and (points <= _MAX_PANELS or quantity is None):
        _courses(canvas, ds, axes, time)
    elif quantity is not None and axes:
        _sweep(canvas, ds[quantity].squeeze(drop=True).expand_dims(_lost(ds[quantity], "solver")), quantity)
    else:
        raise InvalidOptionError("the data set has neither courses over time nor a sweep with reductions to draw")


def _solver_name(ds: xr.Dataset) -> str:
    import json

    try:
        return str(json.loads(ds.attrs["squeezebench"])["solver"])
    except (KeyError, TypeError, ValueError):
        return "data"


def _quantity(ds: xr.Dataset, time: str | None) -> str | None:
    """The reduction to draw: the minimum of ξ² where there is one; in the steady state, ξ² itself."""
    if time is None and "xi2" in ds:
        return "xi2"
    marks = ("minimum", "maximum", "final", "t_star")
    names = [str(name) for name in ds.data_vars if str(name).startswith(marks) and not str(name).endswith("_time")]
    return "minimum_xi2" if "minimum_xi2" in names else next(iter(names), None)


def _lost(values: xr.DataArray, dim: str) -> dict[str, Any]:
    """The dim with its label, if squeezing the array would drop it."""
    return {dim: values[dim].values} if values.sizes[dim] == 1 else {}


# -------------------------------------------------------------------- courses


def _courses(canvas: Figure, ds: xr.Dataset, axes: list[str], time: str) -> None:
    places = list(itertools.product(*(range(ds.sizes[axis]) for axis in axes)))[:_MAX_PANELS]
    panels: Any
    if len(places) == 1:
        panels = canvas.subplots(2, 1, sharex=True, height_ratios=(3, 2))
        point = ds.isel(dict(zip(axes, places[0], strict=True)))
        _course(panels[0], point, "xi2")
        _course(panels[1], point, "n_eff")
        panels[1].set_ylabel(label_of("n_eff"))
        panels[1].set_xlabel(_time_label(ds))
        _legend(canvas, panels[0])
        return
    columns = min(len(places), 3)
    rows = math.ceil(len(places) / columns)
    width = canvas.get_figwidth()
    canvas.set_size_inches(width, 0.75 * width / columns * rows + 0.3)
    panels = canvas.subplots(rows, columns, squeeze=False)
    for panel, place in itertools.zip_longest(panels.ravel(), places):
        if place is None:
            panel.set_visible(False)
            continue
        point = ds.isel(dict(zip(axes, place, strict=True)))
        _course(panel, point, "xi2")
        panel.set_title(_title(point, axes))
        panel.set_xlabel(_time_label(ds))
    _legend(canvas, panels[0, 0])


def _title(point: xr.Dataset, axes: Sequence[str]) -> str:
    """Where a panel is: numbers in a line, the name of a variant in lines of its own that are no wider than a panel."""
    names = [textwrap.fill(str(point[axis].item()), _WIDEST) for axis in axes if axis == "variant"]
    numbers = ", ".join(f"{label_of(axis)} = {_value(point[axis])}" for axis in axes if axis != "variant")
    return "\n".join([*names, *([numbers] if numbers else [])])


def _legend(canvas: Figure, panel: Axes) -> None:
    """One legend for all panels, above them, where it hides nothing."""
    handles, labels = panel.get_legend_handles_labels()
    if labels:
        canvas.legend(handles, labels, loc="outside upper center", ncols=min(len(labels), 4))


def _course(panel: Axes, point: xr.Dataset, name: str) -> None:
    low, high = math.inf, 0.0
    for k, solver in enumerate(point.solver.values):
        values = point[name].sel(solver=solver).values
        times = point["time"].values
        good = np.isfinite(values) & np.isfinite(times)
        if good.any():
            style = {"color": COLOURS[k % len(COLOURS)], "ls": LINES[k % len(LINES)]}
            panel.plot(times[good], values[good], label=str(solver), **style)
            low, high = min(low, float(values[good].min())), max(high, float(values[good].max()))
    if name == "xi2" and 0 < low < math.inf:
        # A normal phase of ξ² = 100 must not press the squeezing into a corner.
        squeezing_axis(panel, low / 1.2, 1.2 * min(max(high, 1.1), max(10.0, 3 * low)))


def _time_label(ds: xr.Dataset) -> str:
    units = str(ds["time"].attrs.get("units", "1"))
    return "time" if units in ("", "1") else f"time ({units})"


def _value(value: Any) -> str:
    item = value.item()
    return item if isinstance(item, str) else f"{item:.4g}"


# -------------------------------------------------------------------- sweeps


def _sweep(canvas: Figure, values: xr.DataArray, name: str) -> None:
    axes = [str(dim) for dim in values.dims if dim != "solver"]
    if not axes:
        raise InvalidOptionError("the sweep has one point, without its course: there is nothing to draw")
    # What is left over by a map's two axes, or a line's one, stays at its first value, and the title says so.
    drawn = axes[-2:] if len(axes) > 1 else axes
    fixed = {axis: 0 for axis in axes if axis not in drawn}
    title = ", ".join(f"{label_of(axis)} = {_value(values[axis][0])}" for axis in fixed)
    values = values.isel(fixed)
    if len(drawn) == 1:
        _lines(canvas, values, drawn[0], name)
    else:
        _maps(canvas, values, drawn[0], drawn[1], name)
    if title:
        canvas.suptitle(title)


def _is_log(numbers: np.ndarray[Any, Any]) -> bool:
    """Whether numbers are spaced by ratios rather than by differences."""
    if numbers.dtype.kind not in "if" or len(numbers) < 3 or numbers.min() <= 0:
        return False
    ratios, steps = np.diff(np.log(numbers)), np.diff(numbers)
    return bool(np.ptp(ratios) < np.ptp(steps) / np.abs(steps).max() and numbers.max() / numbers.min() > 5)


def _is_xi2(name: str) -> bool:
    return name.endswith("xi2")


def _lines(canvas: Figure, values: xr.DataArray, axis: str, name: str) -> None:
    panel = canvas.subplots()
    for k, solver in enumerate(values.solver.values):
        row = values.sel(solver=solver)
        if np.isfinite(row).any():
            style = {"color": COLOURS[k % len(COLOURS)], "ls": LINES[k % len(LINES)]}
            panel.plot(row[axis].values, row.values, marker=".", ms=3, label=str(solver), **style)
    if _is_log(values[axis].values):
        panel.set_xscale("log")
    panel.set_xlabel(label_of(axis))
    finite = values.values[np.isfinite(values.values)]
    if _is_xi2(name) and finite.size and finite.min() > 0:
        squeezing_axis(panel, finite.min() / 1.2, 1.2 * max(finite.max(), 1.1))
    panel.set_ylabel(label_of(name))
    _legend(canvas, panel)


def _maps(canvas: Figure, values: xr.DataArray, down: str, along: str, name: str) -> None:
    solvers = [s for s in values.solver.values if np.isfinite(values.sel(solver=s)).any()][:_MAX_MAPS]
    if not solvers:
        raise InvalidOptionError("the sweep has no value at any point: there is nothing to draw")
    columns = min(len(solvers), 2)
    rows = math.ceil(len(solvers) / columns)
    width = canvas.get_figwidth()
    canvas.set_size_inches(width, 0.75 * width / columns * rows)
    panels = canvas.subplots(rows, columns, squeeze=False)
    shown = values.sel(solver=solvers).values
    with np.errstate(invalid="ignore", divide="ignore"):
        shown = 10 * np.log10(shown) if _is_xi2(name) else shown
    low, high = np.nanmin(shown), np.nanmax(shown)
    mesh: Any = None
    for panel, solver, image in itertools.zip_longest(panels.ravel(), solvers, shown):
        if solver is None:
            panel.set_visible(False)
            continue
        x, y = values[along].values, values[down].values
        places = [np.arange(len(c)) if c.dtype.kind not in "if" else c for c in (x, y)]
        array = image if values.sel(solver=solver).dims == (down, along) else image.T
        mesh = panel.pcolormesh(*places, array, vmin=low, vmax=high, shading="nearest", rasterized=True)
        for letter, numbers, ticks in (("x", x, places[0]), ("y", y, places[1])):
            if numbers.dtype.kind not in "if":
                getattr(panel, f"set_{letter}ticks")(ticks, [str(n) for n in numbers])
            elif _is_log(numbers):
                getattr(panel, f"set_{letter}scale")("log")
        panel.set(xlabel=label_of(along), ylabel=label_of(down), title=str(solver))
    canvas.colorbar(mesh, ax=panels, label=f"{label_of(name)} (dB)" if _is_xi2(name) else label_of(name))
