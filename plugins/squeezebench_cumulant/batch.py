"""Many problems in one call: the same orders, grids and guard as for one, followed in blocks of points."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import squeezebench as sb
from squeezebench.faults import FAULTS
from squeezebench.lanes.batch import Watches, follow, in_threads, parameters_of, watches_of
from squeezebench.lanes.drive import BLOWN_UP, DONE, FAULT, STOPPED, STUCK, TOO_MANY
from squeezebench.pauli import pauli_tables

from .checks import judge
from .coefficients import flat_coefficients
from .convert import covariance, initial_coefficients, spin
from .course import Course, Grid, make_grid
from .equations import ANY_ORDER, code_of, with_coefficients
from .guard import Verdict, believe
from .lanes import lane_code

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from squeezebench.lanes.batch import Followed

    from .course import Grid

__all__ = ["solve_many"]

Array = NDArray[np.float64]
Result = sb.Moments | sb.SolverError

#: Points of one piece of work: enough to keep the lanes full, few enough that their series stay small and that the
#: run can be cancelled.
_PART = 128


@dataclass(frozen=True)
class Batch:
    """Problems of the same orders and kind of model.

    Attributes
    ----------
    problems : list of Problem
        Plain ones.
    orders : list of int
        Orders to integrate, the one that is asked for first.
    coefficients : ndarray (P, 91)
        Of their models.
    parameters : ndarray (P, 8)
        See `squeezebench.lanes.batch.parameters_of`.
    watches : Watches
        The reductions.
    reduced_only : bool
        Whether nobody keeps the series.
    total : int
        Points that take the same code, those of other batches included.
    """

    problems: list[sb.Problem]
    orders: list[int]
    coefficients: Array
    parameters: Array
    watches: Watches
    reduced_only: bool
    total: int


def solve_many(
    problems: Sequence[sb.Problem],
    options: Any,
    context: sb.Context,
    orders_of: Callable[[int], list[int]],
    moments_of: Callable[..., sb.Moments],
) -> list[Result]:
    """Results of plain problems, in order; a failure takes the place of its own result only.

    Parameters
    ----------
    problems : sequence of Problem
        One segment each.
    options, context
        As for `Solver.solve_batch`.
    orders_of : callable
        N → the orders that are integrated.
    moments_of : callable
        (problem, courses, verdict, grid, options) → moments.
    """
    results: list[Result] = [sb.SolverError("not computed")] * len(problems)
    coefficients = [flat_coefficients(pauli_tables(problem.model), problem.N) for problem in problems]
    stops = context.stops or (context.stop,) * len(problems)
    parameters = parameters_of(problems, stops)
    watches = watches_of(problems, context.reductions)
    reduced_only = bool(watches.names) and watches.complete and "series" not in context.keep
    groups: dict[tuple[Any, ...], list[int]] = {}
    for index, problem in enumerate(problems):
        orders = orders_of(problem.N)
        if reduced_only and options.guard != "orders":
            orders = orders[:1]
        codes = tuple(code_of(coefficients[index], k) for k in orders)
        groups.setdefault((tuple(orders), codes), []).append(index)
    parts = []
    for (orders, _), members in groups.items():
        size = min(_PART, max(1, math.ceil(len(members) / context.n_threads)))
        parts += [(list(orders), members[i : i + size]) for i in range(0, len(members), size)]
    done = 0

    def work(part: tuple[list[int], list[int]]) -> None:
        nonlocal done
        context.check()
        orders, members = part
        batch = Batch(
            [problems[i] for i in members],
            orders,
            np.array([coefficients[i] for i in members]),
            np.ascontiguousarray(parameters[members]),
            watches.part(members),
            reduced_only,
            len(problems),
        )
        solve = _reductions_alone if reduced_only and len(orders) == 1 else _with_courses
        for index, result in zip(members, solve(batch, options, moments_of), strict=True):
            results[index] = result
        done += len(members)
        context.progress(done / len(problems), f"order {orders[0]}")

    in_threads(work, parts, context.n_threads)
    return results


def _follow(
    batch: Batch, order: int, times: Array, watches: Watches, ends: Array, options: Any, **more: Any
) -> Followed:
    """Follow all points of a batch at one order."""
    equations = with_coefficients(batch.coefficients[0], order)
    if equations.code == ANY_ORDER:  # the terms that any point of the batch has
        equations = with_coefficients(np.abs(batch.coefficients).max(axis=0), order)
    code = lane_code(equations, batch.total)
    start = np.array([initial_coefficients(p.initial_state, p.N, order) for p in batch.problems])
    parameters = batch.parameters.copy()
    parameters[:, 0] = ends
    return follow(
        start,
        np.ascontiguousarray(batch.coefficients[:, code.places]),
        parameters,
        code.steps,
        code.slope,
        equations.indices,
        times,
        watches,
        rtol=options.rtol,
        atol=options.atol,
        max_steps=options.max_steps,
        **more,
    )


def _too_many(order: int, t: float, options: Any) -> sb.SolverError:
    return sb.SolverError(
        f"order {order} takes more than max_steps = {options.max_steps} steps, at t = {t:.6g}: "
        "give a larger max_steps, a larger rtol or fewer times"
    )


def _fault(status: int) -> tuple[str, str]:
    """Status and words of how a point ended."""
    if status >= FAULT:
        return ("diverged" if status == FAULT + 1 else "unphysical"), FAULTS[status - FAULT]
    if status in (STUCK, BLOWN_UP):
        return "diverged", "|⟨J⟩| leaves all bounds" if status == BLOWN_UP else "the solution ends at a finite time"
    return "ok", ""


# -------------------------------------------------------------------- reductions only, one order


def _reductions_alone(batch: Batch, options: Any, _: Any) -> list[Result]:
    order, nowhere = batch.orders[0], np.empty((len(batch.problems), 0))
    strict = options.guard != "none"
    done = _follow(batch, order, nowhere, batch.watches, batch.parameters[:, 0], options, strict=strict)
    results: list[Result] = []
    for row in range(len(batch.problems)):
        ended, code = float(done.ended[row]), int(done.status[row])
        if code == TOO_MANY:
            results.append(_too_many(order, ended, options))
            continue
        status, fault = _fault(code)
        reason = f"order {order} at t = {ended:.6g}: {fault}" if fault else ""
        numbers = batch.watches.values(done.reduced[row])
        counts = done.counts[row : row + 1]
        stopped = ended if code == STOPPED else math.inf
        results.append(_reduced([order], counts, numbers, status, reason, ended, stopped))
    return results


def _reduced(
    orders: list[int],
    counts: NDArray[np.int64],
    numbers: dict[str, float],
    status: str,
    reason: str,
    ended: float,
    stopped: float,
) -> sb.Moments:
    return sb.Moments(
        spin=np.empty((0, 3)),
        covariance=np.empty((0, 3, 3)),
        series=False,
        status=status,
        reason=reason,
        valid_until=math.inf if status == "ok" else ended,
        stopped=stopped,
        diagnostics={"orders": orders, "steps": counts[:, 1].tolist(), "right_hand_sides": counts[:, 3].tolist()},
        extra={"reductions": numbers},
    )


# -------------------------------------------------------------------- courses, and orders compared


def _with_courses(batch: Batch, options: Any, moments_of: Callable[..., sb.Moments]) -> list[Result]:
    problems, orders = batch.problems, batch.orders
    grids = [make_grid(problem, dense=len(orders) > 1) for problem in problems]
    times = np.full((len(problems), max(len(grid.times) for grid in grids)), np.inf)
    for row, grid in enumerate(grids):
        times[row, : len(grid.times)] = grid.times
    ends = batch.parameters[:, 0].copy()
    # A stop rule is about the order that is asked for: then it comes first, and the others need not go on after it.
    distinct = sorted(set(orders))
    ruled = bool(batch.parameters[:, 4].any())
    sequence = [distinct[1], distinct[0], *distinct[2:]] if len(distinct) > 1 and not ruled else distinct
    courses: dict[int, list[Course]] = {}
    failed: dict[int, sb.SolverError] = {}
    stopped = np.full(len(problems), math.inf)
    main: Any = None
    none = Watches(batch.watches.kinds[:0], batch.watches.limits[:, :0], (), True)
    for k in sequence:
        asked = k == orders[0]
        quiet = batch if asked else replace(batch, parameters=_unruled(batch), watches=none, reduced_only=True)
        done = _follow(quiet, k, times, quiet.watches, ends, options)
        courses[k] = [_course(done, row, k, problem.N, grids[row], options) for row, problem in enumerate(problems)]
        for row in np.flatnonzero(done.status == TOO_MANY).tolist():
            failed.setdefault(row, _too_many(k, float(done.ended[row]), options))
        if asked:
            main = done
            stopped[done.status == STOPPED] = done.ended[done.status == STOPPED]
            ends = np.minimum(ends, stopped)
        if options.guard == "orders":
            for row, course in enumerate(courses[k]):
                if course.status != "ok":
                    ends[row] = min(ends[row], course.end)
    results: list[Result] = []
    verdicts: list[Verdict] = []
    for row, problem in enumerate(problems):
        compared = [courses[k][row] for k in orders]
        judged = compared if options.guard == "orders" else compared[:1]
        verdict = believe(judged, grids[row], problem.N)
        verdicts.append(verdict)
    numbers = _refined(batch, main, courses[orders[0]], verdicts, grids, options)
    for row, problem in enumerate(problems):
        if row in failed:
            results.append(failed[row])
            continue
        compared, verdict, grid = [courses[k][row] for k in orders], verdicts[row], grids[row]
        if batch.reduced_only:
            counts = np.array([course.counts for course in compared])
            last = float(grid.times[verdict.length - 1]) if verdict.length else 0.0
            results.append(
                _reduced(orders, counts, numbers[row], verdict.status, verdict.reason, last, float(stopped[row]))
            )
            continue
        moments = moments_of(problem, compared, verdict, grid, options)
        object.__setattr__(moments, "stopped", float(stopped[row]) if verdict.status == "ok" else math.inf)
        if numbers[row]:
            moments.extra["reductions"] = numbers[row]  # type: ignore[index]  # a dictionary of our own
        results.append(moments)
    return results


def _unruled(batch: Batch) -> Array:
    """Parameters without the stop rule."""
    parameters = batch.parameters.copy()
    parameters[:, 4] = 0.0
    return parameters


def _course(done: Followed, row: int, order: int, N: int, grid: Grid, options: Any) -> Course:
    """What one point gave at one order, cut at its first fault on the grid."""
    size = len(grid.times)
    seen = int(done.counts[row, 0])
    values = done.out[row, :size]
    moments_spin, moments_covariance = spin(values, N), covariance(values, N)
    observables, faults = np.full((size, 2), np.nan), np.zeros(size, dtype=np.int64)
    judge(moments_spin[:seen], moments_covariance[:seen], float(N), observables[:seen], faults[:seen])
    status, fault = _fault(int(done.status[row]))
    course = Course(
        order=order,
        spin=moments_spin,
        covariance=moments_covariance,
        xi2=observables[:, 0],
        n_eff=observables[:, 1],
        length=seen,
        end=float(done.ended[row]),
        status=status,
        fault=fault,
        counts=done.counts[row],
    )
    found = np.flatnonzero(faults if options.guard != "none" else faults == 1)
    if len(found):
        cut, number = int(found[0]), int(faults[found[0]])
        course.length, course.end = cut, float(grid.times[cut])
        course.status, course.fault = ("diverged" if number == 1 else "unphysical"), FAULTS[number]
        for array in (course.spin, course.covariance, course.xi2, course.n_eff):
            array[cut:] = np.nan
    return course


def _refined(
    batch: Batch,
    main: Followed,
    courses: list[Course],
    verdicts: list[Verdict],
    grids: list[Grid],
    options: Any,
) -> list[dict[str, float]]:
    """Reductions of each point over the time that stands; points that were cut are followed again to there."""
    if not batch.watches.names:
        return [{} for _ in batch.problems]
    reduced = main.reduced.copy()
    ends = np.array(
        [float(grid.times[v.length - 1]) if v.length else -1.0 for v, grid in zip(verdicts, grids, strict=True)]
    )
    cut = np.array([v.status != "ok" for v in verdicts])
    again = np.flatnonzero(cut & (ends >= 0.0))
    reduced[cut] = np.nan
    if len(again):
        part = Batch(
            [batch.problems[row] for row in again],
            batch.orders,
            batch.coefficients[again],
            batch.parameters[again],
            batch.watches.part(again),
            True,
            batch.total,
        )
        nowhere = np.empty((len(again), 0))
        reduced[again] = _follow(part, batch.orders[0], nowhere, part.watches, ends[again], options).reduced
    return [batch.watches.values(row) for row in reduced]


assert DONE == 0  # `_fault` counts on it
