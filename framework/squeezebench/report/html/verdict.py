"""The verdict, and who agrees with whom."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from squeezebench.comparison import Expectation, Judgement
from squeezebench.comparison import compare as compare_results
from squeezebench.execution import FAILED

from .markup import Cell, Panel, points_div, table, text
from .material import Material, number, seconds, timing_words

__all__ = ["MAX_POINTS", "matrix_panel", "verdict_panel"]

#: Points that get tables of their own; more would make a page that nobody reads, and the CSV has them all.
MAX_POINTS = 120

_SYMBOLS = {"agree": "✓\u00a0agrees", "reference": "●\u00a0reference", "differ": "✗ differs", "no_claim": "○ no claim"}
_KINDS = {"agree": "good", "reference": "good", "differ": "bad", "no_claim": "open", "no_reference": "open"}


def verdict_panel(material: Material, expectations: Sequence[Expectation] = ()) -> Panel:
    """In a sentence whether the results can be trusted, then each solver at each point."""
    judgements = material.judgements
    broken = [j for j in judgements if j.broken]
    answered = [j for j in judgements if j.claim and j.status not in ("unsupported", *FAILED)]
    statuses = Counter(j.status for j in judgements)
    failed = sum(statuses[s] for s in FAILED)
    if broken:
        solvers = ", ".join(dict.fromkeys(j.solver for j in broken))
        words, kind = f"✗ A claim is broken: {solvers}, in {len(broken)} of {len(judgements)} cells.", "bad"
    elif not answered:
        words, kind = "✗ No cell has a value: there is nothing to judge.", "bad" if failed else "open"
    elif all(j.verdict == "not_comparable" for j in judgements):
        words, kind = "○ No courses were kept, which is what verdicts are about (--keep series).", "open"
    elif not any(j.is_reference for j in judgements):
        words, kind = "○ No exact result at hand: nothing could be judged.", "open"
    elif others := [j for j in answered if not j.is_reference]:
        agree = sum(j.verdict == "agree" for j in others)
        plural = "s agree" if len(others) > 1 else " agrees"
        words, kind = f"✓ No claim is broken: {agree} of {len(others)} answer{plural} with the reference.", "good"
    else:
        words, kind = "○ One answer a point: there is nothing to hold it against.", "open"
    counts = ", ".join(f"{count} {status}" for status, count in statuses.most_common())
    more = f" {failed} cells failed." if failed else ""
    body = [f'<p class="headline {kind}" role=status>{text(words)}{text(more)}</p>']
    body.append(f"<p>{len(judgements)} cell{'s' if len(judgements) > 1 else ''}: {text(counts)}.</p>")
    missed = sorted({each.solver for each in expectations if each.failed})
    if missed:
        words = f"✗ An expected value is missed by what claims to be exact: {', '.join(missed)}."
        body.append(f'<p class="headline bad">{text(words)}</p>')
    if len(material.points) > 1:
        body.append(_summary(material))
    shown = material.points[:MAX_POINTS]
    body.append(points_div([_point(material, p) for p in range(len(shown))], shown))
    if len(shown) < len(material.points):
        body.append(f"<p>The first {MAX_POINTS} of {len(material.points)} points; the CSV has all.</p>")
    tolerance = float(material.manifest.get("tolerance", 0.02))
    note = (
        f"Good until: the last time up to which ξ² stays within {tolerance:.3g} of the reference, the strongest claim "
        "at the point. Compared where the mean spin has a direction and either ξ² is below 1.5. Mean field makes no "
        "claim on ξ²: a factorised state cannot be squeezed. ~ before a time: noted in passing, not measured."
    )
    header = ["point", "solver", "status", "claim", "reference", "verdict", "broken", "xi2_relative_deviation"]
    header += ["spin_deviation", "good_until", "valid_until", "seconds", "how_timed", "reason"]
    rows: list[Any] = [header]
    for p, point in enumerate(material.points):
        for k, j in enumerate(material.at(p)):
            record = material.record(k, p)
            timed = timing_words(record.timing) if record and j.claim else ""
            deviations = [_deviation(j, "xi2", "relative_deviation"), _deviation(j, "spin", "max_deviation")]
            row = [point, j.solver, j.status, j.claim, j.reference, j.verdict, j.broken, *deviations]
            rows.append([*row, j.good_until, j.valid_until, j.seconds if j.claim else math.nan, timed, j.reason])
    command = material.command("compare", "{}", "--json")
    return Panel(
        "verdict", "Verdict", "Which solver can be trusted, up to when.", "".join(body), rows, command, note=note
    )


def _deviation(j: Judgement, observable: str, name: str) -> float:
    return float(j.deviations.get(observable, {}).get(name, math.nan))


def _word(j: Judgement) -> str:
    """Verdict of a cell that has values, status of another."""
    if j.broken:
        return "BROKEN"
    return j.status if not j.claim or (j.verdict == "not_comparable" and j.status != "ok") else j.verdict


def _summary(material: Material) -> str:
    rows: list[list[Cell | str]] = []
    count = len(material.labels)
    for k, label in enumerate(material.labels):
        mine = material.judgements[k::count]
        words = Counter(_word(j) for j in mine)
        worst = max(
            (d for j in mine if not math.isnan(d := _deviation(j, "xi2", "relative_deviation"))), default=math.nan
        )
        kind = "bad" if any(j.broken for j in mine) else ""
        text_of = ", ".join(f"{n} × {word.replace('_', ' ')}" for word, n in words.most_common())
        rows.append([label, Cell(text_of, kind=kind), number(worst, 2)])
    return table("All points", ["solver", "verdicts", "worst |Δξ²|/ξ²"], rows)


def _point(material: Material, p: int) -> str:
    here = material.at(p)
    reference = next((j.solver for j in here if j.is_reference), "")
    caption = f"Compared with {reference}" if reference else "Compared with nobody"
    header = ["solver", "claim", "verdict", "|Δξ²|/ξ²", "|Δ⟨J⟩|/(N/2)", "good until", "time, and how it was measured"]
    return table(caption, header, [_row(material, k, p, j) for k, j in enumerate(here)])


def _row(material: Material, k: int, p: int, j: Judgement) -> list[Cell | str]:
    record = material.record(k, p)
    words, kind = _SYMBOLS.get(j.verdict, j.verdict.replace("_", " ")), _KINDS.get(j.verdict, "")
    if j.broken:
        words, kind = "✗ BROKEN", "bad"
    if j.status != "ok":
        status = j.status.replace("_", " ")
        kind = "bad" if j.status in FAILED else kind
        ended = status if math.isnan(j.valid_until) else f"{status} at {number(j.valid_until)}"
        words = ended if not j.claim or j.verdict == "not_comparable" else f"{ended}; {words} before"
    time = Cell("–")
    if j.claim and j.status not in FAILED and record is not None and not math.isnan(j.seconds):
        mark = "" if j.timing_grade == "exclusive" else "~"
        time = Cell(mark + seconds(j.seconds), timing_words(record.timing))
    until = "the end" if math.isinf(j.good_until) else number(j.good_until)
    spin, xi2 = _deviation(j, "spin", "max_deviation"), _deviation(j, "xi2", "relative_deviation")
    claim = j.claim.replace("_", " ")
    return [j.solver, claim, Cell(words, j.reason, kind), number(xi2, 2), number(spin, 2), until, time]


def matrix_panel(material: Material) -> Panel | None:
    """Every two solvers against each other in ξ², at each point; None where no two have anything in common."""
    if len(material.labels) < 2:
        return None
    pairs = compare_results(material.ds)
    labels, points = material.labels, material.points
    flat = pairs.stack(point=list(material.axes)) if material.axes else pairs.expand_dims(point=[0])
    flat = flat.transpose("observable", "solver", "solver_", "point")
    verdicts, broken = flat["verdict"].values.astype(str), flat["broken"].values
    relative = flat["relative_deviation"].values
    rows: list[Any] = [["point", "observable", "solver", "solver_", "verdict", "broken", "relative_deviation"]]
    for p, point in enumerate(points):
        for o, observable in enumerate(pairs["observable"].values):
            for i, one in enumerate(labels):
                for k, two in enumerate(labels):
                    where = (o, i, k, p)
                    if i != k and verdicts[where] != "not_comparable":
                        row = [point, str(observable), one, two, verdicts[where], bool(broken[where])]
                        rows.append([*row, float(relative[where])])

    if len(rows) == 1:
        return None

    def matrix(p: int) -> str:
        body = []
        for i, one in enumerate(labels):
            cells: list[Cell | str] = [one]
            for k in range(len(labels)):
                found = verdicts[:, i, k, p]
                if i == k or (found == "not_comparable").all():
                    cells.append(Cell("–" if i == k else "·", kind="empty"))
                    continue
                worst = next(v for v in ("differ", "no_claim", "agree") if v in found)
                word = "✗" if broken[:, i, k, p].any() else {"differ": "≠", "no_claim": "○", "agree": "✓"}[worst]
                cells.append(Cell(f"{word} {number(float(relative[0, i, k, p]), 2)}", kind=_KINDS[worst]))
            body.append(cells)
        return table("Relative deviation of ξ² of the row's solver from the column's", ["", *labels], body)

    shown = points[:MAX_POINTS]
    note = (
        "✓ within what both answer for, in ξ², N_eff, spin and covariance; ≠ further apart, though neither claims to "
        "be exact; ✗ further apart, and a claim is broken; ○ one of the two claims nothing; · no time in common."
    )
    body = points_div([matrix(p) for p in range(len(shown))], shown)
    command = material.command("compare", "{}", "--json")
    return Panel("agreement", "Agreement", "Every two solvers held against each other.", body, rows, command, note=note)
