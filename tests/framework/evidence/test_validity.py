"""Validity: a solver whose error is known at every time is found to hold exactly as long as it does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import squeezebench as sb
from squeezebench import InvalidOptionError
from squeezebench.cli.main import main
from squeezebench.evidence import stored_map
from squeezebench.host import Host, set_host
from squeezebench.report.validity_map import validity_figure
from squeezebench.scenario import load_scenario

from ..toys import EntryPoint, Precession, coherent_moments, plugin_with


class Drifting(Precession):
    """Asymptotic: its variance is off by `rate` times the time, and it ends at `until`."""

    name = "drifting"

    class Options(sb.Options):
        rate: float = 0.0
        until: float = 10.0
        grows: bool = False

    def claim(self, problem: sb.Problem, options: Any) -> sb.Claim:
        return sb.Claim("asymptotic")

    def solve(self, problem: sb.Problem, options: Any, context: sb.Context) -> sb.Moments:
        rate = options.rate * (problem.N / 20 if options.grows else 1.0)
        m = coherent_moments(problem)
        covariance = m.covariance * (1 + rate * problem.times)[:, None, None]
        return sb.Moments(m.spin, covariance, valid_until=options.until)


class Scattering(Precession):
    """Sampled: blocks whose variances scatter by `noise`, about a value off by `offset`."""

    name = "scattering"

    class Options(sb.Options):
        noise: float = 0.01
        offset: float = 0.0

    def claim(self, problem: sb.Problem, options: Any) -> sb.Claim:
        return sb.Claim("exact", sampled=True)

    def solve(self, problem: sb.Problem, options: Any, context: sb.Context) -> sb.Moments:
        rng = np.random.default_rng(context.seed)
        m = coherent_moments(problem, 1 + options.offset)
        B, T = 64, len(problem.times)
        spin = np.repeat(m.spin[None], B, 0)
        covariance = m.covariance * (1 + options.noise * rng.normal(size=(B, 1, 1, 1)))
        return sb.Moments.from_samples(sb.Samples(np.ones((B, T)), spin, covariance, np.ones(B, int), np.arange(B)))


@pytest.fixture(autouse=True)
def _host() -> Iterator[None]:
    set_host(Host([EntryPoint("toys", plugin_with(Precession(), Drifting(), Scattering()))]))
    yield
    set_host(None)


def scenario(**changes: Any) -> sb.Scenario:
    values: dict[str, Any] = {
        "name": "turning",
        # Mixed spins: ξ² is above 1 and below 1.5, and a variance that is off is still possible.
        "model": {"type": "spin", "drive": [0, 0, 2.0]},
        "initial": {"type": "coherent", "theta": 1.0, "phi": 0.3, "bloch_length": 0.95},
        "axes": {"N": [20, 40]},
        "times": {"stop": 1.0, "num": 11},
    }
    return sb.Scenario(**{**values, **changes})


def results(*solvers: str, **changes: Any) -> Any:
    return sb.run(scenario(**changes), list(solvers))


@pytest.mark.parametrize("rate", [0.02, 0.13, 0.3, 1.0])
@pytest.mark.parametrize("tolerance", [0.011, 0.053, 0.215])
def test_a_solver_is_good_until_its_error_passes_the_tolerance(rate: float, tolerance: float) -> None:
    cell = sb.validity(results("precession", f"drifting:rate={rate}"), tolerance).isel(solver=1, N=0)
    times = np.linspace(0, 1, 11)
    inside = times[rate * times <= tolerance]
    assert float(cell.good_until) == pytest.approx(inside[-1])
    if rate <= tolerance:
        assert str(cell.verdict.values) == "within"
        assert np.isnan(cell.beyond_from)
    else:
        assert str(cell.verdict.values) == "beyond"
        assert float(cell.beyond_from) == pytest.approx(times[len(inside)])
    assert float(cell.max_error) == pytest.approx(rate, rel=1e-6)
    assert float(cell.max_error_stderr) == 0


def test_each_point_of_a_sweep_has_its_own_answer() -> None:
    found = sb.validity(results("precession", "drifting:rate=0.03,grows=true", axes={"N": [10, 20, 40, 80]}), 0.05)
    assert found.verdict.values[1].tolist() == ["within", "within", "beyond", "beyond"]
    np.testing.assert_allclose(found.max_error.values[1], [0.015, 0.03, 0.06, 0.12], rtol=1e-6)
    assert found.reference.values.tolist() == ["precession"] * 4
    assert found.verdict.values[0].tolist() == ["reference"] * 4


def test_a_course_that_ends_before_the_reference_does_not_hold_there() -> None:
    cell = sb.validity(results("precession", "drifting:until=0.5"), 0.05).isel(solver=1, N=0)
    assert str(cell.verdict.values) == "beyond"
    assert float(cell.good_until) == pytest.approx(0.5)
    assert float(cell.beyond_from) == pytest.approx(0.6)
    assert np.isposinf(cell.max_error)


def test_an_approximate_solver_is_never_the_reference_unless_it_is_asked_for() -> None:
    run = results("drifting:rate=0.2", "drifting:rate=0.01")
    found = sb.validity(run)
    assert set(found.verdict.values.ravel()) == {"no_reference"}
    assert set(found.reference.values) == {""}
    asked = sb.validity(run, reference=str(run.solver.values[1]))
    assert asked.verdict.values[:, 0].tolist() == ["beyond", "reference"]
    assert float(asked.max_error[0, 0]) == pytest.approx(1.2 / 1.01 - 1, rel=1e-6)


def test_sampling_errors_leave_open_what_they_cannot_tell() -> None:
    # Standard error of the mean of 64 blocks: noise / 8.
    def verdict(offset: float, noise: float) -> str:
        run = results("precession", f"scattering:offset={offset},noise={noise}")
        return str(sb.validity(run, 0.05).verdict.values[1, 0])

    assert verdict(0.0, 0.04) == "within"
    assert verdict(0.15, 0.04) == "beyond"
    assert verdict(0.05, 0.08) == "unresolved"
    assert verdict(0.0, 0.4) == "unresolved"


def test_a_solver_without_a_value_says_so() -> None:
    run = results("precession", "drifting")
    run["spin"][1] = np.nan
    assert sb.validity(run).verdict.values[1].tolist() == ["no_value"] * 2


@pytest.mark.parametrize("tolerance", [0, -1.0, float("nan"), float("inf"), "5 %", True])
def test_an_impossible_tolerance_is_refused(tolerance: Any) -> None:
    with pytest.raises(InvalidOptionError, match="give a number above 0"):
        sb.validity(results("precession"), tolerance)


def test_wrong_arguments_name_the_nearest() -> None:
    run = results("precession", "drifting")
    with pytest.raises(InvalidOptionError, match="did you mean 'drifting'"):
        sb.validity(run, reference="drifing")
    with pytest.raises(InvalidOptionError, match="observable = 'xi'"):
        sb.validity(run, observable="xi")
    with pytest.raises(InvalidOptionError, match=r"data set of squeezebench\.run"):
        sb.validity(3)
    with pytest.raises(InvalidOptionError, match="keep"):
        sb.validity(results("precession", keep=[], reductions=["minimum_xi2"]))


def test_other_observables_are_in_their_own_units() -> None:
    run = results("precession", "drifting:rate=0.2")
    spin = sb.validity(run, observable="spin").isel(solver=1, N=0)
    assert (str(spin.verdict.values), float(spin.max_error)) == ("within", 0.0)
    covariance = sb.validity(run, observable="covariance").isel(solver=1, N=0)
    largest = np.abs(run.covariance.isel(solver=0, N=0).values).max(axis=(1, 2))
    expected = (0.2 * run.time.values * largest).max() / (20**2 / 4)
    assert float(covariance.max_error) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("axes", [{"N": [20, 40]}, {"N": [20, 40], "rate": [1.0, 2.0]}])
def test_a_map_is_drawn_over_one_axis_and_over_two(axes: dict[str, Any]) -> None:
    model = {"type": "spin", "drive": [0, 0, "rate" if "rate" in axes else 2.0]}
    found = sb.validity(results("precession", "drifting:rate=0.3", axes=axes, model=model))
    figure = validity_figure(found)
    if len(axes) == 1:
        np.testing.assert_allclose(figure.axes[0].lines[0].get_ydata(), found.max_error.values[1])
    else:
        np.testing.assert_allclose(
            np.ravel(figure.axes[0].collections[0].get_array()), np.ravel(found.max_error.values[1])
        )


def test_the_command_prints_writes_and_draws(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = tmp_path / "results"
    sb.run(scenario(), ["precession", "drifting:rate=0.3"], store=store)
    data, figure = tmp_path / "map.nc", tmp_path / "map.svg"
    with pytest.raises(SystemExit) as done:
        main(["validity", str(store), "--json", "--data", str(data), "--figure", str(figure)])
    assert not done.value.code
    printed = json.loads(capsys.readouterr().out)
    assert printed["data_vars"]["verdict"]["data"][1] == ["beyond", "beyond"]
    import xarray as xr

    with xr.open_dataset(data, engine="h5netcdf") as back:
        assert back.verdict.values[1].tolist() == ["beyond", "beyond"]
    assert figure.read_bytes().startswith(b"<?xml")
    with pytest.raises(SystemExit) as done:
        main(["validity", str(store), "--tolerance", "0.5"])
    assert not done.value.code
    table = capsys.readouterr().out
    assert "within" in table
    assert "N = 40" in table


def test_named_points_are_drawn_side_by_side_and_courses_that_end_early_too() -> None:
    ds = stored_map("validity_large")
    panel = validity_figure(ds).axes[0]
    ended = sum(len(line.get_xdata()) for line in panel.lines if line.get_marker() == "^")
    assert ended == int(np.isposinf(ds.max_error.values).sum()) > 0
    assert [tick.get_text() for tick in panel.get_xticklabels()] == ds.variant.values.tolist()
    assert all(line.get_linestyle() == "None" for line in panel.lines if line.get_marker() == "o")


def test_the_stored_map_of_many_spins_rests_on_stored_exact_answers() -> None:
    ds = stored_map("validity_large")
    assert set(ds.reference.values.tolist()) == {"stored"}
    again = load_scenario("validity_large")
    assert [str(point.coords["variant"]) for point in again.points()] == ds.variant.values.tolist()
