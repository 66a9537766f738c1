"""What depends on the point or on the cost: validity, reductions, work against precision, scaling."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .markup import Cell, Panel, table
from .material import Material, number, plain, seconds, timing_words
from .plots import DASHES, LIGHT, empty_figure, hover, plain_label

__all__ = ["reductions_panel", "scaling_panel", "validity_panel", "work_precision_panel"]

#: Rows of the table of validity; the CSV has all.
MAX_ROWS = 200
#: Maps of reductions that are drawn.
MAX_MAPS = 6


def validity_panel(material: Material) -> Panel:
    """How long each solver can be trusted, at every point."""
    labels, points = material.labels, material.points
    rows: list[list[Cell | str]] = []
    csv: list[Any] = [["point", "solver", "status", "reference", "good_until", "valid_until", "last_time"]]
    for p, point in enumerate(points):
        cells: list[Cell | str] = [point or "the only point"]
        end = _end(material, p)
        for j in material.at(p):
            csv.append([point, j.solver, j.status, j.reference, j.good_until, j.valid_until, end])
            cells.append(_until(j, end))
        rows.append(cells)
    body = table("Good until", ["point", *labels], rows[:MAX_ROWS])
    tolerance = float(material.manifest.get("tolerance", 0.02))
    lead = (
        f"Up to when ξ² of each solver stays within {tolerance:.3g} of the reference. ● reference, ✓ to the end, ◐ for "
        "a while, ✗ from the start; ○ nothing exact to hold it against; · no value."
    )
    note = f"The first {MAX_ROWS} of {len(points)} points; the CSV has all." if len(points) > MAX_ROWS else ""
    command = material.command("compare", "{}", "--json")
    return Panel("validity", "Validity map", lead, body, csv, command, note=note)


def _end(material: Material, p: int) -> float:
    record = next((r for k in range(len(material.labels)) if (r := material.record(k, p)) is not None), None)
    return float(record.problem.times[-1]) if record is not None else math.nan


def _until(j: Any, end: float) -> Cell:
    if not j.claim or j.verdict == "not_comparable":
        return Cell("·", j.status.replace("_", " ") if j.status != "ok" else "", "empty")
    if j.is_reference:
        return Cell("● reference", "", "good")
    if math.isinf(j.good_until):
        return Cell("✓ the end", "", "good")
    if j.reference == "" or (math.isnan(j.good_until) and j.verdict == "no_reference"):
        return Cell("○", "no reference", "open")
    if math.isnan(j.good_until) or j.good_until <= 0:
        return Cell("✗ 0", "", "bad")
    share = f" ({100 * j.good_until / end:.0f} %)" if end > 0 and math.isfinite(end) else ""
    return Cell(f"◐ {number(j.good_until)}{share}", "", "open")


# -------------------------------------------------------------------- reductions over a sweep


def reductions_panel(material: Material) -> Panel | None:
    """Reductions over the sweep's axes: lines, or maps over the last two axes; None if there are none."""
    ds, axes = material.ds, list(material.axes)
    for dim in ("time", "step"):
        if ds.sizes.get(dim) == 1:  # the steady state: its one value is as good as a reduction
            ds = ds.isel({dim: 0})
    cell_dims = ("solver", *axes)
    known = {"n_spins", "claim_floor", "tier_error", "valid_until", "seconds", "compile_seconds", "peak_memory"}
    known |= {"exit_code", "sampled"}
    names = [
        str(n)
        for n, v in ds.data_vars.items()
        if v.dims == cell_dims and v.dtype.kind == "f" and str(n) not in known and np.isfinite(v.values).any()
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
    values = ds[main]
    fixed = dict.fromkeys(axes[:-2], 0)
    figure = _lines(material, values, axes[0]) if len(axes) == 1 else _maps(material, values.isel(fixed), axes[-2:])
    held = ", ".join(f"{axis} = {plain(material.axes[axis][0])}" for axis in fixed)
    shown = str(values.attrs.get("long_name", main))
    where_held = f" at {held}" if held else ""
    lead = f"{shown[:1].upper()}{shown[1:]} over the sweep{where_held}; the CSV has every reduction kept."
    command = material.command("store export", "{}", "-o sweep.csv")
    return Panel("sweep", "Over the sweep", lead, "", csv, command, figure)


def _is_log(values: list[Any]) -> bool:
    if len(values) < 3 or not all(isinstance(v, int | float) and v > 0 for v in values):
        return False
    array = np.array(values, dtype=float)
    ratios, steps = np.diff(np.log(array)), np.diff(array)
    return bool(np.ptp(ratios) < np.ptp(steps) / np.abs(steps).max() and array.max() / array.min() > 5)


def _places(values: list[Any]) -> list[float]:
    """Where coordinates stand on an axis: numbers at themselves, words side by side."""
    return [float(v) if isinstance(v, int | float) else float(k) for k, v in enumerate(values)]


def _lines(material: Material, values: Any, axis: str) -> Any:
    from bokeh.models import ColumnDataSource

    coords = material.axes[axis]
    scale = "log" if _is_log(coords) else "linear"
    name = str(values.attrs.get("long_name", values.name))
    positive = np.isfinite(values.values) & (values.values > 0)
    y_type = "log" if positive.any() and (values.values[np.isfinite(values.values)] > 0).all() else "linear"
    plot = empty_figure(axis, name, x_type=scale, y_type=y_type)
    if scale == "linear":
        from bokeh.models import DataRange1d

        plot.x_range = DataRange1d()
    lines = []
    for k, label in enumerate(material.labels):
        source = ColumnDataSource(
            {"x": _places(coords), "y": values.isel(solver=k).values, "who": [label] * len(coords)}
        )
        look = {"line_color": LIGHT[k % len(LIGHT)], "line_dash": DASHES[k % len(DASHES)], "line_width": 2}
        plot.line("x", "y", source=source, name=f"solver {k}", **look)
        dots = {"line_color": LIGHT[k % len(LIGHT)], "fill_color": LIGHT[k % len(LIGHT)], "size": 6}
        lines.append(plot.scatter("x", "y", source=source, name=f"solver {k}", **dots))
    hover(plot, lines, [("solver", "@who"), ("x", "@x{0.0000}"), ("y", "@y{0.00000}")])
    if any(not isinstance(v, int | float) for v in coords):
        plot.xaxis.ticker = list(range(len(coords)))
        plot.xaxis.major_label_overrides = {k: plain_label(str(v)) for k, v in enumerate(coords)}
    return plot


def _maps(material: Material, values: Any, axes: list[str]) -> Any:
    from bokeh.layouts import gridplot
    from bokeh.models import ColorBar, ColumnDataSource, LinearColorMapper, Range1d
    from bokeh.palettes import cividis

    down, along = (material.axes[axis] for axis in axes)
    array = values.values
    in_db = str(values.name).endswith("xi2")
    with np.errstate(invalid="ignore", divide="ignore"):
        array = 10 * np.log10(array) if in_db else array
    finite = array[np.isfinite(array)]
    mapper = LinearColorMapper(
        palette=list(cividis(256)),
        low=float(finite.min()) if finite.size else 0,
        high=float(finite.max()) if finite.size else 1,
        nan_color="#9a9a9a",
    )
    plots = []
    there = [k for k in range(len(material.labels)) if np.isfinite(array[k]).any()][:MAX_MAPS]
    for k in there:
        plot = empty_figure(axes[1], axes[0], height=330, x_range=Range1d(-0.5, len(along) - 0.5))
        plot.y_range = Range1d(-0.5, len(down) - 0.5)
        plot.title.text_font_style = "bold"
        plot.title.text = material.labels[k].replace("$$", "$ $")  # $$ would be taken for TeX
        x, y = np.meshgrid(np.arange(len(along)), np.arange(len(down)))
        data = {"x": x.ravel(), "y": y.ravel(), "value": array[k].ravel()}
        data |= {"a": [plain(v) for _ in down for v in along], "b": [plain(v) for v in down for _ in along]}
        source = ColumnDataSource(data)
        rect = plot.rect(
            "x", "y", 1, 1, source=source, fill_color={"field": "value", "transform": mapper}, line_color=None
        )
        for axis, coords in ((plot.xaxis, along), (plot.yaxis, down)):
            step = max(1, math.ceil(len(coords) / 8))
            axis.ticker = list(range(0, len(coords), step))
            axis.major_label_overrides = {i: plain_label(plain(coords[i])) for i in range(0, len(coords), step)}
        unit = " dB" if in_db else ""
        # The axes' own names are text of a file, and a tooltip's label is markup: what they are is said outside.
        hover(plot, [rect], [("across", "@a"), ("up", "@b"), ("value", "@value{0.000}" + unit)])
        plot.add_layout(ColorBar(color_mapper=mapper, title="dB" if in_db else None, width=10), "right")
        plots.append(plot)
    return gridplot(plots, ncols=2, sizing_mode="stretch_width", toolbar_location="right")


# -------------------------------------------------------------------- cost


def _timed(material: Material) -> list[tuple[int, int, Any, Any]]:
    """(solver, point, judgement, timing) of every cell with a value and a time."""
    found = []
    for p in range(len(material.points)):
        for k, j in enumerate(material.at(p)):
            record = material.record(k, p)
            if record is not None and j.claim and j.status not in ("unsupported",) and j.seconds > 0:
                found.append((k, p, j, record.timing))
    return found


def _scatter(material: Material, plot: Any, cells: list[dict[str, Any]]) -> None:
    """One marker a cell: full if its time was measured, hollow if noted in passing."""
    from bokeh.models import ColumnDataSource

    dots = []
    for k in range(len(material.labels)):
        mine = [cell for cell in cells if cell["k"] == k]
        for full in (True, False):
            part = [cell for cell in mine if (cell["grade"] == "exclusive") == full]
            if not part:
                continue
            data = {name: [cell[name] for cell in part] for name in ("x", "y", "who", "point", "how")}
            look = {"size": 9, "line_color": LIGHT[k % len(LIGHT)], "line_width": 2}
            look |= {"fill_color": LIGHT[k % len(LIGHT)]} if full else {"fill_alpha": 0.0}
            dots.append(plot.scatter("x", "y", source=ColumnDataSource(data), name=f"solver {k}", **look))
    rows = [("solver", "@who"), ("point", "@point"), ("x", "@x{0.00e+0}"), ("y", "@y{0.00e+0}"), ("how timed", "@how")]
    hover(plot, dots, rows)


def work_precision_panel(material: Material) -> Panel | None:
    """Error against cost, a marker a cell; None where nothing has both."""
    cells: list[dict[str, Any]] = []
    csv: list[Any] = [["point", "solver", "seconds", "relative_deviation", "reference", "how_timed"]]
    rows: list[list[Cell | str]] = []
    for k, p, j, timing in _timed(material):
        error = float(j.deviations.get("xi2", {}).get("relative_deviation", math.nan))
        if j.is_reference or not error >= 0 or not j.reference:
            continue
        how, point = timing_words(timing), material.points[p]
        csv.append([point, j.solver, j.seconds, error, j.reference, how])
        drawn = {"k": k, "x": j.seconds, "y": max(error, 1e-16), "who": j.solver, "point": point or "the only one"}
        cells.append({**drawn, "how": how, "grade": j.timing_grade})
        rows.append([j.solver, point, Cell(("" if j.timing_grade == "exclusive" else "~") + seconds(j.seconds), how)])
        rows[-1].append(number(error, 2))
    if not cells:
        return None
    plot = empty_figure("seconds", "worst |Δξ²|/ξ²", x_type="log", y_type="log")
    _scatter(material, plot, cells)
    lead = (
        "Worst relative deviation of ξ² from the reference against the time that the solution took: best is below "
        "left. Full markers were measured alone, hollow ones noted in passing; --timing 5 measures."
    )
    details = table("Error and time", ["solver", "point", "time, and how it was measured", "|Δξ²|/ξ²"], rows[:MAX_ROWS])
    body = f"<details><summary>Table</summary>{details}</details>"
    command = f"{material.run_command} --timing 5"
    return Panel("work", "Work and precision", lead, body, csv, command, plot)


def scaling_panel(material: Material) -> Panel | None:
    """Time against the number of spins; None unless a run has several N."""
    cells = []
    csv: list[Any] = [["solver", "N", "point", "seconds", "how_timed"]]
    by: dict[int, dict[float, list[float]]] = {}
    for k, p, j, timing in _timed(material):
        record = material.record(k, p)
        assert record is not None
        N, how = float(record.problem.N), timing_words(timing)
        by.setdefault(k, {}).setdefault(N, []).append(j.seconds)
        csv.append([j.solver, N, material.points[p], j.seconds, how])
        drawn = {"k": k, "x": N, "y": j.seconds, "who": j.solver, "point": material.points[p], "how": how}
        cells.append({**drawn, "grade": j.timing_grade})
    if len({cell["x"] for cell in cells}) < 2:
        return None
    plot = empty_figure("N", "seconds", x_type="log", y_type="log")
    _scatter(material, plot, cells)
    rows: list[list[Cell | str]] = []
    for k, times in by.items():
        sizes = sorted(times)
        medians = [float(np.median(times[N])) for N in sizes]
        slope = math.nan
        mine = [cell for cell in cells if cell["k"] == k]
        grades = {cell["grade"] for cell in mine}
        if len(sizes) > 1 and "batch" not in grades:  # a batch has one time for all its points
            slope = math.log(medians[-1] / medians[-2]) / math.log(sizes[-1] / sizes[-2])
        how = mine[-1]["how"] if grades == {mine[-1]["grade"]} else "some measured alone, some noted in passing"
        mark = "" if grades == {"exclusive"} else "~"
        last = Cell(mark + seconds(medians[-1]), how)
        rows.append([material.labels[k], plain(sizes[-1]), last, number(slope, 2)])
    body = table(
        "Growth", ["solver", "largest N", "time there, and how it was measured", "exponent of the last step"], rows
    )
    lead = "Time of a solution against the number of spins. The exponent is that between the two largest N, no more."
    return Panel("scaling", "Scaling with N", lead, body, csv, f"{material.run_command} --timing 5", plot)
