"""Put the tables of the benchmark set into docs/benchmark_set.md: ``python docs/update_benchmark_set.py STORE…``.

The runs are made by ``squeezebench run NAME -o STORE`` for each scenario of the set.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from pathlib import Path
from typing import Any

import squeezebench as sb
from squeezebench.comparison import judge
from squeezebench.comparison.expected import places
from squeezebench.harness import load

PAGE = Path(__file__).with_name("benchmark_set.md")
#: The set, in the order of the page; those after the first ten belong to one of them.
SET = (
    "oat_decoherence",
    "dicke_burst",
    "superradiant_laser",
    "crf_bistability",
    "critical_scaling",
    "two_axis_noise",
    "boundary_time_crystal",
    "number_fluctuations",
    "cavity_kept",
    "sequence_hold",
    "crf_bistability_courses",
    "crf_bistability_branches",
)
BEGIN, END = "<!-- {} begins: update_benchmark_set.py writes this -->", "<!-- {} ends -->"


def _number(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.1e}"


def _spins(judgements: list[Any]) -> str:
    sizes = sorted({j.point[name] for j in judgements for name in ("N", "mean_number") if name in j.point})
    text = [f"{n:g}" for n in sizes]
    return text[0] if len(set(text)) == 1 else f"{text[0]} … {text[-1]}" if text else ""


def _verdict(judgements: list[Any]) -> str:
    """What is said of a solver over all points where it has values, worst word first, with how often."""
    if any(j.broken for j in judgements):
        return "**BROKEN**"
    found = [j.verdict for j in judgements if j.verdict != "not_comparable"]
    words = [
        f"{word.replace('_', ' ')} {found.count(word)}"
        for word in ("differ", "no_claim", "no_reference", "agree", "reference")
        if word in found
    ]
    return ", ".join(words) or "–"


def _worst(judgements: list[Any]) -> tuple[float, float]:
    xi2 = [j.deviations.get("xi2", {}).get("relative_deviation", math.nan) for j in judgements]
    spin = [j.deviations.get("spin", {}).get("max_deviation", math.nan) for j in judgements]
    worst = [max((v for v in values if not math.isnan(v)), default=math.nan) for values in (xi2, spin)]
    return worst[0], worst[1]


def rows_of(name: str, results: Any) -> list[str]:
    """One row a solver of a scenario."""
    judgements = judge(results)
    expected = sb.check_expected(results)
    rows = []
    for solver in dict.fromkeys(j.solver for j in judgements):
        mine = [j for j in judgements if j.solver == solver]
        values = [j for j in mine if j.status not in ("unsupported",)]
        ended = sum(j.status in ("diverged", "unphysical") for j in values)
        failed = [j for j in values if j.status in ("error", "crashed", "timeout", "out_of_memory", "missing")]
        met = [e for e in expected if e.solver == solver and e.status != "unsupported"]
        good = sum(e.result in ("met", "within_errors") for e in met)
        if not values:
            reason = next(iter(dict.fromkeys(j.reason for j in mine if j.reason)), "")
            rows.append(f"| `{name}` | `{solver}` | | *declines*: {reason} | | | | |")
            continue
        verdict = _verdict(values) + (f"; {ended} end early" if ended else "")
        verdict += f"; {len(failed)} {failed[0].status}" if failed else ""
        xi2, spin = _worst(values)
        took = [j.seconds for j in values if not math.isnan(j.seconds)]
        rows.append(
            f"| `{name}` | `{solver}` | {_spins(values)} | {verdict} | {_number(xi2)} | {_number(spin)} | "
            f"{f'{good} of {len(met)}' if met else ''} | {f'{max(took):.2g}' if took else ''} |"
        )
    return rows


def table(stores: list[str]) -> tuple[list[str], list[str], str]:
    """Rows of the table, rows of the expected values, and on what machine."""
    rows = [
        "| scenario | solver | N | verdicts (points) | ∣Δξ²∣/ξ² | ∣Δ⟨J⟩∣/(N/2) | expected met | slowest (s) |",
        "|---|---|---|---|---|---|---|---|",
    ]
    values = ["| scenario | quantity | expected | met by | differs |", "|---|---|---|---|---|"]
    machine = ""
    for name in SET:
        results = None
        for store in stores:
            try:
                results = load(store, name)
                break
            except sb.StoreError:
                continue
        if results is None:
            print(f"no run of {name} in {', '.join(stores)}: squeezebench run {name} -o {stores[0]}", file=sys.stderr)
            continue
        rows += rows_of(name, results)
        story = json.loads(results.attrs["squeezebench"])
        machine = str(story["versions"].get("cpu", "") or story["versions"].get("machine", ""))
        by_value: dict[str, list[Any]] = {}
        for each in sb.check_expected(results):
            by_value.setdefault(f"{each.quantity}|{each.at}|{each.weights}|{each.against}", []).append(each)
        for here in by_value.values():
            one = here[0]
            where = places(one.at)
            where += f", least over {one.over}" if one.over and not one.weights else ""
            where += f", mixture by {one.weights}" if one.weights else ""
            where += f", from {places(one.against)}" if one.against else ""
            met = [f"`{e.solver}`" for e in here if e.result in ("met", "within_errors")]
            apart = [f"`{e.solver}` {e.measured:.5g}" for e in here if e.result == "differs"]
            values.append(
                f"| `{name}` | {one.quantity} at {where} | {one.value:.8g} ({one.tolerance:.0e}) | {', '.join(met)} | "
                f"{', '.join(apart)} |"
            )
    return rows, values, machine


def put(text: str, name: str, lines: list[str]) -> str:
    """`text` with what stands between the marks of `name` replaced."""
    begin, end = BEGIN.format(name), END.format(name)
    if begin not in text or end not in text:
        raise SystemExit(f"{PAGE.name} has no marks {begin!r} and {end!r}")
    before, rest = text.split(begin)
    return before + begin + "\n\n" + "\n".join(lines) + "\n\n" + end + rest.split(end)[1]


def main() -> None:
    """Read the stores and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stores", nargs="+", help="folders that `squeezebench run NAME -o` wrote")
    rows, values, _ = table(parser.parse_args().stores)
    text = put(PAGE.read_text(encoding="utf-8"), "table", rows)
    PAGE.write_text(put(text, "expected", values), encoding="utf-8")


if __name__ == "__main__":
    main()
