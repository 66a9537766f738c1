"""Bistable mean field: fold, metastable squeezing and true steady state in one plot, and how trajectories switch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from squeezebench.report.field import expected_values, marks
from squeezebench.report.figure import FigureSpec
from squeezebench.report.style import BLACK, COLOURS, GREY, PAGE, panel_label, squeezing_axis

from .fig1a import folds

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["FIGURE"]

#: γ_s/(NΓ) of the scenarios.
_R = 0.005
_SHOWN = 4


def draw(canvas: Figure, data: Mapping[str, xr.Dataset]) -> None:
    """(a) ξ² and (b) inversion over the drive; (c), (d) courses from both starts with single trajectories."""
    steady, branches = data["crf_bistability"], data["crf_bistability_branches"]
    (first, second), (third, fourth) = canvas.subplots(2, 2)
    upper, lower = (float(fold) for fold in folds(_R))
    drive = branches.upsilon_ratio.values
    on_branch = branches.sel(variant="from −x")
    below = drive < upper
    for axes in (first, second):
        axes.axvspan(lower, upper, color="0.93", zorder=0)
        axes.axvline(upper, color=GREY, lw=0.8)
        axes.axvline(lower, color=GREY, lw=0.8, ls=":")
        axes.set(xlim=(0.15, 0.85), xlabel=r"$\Upsilon/\Upsilon_c$")
    squeezed = on_branch.final_xi2.sel(solver="cumulant(order=2)").values
    first.plot(drive[below], squeezed[below], color=COLOURS[1], label="metastable, order 2, $N = 2000$")
    for variant, line in (("from −x", "-"), ("from mixed", "--")):
        z = branches.final_spin_z.sel(variant=variant, solver="mean_field").values / 1000
        second.plot(drive, z, color=COLOURS[1], ls=line, label=f"mean field {variant.replace('−x', '$-x$')}")
    for N, marker in zip(steady.N.values, ("^", "o", "s"), strict=False):
        exact = steady.sel(N=N, solver="permutational")
        look = {"marker": marker, "ms": 3, "color": BLACK, "lw": 0.7, "mfc": "white"}
        first.plot(steady.upsilon_ratio, exact.final_xi2, **look, label=f"true steady state, $N = {N:g}$")
        second.plot(steady.upsilon_ratio, 2 / N * exact.final_spin_z, **look)
        for entry in expected_values(steady, "final_xi2", N=float(N)):
            marks(first, entry["at"]["upsilon_ratio"], entry["value"])
        for entry in expected_values(steady, "final_spin_z", N=float(N)):
            marks(second, entry["at"]["upsilon_ratio"], 2 / N * entry["value"])
    squeezing_axis(first, 0.6, 30.0)
    first.text(upper, 0.63, " upper fold", color=GREY, ha="left", va="bottom", fontsize=6)
    first.legend(loc="upper left", fontsize=6)
    second.set_ylabel(r"$2\langle J_z\rangle/N$")
    second.legend(loc="lower right", fontsize=6)
    _courses(third, fourth, data["crf_bistability_courses"])
    for axes, letter in ((second, "(b)"), (third, "(c)"), (fourth, "(d)")):
        panel_label(axes, letter)
    panel_label(first, "(a)", y=0.12)


def _courses(left: Axes, right: Axes, ds: xr.Dataset) -> None:
    """ξ² and inversion over time from both starts; trajectories of the pure one."""
    N, time = float(np.nanmax(ds.n_spins)), ds.time.values
    for variant, line in (("from −x", "-"), ("from mixed", "--")):
        cell = ds.sel(variant=variant)
        exact = cell.sel(solver="permutational")
        name = variant.replace("−x", "$-x$")
        left.plot(time, exact.xi2, color=BLACK, ls=line, label=f"exact {name}")
        right.plot(time, 2 / N * exact.spin.sel(axis="z"), color=BLACK, ls=line, zorder=4)
    sampled = next(str(solver) for solver in ds.solver.values if str(solver).startswith("mcwf"))
    trajectories = (
        ds.spin_trajectory.sel(variant="from −x", solver=sampled, axis="z").transpose("time", "trajectory").values
    )
    there = np.flatnonzero(np.isfinite(trajectories).all(axis=0))
    jumped = there[np.argsort(-trajectories[:, there].max(axis=0))]
    for k, index in enumerate(jumped[:_SHOWN]):
        right.plot(time, 2 / N * trajectories[:, index], color=COLOURS[k], lw=0.5, alpha=0.8)
    squeezing_axis(left, 0.6, 30.0)
    left.set(xlabel=r"$\Gamma t$", xlim=(0, time[-1]), title=f"$N = {N:g}$")
    left.legend(loc="upper right", fontsize=6)
    right.set(
        xlabel=r"$\Gamma t$",
        xlim=(0, time[-1]),
        ylabel=r"$2\langle J_z\rangle/N$",
        title="single trajectories from $-x$",
    )


FIGURE = FigureSpec(
    title="bistable mean field: fold, metastable squeezing, true steady state, and switching trajectories",
    draw=draw,
    scenarios=("crf_bistability", "crf_bistability_courses", "crf_bistability_branches"),
    size=(PAGE, 5.0),
)
