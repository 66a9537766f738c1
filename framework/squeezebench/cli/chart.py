"""A small plot of ξ²(t) for a terminal: two by four dots in each character (Unicode's Braille patterns)."""

from __future__ import annotations

from typing import Any

__all__ = ["xi2_chart"]

#: Bits of the dots of a Braille character, by row and column.
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
#: Where Braille patterns begin in Unicode.
_BLANK = 0x2800


def xi2_chart(times: Any, xi2: Any, width: int = 60, height: int = 10) -> str:
    """Plot of ξ² in dB over time, with a dotted line at 0 dB; empty if there is nothing to draw.

    Parameters
    ----------
    times, xi2 : array_like (T,)
        Times in order, and ξ² at them; NaN and values ≤ 0 are left out.
    width, height : int
        Characters of the plot itself, without its labels.

    Returns
    -------
    str
        Lines without a last line break.
    """
    import numpy as np

    t, values = np.asarray(times, dtype=float), np.asarray(xi2, dtype=float)
    good = np.isfinite(t) & np.isfinite(values) & (values > 0)
    if good.sum() < 2 or not t[good][-1] > t[good][0]:
        return ""
    t, db = t[good], 10 * np.log10(values[good])
    # A normal phase of 20 dB must not press the squeezing into a corner.
    low, high = float(min(db.min(), 0.0)), float(min(max(db.max(), 0.0), max(0.0, float(db.min())) + 6.0))
    room = 0.05 * (high - low) or 0.5
    low, high = low - room, high + room
    columns, rows = 2 * width, 4 * height
    # A value for each column of dots, and for each step between columns all dots that lie between.
    across = np.linspace(t[0], t[-1], columns)
    heights = (np.interp(across, t, db) - low) / (high - low) * (rows - 1)
    dots = np.zeros((rows, columns), dtype=bool)
    before = heights[0]
    for column, now in enumerate(heights):
        first, last = sorted((round(before), round(now)))
        for row in range(max(first, 0), min(last, rows - 1) + 1):
            dots[row, column] = True
        before = now
    zero = round((0.0 - low) / (high - low) * (rows - 1))
    dots[zero, ::4] = True
    labels = {height - 1 - zero // 4: "0"}
    labels.setdefault(0, f"{high:.1f}")
    labels.setdefault(height - 1, f"{low:.1f}".replace("-", "−"))
    margin = max(len(text) for text in (*labels.values(), "dB"))
    lines = [f"{'dB':>{margin}}  ξ² over time"]
    for line in range(height):
        block = dots[rows - 4 * line - 4 : rows - 4 * line][::-1]
        codes = [sum(_DOTS[i][j] for i in range(4) for j in range(2) if block[i, 2 * k + j]) for k in range(width)]
        text = "".join(chr(_BLANK + code) for code in codes)
        lines.append(f"{labels.get(line, ''):>{margin}} ┤{text}".rstrip(chr(_BLANK)))
    ends = f"{t[0]:g}", f"{t[-1]:g}"
    lines.append(" " * margin + " └" + "─" * width)
    lines.append(" " * (margin + 2) + ends[0] + " " * max(1, width - len(ends[0]) - len(ends[1])) + ends[1])
    return "\n".join(lines)
