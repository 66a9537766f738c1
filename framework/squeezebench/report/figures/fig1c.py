"""Fig. 1(c): squeezing over time without single-particle decoherence, below, near and above the critical drive."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from squeezebench.report.figure import FigureSpec
from squeezebench.report.style import COLOURS, COLUMN, GREY, squeezing_axis

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

__all__ = ["FIGURE"]

_NUMERALS = ("i", "ii", "iii", "iv", "v", "vi")


def draw(canvas: Figure, data: Mapping[str, xr.Dataset]) -> None:
    """ξ²(t) by the highest order there is, as far as it stands, and the exact steady states as dotted lines."""
    courses, steady = data["fig1c"], data["fig1c_steady"]
    N = float(np.nanmax(courses.n_spins))
    axes = canvas.subplots()
    scaled = N * courses.time.values
    for k, u in enumerate(courses.upsilon_ratio.values):
        xi2 = courses.xi2.isel(solver=-1).sel(upsilon_ratio=u).values
        label = rf"({_NUMERALS[k]}) $\Upsilon/\Upsilon_c = {u:g}$"
        axes.plot(scaled, xi2, color=COLOURS[k], label=label)
        final = float(steady.xi2.isel(solver=0).sel(upsilon_ratio=u).squeeze())
        axes.axhline(final, color=COLOURS[k], ls=":", lw=0.9)
        stands = np.flatnonzero(np.isfinite(xi2))
        if len(stands) < len(xi2):  # where the orders of the cumulants part
            axes.plot(scaled[stands[-1]], xi2[stands[-1]], marker="o", ms=3, mfc="white", color=COLOURS[k])
    axes.plot([], [], color=GREY, ls=":", lw=0.9, label="steady state, exact")
    axes.set_xlim(0, scaled[-1])
    squeezing_axis(axes, 0.2, 4.0)
    axes.set_xlabel(r"$N\Gamma t$")
    axes.set_title(rf"$N = {N:g}$, $\chi = 0$, $\gamma_s = 0$")
    axes.legend(loc="upper right")


FIGURE = FigureSpec(
    title="squeezing over time below, near and above the critical drive, collective",
    draw=draw,
    scenarios=("fig1c", "fig1c_steady"),
    size=(COLUMN, 2.6),
)
