"""Pictures over a sweep: a line a solver over one axis, a map a solver over the last two."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .material import Material, plain
from .plots import DASHES, LIGHT, empty_figure, hover, plain_label

__all__ = ["drawn_axes", "held_words", "lines", "maps"]

#: Maps that are drawn; the CSV has the numbers of all solvers.
MAX_MAPS = 6

#: Marker of a verdict on a map, and its size; the colours are white in black, which shows on all of cividis.
_MARKS = {"beyond": ("x", 9), "unresolved": ("circle_cross", 9)}


def drawn_axes(material: Material) -> list[str]:
    """The last two axes with more than one value, in order; fewer if there are fewer."""
    return [axis for axis, values in material.axes.items() if len(values) > 1][-2:]


def held_words(material: Material) -> str:
    """``" at N = 6"``: the values at which a picture holds the axes that it does not draw."""
    drawn = drawn_axes(material)
    held = [f"{axis} = {plain(v[0])}" for axis, v in material.axes.items() if axis not in drawn]
    return f" at {', '.join(held)}" if held else ""


def _is_log(values: Sequence[Any]) -> bool:
    if len(values) < 3 or not all(isinstance(v, int | float) and v > 0 for v in values):
        return False
    array = np.array(values, dtype=float)
    ratios, steps = np.diff(np.log(array)), np.diff(array)
    return bool(np.ptp(ratios) < np.ptp(steps) / np.abs(steps).max() and array.max() / array.min() > 5)


def _places(values: Sequence[Any]) -> list[float]:
    """Where coordinates stand on an axis: numbers at themselves, words side by side."""
    return [float(v) if isinstance(v, int | float) else float(k) for k, v in enumerate(values)]


def _values(material: Material, values: Any) -> np.ndarray[Any, Any]:
    """Numbers of (solver, drawn axes), the others held at their first value."""
    drawn = drawn_axes(material)
    held = {axis: 0 for axis in material.axes if axis not in drawn}
    return np.asarray(values.isel(held).transpose("solver", *drawn).values)


def lines(material: Material, values: Any, name: str, *, level: float | None = None) -> Any:
    """Values over the one axis that is drawn; a dashed line at `level`."""
    from bokeh.models import ColumnDataSource, DataRange1d, Range1d, Span

    axis = drawn_axes(material)[0]
    coords, array = material.axes[axis], _values(material, values).astype(float)
    finite = array[np.isfinite(array)]
    scale = "log" if _is_log(coords) else "linear"
    y_type = "log" if finite.size and (finite > 0).all() else "linear"
    plot = empty_figure(axis, name, x_type=scale, y_type=y_type)
    if scale == "linear":
        plot.x_range = DataRange1d()
    if finite.size and np.ptp(finite) < 1e-6 * np.abs(finite).max():  # all the same, but for rounding errors
        middle = float(finite.mean())
        plot.y_range = Range1d(0.99 * middle, 1.01 * middle) if middle > 0 else Range1d(middle - 1, middle + 1)
    dots = []
    for k, label in enumerate(material.labels):
        y = np.where(np.isfinite(array[k]), array[k], np.nan)
        data = {"x": _places(coords), "y": y, "at": [plain(v) for v in coords], "who": [label] * len(coords)}
        source = ColumnDataSource(data)
        colour = LIGHT[k % len(LIGHT)]
        look = {"line_color": colour, "line_dash": DASHES[k % len(DASHES)], "line_width": 2}
        plot.line("x", "y", source=source, name=f"solver {k}", **look)
        fill = {"line_color": colour, "fill_color": colour, "size": 6}
        dots.append(plot.scatter("x", "y", source=source, name=f"solver {k}", **fill))
    if level is not None:
        plot.add_layout(Span(location=level, dimension="width", line_color="#7F7F7F", line_dash="dashed"))
    # The axis' own name is text of a file, and a tooltip's label is markup: what it is stands under the axis.
    hover(plot, dots, [("solver", "@who"), ("at", "@at"), ("value", "@y{0.0000e+0}")])
    if any(not isinstance(v, int | float) for v in coords):
        plot.xaxis.ticker = list(range(len(coords)))
        plot.xaxis.major_label_overrides = {k: plain_label(_short(str(v))) for k, v in enumerate(coords)}
        plot.xaxis.major_label_orientation = 0.6 if sum(len(_short(str(v))) for v in coords) > 40 else "horizontal"
    return plot


def _tick(value: Any) -> str:
    """A coordinate at a tick; the tooltip has all of its digits."""
    return f"{value:.3g}" if isinstance(value, float) else _short(str(value), 14)


def _short(words: str, most: int = 24) -> str:
    return words if len(words) <= most else words[: most - 1] + "…"


def maps(
    material: Material,
    values: Any,
    *,
    unit: str = "",
    bounds: tuple[float, float] | None = None,
    verdicts: Any = None,
    labels: Mapping[float, str] | None = None,
) -> Any:
    """A map a solver over the two drawn axes, those without a value left out.

    Parameters
    ----------
    values : xarray.DataArray
        Of (solver, <axes>), as they are coloured.
    unit : str
        What stands beside the colours.
    bounds : pair of float, optional
        Ends of the colours.
    verdicts : xarray.DataArray, optional
        Of the same dims: words, of which `_MARKS` marks some and the tooltip shows all.
    labels : mapping, optional
        Text of the colour bar's ticks, where the numbers are not what a reader expects.
    """
    from bokeh.layouts import gridplot
    from bokeh.models import ColorBar, ColumnDataSource, FixedTicker, LinearColorMapper, LogColorMapper, Range1d
    from bokeh.palettes import cividis

    names = drawn_axes(material)
    down, along = (material.axes[axis] for axis in names)
    array = _values(material, values).astype(float)
    finite = array[np.isfinite(array)]
    low, high = bounds or (float(finite.min()) if finite.size else 0.0, float(finite.max()) if finite.size else 1.0)
    # Numbers of several decades, such as emission rates over N, would all but the largest have one colour.
    wide = bool(finite.size and finite.min() > 0 and finite.max() > 30 * finite.min())
    mapper_type = LogColorMapper if wide else LinearColorMapper
    mapper = mapper_type(palette=list(cividis(256)), low=low, high=high, nan_color="#9a9a9a")
    words = None if verdicts is None else _values(material, verdicts).astype(str)
    plots = []
    for k in [k for k in range(len(material.labels)) if (~np.isnan(array[k])).any()][:MAX_MAPS]:
        plot = empty_figure(names[1], names[0], height=330, x_range=Range1d(-0.5, len(along) - 0.5))
        plot.y_range = Range1d(-0.5, len(down) - 0.5)
        plot.title.text_font_style = "bold"
        plot.title.text = material.labels[k].replace("$$", "$ $")  # $$ would be taken for TeX
        x, y = np.meshgrid(np.arange(len(along)), np.arange(len(down)))
        data = {"x": x.ravel(), "y": y.ravel(), "value": np.clip(array[k], low, high).ravel()}
        shown = 10 ** array[k] if labels else array[k]
        data |= {"text": [f"{v:.3g}{'' if labels else f' {unit}'}".replace("nan", "–") for v in shown.ravel()]}
        data |= {"a": [plain(v) for _ in down for v in along], "b": [plain(v) for v in down for _ in along]}
        rows = [("across", "@a"), ("up", "@b"), ("value", "@text")]
        if words is not None:
            data["verdict"] = [word.replace("_", " ") for word in words[k].ravel()]
            rows.append(("verdict", "@verdict"))
        look = {"fill_color": {"field": "value", "transform": mapper}, "line_color": None}
        rect = plot.rect("x", "y", 1, 1, source=ColumnDataSource(data), **look)
        for verdict, (marker, size) in _MARKS.items() if words is not None else ():
            assert words is not None
            where = words[k].ravel() == verdict
            at = {"x": x.ravel()[where], "y": y.ravel()[where]}
            for colour, width in (("#000000", 5), ("#ffffff", 2)):
                mark = {"marker": marker, "size": size, "line_color": colour, "line_width": width, "fill_alpha": 0.0}
                plot.scatter("x", "y", source=ColumnDataSource(at), **mark)
        for axis, coords in ((plot.xaxis, along), (plot.yaxis, down)):
            step = max(1, math.ceil(len(coords) / 8))
            axis.ticker = list(range(0, len(coords), step))
            axis.major_label_overrides = {i: plain_label(_tick(coords[i])) for i in range(0, len(coords), step)}
        hover(plot, [rect], rows)
        bar = ColorBar(color_mapper=mapper, title=unit or None, width=10)
        if labels:
            bar.ticker = FixedTicker(ticks=list(labels))
            bar.major_label_overrides = {tick: plain_label(label) for tick, label in labels.items()}
        plot.add_layout(bar, "right")
        plots.append(plot)
    return gridplot(plots, ncols=min(2, len(plots)), sizing_mode="stretch_width", toolbar_location="right")
