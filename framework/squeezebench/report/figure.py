"""What a figure is, and the registry that finds figures by the names of their files."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from squeezebench.errors import InvalidOptionError
from squeezebench.validate import nearest, shown

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["FigureSpec", "figure_names", "figure_spec"]


@dataclass(frozen=True)
class FigureSpec:
    """A figure: which data it shows, and the function that draws them.

    Attributes
    ----------
    title : str
        What it shows, in a line.
    draw : callable
        ``draw(canvas, data)`` draws on a `matplotlib.figure.Figure` what the data sets hold: `data` is scenario name →
        `xarray.Dataset` as `squeezebench.run` gives it. It computes nothing that takes time.
    scenarios : tuple of str
        Scenarios whose data sets it needs; the first one is the figure's own.
    size : (float, float)
        Width and height in inches.
    keep : tuple of str
        What runs have to keep beyond what the scenarios say, of "series", "trajectories", "states".
    """

    title: str
    draw: Callable[[Any, Mapping[str, xr.Dataset]], None]
    scenarios: tuple[str, ...]
    size: tuple[float, float]
    keep: tuple[str, ...] = ()


@cache
def figure_names() -> tuple[str, ...]:
    """Names of the figures that have a drawing of their own, sorted."""
    from importlib import resources

    folder = resources.files("squeezebench.report") / "figures"
    names = [entry.name.removesuffix(".py") for entry in folder.iterdir() if entry.name.endswith(".py")]
    return tuple(sorted(name for name in names if not name.startswith("_")))


def figure_spec(name: str) -> FigureSpec:
    """The figure of the given name.

    Raises
    ------
    InvalidOptionError
        Naming the nearest figure or scenario, if there is none.
    """
    if not isinstance(name, str) or name not in figure_names():
        from squeezebench.scenario import builtin_names

        hint = nearest(str(name), {*figure_names(), *builtin_names()})
        raise InvalidOptionError(f"there is no figure or scenario {shown(name)}{hint}")
    spec = importlib.import_module(f"squeezebench.report.figures.{name}").FIGURE
    assert isinstance(spec, FigureSpec)
    return spec
