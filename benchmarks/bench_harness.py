"""What the harness costs a cell: isolation, the store, starting a solver process."""

from __future__ import annotations

import shutil
import tempfile
import time
from typing import Any

import squeezebench as sb

from . import common

#: Cells of a run: enough for starting and ending it not to show.
_CELLS = 100


def scenario() -> sb.Scenario:
    """Small cells, one job each: a few milliseconds of mean field at different N."""
    return sb.Scenario(
        name="cells",
        model={"type": "driven_cavity", "upsilon_ratio": 0.9, "gamma_s": 4.0},
        axes={"N": list(range(10, 10 + _CELLS))},
        times={"stop": 0.1, "num": 11},
    )


class Cell:
    """Seconds a small cell takes from end to end, in a warm run of 100; `in_process` is without isolation.

    The overhead of a way of running is its value less `solver`, the time spent inside the solver.
    """

    params = ("solver", "in_process", "isolated", "isolated, stored")
    param_names = ("way",)
    unit = "s"
    timeout = 300

    def setup(self, way: str) -> None:
        self.folder = tempfile.mkdtemp(prefix="squeezebench-asv-")
        self._run(way)

    def teardown(self, way: str) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def track_seconds_a_cell(self, way: str) -> float:
        best = float("inf")
        for _ in range(3):
            start = time.perf_counter()
            results = self._run(way)
            seconds = float(results.seconds.sum()) if way == "solver" else time.perf_counter() - start
            best = min(best, seconds / _CELLS)
        return best

    def _run(self, way: str) -> Any:
        store = self.folder if way.endswith("stored") else None
        isolate = way.startswith("isolated")
        return sb.run(scenario(), ["mean_field"], store=store, fresh=True, isolate=isolate, n_threads=1)


class Process:
    """Starting and ending one solver process, as happens after a crash or a limit."""

    rounds = 1
    repeat = (2, 3, 30.0)
    number = 1
    warmup_time = 0.0
    timeout = 300

    def time_start(self) -> None:
        from squeezebench.harness.process import SolverProcess

        SolverProcess(1).kill()


class Guard:
    """The laws of spin states at 10⁴ times of one result."""

    rounds = common.ROUNDS
    repeat = common.REPEAT

    def setup(self) -> None:
        from squeezebench.guard import guarded

        self.problem = common.twisting(100, 10_001)
        self.moments = common.prepare("one_axis_twisting", self.problem)()
        self.guarded = guarded

    def time_guarded(self) -> None:
        self.guarded(self.moments, self.problem, sb.Claim("exact"))
