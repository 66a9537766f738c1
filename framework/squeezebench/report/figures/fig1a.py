"""Fig. 1(a): the phase diagram over drive and single-particle emission."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from squeezebench.report.figure import FigureSpec
from squeezebench.report.style import MAP, label_of

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

__all__ = ["FIGURE", "folds"]


def folds(r: Any) -> tuple[Any, Any]:
    """Υ/Υ_c at the two folds of the mean-field steady state for r = γ_s/(NΓ) ≤ 1/8, χ = 0, at large N.

    With q = −⟨σ_z⟩ the steady state has u² = 2(1 − q)(q + r)²/q, whose slope is zero at q = (1 ± √(1 − 8r))/4.

    Returns
    -------
    (ndarray, ndarray)
        The upper fold, where the superradiant branch ends, and the lower one, where the normal branch does.
    """
    r = np.asarray(r, dtype=np.float64)
    root = np.sqrt(1 - 8 * r)
    upper, lower = ((1 + root) / 4, (1 - root) / 4)
    return tuple(np.sqrt(2 * (1 - q) * (q + r) ** 2 / q) for q in (upper, lower))


def draw(canvas: Figure, data: Mapping[str, xr.Dataset]) -> None:
    """The order parameter, Υ_c and Υ_c', the region between them striped, and the folds."""
    results, strip = data["fig1a"], data["fig1a_strip"]
    N = float(np.nanmax(results.n_spins))
    main, below = canvas.subplots(2, 1, sharex=True, height_ratios=(10, 1))
    drive, r = results.upsilon_ratio.values, results.r.values
    inversion = 2 / N * results.final_spin_z.isel(solver=0).transpose("r", "upsilon_ratio").values
    colours: Any = {"cmap": MAP, "vmin": -1.0, "vmax": 0.0, "shading": "nearest", "rasterized": True}
    mesh = main.pcolormesh(drive, r, inversion, **colours)
    main.set_yscale("log")
    main.set_ylim(r[0], r[-1])
    exact = 2 / N * strip.spin.isel(solver=0).sel(axis="z").squeeze().values
    below.pcolormesh(strip.upsilon_ratio.values, [0.0, 1.0], np.array([exact, exact]), **colours)
    below.set_yticks([0.5], ["0"])
    below.tick_params(axis="y", length=0)
    middle, end = 1 / math.sqrt(2), 0.125
    main.fill_between([middle, 1.0], r[0], r[-1], facecolor="none", edgecolor="0.45", hatch="////", lw=0)
    curve = np.geomspace(r[0], end, 200)
    upper, lower = folds(curve)
    main.plot(upper, curve, color="white", lw=1.2)
    main.plot(lower, curve, color="white", lw=1.2, ls=":")
    main.plot(upper[-1], end, marker="o", ms=3, color="white")
    for axes in (main, below):
        axes.axvline(middle, color="white", ls="--", lw=0.8)
        axes.axvline(1.0, color="black", ls="--", lw=0.8)
        axes.set_xlim(drive[0], drive[-1])
    main.text(middle, r[-1] * 0.8, r"$\Upsilon_c'$ ", color="white", va="top", ha="right")
    main.text(1.0, r[-1] * 0.8, r" $\Upsilon_c$", color="white", va="top")
    main.text(0.26, 0.0016, "superradiant", color="white")
    main.text(1.15, 0.004, "normal")
    main.annotate("", (1.12, 0.0022), (0.84, 0.0022), arrowprops={"arrowstyle": "->", "color": "#D55E00", "lw": 1.5})
    main.set_ylabel(r"$\gamma_s/N\Gamma$")
    below.set_xlabel(label_of("upsilon_ratio"))
    canvas.colorbar(mesh, ax=[main, below], aspect=30, label=r"inversion $2\langle J_z\rangle/N$")
    main.set_title("mean field from $-x$; lowest row: exact")


FIGURE = FigureSpec(
    title="phase diagram: inversion over drive and single-particle emission",
    draw=draw,
    scenarios=("fig1a", "fig1a_strip"),
    size=(4.6, 3.4),
)
