"""Fig. 2(b): single trajectories under two ways of detecting the light, and when squeezing is lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from squeezebench.report.figure import FigureSpec
from squeezebench.report.style import COLOURS, GREY, PAGE, panel_label, squeezing_axis

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

__all__ = ["FIGURE", "crossings"]

#: Υ/Υ_c of the scenario: N_c = 0.9 N.
_RATIO = 0.9
_SHOWN = 2
#: What the legend says of lines and marks, whatever their colour.
_KEYS: Mapping[str, Mapping[str, Any]] = {
    "$t^*$": {"ls": ":", "lw": 0.7},
    r"least $\xi^2$": {"ls": "", "marker": "o", "ms": 4},
    "squeezing is lost": {"ls": "", "marker": "x", "ms": 4},
}


def crossings(time: np.ndarray, xi2: np.ndarray, n_eff: np.ndarray, critical: float) -> tuple[float, float, float]:
    """Of one trajectory: t*, where N_eff falls to N_c; the time of the smallest ξ² before squeezing is lost; that loss.

    Squeezing is lost at the first time after t* at which ξ² is above 1; NaN for what does not happen.
    """
    below = np.flatnonzero(n_eff <= critical)
    t_star = float(time[below[0]]) if len(below) else np.nan
    squeezed = np.flatnonzero(xi2 < 1)
    last = int(squeezed[-1]) if len(squeezed) else 0
    above = np.flatnonzero((xi2 >= 1) & (time > (t_star if np.isfinite(t_star) else np.inf)))
    lost = float(time[above[0]]) if len(above) else np.nan
    before = time <= (lost if np.isfinite(lost) else time[last])
    return t_star, float(time[before][np.nanargmin(xi2[before])]), lost


def draw(canvas: Figure, data: Mapping[str, xr.Dataset]) -> None:
    """ξ² and N_eff/N of two trajectories a column, t*, minimum and loss marked, and the loss after t* of all."""
    ds = data["fig2b"]
    N, time = float(np.nanmax(ds.n_spins)), ds.time.values
    axes = canvas.subplots(2, 2, sharex=True, sharey="row", gridspec_kw={"height_ratios": (3, 2)})
    for column, solver in enumerate(ds.solver.values):
        top, bottom = axes[:, column]
        one = ds.sel(solver=solver)
        xi2, n_eff = one.xi2_trajectory.values, one.n_eff_trajectory.values
        there = np.isfinite(n_eff[:, 0])
        xi2, n_eff = xi2[there], n_eff[there]
        marks = np.array([crossings(time, x, n, _RATIO * N) for x, n in zip(xi2, n_eff, strict=True)])
        for k in range(min(_SHOWN, len(xi2))):
            top.plot(time, xi2[k], color=COLOURS[k], lw=0.9)
            bottom.plot(time, n_eff[k] / N, color=COLOURS[k], lw=0.9, drawstyle="steps-post")
            t_star, best, lost = marks[k]
            top.axvline(t_star, color=COLOURS[k], ls=":", lw=0.7)
            bottom.axvline(t_star, color=COLOURS[k], ls=":", lw=0.7)
            for when, sign in ((best, "o"), (lost, "x")):
                if np.isfinite(when):
                    top.plot(when, xi2[k][np.searchsorted(time, when)], marker=sign, ms=4, color=COLOURS[k], ls="")
        delay = marks[:, 2] - marks[:, 0]
        seen = delay[np.isfinite(delay)]
        if len(seen):
            spread = seen.std(ddof=1) if len(seen) > 1 else np.nan
            words = f"lost {seen.mean():.3f} ± {spread / len(seen) ** 0.5:.3f} after $t^*$ (spread {spread:.3f})"
            words += f"\n({len(seen)} of {len(delay)} trajectories)"
            top.annotate(words, (0.03, 0.03), xycoords="axes fraction", fontsize=6)
        bottom.axhline(_RATIO, color=GREY, lw=0.8)
        squeezing_axis(top, 0.1, 30.0)
        kind = "cavity output" if "cavity_output" in str(solver) else "counting at the side"
        top.set_title(kind)
        panel_label(top, "(a)" if column == 0 else "(b)")
        bottom.set(xlim=(0, time[-1]), ylim=(0.7, 1.02), xlabel=r"$\Gamma t$")
    keys = axes[1, 0]
    for text, look in _KEYS.items():
        keys.plot([], [], color=GREY, label=text, **look)
    keys.legend(loc="lower left")
    for panel in axes[1]:
        corner = (0.02, _RATIO)
        panel.annotate("$N_c/N$", corner, xycoords=("axes fraction", "data"), ha="left", va="top", color=GREY)
    keys.set_ylabel(r"$N_\mathrm{eff}/N$")


FIGURE = FigureSpec(
    title="single trajectories under two ways of detecting the light, and when squeezing is lost",
    draw=draw,
    scenarios=("fig2b",),
    size=(PAGE, 4.0),
    keep=("series", "trajectories"),
)
