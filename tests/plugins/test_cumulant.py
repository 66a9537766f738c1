"""The cumulant hierarchy against 2^N states: exact at order N; and its interface."""

from __future__ import annotations

import math

import numpy as np
import pytest

import squeezebench as sb
from squeezebench.observables.kernels import xi2_wineland
from squeezebench_cumulant import Cumulant, squeezebench_solvers

from ..brute_force import moments, named_models, random_model

SOLVER = Cumulant()
X_STATE = sb.CoherentSpinState(phi=0.0)


def solve(problem, tier="default", context=None, **options):
    return SOLVER.solve(problem, SOLVER.resolve_options(tier, options), context or sb.Context())


def cavity(N, u, gamma_s, stop, chi=0.0, initial=None, num=201):
    model = sb.SpinModel.driven_cavity(N=N, upsilon_ratio=u, chi=chi, gamma_s=gamma_s)
    return sb.Problem(model, initial, times=np.linspace(0, stop, num))


def xi2(result, N):
    return np.array([xi2_wineland(s, c, float(N)) for s, c in zip(result.spin, result.covariance, strict=True)])


def check_exact(problem, order, error=1e-8, tier="tight"):
    N = problem.N
    result = solve(problem, tier, order=order)
    expected_spin, expected_covariance = moments(problem)
    assert result.status == "ok"
    assert math.isinf(result.valid_until)
    np.testing.assert_allclose(result.spin, expected_spin, atol=error * N / 2)
    np.testing.assert_allclose(result.covariance, expected_covariance, atol=error * N * N / 4)
    np.testing.assert_array_equal(result.covariance, result.covariance.transpose(0, 2, 1))


# ---------------------------------------------------------------- exact at order N


@pytest.mark.parametrize("N", [1, 2, 3, 4])
@pytest.mark.parametrize("seed", range(8))
def test_cumulant_of_order_n_is_exact_for_any_model(N, seed):
    rng = np.random.default_rng(100 * N + seed)
    start = sb.CoherentSpinState(rng.uniform(0, np.pi), rng.uniform(0, 6), rng.uniform() if seed % 2 else 1.0)
    check_exact(sb.Problem(random_model(rng, N), start, times=[0, 0.2, 1.0, 6.0]), order=N)


@pytest.mark.parametrize("N", [1, 2, 3, 4])
@pytest.mark.parametrize("name", list(named_models(2)))
def test_cumulant_of_order_n_is_exact_for_each_named_coupling(N, name):
    problem = sb.Problem(named_models(N)[name], sb.CoherentSpinState(1.1, 0.4), times=[0, 0.7, 5.0])
    check_exact(problem, order=N)


def test_cumulant_of_order_5_is_exact_for_5_spins():
    rng = np.random.default_rng(5)
    check_exact(sb.Problem(random_model(rng, 5), sb.CoherentSpinState(0.7, 2.0), times=[0, 0.5, 2.0]), order=5)


@pytest.mark.parametrize(
    ("N", "J", "M"),
    [(2, 0, 0), (2, 1, 0), (3, 0.5, -0.5), (3, 1.5, 0.5), (4, 1, 1), (4, 2, 0), (4, 0, 0), (5, 1.5, 0.5)],
)
def test_cumulant_of_order_n_is_exact_from_dicke_states(N, J, M):
    rng = np.random.default_rng(N)
    check_exact(sb.Problem(random_model(rng, N), sb.DickeState(J, M), times=[0, 0.3, 2.0]), order=N)


@pytest.mark.parametrize("N", [1, 2, 3, 4])
@pytest.mark.parametrize("start", [sb.CoherentSpinState(0.4, 1.0, 0.8), None])
def test_schedules_with_rotations_are_exact(N, start):
    rng = np.random.default_rng(N)
    schedule = [
        sb.Rotation((1, -2, 0.5), 0.7),
        sb.Segment(random_model(rng, N), 0.4),
        sb.Rotation("y", 1.1),
        sb.Rotation("z", -2.0),
        sb.Segment(random_model(rng, N), 0.5),
        sb.Rotation("x", np.pi / 2),
    ]
    initial = start or sb.DickeState(N / 2, N / 2 - 1)
    check_exact(sb.Problem(initial=initial, times=[0, 0.1, 0.4, 0.6, 0.9], schedule=schedule), order=N)


