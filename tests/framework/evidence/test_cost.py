"""Costs: fronts and power laws of numbers that are known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import squeezebench as sb
from squeezebench import InvalidOptionError
from squeezebench.cli.main import main
from squeezebench.evidence.cost import _front


def timed(results: Any, seconds: Any, peak: Any = 1e6, grade: str = "exclusive") -> Any:
    """The results with costs put in, as a timing pass would have found them."""
    dims, shape = results["status"].dims, results["status"].shape
    return results.assign(
        seconds=(dims, np.broadcast_to(np.asarray(seconds, float), shape)),
        peak_memory=(dims, np.broadcast_to(np.asarray(peak, float), shape)),
        timing_grade=(dims, np.full(shape, grade)),
    )


@pytest.fixture(scope="module")
def results() -> Any:
    scenario = sb.Scenario(
        name="orders",
        model={"type": "driven_cavity", "upsilon_ratio": 0.9, "gamma_s": 4.0},
        axes={"N": [3, 4, 6, 8]},
        times={"stop": 0.5, "num": 11},
    )
    specs = ["mean_field", "cumulant:order=2", "cumulant:order=3", "permutational:tier=tight"]
    return sb.run(scenario, specs, isolate=False)


def test_the_front_has_what_no_other_beats() -> None:
    rng = np.random.default_rng(5)
    for _ in range(200):
        error, cost = rng.integers(0, 6, size=(2, 12)).astype(float)
        error[rng.random(12) < 0.1], cost[rng.random(12) < 0.1] = np.nan, np.nan
        for k, on in enumerate(_front(error, cost)):
            beaten = any(
                error[i] <= error[k] and cost[i] <= cost[k] and (error[i] < error[k] or cost[i] < cost[k])
                for i in range(12)
            )
            assert on == (np.isfinite(error[k]) and np.isfinite(cost[k]) and not beaten)


def test_errors_are_the_largest_deviations_of_the_comparison(results: Any) -> None:
    found = sb.work_precision(timed(results, 1.0))
    pairs = sb.compare(results).sel(observable="xi2", solver_=results.solver.values[-1])
    deviation = pairs.relative_deviation.transpose("solver", "N").values
    np.testing.assert_allclose(found.error.values[:-1], deviation[:-1], rtol=1e-9)
    assert np.isnan(found.error.values[-1]).all()
    assert set(found.reference.values) == {str(results.solver.values[-1])}
    assert not found.on_front.values[-1].any()


def test_only_exclusive_timings_are_evidence(results: Any) -> None:
    found = sb.work_precision(timed(results, 1.0, grade="batch"))
    assert np.isnan(found.seconds).all()
    assert np.isnan(found.peak_bytes).all()
    assert not found.on_front.any()
    assert np.isfinite(found.error.values[:-1]).all()
    with pytest.raises(InvalidOptionError, match="exclusive timings"):
        sb.scaling(timed(results, 1.0, grade="shared"))


def test_a_slower_and_less_accurate_spec_is_off_the_front(results: Any) -> None:
    seconds = np.array([3.0, 1.0, 2.0, 9.0])[:, None]
    peak = np.array([1.0, 2.0, 3.0, 9.0])[:, None]
    found = sb.work_precision(timed(results, seconds, peak)).sel(N=8)
    assert found.on_front.values.tolist() == [False, True, True, False]
    assert found.on_memory_front.values.tolist() == [True, True, True, False]


def test_errors_below_what_the_reference_answers_for_count_as_equal(results: Any) -> None:
    coarse = timed(results.copy(deep=True), np.array([1.0, 2.0, 3.0, 9.0])[:, None])
    coarse["tier_error"][3] = 10.0
    found = sb.work_precision(coarse).sel(N=8)  # where nobody else is exact
    assert float(found.error_floor) == pytest.approx(10.0)
    assert found.on_front.values.tolist() == [True, False, False, False]


@pytest.mark.parametrize("exponent", [-0.5, 0.0, 1.0, 2.7])
def test_a_power_law_is_found_exactly(results: Any, exponent: float) -> None:
    laws = sb.scaling(timed(results, 2e-3 * results.N.values.astype(float) ** exponent))
    law = laws.sel(quantity="seconds")
    np.testing.assert_allclose(law.exponent, exponent, atol=1e-9)
    np.testing.assert_allclose(law.local_exponent, exponent, atol=1e-9)
    np.testing.assert_allclose(law.prefactor, 2e-3, rtol=1e-9)
    np.testing.assert_allclose(law.exponent_stderr, 0, atol=1e-6)
    assert (law.points == 4).all()
    np.testing.assert_allclose(laws.sel(quantity="peak_bytes").exponent, 0, atol=1e-9)


def test_the_interval_covers_the_exponent_as_often_as_it_says(results: Any) -> None:
    rng, N = np.random.default_rng(11), results.N.values.astype(float)
    trials, inside = 250, 0
    for _ in range(trials):
        law = sb.scaling(timed(results, N**1.5 * np.exp(0.2 * rng.normal(size=(4, 4))))).sel(quantity="seconds")
        inside += int(((law.exponent_low <= 1.5) & (law.exponent_high >= 1.5)).sum())
    share = inside / (4 * trials)
    assert abs(share - 0.95) < 0.03  # four standard errors of a share of 1000


def test_scaling_agrees_with_scipy(results: Any) -> None:
    from scipy.stats import linregress

    rng, N = np.random.default_rng(3), results.N.values.astype(float)
    seconds = N**2 * np.exp(0.3 * rng.normal(size=(4, 4)))
    law = sb.scaling(timed(results, seconds)).sel(quantity="seconds")
    for k in range(4):
        fit = linregress(np.log(N), np.log(seconds[k]))
        assert float(law.exponent[k]) == pytest.approx(fit.slope)
        assert float(law.exponent_stderr[k]) == pytest.approx(fit.stderr)


def test_two_sizes_give_no_uncertainty_and_one_gives_nothing(results: Any) -> None:
    pair = timed(results, results.N.values.astype(float)).isel(N=slice(2))
    assert np.isnan(sb.scaling(pair).exponent_stderr).all()
    with pytest.raises(InvalidOptionError, match="two sizes"):
        sb.scaling(pair.isel(N=[0]))
    with pytest.raises(InvalidOptionError, match=r"data set of squeezebench\.run"):
        sb.scaling("results")


def test_the_command_times_and_prints(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "small.toml"
    file.write_text(
        'schema = 1\nname = "small"\ntitle = "A small one"\nsource = "a test"\n'
        'solvers = ["mean_field", "cumulant:order=2", "qutip"]\n'
        '[model]\ntype = "driven_cavity"\nupsilon_ratio = 0.9\ngamma_s = 4.0\n'
        "[axes]\nN = [3, 4]\n[times]\nstop = 0.2\nnum = 5\n"
    )
    with pytest.raises(SystemExit) as done:
        main(["work-precision", str(file), "-o", str(tmp_path / "store"), "--timing", "1", "--quiet", "--json"])
    assert not done.value.code
    printed = json.loads(capsys.readouterr().out)
    costs = printed["work_precision"]["data_vars"]
    assert np.isfinite(np.array(costs["seconds"]["data"], float)).all()
    assert np.array(costs["on_front"]["data"]).any()
    assert printed["scaling"]["coords"]["quantity"]["data"] == ["seconds", "peak_bytes"]
    with pytest.raises(SystemExit) as done:
        main(["work-precision", str(tmp_path / "store")])
    assert not done.value.code
    table = capsys.readouterr().out
    assert "reference" in table
    assert "scaling" in table


def test_work_precision_is_drawn_and_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [tmp_path / "wp.svg", tmp_path / "wp.nc"]
    line = f"work-precision {tmp_path / 'mine.toml'} -s mean_field -s cumulant:order=2 -s permutational --timing 1 -q"
    (tmp_path / "mine.toml").write_text(
        'schema = 1\nname = "mine"\ntitle = "mine"\nsolvers = ["mean_field"]\n'
        '[model]\ntype = "driven_cavity"\nupsilon_ratio = 0.9\ngamma_s = 4\n[axes]\nN = [4, 6]\n'
        "[times]\nstop = 0.2\nnum = 11\n"
    )
    with pytest.raises(SystemExit) as exit_:
        main([*line.split(), "-o", str(tmp_path / "store"), "--figure", str(files[0]), "--data", str(files[1])])
    assert exit_.value.code in (0, None)
    assert "reference" in capsys.readouterr().out
    assert files[0].read_bytes().count(b"<path") > 50
    written = xr.load_dataset(files[1], engine="h5netcdf")
    assert written["on_front"].sel(solver="cumulant(order=2)").any()
    assert (written["seconds"] > 0).all()
