"""Copies of the tiny exact solver that are wrong in how they answer, and in what they leave behind."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

import squeezebench as sb
from squeezebench.testing.reference import reference_moments

from .broken import _ALL_PHYSICS, Tiny


class SinglePrecision(Tiny):
    """Moments of 32-bit numbers."""

    def spoil(self, moments: Any, problem: Any, options: Any, context: Any) -> sb.Moments:
        return sb.Moments(moments.spin.astype(np.float32), moments.covariance.astype(np.float32))


class SinglePrecisionInside(Tiny):
    """As good as 32 bits are, at every tier."""

    def spoil(self, moments: Any, problem: Any, options: Any, context: Any) -> sb.Moments:
        return sb.Moments(*(a.astype(np.float32).astype(float) for a in (moments.spin, moments.covariance)))


class Complex(Tiny):
    def spoil(self, moments: Any, problem: Any, options: Any, context: Any) -> sb.Moments:
        return sb.Moments(moments.spin, moments.covariance + 0j)


class FlatForOneSpin(Tiny):
    """Drops the dimension of the times where there is one spin."""

    def spoil(self, moments: Any, problem: Any, options: Any, context: Any) -> sb.Moments:
        return sb.Moments(moments.spin, moments.covariance[:, :, 0]) if problem.N == 1 else moments


class FlatForOneTime(Tiny):
    def spoil(self, moments: Any, problem: Any, options: Any, context: Any) -> sb.Moments:
        return sb.Moments(moments.spin[0], moments.covariance[0]) if len(problem.times) == 1 else moments


class Gaps(Tiny):
    """NaN at the last of many times, and says nothing about it."""

    def spoil(self, moments: Any, problem: Any, options: Any, context: Any) -> sb.Moments:
        if len(problem.times) > 8:
            moments.spin[-1] = np.nan
        return moments


class Free(Tiny):
    def estimate(self, problem: Any, options: Any) -> sb.Cost:
        return sb.Cost(bytes=0.0, seconds=1.0)


class Trying(Tiny):
    """Fills its memory to see what it would take."""

    def estimate(self, problem: Any, options: Any) -> sb.Cost:
        return sb.Cost(bytes=float(np.ones(2 * 10**7).nbytes), seconds=1.0)


class Indexing(Tiny):
    """Raises on numbers of spins that it has no table for."""

    def supports(self, problem: Any, options: Any) -> sb.Support:
        return sb.Support(bool({1: 1, 2: 1, 3: 1, 4: 1, 5: 1, 6: 1}[problem.N]))


class AlwaysRaising(Tiny):
    def supports(self, problem: Any, options: Any) -> sb.Support:
        raise AttributeError("'Problem' object has no attribute 'hamiltonian'")


class YesOrNo(Tiny):
    """A bare bool."""

    def supports(self, problem: Any, options: Any) -> Any:
        return problem.N <= 6


class Elastic(Tiny):
    """Calls itself exact, but for ten percent."""

    def claim(self, problem: Any, options: Any) -> sb.Claim:
        return sb.Claim("exact", floor=0.1)


class Evasive(Tiny):
    """Claims nothing that can be looked at."""

    def claim(self, problem: Any, options: Any) -> sb.Claim:
        return sb.Claim("exact", observables=("husimi",))


class Stale(Tiny):
    """The same arrays every time."""

    kept: dict[Any, sb.Moments] = {}

    def spoil(self, moments: Any, problem: Any, options: Any, context: Any) -> sb.Moments:
        return self.kept.setdefault(problem, moments)


class Scaling(Tiny):
    """Works in units of its own, in the problem's array of times."""

    def solve(self, problem: Any, options: Any, context: Any) -> sb.Moments:
        moments = super().solve(problem, options, context)
        times = np.array(problem.times) * 2
        object.__setattr__(problem, "times", times)
        return moments


class Emptying(Tiny):
    def solve_batch(self, problems: Any, options: Any, context: Any) -> Any:
        found = []
        while problems:
            found.append(self.solve(problems.pop(0), options, context))
        return found


class FirstOfBatch(Tiny):
    """Takes the first model for that of all."""

    def solve_batch(self, problems: Any, options: Any, context: Any) -> Any:
        return [self.solve(sb.Problem(problems[0].model, p.initial, p.times), options, context) for p in problems]


class Silencing(Tiny):
    def spoil(self, moments: Any, problem: Any, options: Any, context: Any) -> sb.Moments:
        np.seterr(over="raise" if np.geterr()["over"] != "raise" else "ignore")
        return moments


class Wandering(Tiny):
    def spoil(self, moments: Any, problem: Any, options: Any, context: Any) -> sb.Moments:
        there = Path("there")
        os.chdir(there if there.is_dir() else Path.cwd().parent)
        return moments


class Littering(Tiny):
    def spoil(self, moments: Any, problem: Any, options: Any, context: Any) -> sb.Moments:
        Path(f"result{len(os.listdir())}.dat").write_text("1")
        return moments


class Setting(Tiny):
    def spoil(self, moments: Any, problem: Any, options: Any, context: Any) -> sb.Moments:
        os.environ["OMP_NUM_THREADS"] = str(int(os.environ.get("OMP_NUM_THREADS", "1")) + 1)
        return moments


class HalfDone(Tiny):
    """When cancelled, returns the zeros that it has not filled yet."""

    def solve(self, problem: Any, options: Any, context: Any) -> sb.Moments:
        if context.cancelled():
            return sb.Moments(np.zeros((len(problem.times), 3)), np.zeros((len(problem.times), 3, 3)))
        return super().solve(problem, options, context)


