"""Pieces of HTML. Every text goes through `text` here: what a plugin or a file says is shown, never obeyed."""

from __future__ import annotations

import base64
import csv
import gzip
import html
import io
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Cell", "Panel", "embedded_json", "head", "packed", "points_div", "table", "text", "to_csv"]


def text(value: Any) -> str:
    """Escaped text; control characters become spaces."""
    return html.escape("".join(c if c.isprintable() or c in "\n\u00a0" else " " for c in str(value)), quote=True)


@dataclass(frozen=True)
class Cell:
    """Cell of a table: its text, a second line in small print, and the class that colours it."""

    text: str
    note: str = ""
    kind: str = ""


@dataclass
class Panel:
    """One section of the report.

    Attributes
    ----------
    name : str
        Its anchor, and the name of its CSV file.
    title, lead : str
        Heading, and what it shows, in a sentence or two (plain text).
    body : str
        HTML.
    rows : list of rows
        The data, with a header first.
    command : str
        What makes these data again.
    figure : Any
        A bokeh model to be drawn in it, or None.
    """

    name: str
    title: str
    lead: str
    body: str
    rows: list[Sequence[Any]] = field(default_factory=list)
    command: str = ""
    figure: Any = None
    note: str = ""


def table(caption: str, header: Sequence[str], rows: Iterable[Sequence[Cell | str]]) -> str:
    """Table whose first column heads its rows."""
    # What scrolls can be reached by keyboard, and says then what it is.
    lines = [f'<div class=scroll tabindex=0 role=region aria-label="{text(caption)}">']
    lines += [f"<table><caption>{text(caption)}</caption><thead><tr>"]
    lines += [f"<th scope=col{' class=short' if len(name) < 17 else ''}>{text(name)}</th>" for name in header]
    lines.append("</tr></thead><tbody>")
    for row in rows:
        cells = [cell if isinstance(cell, Cell) else Cell(cell) for cell in row]
        lines.append("<tr>" + "".join(_cell(cell, first=not k) for k, cell in enumerate(cells)) + "</tr>")
    lines.append("</tbody></table></div>")
    return "".join(lines)


def _cell(cell: Cell, *, first: bool) -> str:
    tag, scope = ("th", " scope=row") if first else ("td", "")
    kinds = " ".join(word for word in (cell.kind, "long" if len(cell.text) > 40 or len(cell.note) > 25 else "") if word)
    kind = f' class="{kinds}"' if kinds else ""
    note = f"<small>{text(cell.note)}</small>" if cell.note else ""
    return f"<{tag}{scope}{kind}>{text(cell.text)}{note}</{tag}>"


def points_div(bodies: Sequence[str], titles: Sequence[str]) -> str:
    """One block a point, of which the page shows the chosen one (all of them where scripts do not run)."""
    many = len(bodies) > 1
    return "".join(
        f"<div data-point={k}>{head(title) if many else ''}{body}</div>"
        for k, (body, title) in enumerate(zip(bodies, titles, strict=True))
    )


def head(title: str) -> str:
    """Small heading inside a panel."""
    return f"<h3>{text(title)}</h3>" if title else ""


def to_csv(rows: Iterable[Sequence[Any]]) -> str:
    """CSV of rows; text that a spreadsheet would take for a formula gets a quote before it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for row in rows:
        writer.writerow([_field(value) for value in row])
    return out.getvalue()


def _field(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return "" if value is None else str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.10g}"
    words = str(value)
    return f"'{words}" if words[:1] in ("=", "+", "-", "@", "\t", "\r") else words


def packed(content: str) -> str:
    """Text, compressed, in characters that HTML leaves alone; the same for the same text."""
    return base64.b64encode(gzip.compress(content.encode("utf-8"), 9, mtime=0)).decode("ascii")


def embedded_json(data: Any) -> str:
    """JSON that can stand inside a script element."""
    escaped = json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return escaped.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
