"""Pictures that are no courses: who agrees with whom, and the Husimi function."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from squeezebench.errors import InvalidOptionError
from squeezebench.report.style import MAP, label_of
from squeezebench.validate import positive_int, shown

from .data import axes_of, one_point, plain

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

__all__ = ["agreement", "husimi"]


def agreement(results: xr.Dataset, observable: str = "xi2", ax: Axes | None = None) -> Axes:
    """Draw who agrees with whom: relative deviations of every two solvers, broken claims with a cross.

    Parameters
    ----------
    results : xarray.Dataset
        One point of `run`, `load` or `compare`.
    observable : str
        ``"xi2"``, ``"n_eff"``, ``"spin"`` or ``"covariance"``.
    ax : matplotlib Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib Axes
        What was drawn on.

    Raises
    ------
    InvalidOptionError
        If there is no such observable, or the data set holds several points.

    Examples
    --------
    >>> import squeezebench as sb
    >>> results = sb.run("quickstart", ["mean_field", "permutational"], isolate=False)
    >>> axes = sb.plot.agreement(results.sel(N=6))
    >>> [label.get_text() for label in axes.get_xticklabels()]
    ['mean_field', 'permutational']
    """
    from squeezebench.comparison import compare

    pairs = results if "verdict" in results else compare(results)
    pairs = one_point(pairs, ("observable", "solver", "solver_"))
    if observable not in pairs["observable"].values:
        known = ", ".join(str(name) for name in pairs["observable"].values)
        raise InvalidOptionError(f"observable = {shown(observable)}: there are {known}")
    chosen = pairs.sel(observable=observable)
    values, verdicts, broken = (chosen[n].transpose("solver", "solver_").values for n in _PARTS)
    labels = [plain(str(label)) for label in chosen["solver"].values]
    axes = axes_of(ax)
    with np.errstate(divide="ignore"):
        image = axes.imshow(np.log10(np.maximum(values, 1e-16)), cmap=MAP, vmin=-12, vmax=0)
    for i, k in np.ndindex(*values.shape):
        if i != k and str(verdicts[i, k]) != "not_comparable":
            mark = "✗ " if broken[i, k] else ""
            dark = values[i, k] < 1e-6
            axes.text(k, i, f"{mark}{values[i, k]:.1g}", ha="center", va="center", color="white" if dark else "black")
    axes.set_xticks(range(len(labels)), labels, rotation=40, ha="right")
    axes.set_yticks(range(len(labels)), labels)
    axes.figure.colorbar(image, ax=axes, label=f"log₁₀ of the relative deviation of {label_of(observable)}")
    return axes


_PARTS = ("relative_deviation", "verdict", "broken")


def husimi(states: Any, index: int = -1, ax: Axes | None = None, *, points: int = 181) -> Axes:
    """Draw the Husimi function over azimuth and cos θ, where equal areas are equal solid angles.

    Parameters
    ----------
    states, index
        As of `squeezebench.husimi`; the last state by default.
    ax : matplotlib Axes, optional
        Where to draw.
    points : int
        Values of cos θ; twice as many of the azimuth.

    Returns
    -------
    matplotlib Axes
        What was drawn on.

    Raises
    ------
    InvalidModelError
        If there is no such state.

    Examples
    --------
    >>> import squeezebench as sb
    >>> axes = sb.plot.husimi(sb.CoherentSpinState(theta=1.0).dicke_blocks(10), 0, points=31)
    >>> [tick.get_text() for tick in axes.get_xticklabels()]
    ['−π', '−π/2', '0', 'π/2', 'π']
    """
    from squeezebench.observables.husimi import husimi as q_function

    positive_int(points, "points")
    height = np.linspace(-1, 1, points)
    phi = np.linspace(-math.pi, math.pi, 2 * points)
    values = q_function(states, index, np.arccos(height)[:, None], phi[None, :])
    axes = axes_of(ax)
    mesh = axes.pcolormesh(phi, height, values, cmap=MAP, shading="nearest", rasterized=True)
    axes.set_xticks([-math.pi, -math.pi / 2, 0, math.pi / 2, math.pi], ["−π", "−π/2", "0", "π/2", "π"])
    axes.set(xlabel=r"azimuth $\phi$", ylabel=r"$\cos\,\theta$")
    axes.figure.colorbar(mesh, ax=axes, label="Q (1/sr)")
    return axes
