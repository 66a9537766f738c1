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
