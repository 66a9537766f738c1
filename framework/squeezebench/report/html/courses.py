"""ξ² and N_eff over time, and how far each solver is from the reference."""

from __future__ import annotations

import base64
import math
from typing import Any

import numpy as np

from .markup import Panel, points_div, table, text
from .material import Material, number
from .plots import DASHES, LIGHT, db_axis, empty_figure, hover
from .verdict import MAX_POINTS

__all__ = ["course_panels"]

#: Numbers that are drawn at most, of four bytes each; courses with more are thinned evenly.
MAX_DRAWN = 300_000
#: Rows of the CSV of courses at most: `store export` writes all.
MAX_ROWS = 30_000

Array = np.ndarray[Any, np.dtype[np.float64]]


def course_panels(material: Material) -> tuple[list[Panel], dict[str, Any]]:
    """Panels, and the numbers that the page puts into their figures for the chosen point."""
    if not material.has_courses:
        return [], {}
    points, labels = material.points[:MAX_POINTS], material.labels
    courses = [[_course(material, p, k) for k in range(len(labels))] for p in range(len(points))]
    for p, row in enumerate(courses):
        _deviations(material, p, row)
    stride = _stride(courses)
    data = {
        "solvers": labels,
        "points": [_point(material, p, row, stride) for p, row in enumerate(courses)],
    }
    unit = str(material.ds["time"].attrs.get("units", "1"))
    time = "time" if unit in ("", "1") else f"time ({unit})"
    panels = [_squeezing(material, courses, points, time, stride)]
    if any("dev" in course and np.isfinite(course["dev"]).any() for row in courses for course in row):
        panels.append(_apart(material, courses, points, time))
    return panels, data


# -------------------------------------------------------------------- numbers


def _course(material: Material, p: int, k: int) -> dict[str, Array]:
    """Arrays over time of one cell, without the times after a shorter point's end."""
    cell = material.ds.isel({"solver": k, **material.index(p)})
    if "xi2" not in cell or not np.isfinite(cell["spin"].values).any():
        return {}
    t = np.asarray(cell["time"].values, dtype=float)
    course = {"t": t}
    for short, name in (("xi2", "xi2"), ("n", "n_eff")):
        values = np.asarray(cell[name].values, dtype=float)
        course[short] = values
        for suffix, factor in (("_stderr", 2.0), ("_error", 1.0)):
            error = np.asarray(cell[name + suffix].values, dtype=float) if name + suffix in cell else np.array([])
            if error.shape == values.shape and np.isfinite(error).any():
                low = values - factor * error
                course[f"{short}_lo"] = np.maximum(low, 1e-3 * values) if short == "xi2" else low
                course[f"{short}_hi"] = values + factor * error
                break
    there = np.isfinite(t)
    return {name: values[there] for name, values in course.items()}


def _deviations(material: Material, p: int, row: list[dict[str, Array]]) -> None:
    """Add |ξ²/ξ²_ref − 1| to every course but the reference's own."""
    reference = next((k for k, j in enumerate(material.at(p)) if j.is_reference), None)
    if reference is None or not row[reference]:
        return
    true = row[reference]["xi2"]
    for k, course in enumerate(row):
        if course and k != reference and len(course["xi2"]) == len(true):
            with np.errstate(invalid="ignore", divide="ignore"):
                apart = np.abs(course["xi2"] / true - 1)
            course["dev"] = np.where(apart > 0, apart, np.nan)


def _stride(courses: list[list[dict[str, Array]]]) -> int:
    total = sum(len(values) for row in courses for course in row for values in course.values())
    return max(1, math.ceil(total / MAX_DRAWN))


def _packed(values: Array) -> str:
    return base64.b64encode(np.ascontiguousarray(values, dtype="<f4").tobytes()).decode("ascii")


def _span(values: list[Array], low: float, high: float) -> list[float]:
    """Ends of an axis, with some room; the given ones if there is nothing to show."""
    every = np.concatenate([v[np.isfinite(v)] for v in values]) if values else np.array([])
    return [float(every.min()), float(every.max())] if every.size else [low, high]