def test_an_order_beyond_n_is_the_order_n():
    problem = sb.Problem(random_model(np.random.default_rng(3), 2), times=[0, 0.5, 1.0])
    np.testing.assert_array_equal(solve(problem, order=7).spin, solve(problem, order=2).spin)
    check_exact(problem, order=7)


def test_orders_from_n_on_claim_to_be_exact():
    problem = sb.Problem(sb.SpinModel(N=4, drive=1.0), times=[0, 1.0])
    claims = [SOLVER.claim(problem, SOLVER.resolve_options(options={"order": k})).accuracy for k in (2, 3, 4, 5)]
    assert claims == ["asymptotic", "asymptotic", "exact", "exact"]


@pytest.mark.parametrize("tier", ["fast", "default", "tight", "reference"])
def test_tiers_hold_what_they_promise_in_xi2(tier):
    problem = cavity(6, 0.7, 0.5, 2.0, chi=-0.4, num=21)
    expected_spin, expected_covariance = moments(problem)
    expected = np.array([xi2_wineland(s, c, 6.0) for s, c in zip(expected_spin, expected_covariance, strict=True)])
    error = sb.solver.TIERS[tier]
    result = solve(problem, tier, order=6)
    np.testing.assert_allclose(xi2(result, 6), expected, rtol=error)
    assert (np.abs(xi2(result, 6) - expected) <= 5 * result.error_estimate["xi2"]).all()


# ---------------------------------------------------------------- the interface


def test_only_the_start_and_a_single_spin_work():
    result = solve(sb.Problem(sb.SpinModel(N=7, drive=1.0), times=[0.0]))
    np.testing.assert_allclose(result.spin, [[-3.5, 0, 0]])
    result = solve(sb.Problem(sb.SpinModel(N=1, emission=1.0), X_STATE, times=[0, 1.0]), order=1)
    assert xi2(result, 1)[-1] == pytest.approx(1 / np.sum((2 * result.spin[-1]) ** 2))


@pytest.mark.parametrize("order", [0, 13, 2.5, "2", True])
def test_impossible_orders_are_refused(order):
    with pytest.raises(sb.InvalidOptionError, match="order"):
        SOLVER.resolve_options(options={"order": order})


def test_the_largest_order_runs():
    result = solve(sb.Problem(sb.SpinModel.driven_cavity(12, 0.7, gamma_s=0.3), times=[0, 0.02]), "fast", order=12)
    assert np.isfinite(result.covariance).all()


def test_too_many_steps_are_an_error_that_says_how_to_mend_it():
    with pytest.raises(sb.SolverError, match="max_steps = 50"):
        solve(cavity(10**4, 0.8, 0, 10.0), max_steps=50)


def test_cancelling_stops_a_long_run():
    with pytest.raises(sb.SolverError, match="cancelled"):
        solve(cavity(10**4, 0.8, 0, 10.0), context=sb.Context(cancelled=lambda: True))


def test_progress_goes_from_0_to_1_and_never_back():
    seen = []
    solve(cavity(2000, 0.9, 4, 0.25), context=sb.Context(progress=lambda fraction, text="": seen.append(fraction)))
    assert seen == sorted(seen)
    assert 0 < seen[0] <= seen[-1] <= 1


def test_estimate_diagnostics_and_hook():
    problem = cavity(100, 0.9, 1, 0.1)
    options = SOLVER.resolve_options()
    cost = SOLVER.estimate(problem, options)
    assert 0 < cost.seconds < 1
    assert 0 < cost.bytes < 1e8
    assert SOLVER.estimate(problem, SOLVER.resolve_options(options={"order": 8})).seconds > cost.seconds
    assert solve(problem).diagnostics["orders"] == [2, 3, 4]
    assert [solver.name for solver in squeezebench_solvers()] == ["cumulant"]
