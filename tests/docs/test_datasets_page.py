"""The page of data sets lists exactly what is in real ones."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import squeezebench as sb

PAGE = (Path(__file__).parents[2] / "docs" / "datasets.md").read_text(encoding="utf-8")
QUANTITY = re.compile(r"_(error|stderr)$")


def table(name: str) -> dict[str, list[str]]:
    """Name → the further cells of its row."""
    (text,) = re.findall(rf"<!-- table: {name} -->\n(.*?)<!-- end -->", PAGE, re.DOTALL)
    rows: dict[str, list[str]] = {}
    for line in text.splitlines()[2:]:
        first, *others = (cell.strip() for cell in line.strip("|").split(" |"))
        for entry in re.findall(r"`([^`]+)`", first):
            assert entry not in rows
            rows[entry] = others
    return rows


@pytest.fixture(scope="module")
def solutions() -> list[Any]:
    model = sb.SpinModel.driven_cavity(N=6, upsilon_ratio=0.9, gamma_s=4.0)
    problem = sb.Problem(model, times=np.linspace(0, 0.5, 4))
    decay = sb.Problem(sb.SpinModel(N=6, emission=1.0), sb.CoherentSpinState(theta=0.0), [0.0, 1.0])
    return [
        sb.solve(problem, "mcwf", n_trajectories=8, keep={"trajectories"}),
        sb.solve(problem, "permutational", keep={"states"}),
        sb.solve(decay, "permutational", keep={"states"}),
        sb.solve(problem, "cumulant", order=3),
        sb.solve(problem, "mean_field"),
    ]


@pytest.fixture(scope="module")
def results() -> Any:
    scenario = sb.Scenario(
        name="pair",
        title="Two sizes",
        model={"type": "driven_cavity", "upsilon_ratio": 0.9, "gamma_s": 4.0},
        axes={"N": [4, 6]},
        times={"stop": 0.5, "num": 4},
        solvers=["cumulant:order=3", "mcwf:n_trajectories=8"],
        reductions=["minimum_xi2", "t_star"],
    )
    return sb.run(scenario, timing=1, isolate=False)


def test_every_variable_of_a_solution_is_listed_with_its_dims(solutions: list[Any]) -> None:
    listed = table("solution")
    seen = set()
    for ds in solutions:
        for name, variable in ds.data_vars.items():
            assert name in listed, f"docs/datasets.md does not know {name}"
            seen.add(name)
            dims = tuple(part for part in listed[name][0].split(", ") if part)
            if dims == ("as the quantity",):
                dims = ds[QUANTITY.sub("", str(name))].dims
            assert variable.dims == dims, name
        assert set(ds.coords) <= {"time", "axis", "axis_", "trajectory"}
    assert seen == set(listed), "listed, and in none of these solutions"
    always = {name for name, cells in listed.items() if cells[1] == "always"}
    for ds in solutions:
        assert always <= set(ds.data_vars)


def test_every_key_of_provenance_is_listed(solutions: list[Any], results: Any) -> None:
    for ds in solutions:
        assert set(json.loads(ds.attrs["squeezebench"])) == set(table("provenance"))
        assert set(ds.attrs) == {"squeezebench"}
    assert set(json.loads(results.attrs["squeezebench"])) == set(table("run-provenance"))
    assert set(results.attrs) == {"title", "squeezebench"}
    assert json.loads(results.attrs["squeezebench"])["kind"] == "run"


def test_every_variable_of_a_run_is_listed(results: Any) -> None:
    cells = table("run")
    quantities = {name for name in table("solution") if not name.startswith(("state_", "block_"))}
    quantities -= {name for name in quantities if name.endswith("_trajectory")}
    for name, variable in results.data_vars.items():
        assert name in cells or name in quantities, f"docs/datasets.md does not know {name}"
        if name in cells and not name.startswith("block_"):
            assert variable.dims == ("solver", "N")
    assert set(cells) <= set(results.data_vars)
    assert set(results.coords) == {"solver", "N", "time", "axis", "axis_"}
    assert results.block_spin.dims == ("sampled_cell", "sample_block", "time", "axis")
    assert results.block_covariance.dims == ("sampled_cell", "sample_block", "time", "axis", "axis_")


def test_every_variable_of_a_comparison_is_listed(results: Any) -> None:
    compared = sb.compare(results)
    assert set(compared.data_vars) == set(table("comparison"))
    assert set(compared.max_deviation.dims) == {"observable", "N", "solver", "solver_"}
    assert set(compared.observable.values) == {"xi2", "spin", "covariance", "n_eff"}
    assert set(json.loads(compared.attrs["squeezebench"])) == {"kind", "schema"}
