"""The superradiant burst: rate of emission over time for few and many spins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from squeezebench.report.field import courses, expected_values, legend_of_solvers, marks
from squeezebench.report.figure import FigureSpec
from squeezebench.report.style import PAGE

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

__all__ = ["FIGURE"]


def draw(canvas: Figure, data: Mapping[str, xr.Dataset]) -> None:
    """⟨J₊J₋⟩/N² over NΓt, a panel a size; circles are the expected peaks."""
    ds = data["dicke_burst"]
    panels = canvas.subplots(1, ds.sizes["N"], squeeze=False, sharey=True)[0]
    drawn: list[str] = []
    for axes, N in zip(panels, ds.N.values, strict=True):
        cell = ds.sel(N=N)
        drawn += courses(axes, cell, "emission_rate", scale=1 / N**2, time_scale=float(N))
        heights = expected_values(ds, "maximum_emission_rate", N=float(N))
        times = expected_values(ds, "maximum_emission_rate_time", N=float(N))
        if heights and times:
            marks(axes, N * times[0]["value"], heights[0]["value"] / N**2)
        axes.set(xlim=(0, N * float(cell.time.values[-1])), xlabel=r"$N\Gamma t$", title=f"$N = {N:g}$")
        axes.set_ylim(0, 0.32)
    panels[0].set_ylabel(r"$\langle J_+J_-\rangle/N^2$")
    legend_of_solvers(panels[-1], drawn, loc="upper right")


FIGURE = FigureSpec(
    title="the superradiant burst of inverted spins",
    draw=draw,
    scenarios=("dicke_burst",),
    size=(PAGE, 2.6),
)
