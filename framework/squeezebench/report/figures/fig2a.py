"""Fig. 2(a): squeezing and effective atom number over time with single-particle emission, by several methods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from squeezebench.report.figure import FigureSpec
from squeezebench.report.style import BLACK, COLOURS, GREY, PAGE, panel_label, squeezing_axis

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

__all__ = ["FIGURE"]

#: Υ/Υ_c of the scenarios: N_c = 0.9 N.
_RATIO = 0.9
_LINES = {"order=2": ":", "order=3": "--", "mcwf": "-", "permutational": "-", "stored": "-"}
#: What the legend says of lines and marks, whatever their colour.
_KEYS: Mapping[str, Mapping[str, Any]] = {
    "order 2": {"ls": ":"},
    "order 3": {"ls": "--"},
    "trajectories": {"ls": "-"},
    "master equation": {"color": BLACK, "lw": 0.8},
    "$t^*$": {"ls": "", "marker": "v", "ms": 4},
}


def draw(canvas: Figure, data: Mapping[str, xr.Dataset]) -> None:
    """ξ²(t) above and N_eff/N below; N = 2000 on the left, N = 100, where the master equation reaches, on the right."""
    axes = canvas.subplots(2, 2, sharex="col", gridspec_kw={"height_ratios": (3, 2)})
    large, small = data["fig2a"], data["fig2a_exact"]
    for k, gamma in enumerate(large.gamma_s.values):
        _curves(axes[:, 0], large.sel(gamma_s=gamma), COLOURS[k], rf"$\gamma_s/\Gamma = {gamma:g}$")
    _curves(axes[:, 1], small, COLOURS[2])
    for column, (ds, letter) in enumerate(((large, "(a)"), (small, "(b)"))):
        top, bottom = axes[:, column]
        squeezing_axis(top, 0.15, 30.0)
        bottom.axhline(_RATIO, color=GREY, lw=0.8)
        bottom.annotate(
            "$N_c/N$", (0.98, _RATIO), xycoords=("axes fraction", "data"), ha="right", va="bottom", color=GREY
        )
        bottom.set(ylim=(0.5, 1.02), xlim=(0, float(ds.time[-1])), xlabel=r"$\Gamma t$", ylabel=r"$N_\mathrm{eff}/N$")
        top.set_title(f"$N = {float(np.nanmax(ds.n_spins)):g}$")
        panel_label(top, letter)
    first = axes[0, 0]
    for text, look in _KEYS.items():
        first.plot([], [], **{"color": GREY, **look}, label=text)
    # Curves cross the whole panel, so there is no corner that a legend would not cover.
    handles, labels = first.get_legend_handles_labels()
    canvas.legend(handles, labels, loc="outside upper center", ncols=5)


def _curves(panels: np.ndarray, ds: xr.Dataset, colour: str, label: str = "") -> None:
    N = float(np.nanmax(ds.n_spins))
    if label:
        panels[0].plot([], [], color=colour, label=label)
    for solver in ds.solver.values:
        one = ds.sel(solver=solver)
        exact = str(solver).startswith(("permutational", "stored"))
        line = next(style for part, style in _LINES.items() if part in str(solver))
        look = {"color": BLACK if exact else colour, "ls": line, "lw": 0.8 if exact else 1.2}
        panels[0].plot(one.time, one.xi2, **look)
        panels[1].plot(one.time, one.n_eff / N, **look)
        if "mcwf" in str(solver):
            low, high = (one.xi2 + sign * one.xi2_stderr for sign in (-1, 1))
            panels[0].fill_between(one.time, low.clip(min=1e-3), high, color=colour, alpha=0.25, lw=0)
            crossing = float(one.t_star)
            if np.isfinite(crossing):
                panels[1].plot(crossing, _RATIO, marker="v", ms=4, color=colour)


FIGURE = FigureSpec(
    title="squeezing and effective atom number with single-particle emission, by several methods",
    draw=draw,
    scenarios=("fig2a", "fig2a_exact"),
    size=(PAGE, 4.5),
)
