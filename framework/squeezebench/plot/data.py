"""What is drawn: courses, references and labels out of data sets of every kind."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from squeezebench.errors import InvalidOptionError
from squeezebench.report.style import COLOURS, LINES, label_of
from squeezebench.validate import shown

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

__all__ = [
    "axes_of",
    "courses_of",
    "critical_of",
    "draw_courses",
    "one_point",
    "plain",
    "reference_of",
    "spins",
    "time_label",
]

Array = np.ndarray[Any, Any]


def axes_of(ax: Axes | None) -> Axes:
    """The given axes, or those of a new figure."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise InvalidOptionError(
            "figures need matplotlib, which is not installed: python -m pip install 'squeezebench[report]'"
        ) from error
    return plt.subplots(layout="constrained")[1] if ax is None else ax


def one_point(ds: xr.Dataset, kept: tuple[str, ...] = ("solver",)) -> xr.Dataset:
    """The data set without axes of length 1."""
    if not hasattr(ds, "data_vars"):
        raise InvalidOptionError(f"{shown(ds)} is no data set: give one of squeezebench.solve, .run or .load")
    # Blocks of samples, of Dicke states and the cells that have any are no points.
    known = {*kept, "time", "step", "axis", "axis_", "trajectory", "sample_block", "sampled_cell", "block", "entry"}
    other = [str(dim) for dim in ds.dims if dim not in known and not str(dim).startswith("state")]
    long = [dim for dim in other if ds.sizes[dim] > 1]
    if long:
        count = " x ".join(str(ds.sizes[dim]) for dim in long)
        names = ", ".join(repr(dim) for dim in long)
        raise InvalidOptionError(
            f"the data set has {count} points along {names}: choose one, such as {_choice(ds, long)}"
        )
    return ds.isel(dict.fromkeys(other, 0))


def _choice(ds: xr.Dataset, dims: list[str]) -> str:
    """What selects the first point; a call by keyword where the names are Python's."""
    known = all(dim in ds.coords for dim in dims)
    values = {dim: ds[dim].values[0].item() if known else 0 for dim in dims}
    how = "sel" if known else "isel"
    if all(dim.isidentifier() for dim in dims):
        return f"ds.{how}({', '.join(f'{dim}={shown(value)}' for dim, value in values.items())})"
    return f"ds.{how}({{{', '.join(f'{dim!r}: {shown(value)}' for dim, value in values.items())}}})"


def courses_of(ds: xr.Dataset, name: str) -> list[tuple[str, Array, Array, Array | None]]:
    """(label, times, values, half width of the band) of each solver that has values."""
    point = one_point(ds)
    time = next((dim for dim in ("time", "step") if dim in point.dims), None)
    if name not in point or time is None or point.sizes[time] < 2:
        raise InvalidOptionError(f"the data set has no course of {name} over time to draw")
    cells = [("", point)]
    if "solver" in point.dims:
        cells = [(str(label), point.sel(solver=label)) for label in point["solver"].values]
    found = []
    for label, cell in cells:
        values, times = cell[name].values, cell["time"].values
        good = np.isfinite(times)
        if not np.isfinite(values[good]).any():
            continue
        band = None
        for suffix, factor in (("_stderr", 2.0), ("_error", 1.0)):
            if name + suffix in cell and np.isfinite(cell[name + suffix].values).any():
                band = factor * cell[name + suffix].values[good]
                break
        found.append((label or _name(ds), times[good], values[good], band))
    if not found:
        raise InvalidOptionError(f"no solver of the data set has a value of {name}: there is nothing to draw")
    return found


def draw_courses(ds: xr.Dataset, name: str, ax: Axes | None, style: dict[str, Any]) -> Axes:
    """Draw a quantity of every solver over time, with bands where there are errors."""
    courses, axes = courses_of(ds, name), axes_of(ax)
    before = sum(not str(line.get_label()).startswith("_") for line in axes.get_lines())  # labelled: curves
    for k, (label, times, values, band) in enumerate(courses, start=before):
        look = {"color": COLOURS[k % len(COLOURS)], "ls": LINES[k % len(LINES)], "label": plain(label)}
        (line,) = axes.plot(times, values, **{**look, **style})
        if band is not None:
            low = np.maximum(values - band, 1e-3 * values) if name == "xi2" else values - band
            axes.fill_between(times, low, values + band, color=line.get_color(), alpha=0.2, lw=0)
    axes.set(xlabel=time_label(ds), ylabel=label_of(name))
    axes.legend()
    return axes


def reference_of(ds: xr.Dataset, courses: Any, reference: Any) -> tuple[str, Array]:
    """Label and ξ² of what deviations are measured from."""
    if hasattr(reference, "data_vars"):
        label, _, values, _ = courses_of(reference, "xi2")[0]
        return f"{label} (reference)" if label in [course[0] for course in courses] else label, values
    known = {label: values for label, _, values, _ in courses}
    if reference is None:
        reference = _strongest(ds)
    if reference not in known:
        raise InvalidOptionError(f"reference = {shown(reference)}: the data set has {', '.join(known)}")
    return str(reference), known[reference]


def _strongest(ds: xr.Dataset) -> str:
    from squeezebench.comparison.judge import reference_among
    from squeezebench.comparison.view import views_of_results

    if "solver" not in ds.dims or "status" not in ds:
        raise InvalidOptionError("a data set of one solver has no reference in it: give reference=, another data set")
    point = one_point(ds)
    found = reference_among(views_of_results(point)[0][2])
    if found is None:
        raise InvalidOptionError("no solver of the data set claims to be exact: give reference=, the label of one")
    return found.label


def _story(ds: xr.Dataset) -> dict[str, Any]:
    try:
        story: dict[str, Any] = json.loads(ds.attrs["squeezebench"])
    except (KeyError, TypeError, ValueError):
        return {}
    return story


def _name(ds: xr.Dataset) -> str:
    story = _story(ds)
    return str(story.get("label") or story.get("solver") or "data")


def spins(ds: xr.Dataset) -> float:
    """Number of spins that a data set is of."""
    if "n_spins" in ds:
        return float(np.nanmax(one_point(ds)["n_spins"].values))
    problem = _story(ds).get("problem", {})
    model: dict[str, Any] = problem.get("model") or next(
        (s["model"] for s in problem.get("schedule", []) if "model" in s), {}
    )
    if "N" not in model:
        raise InvalidOptionError("the data set does not say how many spins it is of")
    return float(model["N"])


def critical_of(ds: xr.Dataset) -> float:
    """N_c of a data set of one model of this package; NaN where it is not known."""
    from squeezebench.model import SpinModel

    try:
        return float(SpinModel.from_dict(_story(ds)["problem"]["model"]).critical_n_eff)
    except (KeyError, TypeError, ValueError):
        return math.nan


def time_label(ds: xr.Dataset) -> str:
    """Label of the time axis, with its unit."""
    units = str(ds["time"].attrs.get("units", "1"))
    return "time" if units in ("", "1") else f"time ({units})"


def plain(label: str) -> str:
    """A label as it is: no mathematics in it, and shown even if it begins with a low line."""
    text = label.replace("$", r"\$")
    return f" {text}" if text.startswith("_") else text
