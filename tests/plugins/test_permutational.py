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
from squeezebench_permutational import Permutational, squeezebench_solvers
from squeezebench_permutational.states import state_at

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
    problem = sb.Problem(brute_force.random_model(rng, N), start_of(rng, N), times=[0.0, 0.07, 0.9, 4.0])
    assert deviation(N, solve(problem), brute_force.moments(problem)) < 1e-9


@pytest.mark.parametrize("name", brute_force.named_models(1))
@pytest.mark.parametrize("N", [1, 2, 3, 4])
def test_each_coupling_by_itself_and_all_together(name, N):
    model = brute_force.named_models(N)[name]
    for initial in (sb.CoherentSpinState(0.8, 2.1), sb.CoherentSpinState(2.0, -0.4, 0.3), sb.DickeState(N / 2, N / 2)):
        problem = sb.Problem(model, initial, times=[0.0, 0.3, 2.0])
        assert deviation(N, solve(problem), brute_force.moments(problem)) < 1e-11


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


# ---------------------------------------------------------------- errors and costs


@pytest.mark.parametrize("chi", [0.0, 1.0])
@pytest.mark.parametrize("N", [12, 40, 60])
def test_the_estimated_error_bounds_the_true_one(N, chi):
    problem = paper(N, chi=chi, stop=0.15, num=16)
    reference = solve(problem, "reference")
    for tier in ("fast", "default", "tight"):
        moments = solve(problem, tier)
        for name in ("spin", "covariance"):
            error = np.abs(getattr(moments, name) - getattr(reference, name))
            assert (error <= moments.error_estimate[name] + 1e-13 * N**2).all()
        exact = xi2(problem, reference)
        error = np.abs(xi2(problem, moments) - exact)
        assert (error <= moments.error_estimate["xi2"] + 1e-11 * exact).all()
        target = sb.TIERS[tier] if hasattr(sb, "TIERS") else {"fast": 1e-3, "default": 1e-5, "tight": 1e-8}[tier]
        assert (error <= target * exact).all()


def test_blocks_that_are_empty_are_left_out_within_the_tolerance():
    problem = paper(60, gamma_s=0.5, stop=0.1, num=6)
    moments, reference = solve(problem, "default"), solve(problem, "reference")
    assert moments.diagnostics["fewest_blocks"] < 31
    assert moments.diagnostics["trace_error"] < 1e-8
    assert xi2(problem, moments) == pytest.approx(xi2(problem, reference), rel=1e-6)


def test_the_number_of_threads_does_not_change_the_numbers():
    problem = paper(70, chi=0.5, stop=0.02, num=3)
    one, two = (solve(problem, "default", sb.Context(n_threads=n)) for n in (1, 2))
    assert np.array_equal(one.spin, two.spin)
    assert np.array_equal(one.covariance, two.covariance)


def test_memory_is_refused_before_it_is_taken():
    huge = paper(20_000, num=3)
    support = SOLVER.full_support(huge, SOLVER.resolve_options())
    assert not support
    assert "GB" in support.reason
    with pytest.raises(sb.SolverError, match="max_memory") as caught:
        solve(paper(100), context=sb.Context(max_memory=1e6))
    assert caught.value.status == "out_of_memory"


def test_the_estimate_of_memory_is_right():
    import tracemalloc

    for problem in (paper(60, stop=0.001, num=3), paper(60, chi=1.0, stop=0.001, num=3)):
        solve(problem)  # compiles
        tracemalloc.start()
        solve(problem)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        need = SOLVER.estimate(problem, SOLVER.resolve_options()).bytes
        assert peak / 2 < need < 3 * peak + 1e6


@pytest.mark.parametrize(("N", "chi"), [(40, 0.0), (60, 1.0), (80, 0.0)])
def test_the_estimate_of_time_is_right_to_a_small_factor(N, chi):
    problem = paper(N, chi=chi, stop=0.1, num=6)
    seconds = []
    for _ in range(3):
        began = time.thread_time()
        solve(problem, "default")
        seconds.append(time.thread_time() - began)
    estimate = SOLVER.estimate(problem, SOLVER.resolve_options()).seconds
    assert estimate / 5 < min(seconds) < 5 * estimate


def test_it_can_be_cancelled_and_timed_out_and_tells_how_far_it_is():
    with pytest.raises(sb.SolverError, match="cancelled"):
        solve(paper(20), context=sb.Context(cancelled=lambda: True))
    with pytest.raises(sb.SolverError, match="time limit") as caught:
        solve(paper(20), context=sb.Context(deadline=0.0))
    assert caught.value.status == "timeout"
    seen = []
    solve(paper(20), context=sb.Context(progress=lambda fraction, text="": seen.append(fraction)))
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_it_claims_to_be_exact_and_comes_in_through_the_hook():
    assert [solver.name for solver in squeezebench_solvers()] == ["permutational"]
    claim = SOLVER.claim(paper(4), SOLVER.resolve_options())
    assert (claim.accuracy, claim.sampled, claim.floor) == ("exact", False, 1e-10)
    ds = sb.solve(paper(6, num=3), "permutational", tier="tight")
    assert sb.solve(paper(6, num=3), "qutip", tier="tight").xi2.values == pytest.approx(ds.xi2.values, rel=1e-8)


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
