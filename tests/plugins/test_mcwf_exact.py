"""mcwf against the master equation: whitened χ² of all first and second moments, and laws of single trajectories."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy import stats

import squeezebench as sb

from ..brute_force import named_models
from .mcwf_statistics import (
    STORED_TIMES,
    exact,
    moments_of,
    p_values,
    paper_problem,
    random_problem,
    single,
    stored_p_values,
    stored_problem,
    trajectories,
)

UNRAVELINGS = ["displaced", "cavity_output", "counting"]
MODELS = 64


@pytest.mark.parametrize("unraveling", UNRAVELINGS)
def test_averages_are_those_of_the_master_equation(unraveling):
    """The short form: a third of the models, one seed."""
    found = [p for index in range(0, MODELS, 3) for p in p_values(random_problem(index), unraveling, 200, seed=0)]
    assert len(found) > 60
    assert stats.kstest(found, "uniform").pvalue > 1e-3
    assert min(found) > 1e-6


@pytest.mark.slow
@pytest.mark.parametrize("unraveling", UNRAVELINGS)
def test_p_values_are_uniform_for_nineteen_of_twenty_seeds(unraveling):
    uniform = []
    for seed in range(20):
        found = [p for index in range(MODELS) for p in p_values(random_problem(index), unraveling, 400, seed)]
        found += [p for chi in (-1, 0, 1) for p in p_values(paper_problem(chi), unraveling, 400, seed)]
        uniform.append(stats.kstest(found, "uniform").pvalue > 1e-3)
    assert sum(uniform) >= 19, uniform


@pytest.mark.parametrize(("N", "gamma_s"), STORED_TIMES)
def test_averages_of_a_thousand_spins_and_more_are_those_of_stored_answers(N, gamma_s):
    """The short form: one seed. The same trajectories tell the exact answer from cumulants of order 2."""
    problem = stored_problem(N, gamma_s)
    sample = single(problem, "displaced", 1024, seed=0)
    assert min(stored_p_values(problem, sample, moments_of(problem, "stored"))) > 1e-5
    second = dataclasses.replace(moments_of(problem, "cumulant", order=2), error_estimate=None)
    assert stored_p_values(problem, sample, second)[-1] < 1e-6


@pytest.mark.slow
def test_p_values_against_stored_answers_are_uniform():
    """Twenty fixed seeds of 2048 trajectories for each of four curves, at three times where bars can be trusted."""
    found = {}
    for key in STORED_TIMES:
        problem = stored_problem(*key)
        truth = moments_of(problem, "stored")
        found[key] = np.array(
            [stored_p_values(problem, single(problem, "displaced", 2048, seed), truth) for seed in range(20)]
        )
    told = {key: [stats.kstest(p[:, t], "uniform").pvalue for t in range(3)] for key, p in found.items()}
    print({key: np.round(p, 4).tolist() for key, p in told.items()}, {k: p.min() for k, p in found.items()})
    assert min(min(p) for p in told.values()) > 1e-3 / 12, told
    assert stats.kstest(np.concatenate([p.ravel() for p in found.values()]), "uniform").pvalue > 1e-3


@pytest.mark.parametrize("unraveling", UNRAVELINGS)
@pytest.mark.parametrize("N", [1, 2, 7])
@pytest.mark.parametrize("name", sorted(named_models(1)))
def test_each_coupling_alone(name, N, unraveling):
    """A wrong coefficient shows in tens of standard errors; rare jumps make these averages far from Gaussian."""
    problem = sb.Problem(named_models(N)[name], sb.CoherentSpinState(1.9, 0.3), times=[0.0, 0.6])
    values, truth = trajectories(problem, unraveling, 300, 5)[:, 1], exact(problem)[1]
    error = values.std(0) / np.sqrt(len(values))
    assert (np.abs(values.mean(0) - truth) < 5 * error + 2e-3 * N * N / 4).all()
    if not problem.model.collective.any() and not problem.model.single.any():
        np.testing.assert_allclose(values, np.broadcast_to(truth, values.shape), atol=1e-7)


@pytest.mark.parametrize("unraveling", UNRAVELINGS)
def test_schedules_with_rotations_of_a_state_larger_than_its_window(unraveling):
    bright = sb.SpinModel.driven_cavity(N=60, upsilon_ratio=0.9, chi=0.5, gamma_s=4.0)
    dark = sb.SpinModel(N=60, collective_emission=1.0, emission=2.0, dephasing=1.0, pumping=0.5)
    schedule = [sb.Segment(bright, 0.05), sb.Rotation("x", 1.1), sb.Segment(dark, 0.05)]
    schedule += [sb.Rotation((1, 1, 0.3), -2.0), sb.Segment(bright, 0.2)]
    problem = sb.Problem(schedule=schedule, initial=sb.CoherentSpinState(), times=[0, 0.03, 0.05, 0.08, 0.12])
    assert min(p_values(problem, unraveling, 60, seed=1)) > 1e-4


@pytest.mark.parametrize("unraveling", UNRAVELINGS)
@pytest.mark.parametrize("start", [sb.DickeState(20, 3), sb.CoherentSpinState(1.0, 1.0, 0.3)], ids=["Dicke", "mixed"])
def test_starts_that_are_no_point_on_the_sphere(start, unraveling):
    model = sb.SpinModel.driven_cavity(N=60, upsilon_ratio=0.9, chi=0.5, gamma_s=4.0)
    assert min(p_values(sb.Problem(model, start, times=[0, 0.05]), unraveling, 60, seed=2)) > 1e-4


def test_without_dissipation_every_trajectory_is_the_unitary_solution():
    """One-axis twisting wraps the state around the sphere: the window grows to the whole multiplet."""
    from squeezebench.host import get_host

    problem = sb.Problem(sb.SpinModel(N=80, twisting=1.0), sb.CoherentSpinState(np.pi / 2, 0.0), np.linspace(0, 0.2, 5))
    closed = get_host().solver("one_axis_twisting")
    truth = closed.solve(problem, closed.resolve_options(), sb.Context())
    found = sb.solve(problem, "mcwf", n_trajectories=2)
    np.testing.assert_allclose(found.spin.values, truth.spin, atol=1e-6 * 40)
    np.testing.assert_allclose(found.covariance.values, truth.covariance, atol=1e-6 * 1600)


def test_twisting_with_decoherence_at_two_thousand_spins():
    """The closed form knows no Dicke basis; its value at the minimum is 0.01280845."""
    problem = sb.Problem(
        sb.SpinModel(N=2000, twisting=1.0, emission=1.0), sb.CoherentSpinState(np.pi / 2, 0.0), [0.0, 0.003, 0.006]
    )
    truth = sb.solve(problem, "one_axis_twisting").xi2.values
    found = sb.solve(problem, "mcwf", n_trajectories=24, seed=4)
    assert (np.abs(found.xi2.values - truth)[1:] < 5 * found.xi2_stderr.values[1:]).all()
    assert (found.xi2_stderr.values[1:] < 0.2 * truth[1:]).all()


def test_losses_are_the_sum_of_all_jumps():
    """−2 Re⟨G⟩ is the rate of all jumps of each kind together: every channel of the loss has its jump."""
    from squeezebench_mcwf import operators, stepping, tables
    from squeezebench_mcwf.trajectory import source_weight

    rng = np.random.default_rng(3)
    N = 9
    rates = {
        "collective_emission": 0.3, "collective_pumping": 0.2, "collective_dephasing": 0.5,
        "emission": 0.7, "pumping": 0.4, "dephasing": 0.9,
    }  # fmt: skip
    model = sb.SpinModel(N=N, chi=0.4, twisting=-0.3, drive=(0.2, -0.5, 0.7), **rates)
    for unraveling in UNRAVELINGS:
        made = tables.make_tables(sb.Problem(model, times=[0.0, 1.0]), unraveling)
        for twoJ in (9, 5, 1):
            R, _ = np.linalg.qr(rng.normal(size=(3, 3)))
            R *= np.linalg.det(R)
            width, cap = twoJ + 1, 40
            A, n, x, out = np.zeros(cap), np.zeros(cap), np.zeros((2, cap)), np.zeros((2, cap))
            operators.ladder(twoJ, 0, width, A, n)
            x[:, 4 : 4 + width] = rng.normal(size=(2, width))
            x /= np.sqrt((x**2).sum())
            V = made.V[0]
            beta = rng.normal(size=len(V)) + 1j * rng.normal(size=len(V))
            g = made.collective[0] + source_weight(N, twoJ, 0) * made.singles[0]
            linear = made.linear[0] - np.einsum("j,j,ja->a", g, beta.conj(), V)
            constant = -made.loss[0] - 0.5 * (g * np.abs(beta) ** 2).sum() + 0j
            rate = stepping.mean_rate(twoJ, R, constant, linear, made.Q[0], A, n, width, x, np.zeros(18), out)
            total = 0.0
            for j in range(len(V)):
                total += g[j] * operators.apply_linear(twoJ, R, V[j], beta[j], A, n, width, x, out)
                for delta in (-1, 1):
                    weight = made.singles[0, j] * source_weight(N, twoJ, delta)
                    total += weight * operators.apply_changing(twoJ, delta, R, V[j], 0, width, x, out)
            assert total == pytest.approx(rate, rel=1e-12)


@pytest.mark.parametrize("N", [2, 13])
def test_moments_do_not_depend_on_the_frame(N):
    """A coherent start along any direction has its moments by formula."""
    rng = np.random.default_rng(N)
    for theta, phi in zip(np.arccos(rng.uniform(-1, 1, 5)), rng.uniform(-3, 3, 5), strict=True):
        start = sb.CoherentSpinState(float(theta), float(phi))
        ds = sb.solve(sb.Problem(sb.SpinModel(N=N), start, times=[0.0]), "mcwf", n_trajectories=1)
        s = start.bloch_vector()
        np.testing.assert_allclose(ds.spin.values[0], N / 2 * s, atol=1e-12 * N)
        np.testing.assert_allclose(ds.covariance.values[0], N / 4 * (np.eye(3) - np.outer(s, s)), atol=1e-12 * N)


@pytest.mark.slow
def test_where_it_is_called_reliable_a_thousand_trajectories_of_a_thousand_spins_are_right():
    """The heavy tail: beyond Γt = 0.105 rare trajectories decide ξ², which error bars by themselves do not tell."""
    model = sb.SpinModel.driven_cavity(N=1000, upsilon_ratio=0.9, gamma_s=4.0)
    problem = sb.Problem(model, sb.CoherentSpinState(), times=np.append(0.0, np.linspace(0.02, 0.25, 47)))
    exact = sb.solve(problem, "stored").xi2.values
    for seed in (0, 1, 2):
        found = sb.solve(problem, "mcwf", n_trajectories=1000, seed=seed)
        off = np.abs(found.xi2.values - exact)[1:] / found.xi2_stderr.values[1:]
        trusted = found.reliable.values[1:].astype(bool)
        assert (off[trusted] < 4.5).all()
        assert 0.5 < trusted.mean() < 1
