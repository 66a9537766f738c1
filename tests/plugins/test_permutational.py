"""The master equation in Dicke blocks, against brute force on 2^N, closed forms and itself."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import squeezebench as sb
from squeezebench.laws import violations
from squeezebench_permutational import Permutational

from .. import brute_force

SOLVER = Permutational()


def solve(problem, tier="tight", context=None, **options):
    return SOLVER.solve(problem, SOLVER.resolve_options(tier, options), context or sb.Context())


def deviation(N, moments, reference):
    """Largest error of ⟨J⟩ in N/2 and of the covariance in N²/4."""
    spin, covariance = reference
    return max(np.abs(moments.spin - spin).max() * 2 / N, np.abs(moments.covariance - covariance).max() * 4 / N**2)


def xi2(problem, moments):
    from squeezebench.observables.kernels import xi2_wineland

    pairs = zip(moments.spin, moments.covariance, strict=True)
    return np.array([xi2_wineland(spin, covariance, float(problem.N)) for spin, covariance in pairs])


def paper(N, u=0.9, chi=0.0, gamma_s=4.0, stop=0.25, num=26, initial=None):
    model = sb.SpinModel.driven_cavity(N=N, upsilon_ratio=u, chi=chi, gamma_s=gamma_s)
    return sb.Problem(model, initial or sb.CoherentSpinState(), times=np.linspace(0, stop, num))


def start_of(rng, N):
    """A pure product, a mixed product, or a Dicke state of any J."""
    kind = rng.integers(3)
    if kind < 2:
        length = 1.0 if kind == 0 else rng.random()
        return sb.CoherentSpinState(*rng.uniform(-3, 3, 2), length)
    J = N / 2 - rng.integers(N // 2 + 1)
    return sb.DickeState(J, rng.integers(round(2 * J) + 1) - J)


# ---------------------------------------------------------------- 2^N


@pytest.mark.parametrize("seed", range(36))
def test_it_is_the_master_equation_on_2_to_the_n(seed):
    """General h, K and Kossakowski matrices at once, N = 1 … 6, all kinds of starts, to late times."""
    rng = np.random.default_rng(seed)
    N = 1 + seed % 6
    times = [0.0, 0.07, 0.9, 4.0] if N < 6 else [0.0, 0.9]
    problem = sb.Problem(brute_force.random_model(rng, N), start_of(rng, N), times=times)
    assert deviation(N, solve(problem), brute_force.moments(problem)) < 1e-9


@pytest.mark.parametrize("name", brute_force.named_models(1))
@pytest.mark.parametrize("N", [1, 2, 3, 4])
def test_each_coupling_by_itself_and_all_together(name, N):
    model = brute_force.named_models(N)[name]
    for initial in (sb.CoherentSpinState(0.8, 2.1), sb.CoherentSpinState(2.0, -0.4, 0.3), sb.DickeState(N / 2, N / 2)):
        problem = sb.Problem(model, initial, times=[0.0, 0.3, 2.0])
        assert deviation(N, solve(problem, "reference"), brute_force.moments(problem)) < 1e-11


@pytest.mark.parametrize("N", [3, 4])
@pytest.mark.parametrize("u", [0.9, 1.5])
@pytest.mark.parametrize("chi", [-1.0, 0.0, 3.0])
def test_the_papers_model_from_every_side(N, u, chi):
    for direction in ((1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, 0, -1), (0.1, -0.3, 0.2)):
        initial = sb.CoherentSpinState.along(direction)
        problem = paper(N, u, chi, gamma_s=0.5, stop=3.0, num=4, initial=initial)
        assert deviation(N, solve(problem), brute_force.moments(problem)) < 1e-10


@pytest.mark.parametrize("seed", range(4))
def test_schedules_with_rotations_about_any_axis(seed):
    rng = np.random.default_rng(100 + seed)
    N = 2 + seed
    schedule = [
        sb.Rotation("y", 0.3),
        sb.Segment(brute_force.random_model(rng, N), 0.4),
        sb.Rotation(tuple(rng.normal(size=3)), 1.1),
        sb.Rotation("z", -0.6),
        sb.Segment(sb.SpinModel.driven_cavity(N, 0.9, chi=1.0, gamma_s=0.3), 0.3),
        sb.Segment(sb.SpinModel(N, emission=0.4), 0.2),
        sb.Rotation("x", math.pi / 2),
    ]
    problem = sb.Problem(schedule=schedule, initial=start_of(rng, N), times=[0.0, 0.1, 0.4, 0.55, 0.7, 0.9])
    assert deviation(N, solve(problem), brute_force.moments(problem)) < 1e-10


@pytest.mark.parametrize("delta", [-1, 0, 1])
def test_amplitudes_are_those_of_vector_operators(delta):
    """[J_a, V_b] = iε_abc V_c between the multiplets of J = 2 and 2 + delta."""
    from squeezebench_permutational.algebra import PLUS, amplitude

    J = 2.0
    m = np.arange(-J, J + 1)
    V = {}
    for p in PLUS:
        V[p] = np.zeros((round(2 * (J + delta)) + 1, len(m)))
        for column, (M, value) in enumerate(zip(m, amplitude(delta, p, np.full(5, J), m), strict=True)):
            if value:
                V[p][round(M + p + J + delta), column] = value

    def ladder(j):
        k = np.arange(-j, j)
        return np.diag(np.sqrt(j * (j + 1) - k * (k + 1)), -1)

    raise_after, raise_before = ladder(J + delta), ladder(J)

    def commutator(after, before, operator):
        return after @ operator - operator @ before

    assert commutator(raise_after, raise_before, V[1]) == pytest.approx(0.0, abs=1e-12)
    assert commutator(raise_after, raise_before, V[0]) == pytest.approx(-V[1], abs=1e-12)
    assert commutator(raise_after.T, raise_before.T, V[0]) == pytest.approx(V[-1], abs=1e-12)
    assert commutator(raise_after, raise_before, V[-1]) == pytest.approx(2 * V[0], abs=1e-12)


# ---------------------------------------------------------------- larger N


def test_the_minimum_of_squeezing_of_100_spins():
    problem = paper(100)
    values = xi2(problem, solve(problem, "default"))
    assert values.min() == pytest.approx(0.583609, abs=1e-6)
    assert problem.times[values.argmin()] == pytest.approx(0.21)


@pytest.mark.slow
def test_the_minimum_of_squeezing_of_200_spins():
    problem = paper(200)
    moments = solve(problem, "default", sb.Context(n_threads=2))
    values = xi2(problem, moments)
    assert values.min() == pytest.approx(0.48272, abs=1e-5)
    assert problem.times[values.argmin()] == pytest.approx(0.16)
    assert values[-1] == pytest.approx(1.3394, abs=1e-4)


@pytest.mark.parametrize("emission", [0.0, 1.0])
@pytest.mark.parametrize("chi_z", [1.0, -1.0])
@pytest.mark.parametrize("N", [30, 41])
def test_one_axis_twisting_with_noise_in_closed_form(N, chi_z, emission):
    model = sb.SpinModel(
        N, twisting=chi_z, drive=(0, 0, 0.3), emission=emission, pumping=0.2, dephasing=0.5, collective_dephasing=0.1
    )
    problem = sb.Problem(model, sb.CoherentSpinState(math.pi / 2, 0.0), times=np.linspace(0, 0.2, 5))
    ours = sb.solve(problem, SOLVER, tier="reference")
    closed = sb.solve(problem, "one_axis_twisting")
    assert np.abs(ours.spin - closed.spin).max() < 1e-9 * N
    assert np.abs(ours.covariance - closed.covariance).max() < 1e-9 * N**2


@pytest.mark.parametrize(("N", "peak", "when"), [(10, 0.227591, 2.1284), (100, 0.197258, 4.8583)])
def test_the_superradiant_burst(N, peak, when):
    model = sb.SpinModel(N=N, collective_emission=1.0)
    times = np.append(0.0, np.array([when - 0.02, when, when + 0.02]) / N)
    problem = sb.Problem(model, sb.DickeState(N / 2, N / 2), times=times)
    for representation in ("blocks", "diagonal"):
        moments = solve(problem, representation=representation)
        emitted = moments.covariance[:, 0, 0] + moments.covariance[:, 1, 1] + moments.spin[:, 2]
        emitted += moments.spin[:, 0] ** 2 + moments.spin[:, 1] ** 2
        assert emitted[2] / N**2 == pytest.approx(peak, abs=1e-6)
        assert emitted[2] > max(emitted[1], emitted[3])


@pytest.mark.parametrize("chi", [-1.0, 0.0, 1.0, 3.0])
@pytest.mark.parametrize("gamma_s", [0.0, 0.5, 4.0, 50.0])
def test_laws_hold_for_all_rates_and_chi_reverses_with_x(chi, gamma_s):
    """ξ² stays as it is under χ → −χ with x → −x."""
    problem = paper(24, chi=chi, gamma_s=gamma_s, stop=0.3, num=13)
    moments = solve(problem, "default")
    assert violations(problem, moments, 1e-7) == []
    mirrored = paper(24, chi=-chi, gamma_s=gamma_s, stop=0.3, num=13, initial=sb.CoherentSpinState(math.pi / 2, 0.0))
    other = sb.Problem(
        sb.SpinModel(24, chi=-chi, drive=problem.model.drive, collective_emission=1.0, emission=gamma_s),
        mirrored.initial,
        times=problem.times,
    )
    assert xi2(problem, moments) == pytest.approx(xi2(other, solve(other, "default")), rel=1e-5)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 9))
def test_turning_everything_turns_the_answer(seed, N):
    rng = np.random.default_rng(seed)
    model = brute_force.random_model(rng, N)
    axis, angle = rng.normal(size=3), rng.uniform(-3, 3)
    R = sb.Rotation(tuple(axis), angle).matrix
    turned = sb.SpinModel.general(
        N, R @ model.h, R @ model.K @ R.T, R @ model.collective @ R.T, R @ model.single @ R.T
    )  # fmt: skip
    bloch = rng.normal(size=3)
    bloch *= rng.random() / np.linalg.norm(bloch)
    times = [0.0, 0.2, 1.0]
    one = solve(sb.Problem(model, sb.CoherentSpinState.along(bloch), times=times))
    two = solve(sb.Problem(turned, sb.CoherentSpinState.along(R @ bloch), times=times))
    assert np.abs(one.spin @ R.T - two.spin).max() < 1e-9 * N
    assert np.abs(R @ one.covariance @ R.T - two.covariance).max() < 1e-9 * N**2


def test_j_squared_is_constant_without_single_spin_dissipation():
    model = sb.SpinModel(9, chi=0.4, drive=(1.0, 0.5, 0.2), twisting=-1.0, collective_emission=0.7)
    problem = sb.Problem(model, sb.DickeState(5 / 2, -1 / 2), times=np.linspace(0, 20, 5))
    moments = solve(problem)
    square = np.trace(moments.covariance, axis1=1, axis2=2) + (moments.spin**2).sum(axis=1)
    assert square == pytest.approx(np.full(5, 5 / 2 * 7 / 2), rel=1e-10)
    assert moments.diagnostics["entries"] == 36


def test_very_late_times_are_the_steady_state_and_cost_nothing_more():
    model = sb.SpinModel.driven_cavity(N=8, upsilon_ratio=0.9, chi=0.5, gamma_s=2.0)
    problem = sb.Problem(model, sb.CoherentSpinState(), times=[0.0, 1.0, 30.0, 1e6])
    moments = solve(problem)
    steady = solve(sb.Problem(model, sb.CoherentSpinState(), times=[np.inf]))
    assert moments.spin[-1] == pytest.approx(steady.spin[0], abs=1e-9)
    assert moments.covariance[-1] == pytest.approx(steady.covariance[0], abs=1e-9)
    assert moments.diagnostics["products"] < 50_000


# ---------------------------------------------------------------- populations


@pytest.mark.parametrize("N", [1, 2, 7, 30])
@pytest.mark.parametrize("theta", [0.0, math.pi])
def test_populations_and_blocks_agree(N, theta):
    model = sb.SpinModel(
        N, chi=0.4, twisting=-0.3, drive=(0, 0, 1.0), collective_emission=1.0, collective_pumping=0.3,
        collective_dephasing=0.2, emission=0.7, pumping=1.1, dephasing=0.5,
    )  # fmt: skip
    for initial in (
        sb.CoherentSpinState(theta, 0.3),
        sb.CoherentSpinState(theta, 0.0, 0.4),
        sb.DickeState(N % 2 / 2, N % 2 / 2),
    ):
        problem = sb.Problem(model, initial, times=np.linspace(0, 1.0, 5))
        small, large = (solve(problem, representation=name) for name in ("diagonal", "blocks"))
        assert solve(problem).diagnostics["representation"] == "diagonal"
        assert deviation(N, small, (large.spin, large.covariance)) < 1e-10


def test_a_pumped_and_decaying_ensemble_of_2000_spins_takes_seconds():
    """Single-spin rates only: every spin by itself, in closed form."""
    N, up, down = 2000, 0.5, 2.0
    problem = sb.Problem(sb.SpinModel(N, emission=down, pumping=up), sb.DickeState(N / 2, N / 2), times=[0.0, 0.05])
    began = time.process_time()
    moments = solve(problem, "default")
    assert time.process_time() - began < 20
    z = (up - down) / (up + down) * (1 - math.exp(-0.05 * (up + down))) + math.exp(-0.05 * (up + down))
    assert moments.spin[1, 2] == pytest.approx(N / 2 * z, rel=1e-7)
    assert moments.covariance[1, 2, 2] == pytest.approx(N / 4 * (1 - z * z), rel=1e-4)


def test_what_does_not_close_on_populations_is_refused_as_such():
    options = SOLVER.resolve_options("default", {"representation": "diagonal"})
    for problem in (
        paper(4),
        sb.Problem(sb.SpinModel(3, emission=1.0), sb.CoherentSpinState(), times=[0.0, 1.0]),
        sb.Problem(sb.SpinModel.general(3, (0, 0, 1), np.diag([1, 2, 0])), sb.DickeState(1.5, 0.5), times=[0.0, 1.0]),
    ):
        support = SOLVER.supports(problem, options)
        assert not support
        assert "'blocks'" in support.reason
