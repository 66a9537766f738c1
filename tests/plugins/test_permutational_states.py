"""States and steady states of the solver `permutational`."""

from __future__ import annotations

import math

import numpy as np
import pytest

import squeezebench as sb
from squeezebench_permutational import Permutational
from squeezebench_permutational.states import state_at

from .. import brute_force

SOLVER = Permutational()


def solve(problem, tier="tight", context=None, **options):
    return SOLVER.solve(problem, SOLVER.resolve_options(tier, options), context or sb.Context())


def paper(N, stop=0.25, num=26):
    model = sb.SpinModel.driven_cavity(N=N, upsilon_ratio=0.9, gamma_s=4.0)
    return sb.Problem(model, sb.CoherentSpinState(), times=np.linspace(0, stop, num))


# ---------------------------------------------------------------- states


@pytest.mark.parametrize("chi", [0.0, 0.8])
def test_kept_states_are_the_density_matrices(chi):
    N = 5
    model = sb.SpinModel(N, chi=chi, drive=(1.0, -0.5, 0.3), emission=0.6, collective_emission=0.4)
    problem = sb.Problem(model, sb.CoherentSpinState(), times=[0.0, 0.3, 0.8])
    moments = solve(problem, context=sb.Context(keep=frozenset({"states"})), states="all")
    states = moments.extra["states"]
    assert states["time"].tolist() == [0.0, 0.3, 0.8]
    assert states["trace"] == pytest.approx(np.ones(3), abs=1e-10)
    for index, t in enumerate(problem.times):
        rho = brute_force.evolved(model, brute_force.density_matrix(problem.initial_state, N), t)
        assert states["purity"][index] == pytest.approx(np.trace(rho @ rho).real, abs=1e-9)
        again = solve(sb.Problem(model, state_at(states, index), times=[0.0]))
        assert again.spin[0] == pytest.approx(moments.spin[index], abs=1e-9)
        assert again.covariance[0] == pytest.approx(moments.covariance[index], abs=1e-9)


def test_a_course_goes_on_from_a_kept_state():
    problem = paper(30, stop=0.1, num=3)
    first = sb.Problem(problem.model, problem.initial, times=[0.0, 0.05])
    half = solve(first, context=sb.Context(keep=frozenset({"states"})))
    assert half.extra["states"]["time"].tolist() == [0.05]
    rest = solve(sb.Problem(problem.model, state_at(half.extra["states"]), times=[0.0, 0.05]))
    assert rest.covariance[-1] == pytest.approx(solve(problem).covariance[-1], abs=1e-7)


def test_populations_are_kept_as_such_and_the_distribution_over_j_sums_to_one():
    problem = sb.Problem(sb.SpinModel(6, emission=1.0), sb.DickeState(3, 3), times=[0.0, 0.5])
    states = solve(problem, context=sb.Context(keep=frozenset({"states"}))).extra["states"]
    assert states["population"].shape == (1, 16)
    assert states["weight"].sum() == pytest.approx(1.0, abs=1e-10)
    up = math.exp(-0.5)
    assert states["purity"][0] == pytest.approx((up**2 + (1 - up) ** 2) ** 6, abs=1e-9)
    assert state_at(states).bloch_vector(6)[2] == pytest.approx(2 * up - 1, abs=1e-9)


def test_states_that_were_not_kept_are_asked_for_in_words():
    with pytest.raises(sb.InvalidModelError, match="keep="):
        state_at({})


# ---------------------------------------------------------------- steady states


def steady(model, initial=None, **options):
    initial = initial or sb.DickeState(model.N / 2, -model.N / 2)
    return solve(sb.Problem(model, initial, times=[np.inf]), "default", **options)


@pytest.mark.parametrize(("u", "z", "xi2"), [(0.58, -0.771, 0.846), (0.62, -0.672, 0.915), (0.66, -0.460, 1.43)])
def test_the_steady_state_between_the_folds_of_mean_field(u, z, xi2):
    """N = 20, γ_s = 0.005 NΓ: squeezing is lost below the upper fold, u = 0.714."""
    from squeezebench.observables.kernels import xi2_wineland

    moments = steady(sb.SpinModel.driven_cavity(N=20, upsilon_ratio=u, gamma_s=0.1))
    assert moments.spin[0, 2] / 10 == pytest.approx(z, abs=6e-4)
    assert xi2_wineland(moments.spin[0], moments.covariance[0], 20.0) == pytest.approx(xi2, abs=5e-3)
    assert moments.diagnostics["residual"] < 1e-12


