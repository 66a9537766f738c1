"""The blocks that are kept: those of a window of J that holds the state, up to a weight that is accounted for.

Dropping blocks leaves a completely positive generator that loses trace, so that the trace that is lost bounds the
error: |Δ⟨J_a⟩| ≤ N · leak and |Δ⟨J_aJ_b⟩| ≤ ½ N² · leak.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

import squeezebench as sb

from .layout import Layout

__all__ = ["Window"]

Array = NDArray[np.float64]

#: Share of the tolerance that leaks may take over the whole course, and that one cut may take.
_LEAK, _CUT = 0.3, 1e-4
#: With fewer blocks the time that a step takes does not depend on their number.
_FEWEST = 24
#: Share of the numbers that a narrower window must save.
_WORTH_A_CUT = 0.15
#: A sum of all weights is good to this.
_ROUND_OFF = 2e-14
#: Jumps of J that the window has room for, in standard deviations of a Poisson number, and at least.
_DEVIATIONS, _ROOM = 5.0, 6


class Window:
    """State array with the layout that it is in.

    Parameters
    ----------
    layout : Layout
        All blocks that can be occupied.
    x : ndarray
        State array, or populations.
    diagonal : bool
        Whether `x` are populations.
    tolerance : float
        Error that the whole course may make.
    interval : float
        Length of the course.

    Attributes
    ----------
    layout, x
        Of the present window.
    leak : float
        Weight that has been lost so far.
    narrowest : float
        Fewest blocks that a window had.
    """

    def __init__(self, layout: Layout, x: Array, diagonal: bool, tolerance: float, interval: float) -> None:
        self._all = layout.spins
        self.layout, self.x = layout, x
        self._diagonal = diagonal
        self._limit = _CUT * tolerance
        self._budget = _LEAK * tolerance / interval
        self.leak = 0.0
        self.narrowest = math.inf
        self._margin = 1.0
        self._jumps = 0.0
        self._present, self._now = 1.0, 0.0

    def _weights(self) -> Array:
        """Probability of each J of the present window."""
        layout = self.layout
        if self._diagonal:
            return np.add.reduceat(self.x, layout.rows[:-1])
        return np.array([np.trace(layout.block(self.x, b)) for b in range(len(layout.spins))])

    def choose(self, model: sb.SpinModel, step: float, now: float) -> None:
        """Move to the smallest window that the state needs now and during the next steps of about this length."""
        # Each spin jumps at a rate of at most Tr s / 2, and every jump changes J by 1 at most.
        self._jumps = model.N * float(np.trace(model.single).real) / 2
        weights = self._weights()
        before = float(weights.sum())
        if len(self._all) >= _FEWEST:
            spins = self.layout.spins
            first, last = self._occupied(weights)
            room = self._room(3 * step)
            wanted = [J for J in self._all if spins[last] - room <= J <= spins[first] + room]
            if wanted != spins:
                self._move(Layout(self.layout.N, wanted))
        self._present, self._now = float(self._weights().sum()), now
        self.leak += max(before - self._present, 0.0)
        self.narrowest = min(self.narrowest, len(self.layout.spins))

    def _occupied(self, weights: Array) -> tuple[int, int]:
        """Indices of the largest and the smallest J beyond which there is no more than a negligible weight."""
        above, below = np.cumsum(weights), np.cumsum(weights[::-1])
        first = int(np.searchsorted(above, self._limit, side="right"))
        last = len(weights) - 1 - int(np.searchsorted(below, self._limit, side="right"))
        return min(first, len(weights) - 1), max(last, 0)

    def _room(self, step: float) -> int:
        jumps = self._jumps * step / 2
        return math.ceil(self._margin * (_ROOM + jumps + _DEVIATIONS * math.sqrt(jumps)))

    def _move(self, layout: Layout) -> None:
        old = self.layout
        place = {J: b for b, J in enumerate(old.spins)}
        x = np.zeros(int(layout.rows[-1]) if self._diagonal else layout.size)
        for b, J in enumerate(layout.spins):
            if J in place:
                o = place[J]
                if self._diagonal:
                    x[layout.rows[b] : layout.rows[b + 1]] = self.x[old.rows[o] : old.rows[o + 1]]
                else:
                    layout.block(x, b)[...] = old.block(self.x, o)
        self.layout, self.x = layout, x

    def judge(self, weights: Array, step: float, now: float) -> str:
        """Whether to go on from a new state, to stop and choose again, or to undo the step that led to it.

        Parameters
        ----------
        weights : ndarray (B,)
            Probability of each J in the new state.
        step, now : float
            Length of the next step, and the time of the new state.
        """
        spins = self.layout.spins
        total = float(weights.sum())
        lost = self._present - total
        if len(spins) < len(self._all) and lost > self._budget * (now - self._now) + _ROUND_OFF:
            self._margin *= 1.5
            return "undo"
        self.leak += max(lost, 0.0) if len(spins) < len(self._all) else 0.0
        self._present, self._now = total, now
        if len(self._all) < _FEWEST:
            return "go"
        first, last = self._occupied(weights)
        soon, later = self._room(step), self._room(3 * step)
        if (spins[0] < self._all[0] and first < soon / 2) or (
            spins[-1] > self._all[-1] and len(spins) - 1 - last < soon / 2
        ):
            return "stop"
        spare = sum(self.layout.sizes[: max(first - later, 0)] ** 2) + sum(self.layout.sizes[last + later + 1 :] ** 2)
        return "stop" if spare > _WORTH_A_CUT * float(np.sum(self.layout.sizes**2)) else "go"
