"""Closed-form steady state against null vectors of the Liouvillian and arithmetic of 60 digits."""

from __future__ import annotations

import time
from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import squeezebench as sb
from squeezebench_steady_state import SteadyStateSolver, squeezebench_solvers
from squeezebench_steady_state.closed_form import sector_moments

SOLVER = SteadyStateSolver()
OPTIONS = SOLVER.resolve_options()
GENERAL = np.array([[0.5, 0.2j, 0.1], [-0.2j, 0.4, 0], [0.1, 0, 0.3]])


def solve(model, initial=None):
    problem = sb.Problem(model, initial, times=[np.inf])
    assert SOLVER.full_support(problem, OPTIONS)
    moments = SOLVER.solve(problem, OPTIONS, sb.Context())
    assert moments.spin.shape == (1, 3)
    assert moments.covariance.shape == (1, 3, 3)
    return moments.spin[0], moments.covariance[0]


def xi2(N, spin, covariance):
    """Wineland's ξ²: smallest variance normal to the mean spin."""
    _, _, axes = np.linalg.svd(spin[None] / np.linalg.norm(spin))
    return N * np.linalg.eigvalsh(axes[1:] @ covariance @ axes[1:].T)[0] / (spin @ spin)


def driven(N, u, chi=0.0, phase=0.0, Gamma=1.0):
    omega = N / 2 * u * np.hypot(Gamma, 2 * chi)
    return sb.SpinModel(
        N=N, chi=chi, drive=(omega * np.cos(phase), omega * np.sin(phase), 0), collective_emission=Gamma
    )


def null_vector_moments(model, J):
    """Moments of the null vector of the Liouvillian on the 2J + 1 states of one multiplet."""
    from scipy.linalg import null_space

    m = np.arange(-J, J + 1)
    raising = np.diag(np.sqrt((J - m[:-1]) * (J + m[:-1] + 1)), -1)
    spins = [(raising + raising.T) / 2, (raising - raising.T) / 2j, np.diag(m)]
    H = sum(w * s for w, s in zip(model.drive, spins, strict=True)) + model.chi * raising @ raising.T
    one, jump = np.eye(len(m)), raising.T
    L = -1j * (np.kron(H, one) - np.kron(one, H.T))
    square = jump.T @ jump
    L = L + model.collective_emission * (np.kron(jump, jump) - (np.kron(square, one) + np.kron(one, square)) / 2)
    rho = null_space(L / max(np.abs(L).max(), 1.0), rcond=1e-13)[:, 0].reshape(len(m), len(m))
    rho = rho / np.trace(rho)
    spin = np.array([np.trace(s @ rho).real for s in spins])
    products = [[np.trace((a @ b + b @ a) @ rho).real / 2 for b in spins] for a in spins]
    return spin, np.array(products) - np.outer(spin, spin)


def precise_moments(N, alpha):
    """The sums over all n with 60 digits, and ⟨J_z²⟩ from J² = J(J+1) instead of the solver's own formula."""
    with localcontext() as context:
        context.prec = 60
        ax, ay = Decimal(alpha.real), Decimal(alpha.imag)
        a2 = ax * ax + ay * ay
        weight = total = Decimal(1)
        mean = beyond = first = Decimal(0)
        for n in range(1, N + 1):
            weight *= (N + n + 1) * (N - n + 1) * n / ((4 * n + 2) * a2)
            total, mean, beyond = total + weight, mean + n * weight, beyond + weight
            first = weight if n == 1 else first
        r, p, z = beyond / total, first / total, -mean / total / 2
        zz = Decimal(N) / 2 * (Decimal(N) / 2 + 1) + z - a2 * r - z * z
        excess = r * (1 - r) - p
        re, im = (ax * ax - ay * ay) * excess, 2 * ax * ay * excess
        across = a2 * r * (1 - r) - z
        mixed = (1 - r) * z + r / 2
        xx, yy, xy, xz, yz = (across + re) / 2, (across - re) / 2, -im / 2, ax * mixed, -ay * mixed
        spin = np.array([ax * r, -ay * r, z], dtype=float)
        return spin, np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]], dtype=float)


