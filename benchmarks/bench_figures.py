"""The paper's figures: a run of each one's scenario, from nothing to all that is kept, in this process, on one thread.

Solvers, points and times are those of the built-in scenarios. Drawing is not in it, nor is the store; `stored` is left
out of fig2a, since it only reads a file.
"""

from __future__ import annotations

import warnings
from typing import Any

import numba  # noqa: F401  # needed by each process anyway; imported here, a forking launcher imports it once

import squeezebench as sb

from . import common

#: Scenarios, cheapest first, and whether one takes longer than the quick pass should.
SCENARIOS = {
    "fig1c": False,
    "fig1d": False,
    "fig3b": False,
    "fig1a": True,
    "fig3a": True,
    "fig2a": True,
    "fig2b": True,
}

_WARM: set[str] = set()


class Scenario:
    """Wall time of a run, with all kernels at hand."""

    params = (tuple(SCENARIOS),)
    param_names = ("figure",)
    rounds = 1
    repeat = (1, 3, 10.0)
    number = 1
    warmup_time = 0.0
    min_run_count = 1
    timeout = 900

    def setup(self, figure: str) -> None:
        if SCENARIOS[figure]:
            common.at_leisure()
        from squeezebench.scenario import load_scenario

        self.scenario = load_scenario(figure)
        if figure not in _WARM:
            run(beginning(self.scenario))
            _WARM.add(figure)

    def time_run(self, figure: str) -> None:
        run(self.scenario)


def run(scenario: sb.Scenario) -> Any:
    """All cells of a scenario."""
    specs = [spec for spec in scenario.solvers if spec.name != "stored"]
    with warnings.catch_warnings():
        # Cumulants end where their orders part: that is part of the figures.
        warnings.simplefilter("ignore", sb.SqueezebenchWarning)
        return sb.run(scenario, specs, n_threads=1, isolate=False)


def beginning(scenario: sb.Scenario) -> sb.Scenario:
    """The first point of a scenario, for a hundredth of its time and by two trajectories: the kernels are the same."""
    entries = scenario.to_dict()
    for name, axis in entries.get("axes", {}).items():
        entries["axes"][name] = [axis["start"] if isinstance(axis, dict) else axis[0]]
    if isinstance(entries["times"], dict):
        entries["times"] = {"stop": f"0.01*({entries['times']['stop']})", "num": 2}
    entries["solvers"] = [
        sb.Spec(
            spec.name, tier=spec.tier, **(spec.options | {"n_trajectories": 2} if spec.name == "mcwf" else spec.options)
        )
        for spec in scenario.solvers
    ]
    entries.pop("expected", None)
    return sb.Scenario(**entries)
