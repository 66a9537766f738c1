"""From a question and evidence to an answer."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from squeezebench.comparison.view import OBSERVABLES
from squeezebench.errors import InvalidModelError, InvalidOptionError
from squeezebench.validate import coupling, positive_int, positive_number, rate, shown
from squeezebench.validate import nearest as nearest_name

from . import accuracy
from .accuracy import distance_outside
from .answer import Alternative, Recommendation
from .candidates import candidate
from .cells import Evidence, Point, shipped

__all__ = ["advise", "question_of", "recommend"]


def recommend(
    N: int,
    gamma_s: float,
    upsilon_ratio: float = 0.9,
    chi: float = 0.0,
    *,
    observable: str = "xi2",
    rtol: float = 0.02,
    stop: float | None = None,
    max_seconds: float | None = None,
    max_memory: float | None = None,
    Gamma: float = 1.0,
    stores: Sequence[str | Path] | str | Path = (),
) -> Recommendation:
    """Cheapest solver spec that stored measurements show to meet a tolerance.

    Nothing is solved. The ensemble is the paper's (`SpinModel.driven_cavity`), started in the coherent state along −x.

    Parameters
    ----------
    N : int
        Number of spins.
    gamma_s : float
        Emission rate of each spin.
    upsilon_ratio : float
        Υ/Υ_c.
    chi : float
        Exchange interaction.
    observable : {"xi2", "n_eff", "spin", "covariance"}
        What is to be accurate.
    rtol : float
        Error that is allowed at any time that counts: relative for ``xi2``, in units of N, N/2 and N²/4 for the others.
    stop : float, optional
        Last time, in the inverse of the rates' unit; 1/`gamma_s` by default.
    max_seconds : float, optional
        Longest time that the solution may take on this machine, on one thread; no limit by default.
    max_memory : float, optional
        Bytes that it may take; no limit by default.
    Gamma : float
        Collective emission rate, which the other rates are measured by.
    stores : path or sequence of paths
        Folders of your own runs, whose cells are added to the evidence that comes with the package.

    Returns
    -------
    Recommendation
        With ``spec``, ``seconds`` and ``bytes`` with intervals, the ``evidence``, what is ``unknowns``, and the
        ``alternatives``; or ``refused``, with the ``reason``. ``str()`` of it is a page to read.

    Raises
    ------
    InvalidModelError, InvalidOptionError
        If an argument is none of those above.
    StoreError
        If one of `stores` is none.

    Examples
    --------
    >>> import squeezebench as sb
    >>> answer = sb.recommend(10_000, gamma_s=50, upsilon_ratio=0.6, stop=0.02, rtol=0.05)
    >>> answer.refused, answer.spec.split(":")[0]
    (False, 'cumulant')
    >>> sb.recommend(10_000, gamma_s=5000).refused
    True
    """
    point, question = _checked(N, gamma_s, upsilon_ratio, chi, observable, rtol, stop, max_seconds, max_memory, Gamma)
    evidence = shipped()
    from .user_store import cells_of_stores

    more = cells_of_stores(stores)
    if more:
        evidence = evidence.with_cells(more)
    from .machine import kernel_seconds

    slower = kernel_seconds() / float(evidence.about["kernel_seconds"])
    return advise(point, question, evidence, slower=slower)


def _checked(
    N: Any,
    gamma_s: Any,
    upsilon_ratio: Any,
    chi: Any,
    observable: Any,
    rtol: Any,
    stop: Any,
    max_seconds: Any,
    max_memory: Any,
    Gamma: Any,
) -> tuple[Point, dict[str, Any]]:
    """Point in units of Γ, and the question as it was asked."""
    N = positive_int(N, "N")
    Gamma = rate(Gamma, "Gamma")
    if Gamma == 0:
        raise InvalidModelError("Gamma = 0: rates are measured in units of the collective emission; give Gamma > 0")
    gamma_s, chi = rate(gamma_s, "gamma_s"), coupling(chi, "chi")
    u = coupling(upsilon_ratio, "upsilon_ratio")
    if u < 0:
        raise InvalidModelError(f"upsilon_ratio = {u:g} is negative: evidence is for drives along +x; give 0 or more")
    if observable not in OBSERVABLES:
        hint = nearest_name(str(observable), set(OBSERVABLES))
        raise InvalidOptionError(f"observable = {shown(observable)}: give one of {', '.join(OBSERVABLES)}{hint}")
    rtol = positive_number(rtol, "rtol", "an allowed error (0.02 for 2 %)")
    if stop is None:
        if gamma_s == 0:
            raise InvalidOptionError("stop is 1/gamma_s by default, and gamma_s = 0: give a last time")
        stop = 1.0 / gamma_s
    stop = positive_number(stop, "stop", "a last time")
    limits = {}
    for name, value, what in (
        ("max_seconds", max_seconds, "a number of seconds"),
        ("max_memory", max_memory, "a number of bytes"),
    ):
        infinite = value is None or (isinstance(value, float) and value == math.inf)
        limits[name] = math.inf if infinite else positive_number(value, name, what)
    point = Point(N, gamma_s / Gamma, u, chi / Gamma, stop * Gamma)
    question = {
        "N": N,
        "gamma_s": point.gamma_s,
        "upsilon_ratio": u,
        "chi": point.chi,
        "stop": point.stop,
        "observable": observable,
        "rtol": rtol,
        **limits,
    }
    return point, question


def question_of(point: Point, rtol: float, observable: str = "xi2", max_seconds: float = math.inf) -> dict[str, Any]:
    """The question of `advise` about a point."""
    return {**vars(point), "observable": observable, "rtol": rtol, "max_seconds": max_seconds, "max_memory": math.inf}


def advise(point: Point, question: dict[str, Any], evidence: Evidence, *, slower: float = 1.0) -> Recommendation:
    """Answer from evidence that is given.

    Parameters
    ----------
    point : Point
        The ensemble, in units of Γ.
    question : dict
        ``observable``, ``rtol``, ``max_seconds``, ``max_memory``, and the point's numbers.
    evidence : Evidence
        What is known.
    slower : float
        Seconds of this machine in units of those of the evidence's machine.
    """
    about = {**evidence.about, "cells": len(evidence.cells), "points": len(evidence.points), "slower": slower}
    unknowns = _always_unknown(evidence)
    outside = distance_outside(evidence.points, point)
    others = sorted(
        (candidate(spec, point, question, evidence, slower) for spec in evidence.specs),
        key=lambda other: (other.verdict != "meets", other.seconds if other.seconds == other.seconds else math.inf),
    )
    if outside > 1e-6:
        where = nearest_point(evidence, point)
        reason = (
            f"the question lies outside of what was measured (by {outside:.2g} units; the nearest point is {where}); "
            "nothing is extrapolated: run scenarios around it, and give their folder as a store"
        )
        if point.gamma_s == 0:
            reason += "; without single-particle emission, squeezebench steady-state has a closed form"
        others = [_beyond(other) for other in others]
        return Recommendation(
            question, None, True, reason, unknowns=tuple(unknowns), alternatives=tuple(others), about=about
        )
    good = [other for other in others if other.verdict == "meets"]
    if not good:
        return Recommendation(
            question,
            None,
            True,
            _why_not(others, question),
            unknowns=tuple(unknowns),
            alternatives=tuple(others),
            about=about,
        )
    best = good[0]
    if any(cell.kind == "bounded" for cell in best.evidence):
        unknowns.append(
            "no exact solution exists at some of the nearest points: there errors are bounded by how orders of the "
            "expansion differ, and by trajectories within their errors"
        )
    return Recommendation(
        question,
        best.spec,
        False,
        best.reason,
        best.seconds,
        best.seconds_interval,
        best.bytes,
        best.bytes_interval,
        best.error,
        best.basis,
        best.evidence,
        tuple(unknowns),
        tuple(other for other in others if other is not best),
        about,
    )


def _always_unknown(evidence: Evidence) -> list[str]:
    return [
        "other starts than the coherent state along −x, and other couplings than χ, Ω_x, Γ and γ_s",
        "other grids than 201 equidistant times: many more of them, or kept states, take more time and memory",
        "more than one thread; compilation, which the first solution on a machine waits for",
    ]


def _why_not(others: Sequence[Alternative], question: dict[str, Any]) -> str:
    parts = []
    slow = [other for other in others if other.verdict in ("too slow", "too large")]
    if slow:
        best = min(slow, key=lambda other: other.seconds)
        parts.append(f"what meets the tolerance takes too much: {best.spec} {best.reason}")
        parts += _what_would_do(best, question)
    else:
        parts.append("no spec is shown to meet the tolerance by all of the nearest cells")
        close = [other for other in others if other.verdict == "not accurate enough" and math.isfinite(other.error)]
        if close:
            best = min(close, key=lambda other: other.error)
            parts.append(f"the closest is {best.spec}, with an error of up to {best.error:.2g}")
    early = [other for other in others if 0 < other.good_until < question["stop"]]
    if early:
        latest = max(early, key=lambda other: (other.good_until, -other.seconds))
        parts.append(f"up to Γt = {latest.good_until:.2g} {latest.spec} would do")
    asked = "allow more, ask" if slow else "ask"
    parts.append(f"{asked} for a larger rtol or an earlier stop, or add runs near this point as a store")
    return "; ".join(parts)


def _what_would_do(slow: Alternative, question: dict[str, Any]) -> list[str]:
    """How much more time what is too slow would need, and what it could promise within the time that there is."""
    if slow.verdict != "too slow":
        return []
    most = question["max_seconds"]
    parts = [f"with max_seconds = {float(f'{1.1 * slow.seconds:.2g}'):g} it would be recommended"]
    if slow.basis == "statistics" and most > 0:
        # Its error goes as one over the root of the number of trajectories, and so of the time.
        looser = question["rtol"] * math.sqrt(slow.seconds / most)
        if looser < 0.5:
            parts.append(f"within {most:g} s its statistics would do for rtol = {float(f'{1.05 * looser:.2g}'):g}")
    return parts


def nearest_point(evidence: Evidence, point: Point) -> Point:
    """The measured point nearest to another."""
    import numpy as np

    here = accuracy.coordinates(point)
    return min(evidence.points, key=lambda other: float(np.linalg.norm(accuracy.coordinates(other) - here)))


def _beyond(other: Alternative) -> Alternative:
    return dataclasses.replace(
        other, verdict="outside evidence", reason="numbers are extrapolated and are no promise", evidence=()
    )
