"""How many trajectories: as many as asked for, or doubled until ξ² is known well enough; and what became of them."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

import squeezebench as sb
from squeezebench.moment_checks import MAX_TRAJECTORIES
from squeezebench.moments import MAX_SAMPLE_BLOCKS

from .blocks import Blocks, covariance_matrices
from .cost import PILOTS
from .ensemble import NUMBERS, Runner
from .rarity import unseen
from .rng import GENERATOR, GENERATOR_VERSION
from .splitting import FamilyRunner
from .statistics import Precision
from .stopping import DECIDING, first_times, stop_place

__all__ = ["FIRST", "Course", "block_size"]

Array = NDArray[np.float64]

#: Trajectories before ξ² is looked at for the first time; then twice as many, and so on.
FIRST = 64
#: Bytes of trajectories that are held before they are put into blocks.
_HELD = 6.4e7


class Course:
    """One solution.

    Parameters
    ----------
    problem : Problem
        What to solve.
    options : MonteCarloOptions
        How many trajectories, and which.
    context : Context
        Seed, threads, progress, whether to go on.
    """

    def __init__(self, problem: sb.Problem, options: Any, context: sb.Context) -> None:
        self._problem, self._options, self._context = problem, options, context
        kind = FamilyRunner if options.splitting else Runner
        self._runner = kind(problem, options.unraveling, context.seed, context.n_threads)
        self._kept: list[Array] = []
        self._most = options.n_trajectories or options.max_trajectories
        self._interrupted = False
        self._blocks = Blocks(len(problem.times), block_size(self._most) if options.n_trajectories else 1)
        # Trajectories that have been run to decide where all of them end, and what they took.
        self._known = np.zeros((0, len(problem.times), NUMBERS))
        self._steps = np.zeros(5, np.int64)
        self._last = len(problem.times)
        # Families spread over a tail that single trajectories do not see: they go to the end.
        self._rule = None if options.splitting else context.stop

    def moments(self) -> sb.Moments:
        """Run, and say how it went.

        Raises
        ------
        SolverError
            If it is stopped before two trajectories are finished, or is out of time.
        """
        options, asked = self._options, self._options.target_rel_error
        target = None if options.n_trajectories else asked
        if isinstance(self._runner, FamilyRunner) and self._runner.prepare(self._look(0)):
            if not self._context.partial:
                raise KeyboardInterrupt
            self._interrupted = True
        done, aim = 0, self._most if target is None else min(FIRST, self._most)
        if self._rule is not None:
            self._decide()
        if self._context.blocks is not None:  # a share of a solution that many workers make
            size = self._blocks.size
            done, aim = self._context.blocks[0] * size, min(self._context.blocks[1] * size, self._most)
            self._most = aim
        found: Precision | None = None
        while not self._interrupted:
            self._run(done, aim)
            done = aim
            if self._interrupted:
                break
            if target is not None:
                found = Precision(self._samples(), self._problem.N, target)
                if found.reached:
                    break
            if done >= self._most:
                break
            aim = min(2 * done, self._most)
        return self._result(found, target)

    def _decide(self) -> None:
        """Ask the first trajectories where the stop rule ends all of them; they are kept, and not run again."""
        values, finished = self._chunk(0, min(DECIDING, self._most))
        if self._interrupted:  # too early to decide: what is finished counts, as without a rule
            self._take(0, values, finished)
            return
        deciding = Blocks(len(self._problem.times))
        deciding.add(0, values, finished)
        assert self._rule is not None
        place = stop_place(self._problem, deciding.samples(), self._rule)
        self._known = values
        if place >= 0:
            self._last = place + 1
            values[:, self._last :] = np.nan
            self._steps, context = self._runner.counts, self._context
            self._runner = Runner(
                first_times(self._problem, self._last), self._options.unraveling, context.seed, context.n_threads
            )

    def _run(self, first: int, last: int) -> None:
        """Trajectories first … last − 1 into blocks, some at a time."""
        times = len(self._problem.times)
        chunk = self._blocks.size
        while 2 * chunk * times * NUMBERS * 8 <= _HELD:
            chunk *= 2
        while first < last and not self._interrupted:
            end = min(last, (first // chunk + 1) * chunk)
            self._take(first, *self._chunk(first, end))
            first = end

    def _take(self, first: int, values: Array, finished: NDArray[np.bool_]) -> None:
        if "trajectories" in self._context.keep:
            missing = MAX_TRAJECTORIES - sum(len(part) for part in self._kept)
            self._kept.append(values[finished][: max(missing, 0)].copy())
        self._blocks.add(first, values, finished, self._runner.weights)

    def _look(self, first: int) -> Callable[[int], bool]:
        """What to do now and then: report, and see whether to go on."""
        context = self._context

        def look(finished: int) -> bool:
            if context.cancelled():
                self._interrupted = True
                return False
            if time.monotonic() > context.deadline:
                raise sb.SolverError(
                    f"the time limit has passed after {first + finished} trajectories: give more time, fewer "
                    "trajectories, or a larger target_rel_error",
                    status="timeout",
                )
            context.progress((first + finished) / self._most, f"{first + finished} trajectories")
            return True

        return look

    def _chunk(self, first: int, last: int) -> tuple[Array, NDArray[np.bool_]]:
        known = self._known[first:last]
        first += len(known)
        look = self._look(first)
        look(0)
        values, finished, interrupted = self._runner.run(first, last, look)
        if interrupted and not self._context.partial:
            raise KeyboardInterrupt
        self._interrupted = self._interrupted or interrupted
        if self._last < len(self._problem.times):
            missing = len(self._problem.times) - self._last
            values = np.pad(values, ((0, 0), (0, missing), (0, 0)), constant_values=np.nan)
        if len(known):
            values = np.concatenate([known, values])
            finished = np.concatenate([np.ones(len(known), dtype=np.bool_), finished])
        return values, finished

    def _samples(self) -> sb.Samples:
        """The blocks so far, with what they do not show of rare jumps."""
        samples = self._blocks.samples()
        shared = self._context.blocks is not None
        total = self._options.n_trajectories if shared else self._blocks.total
        doubt = unseen(self._problem, self._options.unraveling, samples, total)
        return replace(samples, doubt=np.tile(doubt, (len(samples.count), 1)))

    def _result(self, found: Precision | None, target: float | None) -> sb.Moments:
        blocks, options, problem = self._blocks, self._options, self._problem
        total = blocks.total
        if self._interrupted and total < 2:
            raise sb.SolverError(f"cancelled after {total} trajectories: an average takes two at least")
        samples = self._samples()
        if found is None or self._interrupted:
            found = Precision(samples, problem.N, target)
        own = self._runner.counts
        counts = [*(self._steps[:4] + own[:4]).tolist(), int(max(self._steps[4], own[4]))]
        reached = None if target is None else found.reached
        reason = ""
        if self._interrupted:
            reason = f"interrupted: {total} of up to {self._most} trajectories are finished, and make this result"
            warnings.warn(f"mcwf was {reason}", sb.SqueezebenchWarning, stacklevel=2)
        elif target is not None and not reached:
            when = float(problem.times[found.at])
            reason = (
                f"target_rel_error = {target:g} is not reached with max_trajectories = {self._most}: the relative "
                f"standard error of xi2 is {found.worst:.3g} at time {when:g}"
            )
            if found.worst <= target:
                reason = (
                    f"target_rel_error = {target:g} cannot be confirmed with max_trajectories = {self._most}: error "
                    "bars cannot be trusted at some times (see `reliable`)"
                )
        diagnostics = {
            "unraveling": options.unraveling,
            "generator": GENERATOR,
            "generator_version": GENERATOR_VERSION,
            "trajectories": total,
            "blocks": len(blocks.count),
            "target_rel_error": target,
            "target_reached": reached,
            "interrupted": self._interrupted,
            "xi2_rel_error": found.worst if math.isfinite(found.worst) else None,
            "xi2_bias": [float(value) if math.isfinite(value) else None for value in found.bias],
            "steps": counts[0],
            "rejected_steps": counts[1],
            "jumps": counts[2],
            "jumps_of_J": counts[3],
            "widest_window": counts[4],
        }
        if isinstance(self._runner, FamilyRunner):
            aim = self._runner.score.aim
            diagnostics |= {"copies": self._runner.copies, "pilots": PILOTS, "aim": aim if math.isfinite(aim) else None}
            diagnostics |= self._runner.gain(total)
        extra = {}
        if "trajectories" in self._context.keep:
            kept = np.concatenate(self._kept)
            extra["trajectories"] = {"spin": kept[..., :3].copy(), "covariance": covariance_matrices(kept)}
        self._context.progress(1.0, f"{total} trajectories")
        stopped = float(problem.times[self._last - 1]) if self._last < len(problem.times) else math.inf
        return sb.Moments.from_samples(samples, reason=reason, stopped=stopped, diagnostics=diagnostics, extra=extra)


def block_size(total: int) -> int:
    """Trajectories in a block, where there are `total` of them."""
    size = 1
    while -(-total // size) > MAX_SAMPLE_BLOCKS:
        size *= 2
    return size
