"""Many problems in one call, followed in blocks of points."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import squeezebench as sb
from squeezebench.lanes.batch import follow, in_threads, parameters_of, watches_of
from squeezebench.lanes.drive import DONE, STOPPED, TOO_MANY
from squeezebench.pauli import pauli_tables

from .lanes import code_of

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["solve_many"]

Array = NDArray[np.float64]
Result = sb.Moments | sb.SolverError

#: Points of one piece of work.
_PART = 256


def solve_many(problems: Sequence[sb.Problem], options: Any, context: sb.Context) -> list[Result]:
    """Results of plain problems with product starts, in order; a failure takes the place of its own result only."""
    stops = context.stops or (context.stop,) * len(problems)
    parameters = parameters_of(problems, stops)
    watches = watches_of(problems, context.reductions)
    alone = bool(watches.names) and watches.complete and "series" not in context.keep
    results: list[Result] = [sb.SolverError("not computed")] * len(problems)
    size = min(_PART, max(1, math.ceil(len(problems) / context.n_threads)))
    done = 0

    def work(first: int) -> None:
        nonlocal done
        context.check()
        rows = slice(first, min(first + size, len(problems)))
        chosen = problems[rows]
        length = 0 if alone else max(len(problem.times) for problem in chosen)
        times = np.full((len(chosen), length), np.inf)
        start, coefficients = np.empty((len(chosen), 3)), np.empty((len(chosen), 39))
        for row, problem in enumerate(chosen):
            product = problem.initial_state.as_product(problem.N)
            assert product is not None
            start[row] = product.bloch_vector()
            tables = pauli_tables(problem.model)
            coefficients[row, :12] = tables.single.ravel()
            coefficients[row, 12:] = ((problem.N - 1) * tables.outside[:, 1:, 1:]).ravel()
            if length:
                times[row, : len(problem.times)] = problem.times
        followed = follow(
            start,
            coefficients,
            np.ascontiguousarray(parameters[rows]),
            *code_of(len(problems)),
            np.zeros(1, dtype=np.int64),
            times,
            watches.part(rows),
            rtol=options.rtol,
            atol=options.atol,
            max_steps=options.max_steps,
        )
        for row, problem in enumerate(chosen):
            numbers = watches.values(followed.reduced[row])
            code, ended = int(followed.status[row]), float(followed.ended[row])
            bloch = followed.out[row, : len(problem.times)]
            results[first + row] = _result(problem, bloch, code, ended, followed.counts[row], numbers, alone, options)
        done += len(chosen)
        context.progress(done / len(problems))

    in_threads(work, range(0, len(problems), size), context.n_threads)
    return results


def _result(
    problem: sb.Problem,
    bloch: Array,
    code: int,
    ended: float,
    counts: NDArray[np.int64],
    numbers: dict[str, float],
    alone: bool,
    options: Any,
) -> Result:
    if code == TOO_MANY:
        return sb.SolverError(
            f"more than max_steps = {options.max_steps} steps, at t = {ended:.6g}: "
            "give a larger max_steps or a larger rtol"
        )
    if code not in (DONE, STOPPED):
        return sb.SolverError(f"the step size fell to nothing at t = {ended:.6g}: give a larger rtol")
    N = problem.N
    return sb.Moments(
        spin=np.empty((0, 3)) if alone else N / 2 * bloch,
        covariance=np.empty((0, 3, 3)) if alone else N / 4 * (np.eye(3) - bloch[:, :, None] * bloch[:, None, :]),
        series=not alone,
        stopped=ended if code == STOPPED else math.inf,
        diagnostics={"steps": int(counts[1]), "rejected": int(counts[2]), "right_hand_sides": int(counts[3])},
        extra={"reductions": numbers} if numbers else {},
    )
