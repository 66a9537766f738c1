"""Trying recommendations out: questions at new points, each answer carried out and held against a reference."""

from __future__ import annotations

import dataclasses
import datetime
import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from squeezebench.errors import StoreError

from .advise import advise, question_of
from .cells import Evidence, Point, shipped
from .collect import BOX, solve_cell, warm_up

__all__ = ["TRIAL", "Trial", "questions", "read_trial", "try_out"]

#: The trial that the documentation prints.
TRIAL = Path(__file__).parent / "data" / "trial.jsonl"
#: Longest time that a question allows a solution.
_MAX_SECONDS = 5.0
#: Who a solution is held against, besides a sampled one where nobody exact is at hand; and how long each may take.
_REFERENCES = ("permutational:tier=tight", "cumulant:order=3", "cumulant:order=4", "cumulant:order=auto")
_REFERENCE_SECONDS = 8.0
_LONGEST = 1e4
#: Standard errors of its own that a sampled solution must keep within the tolerance where nobody exact is at hand.
_SIGMAS = 2.0


@dataclass(frozen=True)
class Trial:
    """One question, the answer, and what came of it.

    Attributes
    ----------
    point : Point
        With its last time.
    rtol : float
        Error of ξ² that was allowed.
    spec : str or None
        What was recommended; None if refused.
    reason : str
        Why it was refused.
    expected : float
        The error that the answer promised not to exceed.
    error : float
        The error found; inf if the course ended early; NaN if refused.
    kind : str
        ``"exact"``, ``"own"``, ``"bounded"`` or, without an exact reference, ``"statistics"``.
    predicted, low, high, taken : float
        Seconds: predicted, its interval, and taken.
    predicted_bytes, high_bytes, peak_bytes : float
        Memory likewise.
    """

    point: Point
    rtol: float
    spec: str | None
    reason: str = ""
    expected: float = math.nan
    error: float = math.nan
    kind: str = ""
    predicted: float = math.nan
    low: float = math.nan
    high: float = math.nan
    taken: float = math.nan
    predicted_bytes: float = math.nan
    high_bytes: float = math.nan
    peak_bytes: float = math.nan

    @property
    def met(self) -> bool:
        """Whether the tolerance was kept to."""
        return self.error <= self.rtol

    @property
    def ratio(self) -> float:
        """Predicted seconds in units of those taken."""
        return self.predicted / self.taken


def questions(number: int, seed: int) -> list[tuple[Point, float]]:
    """Points inside of the box of the evidence, each with a tolerance between 0.5 and 10 %."""
    rng = np.random.default_rng(seed)
    asked = []
    for _ in range(number):
        log_N, log_gamma, u, chi = (float(rng.uniform(low, high)) for low, high in BOX)
        if rng.random() < 0.3:
            chi = 0.0
        decay, rtol = 4.0 * 10 ** rng.uniform(-2, 0), 10 ** rng.uniform(math.log10(0.005), -1)
        N, gamma = round(10**log_N), 10**log_gamma
        stop = min(decay / gamma, _LONGEST / (N * math.hypot(1.0, 2 * chi)))
        asked.append((Point(N, gamma, u, chi, stop), float(rtol)))
    return asked


def try_out(
    file: Path,
    *,
    points: int = 48,
    seed: int = 1,
    budget: float = math.inf,
    evidence: Evidence | None = None,
    tell: Callable[[str], None] | None = None,
) -> list[Trial]:
    """Ask at new points, carry the answers out, and add what came of them to `file`; called again, it goes on.

    Parameters
    ----------
    file : path
        Results, made if it is not there.
    points : int
        Questions.
    seed : int
        That draws them.
    budget : float
        Seconds after which no further question is asked.
    evidence : Evidence, optional
        That answers rest on; by default what comes with the package.
    tell : callable, optional
        Told about each question.
    """
    from squeezebench.versions import machine, versions

    from .machine import kernel_seconds

    started = time.monotonic()
    done = len(read_trial(file)[1]) if file.exists() else 0
    evidence = shipped() if evidence is None else evidence
    slower = kernel_seconds(fresh=True) / float(evidence.about["kernel_seconds"])
    if not file.exists():
        head = {
            "kind": "squeezebench trial",
            "schema": 1,
            "command": f"squeezebench recommend --validate --points {points} --seed {seed} -o {file.name}",
            "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "machine": machine(),
            "versions": versions(),
            "slower": slower,
            "evidence": {"points": len(evidence.points), "cells": len(evidence.cells)},
        }
        file.write_text(json.dumps(head) + "\n", encoding="utf-8")
    measured = {*evidence.points}
    warm_up()
    for number, (point, rtol) in enumerate(questions(points, seed)[done:], start=done + 1):
        if time.monotonic() - started > budget:
            break
        if point in measured:
            raise StoreError(f"{point} is in the evidence already: take another seed")
        trial = _tried(point, rtol, evidence, slower)
        with file.open("a", encoding="utf-8") as out:
            out.write(json.dumps(_plain(trial)) + "\n")
        if tell is not None:
            tell(f"{number} of {points}: {point}, {rtol:.2g}: {trial.spec or 'refused'}, error {trial.error:.2g}")
    return read_trial(file)[1]


