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