@pytest.mark.parametrize(("w", "expected"), [(25.0, 0.092525), (50.0, 0.122648), (75.0, 0.095533)])
def test_the_superradiant_laser(w, expected):
    moments = steady(sb.SpinModel(N=100, collective_emission=1.0, pumping=w))
    emitted = moments.covariance[0, 0, 0] + moments.covariance[0, 1, 1] + moments.spin[0, 2]
    assert emitted / 1e4 == pytest.approx(expected, abs=1e-6)
    assert moments.diagnostics["representation"] == "diagonal"


@pytest.mark.parametrize("u", [0.5, 0.95, 1.3])
@pytest.mark.parametrize("chi", [0.0, 1.0, -3.0])
@pytest.mark.parametrize("N", [1, 2, 15, 40])
def test_the_collective_steady_state_in_closed_form(N, chi, u):
    model = sb.SpinModel.driven_cavity(N=N, upsilon_ratio=u, chi=chi)
    ours, closed = steady(model), sb.steady_state(model, solver="steady_state")
    assert np.abs(ours.spin - closed.spin.values).max() < 1e-10 * N
    assert np.abs(ours.covariance - closed.covariance.values).max() < 1e-10 * N**2


@pytest.mark.parametrize("seed", range(6))
def test_the_steady_state_of_random_models_on_2_to_the_n(seed):
    rng = np.random.default_rng(200 + seed)
    N = 1 + seed % 4
    model = brute_force.random_model(rng, N)
    ours = steady(model, sb.CoherentSpinState())
    theirs = sb.solve(sb.Problem(model, sb.CoherentSpinState(), times=[np.inf]), "qutip")
    assert ours.spin == pytest.approx(theirs.spin.values, abs=1e-9)
    assert ours.covariance == pytest.approx(theirs.covariance.values, abs=1e-9)


def test_every_multiplet_of_the_start_has_its_own_steady_state_without_single_spin_dissipation():
    model = sb.SpinModel(5, drive=0.3, collective_emission=1.0, chi=0.2)
    start = sb.CoherentSpinState(1.0, 0.4, 0.5)
    ours = steady(model, start)
    late = solve(sb.Problem(model, start, times=[0.0, 200.0]))
    assert ours.spin[0] == pytest.approx(late.spin[1], abs=1e-9)
    assert ours.covariance[0] == pytest.approx(late.covariance[1], abs=1e-9)


@pytest.mark.parametrize("gamma_s", [0.1, 4.0])
def test_the_steady_state_of_40_spins_does_not_change(gamma_s):
    model = sb.SpinModel.driven_cavity(N=40, upsilon_ratio=0.9, gamma_s=gamma_s)
    context = sb.Context(keep=frozenset({"states"}))
    moments = solve(sb.Problem(model, sb.CoherentSpinState(), times=[np.inf]), context=context)
    assert moments.diagnostics["gap"] > 0
    on = solve(sb.Problem(model, state_at(moments.extra["states"]), times=[0.0, 0.5]))
    assert on.covariance[1] == pytest.approx(moments.covariance[0], abs=1e-6)


def test_a_start_that_is_stationary_stays():
    moments = steady(sb.SpinModel(4, dephasing=1.0))
    assert moments.spin[0].tolist() == [0.0, 0.0, -2.0]


@pytest.mark.parametrize(
    ("model", "initial"),
    [
        (sb.SpinModel(4, dephasing=1.0), sb.CoherentSpinState()),
        (sb.SpinModel(4, drive=1.0), sb.CoherentSpinState(0.3)),
        (sb.SpinModel(3, collective_dephasing=1.0, chi=0.4), sb.CoherentSpinState(0.3)),
    ],
)
def test_a_steady_state_that_is_not_the_only_one_is_an_error(model, initial):
    with pytest.raises(sb.SteadyStateNotUniqueError, match="more than one stationary state"):
        steady(model, initial)
