"""A problem's course: the walk of its start through its schedule, in one representation or another."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

import squeezebench as sb

from .checkpoint import Checkpoint, packed, unpack_into
from .choice import converted, needed_spins
from .pictures import Kept, Picture
from .plan import Plan
from .series import Pace, advance
from .window import Window

__all__ = ["Course"]

Array = NDArray[np.float64]

#: A state is tested for being stationary after each so many steps, if at least as many are still to come.
_LOOK = 10
#: Weight that may be lost, in units of atol.
_LEAK_BUDGET = 20.0
#: After so many steps a stretch ends.
_PAUSE = 4
#: A change below this, relative to the largest rate, is round-off.
_ROUND_OFF = 2e-14


class Course:
    """The walk of a problem's start through its schedule.

    Parameters
    ----------
    problem : Problem
        With finite times.
    picture : Picture
        The start.
    rtol, atol : float
        Error that the state may have in the end, relative, and that cuts may make.
    context : Context
        Threads, progress, limits.
    keep : {"none", "final", "all"}
        Which states to keep.
    plan : Plan, optional
        Where parts of each block are cut.
    convert : bool
        Whether the representation may change on the way.
    checkpoint : Checkpoint, optional
        From which the walk is taken up again, and which is written on the way; not if all states are kept.

    Attributes
    ----------
    spin, covariance : ndarray (T, 3), (T, 3, 3)
        Moments of the state of trace 1.
    trace : ndarray (T,)
        Trace before that.
    errors : ndarray (T, 8)
        Estimates: of the series, relative to the state's norm; the weight that left the window of J; what cuts
        inside of blocks did to mean spin and to second moments, in units of N/2 and N²/4, and to ξ²; and what the terms
        that the series left out would have added to the three.
    kept : list of Kept
        States.
    pace : Pace
        Counts.
    fewest_blocks, most_numbers : float
        The fewest blocks that a window had, and the most numbers that were stored.
    picture : Picture
        The state now.
    names : list of str
        Representations that were used, in this order.
    """

    def __init__(
        self,
        problem: sb.Problem,
        picture: Picture,
        rtol: float,
        atol: float,
        context: sb.Context,
        keep: str = "none",
        plan: Plan | None = None,
        convert: bool = False,
        checkpoint: Checkpoint | None = None,
    ) -> None:
        count = len(problem.times)
        self._problem, self._context, self._keep = problem, context, keep
        self._convert, self._atol = convert, atol
        self._checkpoint = None if keep == "all" else checkpoint
        self._end = float(problem.times[-1])
        self.picture = picture
        self.spin, self.covariance = np.empty((count, 3)), np.empty((count, 3, 3))
        self.trace, self.errors = np.empty(count), np.zeros((count, 8))
        if plan is not None:
            self.errors[:, 2:5] = plan.errors_at(problem.times)
        self.kept: list[Kept] = []
        self.pace = Pace(rtol, max(self._end, 1e-300), picture.reach)
        self._spins = needed_spins(problem)
        self._window = Window(self._spins, min(rtol, atol), self.pace.interval)
        self.most_numbers = picture.numbers
        self.names = [picture.name]
        self._segment = 0

    def run(self) -> Course:
        """Walk through all segments, or through what a checkpoint has left of them."""
        steps = [step for step in self._problem.segments() if step.start <= self._end]
        found = None if self._checkpoint is None else self._checkpoint.load()
        first, place = 0, None
        if found is not None:
            meta, arrays = found
            first, place = int(meta["segment"]), (float(meta["now"]), int(meta["done"]))
            unpack_into(self, meta, arrays, steps[first].model, self._atol)
        for index, step in enumerate(steps[first:], start=first):
            self._segment = index
            self._walk(step, place)
            place = None
        if self._checkpoint is not None:
            self._checkpoint.remove()
        return self

    @property
    def fewest_blocks(self) -> float:
        """Fewest blocks that a window had."""
        return min(self._window.narrowest, len(self._spins))

    def _walk(self, step: sb.Step, place: tuple[float, int] | None) -> None:
        """One step of the schedule: rotations first, then evolution; or the rest of it, from a time and an index on."""
        now, done = step.start, 0
        if place is None:
            self.picture.turn(step.rotations, step.model)
        else:
            now, done = place
        stop = min(step.stop, self._end)
        wanted = self._keep == "all"
        stops = np.unique(np.append(step.times, stop)) if wanted else np.array([stop])
        for target in stops.tolist():
            upto = int(np.searchsorted(step.times, target, side="right"))
            self._stretch(step, now, target, step.times[done:upto], step.first, done, place is not None)
            if wanted and upto > done:
                self.kept.append(self.picture.kept(target))
            now, done, place = target, upto, None
        if self._keep == "final" and step.last == len(self._problem.times):
            self.kept.append(self.picture.kept(stop))

    def _record(self, first: int, numbers: Array, drift: float = 0.0) -> None:
        """Moments at times from the index `first` on, from (n, 14) numbers."""
        rows = slice(first, first + len(numbers))
        self.spin[rows], self.covariance[rows] = self.picture.moments(numbers[:, :10])
        self.trace[rows] = numbers[:, 0]
        self.errors[rows, 0] = numbers[:, 10] + drift
        self.errors[rows, 5:] = numbers[:, 11:] + drift
        if self.picture.name == "multipoles" and not self.picture.truncated:
            self.errors[rows, 2:5] = 0.0
        self.errors[rows, 1] = self._window.leak + np.minimum(self.picture.leak, np.abs(1 - numbers[:, 0]))

    def _check_leak(self, now: float) -> None:
        """Raise as soon as more weight is lost than the error that was asked for bears."""
        leak = self._window.leak + self.picture.leak
        if leak > _LEAK_BUDGET * self._atol:
            raise sb.SolverError(
                f"by t = {now:.6g} the {self.picture.name} representation has lost a weight of {leak:.2g}, more than "
                f"{_LEAK_BUDGET:g} times atol = {self._atol:g}: the course is too long for it; give a larger atol, or "
                "take representation='multipoles' or 'blocks'"
            )

    def _stretch(
        self, step: sb.Step, start: float, stop: float, times: Array, first: int, before: int, resumed: bool
    ) -> None:
        """From `start` to `stop`; records moments at `times`, before which `before` of the segment's are done."""
        pace, model = self.pace, step.model
        first += before
        now, done, fresh = start, 0, not resumed
        windowed = not model.is_collective
        while fresh or now < stop:
            picture = self._present(model)
            if windowed:
                self._window.choose(picture, model, min(pace.step, stop - now), now)
            picture.refit(now)
            reach = picture.extents(model, self._spins)
            if fresh and start == step.start:
                pace.begin(*reach)
            else:
                pace.aim(*reach)
            pace.step = min(pace.step, picture.longest_step)
            fresh = False
            self.most_numbers = max(self.most_numbers, picture.numbers)
            generator = picture.generator(model, self._context.n_threads)
            watch = _Watch(self, generator, stop, windowed)
            try:
                reached_state = advance(generator, picture.x, now, stop, times[done:], pace, self._tick, watch)
            finally:
                generator.close()
            picture.x, part, now = reached_state
            self._check_leak(now)
            reached = int(np.searchsorted(times, now, side="right"))
            self._record(first + done, part[: reached - done])
            done = reached
            if self._checkpoint is not None and self._checkpoint.due and 0 < now < stop and not watch.stationary:
                meta, arrays = packed(self)
                self._checkpoint.save({**meta, "segment": self._segment, "now": now, "done": before + done}, arrays)
            if watch.stationary:
                numbers = np.append(generator.moments(picture.x), pace.errors)
                self._record(first + done, np.tile(numbers, (len(times) - done, 1)), watch.drift)
                break

    def _present(self, model: sb.SpinModel) -> Picture:
        """The state, in the representation that is cheapest now if it may change."""
        if self._convert:
            other = converted(self.picture, self._spins, model, self._atol, self.pace.steps)
            if other is not None:
                if other.name == "multipoles":
                    self.errors[:, 2:4] += self._atol
                    self.errors[:, 4] += self._atol * self._problem.N
                self.picture = other
                self.names.append(other.name)
        return self.picture

    def _tick(self, time: float) -> None:
        self._context.check()
        self._context.progress(time / self._end if self._end else 1.0)


