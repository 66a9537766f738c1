"""The blocks that are kept: those of a window of J that holds the state, up to a weight that is accounted for.

Dropping blocks leaves a completely positive generator that loses trace, so that the trace that is lost bounds the
error: |Δ⟨J_a⟩| ≤ N · leak and |Δ⟨J_aJ_b⟩| ≤ ½ N² · leak.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

import squeezebench as sb

from .pictures import Picture

__all__ = ["Window"]

Array = NDArray[np.float64]

#: Share of the tolerance that leaks may take over the whole course, and that one cut may take.
_LEAK, _CUT = 0.3, 0.01
#: With fewer blocks the time that a step takes does not depend on their number.
_FEWEST = 24
#: Share of the numbers that a narrower window must save.
_WORTH_A_CUT = 0.15
#: A sum of all weights is good to this.
_ROUND_OFF = 2e-14
#: Jumps of J that the window has room for, in standard deviations of a Poisson number, and at least.
_DEVIATIONS, _ROOM = 5.0, 6


class Window:
    """Chooses the J that a picture keeps.

    Parameters
    ----------
    spins : sequence of float
        All J that can be occupied, largest first.
    tolerance : float
        Error that the whole course may make.
    interval : float
        Length of the course.

    Attributes
    ----------
    leak : float
        Weight that has been lost so far.
    narrowest : float
        Fewest blocks that a window had.
    """

    def __init__(self, spins: Sequence[float], tolerance: float, interval: float) -> None:
        self._all = list(spins)
        self._limit = _CUT * tolerance
        self._budget = _LEAK * tolerance / interval
        self.leak = 0.0
        self.narrowest = math.inf
        self._margin = 1.0
        self._jumps = 0.0
        self._now = 0.0

    def choose(self, picture: Picture, model: sb.SpinModel, step: float, now: float) -> None:
        """Give a picture the smallest window that its state needs now and in the next steps of about this length."""
        # Each spin jumps at a rate of at most Tr s / 2, and every jump changes J by 1 at most.
        self._jumps = model.N * float(np.trace(model.single).real) / 2
        weights = picture.layout.weights(picture.x)
        if len(self._all) >= _FEWEST:
            spins = picture.layout.spins
            first, last = self._occupied(weights)
            wanted = self._wanted(spins[first], spins[last], step)
            if wanted != spins:
                self.leak += float(sum(abs(w) for J, w in zip(spins, weights, strict=True) if J not in wanted))
                picture.cut(wanted)
        self._now = now
        self.narrowest = min(self.narrowest, len(picture.layout.spins))

    def _occupied(self, weights: Array) -> tuple[int, int]:
        """Indices of the largest and the smallest J beyond which there is no more than a negligible weight."""
        above, below = np.cumsum(np.abs(weights)), np.cumsum(np.abs(weights[::-1]))
        first = int(np.searchsorted(above, self._limit, side="right"))
        last = len(weights) - 1 - int(np.searchsorted(below, self._limit, side="right"))
        return min(first, len(weights) - 1), max(last, 0)

    def _wanted(self, first: float, last: float, step: float) -> list[float]:
        """J between these, and those that a step may reach from there."""
        jumps = self._jumps * step / 2
        room = math.ceil(self._margin * (_ROOM + jumps + _DEVIATIONS * math.sqrt(jumps)))
        return [J for J in self._all if last - room <= J <= first + room]

    def judge(self, picture: Picture, x: Array, step: float, now: float) -> str:
        """Whether to go on from a new state, to stop and choose again, or to undo the step that led to it.

        Parameters
        ----------
        picture : Picture
            Whose layout `x` is in.
        x : ndarray (size,)
            The new state.
        step, now : float
            Length of the next step, and the time of the new state.
        """
        weights = picture.layout.weights(x)
        spins = picture.layout.spins
        # What left in this step is at most what stood at the edges, if it grew, times the rate of leaving.
        edges = abs(weights[0]) * (spins[0] < self._all[0]) + abs(weights[-1]) * (spins[-1] > self._all[-1])
        took = now - self._now
        lost = float(edges) * self._jumps * took
        if lost > self._budget * took + _ROUND_OFF:
            self._margin *= 1.5
            return "undo"
        verdict = picture.judge(x, now)
        if verdict == "undo":
            return verdict
        self.leak += lost
        self._now = now
        if verdict == "stop" or len(self._all) < _FEWEST:
            return verdict
        first, last = self._occupied(weights)
        wanted = self._wanted(spins[first], spins[last], step)
        if wanted[0] > spins[0] or wanted[-1] < spins[-1]:
            return "stop"
        numbers = picture.layout.numbers_of
        return "stop" if numbers(wanted) < (1 - _WORTH_A_CUT) * numbers(spins) else "go"
