"""When the cavity's field may be eliminated: courses, and the difference over κ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from squeezebench.report.field import expected_values, look_of, marks
from squeezebench.report.figure import FigureSpec
from squeezebench.report.style import BLACK, COLOURS, GREY, PAGE, panel_label, sequence, squeezing_axis

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

__all__ = ["FIGURE", "differences"]

#: Who solves the model with the mode, and who is asked about the same closure or none without it.
_PAIRS = (("cavity_exact", "permutational"), ("cavity_cumulant", "cumulant(order=2)"))


def differences(ds: xr.Dataset, kept: str, eliminated: str) -> xr.DataArray:
    """Largest |ξ² with the mode − ξ² without| over the times, dims N and ratio."""
    apart = ds.xi2.sel(variant="kept", solver=kept) - ds.xi2.sel(variant="eliminated", solver=eliminated)
    dim = "time" if "time" in apart.dims else "step"
    largest: xr.DataArray = abs(apart).max(dim)
    return largest


def draw(canvas: Figure, data: Mapping[str, xr.Dataset]) -> None:
    """(a) ξ²(t) of eight spins at each κ and with the field eliminated; (b) the largest difference over NΓ/κ."""
    ds = data["cavity_kept"]
    left, right = canvas.subplots(1, 2)
    N = float(min(ds.N.values, key=lambda n: abs(n - 8)))
    few = ds.sel(N=N)
    for ratio, colour in zip(ds.ratio.values, sequence(ds.sizes["ratio"]), strict=True):
        cell = few.sel(ratio=ratio)
        time = np.atleast_2d(cell.time.values)[0] * N
        left.plot(
            time,
            cell.xi2.sel(variant="kept", solver="cavity_exact"),
            color=colour,
            label=rf"$\kappa/\Gamma = {ratio * N:g}$",
        )
    left.plot(
        time, cell.xi2.sel(variant="eliminated", solver="permutational"), color=BLACK, ls="--", label="eliminated"
    )
    squeezing_axis(left, 0.85, 1.15)
    left.set(xlabel=r"$N\Gamma t$", title=f"$N = {N:g}$, exact", xlim=(0, time[-1]))
    left.legend(fontsize=6, loc="upper right")
    for (kept, eliminated), marker in zip(_PAIRS, "os", strict=True):
        apart = differences(ds, kept, eliminated)
        for N, colour in zip(ds.N.values, (COLOURS[0], COLOURS[2], COLOURS[3], COLOURS[1]), strict=False):
            row = apart.sel(N=N).values
            if np.isfinite(row).any():
                name = "exact" if kept == "cavity_exact" else "cumulants"
                line = "-" if kept == "cavity_exact" else look_of(kept)["ls"]
                places = 1 / ds.ratio.values
                right.loglog(places, row, marker=marker, ms=3.5, ls=line, color=colour, label=f"$N = {N:g}$, {name}")
    for entry in expected_values(ds, "xi2", variant="kept"):
        marks(right, 1 / entry["at"]["ratio"], entry["value"])
    low, high = (float(edge) for edge in right.get_xlim())
    right.plot([low, high], [0.2 * low, 0.2 * high], color=GREY, lw=0.8, ls=":", label=r"$\propto 1/\kappa$")
    right.set(xlabel=r"$N\Gamma/\kappa$", ylabel=r"largest $|\Delta\xi^2|$, kept − eliminated")
    right.legend(fontsize=5, loc="lower right")
    panel_label(left, "(a)")
    panel_label(right, "(b)")


FIGURE = FigureSpec(
    title="spins and mode together against the spins with the field eliminated",
    draw=draw,
    scenarios=("cavity_kept",),
    size=(PAGE, 3.0),
)
