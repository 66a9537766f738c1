"""What the framework costs beside the solvers: import, plugins, data sets, runs and comparisons."""

from __future__ import annotations

import shutil
import tempfile
from typing import Any

import squeezebench as sb

from . import common

#: Values of the swept axis in a run: enough for the cost of a cell to show over that of the run.
_POINTS = 20


class Start:
    """In a new process each, without the start of Python."""

    rounds = common.ROUNDS
    repeat = (3, 10, 10.0)

    def timeraw_import(self) -> str:
        return "import squeezebench"

    def timeraw_import_command_line(self) -> str:
        return "import squeezebench.cli.main"


class Plugins:
    """Finding and loading the entry points; the modules themselves are imported already."""

    rounds = common.ROUNDS
    repeat = common.REPEAT

    def setup(self) -> None:
        from squeezebench.host import Host

        self.load = Host
        self.load()

    def time_load(self) -> None:
        self.load()


class DataSet:
    """Moments to every observable, labelled, for the cheapest solver there is."""

    params = (101, 10_001)
    param_names = ("times",)
    rounds = common.ROUNDS
    repeat = common.REPEAT

    def setup(self, times: int) -> None:
        from squeezebench.dataset import build

        self.problem = common.twisting(100, times)
        self.moments = common.prepare("one_axis_twisting", self.problem)()
        self.build = build
        self.time_build(times)

    def time_build(self, times: int) -> None:
        self.build(self.problem, self.moments, provenance={})


class Solve:
    """`squeezebench.solve` around a closed form of 0.1 ms: what is left is the framework's."""

    rounds = common.ROUNDS
    repeat = common.REPEAT

    def setup(self) -> None:
        self.problem = common.steady(100)
        self.time_solve()

    def time_solve(self) -> None:
        sb.solve(self.problem, "steady_state", n_threads=1)


class Run:
    """A run of 20 cells of mean field; divide by 20 for a cell."""

    rounds = common.ROUNDS
    repeat = (2, 5, 5.0)
    warmup_time = 0.0

    def setup(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="squeezebench-asv-")
        self.results = self._run()
        self._run(self.folder)

    def teardown(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def time_in_memory(self) -> None:
        self._run()

    def time_from_store(self) -> None:
        """All cells are there already: they are looked up and read."""
        self._run(self.folder)

    def time_compare(self) -> None:
        sb.compare(self.results)

    def _run(self, store: str | None = None) -> Any:
        scenario = sb.Scenario(
            name="cells",
            model={"type": "driven_cavity", "upsilon_ratio": 0.9, "gamma_s": 4.0},
            axes={"N": list(range(10, 10 + _POINTS))},
            times={"stop": 0.1, "num": 11},
        )
        solvers = ["mean_field", "mean_field:tier=fast"]
        return sb.run(scenario, solvers=solvers[: 2 if store is None else 1], store=store, n_threads=1)
