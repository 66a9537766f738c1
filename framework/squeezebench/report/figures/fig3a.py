"""Fig. 3(a): best transient squeezing over drive and single-particle emission, and the strip without emission."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from squeezebench.report.figure import FigureSpec
from squeezebench.report.style import MAP, label_of

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

__all__ = ["FIGURE", "doubtful"]

#: Relative difference of orders 2 and 3 from which a number is hatched.
_APART = 0.05
#: Limits of the colours, dB: squeezing only; what is not squeezed is white.
_LOW, _HIGH = -10.0, 0.0


def doubtful(results: xr.Dataset) -> np.ndarray[Any, Any]:
    """Where order 3 differs from order 2 by more than 5 %, or has no value, and order 2 speaks of squeezing."""
    second, third = results.minimum_xi2.isel(solver=0), results.minimum_xi2.isel(solver=1)
    near = np.abs(third / second - 1) <= _APART
    return np.asarray(((second < 1) & ~near).transpose("gamma_s", "upsilon_ratio"))


def draw(canvas: Figure, data: Mapping[str, xr.Dataset]) -> None:
    """The map of order 2, hatched where order 3 does not confirm it; the exact steady state below."""
    results, strip = data["fig3a"], data["fig3a_strip"]
    main, below = canvas.subplots(2, 1, sharex=True, height_ratios=(12, 1))
    drive, rate = results.upsilon_ratio.values, results.gamma_s.values
    minimum = results.minimum_xi2.isel(solver=0).transpose("gamma_s", "upsilon_ratio").values
    colours: Any = {"cmap": MAP, "vmin": _LOW, "vmax": _HIGH, "shading": "nearest", "rasterized": True}

    def decibel(values: Any) -> Any:
        return np.ma.masked_greater_equal(10 * np.log10(values), 0.0)

    mesh = main.pcolormesh(drive, rate, decibel(minimum), **colours)
    main.set_yscale("log")
    main.contourf(drive, rate, doubtful(results), levels=[0.5, 1.5], colors="none", hatches=["////"])
    third = (results.status.isel(solver=1) != "ok").transpose("gamma_s", "upsilon_ratio").values
    if third.any() and not third.all():
        main.contour(drive, rate, third.astype(float), levels=[0.5], colors="#D55E00", linewidths=1.0)
    lines = main.contour(
        drive, rate, decibel(minimum), levels=[-9, -8, -7, -6, -5, -4, -3, -2, -1], colors="white", linestyles="-"
    )
    lines.set_linewidth(0.5)
    main.clabel(lines, fmt=lambda value: f"{value:g}".replace("-", "−"), fontsize=6)
    main.set_ylabel(label_of("gamma_s"))
    steady = strip.xi2.isel(solver=0).squeeze().values
    below.pcolormesh(strip.upsilon_ratio.values, [0.0, 1.0], decibel(np.array([steady, steady])), **colours)
    below.set_yticks([0.5], ["0"])
    below.tick_params(axis="y", length=0)
    below.set_xlabel(label_of("upsilon_ratio"))
    main.spines["bottom"].set_linestyle((0, (4, 3)))
    below.spines["top"].set_linestyle((0, (4, 3)))
    for axes in (main, below):
        axes.axvline(1 / np.sqrt(2), color="white", ls="--", lw=0.8)
        axes.axvline(1.0, color="black", ls="--", lw=0.8)
        axes.set_xlim(drive[0], drive[-1])
    main.text(1 / np.sqrt(2), rate[-1] * 0.75, r" $\Upsilon_c'$", va="top")
    main.text(1.0, rate[-1] * 0.75, r" $\Upsilon_c$", va="top")
    bar = canvas.colorbar(mesh, ax=[main, below], aspect=30)
    bar.set_label(r"minimum $10\,\log_{10}\,\xi^2$ (dB)")
    linear = bar.ax.twinx()
    linear.set_ylim(_LOW, _HIGH)
    ticks = [0.1, 0.12, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0]
    linear.set_yticks([10 * np.log10(tick) for tick in ticks], [f"{tick:g}" for tick in ticks])
    linear.set_ylabel(r"minimum $\xi^2$")
    bar.ax.yaxis.set_ticks_position("left")
    bar.ax.yaxis.set_label_position("left")
    canvas.get_layout_engine().set(rect=(0, 0, 0.93, 1))  # type: ignore[union-attr,call-arg]  # room for the second scale
    main.set_title(
        r"$N = 10^4$, $\chi = 0$; hatched: orders 2 and 3 differ by more than 5 %;"
        + "\nbelow the orange line order 3 ends unphysical"
    )


FIGURE = FigureSpec(
    title="best transient squeezing over drive and single-particle emission",
    draw=draw,
    scenarios=("fig3a", "fig3a_strip"),
    size=(5.0, 3.8),
)
