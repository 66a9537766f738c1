"""Squeeze, rotate and hold: with the cavity dark, and with it open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from squeezebench.report.field import courses, expected_values, legend_of_solvers, marks
from squeezebench.report.figure import FigureSpec
from squeezebench.report.style import GREY, PAGE, squeezing_axis

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

__all__ = ["FIGURE"]


def draw(canvas: Figure, data: Mapping[str, xr.Dataset]) -> None:
    """ξ²(t), a row a kind of hold and a column a size; the line is the rotation, circles are expected values."""
    ds = data["sequence_hold"]
    rows, columns = ds.open.values, ds.N.values
    panels = canvas.subplots(len(rows), len(columns), squeeze=False, sharex="col")
    drawn: list[str] = []
    for i, is_open in enumerate(rows):
        for k, N in enumerate(columns):
            axes, cell = panels[i, k], ds.sel(open=is_open, N=N)
            drawn += courses(axes, cell, "xi2")
            times = cell.time.values
            end = float(times[-1])
            axes.axvline(end - 0.5, color=GREY, lw=0.7, ls=":")
            at = {"open": float(is_open), "N": float(N)}
            for entry in expected_values(ds, "final_xi2", **at):
                marks(axes, end, entry["value"])
            for entry in expected_values(ds, "minimum_xi2", **at):
                marks(axes, float(cell.minimum_xi2_time.isel(solver=0)), entry["value"])
            squeezing_axis(axes, 0.4, 12.0)
            axes.set_xlim(0, end * 1.01)
            axes.set_title(f"$N = {N:g}$, cavity {'open' if is_open else 'dark'} in the hold")
    for axes in panels[-1]:
        axes.set_xlabel(r"$\Gamma t$")
    legend_of_solvers(canvas, drawn, ncols=4)


FIGURE = FigureSpec(
    title="squeeze, switch off, rotate and hold",
    draw=draw,
    scenarios=("sequence_hold",),
    size=(PAGE, 4.2),
)
