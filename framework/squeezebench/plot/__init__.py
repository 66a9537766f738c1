"""Pictures for notebooks and scripts: each function draws one quantity of a data set and returns matplotlib axes.

Like xarray's and pandas' own, they draw on the axes that are given, or on a new figure's, which a notebook then shows.
`squeezebench.report.draw` makes whole figures for print instead.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from squeezebench.errors import InvalidOptionError
from squeezebench.report.style import COLOURS, GREY, LINES, label_of, squeezing_axis
from squeezebench.validate import positive_int, shown

from .data import axes_of, courses_of, critical_of, draw_courses, one_point, plain, reference_of, spins, time_label
from .maps import agreement, husimi

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

__all__ = ["agreement", "deviations", "husimi", "n_eff", "spin", "squeezing", "trajectories"]


def squeezing(ds: xr.Dataset, ax: Axes | None = None, **style: Any) -> Axes:
    """Draw ξ² over time on a logarithmic axis, with dB on the right and the line ξ² = 1.

    Parameters
    ----------
    ds : xarray.Dataset
        From `squeezebench.solve`, or one point of `run` or `load`, whose solvers get a line each. Standard errors are
        shown as bands of two of them, error estimates of asymptotic solvers as bands of one.
    ax : matplotlib Axes, optional
        Where to draw; on a new figure by default. Further data sets can be drawn on the same axes.
    **style
        For `matplotlib.axes.Axes.plot`, such as ``color=`` or ``label=``.

    Returns
    -------
    matplotlib Axes
        What was drawn on.

    Raises
    ------
    InvalidOptionError
        If the data set has no course of ξ², holds several points, or matplotlib is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> import squeezebench as sb
    >>> model = sb.SpinModel.driven_cavity(N=20, upsilon_ratio=0.9, gamma_s=1.0)
    >>> ds = sb.solve(sb.Problem(model, times=np.linspace(0, 0.5, 51)), "cumulant", order=3)
    >>> axes = sb.plot.squeezing(ds)
    >>> axes.get_xlabel(), axes.get_yscale(), len(axes.get_legend().get_texts())
    ('time', 'log', 1)
    """
    axes = draw_courses(ds, "xi2", ax, style)
    # What others have drawn counts too, but for lines across the axes, which have two points.
    heights = [line.get_ydata() for line in axes.get_lines() if np.size(line.get_xdata()) > 2]
    every = np.concatenate([np.asarray(h, dtype=float) for h in [*(c[2] for c in courses_of(ds, "xi2")), *heights]])
    every = every[np.isfinite(every) & (every > 0)]
    if every.size:
        low, high = float(every.min()) / 1.2, 1.2 * min(max(float(every.max()), 1.1), max(10.0, 3 * float(every.min())))
        if axes.get_gid() == "squeezing":
            axes.set_ylim(low, high)
        else:
            squeezing_axis(axes, low, high)
            axes.set_gid("squeezing")  # so that a second data set on these axes gives no second axis of dB
    return axes


def n_eff(ds: xr.Dataset, ax: Axes | None = None, **style: Any) -> Axes:
    """Draw the effective atom number over time, with a dashed line at N_c where the data set knows its model.

    Parameters, returns and errors are those of `squeezebench.plot.squeezing`.

    Examples
    --------
    >>> import squeezebench as sb
    >>> model = sb.SpinModel.driven_cavity(N=20, upsilon_ratio=0.9, gamma_s=1.0)
    >>> axes = sb.plot.n_eff(sb.solve(sb.Problem(model, times=[0, 0.1, 0.2]), "mean_field"))
    >>> round(float(axes.get_lines()[-1].get_ydata()[0]))
    18
    """
    axes = draw_courses(ds, "n_eff", ax, style)
    critical = critical_of(ds)
    if math.isfinite(critical):
        axes.axhline(critical, color=GREY, lw=0.8, ls="--", zorder=0)
    return axes


def spin(ds: xr.Dataset, ax: Axes | None = None, **style: Any) -> Axes:
    """Draw the mean spin ⟨J⟩/(N/2) over time, a line a component.

    Parameters, returns and errors are those of `squeezebench.plot.squeezing`; of several solvers each has a line style,
    each component a colour.

    Examples
    --------
    >>> import squeezebench as sb
    >>> model = sb.SpinModel.driven_cavity(N=20, upsilon_ratio=0.9, gamma_s=1.0)
    >>> axes = sb.plot.spin(sb.solve(sb.Problem(model, times=[0, 0.1, 0.2]), "mean_field"))
    >>> [round(float(line.get_ydata()[0]), 6) + 0.0 for line in axes.get_lines()]
    [-1.0, 0.0, 0.0]
    """
    courses, axes = courses_of(ds, "spin"), axes_of(ax)
    N = spins(ds)
    several = len(courses) > 1
    for k, (label, times, values, _) in enumerate(courses):
        for component, letter in enumerate("xyz"):
            name = f"$2\\langle J_{letter}\\rangle/N$"
            look = {"color": COLOURS[component], "ls": LINES[k % len(LINES)]}
            look["label"] = f"{name} {plain(label)}" if several else name
            axes.plot(times, values[:, component] / (N / 2), **{**look, **style})
    axes.set(xlabel=time_label(ds), ylabel=r"$2\langle\mathbf{J}\rangle/N$")
    axes.legend()
    return axes


def trajectories(ds: xr.Dataset, quantity: str = "xi2", number: int = 20, ax: Axes | None = None, **style: Any) -> Axes:
    """Draw single trajectories of a sampled solver, and the ensemble's value over them in black.

    Parameters
    ----------
    ds : xarray.Dataset
        From `squeezebench.solve` with ``keep={"trajectories"}``.
    quantity : str
        ``"xi2"`` or ``"n_eff"``.
    number : int
        How many at most, the first ones.
    ax, **style
        As of `squeezing`.

    Returns
    -------
    matplotlib Axes
        What was drawn on.

    Raises
    ------
    InvalidOptionError
        If no trajectories were kept.

    Examples
    --------
    >>> import squeezebench as sb
    >>> model = sb.SpinModel.driven_cavity(N=6, upsilon_ratio=0.9, gamma_s=1.0)
    >>> problem = sb.Problem(model, times=[0, 0.1, 0.2])
    >>> ds = sb.solve(problem, "mcwf", n_trajectories=64, seed=1, keep={"trajectories"})
    >>> len(sb.plot.trajectories(ds, "n_eff", number=5).get_lines())
    6
    """
    positive_int(number, "number")
    if quantity not in ("xi2", "n_eff"):
        raise InvalidOptionError(f"quantity = {shown(quantity)}: trajectories have xi2 and n_eff")
    point = one_point(ds)
    if f"{quantity}_trajectory" not in point:
        raise InvalidOptionError(
            "the data set has no trajectories: solve with a sampled solver and keep={'trajectories'}"
        )
    if "solver" in point.dims:
        there = [s for s in point.solver.values if np.isfinite(point[f"{quantity}_trajectory"].sel(solver=s)).any()]
        if not there:
            raise InvalidOptionError("no solver of the data set has trajectories")
        point = point.sel(solver=there[0])
    axes = axes_of(ax)
    single = point[f"{quantity}_trajectory"].transpose("trajectory", ...).values[:number]
    look = {"color": COLOURS[0], "lw": 0.6, "alpha": 0.5}
    axes.plot(point["time"].values, single.T, **{**look, **style})
    axes.plot(point["time"].values, point[quantity].values, color="black", lw=1.5, label="ensemble")
    axes.set(xlabel=time_label(point), ylabel=label_of(quantity))
    if quantity == "xi2":
        axes.set_yscale("log")
    axes.legend()
    return axes


def deviations(
    results: xr.Dataset, reference: str | xr.Dataset | None = None, ax: Axes | None = None, **style: Any
) -> Axes:
    """Draw |ξ²/ξ²_ref − 1| over time on a logarithmic axis.

    Parameters
    ----------
    results : xarray.Dataset
        One point of `run` or `load`, or a data set of `solve`.
    reference : str or xarray.Dataset, optional
        Label of a solver in `results`, or a data set of `solve` at the same times; by default the strongest claim in
        `results`, as in the table of verdicts.
    ax, **style
        As of `squeezing`.

    Returns
    -------
    matplotlib Axes
        What was drawn on.

    Raises
    ------
    InvalidOptionError
        If there is no such reference, or none that claims to be exact, or the times differ.

    Examples
    --------
    >>> import squeezebench as sb
    >>> model = sb.SpinModel.driven_cavity(N=6, upsilon_ratio=0.9, gamma_s=1.0)
    >>> problem = sb.Problem(model, times=[0, 0.1, 0.2])
    >>> axes = sb.plot.deviations(sb.solve(problem, "mean_field"), sb.solve(problem, "permutational"))
    >>> axes.get_title(), axes.get_yscale()
    ('against permutational', 'log')
    """
    courses = courses_of(results, "xi2")
    name, true = reference_of(results, courses, reference)
    axes, lines = axes_of(ax), 0
    for k, (label, times, values, _) in enumerate(courses):
        if label == name:
            continue
        if len(values) != len(true):
            raise InvalidOptionError(
                f"{label!r} has {len(values)} times and the reference {len(true)}: give equal times"
            )
        with np.errstate(invalid="ignore", divide="ignore"):
            apart = np.abs(values / true - 1)
        look = {"color": COLOURS[k % len(COLOURS)], "ls": LINES[k % len(LINES)], "label": plain(label)}
        axes.plot(times, np.where(apart > 0, apart, np.nan), **{**look, **style})
        lines += 1
    if not lines:
        raise InvalidOptionError(f"there is nothing but the reference {name!r}: give a second solver")
    axes.set(xlabel=time_label(results), ylabel=r"$|\xi^2/\xi^2_{\mathrm{ref}} - 1|$", yscale="log")
    axes.set_title(f"against {plain(name)}")
    axes.legend()
    return axes
