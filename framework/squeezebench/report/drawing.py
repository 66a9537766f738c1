"""From a figure's name, or any data set, to a picture file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from squeezebench.errors import InvalidOptionError, InvalidScenarioError, StoreError
from squeezebench.validate import positive_number, real_path, shown, shown_path

from .figure import FigureSpec, figure_names, figure_spec
from .style import COLUMN, matplotlib_style

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from squeezebench.harness.observer import RunObserver

__all__ = ["SUFFIXES", "check_figure_file", "data_of", "draw", "is_store", "save", "spec_of"]

SUFFIXES = (".pdf", ".png", ".svg")


def spec_of(name: str | os.PathLike[str]) -> FigureSpec:
    """The figure of a name; that of any scenario, by name or path, if no figure is called so."""
    from .generic import draw_any

    if isinstance(name, str) and name in figure_names():
        return figure_spec(name)
    from squeezebench.host import get_host
    from squeezebench.scenario import load_scenario

    try:
        scenario = load_scenario(name, get_host().scenarios.values())
    except InvalidScenarioError as error:
        if isinstance(name, str) and str(error).startswith("there is no scenario"):
            figure_spec(name)  # raises, and names figures as well
        raise
    return FigureSpec(scenario.title, draw_any, (str(name),), (2 * COLUMN, 0.0))


def data_of(
    spec: FigureSpec,
    *,
    results: str | os.PathLike[str] | None = None,
    store: str | os.PathLike[str] | None = None,
    fresh: bool = False,
    workers: int = 1,
    n_threads: int | None = None,
    observer: RunObserver | None = None,
) -> dict[str, xr.Dataset]:
    """Data sets of a figure by scenario, computed or taken from a store.

    Parameters
    ----------
    spec : FigureSpec
        The figure.
    results : path, optional
        Store that holds the runs; nothing is computed then. By default the scenarios are run.
    store, fresh, workers, n_threads, observer
        As for `squeezebench.run`; used where the scenarios are run.

    Raises
    ------
    StoreError
        If `results` lacks a run, naming the command that adds it.
    """
    from squeezebench.harness.collect import load
    from squeezebench.harness.runner import run
    from squeezebench.host import get_host
    from squeezebench.scenario import load_scenario

    data = {}
    for name in spec.scenarios:
        scenario = load_scenario(name, get_host().scenarios.values())
        if results is not None:
            try:
                data[name] = load(results, scenario.name)
            except StoreError as error:
                where = shown_path(real_path(results, "results", "a folder"))
                hint = f"; 'squeezebench run {name} -o {where}' adds it" if "has no run" in str(error) else ""
                raise StoreError(f"{error}{hint}") from error
            continue
        keep = sorted({*(scenario.keep or ()), *spec.keep}) if spec.keep else None
        data[name] = run(
            scenario,
            store=store,
            fresh=fresh,
            workers=workers,
            n_threads=n_threads,
            keep=keep,
            observer=observer,
        )
    return data


def is_store(what: Any) -> bool:
    """Whether this is a folder that a run wrote to, rather than the name of anything."""
    try:
        return (Path(what) / "store.json").is_file()
    except (OSError, TypeError, ValueError):
        return False


def draw(what: Any, data: Mapping[str, xr.Dataset] | xr.Dataset | None = None, **arguments: Any) -> Figure:
    """Draw a figure.

    Parameters
    ----------
    what : str, path or xarray.Dataset
        Name of a figure; name or path of a scenario; folder of results, of which the latest run is drawn; or a data set
        of `squeezebench.solve`, `run` or `load`.
    data : mapping or xarray.Dataset, optional
        Data sets by scenario, or that of the figure's own scenario; by default the scenarios are run.
    **arguments
        ``results``, ``store``, ``fresh``, ``workers``, ``n_threads`` and ``observer``: where the data come from.

    Returns
    -------
    matplotlib.figure.Figure
        To be saved with `save`, or shown.

    Raises
    ------
    InvalidOptionError
        If there is no such figure, its data are not there, or matplotlib is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> import squeezebench as sb
    >>> from squeezebench.report import draw
    >>> model = sb.SpinModel.driven_cavity(N=4, upsilon_ratio=0.9, gamma_s=1.0)
    >>> ds = sb.solve(sb.Problem(model, times=np.linspace(0, 0.5, 11)), "mean_field")
    >>> draw(ds).axes[1].get_xlabel()
    'time'
    """
    from .generic import draw_any

    with matplotlib_style():
        from matplotlib.figure import Figure

        if hasattr(what, "data_vars"):
            spec = FigureSpec("data set", draw_any, ("",), (2 * COLUMN, 0.0))
            data = {"": what}
        elif data is None and is_store(what):
            from squeezebench.harness.collect import load

            spec = FigureSpec("run", draw_any, ("",), (2 * COLUMN, 0.0))
            data = {"": load(what, arguments.get("run"))}
        else:
            spec = spec_of(what)
        given: Any = data_of(spec, **arguments) if data is None else data
        if hasattr(given, "data_vars"):
            given = {spec.scenarios[0]: given}
        if not isinstance(given, Mapping) or not all(hasattr(ds, "data_vars") for ds in given.values()):
            raise InvalidOptionError(f"data = {shown(given)}: give data sets by the names of scenarios")
        lacking = [name for name in spec.scenarios if name not in given]
        if lacking:
            raise InvalidOptionError(f"the figure needs a data set of the scenario {lacking[0]!r} too")
        width, height = spec.size
        canvas = Figure(figsize=(width, height or 0.75 * width))
        spec.draw(canvas, given)
    return canvas


def check_figure_file(path: Any) -> Path:
    """`path`, if a figure can be written there.

    Raises
    ------
    InvalidOptionError
        If the ending is unknown or the folder is not there.
    """
    target = real_path(path, "path", "a file")
    if target.suffix.lower() not in SUFFIXES:
        raise InvalidOptionError(
            f"{shown_path(target)}: unknown ending {target.suffix!r} of a figure; give one of {', '.join(SUFFIXES)}"
        )
    try:
        if not target.parent.is_dir():
            folder = shown_path(target.parent)
            raise InvalidOptionError(f"{shown_path(target)}: there is no folder {folder}; make it first")
        if target.is_dir():
            raise InvalidOptionError(f"{shown_path(target)} is a folder: give a file")
    except OSError as error:
        raise InvalidOptionError(f"{shown_path(target)}: {error.strerror or error}; give another name") from error
    return target


def save(figure: Figure, path: Any, dpi: float = 300.0) -> Path:
    """Write a figure to a file, the same bytes for the same figure.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        From `draw`.
    path : path
        ``.pdf``, ``.svg`` or ``.png``.
    dpi : float
        Dots an inch of a ``.png``, and of the pixels of maps.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InvalidOptionError
        If the ending is unknown.
    StoreError
        If it cannot be written.
    """
    from squeezebench.harness.files import write_atomically

    target = check_figure_file(path)
    dots = positive_number(dpi, "dpi", "dots an inch")
    kind = target.suffix.lower()[1:]
    dates = {"pdf": {"CreationDate": None}, "svg": {"Date": None}, "png": {}}[kind]
    with matplotlib_style():
        write_atomically(target, lambda temporary: figure.savefig(temporary, format=kind, dpi=dots, metadata=dates))
    return target