def _tried(point: Point, rtol: float, evidence: Evidence, slower: float) -> Trial:
    answer = advise(point, question_of(point, rtol, max_seconds=_MAX_SECONDS), evidence, slower=slower)
    if answer.spec is None:
        return Trial(point, rtol, None, answer.reason)
    promised = Trial(
        point,
        rtol,
        answer.spec,
        expected=answer.error,
        predicted=answer.seconds,
        low=answer.seconds_interval[0],
        high=answer.seconds_interval[1],
        predicted_bytes=answer.bytes,
        high_bytes=answer.bytes_interval[1],
    )
    problem = point.problem()
    cell, view = solve_cell(point, problem, answer.spec, 10 * _MAX_SECONDS)
    if view is None:
        return dataclasses.replace(promised, error=math.inf, kind=cell.status)
    error, kind = _error(point, problem, answer.spec, view)
    return dataclasses.replace(promised, error=error, kind=kind, taken=cell.seconds, peak_bytes=cell.peak_bytes)


def _error(point: Point, problem: Any, spec: str, view: Any) -> tuple[float, str]:
    """Largest error of ξ² over the course, and what it is measured against."""
    from squeezebench.evidence.points import course_of

    from .errors_of import judge

    views = {spec: view}
    for reference in _REFERENCES:
        if reference not in views:
            _, other = solve_cell(point, problem, reference, _REFERENCE_SECONDS)
            if other is not None:
                views[reference] = other
    exact = views.get("permutational:tier=tight")
    if exact is not None and spec != "permutational:tier=tight":
        # The statistical error is a part of what the tolerance is about.
        error = course_of(view, exact, "xi2").error
        return float(error.max(initial=0.0)), "exact"
    if view.sampled:
        found = judge({spec: view})[spec].errors or {}
        trajectories = int(view.samples.count.sum())
        return _SIGMAS * float(found["xi2"][-1]) / math.sqrt(trajectories), "statistics"
    if view.accuracy != "exact":
        _, sampled = solve_cell(point, problem, "mcwf", _REFERENCE_SECONDS)
        if sampled is not None:
            views["mcwf"] = sampled
    judged = judge(views, beyond_doubt=True)[spec]
    return (math.inf if judged.errors is None else judged.errors["xi2"][-1]), judged.kind


def _plain(trial: Trial) -> dict[str, Any]:
    data = dataclasses.asdict(trial)
    data["point"] = list(vars(trial.point).values())
    return {
        key: None if isinstance(value, float) and math.isnan(value) else "inf" if value == math.inf else value
        for key, value in data.items()
    }


def read_trial(file: Path = TRIAL) -> tuple[dict[str, Any], list[Trial]]:
    """Provenance and trials of a file.

    Raises
    ------
    StoreError
        If it is no such file.
    """
    try:
        head, *lines = [json.loads(text) for text in file.read_text(encoding="utf-8").splitlines()]
        if head["kind"] != "squeezebench trial" or head["schema"] != 1:
            raise ValueError("it is of another kind")
        trials = []
        for entry in lines:
            values: dict[str, Any] = {
                key: math.inf if value == "inf" else math.nan if value is None and key != "spec" else value
                for key, value in entry.items()
            }
            trials.append(Trial(**{**values, "point": Point(*entry["point"])}))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{file} is no trial: {error}; make one with squeezebench recommend --validate") from error
    return head, trials
