"""What evidence says about one spec: whether it can be expected to meet a tolerance, and what it would cost."""

from __future__ import annotations

import dataclasses
import functools
import math
from typing import Any

import numpy as np

from squeezebench.errors import SqueezebenchError
from squeezebench.solver import TIERS

from . import accuracy
from .accuracy import Found, expected_error
from .answer import Alternative, EvidenceCell, duration, size
from .cells import FRACTIONS, Cell, Evidence, Point
from .cost import Cost, CostModel

__all__ = ["SIGMAS", "candidate"]

#: Standard errors that the tolerance must leave room for: a course has many times, and any may be the worst.
SIGMAS = 3.0
#: Trajectories below which a standard error is none, and the most that may be asked for.
_FEWEST_TRAJECTORIES, _MOST_TRAJECTORIES = 64, 10_000_000
#: A solver's own estimate this many times the largest that was measured is beyond the evidence.
_BEYOND = 1.5
#: Peaks below this are what the process had at hand anyway.
_NOTICED = 2.0**20


def candidate(spec: str, point: Point, question: dict[str, Any], evidence: Evidence, slower: float) -> Alternative:
    """What evidence says about one spec at a point; the arguments are those of `advise.advise`."""
    from squeezebench.host import get_host
    from squeezebench.spec import Spec

    cells = evidence.of(spec)
    found = expected_error(cells, point, question["observable"])
    wanted, trajectories = Spec.parse(spec), 0
    try:
        solver = get_host().solver(wanted.name)
        error, basis = found.error, "cells"
        if any(cell.samples for cell in cells):
            trajectories, error, basis = _sampled(found, question["rtol"])
            wanted = wanted.replace(n_trajectories=max(trajectories, 1))
        options = solver.resolve_options(wanted.tier, wanted.options)
        problem = point.problem()
        support = solver.full_support(problem, options)
        if not support:
            return Alternative(spec, "unsupported", support.reason)
        claim = solver.claim(problem, options)
        if claim.accuracy == "exact" and not claim.sampled:
            promised = TIERS.get(wanted.tier, TIERS["default"]) + claim.floor
            error, basis = max(promised, *found.own, 0.0), "claim"
        if basis == "cells":
            # A method that stops refining when it is content may be content earlier on a shorter course: a long one
            # that came out better vouches for no more than that.
            error = max(error, float(getattr(options, "agreement", 0.0) if _chooses(wanted) else 0.0))
        estimate = solver.estimate(problem, options)
    except SqueezebenchError as error_of_solver:
        return Alternative(spec, "unsupported", str(error_of_solver))
    per = max(trajectories, 1)
    seconds = _model(cells, "seconds")(point, estimate.seconds / per).scaled(slower * per)
    memory = _memory(cells, estimate.bytes)
    measured = _is_measured(cells, point, estimate.seconds / per)
    verdict, reason = _verdict(error, seconds, memory, measured, question, found)
    least = error if error > found.error else 0.0
    until = point.stop if error <= question["rtol"] else 0.0
    if basis == "cells" and not until and least <= question["rtol"]:
        until = _good_until(cells, point, question)
        reason += f"; shown to meet it up to Γt = {until:.2g}" if until else ""
    return Alternative(
        str(wanted),
        verdict,
        reason,
        error,
        basis,
        seconds.value,
        (seconds.low, seconds.high),
        memory.value,
        (memory.low, memory.high),
        tuple(
            EvidenceCell(c.point, d, e, c.kind, c.reference, c.seconds * slower, c.source)
            for c, d, e in zip(found.cells, found.distances, found.own, strict=True)
        ),
        until,
    )


def _good_until(cells: tuple[Cell, ...], point: Point, question: dict[str, Any]) -> float:
    """Latest of a few earlier last times for which the tolerance is shown to be met; 0 if there is none."""
    for part in reversed(FRACTIONS[:-1]):
        earlier = dataclasses.replace(point, stop=part * point.stop)
        if expected_error(cells, earlier, question["observable"]).error <= question["rtol"]:
            return earlier.stop
    return 0.0


