"""Validity maps: the largest error of each solver over the sweep, and where it passes the tolerance."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from squeezebench.errors import InvalidOptionError

from .style import COLOURS, GREY, LINES, MAP, PAGE, label_of, matplotlib_style

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_validity", "validity_figure"]

#: Marks of the points of a map, by verdict; within the tolerance a point has none.
_MARKS = {"beyond": "x", "unresolved": "$?$"}
#: Range of the errors' colours. Below, a solver is as good as exact; above, it says nothing.
_LOW, _HIGH = 1e-4, 1.0


def validity_figure(ds: xr.Dataset) -> Figure:
    """Figure of a data set of `squeezebench.validity` with one or two sweep axes.

    Raises
    ------
    InvalidOptionError
        If it has none or more than two, or no error anywhere.
    """
    with matplotlib_style():
        from matplotlib.figure import Figure

        canvas = Figure(figsize=(PAGE, 4.6), layout="constrained")
        draw_validity(canvas, ds)
    return canvas


def draw_validity(canvas: Figure, ds: xr.Dataset) -> None:
    """Draw a validity map: lines over one axis, a panel a solver over two."""
    axes = [str(dim) for dim in ds["reference"].dims]
    if len(axes) not in (1, 2):
        raise InvalidOptionError(f"a validity map is drawn over one or two axes; this one has {len(axes)}")
    shown = [k for k in range(ds.sizes["solver"]) if np.isfinite(ds["max_error"].values[k]).any()]
    if not shown:
        raise InvalidOptionError("no solver has an error at any point: there is no exact reference, or nothing else")
    tolerance = json.loads(ds.attrs["squeezebench"])["tolerance"]
    if len(axes) == 1:
        _lines(canvas.subplots(), ds.isel(solver=shown), axes[0], tolerance)
    else:
        _panels(canvas, ds.isel(solver=shown), axes[0], axes[1], tolerance)


def _lines(panel: Axes, ds: xr.Dataset, axis: str, tolerance: float) -> None:
    # Named points have no order: marks side by side, without a line.
    named = None if ds[axis].dtype.kind in "if" else [str(name) for name in ds[axis].values]
    places = ds[axis].values if named is None else np.arange(len(named))
    shift = np.zeros(ds.sizes["solver"]) if named is None else np.linspace(-0.1, 0.1, ds.sizes["solver"])
    errors = ds["max_error"].values
    top, some_ended = 3 * max(1.0, float(errors[np.isfinite(errors)].max())), False
    for k, solver in enumerate(ds["solver"].values):
        colour, line = COLOURS[k % len(COLOURS)], LINES[k % len(LINES)]
        error = ds["max_error"].values[k]
        style = line if named is None else ""
        panel.plot(places + shift[k], error, color=colour, ls=style, marker="o", ms=3, label=solver)
        ended = np.isposinf(error)
        panel.plot((places + shift[k])[ended], np.full(int(ended.sum()), top), color=colour, ls="", marker="^", ms=4)
        some_ended |= bool(ended.any())
    if some_ended:
        panel.annotate("▲ ends before the reference", (0.99, 0.99), xycoords="axes fraction", ha="right", va="top")
    if named is not None:
        panel.set_xticks(places, named)
        panel.set_xlim(-0.5, len(named) - 0.5)
    panel.axhline(tolerance, color=GREY, lw=0.7)
    panel.set(yscale="log", xlabel=label_of(axis), ylabel="largest error")
    if _is_log(ds[axis].values):
        panel.set_xscale("log")
    panel.legend()


def _panels(canvas: Figure, ds: xr.Dataset, down: str, along: str, tolerance: float) -> None:
    from matplotlib.colors import LogNorm

    count = ds.sizes["solver"]
    columns = min(count, 2)
    panels = canvas.subplots(-(-count // columns), columns, squeeze=False, sharex=True, sharey=True)
    x, y = ds[along].values, ds[down].values
    mesh: Any = None
    for k, panel in enumerate(panels.ravel()):
        if k >= count:
            panel.set_visible(False)
            continue
        part = ds.isel(solver=k).transpose(down, along)
        error = np.where(np.isposinf(part["max_error"].values), _HIGH, part["max_error"].values)
        # Even steps for every point, with its own number at the tick: sweeps need not be evenly spaced in anything.
        mesh = panel.pcolormesh(np.ma.masked_invalid(error), norm=LogNorm(_LOW, _HIGH), cmap=MAP, rasterized=True)
        for verdict, mark in _MARKS.items():
            rows, places = np.nonzero(part["verdict"].values == verdict)
            panel.plot(places + 0.5, rows + 0.5, ls="", marker=mark, ms=5, color="white", mec="black", mew=0.4)
            if mark == "x":
                panel.plot(places + 0.5, rows + 0.5, ls="", marker=mark, ms=4, color="#D55E00", mew=1.2)
        panel.set_xticks(np.arange(len(x)) + 0.5, [f"{value:g}" for value in x])
        panel.set_yticks(np.arange(len(y)) + 0.5, [f"{value:g}" for value in y])
        panel.set_title(str(ds["solver"].values[k]))
        panel.minorticks_off()
    for panel in panels[-1]:
        panel.set_xlabel(label_of(along))
    for panel in panels[:, 0]:
        panel.set_ylabel(label_of(down))
    bar = canvas.colorbar(mesh, ax=panels, extend="both", label=rf"largest error (× : beyond {tolerance:g})")
    bar.ax.axhline(tolerance, color="#D55E00", lw=1.2)


def _is_log(values: np.ndarray[Any, Any]) -> bool:
    return values.dtype.kind in "if" and len(values) > 2 and bool((values > 0).all()) and values[-1] / values[0] > 20
