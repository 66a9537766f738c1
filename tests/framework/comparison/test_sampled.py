"""Sampled verdicts: what they see, what they let pass, and where the blocks come from."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import squeezebench as sb
from squeezebench.block_variables import merged, samples_of_cell, samples_of_solution
from squeezebench.comparison import judge
from squeezebench.comparison.linear import block_deviations
from squeezebench.comparison.resampling import by_chance
from squeezebench.sampling import pooled

ROOT = Path(__file__).parents[3]


def script() -> Any:
    """benchmarks/verdict_power.py, which is no package of the installation."""
    if "verdict_power" not in sys.modules:
        spec = importlib.util.spec_from_file_location("verdict_power", ROOT / "benchmarks" / "verdict_power.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules["verdict_power"] = module
        spec.loader.exec_module(module)
    return sys.modules["verdict_power"]


def gaussian(seed: int, bias: float = 0.0, B: int = 256, shrink: float = 1.0) -> float:
    """p-value of correlated Gaussian blocks, off by `bias` standard errors, bars too small by `shrink`."""
    rng = np.random.default_rng(seed)
    y = rng.normal(size=(B, 30, 3)) + rng.normal(size=(B, 1, 1)) + bias / np.sqrt(B) * np.sqrt(2)
    d = y.mean(axis=0)
    unit = np.ones_like(d)
    return by_chance(d, [shrink * (y - d) / B], 0 * unit, unit, 0.01).p_value


def test_chance_is_called_chance_and_error_bars_too_small_by_two_are_not() -> None:
    assert sum(gaussian(seed) < 0.01 for seed in range(40)) <= 2  # three or more have a chance of 0.8 %
    assert sum(gaussian(seed, B=640, shrink=0.5) < 0.01 for seed in range(10)) >= 9
    assert all(gaussian(seed, bias=8.0) < 1e-4 for seed in range(10))


def test_what_does_not_fluctuate_must_be_right() -> None:
    zero, one = np.zeros((4, 1)), np.ones((4, 1))
    residuals = [np.zeros((32, 4, 1))]
    assert by_chance(zero, residuals, zero, one, 0.01).p_value == 1.0
    assert by_chance(1e-3 * one, residuals, zero, one, 0.01).p_value == 0.0
    assert by_chance(1e-3 * one, residuals, 2e-3 * one, one, 0.01).p_value == 1.0


def problem(num: int = 6) -> sb.Problem:
    model = sb.SpinModel.driven_cavity(N=8, upsilon_ratio=0.9, chi=1.0, gamma_s=2.0)
    return sb.Problem(model, times=np.linspace(0, 1, num))


def test_the_sum_over_blocks_is_the_deviation_of_the_pooled_moments() -> None:
    ds, exact = sb.solve(problem(), "mcwf", n_trajectories=64), sb.solve(problem(), "permutational")
    samples = samples_of_solution(ds)
    assert samples is not None
    centre = exact.spin.values, exact.covariance.values
    d, residuals = block_deviations(samples, centre, "spin", 8.0)
    np.testing.assert_allclose(d, (ds.spin - exact.spin).values, atol=1e-12)
    np.testing.assert_allclose(residuals.sum(axis=0), 0, atol=1e-12)
    for name in ("xi2", "n_eff"):  # to first order in the deviation
        d, _ = block_deviations(samples, centre, name, 8.0)
        apart = (ds[name] - exact[name]).values[1:]
        np.testing.assert_allclose(d[1:, 0], apart, atol=0.15 * np.abs(apart).max())


def test_blocks_that_are_put_together_pool_to_the_same() -> None:
    samples = samples_of_solution(sb.solve(problem(), "mcwf", n_trajectories=100))
    assert samples is not None
    few = merged(samples, 16)
    assert len(few.count) == 15
    for one, two in zip(pooled(few), pooled(samples), strict=True):
        np.testing.assert_allclose(one, two, atol=1e-12)


def test_a_stored_run_is_judged_by_the_blocks_as_the_solutions_are(tmp_path: Path) -> None:
    scenario = sb.Scenario(
        name="stored",
        model={"type": "driven_cavity", "upsilon_ratio": 0.9, "chi": 1.0, "gamma_s": 2.0},
        axes={"N": [6, 8]},
        times={"stop": 1.0, "num": 6},
    )
    specs = ["permutational", "mcwf:n_trajectories=64"]
    sb.run(scenario, specs, store=tmp_path / "store", isolate=False)
    loaded = sb.load(tmp_path / "store")
    cell = loaded.isel(N=1, solver=1)
    direct = sb.solve(problem(), "mcwf", n_trajectories=64)
    own, stored = samples_of_solution(direct), samples_of_cell(cell)
    assert own is not None
    assert stored is not None
    np.testing.assert_array_equal(own.spin, stored.spin)
    assert samples_of_cell(loaded.isel(N=1, solver=0)) is None
    pairs = sb.compare(loaded).sel(solver="permutational").isel(solver_=1)
    assert (pairs.verdict == "agree").all()
    assert (pairs.basis.values == "tier + blocks").all()
    alone = sb.compare(sb.solve(problem(), "permutational"), direct).isel(solver=0, solver_=1)
    # Two sampled cells share the level that one has alone.
    expected = np.minimum(1, 2 * alone.p_value.values)
    np.testing.assert_allclose(pairs.isel(N=1).p_value.values, expected, rtol=1e-9)
    assert {row.rung for row in judge(loaded) if not row.is_reference} == {"exact"}


def test_a_comparison_is_the_same_in_both_directions() -> None:
    a, b = sb.solve(problem(), "mcwf", n_trajectories=64), sb.solve(problem(), "permutational")
    pairs = sb.compare(a, b)
    for name in ("verdict", "p_value", "z_max", "first_time"):
        one, two = pairs[name].values[:, 0, 1], pairs[name].values[:, 1, 0]
        np.testing.assert_array_equal(one, two)
    assert pairs.verdict.values[:, 0, 0].tolist() == ["agree"] * 4


@pytest.mark.parametrize("fault", ["no up", "chi", "axes", "swapped", "wrong axes"])
def test_a_fault_is_seen(fault: str) -> None:
    assert script().power(fault, 2, 512)["any"] == 1.0


def test_what_claims_to_be_exact_and_is_no_state_differs_from_where_it_is_none() -> None:
    # The guard takes what is no state away, and what is left agrees.
    exact = sb.solve(problem(), "permutational")
    with pytest.warns(sb.SqueezebenchWarning, match="of no state"):
        wrong = sb.solve(problem(), script().FaultyExact("wrong axes"))
    assert json.loads(wrong.attrs["squeezebench"])["status"] == "unphysical"
    pairs = sb.compare(wrong, exact)
    assert pairs.verdict.values[:, 0, 1].tolist() == pairs.verdict.values[:, 1, 0].tolist() == ["differ"] * 4
    assert pairs.broken.values[:, 0, 1].all()
    first = exact.time.values[np.isnan(wrong.spin.values).any(axis=1)][0]
    assert (pairs.first_time.values[:, 0, 1] == first).all()
    assert pairs.verdict.values[:, 0, 0].tolist() == ["agree"] * 4


def test_right_trajectories_are_right() -> None:
    (first, *_) = script().alarm_problems().values()
    assert script().alarms(first, 5, 64, two=False)["any"] <= 0.2


@pytest.mark.parametrize("N", [4, 12])
def test_a_fault_in_what_claims_to_be_exact_is_seen(N: int) -> None:
    in_blocks = {"bars", "pairs", "wide"}
    for fault in script().FAULTS.keys() - in_blocks:
        differ, tolerances = script().exact_pair(fault, N)
        assert differ, fault
        assert tolerances > 10, fault  # infinitely many where it is no state


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["gamma", "bars", "N - 1"])
def test_a_subtle_fault_is_seen_in_95_of_100(fault: str) -> None:
    assert script().power(fault, 40, script().FAULTS[fault].trajectories)["any"] >= 0.95


@pytest.mark.slow
@pytest.mark.parametrize("two", [False, True])
def test_no_more_than_three_false_alarms_in_a_hundred(two: bool) -> None:
    for problem_ in script().alarm_problems().values():
        assert script().alarms(problem_, 100, 64, two=two)["any"] <= 0.03
