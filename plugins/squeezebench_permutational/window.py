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
        self._present, self._now = 1.0, 0.0

    def choose(self, picture: Picture, model: sb.SpinModel, step: float, now: float) -> None:
        """Give a picture the smallest window that its state needs now and in the next steps of about this length."""
        # Each spin jumps at a rate of at most Tr s / 2, and every jump changes J by 1 at most.
        self._jumps = model.N * float(np.trace(model.single).real) / 2
        weights = picture.layout.weights(picture.x)
        before = float(weights.sum())
        if len(self._all) >= _FEWEST:
            spins = picture.layout.spins
            first, last = self._occupied(weights)
            room = self._room(3 * step)
            wanted = [J for J in self._all if spins[last] - room <= J <= spins[first] + room]
            if wanted != spins:
                picture.cut(wanted)
        self._present, self._now = float(picture.layout.weights(picture.x).sum()), now
        self.leak += max(before - self._present, 0.0)
        self.narrowest = min(self.narrowest, len(picture.layout.spins))

    def _occupied(self, weights: Array) -> tuple[int, int]:
        """Indices of the largest and the smallest J beyond which there is no more than a negligible weight."""
        above, below = np.cumsum(weights), np.cumsum(weights[::-1])
        first = int(np.searchsorted(above, self._limit, side="right"))
        last = len(weights) - 1 - int(np.searchsorted(below, self._limit, side="right"))
        return min(first, len(weights) - 1), max(last, 0)

    def _room(self, step: float) -> int:
        jumps = self._jumps * step / 2
        return math.ceil(self._margin * (_ROOM + jumps + _DEVIATIONS * math.sqrt(jumps)))

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
        total = float(weights.sum())
        lost = self._present - total
        if len(spins) < len(self._all) and lost > self._budget * (now - self._now) + _ROUND_OFF:
            self._margin *= 1.5
            return "undo"
        verdict = picture.judge(x)
        if verdict == "undo":
            return verdict
        self.leak += max(lost, 0.0) if len(spins) < len(self._all) else 0.0
        self._present, self._now = total, now
        if verdict == "stop" or len(self._all) < _FEWEST:
            return verdict
        first, last = self._occupied(weights)
        soon, later = self._room(step), self._room(3 * step)
        if (spins[0] < self._all[0] and first < soon / 2) or (
            spins[-1] > self._all[-1] and len(spins) - 1 - last < soon / 2
        ):
            return "stop"
        numbers = picture.layout.numbers_of
        spare = numbers(spins[: max(first - later, 0)]) + numbers(spins[last + later + 1 :])
        return "stop" if spare > _WORTH_A_CUT * numbers(spins) else "go"
