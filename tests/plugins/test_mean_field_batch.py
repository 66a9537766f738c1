"""Many points of mean field in one call: bitwise the single solutions, with reductions inside the steps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import squeezebench as sb
import squeezebench_mean_field
from squeezebench_mean_field import MeanField

from ..brute_force import random_model

SOLVER = MeanField()


def problems():
    rng = np.random.default_rng(5)
    found = []
    for i in range(40):
        N = int(rng.choice([1, 2, 3, 20, 2000]))
        start = [sb.CoherentSpinState(), sb.CoherentSpinState(1.0, 0.3, 0.6), sb.DickeState(N / 2, -N / 2)][i % 3]
        times = np.linspace(0, rng.uniform(0.01, 0.3), int(rng.choice([2, 11, 41])))
        if i % 2:
            u, chi = rng.uniform(0.2, 1.5), float(rng.normal())
            model = sb.SpinModel.driven_cavity(N=N, upsilon_ratio=u, chi=chi, gamma_s=float(rng.choice([0, 3])))
        else:
            model = random_model(rng, min(N, 20))
            start = sb.CoherentSpinState(1.0, 0.3, 0.6)
        found.append(sb.Problem(model, start, times))
    return found


@pytest.mark.parametrize("n_threads", [1, 2])
def test_a_batch_is_bitwise_the_single_solutions(n_threads):
    options = SOLVER.resolve_options()
    batch = SOLVER.solve_batch(problems(), options, sb.Context(n_threads=n_threads))
    for problem, many in zip(problems(), batch, strict=True):
        one = SOLVER.solve(problem, options, sb.Context())
        np.testing.assert_array_equal(one.spin, many.spin)
        np.testing.assert_array_equal(one.covariance, many.covariance)
        assert one.diagnostics["steps"] == many.diagnostics["steps"]


def test_reductions_find_the_lowest_inversion_inside_the_steps():
    model = sb.SpinModel.driven_cavity(N=50, upsilon_ratio=1.5)
    coarse, fine = (sb.Problem(model, times=np.linspace(0, 0.6, num)) for num in (4, 20001))
    entry = {"name": "maximum", "variable": "spin", "axis": "z"}
    context = sb.Context(reductions=((entry,),))
    (result,) = SOLVER.solve_batch([coarse], SOLVER.resolve_options("tight"), context)
    expected = SOLVER.solve(fine, SOLVER.resolve_options("tight"), sb.Context()).spin[:, 2].max()
    assert result.extra["reductions"]["maximum_spin_z"] == pytest.approx(expected, abs=1e-5)
    assert result.extra["reductions"]["maximum_spin_z"] >= expected - 1e-9


def test_a_point_with_too_many_steps_loses_only_itself():
    model = sb.SpinModel.driven_cavity(N=1000, upsilon_ratio=1.2, gamma_s=1.0)
    short, long = (sb.Problem(model, times=[0.0, stop]) for stop in (1e-4, 5.0))
    options = SOLVER.resolve_options("default", {"max_steps": 50})
    first, second, third = SOLVER.solve_batch([short, long, short], options, sb.Context())
    assert isinstance(second, sb.SolverError)
    assert "more than max_steps = 50 steps" in str(second)
    np.testing.assert_array_equal(first.spin, third.spin)


def test_generating_the_steps_again_gives_the_same_file():
    from squeezebench_mean_field.lanes import source

    file = Path(squeezebench_mean_field.__file__).with_name("bloch_steps.py")
    assert file.read_text(encoding="utf-8") == source()
