"""Steady emission of pumped spins over the pump."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from squeezebench.report.field import expected_values, legend_of_solvers, look_of, marks
from squeezebench.report.figure import FigureSpec
from squeezebench.report.style import GREY, PAGE

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

__all__ = ["FIGURE"]

#: Where each solver's points stand beside each other, in units of the pump.
_APART = 0.015


def draw(canvas: Figure, data: Mapping[str, xr.Dataset]) -> None:
    """Steady ⟨J₊J₋⟩/N² over w/(NΓ), a panel a size, with the parabola of N → ∞; circles are the expected values."""
    ds = data["superradiant_laser"]
    panels = canvas.subplots(1, ds.sizes["N"], squeeze=False, sharey=True)[0]
    drawn: list[str] = []
    fine = np.linspace(0, 1, 101)
    for axes, N in zip(panels, ds.N.values, strict=True):
        axes.plot(fine, fine * (1 - fine) / 2, color=GREY, lw=0.8)
        cell = ds.sel(N=N)
        there = [s for s in cell.solver.values if np.isfinite(cell.final_emission_rate.sel(solver=s)).any()]
        for k, solver in enumerate(there):
            shift = _APART * (k - (len(there) - 1) / 2)
            values = cell.final_emission_rate.sel(solver=solver).values / N**2
            axes.plot(ds.pump_ratio.values + shift, values, marker=".", **{**look_of(str(solver)), "ls": ""})
        drawn += [str(solver) for solver in there]
        for entry in expected_values(ds, "final_emission_rate", N=float(N)):
            marks(axes, entry["at"]["pump_ratio"], entry["value"] / N**2)
        axes.set(xlim=(0, 1), ylim=(0, 0.24), xlabel=r"$w/N\Gamma$", title=f"$N = {N:g}$")
    panels[0].set_ylabel(r"steady $\langle J_+J_-\rangle/N^2$")
    panels[0].plot([], [], color=GREY, lw=0.8, label=r"$N\to\infty$")
    panels[0].legend(loc="upper left", fontsize=6)
    legend_of_solvers(panels[-1], drawn, loc="upper right", marks=True)


FIGURE = FigureSpec(
    title="steady emission of incoherently pumped spins over the pump",
    draw=draw,
    scenarios=("superradiant_laser",),
    size=(PAGE, 2.8),
)
