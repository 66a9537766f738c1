"""The solver `stored`: looks an answer up."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

import squeezebench as sb

from .library import Answer, answers

__all__ = ["Stored"]


class Stored(sb.Solver):
    """Answers of the master equation that take from minutes to hours, computed once and read from the package.

    It computes nothing. What it gives carries the error estimate of the solver that found it, and its diagnostics name
    that solver, its options and versions, and the command that finds it again.
    """

    name = "stored"
    summary = "reads what the master equation took an hour for"
    #: What is stored has the accuracy that it has.
    tiers: ClassVar[Mapping[str, Mapping[str, Any]]] = {"fast": {}, "default": {}, "tight": {}, "reference": {}}

    def supports(self, problem: sb.Problem, options: Any) -> sb.Support:
        """Whether there is an answer to this problem, at these times."""
        if _found(problem) is not None:
            return sb.Support(True)
        known = "; ".join(sorted({f"N = {a.problem.N}" for a in answers()})) or "none at all"
        return sb.Support(False, f"no answer to this problem is stored, at these times (there are some for {known})")

    def claim(self, problem: sb.Problem, options: Any) -> sb.Claim:
        """Exact, up to the error estimate that is stored with it."""
        found = _found(problem)
        return sb.Claim("exact", floor=found[0].floor if found else 0.0)

    def estimate(self, problem: sb.Problem, options: Any) -> sb.Cost:
        """A file is read."""
        return sb.Cost(bytes=1e6, seconds=0.01)

    def solve(self, problem: sb.Problem, options: Any, context: sb.Context) -> sb.Moments:
        """The stored moments; NaN after the last stored time."""
        found = _found(problem)
        if found is None:
            raise sb.SolverError("no answer to this problem is stored: compute one with permutational")
        answer, rows = found
        there = rows >= 0

        def taken(values: Any) -> Any:
            result = values[rows]
            result[~there] = np.nan
            return result

        last = float(answer.problem.times[-1])
        context.progress(1.0)
        return sb.Moments(
            spin=taken(answer.spin),
            covariance=taken(answer.covariance),
            valid_until=math.inf if there.all() else last,
            reason="" if there.all() else f"the stored answer ends at t = {last:g}",
            error_estimate={name: taken(values) for name, values in answer.errors.items()},
            diagnostics={"stored": answer.provenance},
        )


def _found(problem: sb.Problem) -> tuple[Answer, Any] | None:
    for answer in answers():
        rows = answer.rows(problem)
        if rows is not None:
            return answer, rows
    return None
