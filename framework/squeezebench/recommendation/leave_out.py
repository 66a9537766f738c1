"""How good recommendations are where the answer is known: points, and whole regions, left out of the evidence."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from .advise import advise, question_of
from .answer import Recommendation
from .cells import Cell, Evidence, Point

__all__ = ["INNER", "REGIONS", "Outcome", "Tally", "leave_out", "tally"]

#: Standard errors of the trajectories that were measured at the point itself; a recommendation leaves room for three.
_SIGMAS = 2.0
#: Tolerances, and parts of a point's last time, that are asked for.
TOLERANCES = (0.01, 0.02, 0.05, 0.1)
PARTS = (0.1, 0.3, 1.0)

#: Regions of the evidence that are left out in turn.
REGIONS: Mapping[str, Callable[[Point], bool]] = {
    "N < 100": lambda p: p.N < 100,
    "100 ≤ N < 1000": lambda p: 100 <= p.N < 1000,
    "1000 ≤ N < 10⁴": lambda p: 1000 <= p.N < 10_000,
    "N ≥ 10⁴": lambda p: p.N >= 10_000,
    "γ_s/Γ < 3": lambda p: p.gamma_s < 3,
    "3 ≤ γ_s/Γ < 30": lambda p: 3 <= p.gamma_s < 30,
    "γ_s/Γ ≥ 30": lambda p: p.gamma_s >= 30,
    "Υ/Υ_c < 0.6": lambda p: p.upsilon_ratio < 0.6,
    "0.6 ≤ Υ/Υ_c < 0.9": lambda p: 0.6 <= p.upsilon_ratio < 0.9,
    "Υ/Υ_c ≥ 0.9": lambda p: p.upsilon_ratio >= 0.9,
    "χ/Γ < 0": lambda p: p.chi < 0,
    "0 ≤ χ/Γ < 1": lambda p: 0 <= p.chi < 1,
    "χ/Γ ≥ 1": lambda p: p.chi >= 1,
}


#: Those between others: without one of the rest, its points lie outside of the hull and are refused whole.
INNER = ("100 ≤ N < 1000", "1000 ≤ N < 10⁴", "3 ≤ γ_s/Γ < 30", "0.6 ≤ Υ/Υ_c < 0.9", "0 ≤ χ/Γ < 1")


@dataclass(frozen=True)
class Outcome:
    """One question, and what became of the answer.

    Attributes
    ----------
    point : Point
        With its last time.
    rtol : float
        What was asked.
    spec : str or None
        What was recommended.
    error : float
        What its error is; of sampled specs, what it can be.
    met : bool or None
        Whether that is within the tolerance; None if refused, or if nobody knows.
    ratio : float
        Predicted seconds in units of those taken; NaN if unknown.
    inside : bool or None
        Whether the time taken lies in the interval; None if unknown.
    """

    point: Point
    rtol: float
    spec: str | None
    error: float = math.nan
    met: bool | None = None
    ratio: float = math.nan
    inside: bool | None = None


@dataclass(frozen=True)
class Tally:
    """Of many outcomes: how many were asked, answered and met, and how many times were within a factor of 3."""

    asked: int
    answered: int
    known: int
    met: int
    timed: int
    within: int
    inside: int


def leave_out(
    evidence: Evidence, out: Callable[[Point], Callable[[Point], bool]], *, only: Collection[Point] | None = None
) -> list[Outcome]:
    """Ask about measured points with part of the evidence left out.

    Parameters
    ----------
    evidence : Evidence
        All of it.
    out : callable
        Of a point: the function that tells which points are left out when it is asked about.
    only : collection of Point, optional
        Which points are asked about; all by default.
    """
    outcomes = []
    for point in evidence.points:
        if only is not None and point not in only:
            continue
        gone = out(point)
        rest = evidence.where(lambda other, gone=gone: not gone(other))
        here = {cell.spec: cell for cell in evidence.cells if cell.point == point}
        for part in PARTS:
            asked = dataclasses.replace(point, stop=point.stop * part)
            for rtol in TOLERANCES:
                answer = advise(asked, question_of(asked, rtol), rest)
                outcomes.append(_outcome(answer, asked, rtol, here, timed=part == 1.0))
    return outcomes


def _outcome(answer: Recommendation, asked: Point, rtol: float, here: Mapping[str, Cell], *, timed: bool) -> Outcome:
    if answer.spec is None:
        return Outcome(asked, rtol, None)
    from squeezebench.spec import Spec

    spec = Spec.parse(answer.spec)
    trajectories = int(spec.options.get("n_trajectories", 0))
    family = "mcwf" if trajectories else answer.spec
    cell = here.get(family)
    if cell is None or not cell.errors:
        # An exact solver that was not tried here, for it would have taken too long: its claim is not in question.
        return Outcome(asked, rtol, answer.spec)
    error = cell.error("xi2", asked.decay)
    if cell.samples:
        error = _SIGMAS * error / math.sqrt(trajectories)
    taken = cell.seconds / max(cell.samples, 1) * max(trajectories, 1) if timed else math.nan
    low, high = answer.seconds_interval
    return Outcome(
        asked,
        rtol,
        answer.spec,
        error,
        error <= rtol,
        answer.seconds / taken,
        low <= taken <= high if math.isfinite(taken) else None,
    )


def tally(outcomes: Sequence[Outcome], factor: float = 3.0) -> Tally:
    """Counts of outcomes."""
    answered = [outcome for outcome in outcomes if outcome.spec is not None]
    known = [outcome for outcome in answered if outcome.met is not None]
    timed = [outcome for outcome in answered if math.isfinite(outcome.ratio)]
    return Tally(
        len(outcomes),
        len(answered),
        len(known),
        sum(bool(outcome.met) for outcome in known),
        len(timed),
        sum(1 / factor <= outcome.ratio <= factor for outcome in timed),
        sum(bool(outcome.inside) for outcome in timed),
    )
