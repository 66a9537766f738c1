"""The window of Dicke states that a trajectory occupies: it grows where the state reaches its ends, and shrinks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from squeezebench.jit import kernel

from .operators import PAD

__all__ = ["LEAK", "SMALL", "clear_edges", "fit", "grow", "outgrown"]

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

#: Multiplets up to this size are followed whole, in a frame at rest.
SMALL = 24
#: Weight in the outermost three places of the window: more makes it grow, more than the second repeats the step, less
#: than the third in an eighth of it lets it shrink.
_EDGE, LEAK, _EMPTY = 1e-12, 1e-9, 1e-15


@kernel
def clear_edges(x: Array, width: int) -> None:
    """Set the paddings around a window to zero."""
    for row in range(2):
        for q in range(PAD):
            x[row, q] = 0.0
            x[row, width + PAD + q] = 0.0


@kernel
def _move(x: Array, width: int, low: int, high: int) -> int:
    """Add `low` places before and `high` after the window (negative: take away); returns the new width."""
    new = width + low + high
    for row in range(2):
        y = x[row]
        if low > 0:
            for q in range(width - 1, -1, -1):
                y[q + low + PAD] = y[q + PAD]
            for q in range(low):
                y[q + PAD] = 0.0
        elif low < 0:
            for q in range(width + low):
                y[q + PAD] = y[q - low + PAD]
        for q in range(min(width + low, new), new):
            y[q + PAD] = 0.0
    clear_edges(x, new)
    return new


@kernel
def _weight(x: Array, first: int, last: int) -> float:
    total = 0.0
    for q in range(first + PAD, last + PAD):
        total += x[0, q] * x[0, q] + x[1, q] * x[1, q]
    return total


@kernel
def outgrown(whole: Integers, x: Array, limit: float) -> tuple[bool, bool]:
    """Whether more than `limit` stands at the window's lower and upper end, where there is more to come."""
    first, width = whole[1], whole[2]
    low = first > 0 and _weight(x, 0, min(3, width)) > limit
    high = first + width < whole[0] + 1 and _weight(x, max(0, width - 3), width) > limit
    return low, high


@kernel
def grow(whole: Integers, x: Array, low: bool, high: bool) -> None:
    """Make the window larger by a quarter at its lower and upper end, as far as there are states."""
    first, width = whole[1], whole[2]
    more = 8 + width // 4
    below = min(first, more) if low else 0
    above = min(whole[0] + 1 - first - width, more) if high else 0
    whole[2] = _move(x, width, below, above)
    whole[1] = first - below


@kernel
def fit(whole: Integers, x: Array) -> bool:
    """Let the window grow where the state has reached its ends, and shrink where it is empty; whether it changed."""
    low, high = outgrown(whole, x, _EDGE)
    if low or high:
        grow(whole, x, low, high)
        return True
    first, width = whole[1], whole[2]
    if width < 2 * SMALL:
        return False
    part = width // 8
    below = part if _weight(x, 0, 2 * part) < _EMPTY else 0
    above = part if _weight(x, width - 2 * part, width) < _EMPTY else 0
    if below or above:
        whole[2] = _move(x, width, -below, -above)
        whole[1] = first + below
        return True
    return False
