"""Values that the scenario expects, and who has them: what `run` and `compare` print."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from squeezebench.comparison import Expectation
from squeezebench.comparison.expected import places

from .markup import Cell, Panel, table
from .material import Material, number

__all__ = ["expected_panel"]

#: Rows of the table; the CSV has all.
MAX_ROWS = 400

_WORDS = {
    "met": ("✓ met", "good"),
    "within_errors": ("✓ within its own error", "good"),
    "differs": ("≠ differs", "open"),
    "not_judged": ("○ not judged", "open"),
    "no_value": ("· no value", "empty"),
}


def expected_panel(material: Material, expectations: Sequence[Expectation]) -> Panel | None:
    """Each expected value, what each solver found, whether that passes, and the source; None if none is expected."""
    if not expectations:
        return None
    rows: list[list[Cell | str]] = []
    csv: list[Any] = [["quantity", "at", "expected", "tolerance", "solver", "found", "stderr", "deviation", "result"]]
    csv[0] += ["failed", "source", "claim", "status", "reason"]
    before = ""
    for each in expectations:
        where = _where(each)
        head = f"{each.quantity} {where}".strip()
        within = f"within {number(each.tolerance, 2)}" + ("" if each.value else " absolute")
        words, kind = ("✗ FAILED", "bad") if each.failed else _WORDS[each.result]
        found = number(each.measured, 8) + (f" ± {number(each.stderr, 2)}" if each.stderr > 0 else "")
        again = head == before
        rows.append(
            [
                Cell("″" if again else each.quantity, "" if again else where.replace(" = ", "\u00a0=\u00a0")),
                Cell("″" if again else number(each.value, 8), "" if again else within),
                each.solver,
                found,
                number(each.deviation, 2),
                Cell(words, each.reason, kind),
                "″" if again else each.source,
            ]
        )
        before = head
        numbers = [each.value, each.tolerance, each.solver, each.measured, each.stderr, each.deviation]
        ends = [each.result, each.failed, each.source, each.claim, each.status, each.reason]
        csv.append([each.quantity, where, *numbers, *ends])
    values = len({(e.quantity, _where(e), e.value) for e in expectations})
    missed = sum(e.failed for e in expectations)
    met = sum(e.result in ("met", "within_errors") for e in expectations)
    lead = (
        f"Values from elsewhere that the scenario expects: {values}; {met} of {len(expectations)} results have them. "
        + (f"{missed} failed: they claim to be exact without statistical errors, and differ. " if missed else "")
        + "Approximations may differ: that is what a comparison is for. ✓ met; ≠ differs; ✗ a claim to be exact that "
        "differs by more than it answers for; ○ outside, and sampled without a standard error."
    )
    header = ["quantity", "expected", "solver", "found", "deviation", "", "source"]
    body = table("Expected and found", header, rows[:MAX_ROWS])
    note = f"The first {MAX_ROWS} of {len(rows)} rows; the CSV has all." if len(rows) > MAX_ROWS else ""
    command = material.command("compare", "{}", "--json")
    return Panel("expected", "Expected values", lead, body, csv, command, note=note)


def _where(each: Expectation) -> str:
    where = f"at {places(each.at)}" if each.at else ""
    where += f", distance from {places(each.against)}" if each.against is not None else ""
    if each.over:
        where += f", mixture over {each.over} by {each.weights}" if each.weights else f", least over {each.over}"
    return where.removeprefix(", ")