def assert_same(found, expected, N, tolerance):
    """Spin in units of N/2, covariance in units of N²/4."""
    np.testing.assert_allclose(found[0], expected[0], rtol=0, atol=tolerance * N / 2)
    np.testing.assert_allclose(found[1], expected[1], rtol=0, atol=tolerance * N * N / 4)


# ---------------------------------------------------------------- exactness


@pytest.mark.parametrize("N", [1, 2, 3, 10, 15])
@pytest.mark.parametrize("chi", [-1.0, 0.0, 0.4, 3.0])
@pytest.mark.parametrize("u", [0.1, 0.6, 0.9, 1.0, 1.3, 2.0])
def test_it_is_the_null_vector_of_the_liouvillian(N, chi, u):
    model = driven(N, u, chi, phase=0.3 + u, Gamma=0.7)
    assert_same(solve(model), null_vector_moments(model, N / 2), N, 2e-12)


@pytest.mark.parametrize("N", [20])
@pytest.mark.parametrize(("u", "chi"), [(0.7, 1.0), (0.97, -0.5), (1.1, 0.0)])
def test_it_is_the_null_vector_for_more_spins(N, u, chi):
    model = driven(N, u, chi)
    assert_same(solve(model), null_vector_moments(model, N / 2), N, 1e-11)


@pytest.mark.parametrize("N", [1, 2, 3, 101, 2000, 20001])
@pytest.mark.parametrize("u", [1e-3, 0.1, 0.5, 0.82, 0.9, 0.98, 0.999, 1.0, 1.01, 1.3, 2.0, 50.0])
def test_no_digits_are_lost(N, u):
    alpha = N * u / 2 * np.exp(0.7j)
    spin, covariance = sector_moments(N / 2, alpha)
    exact = precise_moments(N, alpha)
    assert_same((spin, covariance), exact, N, 2e-15)
    np.testing.assert_allclose(np.diag(covariance), np.diag(exact[1]), rtol=2e-13)
    assert xi2(N, spin, covariance) == pytest.approx(xi2(N, *exact), rel=1e-12)


@pytest.mark.parametrize(("u", "expected"), [(0.9, 0.43588984243383766), (0.9999, 0.014072487464333)])
def test_ten_million_spins(u, expected):
    """Expected values from sums of 60 digits; √(1 − u²) well below threshold."""
    N = 10**7
    assert xi2(N, *solve(driven(N, u))) == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize(("N", "expected"), [(100, 0.428), (2000, 0.1895), (10**4, 0.118), (10**5, 0.0588)])
def test_best_squeezing_over_the_drive(N, expected):
    """Barberena and Rey, arXiv 2307.05115."""
    from scipy.optimize import minimize_scalar

    best = minimize_scalar(
        lambda u: xi2(N, *solve(driven(N, u))), bounds=(0.7, 1), method="bounded", options={"xatol": 1e-6}
    )
    assert best.fun == pytest.approx(expected, rel=2e-3)


def test_squeezing_at_nine_tenths_of_the_critical_drive():
    assert xi2(2000, *solve(driven(2000, 0.9))) == pytest.approx(0.4356, abs=5e-5)
    assert xi2(10**7, *solve(driven(10**7, 0.6))) == pytest.approx(0.8, abs=1e-6)


# ---------------------------------------------------------------- laws


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 3000), st.floats(0, 3), st.floats(-5, 5), st.floats(0, 6.3), st.floats(0.01, 10))
def test_moments_obey_every_law_of_a_spin(N, u, chi, phase, Gamma):
    spin, covariance = solve(driven(N, u, chi, phase, Gamma))
    J = N / 2
    assert np.linalg.norm(spin) <= J * (1 + 1e-12)
    assert np.trace(covariance) + spin @ spin == pytest.approx(J * (J + 1), rel=1e-12)
    cross = np.array([[0, spin[2], -spin[1]], [-spin[2], 0, spin[0]], [spin[1], -spin[0], 0]])
    assert np.linalg.eigvalsh(covariance + 0.5j * cross)[0] >= -1e-12 * J * (J + 1)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 500), st.floats(0.05, 2), st.floats(-3, 3), st.floats(-3, 3))
