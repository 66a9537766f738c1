"""Where the truncated Wigner approximation is right it is seen to be right, and large problems fit."""

import tracemalloc

import numpy as np
import pytest
from squeezebench_dtwa import DtwaSolver

import squeezebench as sb

MODELS = {
    "decay": {"emission": 1.1, "pumping": 0.4},
    "dephasing": {"dephasing": 1.2},
    "twisting": {"twisting": 0.8},
    "exchange": {"chi": 0.7},
    "collective emission": {"collective_emission": 0.9},
    "collective pumping": {"collective_pumping": 0.6},
    "collective dephasing": {"collective_dephasing": 0.8},
    "driven cavity": {"collective_emission": 1.0, "drive": (1.8, 0, 0), "emission": 0.5, "chi": 0.3},
    "everything": {
        "chi": 0.3,
        "drive": (0.5, -0.4, 0.3),
        "twisting": 0.4,
        "collective_emission": 0.4,
        "collective_pumping": 0.2,
        "collective_dephasing": 0.3,
        "emission": 0.4,
        "pumping": 0.3,
        "dephasing": 0.5,
    },
}


def errors(model, times, **options):
    """Largest error of spin and covariance, in standard errors, against 2^N."""
    problem = sb.Problem(model, sb.CoherentSpinState(1.1, 0.7), times)
    mine = sb.solve(problem, DtwaSolver(), seed=1, **options)
    exact = sb.solve(problem, "qutip")
    found = {}
    for name in ("spin", "covariance"):
        bar = mine[f"{name}_stderr"].values
        off = np.abs(mine[name].values - exact[name].values)
        found[name] = float((off[bar > 1e-9] / bar[bar > 1e-9]).max())
    return found


@pytest.mark.parametrize("name", MODELS)
def test_at_short_times_four_spins_are_those_of_the_master_equation(name):
    """What is left out grows with t²; at these times it is below the error bars, and the change is twenty of them."""
    found = errors(sb.SpinModel(N=4, **MODELS[name]), [0.0, 0.05, 0.1], n_trajectories=20_000)
    assert found["spin"] < 4.5
    assert found["covariance"] < 4.5


def test_spins_that_decay_on_their_own_are_right_at_all_times():
    """Pair by pair the noise is that of the master equation."""
    found = errors(sb.SpinModel(N=3, emission=0.8, pumping=0.3, dephasing=0.5), [0.0, 1.0, 4.0], n_trajectories=8_000)
    assert found["spin"] < 4.5
    assert found["covariance"] < 4.5


def test_a_million_spins_fit_into_the_estimated_memory():
    """Memory grows with N, not with the number of trajectories."""
    solver, N = DtwaSolver(), 10**6
    options = solver.resolve_options(options={"n_trajectories": 2})
    problem = sb.Problem(sb.SpinModel.driven_cavity(N=N, upsilon_ratio=0.9, gamma_s=4.0), times=[0.0, 1e-7, 4e-7])
    warm = sb.Problem(sb.SpinModel.driven_cavity(N=10, upsilon_ratio=0.9, gamma_s=4.0), times=[0.0, 1e-7])
    solver.solve(warm, options, sb.Context())  # compiled by now
    tracemalloc.start()
    moments = solver.solve(problem, options, sb.Context())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak <= solver.estimate(problem, options).bytes
    # Relative fluctuations of 1/√N: the trajectories follow the mean field.
    expected = sb.solve(problem, "mean_field").spin.values
    assert np.abs(moments.spin - expected).max() < 5 * np.sqrt(N) / 2
