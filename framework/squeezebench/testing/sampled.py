"""Checks of sampled solvers: blocks, seeds, bias and error bars."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from squeezebench.model import SpinModel
from squeezebench.moments import MAX_SAMPLE_BLOCKS, Moments
from squeezebench.problem import Problem
from squeezebench.states import CoherentSpinState

from .problems import catalogue, tilted
from .reference import reference_moments
from .registry import check
from .results import FailedCheckError, Measured, SkippedCheckError
from .subject import Subject, bits

__all__: list[str] = []

#: Independent solutions that error bars are judged by.
_SEEDS = 16
#: Spread over seeds in units of the error bars. With 16 seeds and about eight independent quantities among thirty, its
#: own standard error is 6 %; blocks that stand in pairs give 1.41.
_BARS = (0.7, 1.3)


def _sampled(subject: Subject, exact: bool = False) -> Problem:
    """A problem that the solver samples; skips if there is none."""
    noisy = SpinModel(N=3, twisting=0.8, drive=(0, 0, 0.4), emission=0.6, pumping=0.2, dephasing=0.5)
    problems = [
        Problem(SpinModel.driven_cavity(3, 0.7, chi=0.3, gamma_s=0.8), CoherentSpinState(), [0.0, 0.4, 0.8]),
        Problem(noisy, tilted(), [0.0, 0.4, 0.8]),
        *(problem for problem in catalogue() if not problem.is_steady),
    ]
    for problem in problems:
        if subject.supports(problem):
            claim = subject.claim(problem)
            if claim.sampled and (claim.accuracy == "exact" or not exact):
                return problem
    raise SkippedCheckError("the solver makes no sampled claim" + (" that is exact" if exact else ""))


@check("interface")
def samples(subject: Subject) -> None:
    """Sampled claims come with blocks of samples that the moments are pooled from, and others without."""
    for problem in subject.supported(catalogue()):
        claim, moments = subject.claim(problem), subject.solution(problem)
        if not claim.sampled:
            if moments.samples is not None:
                raise FailedCheckError("samples, and a claim that says sampled=False")
            continue
        if moments.samples is None:
            raise FailedCheckError("a sampled claim, and no samples: use Moments.from_samples")
        blocks = len(moments.samples.count)
        if not 2 <= blocks <= MAX_SAMPLE_BLOCKS:
            raise FailedCheckError(f"{blocks} blocks of samples: give 2 to {MAX_SAMPLE_BLOCKS}", blocks)
        pooled = Moments.from_samples(moments.samples)
        error = subject.distance(problem, moments, pooled)
        if error > 1e-12:
            raise FailedCheckError(f"the moments are not those pooled from the samples, by {error:.3g}", error, 1e-12)


@check("interface", "sampled")
def seed_matters(subject: Subject) -> None:
    """Another seed gives other numbers, in every block: neighbouring seeds share no trajectories."""
    problem = _sampled(subject)
    one, other = (subject.solve(problem, seed=seed) for seed in (1, 2))
    if bits(one) == bits(other):
        raise FailedCheckError("another seed gives the same numbers: use context.seed")
    if one.samples is None or other.samples is None:
        return
    rows = [[row.tobytes() for row in np.asarray(m.samples.spin)[:, -1]] for m in (one, other) if m.samples is not None]
    # What occurs twice under one seed is the value of a trajectory without jumps.
    alone = [{row for row in found if found.count(row) == 1} for found in rows]
    shared = len(alone[0] & alone[1])
    if shared > 1:
        raise FailedCheckError(
            f"{shared} blocks are the same under seeds 1 and 2: give each trajectory a stream of its own, "
            "SeedSequence(context.seed.entropy, spawn_key=(*context.seed.spawn_key, index))",
            shared,
            1,
        )


@check("interface", "solvers with sample_blocks")
def blocks_apart(subject: Subject) -> None:
    """Blocks that are computed apart are those of one piece, to the last bit."""
    problem = _sampled(subject)
    options = subject.options
    count = subject.solver.sample_blocks(problem, options)
    if not count and "n_trajectories" in subject.solver.Options.model_fields:
        options = subject.solver.resolve_options(subject.tier, {**subject.given, "n_trajectories": 64})
        count = subject.solver.sample_blocks(problem, options)
    if count < 2:
        raise SkippedCheckError("the solver has no blocks that can be computed apart")
    whole = subject.solver.solve(problem, options, subject.context()).samples
    middle = count // 2
    parts = [
        subject.solver.solve(problem, options, subject.context(blocks=pair)).samples
        for pair in ((0, middle), (middle, count))
    ]
    if whole is None or any(part is None for part in parts):
        raise FailedCheckError("blocks without samples")
    for name in ("weight", "spin", "covariance", "count", "index0"):
        joined = np.concatenate([getattr(part, name) for part in parts])
        if not np.array_equal(joined, getattr(whole, name)):
            raise FailedCheckError(f"{name} of blocks computed apart is not that of one piece")


@lru_cache(maxsize=4)
def _scores(subject: Subject) -> tuple[Any, Any]:
    """Errors in standard errors, and errors, of independent solutions: each (seeds, quantities)."""
    problem = _sampled(subject, exact=True)
    reference = reference_moments(problem)
    scores, errors = [], []
    for seed in range(_SEEDS):
        moments = subject.solve(problem, seed=1000 + seed)
        if moments.samples is None:
            raise SkippedCheckError("there are no samples to judge")
        row, plain = [], []
        for index, name in enumerate(("spin", "covariance")):
            error = (getattr(moments, name) - reference[index])[1:]
            bar = subject._standard_error(moments, name)[1:]
            if name == "covariance":  # the upper triangle
                upper = np.triu_indices(3)
                error, bar = error[:, upper[0], upper[1]], bar[:, upper[0], upper[1]]
            scale = (problem.N / 2) ** (index + 1)
            # What does not fluctuate has no error bar to judge.
            row.append(np.where(bar > 1e-7 * scale, error / np.where(bar > 0, bar, 1.0), 0.0).ravel())
            plain.append((error / scale).ravel())
        scores.append(np.concatenate(row))
        errors.append(np.concatenate(plain))
    return np.array(scores), np.array(errors)


@check("physics", "exact and sampled")
def unbiased(subject: Subject) -> Measured:
    """The mean over many seeds is that of the 2^N reference, within the spread of the seeds."""
    _, errors = _scores(subject)
    spread = errors.std(axis=0, ddof=1) / math.sqrt(len(errors))
    fluctuates = spread > 1e-9
    if not fluctuates.any():
        raise SkippedCheckError("nothing fluctuates")
    # Student's t with 15 degrees of freedom and about thirty quantities: 6.5 is passed by chance once in 3000.
    score = float(np.abs(errors.mean(axis=0)[fluctuates] / spread[fluctuates]).max())
    if score > 6.5:
        raise FailedCheckError(f"the mean over seeds is {score:.3g} standard errors off", score, 6.5)
    return Measured(score, 6.5)


@check("physics", "exact and sampled")
def error_bars(subject: Subject) -> Measured:
    """Standard errors are as large as the spread over seeds: neither too small nor too large by a third."""
    scores, errors = _scores(subject)
    # Around each quantity's own mean, so that a bias is another check's business.
    apart = scores - scores.mean(axis=0)
    used = np.abs(scores).max(axis=0) > 0
    spread = errors.std(axis=0, ddof=1)
    if (~used & (spread > 1e-6)).any():
        at = float(spread[~used].max())
        raise FailedCheckError(
            f"no error bar where seeds differ by {at:.3g} (of N/2, N²/4): blocks are all the same", at, 0
        )
    if not used.any():
        raise SkippedCheckError("nothing fluctuates")
    ratio = float(np.sqrt((apart[:, used] ** 2).sum() / ((len(scores) - 1) * used.sum())))
    if not _BARS[0] <= ratio <= _BARS[1]:
        what = "small" if ratio > 1 else "large"
        raise FailedCheckError(
            f"error bars are too {what}: the spread over seeds is {ratio:.3g} of them", ratio, _BARS[ratio > 1]
        )
    return Measured(ratio, _BARS[1])
