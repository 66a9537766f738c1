"""Importance splitting: trajectories on their way into the tail are copied, and each copy weighs less.

ξ² near its minimum is decided by rare trajectories that leave early. A short run of plain trajectories makes a score
that tells them beforehand (`squeezebench_mcwf.scores`). Each time that a trajectory's score reaches a higher level than
ever before it is split into two, with half of the weight each and random numbers of their own from there on. When what
was rare has become common, each copy is kept with the probability that it weighs, and weighs 1 from there on. Averages
of anything that is linear in the state stay unbiased, whatever the scores are. The copies of one trajectory are a
family, which counts as one sample.

Source: Kahn and Harris, Natl. Bur. Stand. Appl. Math. Ser. 12, 27 (1951), for splitting and Russian roulette;
Villén-Altamirano, Proc. 13th Int. Teletraffic Congress (1991), for levels with a memory.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

import squeezebench as sb

from .blocks import covariance_matrices
from .cost import PILOTS
from .ensemble import NUMBERS, Runner, Workspace
from .operators import PAD
from .rng import uniform
from .scores import make_score
from .trajectory import begin

__all__ = ["FamilyRunner", "fine_times"]

Array = NDArray[np.float64]

#: Times at which scores are looked at, between the start and the last time.
_LOOKS = 150
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
    """

    def __init__(self, problem: sb.Problem, unraveling: str, seed: np.random.SeedSequence, n_threads: int) -> None:
        fine, self.places = fine_times(problem)
        super().__init__(fine, unraveling, seed, n_threads)
        self.copies = 0
        self._found: dict[int, Array] = {}
        self._sums = np.zeros((4, len(fine.times)))
        self._pilot_steps = 0

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
            self.score = make_score(values, self.tables.times, self.N)
        self._pilot_steps = int(self.counts[0])
        return interrupted

    def gain(self, families: int) -> dict[str, list[float | None]]:
        """What splitting is worth, at the problem's times, from these families alone.

        Of Q = ⟨(n·(J − c))²⟩, with n the direction of least variance and c the mean spin of the pilots: relative
        variances of single trajectories (from the weighted second moment over all copies, which is unbiased for them)
        and of families, and the ratio of variance × steps.
        """
        weight, one, own, squares = self._sums[:, self.places] / max(families, 1)
        steps = int(self.counts[0]) - self._pilot_steps
        with np.errstate(divide="ignore", invalid="ignore"):
            plain = weight * own / one**2 - 1
            family = squares / one**2 - 1
            ratio = plain / family * (self._pilot_steps / PILOTS) / (steps / max(families, 1))
        random = family > 1e-12  # where families differ at all
        named = {"variance_of_one": plain, "variance_of_family": family, "gain": ratio}
        return {
            name: [float(v) if ok and np.isfinite(v) else None for v, ok in zip(values, random, strict=True)]
            for name, values in named.items()
        }

    def one(self, index: int, space: Workspace, out: Array) -> bool:
        """Run family `index`; `out` (T, 9) has its weighted mean spin and the covariance within it.

        Where no path of the family is left, `out` is 0, and so is its weight.
        """
        if hasattr(self, "_one"):  # a pilot
            return bool(self._one(index, space, out))
        words = self.begin(index, space)
        times, path = len(self.tables.times), np.empty((len(self.tables.times), NUMBERS))
        total, first = np.zeros((times, 3)), np.zeros(times)
        second, weight, made = np.zeros((times, 3, 3)), 1.0, 0
        sums, watched = np.zeros((4, times)), self.score.normal.any()
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
            if watched:
                n = self.score.normal[begun:ended]
                away = ((spin - self.score.middle[begun:ended]) * n).sum(axis=-1)
                one = np.einsum("ta,tab,tb->t", n, inner, n) + away**2
                sums[1, begun:ended] += weight * one
                sums[2, begun:ended] += weight * one**2
            if code == 3:
                if uniform(words) < weight:
                    weight, space.place[2] = 1.0, 0
                    continue
            elif code == 2:
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
            sums[0], sums[3] = first, sums[1] ** 2
            self._found[index] = sums
        assert reference is not None
        share = np.where(first > 0, first, 1.0)
        shift = total / share[:, None]
        covariance = second / share[:, None, None] - shift[:, :, None] * shift[:, None, :]
        out[:, :3] = reference + shift
        for place, (a, b) in enumerate(((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))):
            out[:, 3 + place] = covariance[:, a, b]
        return True

    def run(self, first: int, last: int, look: Callable[[int], bool]) -> tuple[Array, NDArray[np.bool_], bool]:
        """Families first … last − 1, at the problem's own times; see `Runner.run`."""
        values, finished, interrupted = super().run(first, last, look)
        weights = np.ones(values.shape[:2])
        # In the order of the families, so that sums do not depend on threads.
        for index in np.flatnonzero(finished):
            sums = self._found[first + int(index)]
            weights[index] = sums[0]
            self._sums += sums
        self._found.clear()
        self.weights = np.ascontiguousarray(weights[:, self.places])
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
