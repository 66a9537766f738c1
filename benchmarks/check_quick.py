"""Run the whole suite once, quickly, and see that every benchmark gives a value: ``python benchmarks/check_quick.py``.

``asv run`` exits with 0 when a benchmark has been skipped, and its report is long; this counts. The suite runs in the
Python that runs this script, which must have squeezebench and asv installed, on the checkout that holds this file; all
that asv writes goes to a temporary folder. Exit status 0: every value is there, and those that are left out on purpose
are left out; 1: not so, with a list; 2: asv itself failed.
"""

from __future__ import annotations

import itertools
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent

#: Benchmark and parameters, as asv writes them, that raise NotImplementedError: too costly to measure.
LEFT_OUT = {
    ("bench_piqs.Evolution.time_solve", ("60", "'stock'")),
    ("bench_piqs.Memory.peakmem_solve", ("60", "'stock'")),
    # Left out of this pass only (`common.at_leisure`).
    ("bench_batch.Map.time_map", ("0.1",)),
    ("bench_batch.Map.track_nanoseconds_a_right_hand_side", ("0.1",)),
    ("bench_figures.Scenario.time_run", ("'fig1a'",)),
    ("bench_figures.Scenario.time_run", ("'fig2a'",)),
    ("bench_figures.Scenario.time_run", ("'fig2b'",)),
    ("bench_figures.Scenario.time_run", ("'fig3a'",)),
    ("bench_mcwf.OnePercent.track_seconds", ("2000",)),
    ("bench_mcwf.Peer.track_slowdown_to_peer", ("10",)),
    ("bench_mcwf.Trajectory.track_seconds", ("10000",)),
    ("bench_mcwf.Trajectory.track_seconds", ("40000",)),
    ("bench_permutational.Populations.peakmem_solve", ("2000",)),
    ("bench_permutational.Populations.time_solve", ("2000",)),
    ("bench_permutational_representations.Large.peakmem_solve", ("500",)),
    ("bench_permutational_representations.Large.time_solve", ("500",)),
    ("bench_permutational_representations.Peer.track_slowdown_to_peer", ("100",)),
    ("bench_permutational_representations.Peer.track_slowdown_to_peer", ("60",)),
    ("bench_permutational_representations.StockPeer.track_slowdown_to_peer", ("60",)),
}

Parameters = tuple[str, ...]


def main() -> int:
    """Run, check, report."""
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="squeezebench-asv-") as name:
        folder = Path(name)
        options = ["--quick", "--show-stderr"]
        if hasattr(os, "fork"):
            # Saves a third of the time: what all benchmarks import is imported once. To measure, processes start anew.
            options += ["--launch-method", "forkserver"]
        completed = run_asv(folder, options, {"SQUEEZEBENCH_QUICK": "1"})
        results = folder / "results"
        found = sorted(results.glob("machine/*-*.json"))
        if not found:
            print(f"asv wrote no results (exit status {completed.returncode})", file=sys.stderr)
            return 2
        suite = json.loads((results / "benchmarks.json").read_text())
        complaints, values = check(suite, json.loads(found[0].read_text()))
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    benchmarks = sum(1 for benchmark in suite.values() if isinstance(benchmark, dict))
    verdict = f"{len(complaints)} complaints" if complaints else "all as expected"
    print(f"{benchmarks} benchmarks, {values} values, {time.perf_counter() - started:.0f} s: {verdict}")
    return 1 if complaints else 0


def run_asv(folder: Path, options: list[str], variables: dict[str, str]) -> subprocess.CompletedProcess[bytes]:
    """``asv run`` with this Python, more options and environment variables; all that it writes goes to `folder`."""
    settings = json.loads(without_comments((ROOT / "asv.conf.json").read_text()))
    settings |= {"repo": str(ROOT), "benchmark_dir": str(ROOT / "benchmarks")}
    settings |= {key: str(folder / key.removesuffix("_dir")) for key in ("env_dir", "results_dir", "html_dir")}
    configuration = folder / "asv.conf.json"
    configuration.write_text(json.dumps(settings))
    machine = {
        "machine": {"machine": "machine", "arch": "", "cpu": "", "num_cpu": "", "os": "", "ram": ""},
        "version": 1,
    }
    (folder / ".asv-machine.json").write_text(json.dumps(machine))
    environment = {
        # numba's cache of another state of the sources must not be used; an empty one costs its compilation.
        "NUMBA_CACHE_DIR": str(folder / "numba"),
        **os.environ,
        "PYTHONDONTWRITEBYTECODE": "1",
        **variables,
        "HOME": str(folder),  # where asv looks for its list of machines, and asks if there is none
        "GIT_CONFIG_GLOBAL": os.environ.get("GIT_CONFIG_GLOBAL", str(Path.home() / ".gitconfig")),
    }
    # Without --set-commit-hash asv saves nothing of a run in an existing environment.
    command = [sys.executable, "-m", "asv", "--config", str(configuration), "run", *options]
    command += ["--environment", f"existing:{sys.executable}", "--set-commit-hash", "HEAD", "--machine", "machine"]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False)


def check(suite: dict[str, Any], result: dict[str, Any]) -> tuple[list[str], int]:
    """What is missing, and how many values there are.

    Parameters
    ----------
    suite : dict
        asv's ``benchmarks.json``: benchmark → description with ``params``.
    result : dict
        asv's file of one run: ``results`` maps benchmarks to lists that go with ``result_columns``.
    """
    column = result["result_columns"].index("result")
    complaints, values = [], 0
    unseen = set(LEFT_OUT)
    for name, parameters, value in expected(suite, result["results"], column):
        label = f"{name}({', '.join(parameters)})"
        left_out = isinstance(value, float) and math.isnan(value)
        unseen.discard((name, parameters))
        if value is None:
            complaints.append(f"{label}: failed")
        elif left_out and (name, parameters) not in LEFT_OUT:
            complaints.append(f"{label}: left out, but not on the list LEFT_OUT")
        elif not left_out and (name, parameters) in LEFT_OUT:
            complaints.append(f"{label}: gave {value!r}, but is on the list LEFT_OUT")
        elif not left_out and not math.isfinite(value):
            complaints.append(f"{label}: gave {value!r}")
        values += isinstance(value, int | float) and math.isfinite(value)
    complaints += [f"{name}({', '.join(parameters)}): on the list LEFT_OUT only" for name, parameters in sorted(unseen)]
    return complaints, values


def expected(suite: dict[str, Any], results: dict[str, Any], column: int) -> Iterator[tuple[str, Parameters, Any]]:
    """Every benchmark with every combination of its parameters, and its value; None where there is none."""
    for name, benchmark in sorted(suite.items()):
        if not isinstance(benchmark, dict):
            continue  # the version of the file
        combinations = list(itertools.product(*benchmark["params"]))
        row = results.get(name) or []
        values = (row[column] if len(row) > column else None) or [None] * len(combinations)
        for parameters, value in itertools.zip_longest(combinations, values):
            yield name, parameters, value


def without_comments(text: str) -> str:
    """JSON without the lines that are comments, which asv allows."""
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("//"))


if __name__ == "__main__":
    sys.exit(main())
