"""Where each solver stays within the scenario's tolerance of the reference: what `squeezebench.validity` says."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from squeezebench.errors import InvalidOptionError

from .markup import Cell, Panel, table, text
from .material import Material, number
from .sweep_plots import drawn_axes, held_words, lines, maps

__all__ = ["validity_panel"]

#: Rows of the table of validity; the CSV has all.
MAX_ROWS = 200
#: Ends of the errors' colours. Below, a solver is as good as exact; above, it says nothing.
_LOW, _HIGH = -5, 0

_HEAD = ("solver", "status", "verdict", "reference", "max_error", "max_error_stderr", "good_until", "beyond_from")


def validity_panel(material: Material) -> Panel | None:
    """Validity of every solver at every point, at the scenario's tolerance; None if no cell has a value."""
    from squeezebench.evidence import validity

    tolerance = float(material.manifest.get("tolerance", 0.02))
    command = material.command("validity", "{}", f"--tolerance {tolerance:g}")
    axes = list(material.axes)
    if not material.answered:
        return None
    try:
        found = validity(material.ds, tolerance)
    except InvalidOptionError as error:  # reductions only: there are no courses to hold against each other
        return Panel("validity", "Validity map", "", f"<p>{text(_why(error))}</p>", [["nothing"]], command)
    names = ("verdict", "max_error", "max_error_stderr", "good_until", "beyond_from")
    values = {name: found[name].transpose("solver", *axes).values.reshape(len(material.labels), -1) for name in names}
    references = found["reference"].transpose(*axes).values.reshape(-1).astype(str)
    rows: list[list[Cell | str]] = []
    csv: list[Any] = [["point", *_HEAD]]
    for p, point in enumerate(material.points):
        cells: list[Cell | str] = [point or "the only point"]
        for k, j in enumerate(material.at(p)):
            mine = {name: values[name][k, p] for name in names}
            verdict = str(mine.pop("verdict"))
            numbers = {name: float(value) for name, value in mine.items()}
            csv.append([point, j.solver, j.status, verdict, references[p], *(numbers[name] for name in _HEAD[4:])])
            cells.append(_cell(verdict, j.status, numbers))
        rows.append(cells)
    header = ["point", *material.labels]
    body = table(f"Largest error of ξ², within {tolerance:g} or beyond", header, rows[:MAX_ROWS])
    figure = _figure(material, found, tolerance)
    if figure is not None and len(rows) > 12:
        body = f"<details><summary>Table</summary>{body}</details>"
    lead = (
        f"Where ξ² of each solver stays within {tolerance:g} of the reference, the strongest claim at the point, and "
        "until when: ✓ within, at all times that count; ◐ beyond after a while, ✗ from the start; ? open, within three "
        "standard errors; ● reference; ○ nobody exact to hold it against; · no value."
    )
    if figure is not None:
        lead += f" Drawn: the largest error{held_words(material)}"
        lead += ", × beyond." if len(drawn_axes(material)) == 2 else "; dashed grey, the tolerance."
    note = f"The first {MAX_ROWS} of {len(rows)} points; the CSV has all." if len(rows) > MAX_ROWS else ""
    return Panel("validity", "Validity map", lead, body, csv, command, figure, note=note)


def _why(error: InvalidOptionError) -> str:
    return f"Not known: {error}."


def _cell(verdict: str, status: str, numbers: dict[str, float]) -> Cell:
    error, noise = numbers["max_error"], numbers["max_error_stderr"]
    size = number(error, 2) + (f" ± {number(noise, 1)}" if noise > 0 and math.isfinite(noise) else "")
    until, beyond = numbers["good_until"], numbers["beyond_from"]
    ends = "its course ends before the reference's" if math.isinf(error) else f"error {size}"
    match verdict:
        case "within":
            return Cell(f"✓ {size}", "", "good")
        case "reference":
            return Cell("●\u00a0reference", "", "good")
        case "beyond":
            word = "✗ from the start" if math.isnan(until) or until <= 0 else f"◐ until {number(until)}"
            return Cell(word, f"{ends}; beyond from {number(beyond)}", "bad" if word[0] == "✗" else "open")
        case "unresolved":
            known = f"within until {number(until)}; " if until > 0 else ""
            return Cell("? unresolved", f"{known}{ends}", "open")
        case "no_reference":
            return Cell("○", "no reference", "open")
        case "not_comparable":
            return Cell("·", "no time that counts", "empty")
    return Cell("·", status.replace("_", " ") if status != "ok" else "no value", "empty")


def _figure(material: Material, found: Any, tolerance: float) -> Any:
    """Largest errors over the sweep; None without an axis, or without an error."""
    drawn, errors = drawn_axes(material), found["max_error"]
    if not drawn or not np.isfinite(errors.values).any():
        return None
    if len(drawn) == 1:
        return lines(material, errors.where(errors > 0), "largest error of ξ²", level=tolerance)
    with np.errstate(divide="ignore"):
        logs = np.log10(errors)
    ticks = {float(k): f"10{''.join(_RAISED[c] for c in str(k))}" for k in range(_LOW, _HIGH + 1)}
    return maps(material, logs, unit="error", bounds=(_LOW, _HIGH), verdicts=found["verdict"], labels=ticks)


_RAISED = dict(zip("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹", strict=True))
