"""Steady states of the solver `permutational`: every rate, the bistable region, and the collective limit."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest

import squeezebench as sb
from squeezebench.laws import violations
from squeezebench.observables.kernels import xi2_wineland
from squeezebench_permutational import Permutational

from .. import brute_force
from ..symmetric_bosons import Bosons

SOLVER = Permutational()

bosons = cache(Bosons)


def steady(model, initial=None, keep=()):
    initial = initial or sb.DickeState(model.N / 2, -model.N / 2)
    problem = sb.Problem(model, initial, times=[np.inf])
    return SOLVER.solve(problem, SOLVER.resolve_options("default"), sb.Context(keep=frozenset(keep)))


def xi2(N, moments):
    return xi2_wineland(moments.spin[0], moments.covariance[0], float(N))


def deviation(N, moments, spin, covariance):
    return max(
        np.abs(moments.spin[0] - spin).max() * 2 / N, np.abs(moments.covariance[0] - covariance).max() * 4 / N**2
    )


def every_rate(rng, N):
    """All nine named couplings; the collective ones are of the order of 1, the drive and the single ones act with N."""
    signs = rng.choice([-1, 1], size=5)
    rates = rng.uniform(0.2, 1.5, size=6)
    return sb.SpinModel(
        N,
        chi=signs[0] * rng.uniform(0.2, 1.0),
        twisting=signs[1] * rng.uniform(0.1, 0.5),
        drive=tuple(signs[2:] * rng.uniform(0.1, 0.5, size=3) * N),
        collective_emission=rates[0],
        collective_pumping=0.3 * rates[1],
        collective_dephasing=rates[2],
        emission=3 * rates[3],
        pumping=rates[4],
        dephasing=rates[5],
    )


def drift(model, spin, covariance):
    """d⟨J⟩/dt and d⟨J²⟩/dt of a named model, from first and second moments alone (Heisenberg's equations).

    For L(O), d⟨A⟩ = ½⟨O†[A, O] + [O†, A]O⟩. With s = ⟨J⟩ and S = ½⟨{J_a, J_b}⟩ the products that occur are
    ⟨J_z J_−⟩ and the like, each S plus half a commutator. J² changes by single-spin terms only:
    J² = 3N/4 + Σ_(i≠j) s_i·s_j, and pairs decay as the single spins do.
    """
    N, (x, y, z) = model.N, spin
    S = covariance + np.outer(spin, spin)
    h, chi, eta = np.array(model.drive), model.chi, model.twisting
    down, up, phase = model.collective_emission, model.collective_pumping, model.collective_dephasing
    rate = np.cross(h, spin)  # i[h·J, J] = h × J
    # χ J₊J₋ = χ (J² − J_z² + J_z): a field χ along z, and twisting −χ; i[J_z², J_x] = −{J_z, J_y}.
    rate = rate + chi * np.array([-y, x, 0.0]) + 2 * (eta - chi) * np.array([-S[1, 2], S[0, 2], 0.0])
    # ⟨J₊J₋⟩ and ⟨J₋J₊⟩; L(J₋) takes J₋ by ½ ⟨[J₊, J₋]J₋⟩ = ⟨J_z J₋⟩ = S_z− − ½ J₋, and L(J₊) by −⟨J_z J₋⟩ − J₋.
    across = S[0, 0] + S[1, 1]
    rate = rate + down * np.array([S[0, 2] - x / 2, S[1, 2] - y / 2, -(across + z)])
    rate = rate + up * np.array([-S[0, 2] - x / 2, -S[1, 2] - y / 2, across - z])
    rate = rate - phase / 2 * np.array([x, y, 0.0])
    transverse = (model.emission + model.pumping + model.dephasing) / 2
    both, bias = model.emission + model.pumping, (model.pumping - model.emission) * N / 2
    rate = rate + np.array([-transverse * x, -transverse * y, bias - both * z])
    pairs_across, pairs_z = across - N / 2, S[2, 2] - N / 4
    square = -2 * transverse * pairs_across - 2 * both * pairs_z + 2 * bias * (N - 1) / N * z
    return rate, square


# ---------------------------------------------------------------- every rate


@pytest.mark.parametrize("N", [1, 2, 3, 6, 11, 20, pytest.param(30, marks=pytest.mark.slow)])
@pytest.mark.parametrize("general", [False, True])
def test_every_rate_is_the_null_vector_of_bosons_in_four_modes(N, general):
    rng = np.random.default_rng(2000 * general + N)
    model = brute_force.random_model(rng, N) if general else every_rate(rng, N)
    moments = steady(model)
    assert deviation(N, moments, *bosons(N).moments(bosons(N).steady(model))) < 1e-11
    assert moments.diagnostics["residual"] < 1e-12
    assert moments.diagnostics["gap"] > 0


@pytest.mark.parametrize(
    "N", [4, 25, 40, pytest.param(50, marks=pytest.mark.slow), pytest.param(51, marks=pytest.mark.slow)]
)
def test_every_rate_balances_to_50_spins(N):
    """The currents of ⟨J⟩ and ⟨J²⟩ vanish, by equations without Dicke states; the state is lawful, residual in hand."""
    rng = np.random.default_rng(N)
    model = every_rate(rng, N)
    moments = steady(model, keep={"states"})
    rate, square = drift(model, moments.spin[0], moments.covariance[0])
    assert np.abs(rate).max() < 1e-11 * N**2
    assert abs(square) < 1e-11 * N**2
    assert moments.diagnostics["residual"] < 1e-12
    problem = sb.Problem(model, times=[np.inf])
    assert violations(problem, moments, 1e-10) == []
    states = moments.extra["states"]
    assert states["trace"][0] == pytest.approx(1.0, abs=1e-12)
    assert 2.0**-N <= states["purity"][0] <= 1
    for _, _, matrix in sb.state_at(states).blocks:
        assert np.linalg.eigvalsh(matrix)[0] > -1e-9


def test_the_balance_is_that_of_brute_force():
    """`drift` itself, away from the steady state: against differences in time on 2^N."""
    rng = np.random.default_rng(5)
    for N in (1, 2, 4):
        model = every_rate(rng, N)
        rho = brute_force.density_matrix(sb.CoherentSpinState(1.0, 0.4, 0.8), N)
        rho = brute_force.evolved(model, rho, 0.2)
        change = (brute_force.liouvillian(model) @ rho.reshape(-1, order="F")).reshape(rho.shape, order="F")
        J = brute_force.collective(N)
        rate, square = drift(model, *brute_force.moments_of(rho, N))
        assert rate == pytest.approx([np.trace(change @ j).real for j in J], abs=1e-12 * N**2)
        assert square == pytest.approx(np.trace(change @ sum(j @ j for j in J)).real, abs=1e-11 * N**2)


# ---------------------------------------------------------------- γ_s = 0


@pytest.mark.parametrize("N", [1, 2, 33, 50])
@pytest.mark.parametrize("chi", [-2.0, 0.0, 0.7])
def test_without_single_spin_rates_it_is_the_closed_form_for_every_phase_of_the_drive(N, chi):
    rng = np.random.default_rng(N)
    for u in (0.3, 0.97, 1.4):
        phase = rng.uniform(-math.pi, math.pi)
        strength = u * N / 2 * math.hypot(1.0, 2 * chi)
        drive = (strength * math.cos(phase), strength * math.sin(phase), 0.0)
        model = sb.SpinModel(N, chi=chi, drive=drive, collective_emission=1.0)
        moments, closed = steady(model), sb.steady_state(model, solver="steady_state")
        assert deviation(N, moments, closed.spin.values[0], closed.covariance.values[0]) < 1e-10
        assert moments.diagnostics["residual"] < 1e-12


@pytest.mark.parametrize("J", [0.0, 1.0, 4.0, 9.0])
def test_a_multiplet_of_the_start_has_the_closed_form_of_its_own(J):
    model = sb.SpinModel.driven_cavity(N=20, upsilon_ratio=0.5, chi=0.4)
    start = sb.DickeState(J, J)
    closed = sb.steady_state(model, solver="steady_state", J=J)
    assert deviation(20, steady(model, start), closed.spin.values[0], closed.covariance.values[0]) < 1e-10


@pytest.mark.parametrize("chi", [0.0, 1.3])
def test_the_state_itself_is_a_product_of_resolvents(chi):
    """ρ ∝ A A†, A = (J₋ − α)⁻¹, α = −iΩ/(Γ + 2iχ): every entry, not its moments only."""
    N = 30
    model = sb.SpinModel.driven_cavity(N=N, upsilon_ratio=0.8, chi=chi)
    ((J, _, matrix),) = sb.state_at(steady(model, keep={"states"}).extra["states"]).blocks
    m = np.arange(-J, J)
    lowering = np.diag(np.sqrt(J * (J + 1) - m * (m + 1)), 1)
    alpha = -1j * model.drive[0] / complex(1.0, 2 * chi)
    A = np.linalg.inv(lowering - alpha * np.eye(N + 1))
    expected = A @ A.conj().T
    assert np.abs(matrix - expected / np.trace(expected)).max() < 1e-11


@pytest.mark.parametrize("N", [20, 25])
def test_chi_turns_the_collective_steady_state_about_z_but_not_with_decay(N):
    """The spectrum of the covariance does not know χ at γ_s = 0. With γ_s it does, in the same way for both signs."""

    def spectrum(chi, gamma_s):
        moments = steady(sb.SpinModel.driven_cavity(N=N, upsilon_ratio=0.62, chi=chi, gamma_s=gamma_s))
        return np.linalg.eigvalsh(moments.covariance[0])

    plain = spectrum(0.0, 0.0)
    for chi in (-1.0, 1.0, 3.0):
        assert spectrum(chi, 0.0) == pytest.approx(plain, rel=1e-9)
    plus, minus = spectrum(1.0, 0.02 * N), spectrum(-1.0, 0.02 * N)
    assert plus == pytest.approx(minus, rel=1e-9)
    assert np.abs(plus / spectrum(0.0, 0.02 * N) - 1).max() > 0.05


@pytest.mark.parametrize(("chi", "expected"), [(0.0, 0.842), (1.0, 0.925), (-1.0, 0.925)])
def test_squeezing_depends_on_chi_with_decay(chi, expected):
    moments = steady(sb.SpinModel.driven_cavity(N=20, upsilon_ratio=0.62, chi=chi, gamma_s=0.02 * 20))
    assert xi2(20, moments) == pytest.approx(expected, abs=6e-4)


def test_the_best_drive_of_100_collective_spins():
    values = {
        u: xi2(100, steady(sb.SpinModel.driven_cavity(N=100, upsilon_ratio=u))) for u in np.arange(0.88, 0.951, 0.005)
    }
    assert min(values.values()) == pytest.approx(0.428, abs=5e-4)
    assert 0.88 < min(values, key=values.__getitem__) < 0.95


# ---------------------------------------------------------------- where mean field is bistable


def bistable(N, u, r):
    return sb.SpinModel.driven_cavity(N=N, upsilon_ratio=u, gamma_s=r * N)


@pytest.mark.parametrize("r", [0.005, 0.02])
@pytest.mark.parametrize("u", [0.3, 0.55, 0.58, 0.62, 0.66, 0.70, 0.75])
@pytest.mark.parametrize("N", [15, 20])
def test_between_the_folds_the_state_is_that_of_bosons_in_four_modes(N, u, r):
    model = bistable(N, u, r)
    assert deviation(N, steady(model), *bosons(N).moments(bosons(N).steady(model))) < 1e-10


@pytest.mark.parametrize(("r", "u", "apart"), [(0.005, 0.61, 0.01), (0.02, 0.655, 0.005)])
def test_40_spins_lose_squeezing_below_the_upper_fold(r, u, apart):
    """The drive at which ξ² = 1; mean field stays on the superradiant branch up to 0.714 and 0.736."""
    values = [xi2(40, steady(bistable(40, drive, r))) for drive in (u - apart, u + apart)]
    assert values[0] < 1 < values[1]


def test_the_gap_closes_with_n_between_the_folds_and_the_state_stays_one():
    """Slower by about the same factor for each ten spins; the residual stays at round-off, and the balance too."""
    gaps = []
    for N in (10, 20, 30, 40):
        model = bistable(N, 0.62, 0.005)
        moments = steady(model)
        gaps.append(moments.diagnostics["gap"])
        assert moments.diagnostics["residual"] < 1e-12
        rate, square = drift(model, moments.spin[0], moments.covariance[0])
        assert np.abs(rate).max() < 1e-10 * N**2
        assert abs(square) < 1e-10 * N**2
    steps = np.array(gaps[:-1]) / gaps[1:]
    assert (steps > 1.4).all()
    assert steps[-1] > 2.3


@pytest.mark.parametrize("u", [0.62, 0.66])
@pytest.mark.parametrize("N", [8, pytest.param(20, marks=pytest.mark.slow)])
def test_starts_on_both_branches_meet_in_it_at_last(N, u):
    """From −x and from the mixed state, after 20 over the gap: the course knows nothing of the LU factors."""
    model = bistable(N, u, 0.005)
    moments = steady(model)
    late = 20 / moments.diagnostics["gap"]
    branches = []
    for start in (sb.CoherentSpinState(), sb.CoherentSpinState(bloch_length=0.0)):
        problem = sb.Problem(model, start, times=[0.0, 5.0, late])
        course = SOLVER.solve(problem, SOLVER.resolve_options("tight"), sb.Context())
        assert deviation(N, moments, course.spin[-1], course.covariance[-1]) < 1e-7
        branches.append(course.spin[1, 2] * 2 / N)
    # At Γt = 5 each branch has settled, and they are far apart still.
    assert branches[1] - branches[0] > 0.4


@pytest.mark.slow
@pytest.mark.parametrize("u", [0.58, 0.61, 0.64])
def test_50_spins_between_the_folds_balance(u):
    model = bistable(50, u, 0.005)
    moments = steady(model)
    rate, square = drift(model, moments.spin[0], moments.covariance[0])
    assert np.abs(rate).max() < 1e-9 * 50
    assert abs(square) < 1e-9 * 50**2
    assert moments.diagnostics["gap"] < 2e-3


# ---------------------------------------------------------------- populations


@pytest.mark.parametrize("N", [20, 21])
def test_a_superradiant_laser_with_every_diagonal_rate_by_both_representations(N):
    model = sb.SpinModel(
        N, chi=0.4, twisting=0.3, drive=(0, 0, 2.0), collective_emission=1.0, collective_pumping=0.2,
        collective_dephasing=0.5, emission=0.7, pumping=N / 2, dephasing=1.1,
    )  # fmt: skip
    problem = sb.Problem(model, sb.DickeState(N / 2, -N / 2), times=[np.inf])
    small, large = (
        SOLVER.solve(problem, SOLVER.resolve_options("default", {"representation": name}), sb.Context())
        for name in ("diagonal", "blocks")
    )
    assert deviation(N, small, large.spin[0], large.covariance[0]) < 1e-12
    assert deviation(N, small, *bosons(N).moments(bosons(N).steady(model))) < 1e-12


def test_a_superradiant_laser_tends_to_an_eighth():
    """⟨J₊J₋⟩/N² → 1/8 at w = NΓ/2 (Meiser and Holland, Phys. Rev. A 81, 033847, 2010), from below as 1/(4N)."""
    for N in (150, 300):
        moments = steady(sb.SpinModel(N, collective_emission=1.0, pumping=N / 2))
        light = moments.covariance[0, 0, 0] + moments.covariance[0, 1, 1] + moments.spin[0, 2]
        assert (0.125 - light / N**2) * N == pytest.approx(0.25, rel=0.01)
