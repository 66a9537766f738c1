"""One order of the hierarchy, followed through the segments of a problem."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import squeezebench as sb
from squeezebench.pauli import pauli_tables

from .coefficients import flat_coefficients
from .series import monomials

if TYPE_CHECKING:
    from collections.abc import Callable

    from squeezebench.pauli import PauliTables

__all__ = ["Course", "Grid", "collective_rate", "follow", "make_grid"]

Array = NDArray[np.float64]

#: Points between the saved times at which orders are compared: evenly over a segment, and by this ratio from its
#: start. Orders may part and agree again, both wrong, between two saved times; parting takes a few e-foldings of an
#: instability that began at the segment's start, which 5 % steps in time resolve.
_EVEN_POINTS = 128
_RATIO = 1.05


@dataclass(frozen=True)
class Grid:
    """Times at which an order is looked at, segment by segment.

    Attributes
    ----------
    times : ndarray (G,)
        All segments' times after one another: the saved ones and those in between.
    saved : ndarray (T,)
        Where the problem's times are among them.
    bounds : tuple of (int, int)
        First and one past the last entry of each segment.
    coefficients : tuple of ndarray (91,)
        Of each segment's model, for all orders.
    """

    times: Array
    saved: NDArray[np.int64]
    bounds: tuple[tuple[int, int], ...]
    coefficients: tuple[Array, ...]


@dataclass
class Course:
    """What one order gave.

    Attributes
    ----------
    order : int
        The order.
    spin (G, 3), covariance (G, 3, 3), xi2 (G,), n_eff (G,) : ndarray
        On the grid; NaN from `length` on.
    length : int
        Grid points up to which the values stand.
    end : float
        Time at which it ended: the last time, or that of the fault.
    status, fault : str
        ``"ok"`` and nothing, or ``"diverged"`` or ``"unphysical"`` and what happened.
    counts : ndarray (4,)
        Grid points, steps, rejected steps, right-hand sides.
    """

    order: int
    spin: Array
    covariance: Array
    xi2: Array
    n_eff: Array
    length: int
    end: float
    status: str
    fault: str
    counts: NDArray[np.int64]


def collective_rate(model: Any) -> float:
    """Largest rate at which the mean spin can change: the size of the mean-field equations' coefficients."""
    return _collective_rate(pauli_tables(model), model.N)


def _collective_rate(tables: PauliTables, N: int) -> float:
    pair = np.abs(tables.outside[:, 1:, 1:]).sum(axis=(1, 2)).max()
    return float(np.abs(tables.single).max() + 2 * (N - 1) * pair)


def make_grid(problem: sb.Problem, dense: bool) -> Grid:
    """The problem's times, and with `dense` the points between them at which orders are compared."""
    parts: list[Array] = []
    saved: list[NDArray[np.int64]] = []
    bounds: list[tuple[int, int]] = []
    coefficients: list[Array] = []
    offset = 0
    for step in problem.segments():
        points = step.times
        tables = pauli_tables(step.model)
        coefficients.append(flat_coefficients(tables, problem.N))
        stop = min(step.stop, float(problem.times[-1]))
        length = stop - step.start
        if dense and length > 0:
            between = step.start + length * np.arange(1, _EVEN_POINTS) / _EVEN_POINTS
            first = min(0.1 / max(_collective_rate(tables, problem.N), 1e-300), length)
            n = math.ceil(math.log(length / first) / math.log(_RATIO)) if first < length else 0
            early = step.start + np.minimum(first * _RATIO ** np.arange(n), length)
            extra = np.concatenate((between, early))
            points = np.unique(np.concatenate((points, extra[(extra > step.start) & (extra < stop)])))
        saved.append(offset + np.searchsorted(points, step.times))
        parts.append(points)
        bounds.append((offset, offset + len(points)))
        offset += len(points)
    return Grid(np.concatenate(parts), np.concatenate(saved), tuple(bounds), tuple(coefficients))


