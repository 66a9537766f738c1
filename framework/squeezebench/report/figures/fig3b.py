"""Fig. 3(b): best transient squeezing over the exchange interaction, with courses in an inset."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from squeezebench.report.figure import FigureSpec
from squeezebench.report.style import COLOURS, COLUMN, GREY, label_of, sequence, squeezing_axis

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

__all__ = ["FIGURE"]


def draw(canvas: Figure, data: Mapping[str, xr.Dataset]) -> None:
    """Least ξ² of orders 2 and 3 over χ/Γ; the inset has ξ²(t) of order 2."""
    from matplotlib.ticker import NullFormatter

    results, courses = data["fig3b"], data["fig3b_inset"]
    axes = canvas.subplots()
    chi = results.chi.values
    second, third = (results.minimum_xi2.isel(solver=k).values for k in (0, 1))
    axes.plot(chi, second, color=COLOURS[0], label="order 2")
    axes.plot(chi, third, color=COLOURS[1], ls="--", label="order 3")
    axes.set_xlim(chi[0], chi[-1])
    axes.set_xlabel(label_of("chi"))
    squeezing_axis(axes, 0.1, 0.8)
    axes.set_ylabel(r"minimum $\xi^2$")
    axes.set_title(r"$N = 10^4$, $\Upsilon/\Upsilon_c = 0.9$, $\gamma_s/\Gamma = 50$")
    axes.legend(loc="lower left")
    inset = axes.inset_axes((0.36, 0.5, 0.6, 0.46))
    scaled = 1e3 * courses.time.values
    for colour, value in zip(sequence(courses.sizes["chi"]), courses.chi.values, strict=True):
        xi2 = courses.xi2.isel(solver=0).sel(chi=value).values
        inset.plot(scaled, xi2, color=colour, lw=0.9, label=f"{value:g}")
        if value in chi:
            place = int(np.flatnonzero(chi == value)[0])
            axes.plot(value, second[place], marker="o", ms=3, color=colour, clip_on=False, zorder=3)
    inset.set_yscale("log")
    inset.set_ylim(0.1, 5)
    inset.set_xlim(0, scaled[-1])
    inset.axhline(1.0, color=GREY, lw=0.5, zorder=0)
    inset.set_yticks([0.1, 0.2, 0.5, 1, 2, 5], ["0.1", "0.2", "0.5", "1", "2", "5"])
    inset.yaxis.set_minor_formatter(NullFormatter())
    inset.tick_params(labelsize=6)
    inset.set_xlabel(r"$10^3\,\Gamma t$", fontsize=7, labelpad=1)
    inset.set_ylabel(r"$\xi^2$", fontsize=7, labelpad=1)
    inset.legend(
        title=label_of("chi"),
        fontsize=5.5,
        title_fontsize=6,
        loc="upper left",
        ncols=5,
        columnspacing=0.8,
        handlelength=1.2,
        labelspacing=0.2,
    )


FIGURE = FigureSpec(
    title="best transient squeezing over the exchange interaction, and courses",
    draw=draw,
    scenarios=("fig3b", "fig3b_inset"),
    size=(COLUMN, 3.0),
)
