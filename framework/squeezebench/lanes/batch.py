"""From arrays of starts, coefficients and times to results, on several threads."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from squeezebench.observables.kernels import QUANTITIES
from squeezebench.reductions import Reduction, StopRule

from .drive import drive
from .watch import EXTREMUM, FALL, FINAL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from squeezebench.problem import Problem

__all__ = ["Followed", "Watches", "follow", "in_threads", "parameters_of", "watches_of"]

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

_AXES = {"x": 0, "y": 1, "z": 2}


@dataclass(frozen=True)
class Watches:
    """Reductions of a batch, as the kernels take them.

    Attributes
    ----------
    kinds : ndarray (R, 3)
        Kind, number of the quantity, sign.
    limits : ndarray (P, R)
        Time or level of each point.
    names : tuple of (str, ...)
        Names of what each reduction gives: the value's, and the time's if it has one.
    complete : bool
        Whether these are all the reductions that are asked for; the others are for the framework.
    """

    kinds: Ints
    limits: Array
    names: tuple[tuple[str, ...], ...]
    complete: bool

    def part(self, rows: Any) -> Watches:
        """The same for some of the points."""
        return Watches(self.kinds, np.ascontiguousarray(self.limits[rows]), self.names, self.complete)

    def values(self, reduced: Array) -> dict[str, float]:
        """Named numbers of a point from its results (R, 2)."""
        found: dict[str, float] = {}
        for names, pair in zip(self.names, reduced.tolist(), strict=True):
            found |= dict(zip(names, pair, strict=False))
        return found


def watches_of(problems: Sequence[Problem], reductions: Sequence[Sequence[Mapping[str, Any]]]) -> Watches:
    """The reductions that the kernels can find themselves.

    Parameters
    ----------
    problems : sequence of Problem
        The batch.
    reductions : sequence of sequences
        Of each problem, the contents of its `Reduction` with numbers for expressions; or empty.
    """
    empty = Watches(np.zeros((0, 3), dtype=np.int64), np.zeros((len(problems), 0)), (), not any(reductions))
    if len(reductions) != len(problems) or not reductions[0]:
        return empty
    columns, complete = [], True
    for r, first in enumerate(reductions[0]):
        kind = _kind(first)
        if kind is None or any(_shape(other[r : r + 1]) != _shape([first]) for other in reductions):
            complete = False
            continue
        numbers = [_limit(kind[0], row[r], problem) for row, problem in zip(reductions, problems, strict=True)]
        names = tuple(output.name for output in Reduction.from_dict(first).outputs)
        columns.append((kind, numbers, names))
    if not columns:
        return Watches(empty.kinds, empty.limits, (), complete)
    kinds = np.array([kind for kind, _, _ in columns], dtype=np.int64)
    limits = np.array([limits for _, limits, _ in columns]).T.copy()
    return Watches(kinds, limits, tuple(names for _, _, names in columns), complete)


def _shape(entries: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Reductions without their numbers, by which points may differ."""
    return [{key: value for key, value in entry.items() if key not in ("after", "n_eff")} for entry in entries]


def _kind(entry: Mapping[str, Any]) -> tuple[int, int, int] | None:
    reduction = Reduction.from_dict(entry)
    place, size = QUANTITIES.get(reduction.variable, (0, 0))
    axis = reduction.arguments.get("axis")
    if size != (1 if axis is None else 3):
        return None
    number = place + (0 if axis is None else _AXES[axis])
    if reduction.name == "t_star":
        return FALL, number, 1
    if reduction.name == "final":
        return FINAL, number, 1
    return EXTREMUM, number, -1 if reduction.name == "maximum" else 1


def _limit(kind: int, entry: Mapping[str, Any], problem: Problem) -> float:
    if kind == FALL:
        level = entry.get("n_eff")
        critical = getattr(problem.model, "critical_n_eff", math.nan) if level is None else level
        return float(critical)
    return float(entry.get("after", -math.inf))


def parameters_of(problems: Sequence[Problem], stops: Sequence[Mapping[str, Any] | None]) -> Array:
    """Array (P, 8) of last time, N, Γ, Ω, and the stop rule with N_c; see `drive.drive`."""
    values = np.zeros((len(problems), 8))
    for row, problem in enumerate(problems):
        model: Any = problem.model
        # outside the paper's Hamiltonian Υ is NaN, and what depends on it has no value
        values[row, :4] = problem.times[-1], problem.N, model.collective_emission, model.upsilon * problem.N / 2
        if model.collective_matrix is not None:
            values[row, 2] = math.nan
        stop = stops[row] if row < len(stops) else None
        if stop is not None:
            rule, critical = StopRule.from_dict(stop), model.critical_n_eff
            if math.isfinite(critical):
                values[row, 4:] = 1.0, rule.threshold, rule.after, critical
    return values


@dataclass
class Followed:
    """Results of `follow`; shapes as in `drive.drive`.

    Attributes
    ----------
    out : ndarray (P, T, n)
        States at the times, NaN where a point did not get to.
    reduced : ndarray (P, R, 2)
        Reductions.
    ended, status : ndarray (P,)
        When and how each point ended.
    counts : ndarray (P, 4)
        Times saved, steps, rejected steps, right-hand sides.
    """

    out: Array
    reduced: Array
    ended: Array
    status: Ints
    counts: Ints


def follow(
    start: Array,
    coefficients: Array,
    parameters: Array,
    steps: Any,
    slope: Any,
    indices: Ints,
    times: Array,
    watches: Watches,
    *,
    rtol: float,
    atol: float,
    max_steps: int,
    strict: bool = False,
) -> Followed:
    """Follow a batch of points on this thread; the arguments are those of `drive.drive`."""
    points, variables = start.shape
    done = Followed(
        np.full((points, times.shape[1], variables), np.nan),
        np.full((points, len(watches.kinds), 2), np.nan),
        np.zeros(points),
        np.zeros(points, dtype=np.int64),
        np.zeros((points, 4), dtype=np.int64),
    )
    drive(
        0,
        points,
        start,
        coefficients,
        parameters,
        steps,
        slope,
        indices,
        times,
        watches.kinds,
        watches.limits,
        rtol,
        atol,
        max_steps,
        strict,
        done.out,
        done.reduced,
        done.ended,
        done.status,
        done.counts,
    )
    return done


def in_threads(work: Callable[[Any], Any], parts: Iterable[Any], n_threads: int) -> list[Any]:
    """Results of ``work(part)`` in the order of the parts, on up to `n_threads` threads.

    The kernels run without Python's global lock. An exception of a part ends what has not begun.
    """
    listed = list(parts)
    if n_threads == 1 or len(listed) == 1:
        return [work(part) for part in listed]
    with ThreadPoolExecutor(n_threads, thread_name_prefix="squeezebench-lanes") as pool:
        futures = [pool.submit(work, part) for part in listed]
        try:
            return [future.result() for future in futures]
        finally:
            for future in futures:
                future.cancel()
