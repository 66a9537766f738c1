"""The cumulant hierarchy below order N: published values, and never believed for longer than it should be."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import pytest

import squeezebench as sb
from squeezebench.observables.kernels import n_eff, xi2_wineland
from squeezebench_cumulant import Cumulant

from ..brute_force import moments, random_model

SOLVER = Cumulant()


def solve(problem, tier="default", context=None, **options):
    return SOLVER.solve(problem, SOLVER.resolve_options(tier, options), context or sb.Context())


def cavity(N, u, gamma_s, stop, chi=0.0, initial=None, num=201):
    model = sb.SpinModel.driven_cavity(N=N, upsilon_ratio=u, chi=chi, gamma_s=gamma_s)
    return sb.Problem(model, initial, times=np.linspace(0, stop, num))


def xi2(result, N):
    return np.array([xi2_wineland(s, c, float(N)) for s, c in zip(result.spin, result.covariance, strict=True)])


# ---------------------------------------------------------------- published and measured values


@pytest.mark.parametrize(
    ("order", "gamma_s", "stop", "minimum"),
    [(2, 1, 0.5, 0.374), (2, 4, 0.25, 0.310), (2, 16, 0.1, 0.326), (3, 4, 0.25, 0.288), (3, 16, 0.1, 0.310)],
)
def test_transient_minima_at_n_2000_are_reached(order, gamma_s, stop, minimum):
    result = solve(cavity(2000, 0.9, gamma_s, stop, num=401), order=order)
    assert np.nanmin(xi2(result, 2000)) == pytest.approx(minimum, abs=6e-4)


@pytest.mark.parametrize(("chi", "minimum"), [(0.0, 0.239), (0.5, 0.203), (1.0, 0.171)])
def test_transient_minima_with_exchange_at_n_10000_are_reached(chi, minimum):
    problem = cavity(10**4, 0.9, 50, 0.06, chi=chi, initial=sb.MeanFieldSteadyState(), num=401)
    assert np.nanmin(xi2(solve(problem), 10**4)) == pytest.approx(minimum, abs=6e-4)


def test_below_threshold_order_2_comes_to_the_collective_steady_state():
    result = solve(cavity(2000, 0.8, 0, 0.1))
    assert result.status == "ok"
    assert xi2(result, 2000)[-1] == pytest.approx(0.6005, abs=1e-4)


# ---------------------------------------------------------------- the guard


@pytest.mark.parametrize(("N", "u"), [(200, 0.9), (500, 0.9), (2000, 0.9), (2000, 0.97)])
@pytest.mark.parametrize("order", [2, 3])
def test_a_squeezed_steady_state_is_never_reported_lost(N, u, order):
    # At γ_s = 0 it lasts for ever, with ξ² → √(1 − u²) at large N; unguarded, order 2 loses it.
    result = solve(cavity(N, u, 0, 3.0), order=order)
    assert result.status == "diverged"
    assert 0 < result.valid_until < 3
    values = xi2(result, N)
    settled = np.linspace(0, 3.0, 201) > 15 / N
    assert np.nanmax(values[settled]) < 1.2 * math.sqrt(1 - u * u)
    free = solve(cavity(N, u, 0, 3.0), order=2, guard="physical")
    assert free.status == "ok"
    assert np.nanmax(xi2(free, N)[settled]) > 1


def test_the_guard_does_not_depend_on_the_saved_times():
    ends = []
    for times in ([0, 3.0], [0, 0.1, 3.0], np.linspace(0, 3.0, 500)):
        model = sb.SpinModel.driven_cavity(N=500, upsilon_ratio=0.9)
        result = solve(sb.Problem(model, times=times))
        assert np.isnan(result.spin[-1]).all()
        ends.append(float(result.reason.rsplit("= ", 1)[1]))
    assert max(ends) - min(ends) < 0.03


def test_values_after_valid_until_are_nan_and_those_before_are_not():
    problem = cavity(2000, 0.9, 4, 0.25)
    result = solve(problem)
    stands = problem.times <= result.valid_until
    assert stands.any()
    assert not stands.all()
    assert "2, 3 and 4" in result.reason
    arrays = [result.spin, result.covariance, *result.error_estimate.values()]
    for array in arrays:
        assert np.isfinite(array[stands]).all()
        assert np.isnan(array[~stands]).all()


def test_an_order_that_turns_unphysical_says_so_with_the_time():
    result = solve(cavity(2000, 0.9, 4, 0.25), order=3, guard="physical")
    assert result.status == "unphysical"
    assert "order 3 at t = 0.12" in result.reason
    assert result.valid_until < 0.13
    assert np.nanmin(xi2(result, 2000)) > 0


def test_without_guard_everything_is_returned():
    result = solve(cavity(2000, 0.9, 4, 0.16), order=3, guard="none")
    assert result.status == "ok"
    assert xi2(result, 2000)[-1] < 0


def test_a_blow_up_is_diverged_under_any_guard():
    result = solve(cavity(2000, 0.9, 16, 0.15), order=4, guard="none")
    assert result.status == "diverged"
    assert 0.05 < result.valid_until < 0.07


@pytest.mark.parametrize("start", [sb.CoherentSpinState(1.0, 0.3), sb.CoherentSpinState(1.0, 0.3, 0.5)])
def test_physical_moments_are_never_faulted(start):
    from squeezebench_cumulant.checks import judge

    for seed in range(4):
        for N in (1, 2, 4):
            model = random_model(np.random.default_rng(seed), N)
            means, covariances = moments(sb.Problem(model, start, times=[0, 0.1, 0.5, 2.0]))
            faults = np.empty(4, dtype=np.int64)
            judge(means, covariances, float(N), np.empty((4, 2)), faults)
            assert not faults.any()


def test_each_fault_is_found():
    from squeezebench_cumulant.checks import FAULTS, judge

    N = 10.0
    good_spin, good = np.array([0.0, 0.0, 4.5]), np.diag([2.4, 2.4, 0.3])
    bad = [
        (np.array([np.nan, 0, 0]), good),
        (np.array([0.0, 0.0, 5.1]), good),
        (good_spin, np.diag([-0.1, 5.0, 0.3])),
        (good_spin, np.diag([0.5, 2.5, 0.3])),
        (good_spin, np.diag([2.4, 2.4, -0.3])),
        (good_spin, good),
    ]
    faults = np.empty(len(bad), dtype=np.int64)
    judge(np.array([s for s, _ in bad]), np.array([c for _, c in bad]), N, np.empty((len(bad), 2)), faults)
    assert list(faults) == [1, 2, 3, 4, 4, 0]
    assert len(FAULTS) == 5


# ---------------------------------------------------------------- the error estimate


@lru_cache(maxsize=64)
def exact_blocks(N, u, chi, gamma_s, stop, num):
    """Spin and covariance from QuTiP's PIQS on the J blocks; single precision, so good to 1e-5."""
    from qutip.piqs.piqs import Dicke, jspin, num_dicke_states
    from scipy.sparse.linalg import expm_multiply

    model = sb.SpinModel.driven_cavity(N=N, upsilon_ratio=u, chi=chi, gamma_s=gamma_s)
    J = jspin(N)
    H = model.drive[0] * J[0] + chi * jspin(N, "+") * jspin(N, "-")
    whole = Dicke(N, hamiltonian=H, emission=gamma_s, collective_emission=1.0).liouvillian().data.as_scipy().tocsr()
    sizes = [N + 1 - 2 * k for k in range(N // 2 + 1)]
    block = np.repeat(np.arange(len(sizes)), sizes)
    size = num_dicke_states(N)
    inside = np.flatnonzero((block[:, None] == block[None, :]).reshape(-1))
    spins = [j.full() for j in J]
    rho = np.zeros((size, size), dtype=complex)
    start = np.linalg.eigh(spins[0][: N + 1, : N + 1])[1][:, 0]
    rho[: N + 1, : N + 1] = np.outer(start, start.conj())
    vector = rho.reshape(-1, order="F")[inside]
    states = expm_multiply(whole[inside][:, inside], vector, start=0, stop=stop, num=num)

    def mean(operator):
        return (states @ operator.reshape(-1)[inside]).real

    spin = np.stack([mean(j) for j in spins], axis=-1)
    products = np.array([[mean((a @ b + b @ a) / 2) for b in spins] for a in spins]).transpose(2, 0, 1)
    return spin, products - spin[:, :, None] * spin[:, None, :]


CASES = [
    (10, 0.9, 0, 0.5),
    (10, 0.5, -1, 0.5),
    (10, 1.3, 1, 4),
    (20, 0.9, 0, 0),
    (20, 0.9, 1, 0.5),
    (20, 0.9, -1, 20),
    (20, 0.5, 1, 0),
    (20, 1.3, 0, 0.5),
    (30, 0.9, 1, 1),
]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_the_error_is_below_5_times_the_estimate_as_long_as_the_answer_stands(case, order):
    N, u, chi, gamma_s = case
    stop = min(24 / N, 6 / gamma_s if gamma_s else 9.0)
    exact_spin, exact_covariance = exact_blocks(N, u, chi, gamma_s, stop, 61)
    result = solve(cavity(N, u, gamma_s, stop, chi=chi, num=61), order=order)
    estimate = result.error_estimate
    stands = np.linspace(0, stop, 61) <= result.valid_until
    directed = stands & (np.linalg.norm(exact_spin, axis=1) > 0.05 * N / 2)
    pairs = list(zip(exact_spin, exact_covariance, strict=True))
    exact_xi2 = np.array([xi2_wineland(s, c, float(N)) for s, c in pairs])
    exact_n_eff = np.array([n_eff(s, c, float(N)) for s, c in pairs])
    found_n_eff = np.array([n_eff(s, c, float(N)) for s, c in zip(result.spin, result.covariance, strict=True)])
    floor = 5e-5  # PIQS's own error
    within = np.abs(result.spin - exact_spin) <= 5 * estimate["spin"] + floor * N / 2
    assert within[stands].all()
    within = np.abs(result.covariance - exact_covariance) <= 5 * estimate["covariance"] + floor * N * N / 4
    assert within[stands].all()
    within = np.abs(xi2(result, N) - exact_xi2) <= 5 * estimate["xi2"] + floor * exact_xi2
    assert within[directed].all()
    within = np.abs(found_n_eff - exact_n_eff) <= 5 * estimate["n_eff"] + floor * N
    assert within[stands].all()


@pytest.mark.parametrize(("order", "error"), [(2, 0.03), (3, 0.004), (4, 8e-4)])
def test_orders_converge_on_the_exact_transient(order, error):
    exact_spin, exact_covariance = exact_blocks(30, 0.9, 0, 4, 0.25, 51)
    exact = np.array([xi2_wineland(s, c, 30.0) for s, c in zip(exact_spin, exact_covariance, strict=True)])
    until = np.argmin(exact) + 1
    found = xi2(solve(cavity(30, 0.9, 4, 0.25, num=51), order=order), 30)
    assert np.abs(found - exact)[:until].max() < error


def test_estimates_do_not_decrease_beyond_the_integrator_s_share():
    estimate = solve(cavity(200, 0.9, 4, 0.2), "tight").error_estimate
    for name in ("spin", "covariance", "xi2", "n_eff"):
        values = estimate[name].reshape(201, -1)[:, 0]
        steps = np.diff(values[np.isfinite(values)])
        assert steps.min() > -1e-6 * np.nanmax(values)
