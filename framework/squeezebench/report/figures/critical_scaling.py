"""Best steady squeezing over N: the local exponent, and the law with its logarithm."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from squeezebench.comparison.several import vertex_of_least
from squeezebench.report.figure import FigureSpec
from squeezebench.report.style import BLACK, COLOURS, GREY, PAGE, panel_label

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

__all__ = ["FIGURE", "logarithmic_law", "optima"]


def optima(ds: xr.Dataset) -> tuple[Any, Any, Any]:
    """N, the distance N^(2/3) ln(1/u) of the best drive, and the least ξ², by the first solver."""
    one = ds.final_xi2.isel(solver=0)
    best = [vertex_of_least(ds.distance.values, one.sel(N=N).values) for N in ds.N.values]
    return ds.N.values.astype(float), np.array([b[0] for b in best]), np.array([b[1] for b in best])


def logarithmic_law(N: Any, xi2: Any) -> tuple[float, float]:
    """Slope and offset of Nξ⁶ = slope ln N + offset through the two largest sizes; the slope tends to 3/2."""
    y, x = N * xi2**3, np.log(N)
    slope = float((y[-1] - y[-2]) / (x[-1] - x[-2]))
    return slope, float(y[-1] - slope * x[-1])


def draw(canvas: Figure, data: Mapping[str, xr.Dataset]) -> None:
    """(a) Least ξ² over N with a pure power and the law; (b) its local exponent; (c) Nξ⁶ over ln N."""
    N, _, xi2 = optima(data["critical_scaling"])
    slope, offset = logarithmic_law(N, xi2)
    left, middle, right = canvas.subplots(1, 3)
    fine = np.geomspace(N[0], N[-1], 200)
    x = np.log(N)
    power = np.polyfit(x, np.log(xi2), 1)
    with np.errstate(invalid="ignore"):
        law = ((slope * np.log(fine) + offset) / fine) ** (1 / 3)
    left.loglog(
        fine, np.exp(np.polyval(power, np.log(fine))), color=COLOURS[1], ls="--", label=rf"$N^{{{power[0]:.3f}}}$"
    )
    left.loglog(fine, law, color=COLOURS[0], label=rf"$(({slope:.2f}\,\ln N {offset:+.2f})/N)^{{1/3}}$")
    left.loglog(N, xi2, "o", ms=3.5, color=BLACK, label="exact")
    left.set(xlabel="$N$", ylabel=r"least $\xi^2$")
    left.legend(fontsize=6)
    between, exponent = np.exp((x[1:] + x[:-1]) / 2), np.diff(np.log(xi2)) / np.diff(x)
    middle.semilogx(between, exponent, "o", ms=3.5, color=BLACK)
    middle.semilogx(fine, np.gradient(np.log(law), np.log(fine)), color=COLOURS[0])
    middle.axhline(power[0], color=COLOURS[1], ls="--")
    middle.axhline(-1 / 3, color=GREY, lw=0.8)
    middle.text(fine[0], -1 / 3, " $-1/3$", color=GREY, va="bottom")
    middle.set(xlabel="$N$", ylabel=r"local exponent $d\ln\xi^2/d\ln N$", ylim=(-0.345, -0.2))
    right.plot(np.log10(N), N * xi2**3, "o", ms=3.5, color=BLACK)
    right.plot(np.log10(fine), slope * np.log(fine) + offset, color=COLOURS[0])
    right.plot(np.log10(fine), fine * np.exp(3 * np.polyval(power, np.log(fine))), color=COLOURS[1], ls="--")
    right.set(xlabel=r"$\log_{10} N$", ylabel=r"$N\,\xi^6$")
    for axes, letter in ((left, "(a)"), (middle, "(b)"), (right, "(c)")):
        panel_label(axes, letter, *((0.02, 0.1) if axes is left else (0.02, 0.97)))


FIGURE = FigureSpec(
    title="best steady squeezing up to ten million spins, with its logarithmic correction",
    draw=draw,
    scenarios=("critical_scaling",),
    size=(PAGE, 2.6),
)
