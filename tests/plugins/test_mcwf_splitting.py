"""mcwf with splitting=True: unbiased whatever is split, and right where plain trajectories miss the tail."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import stats

import squeezebench as sb

from .mcwf_statistics import exact, paper_problem, random_problem, raw


def runner(problem: sb.Problem, seed: int, threads: int = 1):
    from squeezebench_mcwf.splitting import FamilyRunner

    made = FamilyRunner(problem, "displaced", np.random.SeedSequence(seed), threads)
    assert not made.prepare(lambda done: True)
    return made


def families(problem: sb.Problem, count: int, seed: int):
    """Weights (count, T), and raw moments (count, T, 9) times the weight: unbiased, each family by itself."""
    from squeezebench_mcwf.blocks import covariance_matrices

    made = runner(problem, seed)
    values, finished, _ = made.run(0, count, lambda done: True)
    assert finished.all()
    return made, made.weights, made.weights[..., None] * raw(values[..., :3], covariance_matrices(values))


def p_values(problem: sb.Problem, count: int, seed: int) -> list[float]:
    """Of Hotelling's T² at each time after the start, over the directions that are no round-off."""
    _, _, values = families(problem, count, seed)
    truth, found = exact(problem), []
    for t in range(1, values.shape[1]):
        sample = values[:, t]
        if np.sqrt(np.diag(np.cov(sample.T))).max() < 1e-6 * max(1.0, np.abs(truth[t]).max()):
            continue
        variances, axes = np.linalg.eigh(np.cov(sample.T))
        kept = variances > 1e-2 * variances[-1]
        apart, rank = axes.T @ (sample.mean(0) - truth[t]), int(kept.sum())
        T2 = count * float((apart[kept] ** 2 / variances[kept]).sum())
        found.append(float(stats.f.sf(T2 * (count - rank) / (rank * (count - 1)), rank, count - rank)))
    return found


def test_averages_are_those_of_the_master_equation():
    found = [p for index in range(1, 64, 6) for p in p_values(random_problem(index), 200, seed=0)]
    assert len(found) > 25
    assert stats.kstest(found, "uniform").pvalue > 1e-3
    assert min(found) > 1e-5


def test_a_course_through_the_release_of_all_copies_is_that_of_the_master_equation():
    model = sb.SpinModel.driven_cavity(N=60, upsilon_ratio=0.9, chi=1.0, gamma_s=4.0)
    problem = sb.Problem(model, sb.CoherentSpinState(), times=np.linspace(0.0, 0.4, 9))
    made, weights, values = families(problem, 400, seed=5)
    assert made.copies > 400
    assert made.score.release < len(made.tables.times)
    released = problem.times >= 1.5 * made.score.aim
    assert released.any()
    assert not released.all()
    # Before, copies share the weight of their family; after, some families are gone and others count more than once.
    np.testing.assert_allclose(weights[:, ~released], 1.0, atol=1e-12)
    assert (weights[:, released] == 0).any()
    assert (weights[:, released] > 1.5).any()
    whole = weights[:, -1]
    assert abs(whole.mean() - 1) < 4 * whole.std() / np.sqrt(len(whole))
    apart = values.mean(0) - exact(problem)
    error = values.std(0) / np.sqrt(len(values))
    assert (np.abs(apart[1:, :]) < 4.5 * error[1:, :] + 1e-6 * 60**2).all()


