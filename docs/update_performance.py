"""Put measured tables into the performance page: ``python docs/update_performance.py .asv/results [MACHINE]``."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from pathlib import Path

from squeezebench.dashboard.results import Curve, Results, curves, peers, read, tiers

PAGE = Path(__file__).with_name("performance.md")

#: Sections that are made anew: between these two comments.
_SECTION = re.compile(r"(<!-- measured: (?P<name>\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def updated(page: str, results: Results) -> str:
    """The page with the tables of `results`."""
    made = {
        "where": where(results),
        "peers": peer_table(results),
        "tiers": tier_table(results),
        "time": curve_table(
            curves(results, "time"), "time at the largest N", lambda seconds: f"{seconds * 1e3:.3g} ms"
        ),
        "memory": curve_table(curves(results, "peakmem"), "memory at the largest N", lambda n: f"{n / 2**20:.0f} MiB"),
    }
    return _SECTION.sub(lambda match: f"{match[1]}{made[match['name']]}\n{match[3]}", page)


def where(results: Results) -> str:
    """What the numbers are from."""
    about = results.description
    machine = ", ".join(str(about[key]) for key in ("cpu", "num_cpu", "os") if about.get(key))
    return f"Commit {', '.join(results.commits)}; processor, number of CPUs, system: {machine or 'unknown'}."


def peer_table(results: Results) -> str:
    """Ratios, and the peer of each."""
    rows = [(f"`{label(v.benchmark, v.parameters)}`", f"{v.value:.2g}", f"{1 / v.value:.3g}") for v in peers(results)]
    return table(("benchmark", "ours / theirs", "speed-up"), rows)


def tier_table(results: Results) -> str:
    """Error beside time."""
    rows = [
        (f"`{label(row.benchmark, row.parameters)}`", f"{row.seconds * 1e3:.3g} ms", f"{row.error:.1e}")
        for row in tiers(results)
    ]
    return table(("benchmark", "time", "error of ξ²"), rows)


def curve_table(found: Iterable[Curve], what: str, shown: object) -> str:
    """Growth with N."""
    rows = [
        (
            f"`{label(curve.benchmark, curve.parameters)}`",
            ", ".join(f"{size:g}" for size in curve.N),
            f"{curve.exponent:.2f}",
            shown(curve.values[-1]),  # type: ignore[operator]
        )
        for curve in found
    ]
    return table(("benchmark", "N", "exponent", what), rows)


def label(benchmark: str, parameters: dict[str, object]) -> str:
    """Name of a benchmark and its parameters."""
    name = benchmark.removeprefix("bench_").rsplit(".", 1)[0]
    return f"{name}({', '.join(str(value) for value in parameters.values())})"


def table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A table, or that there is nothing for it."""
    if not rows:
        return "Not measured in these results."
    lines = [header, ("---",) + ("---:",) * (len(header) - 1), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    PAGE.write_text(updated(PAGE.read_text(encoding="utf-8"), read(*sys.argv[1:])), encoding="utf-8")
