"""How far values of one commit are apart: ``python -m benchmarks.noise FOLDER [--times 5]``.

Measures a part of the suite again and again, in processes of their own as asv does it for a series, and prints for each
kind of benchmark how far a value lies from the median of its repetitions. The thresholds for regressions in
``asv.conf.json`` are above that. FOLDER keeps the repetitions: a second call adds to them, ``--times 0`` only prints.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from .check_quick import expected, run_asv

#: Some of each kind, from 10 µs to 0.1 s, which take about a minute together.
BENCH = (
    r"bench_steady_state\.OneTotalSpin\.time_solve\((100|1000000)\)",
    r"bench_mean_field\.Solve\.\w+\((100|1000000)\)",
    r"bench_cumulant\.Sizes\.\w+\((100|10000)\)",
    r"bench_one_axis_twisting\.(Solve\.time_solve\(100, \d+\)|Unitary)",
    r"bench_permutational\.(Evolution\.time_solve\((20|40)\)|Memory\.peakmem_solve\(20\)|Accuracy\.\w+\(20\))",
    r"bench_qutip\.Evolution\.\w+\(5\)",
    r"bench_mcwf\.Trajectory\.track_seconds\(500\)",
    r"bench_framework\.(DataSet|Solve)\.",
    r"bench_peers\.Peers\.\w+\('(mean_field|cumulant|permutational|steady_state)'\)",
)

#: Kind of benchmark, by the end of its name, in the order of the table.
KINDS = {
    "time_": "times",
    "track_seconds": "CPU seconds",
    "track_slowdown_to_peer": "ratios to peers",
    "peakmem_": "memory",
    "track_error": "errors",
    "track_": "counts of work",
}


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="how far values of one commit are apart")
    parser.add_argument("folder", type=Path, help="keeps the repetitions")
    parser.add_argument("--bench", action="append", help="what to measure, as for asv; default: some of each kind")
    parser.add_argument("--times", type=int, default=5, help="how often to measure now")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for _ in range(arguments.times):
        measure(arguments.folder, arguments.bench or BENCH)
    runs = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(arguments.folder.glob("*.json"))]
    if len(runs) < 2:
        print(f"{len(runs)} repetitions in {arguments.folder}: at least two say something", file=sys.stderr)
        return 1
    print(table(runs))
    return 0


def measure(folder: Path, bench: Iterable[str]) -> None:
    """One repetition: benchmark with parameters → value."""
    with tempfile.TemporaryDirectory(prefix="squeezebench-asv-") as name:
        results = Path(name) / "results"
        options = [word for pattern in bench for word in ("--bench", pattern)]
        # The folder of compiled kernels, which the package of benchmarks has set, serves all repetitions.
        run_asv(Path(name), options, {})
        suite = json.loads((results / "benchmarks.json").read_text(encoding="utf-8"))
        (path,) = results.glob("machine/*-*.json")
        result = json.loads(path.read_text(encoding="utf-8"))
    column = result["result_columns"].index("result")
    values = {
        f"{benchmark}({', '.join(parameters)})": value
        for benchmark, parameters, value in expected(suite, result["results"], column)
        if isinstance(value, int | float) and math.isfinite(value)
    }
    (folder / f"{len(list(folder.glob('*.json')))}.json").write_text(json.dumps(values, indent=1), encoding="utf-8")


def kind_of(name: str) -> str:
    """Kind of a benchmark with parameters."""
    function = name.partition("(")[0].rsplit(".", 1)[1]
    return next(kind for start, kind in KINDS.items() if function.startswith(start))


def deviations(runs: list[dict[str, float]]) -> dict[str, list[float]]:
    """Largest |value / median − 1| of each benchmark that every repetition has, by kind."""
    found: dict[str, list[float]] = {kind: [] for kind in KINDS.values()}
    for name in set.intersection(*(set(run) for run in runs)):
        values = [run[name] for run in runs]
        middle = statistics.median(values)
        far = max(abs(value / middle - 1) for value in values) if middle else max(values) - min(values)
        found[kind_of(name)].append(far)
    return found


def table(runs: list[dict[str, float]]) -> str:
    """Markdown: for each kind the number of benchmarks, and median and largest of their largest deviations."""
    lines = ["| kind | values | median | largest |", "|---|---:|---:|---:|"]
    lines += [
        f"| {kind} | {len(far)} | {percent(statistics.median(far))} | {percent(max(far))} |" for kind, far in rows(runs)
    ]
    return "\n".join([*lines, "", f"Largest distance from the median of {len(runs)} repetitions."])


def rows(runs: list[dict[str, float]]) -> Iterable[tuple[str, list[float]]]:
    """Kinds of which there are values."""
    return ((kind, far) for kind, far in deviations(runs).items() if far)


def percent(value: float) -> str:
    """With two digits."""
    return f"{100 * value:.2g} %" if value else "0"


if __name__ == "__main__":
    sys.exit(main())
