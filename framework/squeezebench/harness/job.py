"""Doing one job: solve its cells, reduce them, and give records that can be stored."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from squeezebench.errors import SolverError
from squeezebench.execution import Attempt, attempt, complete, provenance, seed_sequence
from squeezebench.host import Host
from squeezebench.moments import Moments
from squeezebench.problem import Problem
from squeezebench.solver import Context, Solver, no_progress
from squeezebench.threads import preload, thread_limit

from .plan import Cell, Job

__all__ = ["Record", "execute"]

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


def execute(job: Job, host: Host, *, progress: Progress | None = None, deadline: float = np.inf) -> list[Record]:
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

    Returns
    -------
    list of Record
        One a cell, failures included; never raises, but for KeyboardInterrupt and the like.
    """
    solver = host.solver(job.spec.name)
    report = progress or no_progress
    if len(job.cells) > 1 and solver.batches:
        outcomes = _batch(solver, job, _context(job, job.cells[0], report, deadline))
    else:
        outcomes = [
            attempt(solver, cell.problem, cell.options, _context(job, cell, report, deadline)) for cell in job.cells
        ]
    return [_record(solver, job, cell, outcome, host) for cell, outcome in zip(job.cells, outcomes, strict=True)]


def _context(job: Job, cell: Cell, progress: Progress, deadline: float) -> Context:
    stop = cell.point.stop
    return Context(
        seed=seed_sequence(cell.seed),
        n_threads=job.n_threads,
        keep=job.keep,
        stop=None if stop is None else stop.to_dict(),
        reductions=_reductions([cell]),
        progress=progress,
        deadline=deadline,
    )


def _reductions(cells: Sequence[Cell]) -> tuple[tuple[Mapping[str, Any], ...], ...]:
    return tuple(tuple(reduction.to_dict() for reduction in cell.point.reductions) for cell in cells)


def _batch(solver: Solver, job: Job, context: Context) -> list[Attempt]:
    """Outcomes of a batch: the cells that the solver supports in one call, the others told apart."""
    from squeezebench.execution import _accept  # the same acceptance as for a single cell
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
            outcomes[index] = Attempt("error", f"{type(error).__name__}: {error}", exception=error)
    if not taken:
        return outcomes
    preload(solver.libraries)
    compiled, started = compile_seconds(), time.perf_counter()
    cells = [job.cells[index] for index in taken]
    problems = [cell.problem for cell in cells]
    stops = tuple(None if cell.point.stop is None else cell.point.stop.to_dict() for cell in cells)
    context = dataclasses.replace(context, reductions=_reductions(cells), stops=stops)
    try:
        with thread_limit(context.n_threads if solver.parallel else 1):
            results = solver.solve_batch(problems, job.cells[0].options, context)
        if len(results) != len(problems):
            raise SolverError(f"solve_batch gave {len(results)} results for {len(problems)} problems")
    except Exception as error:
        failure = error if isinstance(error, SolverError) else SolverError(f"{type(error).__name__}: {error}")
        results = [failure] * len(problems)
    compiled = compile_seconds() - compiled
    seconds = max(0.0, time.perf_counter() - started - compiled) / len(taken)
    for index, problem, result in zip(taken, problems, results, strict=True):
        outcome = outcomes[index]
        outcome.seconds, outcome.compile_seconds = seconds, compiled / len(taken)
        try:
            if isinstance(result, SolverError):
                raise result
            outcome.reason = ""
            _accept(outcome, result, problem)
        except SolverError as error:
            outcome.status, outcome.reason, outcome.exception = error.status, str(error), error
    return outcomes


def _record(solver: Solver, job: Job, cell: Cell, outcome: Attempt, host: Host) -> Record:
    details = {
        "tier": cell.spec.tier,
        "seed": cell.seed,
        "key": cell.key,
        "reductions": [reduction.to_dict() for reduction in cell.point.reductions],
    }
    story = provenance(solver, cell.problem, cell.options, outcome, details)
    timing = {
        "key": cell.key,
        "solver": solver.name,
        "n_threads": job.n_threads,
        "timing_grade": "batch" if len(job.cells) > 1 else "shared",
        "created": story["created"],
        "machine": story.pop("machine"),
        **story.pop("timings"),
    }
    record = Record(cell.key, outcome.status, outcome.reason, story, timing=timing)
    if outcome.moments is not None:
        moments = complete(outcome.moments, cell.problem)
        record.reductions = _reduced(cell, moments, host)
        if "series" in job.keep and moments.series:
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