def follow(
    problem: sb.Problem,
    order: int,
    grid: Grid,
    options: Any,
    check: Callable[[float], None],
    horizon: float,
) -> Course:
    """Integrate one order until the last time, the horizon, or a fault.

    Parameters
    ----------
    problem : Problem
        What to solve.
    order : int
        Order of the hierarchy.
    grid : Grid
        Where to report.
    options : CumulantOptions
        Tolerances, largest number of steps, and whether unphysical moments end it.
    check : callable
        Called with the time now and then; may raise.
    horizon : float
        Nothing after this time is of interest.

    Raises
    ------
    SolverError
        If it takes more than `max_steps` steps.
    """
    from .convert import covariance, initial_coefficients, rotated, spin
    from .equations import with_coefficients
    from .kernels import BLOWN_UP, DONE, MORE, advance, compiled, pointer

    N = problem.N
    state = initial_coefficients(problem.initial_state, N, order)
    values = np.full((len(grid.times), len(state)), np.nan)
    course = _empty(order, len(grid.times))
    budget = max(20, 20_000 // len(monomials(order)))
    seen = 0
    for step, (first, last), coefficients in zip(problem.segments(), grid.bounds, grid.coefficients, strict=True):
        if step.rotations:
            state = rotated(state, order, step.rotation_matrix)
        if step.start > horizon:
            break
        eq = with_coefficients(coefficients, order)
        slope = pointer(compiled(eq))
        stop = min(step.stop, max(horizon, step.start))
        times = grid.times[first:last]
        times = times[times <= stop]
        clock = np.array([step.start, 0.0, 1e-4])
        counts = np.zeros(4, dtype=np.int64)
        before = course.counts.copy()
        result = MORE
        while result == MORE:
            into = values[first:last]
            model = (slope, eq.coefficients, eq.indices)
            result = advance(state, clock, counts, stop, times, *model, options.rtol, options.atol, budget, into)
            check(float(clock[0]))
            course.counts = before + counts
            reached = first + int(counts[0])
            part = slice(seen, reached)
            course.spin[part], course.covariance[part] = spin(values[part], N), covariance(values[part], N)
            if _judge(course, N, seen, reached, grid, options.guard != "none"):
                return course
            seen = reached
            if result == MORE and course.counts[1] + course.counts[2] > options.max_steps:
                raise sb.SolverError(
                    f"order {order} takes more than max_steps = {options.max_steps} steps, at t = {clock[0]:.6g}: "
                    "give a larger max_steps, a larger rtol or fewer times"
                )
        if result != DONE:
            course.end, course.status = float(clock[0]), "diverged"
            course.fault = "|⟨J⟩| leaves all bounds" if result == BLOWN_UP else "the solution ends at a finite time"
            course.length = seen
            return course
        course.end = float(clock[0])
    course.length = seen
    return course


def _empty(order: int, size: int) -> Course:
    return Course(
        order=order,
        spin=np.full((size, 3), np.nan),
        covariance=np.full((size, 3, 3), np.nan),
        xi2=np.full(size, np.nan),
        n_eff=np.full(size, np.nan),
        length=0,
        end=0.0,
        status="ok",
        fault="",
        counts=np.zeros(4, dtype=np.int64),
    )


def _judge(course: Course, N: int, first: int, last: int, grid: Grid, strict: bool) -> bool:
    """Fill in the observables of grid points `first` … `last` − 1; cut the course at the first fault, if any."""
    from .checks import FAULTS, judge

    observables = np.empty((last - first, 2))
    faults = np.empty(last - first, dtype=np.int64)
    judge(course.spin[first:last], course.covariance[first:last], float(N), observables, faults)
    course.xi2[first:last], course.n_eff[first:last] = observables.T
    found = np.flatnonzero(faults if strict else faults == 1)
    if not len(found):
        return False
    cut = first + int(found[0])
    fault = int(faults[found[0]])
    course.length, course.end = cut, float(grid.times[cut])
    course.status, course.fault = ("diverged" if fault == 1 else "unphysical"), FAULTS[fault]
    for array in (course.spin, course.covariance, course.xi2, course.n_eff):
        array[cut:] = np.nan
    return True
