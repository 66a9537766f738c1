"""One-axis twisting with noise: every method against the closed form, for few and many spins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from squeezebench.report.field import courses, expected_values, legend_of_solvers, marks
from squeezebench.report.figure import FigureSpec
from squeezebench.report.style import PAGE, squeezing_axis

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

__all__ = ["FIGURE"]


def draw(canvas: Figure, data: Mapping[str, xr.Dataset]) -> None:
    """ξ²(t), a row a kind of noise and a column a size; circles are the expected minima."""
    ds = data["oat_decoherence"]
    rows, columns = ds.variant.values, ds.N.values
    panels = canvas.subplots(len(rows), len(columns), squeeze=False, sharex="col")
    drawn: list[str] = []
    for i, variant in enumerate(rows):
        for k, N in enumerate(columns):
            axes, cell = panels[i, k], ds.sel(variant=variant, N=N)
            drawn += courses(axes, cell, "xi2")
            for entry in expected_values(ds, "minimum_xi2", variant=str(variant), N=float(N)):
                marks(axes, float(cell.minimum_xi2_time.isel(solver=0)), entry["value"])
            least = float(np.nanmin(cell.minimum_xi2.isel(solver=0)))
            squeezing_axis(axes, 0.5 * least, 3.0)
            axes.set_xlim(0, float(cell.time.values[-1]))
            axes.set_title(f"$N = {N:g}$, {variant}")
    for axes in panels[-1]:
        axes.set_xlabel(r"$\chi_z t$")
    legend_of_solvers(canvas, drawn, ncols=4)


FIGURE = FigureSpec(
    title="one-axis twisting with noise, every method against the closed form",
    draw=draw,
    scenarios=("oat_decoherence",),
    size=(PAGE, 6.0),
)
