"""Beside Fig. 2(b): how long after t* single trajectories lose squeezing, over the number of spins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from squeezebench.report.figure import FigureSpec
from squeezebench.report.figures.fig2b import crossings
from squeezebench.report.style import COLOURS, COLUMN

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

__all__ = ["FIGURE", "Delay", "delays"]

#: Υ/Υ_c of the scenarios: N_c = 0.9 N.
_RATIO = 0.9
_KINDS = {"cavity_output": "cavity output", "counting": "counting at the side"}


@dataclass(frozen=True)
class Delay:
    """When the trajectories of one cell lose squeezing, in 1/Γ after their own t*.

    Attributes
    ----------
    N : int
        Number of spins.
    unraveling : str
        Of `mcwf`.
    mean, error, spread : float
        Average delay, its standard error, and the standard deviation of a single one.
    least : float
        Smallest of them.
    seen, total : int
        Trajectories that lose squeezing before the scenario ends, and all.
    """

    N: int
    unraveling: str
    mean: float
    error: float
    spread: float
    least: float
    seen: int
    total: int


def delays(ds: xr.Dataset) -> Iterator[Delay]:
    """Delays of every cell of a run of `fig2b` or `fig2b_delay`."""
    for solver in ds.solver.values:
        cells = ds.sel(solver=solver)
        for cell in [cells.isel(N=k) for k in range(cells.sizes["N"])] if "N" in cells.dims else [cells]:
            xi2, n_eff = cell.xi2_trajectory.values, cell.n_eff_trajectory.values
            there = np.isfinite(n_eff[:, 0])
            N, time = round(float(cell.n_spins.max())), cell.time.values
            marks = [crossings(time, x, n, _RATIO * N) for x, n in zip(xi2[there], n_eff[there], strict=True)]
            found = np.array([lost - t_star for t_star, _, lost in marks])
            seen = found[np.isfinite(found)]
            if len(seen) < 2:
                continue
            spread = float(seen.std(ddof=1))
            kind = next(kind for kind in _KINDS if kind in str(solver))
            yield Delay(
                N, kind, float(seen.mean()), spread / len(seen) ** 0.5, spread, float(seen.min()), len(seen), len(found)
            )


def draw(canvas: Figure, data: Mapping[str, xr.Dataset]) -> None:
    """Average delay over N under each detection; thick bars are standard errors, thin ones the spread of one."""
    axes = canvas.subplots()
    every = [delay for ds in data.values() for delay in delays(ds)]
    for k, (kind, label) in enumerate(_KINDS.items()):
        chosen = sorted((delay for delay in every if delay.unraveling == kind), key=lambda delay: delay.N)
        # Side by side, so that bars do not cover each other.
        N = np.array([delay.N for delay in chosen]) * (1.03 if k else 1 / 1.03)
        mean = np.array([delay.mean for delay in chosen])
        axes.errorbar(N, mean, [d.spread for d in chosen], fmt="none", color=COLOURS[k], elinewidth=0.6)
        axes.errorbar(
            N, mean, [d.error for d in chosen], fmt="o", color=COLOURS[k], ms=3.5, elinewidth=2.0, label=label
        )
    axes.set(xscale="log", xlabel=r"$N$", ylabel=r"squeezing is lost after $t^*$ by  ($1/\Gamma$)")
    sizes = sorted({delay.N for delay in every})
    axes.set_xticks(sizes, [str(N) for N in sizes])
    axes.minorticks_off()
    axes.set_ylim(bottom=0)
    axes.legend(loc="upper right")


FIGURE = FigureSpec(
    title="how long after t* single trajectories lose squeezing, over the number of spins",
    draw=draw,
    scenarios=("fig2b_delay", "fig2b"),
    size=(COLUMN, 2.6),
    keep=("series", "trajectories"),
)
