"""Tables, JSON and error lines."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

__all__ = [
    "EXIT_BROKEN",
    "EXIT_FAILED",
    "EXIT_INTERRUPTED",
    "EXIT_USAGE",
    "console",
    "error_line",
    "number",
    "print_json",
    "print_table",
    "printable",
    "seconds",
]

EXIT_BROKEN = 1
EXIT_USAGE = 2
EXIT_FAILED = 3
#: What a shell expects of a program that was interrupted.
EXIT_INTERRUPTED = 130

#: Width of a table that goes to a file or a pipe, where nobody's terminal says how wide it may be.
PIPE_WIDTH = 160


def console(*, stderr: bool = False) -> Console:
    """Console on standard output or standard error."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, highlight=False, width=None if stream.isatty() else PIPE_WIDTH)


def printable(text: str) -> str:
    """`text` without control characters, which could move a terminal's cursor or change its colours."""
    return "".join(character if character.isprintable() else " " for character in text)


def error_line(text: str) -> None:
    """One line on standard error."""
    print(f"error: {printable(' '.join(text.split()))}", file=sys.stderr)


def print_json(data: Any) -> None:
    """JSON on standard output; NaN and infinities as null, because JSON has no word for them."""
    print(json.dumps(_finite(data), indent=2, allow_nan=False))


def _finite(data: Any) -> Any:
    if isinstance(data, dict):
        return {str(key): _finite(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_finite(value) for value in data]
    if hasattr(data, "tolist"):
        return _finite(data.tolist())
    if isinstance(data, float) and not math.isfinite(data):
        return None
    return data


def print_table(title: str, columns: Sequence[tuple[str, str]], rows: Sequence[Sequence[str]]) -> None:
    """Table on standard output.

    Parameters
    ----------
    title : str
        Shown above it.
    columns : sequence of (str, str)
        Header and justification.
    rows : sequence of sequence of str
        Plain text: nothing in it is read as markup, because it may come from a plugin or a file.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(
        title=Text(printable(title)), box=SIMPLE_HEAD, title_justify="left", title_style="bold", pad_edge=False
    )
    for k, (header, justify) in enumerate(columns):
        # Words may be wrapped where there is little room; half a number is a wrong number.
        whole = max((len(printable(row[k])) for row in rows), default=0) if justify == "right" else None
        table.add_column(header, justify=justify, min_width=whole)  # type: ignore[arg-type]  # rich's literal types
    for row in rows:
        table.add_row(*(_styled(cell) for cell in row))
    console().print(table, crop=False)


_STYLES = {
    "agree": "green",
    "reference": "green",
    "ok": "green",
    "loaded": "green",
    "differ": "bold red",
    "BROKEN": "bold red",
    "no claim": "yellow",
    "no reference": "yellow",
}


def _styled(cell: str) -> Any:
    from rich.text import Text

    return Text(printable(cell), style=_STYLES.get(cell, ""))


def number(value: float, digits: int = 2) -> str:
    """Short text of a number; a dash for NaN."""
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞"
    return f"{value:.{digits}g}" if value == 0 or 1e-3 <= abs(value) < 1e4 else f"{value:.{digits - 1}e}"


def seconds(value: float) -> str:
    """Short text of a duration."""
    if math.isnan(value):
        return "–"
    if value < 1e-3:
        return f"{value * 1e6:.0f} µs"
    return f"{value * 1e3:.3g} ms" if value < 1 else f"{value:.3g} s"
