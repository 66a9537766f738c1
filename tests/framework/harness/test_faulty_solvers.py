"""A solver that cannot say what it supports or claims loses only itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import squeezebench as sb
from squeezebench.host import Host, set_host

from ..toys import EntryPoint, Precession, plugin_with


class Faulty(Precession):
    fault = ""

    def supports(self, problem: sb.Problem, options: Any) -> sb.Support:
        if self.fault == "supports":
            raise ZeroDivisionError("supports divides by zero")
        return super().supports(problem, options)

    def claim(self, problem: sb.Problem, options: Any) -> sb.Claim:
        if self.fault == "claim":
            raise ZeroDivisionError("claim divides by zero")
        return super().claim(problem, options)


class FaultyBatches(Faulty):
    def solve_batch(self, problems: Any, options: Any, context: sb.Context) -> Any:
        return [self.solve(problem, options, context) for problem in problems]


@pytest.fixture
def _restored() -> Iterator[None]:
    yield
    set_host(None)


@pytest.mark.usefixtures("_restored")
@pytest.mark.parametrize("fault", ["supports", "claim"])
@pytest.mark.parametrize("base", [Faulty, FaultyBatches])
def test_a_fault_before_solving_is_the_status_of_its_own_cells(base: type[Faulty], fault: str) -> None:
    faulty = type("Broken", (base,), {"name": "faulty", "fault": fault})()
    set_host(Host([EntryPoint("toys", plugin_with(Precession(), faulty))]))
    scenario = sb.Scenario(
        model={"type": "spin", "drive": [0, 0, 2.0]}, axes={"N": [2, 3]}, times={"stop": 1.0, "num": 3}
    )
    results = sb.run(scenario, ["faulty", "precession"])
    assert results.status.values.tolist() == [["error", "error"], ["ok", "ok"]]
    assert all(f"{fault} divides by zero" in str(reason) for reason in results.reason.values[0])
    with pytest.raises(sb.SolverError, match=f"{fault} divides by zero"):
        sb.solve(scenario.points()[0].problem, "faulty")
