"""Doing one job: solve its cells, reduce them, and give records that can be stored."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from squeezebench.errors import SolverError
from squeezebench.execution import (
    Attempt,
    accept,
    attempt,
    complete,
    error_text,
    provenance,
    seed_sequence,
    take_failure,
)
from squeezebench.host import Host
from squeezebench.moments import Moments
from squeezebench.problem import Problem
from squeezebench.solver import Context, Solver, no_progress
from squeezebench.threads import preload, thread_limit

from .limits import MemoryGauge
from .plan import Cell, Job

__all__ = ["Record", "execute", "record_without_result"]

Progress = Callable[..., None]


@dataclass
class Record:
    """What is known of one cell when it is done.

    Attributes
    ----------
    key, status, reason : str
        Which cell, and how it ended.
    provenance : mapping
        Everything needed to run it again; plain JSON types.
    moments : Moments or None
        The result, where there is one and the series is kept.
    reductions : mapping of str to float
        The scenario's reductions.
    timing : mapping
        ``seconds``, ``compile_seconds``, ``n_threads``: a record of its own in the store.
    """

    key: str
    status: str
    reason: str
    provenance: dict[str, Any]
    moments: Moments | None = None
    reductions: dict[str, float] = field(default_factory=dict)
    timing: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def problem(self) -> Problem:
        """The problem that was solved."""
        return Problem.from_dict(self.provenance["problem"])


def execute(
    job: Job,
    host: Host,
    *,
    progress: Progress | None = None,
    deadline: float = np.inf,
    max_memory: float = np.inf,
) -> list[Record]:
    """Records of a job's cells, in order.

    Parameters
    ----------
    job : Job
        The cells.
    host : Host
        Where the solver is found.
    progress : callable, optional
        ``progress(fraction, text)`` of the job.
    deadline : float
        ``time.monotonic()`` value at which a solver should give up.
    max_memory : float
        Bytes that a solver may use.

    Returns
    -------
    list of Record
        One a cell, failures included; never raises, but for KeyboardInterrupt and the like.
    """
    solver = host.solver(job.spec.name)
    with tempfile.TemporaryDirectory(prefix="squeezebench-", ignore_cleanup_errors=True) as scratch:
        context = Context(
            n_threads=job.n_threads,
            keep=job.keep,
            progress=progress or no_progress,
            deadline=deadline,
            max_memory=max_memory,
            blocks=job.blocks,
            checkpoint=None if job.checkpoint is None else Path(job.checkpoint),
            scratch=Path(scratch),
        )
        if len(job.cells) > 1 and solver.batches:
            outcomes = _batch(solver, job, _of_cell(context, job.cells[0]))
        else:
            outcomes = [_single(solver, cell, _of_cell(context, cell)) for cell in job.cells]
    return [_record(solver, job, cell, outcome, host) for cell, outcome in zip(job.cells, outcomes, strict=True)]


def _of_cell(context: Context, cell: Cell) -> Context:
    stop = cell.point.stop
    return replace(
        context,
        seed=seed_sequence(cell.seed),
        stop=None if stop is None else stop.to_dict(),
        reductions=_reductions([cell]),
    )


def _single(solver: Solver, cell: Cell, context: Context) -> Attempt:
    gauge = MemoryGauge()
    outcome = attempt(solver, cell.problem, cell.options, context, tier=cell.spec.tier)
    outcome.peak_memory = gauge.peak()
    return outcome


def _reductions(cells: Sequence[Cell]) -> tuple[tuple[Mapping[str, Any], ...], ...]:
    return tuple(tuple(reduction.to_dict() for reduction in cell.point.reductions) for cell in cells)


def _batch(solver: Solver, job: Job, context: Context) -> list[Attempt]:
    """Outcomes of a batch: the cells that the solver supports in one call, the others told apart."""
    from squeezebench.jit import compile_seconds

    outcomes = [Attempt("error", "the batch gave no result") for _ in job.cells]
    taken = []
    for index, cell in enumerate(job.cells):
        try:
            support = solver.full_support(cell.problem, cell.options)
            if support:
                outcomes[index].claim = solver.claim(cell.problem, cell.options)
                taken.append(index)
            else:
                outcomes[index] = Attempt("unsupported", support.reason or "no reason given")
        except Exception as error:
            take_failure(outcomes[index], error)
    if not taken:
        return outcomes
    preload(solver.libraries)
    gauge, compiled, started = MemoryGauge(), compile_seconds(), time.perf_counter()
    with thread_limit(context.n_threads if solver.parallel else 1):
        results = _results(solver, [job.cells[index] for index in taken], context)
    compiled = compile_seconds() - compiled
    seconds = max(0.0, time.perf_counter() - started - compiled) / len(taken)
    peak = gauge.peak()
    for index, result in zip(taken, results, strict=True):
        outcome, cell = outcomes[index], job.cells[index]
        outcome.seconds, outcome.compile_seconds, outcome.peak_memory = seconds, compiled / len(taken), peak
        try:
            if isinstance(result, BaseException):
                raise result
            outcome.reason = ""
            accept(outcome, result, cell.problem, cell.spec.tier)
        except (Exception, SystemExit) as error:
            take_failure(outcome, error)
    return outcomes


def _results(solver: Solver, cells: Sequence[Cell], context: Context) -> list[Any]:
    """What the solver gives for each cell; a call that fails as a whole is halved, so that one point costs itself."""
    stops = tuple(None if cell.point.stop is None else cell.point.stop.to_dict() for cell in cells)
    batch = replace(context, reductions=_reductions(cells), stops=stops)
    try:
        results = solver.solve_batch([cell.problem for cell in cells], cells[0].options, batch)
        if not isinstance(results, Sequence) or len(results) != len(cells):
            given = len(results) if isinstance(results, Sequence) else type(results).__name__
            raise SolverError(f"solve_batch gave {given} results for {len(cells)} problems")
        return list(results)
    except (Exception, SystemExit) as error:
        if len(cells) == 1 or getattr(error, "status", "") == "timeout":
            return [error] * len(cells)
        half = len(cells) // 2
    return _results(solver, cells[:half], context) + _results(solver, cells[half:], context)


def record_without_result(job: Job, cell: Cell, outcome: Attempt, host: Host, *, output: str = "") -> Record:
    """Record of a cell that came to nothing, for whatever reason outside the solver."""
    record = _record(host.solver(job.spec.name), job, cell, outcome, host)
    if output.strip():
        record.provenance["output"] = output
    return record


def _record(solver: Solver, job: Job, cell: Cell, outcome: Attempt, host: Host) -> Record:
    try:
        return _record_of(solver, job, cell, outcome, host)
    except Exception as error:  # what a solver or an observable of a plugin has brought along
        failed = Attempt("error", f"its result cannot be recorded: {error_text(error)}")
        return _record_of(solver, job, cell, failed, host)


def _record_of(solver: Solver, job: Job, cell: Cell, outcome: Attempt, host: Host) -> Record:
    details: dict[str, Any] = {
        "tier": cell.spec.tier,
        "seed": cell.seed,
        "key": cell.key,
        "reductions": [reduction.to_dict() for reduction in cell.point.reductions],
        "stop": None if cell.point.stop is None else cell.point.stop.to_dict(),
        "keep": sorted(job.keep),
        "n_threads": job.n_threads,
    }
    if job.blocks is not None:
        details["blocks"] = list(job.blocks)
    story = provenance(solver, cell.problem, cell.options, outcome, details)
    timing = {
        "key": cell.key,
        "solver": solver.name,
        "n_threads": job.n_threads,
        "cells": len(job.cells),
        "timing_grade": "batch" if len(job.cells) > 1 else "shared",
        "created": story["created"],
        "machine": story.pop("machine"),
        **story.pop("timings"),
    }
    record = Record(cell.key, outcome.status, outcome.reason, story, timing=timing)
    if outcome.moments is not None:
        moments = complete(outcome.moments, cell.problem)
        record.reductions = _reduced(cell, moments, host)
        if ("series" in job.keep and moments.series) or job.blocks is not None:  # parts are pooled later
            record.moments = moments
    return record


def _reduced(cell: Cell, moments: Moments, host: Host) -> dict[str, float]:
    """The point's reductions, the solver's own (refined inside its loop) where it gives them."""
    if not cell.point.reductions:
        return {}
    from squeezebench.dataset import build

    values: dict[str, float] = {}
    own: Mapping[str, Any] = moments.extra.get("reductions", {})
    wanted = [output.name for reduction in cell.point.reductions for output in reduction.outputs]
    if all(name in own for name in wanted):
        return {name: float(own[name]) for name in wanted}
    ds = build(cell.problem, moments, provenance={}, observables=host.observables)
    series = {str(name): variable.values for name, variable in ds.variables.items()}
    for reduction in cell.point.reductions:
        values |= {name: float(own.get(name, value)) for name, value in reduction.compute(series).items()}
    return values
