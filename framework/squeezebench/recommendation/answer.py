"""A recommendation, in words and as plain data."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from typing import Any

from .cells import Point

__all__ = ["Alternative", "EvidenceCell", "Recommendation"]

Interval = tuple[float, float]
_UNKNOWN: Interval = (math.nan, math.nan)


@dataclass(frozen=True)
class EvidenceCell:
    """A measured cell that an answer rests on.

    Attributes
    ----------
    point : Point
        Where, in units of Γ.
    distance : float
        From the question, in units in which 1 is a decade of N, 0.75 decades of γ_s/Γ, 0.2 of Υ/Υ_c, or 1 of χ/Γ.
    error : float
        Its largest error up to the same γ_s t; inf if it is unknown or the course had ended. Of sampled specs, the
        relative standard error of one trajectory.
    kind, reference : str
        What that is measured against: see `squeezebench.recommendation.cells.Cell`.
    seconds : float
        What it took, on the machine of the evidence.
    source : str
        ``"shipped"``, or a store of the user's.
    """

    point: Point
    distance: float
    error: float
    kind: str
    reference: str
    seconds: float
    source: str


@dataclass(frozen=True)
class Alternative:
    """What is known of one spec.

    Attributes
    ----------
    spec : str
        As `squeezebench.solve` takes it.
    verdict : str
        ``"meets"``, ``"too slow"``, ``"too large"``, ``"not accurate enough"``, ``"unknown accuracy"`` or ``"unknown
        cost"``.
    reason : str
        Why, in words.
    error : float
        The error to expect, a safety factor included; inf where nothing is known.
    basis : str
        What that rests on: ``"claim"`` (the solver is exact and its tier keeps to the tolerance), ``"statistics"``
        (as many trajectories as the tolerance asks for) or ``"cells"``.
    seconds, bytes : float
        Predicted, on this machine and one thread.
    seconds_interval, bytes_interval : (float, float)
        Nine in ten of the cells that were left out of the model lie within as much.
    evidence : tuple of EvidenceCell
        The cells that it rests on, nearest first.
    good_until : float
        Time, times Γ, up to which the tolerance is shown to be met: the last time that was asked for, an earlier one,
        or 0.
    """

    spec: str
    verdict: str
    reason: str = ""
    error: float = math.inf
    basis: str = "cells"
    seconds: float = math.nan
    seconds_interval: Interval = _UNKNOWN
    bytes: float = math.nan
    bytes_interval: Interval = _UNKNOWN
    evidence: tuple[EvidenceCell, ...] = ()
    good_until: float = 0.0


@dataclass(frozen=True)
class Recommendation:
    """The cheapest spec that evidence shows to meet a tolerance, or why there is none.

    Attributes
    ----------
    question : dict
        What was asked.
    spec : str or None
        What to run; None if refused.
    seconds, seconds_interval, bytes, bytes_interval
        Of that spec, as in `Alternative`; NaN if refused.
    error : float
        The error to expect of it, a safety factor included.
    evidence : tuple of EvidenceCell
        The cells that it rests on.
    unknowns : tuple of str
        What this answer does not know.
    refused : bool
        Whether no spec is recommended.
    reason : str
        Why it is this one, or why there is none and what would be needed.
    alternatives : tuple of Alternative
        Every other spec, those that meet the tolerance first.
    about : dict
        Where the evidence is from, and how fast this machine is beside the one it was measured on.
    """

    question: dict[str, Any]
    spec: str | None
    refused: bool
    reason: str
    seconds: float = math.nan
    seconds_interval: Interval = _UNKNOWN
    bytes: float = math.nan
    bytes_interval: Interval = _UNKNOWN
    error: float = math.inf
    basis: str = ""
    evidence: tuple[EvidenceCell, ...] = ()
    unknowns: tuple[str, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    about: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as ``squeezebench recommend --json`` prints it."""
        data: dict[str, Any] = dataclasses.asdict(self)
        return data

    def text(self, *, alternatives: bool = True) -> str:
        """The answer to read, with or without the other specs."""
        lines = [f"question: {_question(self.question)}"]
        if self.refused:
            lines += ["no recommendation", f"why: {self.reason}"]
        else:
            lines += [f"recommended: {self.spec}", f"why: {self.reason}", f"time: {_time(self)}"]
            lines += [f"memory: {_memory(self)}", f"error to expect: at most {self.error:.2g} ({_BASIS[self.basis]})"]
        if self.evidence:
            lines.append("evidence:")
            lines += [f"  {_cell(cell)}" for cell in self.evidence]
        if self.unknowns:
            lines.append("not known:")
            lines += [f"  - {text}" for text in self.unknowns]
        if self.alternatives and alternatives:
            lines.append("other specs:" if self.spec else "specs:")
            lines += [f"  {_alternative(other)}" for other in self.alternatives]
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.text()


