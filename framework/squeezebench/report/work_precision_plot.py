"""Error against seconds and memory, a row of panels a point, with the Pareto front drawn through."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from squeezebench.errors import InvalidOptionError

from .style import COLOURS, GREY, PAGE, matplotlib_style

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["work_precision_figure"]

#: Rows that a page has room for.
_MOST = 6
_MARKERS = "osD^v<>P*X"


def work_precision_figure(ds: xr.Dataset) -> Figure:
    """Figure of a data set of `squeezebench.work_precision`.

    Raises
    ------
    InvalidOptionError
        If it has no costs, or more points than a page has room for.
    """
    axes = [str(dim) for dim in ds["reference"].dims]
    points = list(np.ndindex(*ds["reference"].shape))
    if len(points) > _MOST:
        raise InvalidOptionError(
            f"work-precision is drawn for up to {_MOST} points, and this run has {len(points)}: choose some, "
            "such as ds.isel(N=[-1])"
        )
    if not np.isfinite(ds["seconds"].values).any():
        raise InvalidOptionError("there are no exclusive timings to draw; run it again with timing=3 (--timing 3)")
    with matplotlib_style():
        from matplotlib.figure import Figure

        canvas = Figure(figsize=(PAGE, 0.7 + 2.3 * len(points)), layout="constrained")
        panels = canvas.subplots(len(points), 2, squeeze=False, sharex="col")
        observable = json.loads(ds.attrs["squeezebench"]).get("observable", "")
        for row, index in zip(panels, points, strict=True):
            point = ds.isel(dict(zip(axes, index, strict=True)))
            title = ", ".join(f"{axis} = {ds[axis].values[k]:g}" for axis, k in zip(axes, index, strict=True))
            _draw(row[0], point, "seconds", "on_front", 1.0)
            _draw(row[1], point, "peak_bytes", "on_memory_front", 2.0**20)
            row[0].set_ylabel("largest error" + (f" of {observable}" if observable else ""))
            row[0].set_title(title, loc="left")
        panels[-1][0].set_xlabel("seconds")
        panels[-1][1].set_xlabel("memory / MiB")
        handles, labels = panels[0][0].get_legend_handles_labels()
        canvas.legend(handles, labels, loc="outside upper center", ncols=3)
    return canvas


def _draw(panel: Axes, point: Any, cost: str, front: str, unit: float) -> None:
    """One panel: a marker a spec, the front as a line, the reference as a grey line of its cost."""
    work, error = point[cost].values / unit, point["error"].values
    reference = str(point["reference"].values)
    for k, label in enumerate(point["solver"].values):
        colour, marker = COLOURS[k % len(COLOURS)], _MARKERS[k % len(_MARKERS)]
        style: dict[str, Any] = {"color": colour, "marker": marker, "ms": 4, "ls": ""}
        if str(label) == reference:
            panel.plot([], [], label=f"{label} (reference)", color=GREY, lw=0.8)
            if work[k] > 0:
                panel.axvline(work[k], color=GREY, lw=0.8)
            continue
        seen = bool(np.isfinite(error[k]) and error[k] > 0 and work[k] > 0)
        panel.plot(work[k] if seen else [], error[k] if seen else [], label=str(label), **style)
    on = np.flatnonzero(point[front].values & (work > 0) & np.isfinite(error) & (error > 0))
    order = on[np.argsort(work[on])]
    panel.plot(work[order], error[order], color=GREY, lw=0.8, ls="--", zorder=0)
    # A logarithmic axis needs something above 0 on it: an error of 0, or a memory of 0, is nothing to draw.
    if bool((np.isfinite(error) & (error > 0) & (work > 0)).any()):
        panel.set(xscale="log", yscale="log")
    else:
        panel.set(xticks=[], yticks=[])
        panel.text(0.5, 0.5, "nothing that could be measured", ha="center", va="center", transform=panel.transAxes)
