"""Put measured tables into the performance page: ``python docs/update_performance.py .asv/results [MACHINE]``."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from squeezebench.dashboard.results import Curve, Results, curves, peers, read, tiers

PAGE = Path(__file__).with_name("performance.md")

#: The class of benchmarks of a core, and what its functions say.
MACHINE = "bench_bounds.Machine"
RATES = {
    "nanoseconds_fused": ("multiplications and additions, fused, in vectors", "GFLOP/s"),
    "nanoseconds_separate": ("the same, separate (IEEE, as all kernels are)", "GFLOP/s"),
    "nanoseconds_chained": ("the same, each waiting for the one before", "GFLOP/s"),
    "nanoseconds_divided": ("divisions, one by one", "divisions a nanosecond"),
    "nanoseconds_a_byte": ("memory, two arrays read and one written", "GB/s"),
}

#: Sections that are made anew: between these two comments.
_SECTION = re.compile(r"(<!-- measured: (?P<name>\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def updated(page: str, results: Results) -> str:
    """The page with the tables of `results`."""
    made = {
        "where": where(results),
        "peers": peer_table(results),
        "tiers": tier_table(results),
        "time": curve_table(curves(results, "time"), "time at each", duration),
        "memory": curve_table(curves(results, "peakmem"), "MiB at each", lambda n: f"{n / 2**20:.0f}"),
        "machine": machine_table(results),
        "bounds": bound_table(results),
        "divisions": divisions(results),
    }
    return _SECTION.sub(lambda match: f"{match[1]}{made[match['name']]}\n{match[3]}", page)


def where(results: Results) -> str:
    """What the numbers are from."""
    about = results.description
    machine = ", ".join(str(about[key]) for key in ("cpu", "num_cpu", "os") if about.get(key))
    return f"Commit {', '.join(results.commits)}; processor, number of CPUs, system: {machine or 'unknown'}."


def peer_table(results: Results) -> str:
    """Ratios, and the peer of each."""
    rows = [(f"`{label(v.benchmark, v.parameters)}`", f"{v.value:.2g}", speed_up(v.value)) for v in peers(results)]
    return table(("benchmark", "ours / theirs", "speed-up"), rows)


def tier_table(results: Results) -> str:
    """Error beside time."""
    rows = [
        (f"`{label(row.benchmark, row.parameters)}`", duration(row.seconds), f"{row.error:.1e}")
        for row in tiers(results)
    ]
    return table(("benchmark", "time", "error of ξ²"), rows)


def curve_table(found: Iterable[Curve], what: str, shown: Callable[[float], str]) -> str:
    """Growth with N."""
    rows = [
        (
            f"`{label(curve.benchmark, curve.parameters)}`",
            ", ".join(f"{size:g}" for size in curve.N),
            ", ".join(shown(value) for value in curve.values),
            f"{round(curve.exponent, 2) + 0.0:.2f}",
        )
        for curve in found
    ]
    return table(("benchmark", "N", what, "exponent"), rows)


def machine_table(results: Results) -> str:
    """What a core can do."""
    found = {
        value.benchmark.rsplit(".track_", 1)[-1]: value for value in results.named("") if MACHINE in value.benchmark
    }
    rows = [(text, f"{1 / found[name].value:.3g} {unit}") for name, (text, unit) in RATES.items() if name in found]
    return table(("one core", "at most"), rows)


def bound_table(results: Results) -> str:
    """What the kernels do, and what part it is of what a core can do."""
    separate = [value.value for value in results.named(f"{MACHINE}.track_nanoseconds_separate")]
    rows = [
        (f"`{value.parameters['solver']}`", f"{1 / value.value:.2g}", f"{separate[0] / value.value:.2g}")
        for value in results.named("bench_bounds.Kernels.track_nanoseconds")
        if separate
    ]
    return table(("solver", "GFLOP/s", "part of separate operations"), rows)


def divisions(results: Results) -> str:
    """How much of the closed form's time its divisions are."""
    found = [value.value for value in results.named("SteadyState.track_over_divisions")]
    return f"It takes {found[0]:.3g} times as long." if found else table((), [])


def speed_up(ratio: float) -> str:
    """Inverse of a ratio, with no more digits than it has."""
    return f"{1 / ratio:.3g}" if ratio > 1e-3 else f"{round(1 / ratio, -1):.0f}"


def duration(seconds: float) -> str:
    """In the unit that suits it."""
    for factor, unit in ((1.0, "s"), (1e3, "ms")):
        if seconds * factor >= 0.999:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs"


def label(benchmark: str, parameters: dict[str, object]) -> str:
    """Name of a benchmark and its parameters."""
    name = benchmark.removeprefix("bench_").rsplit(".", 1)[0]
    given = ", ".join(
        f"{key} = {value}" if isinstance(value, int | float) else str(value) for key, value in parameters.items()
    )
    return f"{name}({given})" if given else name


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
