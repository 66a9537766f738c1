"""Reductions over a sweep."""

from __future__ import annotations

from typing import Any

import numpy as np

from .markup import Panel
from .material import Material
from .sweep_plots import drawn_axes, held_words, lines, maps

__all__ = ["reductions_panel"]

#: Numbers of a cell that are no results.
_OTHERS = {"n_spins", "claim_floor", "tier_error", "valid_until", "seconds", "compile_seconds", "peak_memory"}
_OTHERS |= {"exit_code", "sampled"}


def reductions_panel(material: Material) -> Panel | None:
    """Reductions over the sweep's axes: lines, or maps over the last two axes; None if there are none."""
    ds, axes = material.ds, list(material.axes)
    for dim in ("time", "step"):
        if ds.sizes.get(dim) == 1:  # the steady state: its one value is as good as a reduction
            ds = ds.isel({dim: 0})
    cell_dims = ("solver", *axes)
    names = [
        str(n)
        for n, v in ds.data_vars.items()
        if v.dims == cell_dims and v.dtype.kind == "f" and str(n) not in _OTHERS and np.isfinite(v.values).any()
    ]
    if not axes or not names or len(material.points) < 2:
        return None
    csv: list[Any] = [[*axes, "solver", *names]]
    for index in np.ndindex(*(len(v) for v in material.axes.values())):
        where = dict(zip(axes, index, strict=True))
        coords = [material.axes[axis][i] for axis, i in where.items()]
        for k, label in enumerate(material.labels):
            csv.append([*coords, label, *(float(ds[n].isel({"solver": k, **where})) for n in names)])
    main = next(n for n in ("minimum_xi2", "xi2", *names) if n in names)
    shown = str(ds[main].attrs.get("long_name", main))
    if len(drawn_axes(material)) == 1:
        figure = lines(material, ds[main], shown)
    elif main.endswith("xi2"):
        with np.errstate(invalid="ignore", divide="ignore"):
            figure = maps(material, 10 * np.log10(ds[main]), unit="dB")
    else:
        figure = maps(material, ds[main])
    sign = " in dB" if main.endswith("xi2") and len(drawn_axes(material)) > 1 else ""
    lead = f"{shown[:1].upper()}{shown[1:]}{sign} over the sweep{held_words(material)}; the CSV has every reduction."
    command = material.command("store export", "{}", "-o sweep.csv")
    return Panel("sweep", "Over the sweep", lead, "", csv, command, figure)
