"""Mean field, against Tr(σ_a L[ρ₁ ⊗ … ⊗ ρ₁]) on 2^N states and closed forms."""

from __future__ import annotations

import numpy as np
import pytest

import squeezebench as sb
from squeezebench.pauli import pauli_tables
from squeezebench_mean_field import MeanField, squeezebench_solvers

from ..brute_force import collective, liouvillian, named_models, product, random_model

SOLVER = MeanField()


def solve(problem, tier="default", context=None, **options):
    return SOLVER.solve(problem, SOLVER.resolve_options(tier, options), context or sb.Context())


def slope(model, bloch):
    from squeezebench_mean_field.kernels import right_hand_side

    tables = pauli_tables(model)
    out = np.empty(3)
    pair = np.ascontiguousarray((model.N - 1) * tables.outside[:, 1:, 1:])
    right_hand_side(np.asarray(bloch, dtype=float), tables.single, pair, out)
    return out


def brute_slope(model, bloch):
    N = model.N
    rho = product(bloch, N)
    change = (liouvillian(model) @ rho.reshape(-1, order="F")).reshape(rho.shape, order="F")
    return np.array([2 / N * np.trace(J @ change).real for J in collective(N)])


@pytest.mark.parametrize("N", [1, 2, 3, 4, 5])
def test_slope_is_the_master_equation_s_for_a_product_state_and_every_term(N):
    rng = np.random.default_rng(N)
    for model in [*named_models(N).values(), random_model(rng, N), random_model(rng, N)]:
        bloch = rng.normal(size=3)
        bloch /= np.linalg.norm(bloch) * rng.uniform(1, 2)
        np.testing.assert_allclose(slope(model, bloch), brute_slope(model, bloch), atol=1e-12)


def test_slope_is_the_printed_bloch_equation():
    N, G, chi, gs, O = 37, 1.3, -0.4, 2.1, 11.0
    model = sb.SpinModel(N=N, chi=chi, drive=O, collective_emission=G, emission=gs)
    x, y, z = 0.3, -0.5, 0.6
    M = N - 1
    expected = [
        G * (M * x * z - x) / 2 + chi * (M * y * z - y) - gs * x / 2,
        G * (M * y * z - y) / 2 - O * z - chi * (M * x * z - x) - gs * y / 2,
        -G * (M * (x * x + y * y) / 2 + 1 + z) + O * y - gs * (1 + z),
    ]
    np.testing.assert_allclose(slope(model, (x, y, z)), expected, rtol=1e-14)


@pytest.mark.parametrize("chi", [-1.0, 0.0, 0.5])
def test_the_collective_fixed_point_is_at_rest_up_to_1_over_n(chi):
    N = 10**6
    model = sb.SpinModel.driven_cavity(N=N, upsilon_ratio=0.8, chi=chi)
    bloch = sb.MeanFieldSteadyState().resolve(model).bloch_vector()
    assert np.abs(slope(model, bloch)).max() < 5


@pytest.mark.parametrize("tier", ["fast", "default", "tight", "reference"])
def test_precession_with_decay_is_exact_to_the_tier(tier):
    model = sb.SpinModel(N=5, drive=(0, 0, 30.0), emission=0.5, dephasing=0.2)
    times = np.linspace(0, 3, 40)
    result = solve(sb.Problem(model, sb.CoherentSpinState(phi=0.3), times=times), tier)
    across = np.exp(-0.35 * times) * np.exp(1j * (0.3 + 30 * times))
    expected = 2.5 * np.stack([across.real, across.imag, np.exp(-0.5 * times) - 1], axis=-1)
    np.testing.assert_allclose(result.spin, expected, atol=2.5 * sb.solver.TIERS[tier])


def test_tiers_agree_within_their_errors():
    model = sb.SpinModel.driven_cavity(N=2000, upsilon_ratio=0.9, chi=0.3, gamma_s=4)
    problem = sb.Problem(model, times=np.linspace(0, 0.5, 101))
    best = solve(problem, "reference").spin / 1000
    for tier, error in sb.solver.TIERS.items():
        assert np.abs(solve(problem, tier).spin / 1000 - best).max() <= error


def test_moments_are_those_of_a_product_state():
    model = sb.SpinModel.driven_cavity(N=8, upsilon_ratio=1.2, chi=0.5, gamma_s=1)
    result = solve(sb.Problem(model, sb.CoherentSpinState(bloch_length=0.7), times=np.linspace(0, 4, 9)))
    s = result.spin / 4
    np.testing.assert_allclose(result.covariance, 2 * (np.eye(3) - s[:, :, None] * s[:, None, :]), atol=1e-12)
    assert result.status == "ok"
    assert set(result.diagnostics) == {"steps", "rejected", "right_hand_sides"}


