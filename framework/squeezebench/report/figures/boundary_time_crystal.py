"""Oscillations of the inversion above the critical drive."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from squeezebench.report.field import courses, expected_values, legend_of_solvers, marks
from squeezebench.report.figure import FigureSpec
from squeezebench.report.style import PAGE

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

__all__ = ["FIGURE"]


def draw(canvas: Figure, data: Mapping[str, xr.Dataset]) -> None:
    """2⟨J_z⟩/N over NΓt, a panel a size; circles are the expected maxima."""
    ds = data["boundary_time_crystal"]
    panels = canvas.subplots(ds.sizes["N"], 1, squeeze=False, sharex=True)[:, 0]
    z = ds.assign({name: ds[name].sel(axis="z") for name in ("spin", "spin_stderr") if name in ds})
    drawn: list[str] = []
    for axes, N in zip(panels, ds.N.values, strict=True):
        cell = z.sel(N=N)
        drawn += courses(axes, cell, "spin", scale=2 / N, time_scale=float(N))
        for name in ("first_maximum", "second_maximum", "third_maximum"):
            for entry in expected_values(ds, name, N=float(N)):
                solver = int(np.flatnonzero(np.isfinite(cell[f"{name}_time"].values))[0])
                marks(axes, N * float(cell[f"{name}_time"][solver]), 2 / N * entry["value"])
        axes.set(ylim=(-1.05, 1.05), xlim=(0, N * float(cell.time.values[-1])), ylabel=r"$2\langle J_z\rangle/N$")
        axes.text(0.99, 0.05, f"$N = {N:g}$", transform=axes.transAxes, ha="right")
    panels[-1].set_xlabel(r"$N\Gamma t$")
    legend_of_solvers(canvas, drawn, ncols=7)


FIGURE = FigureSpec(
    title="oscillations of the inversion at one and a half times the critical drive",
    draw=draw,
    scenarios=("boundary_time_crystal",),
    size=(PAGE, 5.0),
)