def test_chi_only_turns_the_steady_state_about_z(N, u, chi, phase):
    np.testing.assert_allclose(
        np.linalg.eigvalsh(solve(driven(N, u, chi, phase))[1]),
        np.linalg.eigvalsh(solve(driven(N, u))[1]),
        rtol=1e-9,
        atol=1e-12 * N * N,
    )


@pytest.mark.parametrize("J", [0, 0.5, 1, 4, 5.5, 1000])
def test_without_a_drive_everything_is_down(J):
    N = max(1, round(2 * J))
    if 2 * J != N:
        N = 2
    spin, covariance = solve(sb.SpinModel(N=N, chi=2.0, collective_emission=1.0), sb.DickeState(J, J))
    assert spin.tolist() == [0, 0, -J]
    np.testing.assert_array_equal(covariance, np.diag([J / 2, J / 2, 0]))


@pytest.mark.parametrize("N", [1, 2, 7, 500])
@pytest.mark.parametrize("size", [1e6, 1e30, 1e120])
def test_a_huge_drive_mixes_the_multiplet_completely(N, size):
    """⟨J_aJ_b⟩ = δ_ab J(J + 1)/3."""
    spin, covariance = solve(sb.SpinModel(N=N, drive=(size, 2 * size, 0), chi=0.5, collective_emission=1.0))
    J = N / 2
    np.testing.assert_allclose(covariance, np.eye(3) * J * (J + 1) / 3, atol=1e-2 * J * (J + 1) * N / size**0.5)
    assert np.linalg.norm(spin) <= N * N * N / size


@pytest.mark.parametrize("size", [1e-300, 1e-160, 1e-20])
def test_a_tiny_drive_is_linear_response(size):
    """⟨J₋⟩ = α exactly where w_0 is negligible."""
    spin, covariance = solve(sb.SpinModel(N=20, drive=size, collective_emission=2.0))
    np.testing.assert_allclose(spin, [0, size / 2, -10], rtol=1e-14)
    np.testing.assert_allclose(np.diag(covariance), [5, 5, 0], atol=1e-14)


def test_a_drive_beyond_floating_point_is_an_error_with_a_reason():
    problem = sb.Problem(sb.SpinModel(N=3, drive=1e200, collective_emission=1.0), times=[np.inf])
    with pytest.raises(sb.SolverError, match=r"drive = \(1e\+200, 0.0, 0.0\) is too large"):
        SOLVER.solve(problem, OPTIONS, sb.Context())


# ---------------------------------------------------------------- starts


@pytest.mark.parametrize("J", [0, 1, 2, 3, 4])
def test_the_start_says_which_multiplet(J):
    model = driven(8, 0.8, 0.3)
    expected = null_vector_moments(model, J)
    for M in (-J, J):
        assert_same(solve(model, sb.DickeState(J, M)), expected, 8, 1e-12)
    blocks = sb.DickeBlocks([(J, 1.0, np.eye(2 * J + 1) / (2 * J + 1))])
    assert_same(solve(model, blocks), expected, 8, 1e-12)


def test_only_the_multiplet_of_the_start_matters():
    model = driven(9, 0.8)
    for state in (sb.CoherentSpinState(0.3, 1.0), sb.MeanFieldSteadyState(), sb.DickeState(4.5, 0.5)):
        assert_same(solve(model, state), solve(model), 9, 0)


@pytest.mark.parametrize("N", [1, 2, 5, 6])
@pytest.mark.parametrize("length", [0.0, 0.4, 0.9])
def test_a_mixed_start_leads_to_the_mixture_of_its_multiplets(N, length):
    """Raw second moments mix linearly; the solver mixes covariances."""
    model = driven(N, 0.7, -0.4, 0.2)
    state = sb.CoherentSpinState(0.8, 0.1, length)
    mean, products = np.zeros(3), np.zeros((3, 3))
    for J, weight, _ in state.dicke_blocks(N):
        spin, covariance = null_vector_moments(model, J)
        mean += weight * spin
        products += weight * (covariance + np.outer(spin, spin))
    assert_same(solve(model, state), (mean, products - np.outer(mean, mean)), N, 1e-12)


