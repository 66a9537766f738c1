"""The performance page's tables are made from asv's results."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from squeezebench.dashboard.results import Results, Value

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("update_performance", ROOT / "docs" / "update_performance.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_tables_are_made_anew_and_text_stays(script):
    values = (
        Value("bench_x.Peers.track_slowdown_to_peer", {"solver": "s"}, 0.2, ""),
        Value("bench_x.Solve.time_solve", {"N": 10}, 1e-3, "seconds"),
        Value("bench_x.Solve.time_solve", {"N": 100}, 1e-1, "seconds"),
        Value("bench_x.Tiers.time_solve", {"tier": "fast"}, 2e-3, "seconds"),
        Value("bench_x.Tiers.track_error", {"tier": "fast"}, 1e-4, ""),
        Value("bench_bounds.Machine.track_nanoseconds_separate", {}, 0.05, "ns"),
        Value("bench_bounds.Kernels.track_nanoseconds", {"solver": "s"}, 0.2, "ns"),
        Value("bench_y.Trajectory.track_seconds", {"N": 10}, 2e-4, "seconds"),
        Value("bench_y.Trajectory.track_seconds", {"N": 20}, 4e-4, "seconds"),
    )
    page = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    made = script.updated(page, Results("box", ("abc",), {"cpu": "c"}, values))
    assert "| `x.Peers(s)` | 0.2 | 5 |" in made
    assert "| `x.Solve` | 10, 100 | 1 ms, 100 ms | 2.00 |" in made
    assert "| `y.Trajectory` | 10, 20 | 200 µs, 400 µs | 1.00 |" in made
    assert "| the same, separate (IEEE, as all kernels are) | 20 GFLOP/s |" in made
    assert "| `s` | 5 | 0.25 |" in made
    assert "| `x.Tiers(fast)` | 2 ms | 1.0e-04 |" in made
    assert "Not measured in these results." in made
    assert made.count("<!-- measured:") == page.count("<!-- measured:") == 8
    assert script.updated(made, Results("box", ("abc",), {"cpu": "c"}, values)) == made
    assert made.startswith(page[: page.index("<!-- measured:")])
