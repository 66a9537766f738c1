"""Importance splitting: trajectories on their way into the tail are copied, and each copy weighs less.

ξ² near its minimum is decided by rare trajectories that leave early. A short run of plain trajectories finds, at each
time, the direction in which the mean spins of trajectories differ most and the side of the longer tail. A trajectory's
score is its distance on that side, in standard deviations. Each time that it reaches a higher level than ever before
it is split into two, with half of the weight each and random numbers of their own from there on: averages of anything
that is linear in the state stay unbiased, whatever the scores are. The copies of one trajectory are a family, which
counts as one sample.

Source: Kahn and Harris, Natl. Bur. Stand. Appl. Math. Ser. 12, 27 (1951); Villén-Altamirano, Proc. 13th Int.
Teletraffic Congress (1991), for levels with a memory.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

import squeezebench as sb

from .blocks import covariance_matrices
from .ensemble import NUMBERS, Runner, Workspace
from .operators import PAD
from .statistics import xi2_of
from .trajectory import begin

__all__ = ["PILOTS", "FamilyRunner", "fine_times"]

Array = NDArray[np.float64]

#: Plain trajectories from which scores are made. They do not enter the averages.
PILOTS = 128
#: Levels of the score, in standard deviations: 2, 4, 8, … 64 copies beyond them. What crosses early at N = 2000 was 4
#: to 6 deviations away at Γt = 0.09, and contributes a hundred times as much to the variance as the others.
_LEVELS = 1.5 + 0.5 * np.arange(6)
#: Scores are looked at from this fraction of their last time on: earlier few jumps have happened, and distances are far
#: from Gaussian.
_FROM = 0.1
#: Times at which scores are looked at, between the start and the last time.
_LOOKS = 60
#: Child of the seed whose children are the pilots: no trajectory has this index.
_PILOT_KEY = 2**31 - 1


def fine_times(problem: sb.Problem) -> tuple[sb.Problem, NDArray[np.int64]]:
    """The problem with times to look at scores between its own, and where its own are among them."""
    times = problem.times
    if not times[-1] > 0:
        return problem, np.arange(len(times))
    grid = np.linspace(0.0, times[-1], _LOOKS + 1)
    tolerance = 1e-9 * times[-1]
    apart = np.abs(grid[:, None] - times[None, :]).min(axis=1) > tolerance
    every = np.sort(np.concatenate([times, grid[apart]]))
    places = np.searchsorted(every, times)
    if problem.schedule is not None:
        return sb.Problem(schedule=problem.schedule, initial=problem.initial, times=every), places
    return sb.Problem(problem.model, problem.initial, every), places


class FamilyRunner(Runner):
    """Families instead of trajectories; see `Runner`.

    Attributes
    ----------
    copies : int
        Copies made so far.
    aim : float
        Time of the smallest ξ² among the pilots: scores are looked at until then.
    """

    def __init__(self, problem: sb.Problem, unraveling: str, seed: np.random.SeedSequence, n_threads: int) -> None:
        fine, self.places = fine_times(problem)
        super().__init__(fine, unraveling, seed, n_threads)
        self.copies, self.aim = 0, math.nan
        self._reported = len(problem.times)

    def prepare(self, look: Callable[[int], bool]) -> bool:
        """Run the pilots and make scores of them; True if Ctrl-C ended it."""
        if not self.tables.times[-1] > 0:
            return False
        own, self.seed = (
            self.seed,
            np.random.SeedSequence(
                self.seed.entropy, spawn_key=(*self.seed.spawn_key, _PILOT_KEY), pool_size=self.seed.pool_size
            ),
        )
        try:
            self._one = super().one
            values, finished, interrupted = super().run(0, PILOTS, look)
        finally:
            self.seed = own
            del self._one
        if finished.all():
            self._levels = self._scores(values)
        return interrupted

    def _scores(self, values: Array) -> tuple[Array, Array, Array]:
        times = self.tables.times
        spin = values[..., :3]
        centre = spin.mean(axis=0)
        apart = spin - centre
        between = np.einsum("nta,ntb->tab", apart, apart) / len(values)
        xi2 = xi2_of(centre, covariance_matrices(values).mean(axis=0) + between, self.N)
        last = int(np.nanargmin(xi2)) if np.isfinite(xi2).any() else 0
        self.aim = float(times[last])
        axes, centres = np.zeros((len(times), 3)), np.full(len(times), np.inf)
        for t in range(1, last):
            if times[t] < _FROM * times[last]:
                continue
            variances, vectors = np.linalg.eigh(between[t])
            if variances[-1] <= 1e-12 * self.N:
                continue
            axis = vectors[:, -1] / math.sqrt(variances[-1])
            along = apart[:, t] @ axis
            axis = axis if (along**3).sum() >= 0 else -axis
            axes[t], centres[t] = axis, axis @ centre[t]
        return axes, centres, np.asarray(_LEVELS, dtype=np.float64)

    def one(self, index: int, space: Workspace, out: Array) -> bool:
        """Run family `index`; `out` (T, 9) has its weighted mean spin and the covariance within it."""
        if hasattr(self, "_one"):  # a pilot
            return bool(self._one(index, space, out))
        words = self.begin(index, space)
        times, path = len(self.tables.times), np.empty((len(self.tables.times), NUMBERS))
        total, first = np.zeros((times, 3)), np.zeros(times)
        second, weight, made = np.zeros((times, 3, 3)), 1.0, 0
        reference: Array | None = None
        waiting: list[tuple[Any, ...]] = []
        while True:
            begun = int(space.place[1])
            level = int(space.place[2])
            code = self.carry_on(space, words, path)
            if code == 0:
                return False
            ended = int(space.place[1])
            spin, inner = path[begun:ended, :3], covariance_matrices(path[begun:ended])
            if reference is None:
                reference = np.zeros((times, 3))
            # The first path through a time is the point about which squares are taken.
            new = first[begun:ended] == 0
            reference[begun:ended][new] = spin[new]
            apart = spin - reference[begun:ended]
            first[begun:ended] += weight
            total[begun:ended] += weight * apart
            second[begun:ended] += weight * (inner + apart[:, :, None] * apart[:, None, :])
            if code == 2:
                steps = int(space.place[2]) - level
                weight /= 2.0**steps
                for _ in range(2**steps - 1):
                    waiting.append(_state(space, weight))
                continue
            if not waiting:
                break
            weight = _restore(waiting.pop(), space)
            made += 1
            child = np.random.SeedSequence(
                self.seed.entropy, spawn_key=(*self.seed.spawn_key, index, made), pool_size=self.seed.pool_size
            )
            words = child.generate_state(4, np.uint64).astype(np.uint64, copy=False)
            # The waiting time has no memory: a copy draws its own, from now on.
            now, step, stable = space.real[0], space.real[3], space.real[4]
            begin(words, space.real, step)
            space.real[0], space.real[4] = now, stable
        with self._lock:
            self.copies += made
        assert reference is not None
        shift = total / first[:, None]
        covariance = second / first[:, None, None] - shift[:, :, None] * shift[:, None, :]
        out[:, :3] = reference + shift
        for place, (a, b) in enumerate(((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))):
            out[:, 3 + place] = covariance[:, a, b]
        return True

    def run(self, first: int, last: int, look: Callable[[int], bool]) -> tuple[Array, NDArray[np.bool_], bool]:
        """Families first … last − 1, at the problem's own times; see `Runner.run`."""
        values, finished, interrupted = super().run(first, last, look)
        return np.ascontiguousarray(values[:, self.places]), finished, interrupted


def _state(space: Workspace, weight: float) -> tuple[Any, ...]:
    width = int(space.whole[2]) + 2 * PAD
    return (
        space.place.copy(), space.whole.copy(), space.real.copy(), space.R.copy(), space.x[:, :width].copy(), weight,
    )  # fmt: skip


def _restore(state: tuple[Any, ...], space: Workspace) -> float:
    place, whole, real, R, x, weight = state
    space.place[:], space.whole[:], space.real[:], space.R[:] = place, whole, real, R
    space.x[:, : x.shape[1]] = x
    return float(weight)