def test_blocks_of_several_multiplets():
    model = driven(4, 0.9)
    mixture = sb.DickeBlocks([(2, 0.25, np.eye(5) / 5), (1, 0.75, np.diag([1, 0, 0]))])
    (high, _), (low, _) = solve(model, sb.DickeState(2, 0)), solve(model, sb.DickeState(1, 0))
    spin, covariance = solve(model, mixture)
    np.testing.assert_allclose(spin, 0.25 * high + 0.75 * low, atol=1e-14)
    assert np.trace(covariance) + spin @ spin == pytest.approx(0.25 * 6 + 0.75 * 2)


# ---------------------------------------------------------------- the interface


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"emission": 0.1}, "single-particle"),
        ({"pumping": 0.1}, "single-particle"),
        ({"dephasing": 0.1}, "single-particle"),
        ({"single_matrix": GENERAL}, "single-particle"),
        ({"collective_pumping": 0.1}, "collective pumping"),
        ({"collective_dephasing": 0.1}, "collective dephasing"),
        ({"collective_matrix": GENERAL}, "Kossakowski"),
        ({"quadratic": np.diag([1, 0, 0])}, "quadratic"),
        ({"twisting": -0.1}, "twisting"),
        ({"drive": (1, 0, -0.1)}, "drive along z"),
        ({"collective_emission": 0.0}, "without collective emission"),
        ({"N": 10**8 + 1}, "N = 100000001 is more than 100000000"),
    ],
)
def test_what_breaks_the_closed_form_is_refused_with_its_reason(change, reason):
    model = sb.SpinModel(**{"N": 10, "chi": 0.2, "drive": (1.0, 2.0, 0.0), "collective_emission": 1.0, **change})
    support = SOLVER.full_support(sb.Problem(model, times=[np.inf]), OPTIONS)
    assert not support
    assert reason in support.reason


def test_finite_times_and_schedules_are_refused():
    model = driven(10, 0.5)
    assert "steady state only" in SOLVER.full_support(sb.Problem(model, times=[0, 1]), OPTIONS).reason
    assert not SOLVER.full_support(sb.Problem(schedule=[sb.Segment(model, 1)], times=[0, 1]), OPTIONS)


def test_starts_spread_over_too_many_multiplets_are_refused():
    mixed = sb.CoherentSpinState(bloch_length=0.5)
    support = SOLVER.full_support(sb.Problem(driven(10**6 + 1, 0.5), mixed, times=[np.inf]), OPTIONS)
    assert "a start spread over many J is summed up to N = 1000000" in support.reason
    assert SOLVER.full_support(sb.Problem(driven(10**6 + 1, 0.5), times=[np.inf]), OPTIONS)


def test_every_tier_is_the_same_exact_answer():
    assert set(SOLVER.tiers) == {"fast", "default", "tight", "reference"}
    assert {SOLVER.resolve_options(tier) for tier in SOLVER.tiers} == {OPTIONS}
    problem = sb.Problem(driven(10, 0.5), times=[np.inf])
    claim = SOLVER.claim(problem, OPTIONS)
    assert (claim.accuracy, claim.sampled) == ("exact", False)
    assert claim.floor <= 1e-10


def test_the_plugin_offers_its_solver():
    (solver,) = squeezebench_solvers()
    assert solver.name == "steady_state"


def test_a_cancelled_run_stops():
    with pytest.raises(sb.SolverError, match="cancelled"):
        SOLVER.solve(sb.Problem(driven(3, 1), times=[np.inf]), OPTIONS, sb.Context(cancelled=lambda: True))


def test_two_thousand_spins_take_well_under_a_millisecond():
    """The best of many runs, after compilation; 20 µs on the machine where it was written."""
    problem = sb.Problem(driven(2000, 0.9), times=[np.inf])
    best = np.inf
    for _ in range(50):
        start = time.perf_counter()
        SOLVER.solve(problem, OPTIONS, sb.Context())
        best = min(best, time.perf_counter() - start)
    assert best < 1e-3
    assert SOLVER.estimate(problem, OPTIONS).seconds < 1e-2
