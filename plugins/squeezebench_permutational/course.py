"""A problem's course: the walk through its schedule, in blocks or populations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import squeezebench as sb
from squeezebench.angular import block_weights, cos, sin, spin_values

from .algebra import extents, frame_angle, turned_model
from .layout import Layout, block_entries
from .populations import PopulationGenerator, populations
from .rotations import rotated
from .series import Pace, advance
from .stencil import BlockGenerator
from .window import Window

__all__ = ["Course", "Kept", "make_generator", "moments_of", "needed_spins"]

Array = NDArray[np.float64]

#: A state is tested for being stationary after each so many steps, if at least as many are still to come.
_LOOK = 10
#: A change below this, relative to the largest rate, is round-off.
_ROUND_OFF = 2e-14


@dataclass(frozen=True)
class Kept:
    """A state at a time: its layout, its array (of a state, or of populations), and the angle of its frame."""

    time: float
    layout: Layout
    x: Array
    angle: float


def needed_spins(problem: sb.Problem) -> list[float]:
    """J whose blocks can be occupied: all of them with single-spin dissipation, else those of the start."""
    if all(step.model.is_collective for step in problem.segments()):
        blocks = problem.initial_state.dicke_blocks(problem.N)
        return sorted((J for J, share in block_weights(blocks) if share > 0), reverse=True)
    return spin_values(problem.N)


def make_generator(
    model: sb.SpinModel, layout: Layout, angle: float, diagonal: bool, n_threads: int = 1
) -> BlockGenerator | PopulationGenerator:
    """Generator of a model, for state arrays in the frame of `angle` or for populations."""
    if diagonal:
        return PopulationGenerator(model, layout)
    return BlockGenerator(turned_model(model, angle), layout, n_threads)


def moments_of(numbers: Array, angle: float) -> tuple[Array, Array]:
    """⟨J⟩ (T, 3) and covariance (T, 3, 3) in the state of trace 1, from (T, 10) numbers of `kernels.block_moments`."""
    trace = numbers[:, 0]
    z, zz, across = (numbers[:, 1:4] / trace[:, None]).T
    turn = complex(cos(angle), -sin(angle))
    plus, z_plus, plus_plus = (
        (numbers[:, i] + 1j * numbers[:, i + 1]) / trace * turn**n for i, n in ((4, 1), (6, 1), (8, 2))
    )
    spin = np.stack([plus.real, plus.imag, z], axis=-1)
    second = np.empty((len(numbers), 3, 3))
    second[:, 0, 0], second[:, 1, 1] = (across + plus_plus.real) / 2, (across - plus_plus.real) / 2
    second[:, 0, 1] = second[:, 1, 0] = plus_plus.imag / 2
    second[:, 0, 2] = second[:, 2, 0] = z_plus.real
    second[:, 1, 2] = second[:, 2, 1] = z_plus.imag
    second[:, 2, 2] = zz
    return spin, second - spin[:, :, None] * spin[:, None, :]


class Course:
    """The walk of a problem's start through its schedule.

    Parameters
    ----------
    problem : Problem
        With finite times.
    diagonal : bool
        Populations only, or blocks.
    rtol : float
        Error that the state may have in the end, relative.
    context : Context
        Threads, progress, limits.
    keep : {"none", "final", "all"}
        Which states to keep.

    Attributes
    ----------
    spin, covariance : ndarray (T, 3), (T, 3, 3)
        Moments of the state of trace 1.
    trace, error : ndarray (T,)
        Trace before that, and the estimated relative error of the state.
    kept : list of Kept
        States.
    pace : Pace
        Counts.
    entries, fewest_blocks : int
        Numbers of all blocks, and the fewest blocks that a window had.
    """

    def __init__(self, problem: sb.Problem, diagonal: bool, rtol: float, context: sb.Context, keep: str = "none"):
        count = len(problem.times)
        self._problem, self._diagonal, self._context, self._keep = problem, diagonal, context, keep
        self._end = float(problem.times[-1])
        self.spin, self.covariance = np.empty((count, 3)), np.empty((count, 3, 3))
        self.trace, self.error = np.empty(count), np.empty(count)
        self.kept: list[Kept] = []
        self.pace = Pace(rtol, max(self._end, 1e-300))
        self._spins = needed_spins(problem)
        layout = Layout(problem.N, self._spins)
        self._angle = 0.0 if diagonal else frame_angle(problem.segments()[0].model)
        if diagonal:
            x = populations(problem.initial_state, layout)
        else:
            x = layout.pack(problem.initial_state.dicke_blocks(problem.N), self._angle)
        self._window = Window(layout, x, diagonal, rtol, self.pace.interval)
        self.entries = len(x) if diagonal else block_entries(problem.N, self._spins)
        for step in problem.segments():
            if step.start <= self._end:
                self._walk(step)
        self.fewest_blocks = min(self._window.narrowest, len(self._spins))

    def _walk(self, step: sb.Step) -> None:
        """One step of the schedule: rotations first, then evolution."""
        window = self._window
        if not self._diagonal:
            before, self._angle = self._angle, frame_angle(step.model)
            window.x = rotated(window.layout, window.x, step.rotations, before, self._angle)
        stop = min(step.stop, self._end)
        numbers = np.empty((len(step.times), 11))
        wanted = self._keep == "all"
        stops = np.unique(np.append(step.times, stop)) if wanted else np.array([stop])
        now, done = step.start, 0
        for target in stops.tolist():
            upto = int(np.searchsorted(step.times, target, side="right"))
            self._stretch(step, now, target, step.times[done:upto], numbers[done:upto])
            if wanted and upto > done:
                self._keep_state(target)
            now, done = target, upto
        rows = slice(step.first, step.last)
        self.spin[rows], self.covariance[rows] = moments_of(numbers, self._angle)
        self.trace[rows], self.error[rows] = numbers[:, 0], numbers[:, 10]
        if self._keep == "final" and step.last == len(self._problem.times):
            self._keep_state(stop)

    def _keep_state(self, time: float) -> None:
        window = self._window
        self.kept.append(Kept(time, window.layout, window.x.copy(), self._angle))

    def _stretch(self, step: sb.Step, start: float, stop: float, times: Array, numbers: Array) -> None:
        """From `start` to `stop`; fills `numbers` (len(times), 11)."""
        window, pace = self._window, self.pace
        now, done, fresh = start, 0, True
        windowed = not step.model.is_collective
        if start == step.start:
            pace.begin(*extents(turned_model(step.model, self._angle), self._spins, self._diagonal))
        while fresh or now < stop:
            fresh = False
            if windowed:
                window.choose(step.model, min(pace.step, stop - now), now)
            generator = make_generator(step.model, window.layout, self._angle, self._diagonal, self._context.n_threads)
            watch = _Watch(self, generator, stop, windowed)
            try:
                window.x, part, now = advance(generator, window.x, now, stop, times[done:], pace, self._tick, watch)
            finally:
                generator.close()
            reached = int(np.searchsorted(times, now, side="right"))
            numbers[done:reached] = part[: reached - done]
            numbers[done:reached, 10] += window.leak
            done = reached
            if watch.stationary:
                numbers[done:, :10] = generator.moments(window.x)
                numbers[done:, 10] = pace.error + window.leak + watch.drift
                break

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
        if self._windowed:
            verdict = course._window.judge(self._generator.weights(x), pace.step, now)
            if verdict != "go":
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
        return "go"
