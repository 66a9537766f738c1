"""One sampled cell on many workers: blocks of trajectories computed apart and pooled as if in one piece."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from squeezebench.errors import StoreError
from squeezebench.execution import FAILED, Attempt, accept, error_text
from squeezebench.host import Host
from squeezebench.moment_checks import check_samples

from .files import read_job, write_job
from .job import Record, record_without_result
from .messages import joined
from .plan import Job

__all__ = ["keep_share", "kept_share", "pooled_record", "shares"]


#: A share that takes less than this, by the solver's own estimate, is not worth one of its own.
_WORTH_A_SHARE = 10.0


def shares(job: Job, host: Host, number: int, most: int = 0) -> list[Job]:
    """Jobs that together are `job`: contiguous ranges of its blocks, where its solver has such.

    Parameters
    ----------
    job : Job
        Of one cell.
    host : Host
        Where its solver is found.
    number : int
        How many, at most as many as there are blocks.
    most : int
        How many where the solver expects to take long, at 10 s or more each.
    """
    if max(number, most) < 2 or len(job.cells) != 1:
        return [job]
    cell, solver = job.cells[0], host.solver(job.spec.name)
    try:
        sampled = (
            bool(solver.full_support(cell.problem, cell.options)) and solver.claim(cell.problem, cell.options).sampled
        )
        blocks = int(solver.sample_blocks(cell.problem, cell.options)) if sampled else 0
        seconds = float(solver.estimate(cell.problem, cell.options).seconds) if blocks else math.nan
    except Exception:  # it says so itself when it is asked to solve
        return [job]
    if math.isfinite(seconds):
        number = max(number, min(most, int(seconds / _WORTH_A_SHARE)))
    number = min(number, blocks)
    if number < 2:
        return [job]
    edges = [blocks * part // number for part in range(number + 1)]
    return [replace(job, blocks=(a, b), checkpoint=None) for a, b in itertools.pairwise(edges)]


def _file(part: Job, whole: Job) -> Path | None:
    """Where a finished share waits for the others, if the run has a store."""
    if whole.checkpoint is None or part.blocks is None:
        return None
    return Path(whole.checkpoint) / f"blocks-{part.blocks[0]}-{part.blocks[1]}.nc"


def keep_share(part: Job, whole: Job, record: Record) -> None:
    """Keep a finished share, so that a run that is killed does not lose it."""
    file = _file(part, whole)
    if file is not None and record.status not in FAILED and record.moments is not None:
        write_job(file, [record])


def kept_share(part: Job, whole: Job) -> Record | None:
    """The record of a share that an earlier run has finished."""
    file = _file(part, whole)
    if file is None or not file.is_file():
        return None
    try:
        (record,) = read_job(file)
    except (StoreError, ValueError):  # it is computed again
        return None
    right = record.key == whole.cells[0].key and record.provenance.get("blocks") == list(part.blocks or ())
    return record if right else None


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
