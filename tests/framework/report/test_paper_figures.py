"""The paper's figures, drawn from runs: what they show, against closed forms and measured values."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest

import squeezebench as sb
from squeezebench.report import draw, figure_spec


@cache
def runs(name: str):
    return {scenario: sb.run(scenario) for scenario in figure_spec(name).scenarios}


def test_figure_1c_relaxes_to_the_exact_steady_states_and_loses_squeezing_above_threshold() -> None:
    data = runs("fig1c")
    courses, steady = data["fig1c"], data["fig1c_steady"].xi2.isel(solver=0).squeeze()
    final = courses.xi2.isel(time=-1).sel(solver="cumulant(order=3)")
    np.testing.assert_allclose(final[:2], steady[:2], rtol=2e-3)
    assert float(steady[0]) == pytest.approx(0.6000, abs=1e-4)
    above = courses.xi2.sel(solver="cumulant(order=3)", upsilon_ratio=1.05)
    assert float(above.min()) < 0.5
    assert float(above.max()) > 1.0
    assert float(steady[2]) > 100
    figure = draw("fig1c", data)
    assert figure.axes[0].get_xlabel() == r"$N\Gamma t$"


def test_figure_1d_shows_the_state_squeezed_along_the_drive() -> None:
    """The widths of the darker ellipse of panel (b) are those of the exact variances, widened by a coherent state's."""
    data = runs("fig1d")
    cell = data["fig1d"].isel(solver=0, time=0)
    closed = data["fig1d"].isel(solver=1, time=0)
    assert float(cell.final_xi2) == pytest.approx(float(closed.final_xi2), rel=1e-9)
    assert np.abs(cell.squeezed_axis.values) == pytest.approx([1, 0, 0], abs=1e-6)
    figure = draw("fig1d", data)
    plane = figure.axes[1]
    (darker,) = (path for path in plane.collections[0].get_paths()[1:])
    widths = np.ptp(darker.vertices, axis=0) / 2
    # Var(n·J)/(N/4) across the mean direction; Q of a Gaussian of that variance V has (V + 1)/N, its mean being 1 long.
    across = np.array([[-1.0, 0.0, 0.0], np.cross([-1.0, 0.0, 0.0], cell.mean_direction.values)])
    variances = np.diag(across @ cell.covariance.values @ across.T) / 25
    expected = np.sqrt((variances + 1) / 100)
    # What is left is what is not Gaussian: the sphere's curvature, 1/N, and cubic moments.
    assert widths == pytest.approx(expected, rel=0.05)
    assert widths[0] < math.sqrt(2 / 100) < widths[1]


def test_figure_1d_of_a_run_without_states_says_what_is_missing() -> None:
    with pytest.raises(sb.InvalidOptionError, match="no cell of the run has a state"):
        draw("fig1d", {"fig1d": sb.run("fig1d", solvers=["steady_state"])})


def test_figure_1a_has_the_folds_of_the_mean_field_steady_state() -> None:
    from squeezebench.report.figures.fig1a import folds

    for r, upper in ((1e-9, 1 / np.sqrt(2)), (0.005, 0.7142), (0.02, 0.736), (0.05, 0.782), (0.125, 0.9186)):
        assert float(folds(r)[0]) == pytest.approx(upper, abs=6e-4)
    assert float(folds(0.01)[1]) == pytest.approx(np.sqrt(0.08), rel=0.1)
    scenario = sb.Scenario(
        **{**_entries("fig1a"), "axes": {"r": [0.005, 0.05], "upsilon_ratio": [0.70, 0.72, 0.77, 0.8]}}
    )
    inversion = sb.run(scenario).final_spin_z.isel(solver=0).values / 1000
    assert (inversion < -0.4).tolist() == [[True, False, False, False], [True, True, True, False]]


def _entries(name: str) -> dict:
    from squeezebench.scenario import builtin

    return builtin(name).to_dict()


def _small(name: str, **axes) -> sb.Scenario:
    return sb.Scenario(**{**_entries(name), "axes": axes})


@pytest.fixture(scope="module")
def small_map():
    rates = np.geomspace(10, 1000, 6)
    drives = np.linspace(0.5, 1.05, 12)
    results = sb.run(_small("fig3a", gamma_s=rates.tolist(), upsilon_ratio=drives.tolist()))
    return {"fig3a": results, "fig3a_strip": sb.run("fig3a_strip")}


def test_figure_3a_beats_the_collective_steady_state_and_hatches_what_order_3_denies(small_map) -> None:
    from squeezebench.report.figures.fig3a import doubtful

    results = small_map["fig3a"]
    best = results.minimum_xi2.isel(solver=0).sel(upsilon_ratio=0.9, method="nearest").min()
    assert 0.18 < float(best) < 0.23
    assert 0.118 < float(small_map["fig3a_strip"].xi2.min()) < 0.15  # the optimum lies between its points
    marks = doubtful(results)
    assert marks.any()
    assert not marks.all()
    second, third = results.minimum_xi2.transpose("solver", "gamma_s", "upsilon_ratio").values
    assert (np.abs(third / second - 1)[~marks & (second < 1)] <= 0.05).all()
    figure = draw("fig3a", small_map)
    shown = figure.axes[0].collections[0].get_array()
    np.testing.assert_allclose(shown.ravel(), 10 * np.log10(second).ravel())