def _point(material: Material, p: int, row: list[dict[str, Array]], stride: int) -> dict[str, Any]:
    there = [course for course in row if course]
    times = _span([course["t"] for course in there], 0.0, 1.0)
    low, high = _span([course["xi2"][course["xi2"] > 0] for course in there], 0.5, 1.0)
    n_low, n_high = _span([course["n"] for course in there], 0.0, 1.0)
    dev = _span([course["dev"] for course in there if "dev" in course], 1e-6, 1.0)
    critical = material.critical(p)
    if n_low - 2 * (n_high - n_low) < critical < n_high + 2 * (n_high - n_low):
        n_low, n_high = min(n_low, critical), max(n_high, critical)
    room = max(0.06 * (n_high - n_low), 0.005 * abs(n_high)) or 1.0  # not so near that rounding errors are seen
    stars = [_star(material, p, k) for k in range(len(row))]
    return {
        "t": times,
        # A normal phase of ξ² = 100 must not press the squeezing into a corner; zooming out shows it.
        "xi2": [low / 1.1, 1.15 * min(max(high, 1.1), max(10.0, 3 * low))],
        "n": [n_low - room, n_high + room],
        # Rounding errors at the start must not press the rest into a corner either.
        "dev": [max(dev[0], min(1e-10, 1e-3 * dev[1]), 1e-16) / 2, 2 * dev[1]],
        "critical": critical if math.isfinite(critical) else None,
        "courses": [{name: _packed(values[::stride]) for name, values in course.items()} for course in row],
        "stars": [star if math.isfinite(star) else None for star in stars],
    }


def _star(material: Material, p: int, k: int) -> float:
    for name in ("t_star", "t_star_time"):
        if name in material.ds:
            values = material.ds[name].isel({"solver": k, **material.index(p)})
            return float(values) if values.ndim == 0 else math.nan
    return math.nan


# -------------------------------------------------------------------- panels


def _squeezing(
    material: Material, courses: list[list[dict[str, Array]]], points: list[str], time: str, stride: int
) -> Panel:
    from bokeh.layouts import column
    from bokeh.models import ColumnDataSource, LegendItem, Range1d, Span

    shared = Range1d(0, 1)
    top = empty_figure(time, "ξ²", x_range=shared, y_type="log", height=380)
    bottom = empty_figure(time, "N_eff", x_range=shared, height=260)
    for plot, name in ((top, "xi2"), (bottom, "n")):
        plot.y_range = Range1d(0.1, 10)
        plot.name = f"plot {name}"
        lines = []
        for k in range(len(material.labels)):
            columns: dict[str, list[Any]] = {c: [] for c in ("t", name, f"{name}_lo", f"{name}_hi", "who", "db")}
            source = ColumnDataSource(columns, name=f"course {name} {k}")
            look = {"line_color": LIGHT[k % len(LIGHT)], "line_dash": DASHES[k % len(DASHES)], "line_width": 2}
            band = plot.varea(
                "t", f"{name}_lo", f"{name}_hi", source=source, fill_color=LIGHT[k % len(LIGHT)], fill_alpha=0.18
            )
            line = plot.line("t", name, source=source, **look)
            star = plot.vspan(
                "x",
                source=ColumnDataSource({"x": []}, name=f"star {name} {k}"),
                line_color=LIGHT[k % len(LIGHT)],
                line_dash="dotted",
                line_width=1,
            )
            for renderer in (band, line, star):
                renderer.name = f"solver {k}"
            lines.append((line, band, star))
        shown = [("solver", "@who"), ("t", "@t{0.0000}")]
        values = [("ξ²", "@xi2{0.00000}"), ("ξ² / dB", "@db{0.00}")] if name == "xi2" else [("N_eff", "@n{0.000}")]
        hover(plot, [line for line, _, _ in lines], shown + values, line_policy="nearest")
        if name == "xi2":
            plot.add_layout(Span(location=1.0, dimension="width", line_color="#7F7F7F", line_width=1))
            db_axis(plot)
            items = [
                LegendItem(label={"value": label}, renderers=list(three))
                for k, (label, three) in enumerate(zip(material.labels, lines, strict=True))
                if any(row[k] for row in courses)
            ]
            _legend(plot, items)
        else:
            plot.add_layout(
                Span(name="critical", dimension="width", line_color="#7F7F7F", line_dash="dashed", visible=False)
            )
    stacked = column([top, bottom], sizing_mode="stretch_width")
    lead = (
        "Squeezing parameter and effective atom number. Bands: two standard errors of sampled solvers, the own error "
        "estimate of asymptotic ones. Dashed grey: critical atom number N_c. Dotted, in each solver's colour: t*, when "
        "N_eff falls to N_c. Negative dB is squeezed."
    )
    thinned = f" The picture shows every {stride}th time." if stride > 1 else ""
    summaries = [_least(material, row, p) for p, row in enumerate(courses)]
    rows, note = _rows(material, courses, points)
    export = material.command("store export", "{}", "-o courses.csv")
    return Panel(
        "squeezing", "Squeezing over time", lead, points_div(summaries, points), rows, export, stacked, note + thinned
    )


def _legend(plot: Any, items: list[Any]) -> None:
    from bokeh.models import Legend

    legend = Legend(items=items, click_policy="hide", orientation="horizontal", ncols=4, label_text_font_size="12px")
    legend.border_line_color = None
    plot.add_layout(legend, "above")