_BASIS = {
    "claim": "by its claim and tier",
    "statistics": "three standard errors of so many trajectories",
    "cells": "twice the worst of the nearest cells",
    "": "",
}


def _question(question: dict[str, Any]) -> str:
    limits = [f"Γt ≤ {question['stop']:.4g}", f"{question['observable']} within {question['rtol']:g}"]
    if math.isfinite(question["max_seconds"]):
        limits.append(f"in {question['max_seconds']:g} s")
    where = ", ".join(
        f"{name} = {question[key]:.6g}"
        for name, key in (("N", "N"), ("γ_s/Γ", "gamma_s"), ("Υ/Υ_c", "upsilon_ratio"), ("χ/Γ", "chi"))
    )
    return ", ".join([where, *limits])


def _time(answer: Any) -> str:
    low, high = answer.seconds_interval
    return f"{duration(answer.seconds)} ({duration(low)} to {duration(high)}), one thread, compilation apart"


def _memory(answer: Any) -> str:
    low, high = answer.bytes_interval
    return f"{size(answer.bytes)} ({size(low)} to {size(high)}) beyond the process at rest"


def duration(value: float) -> str:
    """Short text of seconds."""
    if math.isnan(value):
        return "unknown"
    for unit, seconds in (("ms", 1e-3), ("s", 1.0), ("min", 60.0)):
        if value < {"ms": 1.0, "s": 120.0, "min": 7200.0}[unit]:
            return f"{_two(value / seconds)} {unit}"
    return f"{_two(value / 3600)} h" if value < 3e9 else "a century or more"


def size(value: float) -> str:
    """Short text of bytes."""
    if math.isnan(value):
        return "unknown"
    return f"{_two(value / 2**20)} MiB" if value < 2**30 else f"{_two(value / 2**30)} GiB"


def _two(value: float) -> str:
    """Two significant digits, and no exponent where a number is not large."""
    return f"{float(f'{value:.2g}'):g}"


def _cell(cell: EvidenceCell) -> str:
    what = {
        "sampled": "one trajectory's standard error",
        "bounded": "error at most",
        "own": "its own error estimate",
        "exact": "error",
        "": "error",
    }[cell.kind]
    against = f" against {cell.reference}" if cell.reference and cell.kind in ("exact", "bounded") else ""
    error = f"{cell.error:.2g}" if math.isfinite(cell.error) else "unknown"
    where = "" if cell.source == "shipped" else f" [{cell.source}]"
    return f"{cell.point}: {what} {error}{against}, {duration(cell.seconds)} (distance {cell.distance:.2g}){where}"


def _alternative(other: Alternative) -> str:
    error = f"error ≤ {other.error:.2g}" if math.isfinite(other.error) else "error unknown"
    reason = f": {other.reason}" if other.reason else ""
    return f"{other.spec}: {other.verdict}{reason} ({error}, {duration(other.seconds)}, {size(other.bytes)})"
