"""The paper's figures, drawn from runs: what they show, against closed forms and measured values."""

from __future__ import annotations

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


def test_figure_2b_marks_the_crossing_the_minimum_and_the_loss() -> None:
    from squeezebench.report.figures.fig2b import crossings

    time = np.linspace(0.0, 1.0, 11)
    xi2 = np.array([1.0, 0.8, 0.6, 0.4, 0.5, 0.3, 0.9, 2.0, 5.0, 9.0, 9.0])
    n_eff = np.linspace(100.0, 80.0, 11)
    t_star, best, lost = crossings(time, xi2, n_eff, 90.0)
    assert (t_star, best, lost) == pytest.approx((0.5, 0.5, 0.7))
    assert np.isnan(crossings(time, np.full(11, 0.5), np.full(11, 100.0), 90.0)).tolist() == [True, False, True]


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