def test_between_the_folds_mean_field_is_bistable():
    model = sb.SpinModel.driven_cavity(N=10**4, upsilon_ratio=0.6, gamma_s=0.02 * 10**4)
    times = np.array([0, 0.5])
    pure = solve(sb.Problem(model, times=times)).spin[-1, 2] / 5000
    mixed = solve(sb.Problem(model, sb.CoherentSpinState(bloch_length=0.0), times=times)).spin[-1, 2] / 5000
    u2 = [2 * (1 + z) * (0.02 - z) ** 2 / -z for z in (pure, mixed)]
    np.testing.assert_allclose(u2, 0.36, rtol=0.01)  # the relation is that of N → ∞
    assert pure < -0.7
    assert mixed > -0.25


def test_schedule_turns_the_bloch_vector_and_follows_each_segment():
    one = sb.SpinModel(N=3, drive=(0, 0, 1.0))
    two = sb.SpinModel(N=3, emission=2.0)
    schedule = [sb.Segment(one, np.pi / 2), sb.Rotation("x", np.pi / 2), sb.Segment(two, 1.0), sb.Rotation("z", np.pi)]
    times = [0, np.pi / 2, np.pi / 2 + 0.5, np.pi / 2 + 1]
    result = solve(sb.Problem(initial=sb.CoherentSpinState(phi=0.0), times=times, schedule=schedule), "tight")
    # x → y by the drive, y → z by the rotation, then decay of z; the last rotation does nothing to it.
    expected = [[1, 0, 0], [0, 0, 1], [0, 0, 2 * np.exp(-1) - 1], [0, 0, 2 * np.exp(-2) - 1]]
    np.testing.assert_allclose(result.spin / 1.5, expected, atol=1e-9)


def test_a_schedule_is_not_followed_beyond_the_last_time():
    long = [sb.Segment(sb.SpinModel(N=3, drive=1.0), 1.0), sb.Segment(sb.SpinModel(N=3, drive=1.0), 1e9)]
    assert solve(sb.Problem(times=[0, 0.5], schedule=long)).diagnostics["steps"] < 50


@pytest.mark.parametrize("M", [-2, 2])
def test_the_ends_of_the_largest_multiplet_are_product_states(M):
    model = sb.SpinModel(N=4, emission=1.0)
    problem = sb.Problem(model, sb.DickeState(2, M), times=[0, 1.0])
    assert SOLVER.full_support(problem, SOLVER.resolve_options())
    expected = 2 * ((1 + M / 2) * np.exp(-1) - 1)
    assert solve(problem).spin[-1, 2] == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("state", [sb.DickeState(2, 0), sb.DickeState(1, 1)])
def test_states_that_are_no_product_are_refused_with_a_reason(state):
    problem = sb.Problem(sb.SpinModel(N=4), state, times=[0, 1.0])
    support = SOLVER.full_support(problem, SOLVER.resolve_options())
    assert not support
    assert "product" in support.reason
    with pytest.raises(sb.UnsupportedProblemError, match="product"):
        solve(problem)


def test_the_steady_state_is_refused():
    assert not SOLVER.full_support(sb.Problem(sb.SpinModel(N=4), times=[np.inf]), SOLVER.resolve_options())


def test_too_many_steps_are_an_error_that_says_how_to_mend_it():
    model = sb.SpinModel.driven_cavity(N=10**6, upsilon_ratio=2.0)
    with pytest.raises(sb.SolverError, match="max_steps = 1000"):
        solve(sb.Problem(model, times=[0, 100.0]), max_steps=1000)


def test_cancelling_stops_a_long_run():
    model = sb.SpinModel.driven_cavity(N=10**6, upsilon_ratio=2.0)
    with pytest.raises(sb.SolverError, match="cancelled"):
        solve(sb.Problem(model, times=[0, 100.0]), context=sb.Context(cancelled=lambda: True))


def test_only_the_start_costs_nothing_and_is_the_start():
    result = solve(sb.Problem(sb.SpinModel(N=4, drive=1.0), times=[0.0]))
    np.testing.assert_allclose(result.spin, [[-2, 0, 0]])


def test_claim_estimate_and_hook():
    problem = sb.Problem(sb.SpinModel(N=4, drive=1.0), times=[0, 1.0])
    options = SOLVER.resolve_options()
    assert SOLVER.claim(problem, options).accuracy == "mean_field"
    cost = SOLVER.estimate(problem, options)
    assert 0 < cost.seconds < 1
    assert 0 < cost.bytes < 1e6
    assert [solver.name for solver in squeezebench_solvers()] == ["mean_field"]