class _Watch:
    """Looks at the state after each step, and tells when it has left the window or is stationary."""

    def __init__(self, course: Course, generator: Any, stop: float, windowed: bool) -> None:
        self._course, self._generator, self._stop, self._windowed = course, generator, stop, windowed
        self._buffer: Array | None = None
        self.stationary = False
        self.drift = 0.0

    def __call__(self, x: Array, now: float) -> str:
        course = self._course
        pace = course.pace
        window, picture = course._window, course.picture
        verdict = window.judge(picture, x, pace.step, now) if self._windowed else picture.judge(x, now)
        if verdict == "undo":
            return verdict
        left = self._stop - now
        if pace.steps % _LOOK == _LOOK - 1 and left > _LOOK * pace.step:
            if self._buffer is None:
                self._buffer = np.zeros((2, len(x)))
            out, unused = self._buffer
            self._generator.apply(x, out, unused, 1.0, 0.0, 0.0, 0.0)
            change, size = float(np.linalg.norm(out)), float(np.linalg.norm(x))
            round_off = _ROUND_OFF * max(pace.shift, pace.focus) * size
            if change * left < 0.1 * pace.tolerance * size or change < round_off:
                # Evolution does not make the change grow in the trace norm.
                self.drift = change * left / size
                self.stationary = True
                return "stop"
        # Now and then stop in any case, where a checkpoint can be taken: the same with and without one.
        return "stop" if pace.steps % _PAUSE == _PAUSE - 1 else verdict
