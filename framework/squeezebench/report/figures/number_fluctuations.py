"""What fluctuations of the atom number leave of the squeezing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from squeezebench.report.field import expected_values, legend_of_solvers, look_of, marks
from squeezebench.report.figure import FigureSpec
from squeezebench.report.style import LINES, PAGE, sequence, squeezing_axis

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

__all__ = ["FIGURE", "SPREADS"]

#: Standard deviation of the number, in units of the square root of its mean.
SPREADS = (0.0, 0.5, 1.0, 2.0)
_NAMES = {0.0: "fixed number", 0.5: r"$\frac{1}{2}\sqrt{N}$", 1.0: r"$\sqrt{N}$ (Poisson)", 2.0: r"$2\sqrt{N}$"}


def _mixture(ds: xr.Dataset, spread: float) -> xr.Dataset:
    from squeezebench.harness import average

    if spread == 0:
        return ds.sel(offset=0.0)
    return average(ds, over="offset", weights=np.exp(-(ds.offset.values**2) / (2 * spread**2)))


def draw(canvas: Figure, data: Mapping[str, xr.Dataset]) -> None:
    """ξ²(t) of mixtures, a panel a mean number and a colour a spread, by each method; circles are expected minima."""
    ds = data["number_fluctuations"]
    panels = canvas.subplots(1, ds.sizes["mean_number"], squeeze=False)[0]
    colours = sequence(len(SPREADS))
    drawn: list[str] = []
    for axes, number in zip(panels, ds.mean_number.values, strict=True):
        for spread, colour in zip(SPREADS, colours, strict=True):
            for k, solver in enumerate(ds.solver.values):
                one = _mixture(ds.isel(solver=[k]).sel(mean_number=number), spread).xi2.squeeze()
                if np.isfinite(one.values).any():
                    line = {"permutational": "-"}.get(str(solver), LINES[1] if "order=2" in str(solver) else LINES[3])
                    axes.plot(ds.time.values, one.values, color=colour, ls=line, lw=1.2)
                    drawn.append(str(solver))
            axes.plot([], [], color=colour, label=_NAMES[spread])
        for entry in expected_values(ds, "minimum_xi2", mean_number=float(number)):
            least = [line for line in axes.lines if len(line.get_ydata()) and np.isfinite(line.get_ydata()).any()]
            near = min(least, key=lambda line: abs(np.nanmin(line.get_ydata()) - entry["value"]))
            marks(axes, near.get_xdata()[np.nanargmin(near.get_ydata())], entry["value"])
        squeezing_axis(axes, 0.25, 2.0)
        axes.set(xlim=(0, float(ds.time[-1])), xlabel=r"$\Gamma t$", title=rf"$\bar N = {number:g}$")
    panels[0].legend(loc="upper left", fontsize=6, title="spread of the number", title_fontsize=6)
    looks = {solver: look_of(solver)["ls"] for solver in drawn}
    if looks:
        legend_of_solvers(panels[-1], list(looks), loc="upper left")
        for handle, solver in zip(panels[-1].get_legend().get_lines(), looks, strict=True):
            handle.set_color("0.3")
            handle.set_linestyle("-" if "permutational" in solver else LINES[1] if "order=2" in solver else LINES[3])


FIGURE = FigureSpec(
    title="squeezing of ensembles whose atom number fluctuates, at a fixed drive",
    draw=draw,
    scenarios=("number_fluctuations",),
    size=(PAGE, 3.0),
)
