"""Copies of the tiny sampled solver that are wrong in their trajectories, blocks and error bars."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

import squeezebench as sb

from .broken import _ALL_PHYSICS, TinySampled


class TinyBlocks(TinySampled):
    """A stream for each block, which can be computed apart."""

    name = "tiny_blocks"

    def sample_blocks(self, problem: Any, options: Any) -> int:
        return self.blocks

    def stream(self, context: sb.Context, index: int) -> np.random.Generator:
        seed = np.random.SeedSequence(context.seed.entropy, spawn_key=(*context.seed.spawn_key, index))
        return np.random.default_rng(seed)

    def spoil(self, moments: sb.Moments, problem: sb.Problem, options: Any, context: sb.Context) -> sb.Moments:
        T, B = len(problem.times), self.blocks
        first, last = context.blocks or (0, B)
        sigma = np.where(problem.times > 0, self.noise, 0.0)[:, None] * problem.N / 2
        spin, covariance = [], []
        for index in range(first, last):
            rng = self.stream(context, index)
            spin.append(moments.spin + sigma * rng.normal(size=(T, 3)))
            rough = sigma[..., None] * rng.normal(size=(T, 3, 3)) * problem.N / 2
            between = (sigma**2)[..., None] * (1 - 1 / B) * np.eye(3)
            covariance.append(moments.covariance + (rough + rough.swapaxes(-1, -2)) / 2 - between)
        return self.pooled_from(first, np.array(spin), np.array(covariance))

    def pooled_from(self, first: int, spin: Any, covariance: Any) -> sb.Moments:
        B, T = spin.shape[:2]
        count, index0 = np.full(B, 10), 10 * (first + np.arange(B))
        return sb.Moments.from_samples(sb.Samples(np.full((B, T), 10.0), spin, covariance, count, index0))


class Neighbouring(TinyBlocks):
    """Trajectory i under seed s is trajectory i − 1 under seed s + 1."""

    def stream(self, context: sb.Context, index: int) -> np.random.Generator:
        return np.random.default_rng(int(context.seed.entropy or 0) + index)  # type: ignore[arg-type]


class OneStream(TinyBlocks):
    """Every block has the same random numbers."""

    def stream(self, context: sb.Context, index: int) -> np.random.Generator:
        return np.random.default_rng(context.seed)


class InPairs(TinyBlocks):
    """Two blocks each have the same random numbers, as where a stream is chosen by index // 2."""

    def stream(self, context: sb.Context, index: int) -> np.random.Generator:
        return super().stream(context, index // 2)


class Common(TinySampled):
    """Three quarters of the noise are common to all blocks, which makes their scatter smaller than their error."""

    def spoil(self, moments: Any, problem: Any, options: Any, context: Any) -> sb.Moments:
        rng = np.random.default_rng([7, *context.seed.generate_state(2)])
        off = np.where(problem.times > 0, self.noise / 4, 0.0)[:, None] * problem.N / 2 * rng.normal(size=3)
        return super().spoil(dataclasses.replace(moments, spin=moments.spin + off), problem, options, context)


class VarianceForError(TinySampled):
    """Scatter of blocks scaled so that their variance stands where their standard error should."""

    def pooled(self, spin: Any, covariance: Any) -> sb.Moments:
        for values in (spin, covariance):
            mean = values.mean(axis=0)
            values[:] = mean + (values - mean) * 0.02 * 8
        return super().pooled(spin, covariance)


class WithinOnly(TinySampled):
    """Takes no account of the spread between trajectories in the covariance."""

    noise = 0.2

    def spoil(self, moments: Any, problem: Any, options: Any, context: Any) -> sb.Moments:
        sigma = np.where(problem.times > 0, self.noise, 0.0)[:, None, None] * problem.N / 2
        less = dataclasses.replace(moments, covariance=moments.covariance - sigma**2 * np.eye(3))
        return super().spoil(less, problem, options, context)


class AllAtOnce(TinyBlocks):
    """Says that it has blocks, and computes all of them whatever is asked for."""

    def spoil(self, moments: Any, problem: Any, options: Any, context: Any) -> sb.Moments:
        return super().spoil(moments, problem, options, dataclasses.replace(context, blocks=None))


class CountingFromZero(TinyBlocks):
    """Streams by the place in the call, not in the whole."""

    def stream(self, context: sb.Context, index: int) -> np.random.Generator:
        return super().stream(context, index - (context.blocks or (0, 0))[0])


class Unsaid(TinySampled):
    """Samples, and a claim that does not say so."""

    def claim(self, problem: Any, options: Any) -> sb.Claim:
        return sb.Claim("exact", floor=1e-12)


class OneBlock(TinySampled):
    """One block has no scatter to take an error from."""

    blocks = 1


class Drifting(TinySampled):
    """Biased by a third of an error bar at every time: less than any single answer shows."""

    def spoil(self, moments: Any, problem: Any, options: Any, context: Any) -> sb.Moments:
        off = np.where(problem.times > 0, 3 * self.noise / 8, 0.0)[:, None] * problem.N / 2
        return super().spoil(dataclasses.replace(moments, spin=moments.spin + off), problem, options, context)


class ThreadsShareTheStream(TinySampled):
    """Who draws first depends on the number of threads."""

    def generator(self, context: sb.Context) -> np.random.Generator:
        return np.random.default_rng([context.n_threads, *context.seed.generate_state(2)])


_BARS = _ALL_PHYSICS | {"batch_equals_single", "save_times", "nothing_happens", "stop_rule", "unbiased", "error_bars"}

RIGHT: list[type[sb.Solver]] = [TinyBlocks]

#: (broken solver, check meant for it, further checks that test what is broken).
FAULTS: list[tuple[type[sb.Solver], str, set[str]]] = [
    (Neighbouring, "seed_matters", {"error_bars", "unbiased"}),
    (OneStream, "error_bars", _BARS),
    (InPairs, "error_bars", _BARS),
    (Common, "error_bars", _BARS),
    (VarianceForError, "error_bars", _BARS | {"samples"}),
    (WithinOnly, "unbiased", _ALL_PHYSICS | {"tiers_reach_their_error", "nothing_happens"}),
    (AllAtOnce, "blocks_apart", set()),
    (CountingFromZero, "blocks_apart", set()),
    (Unsaid, "samples", {"*"}),
    (OneBlock, "samples", {"*"}),
    (Drifting, "unbiased", {"conserved_quantities"}),
    (ThreadsShareTheStream, "threads", set()),
]
