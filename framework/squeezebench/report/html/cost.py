"""Error against cost, and how cost grows: what `squeezebench.work_precision` and `.scaling` say.

Only exclusive timings are measurements. Those noted in passing are drawn hollow, and enter no front and no fit.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from squeezebench.errors import InvalidOptionError
from squeezebench.execution import FAILED

from .markup import Cell, Panel, table
from .material import Material, number, plain, seconds, timing_words
from .plots import DASHES, LIGHT, empty_figure, hover

__all__ = ["scaling_panel", "work_precision_panel"]

#: Rows of the table of errors and costs; the CSV has all.
MAX_ROWS = 200
#: Pareto fronts that are drawn, one a point.
MAX_FRONTS = 12

_EXCLUSIVE = "exclusive"


def _passing(material: Material, k: int, p: int) -> float:
    """Seconds of a cell that has values, however they were taken; NaN for another."""
    j = material.at(p)[k]
    solved = j.claim and j.status not in ("unsupported", *FAILED)
    return j.seconds if solved and j.seconds > 0 else math.nan


def _scatter(material: Material, plot: Any, cells: list[dict[str, Any]]) -> None:
    """One marker a cell: full if its time was measured, hollow if noted in passing."""
    from bokeh.models import ColumnDataSource

    dots = []
    for k in range(len(material.labels)):
        for full in (True, False):
            part = [cell for cell in cells if cell["k"] == k and cell["full"] == full]
            if not part:
                continue
            data = {name: [cell[name] for cell in part] for name in ("x", "y", "who", "point", "how", "error", "time")}
            look = {"size": 9, "line_color": LIGHT[k % len(LIGHT)], "line_width": 2}
            look |= {"fill_color": LIGHT[k % len(LIGHT)]} if full else {"fill_alpha": 0.0}
            dots.append(plot.scatter("x", "y", source=ColumnDataSource(data), name=f"solver {k}", **look))
    rows = [("solver", "@who"), ("point", "@point"), ("largest error", "@error"), ("time", "@time"), ("how", "@how")]
    hover(plot, dots, rows)


# -------------------------------------------------------------------- error against cost


def work_precision_panel(material: Material) -> Panel | None:
    """Largest error of ξ² against seconds, with the Pareto front of each point; None where nothing has an error."""
    from squeezebench.evidence import work_precision

    try:
        found = work_precision(material.ds)
    except InvalidOptionError:  # reductions only: no courses, no errors
        return None
    count, axes = len(material.labels), list(material.axes)
    names = ("error", "error_stderr", "seconds", "peak_bytes", "on_front", "on_memory_front")
    values = {name: found[name].transpose("solver", *axes).values.reshape(count, -1) for name in names}
    if not (values["error"] >= 0).any():
        return None
    references = found["reference"].transpose(*axes).values.reshape(-1).astype(str)
    floors = found["error_floor"].transpose(*axes).values.reshape(-1)
    csv: list[Any] = [["point", "solver", *names, "error_floor", "reference", "seconds_noted_in_passing", "how_timed"]]
    cells: list[dict[str, Any]] = []
    rows: list[list[Cell | str]] = []
    for p, point in enumerate(material.points):
        for k, label in enumerate(material.labels):
            mine = {name: values[name][k, p] for name in names}
            is_reference = label == references[p]
            if not is_reference and not mine["error"] >= 0:
                continue
            record = material.record(k, p)
            how = timing_words(record.timing) if record is not None else ""
            measured = bool(np.isfinite(mine["seconds"]))
            passing = math.nan if measured else _passing(material, k, p)
            time = float(mine["seconds"]) if measured else passing
            csv.append(
                [point, label, *(mine[name].item() for name in names), float(floors[p]), references[p], passing, how]
            )
            error = "reference" if is_reference else number(float(mine["error"]), 3)
            clock = ("" if measured or math.isnan(time) else "~") + seconds(time)
            fronts = [words for name, words in _FRONTS.items() if mine[name]]
            peak = number(float(mine["peak_bytes"]) / 2**20, 3)
            kind = "good" if fronts else ""
            rows.append([label, point, error, Cell(clock, how), peak, Cell(", ".join(fronts), kind=kind)])
            if not is_reference and time > 0 and math.isfinite(mine["error"]):
                drawn = {"k": k, "p": p, "x": time, "y": max(float(mine["error"]), 1e-16), "who": label}
                drawn |= {"point": point or "the only one", "how": how, "full": measured}
                cells.append({**drawn, "error": error, "time": clock, "front": bool(mine["on_front"])})
    plot = None
    if cells:
        plot = empty_figure("seconds", "largest error of ξ²", x_type="log", y_type="log")
        _fronts(plot, cells)
        _scatter(material, plot, cells)
    timed = bool(np.isfinite(values["seconds"]).any())
    lead = "Largest error of ξ² against the reference, over the time that a solution took: best is below left. "
    if timed:
        lead += (
            "Full markers were measured alone, warm and pinned; the grey line is the Pareto front of each point: "
            "nobody else is as accurate and as fast, and better in one. Hollow ones were noted in passing, and are on "
            "no front."
        )
    else:
        lead += "No time was measured: all were noted in passing, so there is no Pareto front. run --timing 3 measures."
    header = ["solver", "point", "largest error", "time, and how it was measured", "MiB", "Pareto front"]
    body = table("Error and cost", header, rows[:MAX_ROWS])
    if len(rows) > 16:
        body = f"<details><summary>Table</summary>{body}</details>"
    note = f"The first {MAX_ROWS} of {len(rows)} rows; the CSV has all. " if len(rows) > MAX_ROWS else ""
    note += "MiB: what a measured solution took beyond the process at rest." if timed else ""
    command = material.command("work-precision", "{}") if timed else f"{material.run_command} --timing 3"
    return Panel("work", "Work and precision", lead, body, csv, command, plot, note=note)


_FRONTS = {"on_front": "time", "on_memory_front": "memory"}


def _fronts(plot: Any, cells: list[dict[str, Any]]) -> None:
    """A grey line through the front of each of the first points that have one."""
    by: dict[int, list[dict[str, Any]]] = {}
    for cell in cells:
        if cell["front"]:
            by.setdefault(cell["p"], []).append(cell)
    for mine in list(by.values())[:MAX_FRONTS]:
        order = sorted(mine, key=lambda cell: cell["x"])
        xs, ys = [cell["x"] for cell in order], [cell["y"] for cell in order]
        plot.line(xs, ys, line_color="#7F7F7F", line_width=1.5, line_dash="dashed", name="front")


# -------------------------------------------------------------------- growth


def scaling_panel(material: Material) -> Panel | None:
    """Time against the number of spins, with the fitted power laws; None unless a run has several N."""
    cells: list[dict[str, Any]] = []
    for p, point in enumerate(material.points):
        for k, label in enumerate(material.labels):
            record, time = material.record(k, p), _passing(material, k, p)
            if record is None or math.isnan(time):
                continue
            full = material.at(p)[k].timing_grade == _EXCLUSIVE
            N, how = float(record.problem.N), timing_words(record.timing)
            drawn = {"k": k, "x": N, "y": time, "who": label, "point": point, "how": how, "full": full}
            cells.append({**drawn, "error": "–", "time": ("" if full else "~") + seconds(time)})
    if len({cell["x"] for cell in cells}) < 2:
        return None
    csv: list[Any] = [["what", "solver", "point", "N", "seconds", "how_timed", *_LAW]]
    csv += [
        ["cell", cell["who"], cell["point"], cell["x"], cell["y"], cell["how"], *([None] * len(_LAW))] for cell in cells
    ]
    plot = empty_figure("N", "seconds", x_type="log", y_type="log")
    laws = _laws(material)
    for law in laws:
        csv.append([law["quantity"], law["solver"], law["at"], None, None, None, *(law[name] for name in _LAW)])
        if law["quantity"] == "seconds":
            xs = np.geomspace(law["N_min"], law["N_max"], 2)
            look = {"line_color": LIGHT[law["k"] % len(LIGHT)], "line_dash": DASHES[law["k"] % len(DASHES)]}
            ys = law["prefactor"] * xs ** law["exponent"]
            plot.line(xs.tolist(), ys.tolist(), line_width=1.5, name=f"solver {law['k']}", **look)
    _scatter(material, plot, cells)
    lead = "Time of a solution against the number of spins. "
    if laws:
        lead += (
            "Lines and exponents: least squares of log cost on log N through what was measured alone. Small systems "
            "cost mostly overhead, which makes an exponent too small; that between the largest two sizes shows it."
        )
    else:
        lead += (
            "All times, or all but one size, were noted in passing (hollow): nothing is fitted to those. "
            "run --timing 3 measures."
        )
    rows = [[law["quantity"].replace("_", " "), law["solver"], law["at"] or "–", *_words(law)] for law in laws]
    header = ["cost", "solver", "at", "exponent", "95 % interval", "largest two", "N (sizes)"]
    body = table("cost ∝ N^exponent", header, rows) if rows else ""
    if not laws:
        largest = max(cell["x"] for cell in cells)
        there = [cell for cell in cells if cell["x"] == largest]
        body = table(
            f"Time at N = {plain(largest)}",
            ["solver", "point", "time, and how it was measured"],
            [[cell["who"], cell["point"], Cell(cell["time"], cell["how"])] for cell in there[:MAX_ROWS]],
        )
    command = material.command("work-precision", "{}") if laws else f"{material.run_command} --timing 3"
    return Panel("scaling", "Scaling with N", lead, body, csv, command, plot)


_LAW = (
    "exponent",
    "exponent_stderr",
    "exponent_low",
    "exponent_high",
    "prefactor",
    "local_exponent",
    "residual",
    "points",
    "N_min",
    "N_max",
)


def _laws(material: Material) -> list[dict[str, Any]]:
    """Fitted power laws, one a cost, solver and point of the other axes; none where nothing can be fitted."""
    from squeezebench.evidence import scaling

    try:
        found = scaling(material.ds)
    except InvalidOptionError:  # no axis N, or nothing that was measured
        return []
    others = [str(dim) for dim in found["exponent"].dims if dim not in ("quantity", "solver")]
    laws = []
    for quantity in found["quantity"].values:
        for k, label in enumerate(material.labels):
            for index in np.ndindex(*(found.sizes[dim] for dim in others)):
                law = found.sel(quantity=quantity).isel(solver=k, **dict(zip(others, index, strict=True)))
                if math.isnan(float(law["exponent"])):
                    continue
                at = ", ".join(f"{dim} = {plain(material.axes[dim][i])}" for dim, i in zip(others, index, strict=True))
                numbers = {name: float(law[name]) for name in _LAW}
                laws.append({"quantity": str(quantity), "solver": label, "k": k, "at": at, **numbers})
    return laws


def _words(law: dict[str, Any]) -> list[str]:
    """Exponent, its interval, that of the largest two sizes, and what the fit is about, as the command prints them."""
    low, high = law["exponent_low"], law["exponent_high"]
    interval = "–" if math.isnan(low) else f"{low:.2f} … {high:.2f}".replace("-", "−")
    about = f"{law['N_min']:g} … {law['N_max']:g} ({law['points']:g})"
    one, two = (f"{law[name]:.2f}".replace("-", "−") for name in ("exponent", "local_exponent"))
    return [one, interval, two, about]