class HalfDoneInTime(Tiny):
    """Past its deadline, returns the start for all times."""

    def solve(self, problem: Any, options: Any, context: Any) -> sb.Moments:
        if context.deadline < float("inf"):
            spin, covariance = reference_moments(problem)
            return sb.Moments(np.repeat(spin[:1], len(spin), 0), np.repeat(covariance[:1], len(spin), 0))
        return super().solve(problem, options, context)


class Interrupted(Tiny):
    """Gives up with an exception of its own when cancelled."""

    def solve(self, problem: Any, options: Any, context: Any) -> sb.Moments:
        if context.cancelled():
            raise InterruptedError("cancelled")
        return super().solve(problem, options, context)


class StopsAtOnce(Tiny):
    """Takes a stop rule for one that holds."""

    def spoil(self, moments: Any, problem: Any, options: Any, context: Any) -> sb.Moments:
        return dataclasses.replace(moments, stopped=float(problem.times[1])) if context.stop else moments


class ShortOfTheStop(Tiny):
    """With a stop rule it takes longer steps."""

    def spoil(self, moments: Any, problem: Any, options: Any, context: Any) -> sb.Moments:
        off = np.where(problem.times > 0, 1e-3, 0.0)[:, None] * problem.N / 2
        return dataclasses.replace(moments, spin=moments.spin + off) if context.stop else moments


class EachThreadItsOwn(Tiny):
    """Every thread reports its own progress."""

    def spoil(self, moments: Any, problem: Any, options: Any, context: Any) -> sb.Moments:
        if context.n_threads > 1:
            context.progress(0.4)
        return moments


class Percent(Tiny):
    def spoil(self, moments: Any, problem: Any, options: Any, context: Any) -> sb.Moments:
        context.progress(100.0)
        return moments


class TakesAnything(Tiny):
    """Options that ignore a misspelt name."""

    class Options(sb.Options):
        model_config = {"extra": "ignore"}


class FromAnotherTime(Tiny):
    api_version = 0


class NegativeByDefault(Tiny):
    """A default outside the option's own bounds."""

    class Options(sb.Options):
        steps: int = Field(default=-1, gt=0, description="steps")


class Endless(Tiny):
    def estimate(self, problem: Any, options: Any) -> sb.Cost:
        return sb.Cost(bytes=1e6, seconds=float("inf"))


class Collecting(Tiny):
    """Works less well when it has to keep states."""

    def spoil(self, moments: Any, problem: Any, options: Any, context: Any) -> sb.Moments:
        factor = 1 + 1e-9 * ("states" in context.keep)
        return dataclasses.replace(moments, spin=factor * moments.spin)


class TooMany(Tiny):
    """Keeps five hundred trajectories."""

    def spoil(self, moments: Any, problem: Any, options: Any, context: Any) -> sb.Moments:
        if "trajectories" not in context.keep:
            return moments
        copies = {name: np.repeat(getattr(moments, name)[None], 500, 0) for name in ("spin", "covariance")}
        return dataclasses.replace(moments, extra={"trajectories": copies})


class Resuming(Tiny):
    """Goes on from what it finds in the folder, as if nothing had been done there."""

    def spoil(self, moments: Any, problem: Any, options: Any, context: Any) -> sb.Moments:
        if context.checkpoint is None:
            return moments
        file = context.checkpoint / "state"
        done = file.exists()
        file.write_text("done")
        return dataclasses.replace(moments, spin=moments.spin[::-1].copy()) if done else moments


#: (broken solver, check meant for it, further checks that test what is broken).
FAULTS: list[tuple[type[sb.Solver], str, set[str]]] = [
    (SinglePrecision, "shapes", {"tiers_reach_their_error"}),
    (SinglePrecisionInside, "tiers_reach_their_error", set()),
    (Complex, "shapes", {"*"}),
    (FlatForOneSpin, "shapes", {"answers_consistent"} | _ALL_PHYSICS),
    (FlatForOneTime, "shapes", {"initial_moments", "collective_steady_state"}),
    (Gaps, "shapes", {"stop_rule"}),
    (Free, "answers_consistent", set()),
    (Trying, "answers_before_work", set()),
    (Indexing, "refusals", set()),
    (AlwaysRaising, "refusals", set()),
    (YesOrNo, "refusals", {"answers_consistent"}),
    (Elastic, "answers_consistent", set()),
    (Evasive, "answers_consistent", set()),
    (Stale, "inputs_unchanged", set()),
    (Scaling, "inputs_unchanged", {"*"}),
    (Emptying, "batch_equals_single", set()),
    (FirstOfBatch, "batch_equals_single", set()),
    (Silencing, "global_settings", set()),
    (Wandering, "global_settings", set()),
    (Littering, "global_settings", set()),
    (Setting, "global_settings", set()),
    (HalfDone, "cancellation", set()),
    (HalfDoneInTime, "deadline", set()),
    (Interrupted, "cancellation", set()),
    (StopsAtOnce, "stop_rule", set()),
    (ShortOfTheStop, "stop_rule", set()),
    (EachThreadItsOwn, "progress", set()),
    (Percent, "progress", set()),
    (TakesAnything, "options", set()),
    (FromAnotherTime, "attributes", set()),
    (NegativeByDefault, "options", set()),
    (Endless, "answers_consistent", set()),
    (Collecting, "kept_and_resumed", set()),
    (TooMany, "kept_and_resumed", set()),
    (Resuming, "kept_and_resumed", set()),
]
