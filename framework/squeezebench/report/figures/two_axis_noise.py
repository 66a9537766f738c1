"""Two-axis twisting without noise and with emission."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from squeezebench.report.field import courses, expected_values, legend_of_solvers, marks
from squeezebench.report.figure import FigureSpec
from squeezebench.report.style import PAGE, squeezing_axis

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

__all__ = ["FIGURE"]


def draw(canvas: Figure, data: Mapping[str, xr.Dataset]) -> None:
    """ξ²(t), a row a kind of noise and a column a size; circles are the expected minima."""
    ds = data["two_axis_noise"]
    rows, columns = ds.variant.values, ds.N.values
    panels = canvas.subplots(len(rows), len(columns), squeeze=False, sharex="col")
    drawn: list[str] = []
    for i, variant in enumerate(rows):
        for k, N in enumerate(columns):
            axes, cell = panels[i, k], ds.sel(variant=variant, N=N)
            drawn += courses(axes, cell, "xi2")
            at = {"variant": str(variant), "N": float(N)}
            least, when = (expected_values(ds, name, **at) for name in ("minimum_xi2", "minimum_xi2_time"))
            if least and when:
                marks(axes, when[0]["value"], least[0]["value"])
            squeezing_axis(axes, 0.5 * (least[0]["value"] if least else 0.1), 3.0)
            axes.set_xlim(0, float(cell.time.values[-1]))
            axes.set_title(f"$N = {N:g}$, {variant}")
    for axes in panels[-1]:
        axes.set_xlabel("$t$")
    legend_of_solvers(canvas, drawn)


FIGURE = FigureSpec(
    title="two-axis twisting without noise and with emission",
    draw=draw,
    scenarios=("two_axis_noise",),
    size=(PAGE, 4.2),
)