def _least(material: Material, row: list[dict[str, Array]], p: int) -> str:
    rows = []
    for k, (label, course) in enumerate(zip(material.labels, row, strict=True)):
        if not course or not np.isfinite(course["xi2"]).any():
            continue
        best = int(np.nanargmin(course["xi2"]))
        least = float(course["xi2"][best])
        db = 10 * math.log10(least) if least > 0 else math.nan
        last = course["n"][np.isfinite(course["n"])]
        ends = number(float(last[-1]), 4) if last.size else "–"
        when, star = float(course["t"][best]), _star(material, p, k)
        rows.append([label, number(least, 4), number(round(db, 4) + 0.0), number(when), number(star), ends])
    critical = material.critical(p)
    caption = f"Least ξ²; N_c = {number(critical, 5)}" if math.isfinite(critical) else "Least ξ²"
    return table(caption, ["solver", "least ξ²", "dB", "at t", "t*", "N_eff at the end"], rows)


def _rows(material: Material, courses: list[list[dict[str, Array]]], points: list[str]) -> tuple[list[Any], str]:
    columns = ("xi2", "xi2_lo", "xi2_hi", "n", "n_lo", "n_hi", "dev")
    names = ("xi2", "xi2_low", "xi2_high", "n_eff", "n_eff_low", "n_eff_high", "xi2_deviation")
    total = sum(len(course["t"]) for row in courses for course in row if course)
    stride = max(1, math.ceil(total / MAX_ROWS))
    rows: list[Any] = [["point", "solver", "time", *names]]
    for point, row in zip(points, courses, strict=True):
        for label, course in zip(material.labels, row, strict=True):
            for i in range(0, len(course.get("t", ())), stride):
                values = [float(course[c][i]) if c in course else math.nan for c in columns]
                rows.append([point, label, float(course["t"][i]), *values])
    note = f"The CSV has every {stride}th time; the command writes all. " if stride > 1 else ""
    return rows, note


def _apart(material: Material, courses: list[list[dict[str, Array]]], points: list[str], time: str) -> Panel:
    from bokeh.models import ColumnDataSource, Range1d, Span

    plot = empty_figure(time, "|ξ²/ξ²_ref − 1|", y_type="log", height=320)
    plot.y_range = Range1d(1e-12, 1)
    plot.name = "plot dev"
    lines = []
    for k in range(len(material.labels)):
        source = ColumnDataSource({"t": [], "dev": [], "who": []}, name=f"course dev {k}")
        look = {"line_color": LIGHT[k % len(LIGHT)], "line_dash": DASHES[k % len(DASHES)], "line_width": 2}
        line = plot.line("t", "dev", source=source, name=f"solver {k}", **look)
        lines.append(line)
    tolerance = float(material.manifest.get("tolerance", 0.02))
    plot.add_layout(Span(location=tolerance, dimension="width", line_color="#7F7F7F", line_dash="dashed"))
    rows = [("solver", "@who"), ("t", "@t{0.0000}"), ("deviation", "@dev{0.00e+0}")]
    hover(plot, lines, rows, line_policy="nearest")
    lead = (
        "Relative deviation of ξ² from the reference, the strongest claim at the point. Dashed grey: the scenario's "
        f"tolerance, {tolerance:.3g}. Where there is no exact result there is nothing to deviate from."
    )
    bodies = []
    for p in range(len(points)):
        name = next((j.solver for j in material.at(p) if j.is_reference), "")
        found = []
        for label, course in zip(material.labels, courses[p], strict=True):
            if "dev" in course and np.isfinite(course["dev"]).any():
                worst = int(np.nanargmax(course["dev"]))
                found.append([label, number(float(course["dev"][worst]), 2), number(float(course["t"][worst]))])
        caption = f"Largest deviation from {name}, at any ξ²"
        none = f"Nothing deviates from {name}." if name else "No exact result at hand."
        bodies.append(
            table(caption, ["solver", "largest deviation", "at t"], found) if found else f"<p>{text(none)}</p>"
        )
    csv: list[Any] = [["point", "solver", "time", "xi2_deviation"]]
    total = sum(len(course["t"]) for row in courses for course in row if "dev" in course)
    stride = max(1, math.ceil(total / MAX_ROWS))
    for point, row in zip(points, courses, strict=True):
        for label, course in zip(material.labels, row, strict=True):
            for i in range(0, len(course.get("dev", ())), stride):
                csv.append([point, label, float(course["t"][i]), float(course["dev"][i])])
    note = f"The CSV has every {stride}th time." if stride > 1 else ""
    command = material.command("compare", "{}", "--json")
    return Panel("deviations", "Deviations over time", lead, points_div(bodies, points), csv, command, plot, note)