def test_a_score_that_knows_nothing_costs_time_and_no_truth():
    """Unbiased whatever the score is: here every look at J against its own average, with many levels."""
    import dataclasses

    problem = paper_problem(0, N=30)
    made = runner(problem, 2)
    T = len(made.tables.times)
    axes = np.zeros((T, 4))
    axes[:, 0], axes[:, 3] = 0.3, -2.0
    centres = np.full(T, -29.0)
    levels = np.broadcast_to(np.arange(1.0, 7.0), (T, 6)).copy()
    made.score = dataclasses.replace(made.score, axes=axes, centres=centres, levels=levels, release=T // 2)
    from squeezebench_mcwf.blocks import covariance_matrices

    values, _, _ = made.run(0, 300, lambda done: True)
    assert made.copies > 300
    moments = made.weights[..., None] * raw(values[..., :3], covariance_matrices(values))
    error = moments.std(0) / np.sqrt(len(moments))
    assert (np.abs(moments.mean(0) - exact(problem))[1:] < 4.5 * error[1:] + 1e-3).all()


def test_threads_do_not_change_a_bit_and_more_families_extend_a_run():
    problem = paper_problem(0, N=30)
    one, two = runner(problem, 4), runner(problem, 4, threads=3)
    a, b = one.run(0, 40, lambda done: True)[0], two.run(0, 60, lambda done: True)[0]
    np.testing.assert_array_equal(a, b[:40])
    np.testing.assert_array_equal(one.weights, two.weights[:40])
    again = runner(problem, 4)
    again.run(0, 60, lambda done: True)
    assert again.gain(60) == two.gain(60)


def test_j_makes_the_score_where_single_spins_decay_and_the_spin_where_not():
    made = runner(paper_problem(0, N=60), 1)
    looked = made.score.axes.any(axis=1)
    assert looked.sum() > 20
    # But for the first few times, when J has hardly changed.
    assert made.score.axes[looked][:, :3].any(axis=1).mean() < 0.1
    known = made.score.known[looked]
    assert (np.diff(known) >= 0).all()
    assert known[-1] > 0.6
    collective = sb.SpinModel(N=20, collective_emission=1.0, drive=(4.0, 0.0, 0.0))
    made = runner(sb.Problem(collective, sb.CoherentSpinState(2.0, 0.4), times=np.linspace(0, 0.5, 6)), 1)
    assert not made.score.axes[:, 3].any()


def test_without_anything_random_nothing_is_split():
    unitary = sb.Problem(sb.SpinModel(N=10, twisting=0.3), sb.CoherentSpinState(1.5, 0.0), times=[0.0, 0.5])
    ds = sb.solve(unitary, "mcwf", splitting=True, n_trajectories=8, seed=1)
    told = json.loads(ds.attrs["squeezebench"])["diagnostics"]
    assert told["copies"] == 0
    assert told["gain"] == [None, None]


def test_families_tell_the_variance_of_plain_trajectories():
    """Compared with plain trajectories themselves, where these are many enough to know it."""
    from squeezebench_mcwf.blocks import covariance_matrices
    from squeezebench_mcwf.ensemble import Runner

    problem = paper_problem(0, N=20)
    made, _, _ = families(problem, 400, seed=7)
    told = made.gain(400)["variance_of_one"]
    plain = Runner(problem, "displaced", np.random.SeedSequence(8), 1).run(0, 1500, lambda done: True)[0]
    normal, middle = made.score.normal[made.places], made.score.middle[made.places]
    away = ((plain[..., :3] - middle) * normal).sum(-1)
    Q = np.einsum("ta,ntab,tb->nt", normal, covariance_matrices(plain), normal) + away**2
    expected = Q.var(0) / Q.mean(0) ** 2
    np.testing.assert_allclose(np.array(told[1:], dtype=float), expected[1:], rtol=0.3)


def test_single_trajectories_cannot_be_kept_of_families():
    with pytest.raises(sb.SolverError, match="copies of a family"):
        sb.solve(paper_problem(0, N=10), "mcwf", splitting=True, n_trajectories=4, keep={"trajectories"})


@pytest.mark.slow
def test_the_tail_at_the_minimum_of_a_thousand_spins():
    """Where plain trajectories are 4 to 14 of their error bars too low (see `squeezebench.sampling.reliable`)."""
    model = sb.SpinModel.driven_cavity(N=1000, upsilon_ratio=0.9, gamma_s=4.0)
    problem = sb.Problem(model, sb.CoherentSpinState(), times=np.linspace(0.0, 0.12, 25))
    truth = sb.solve(problem, "stored").xi2.values
    runs = [sb.solve(problem, "mcwf", splitting=True, n_trajectories=300, seed=seed) for seed in range(4)]
    z = np.array([((ds.xi2.values - truth)[-4:] / ds.xi2_stderr.values[-4:]) for ds in runs])
    assert np.abs(z).max() < 4
    assert stats.chi2.sf((z**2).sum(axis=0), 4).min() > 1e-3
    gains = [json.loads(ds.attrs["squeezebench"])["diagnostics"]["gain"][-3:] for ds in runs]
    assert np.median(np.array(gains, dtype=float)) > 10
