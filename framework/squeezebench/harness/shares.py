"""One sampled cell on many workers: blocks of trajectories computed apart and pooled as if in one piece."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import replace

from squeezebench.execution import FAILED, Attempt, accept, error_text
from squeezebench.host import Host
from squeezebench.moment_checks import check_samples

from .job import Record, record_without_result
from .messages import joined
from .plan import Job

__all__ = ["pooled_record", "shares"]


def shares(job: Job, host: Host, number: int) -> list[Job]:
    """Up to `number` jobs that together are `job`: contiguous ranges of its blocks, where its solver has such."""
    if number < 2 or len(job.cells) != 1:
        return [job]
    cell, solver = job.cells[0], host.solver(job.spec.name)
    try:
        sampled = (
            bool(solver.full_support(cell.problem, cell.options)) and solver.claim(cell.problem, cell.options).sampled
        )
        blocks = int(solver.sample_blocks(cell.problem, cell.options)) if sampled else 0
    except Exception:  # it says so itself when it is asked to solve
        return [job]
    number = min(number, blocks)
    if number < 2:
        return [job]
    edges = [blocks * part // number for part in range(number + 1)]
    return [replace(job, blocks=(a, b), checkpoint=None) for a, b in itertools.pairwise(edges)]


def pooled_record(job: Job, parts: Sequence[Record], host: Host) -> Record:
    """Record of a cell from those of its shares, in whatever order they came back."""
    cell = job.cells[0]
    worst = next((part for part in parts if part.status in FAILED or part.moments is None), None)
    if worst is not None:
        ended = worst.provenance.get("ended", {})
        return record_without_result(job, cell, Attempt(worst.status, worst.reason, ended=dict(ended)), host)
    solver = host.solver(job.spec.name)
    outcome = Attempt("error")
    outcome.claim = solver.claim(cell.problem, cell.options)
    try:
        for part in parts:
            assert part.moments is not None
            if part.moments.samples is None:
                raise ValueError("a share has no samples")
            check_samples(part.moments.samples, len(cell.problem.times))
        accept(
            outcome, joined([part.moments for part in parts if part.moments is not None]), cell.problem, cell.spec.tier
        )
    except Exception as error:
        outcome = Attempt("error", f"the shares of this cell cannot be pooled: {error_text(error)}")
    timings = [part.timing for part in parts]
    outcome.seconds = math.fsum(float(timing.get("seconds", 0.0)) for timing in timings)
    outcome.compile_seconds = math.fsum(float(timing.get("compile_seconds", 0.0)) for timing in timings)
    outcome.peak_memory = max((float(timing.get("peak_memory", math.nan)) for timing in timings), default=math.nan)
    record = record_without_result(job, cell, outcome, host)
    record.timing["shares"] = len(parts)
    return record