@functools.lru_cache(maxsize=256)
def _model(cells: tuple[Cell, ...], quantity: str) -> CostModel:
    return CostModel(cells, quantity)


def _chooses(spec: Any) -> bool:
    """Whether a spec leaves it to the solver how far to go."""
    return "auto" in spec.options.values()


def _sampled(found: Found, rtol: float) -> tuple[int, float, str]:
    """Trajectories that bring so many standard errors below the tolerance, in multiples of 64, and the error then."""
    if not math.isfinite(found.error):
        return 0, math.inf, "statistics"
    noise = found.error / accuracy.SAFETY
    number = max(_FEWEST_TRAJECTORIES, 64 * math.ceil((SIGMAS * noise / rtol) ** 2 / 64))
    if number > _MOST_TRAJECTORIES:
        return 0, math.inf, "statistics"
    return number, SIGMAS * noise / math.sqrt(number), "statistics"


def _is_measured(cells: tuple[Cell, ...], point: Point, estimate: float) -> bool:
    """Whether cells as expensive as this, by the solver's own estimate, were measured not too far away."""
    timed = [cell for cell in cells if math.isfinite(cell.seconds)]
    if not timed:
        return False
    largest = max(cell.estimate_seconds / max(cell.samples, 1) for cell in timed)
    here = accuracy.coordinates(point)
    near = min(float(np.linalg.norm(accuracy.coordinates(cell.point) - here)) for cell in timed)
    return estimate <= _BEYOND * largest and near <= accuracy.REACH


def _memory(cells: tuple[Cell, ...], estimate: float) -> Cost:
    """The solver's own estimate, times what measured peaks were of it; a warm process may need nothing more."""
    ratios = [
        cell.peak_bytes / cell.estimate_bytes
        for cell in cells
        if cell.peak_bytes > _NOTICED and cell.estimate_bytes > _NOTICED
    ]
    if len(ratios) < 5:
        most = max((cell.peak_bytes for cell in cells if math.isfinite(cell.peak_bytes)), default=math.nan)
        return Cost(estimate, 0.0, max(2 * estimate, most))
    low, middle, high = np.quantile(ratios, [0.05, 0.5, 0.95])
    return Cost(estimate * float(middle), estimate * min(float(low), 1.0), estimate * max(float(high), 1.0))


def _verdict(
    error: float, seconds: Cost, memory: Cost, measured: bool, question: dict[str, Any], found: Found
) -> tuple[str, str]:
    rtol = question["rtol"]
    if not math.isfinite(error):
        if len(found.cells) < accuracy.NEIGHBOURS:
            return "unknown accuracy", f"fewer than {accuracy.NEIGHBOURS} cells near enough reach so late"
        if found.harder < accuracy.HARDER:
            text = f"fewer than {accuracy.HARDER} of the cells near enough that reach so late are as hard"
            return "unknown accuracy", f"{text}: emission is stronger there beside the collective motion"
        return "not accurate enough", "at one of the nearest points its course had ended, or its error is unknown"
    if error > rtol:
        return "not accurate enough", f"errors of up to {error:.2g} are to be expected"
    if not measured or not math.isfinite(seconds.value):
        text = f", {duration(seconds.value)} if its growth goes on" if math.isfinite(seconds.value) else ""
        return "unknown cost", f"nothing as large was measured{text}"
    if seconds.value > question["max_seconds"]:
        return "too slow", f"takes about {duration(seconds.value)}"
    if memory.high > question["max_memory"]:
        return "too large", f"takes up to {size(memory.high)}"
    if math.isfinite(question["max_seconds"]) and seconds.high > question["max_seconds"]:
        return "meets", f"the cheapest that meets {rtol:g}; its time may be above {question['max_seconds']:g} s"
    return "meets", f"the cheapest that meets {rtol:g}"