def test_figure_3b_has_the_measured_minima() -> None:
    data = {
        "fig3b": sb.run(_small("fig3b", chi=[0, 0.5, 1, 2, 3])),
        "fig3b_inset": sb.run(_small("fig3b_inset", chi=[0, 3])),
    }
    minima = data["fig3b"].minimum_xi2.isel(solver=0).values
    np.testing.assert_allclose(minima, [0.239, 0.203, 0.171, 0.145, 0.135], atol=1e-3)
    draw("fig3b", data)


def test_strontium_and_ions_have_the_papers_parameters() -> None:
    from squeezebench.scenario import builtin

    model = builtin("sr87_clock").points()[0].problem.model
    assert model.collective_emission == pytest.approx(5.36e-4, rel=1e-3)
    assert model.emission / model.collective_emission == pytest.approx(186.5, rel=1e-3)
    assert model.chi == pytest.approx(model.collective_emission)
    for point in builtin("penning_ions").points():
        ions = point.problem.model
        assert ions.N == 124
        rates = ions.emission + ions.pumping + ions.dephasing
        assert ions.N * ions.collective_emission / rates == pytest.approx(100)


def test_figure_2b_marks_the_crossing_the_minimum_and_the_loss() -> None:
    from squeezebench.report.figures.fig2b import crossings

    time = np.linspace(0.0, 1.0, 11)
    xi2 = np.array([1.0, 0.8, 0.6, 0.4, 0.5, 0.3, 0.9, 2.0, 5.0, 9.0, 9.0])
    n_eff = np.linspace(100.0, 80.0, 11)
    t_star, best, lost = crossings(time, xi2, n_eff, 90.0)
    assert (t_star, best, lost) == pytest.approx((0.5, 0.5, 0.7))
    assert np.isnan(crossings(time, np.full(11, 0.5), np.full(11, 100.0), 90.0)).tolist() == [True, False, True]


def test_delays_are_found_in_every_cell_of_a_run_over_sizes_and_drawn() -> None:
    from squeezebench.report.figures.fig2b_delay import delays

    scenario = sb.Scenario(
        name="fig2b_delay",
        title="Few spins",
        source="this test",
        solvers=["mcwf:unraveling=cavity_output,n_trajectories=12", "mcwf:unraveling=counting,n_trajectories=9"],
        model={"type": "driven_cavity", "chi": 0, "upsilon_ratio": 0.9, "gamma_s": 4, "Gamma": 1},
        axes={"N": [20, 40]},
        times={"stop": "8/sqrt(N)", "num": 101},
        keep=["series", "trajectories"],
    )
    results = sb.run(scenario, workers=1)
    found = list(delays(results))
    assert [(delay.N, delay.unraveling, delay.total) for delay in found] == [
        (20, "cavity_output", 12), (40, "cavity_output", 12), (20, "counting", 9), (40, "counting", 9),
    ]  # fmt: skip
    for delay in found:
        assert 0 <= delay.least <= delay.mean
        assert delay.error == pytest.approx(delay.spread / delay.seen**0.5)
        # The same cell by itself, trajectory by trajectory.
        model = sb.SpinModel.driven_cavity(N=delay.N, upsilon_ratio=0.9, gamma_s=4.0)
        times = np.linspace(0, 8 / delay.N**0.5, 101)
        alone = sb.solve(
            sb.Problem(model, sb.CoherentSpinState(), times), "mcwf",
            unraveling=delay.unraveling, n_trajectories=delay.total, keep={"trajectories"},
        )  # fmt: skip
        lost = []
        for xi2, n_eff in zip(alone.xi2_trajectory.values, alone.n_eff_trajectory.values, strict=True):
            after = np.flatnonzero(n_eff <= 0.9 * delay.N)
            gone = np.flatnonzero((xi2 >= 1) & (times > times[after[0]])) if len(after) else []
            if len(gone):
                lost.append(times[gone[0]] - times[after[0]])
        assert delay.seen == len(lost)
        assert delay.mean == pytest.approx(np.mean(lost))
    assert len(draw("fig2b_delay", {"fig2b_delay": results, "fig2b": results.isel(N=[1])}).axes) == 1


@pytest.mark.slow
def test_figures_2a_and_2b_agree_with_the_master_equation_and_lose_squeezing_after_the_crossing() -> None:
    data = runs("fig2a")
    small = data["fig2a_exact"]
    exact = small.xi2.isel(solver=-1).squeeze()
    sampled = small.sel(solver=[name for name in small.solver.values if "mcwf" in str(name)]).squeeze()
    assert (np.abs(sampled.xi2 - exact)[1:26] < 5 * sampled.xi2_stderr[1:26]).all()
    assert len(draw("fig2a", data).axes) >= 4
    single = sb.run("fig2b", keep=["series", "trajectories"])
    assert len(draw("fig2b", {"fig2b": single}).axes) >= 4
