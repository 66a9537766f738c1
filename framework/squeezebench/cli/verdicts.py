"""The table of verdicts that `run` and `compare` print."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

from squeezebench.comparison import Expectation, Judgement

from .output import console, number, print_table, seconds

__all__ = ["print_expected", "print_matrix", "print_verdicts", "verdict_json"]

_COLUMNS = [
    ("solver", "left"),
    ("claim", "left"),
    ("|Δξ²|/ξ²", "right"),
    ("|Δ⟨J⟩|/(N/2)", "right"),
    ("verdict", "left"),
    ("good until", "right"),
    ("time", "right"),
]


def print_verdicts(results: Any, judgements: Sequence[Judgement]) -> None:
    """One table a point on standard output, and what its words mean below."""
    title = str(results.attrs.get("title", ""))
    story = json.loads(results.attrs["squeezebench"])
    tolerance = float(story.get("tolerance", 0.02))
    points: list[dict[str, Any]] = []
    for judgement in judgements:
        if judgement.point not in points:
            points.append(judgement.point)
    console().print(title, markup=False, style="bold")
    for point in points:
        here = [judgement for judgement in judgements if judgement.point == point]
        reference = next((j.solver for j in here if j.is_reference), "")
        rung = next((j.rung for j in here if not j.is_reference and j.rung), "")
        against = f"compared with {reference} ({rung})" if reference and rung else f"compared with {reference}"
        if not reference:
            against = f"no reference: nobody here claims to be exact{_spread(here)}"
        where = ", ".join(f"{name} = {value}" for name, value in point.items())
        print_table(f"{where}: {against}" if where else against, _COLUMNS, [_row(j) for j in here])
    out = console()
    for text in _notes(judgements, tolerance):
        out.print(text, markup=False)


def _spread(here: Sequence[Judgement]) -> str:
    """How far the methods are apart where there is no reference."""
    spread = next((j.spread for j in here if j.spread), {})
    words = [
        f"{text} by up to {number(spread[name])}"
        for name, text in (("xi2", "ξ²"), ("spin", "⟨J⟩/(N/2)"))
        if name in spread
    ]
    return f"; they are apart in {' and '.join(words)}" if words else ""


#: Verdict → its letter in the matrix, worst first.
_LETTERS = {"broken": "!", "differ": "d", "no_claim": "·", "not_comparable": "–", "agree": "="}


def print_matrix(pairs: Any) -> None:
    """Every two solvers, worst verdict over all points: a letter each for ξ², N_eff, ⟨J⟩ and the covariance."""
    labels = [str(label) for label in pairs["solver"].values]
    names = [str(name) for name in pairs["observable"].values]
    verdicts = pairs["verdict"].transpose("solver", "solver_", "observable", ...).values
    broken = pairs["broken"].transpose("solver", "solver_", "observable", ...).values
    rows = []
    for i, label in enumerate(labels):
        cells = []
        for j in range(len(labels)):
            here = "".join(_letter(verdicts[i, j, k], broken[i, j, k]) for k in range(len(names)))
            cells.append("" if i == j else here)
        rows.append((f"{i + 1} {label}", *cells))
    columns = [("agreement", "left"), *((str(j + 1), "left") for j in range(len(labels)))]
    print_table(f"every two solvers, worst of all points, in {', '.join(names)}", columns, rows)
    console().print("= agree, d differ, ! differ and break a claim, · no claim, – not comparable", markup=False)


def _letter(verdicts: Any, broken: Any) -> str:
    found = {str(value) for value in verdicts.ravel()} | ({"broken"} if broken.any() else set())
    if len(found) > 1:
        found.discard("not_comparable")
    return next(letter for name, letter in _LETTERS.items() if name in found)


def _row(j: Judgement) -> tuple[str, ...]:
    xi2 = j.deviations.get("xi2", {})
    spin = j.deviations.get("spin", {})
    return (
        j.solver,
        j.claim.replace("_", " "),
        number(xi2.get("relative_deviation", math.nan)),
        number(spin.get("max_deviation", math.nan)),
        _words(j),
        "the end" if math.isinf(j.good_until) else number(j.good_until, 3),
        _time(j),
    )


def _time(j: Judgement) -> str:
    """A measured time as it is; one that was noted by the way as no more than about right."""
    if not j.claim or math.isnan(j.seconds):
        return "–"
    return seconds(j.seconds) if j.timing_grade == "exclusive" else f"~{seconds(j.seconds)}"


def _words(j: Judgement) -> str:
    """Status where it is not ok, and verdict where there is one."""
    verdict = "BROKEN" if j.broken else "" if j.verdict == "not_comparable" else j.verdict.replace("_", " ")
    if j.status == "ok":
        return verdict
    ended = j.status if math.isnan(j.valid_until) else f"{j.status} at {number(j.valid_until, 3)}"
    return f"{ended}; {verdict} before" if verdict else ended


def _notes(judgements: Sequence[Judgement], tolerance: float) -> list[str]:
    notes = [
        f"good until: last time up to which ξ² stays within {tolerance:.3g} of the strongest claim at hand "
        "(compared where the mean spin has a direction and either ξ² is below 1.5)."
    ]
    notes.append("time: wall time without compilation, of a solution alone, warm and pinned to its cores.")
    if any(j.claim and j.timing_grade != "exclusive" for j in judgements):
        notes.append("~: not measured, but noted in passing, while other jobs may have run; --timing 5 measures.")
    if any(j.claim == "mean_field" for j in judgements):
        notes.append(
            "mean field makes no claim on ξ²: a factorised state cannot be squeezed; its deviation is reported."
        )
    if any(j.broken for j in judgements):
        notes.append("BROKEN: two results are further apart than both answer for, or an exact one is that of no state.")
    seen = set()
    for j in judgements:
        if j.status not in ("ok",) and j.reason and (j.solver, j.reason) not in seen:
            seen.add((j.solver, j.reason))
            where = ", ".join(f"{name} = {value}" for name, value in j.point.items())
            notes.append(f"{j.solver}{f' at {where}' if where else ''}: {j.status}: {j.reason}")
    return notes


_EXPECTED_COLUMNS = [
    ("expected", "left"),
    ("value", "right"),
    ("within", "right"),
    ("met by", "left"),
    ("others", "left"),
]


def print_expected(expectations: Sequence[Expectation]) -> None:
    """A row for every value that the scenario expects: who has it, and what the others have; nothing without any."""
    from squeezebench.comparison.expected import places

    rows: dict[tuple[Any, ...], list[Expectation]] = {}
    for each in expectations:
        key = (each.quantity, str(each.at), str(each.against), each.over, each.weights, each.value)
        rows.setdefault(key, []).append(each)
    if not rows:
        return
    table = []
    for here in rows.values():
        one = here[0]
        where = f" at {places(one.at)}" if one.at else ""
        where += f", distance from {places(one.against)}" if one.against is not None else ""
        where += f", mixture over {one.over} by {one.weights}" if one.weights else ""
        where += f", least over {one.over}" if one.over and not one.weights else ""
        met = [e.solver + ("~" if e.result == "within_errors" else "") for e in here if e.result in _MET]
        apart = [f"{e.solver}{'!' if e.failed else ''}: {e.measured:.5g}" for e in here if e.result in _APART]
        none = sorted({e.reason for e in here if e.result == "no_value" and e.reason})
        apart += [f"no value: {'; '.join(none)}"] if none and not (met or apart) else []
        within = number(one.tolerance, 1) + ("" if one.value else " absolute")
        table.append((one.quantity + where, f"{one.value:.8g}", within, ", ".join(met), ", ".join(apart)))
    print_table("values that the scenario expects", _EXPECTED_COLUMNS, table)
    out = console()
    for source in dict.fromkeys(each.source for each in expectations if each.source):
        out.print(f"expected from: {source}.", markup=False)
    if any(each.result == "within_errors" for each in expectations):
        out.print("~: outside the tolerance, but inside the solver's own error.", markup=False)
    if any(each.failed for each in expectations):
        out.print("!: claims to be exact, and differs by more than it answers for.", markup=False)


_MET, _APART = ("met", "within_errors"), ("differs", "not_judged")


def verdict_json(
    results: Any, judgements: Sequence[Judgement], expectations: Sequence[Expectation] = ()
) -> dict[str, Any]:
    """What the tables say, as plain JSON types."""
    story = json.loads(results.attrs["squeezebench"])
    return {
        "scenario": story.get("name"),
        "title": story.get("title"),
        "tolerance": story.get("tolerance"),
        "verdicts": [judgement.to_dict() for judgement in judgements],
        "expected": [each.to_dict() for each in expectations],
    }
