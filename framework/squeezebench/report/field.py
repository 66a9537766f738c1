"""What the figures of the shared scenarios have in common: one course a solver, and marks at expected values."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .style import BLACK, COLOURS, GREY, LINES

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["courses", "expected_values", "legend_of_solvers", "look_of", "marks"]

#: Beginning of a solver's label → colour and line; exact methods are black and drawn first.
_LOOKS: tuple[tuple[str, str, Any], ...] = (
    ("one_axis_twisting", BLACK, "-"),
    ("permutational", BLACK, "-"),
    ("steady_state", BLACK, "-"),
    ("cavity_exact", BLACK, "-"),
    ("qutip", COLOURS[5], LINES[3]),
    ("piqs", COLOURS[4], LINES[2]),
    ("mcwf", COLOURS[2], "-"),
    ("cumulant(order=2", COLOURS[1], LINES[1]),
    ("cumulant(order=3", COLOURS[3], LINES[2]),
    ("cumulant(order=4", COLOURS[0], LINES[1]),
    ("cavity_cumulant", COLOURS[1], LINES[1]),
    ("mean_field", GREY, LINES[3]),
)


def look_of(solver: str) -> dict[str, Any]:
    """Colour and line of a solver, the same in all these figures."""
    for beginning, colour, line in _LOOKS:
        if solver.startswith(beginning):
            return {"color": colour, "ls": line, "lw": 1.6 if colour == BLACK else 1.1}
    return {"color": GREY, "ls": "-"}


def courses(
    axes: Axes, ds: xr.Dataset, name: str, scale: float = 1.0, time_scale: float = 1.0, skip: Sequence[str] = ()
) -> list[str]:
    """Draw one quantity over time, a curve a solver; of a sampled one with a band of one standard error.

    Parameters
    ----------
    axes : matplotlib Axes
        Where.
    ds : xarray.Dataset
        One point of a run: dims solver and time or step.
    name : str
        Variable.
    scale, time_scale : float
        Factors on values and times.
    skip : sequence of str
        Beginnings of solvers' labels that are left out.

    Returns
    -------
    list of str
        The solvers that have been drawn.
    """
    drawn = []
    times = ds["time"].values * time_scale
    for solver in ds.solver.values:
        one = ds.sel(solver=solver)
        values = scale * one[name].values
        if str(solver).startswith(tuple(skip)) or not np.isfinite(values).any():
            continue
        look = look_of(str(solver))
        axes.plot(times, values, **look, zorder=2 if look["color"] == BLACK else 3)
        spread = f"{name}_stderr"
        if bool(one["sampled"]) and spread in one:
            error = scale * one[spread].values
            axes.fill_between(times, values - error, values + error, color=look["color"], alpha=0.25, lw=0)
        drawn.append(str(solver))
    return drawn


def legend_of_solvers(where: Axes | Figure, solvers: Sequence[str], *, marks: bool = False, **arguments: Any) -> None:
    """Legend with one entry a solver, short of options that say how accurate; of points instead of lines on request.

    In a whole figure it stands above the panels, where it covers nothing.
    """
    from matplotlib.lines import Line2D

    change = {"marker": ".", "ls": ""} if marks else {}
    handles = [Line2D([], [], **{**look_of(solver), **change}) for solver in dict.fromkeys(solvers)]
    labels = [_short(solver) for solver in dict.fromkeys(solvers)]
    above = {} if hasattr(where, "plot") else {"loc": "outside upper center", "ncols": min(len(labels), 5)}
    where.legend(handles, labels, **{"fontsize": 6, **above, **arguments})


def _short(solver: str) -> str:
    if solver.startswith("cumulant(order="):
        return f"cumulants, order {solver[15]}"
    return solver.split("(")[0].replace("_", " ")


def expected_values(ds: xr.Dataset, quantity: str, **at: Any) -> list[dict[str, Any]]:
    """Entries of the scenario's expected values for a quantity, at the given coordinates."""
    entries = json.loads(ds.attrs["squeezebench"]).get("scenario", {}).get("expected", [])
    return [
        entry
        for entry in entries
        if entry["quantity"] == quantity and all(entry.get("at", {}).get(key) == value for key, value in at.items())
    ]


def marks(axes: Axes, places: Any, values: Any) -> None:
    """Open circles: expected values."""
    axes.plot(places, values, ls="", marker="o", ms=5, mfc="none", mec=COLOURS[1], mew=1.0, zorder=5)
