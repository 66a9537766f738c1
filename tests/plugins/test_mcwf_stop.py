"""mcwf under a scenario's stop rule: where it ends, and what does not change by it."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import squeezebench as sb
from squeezebench.host import get_host

MODEL = sb.SpinModel.driven_cavity(N=60, upsilon_ratio=0.9, gamma_s=4.0)
PROBLEM = sb.Problem(MODEL, sb.CoherentSpinState(), times=np.linspace(0, 1.2, 25))
RULE = {"rule": "squeezing_lost", "threshold": 1.0, "after": 0.0}


def moments(problem=PROBLEM, rule=RULE, *, seed=1, n_threads=1, blocks=None, keep=frozenset(), **options):
    solver = get_host().solver("mcwf")
    context = sb.Context(
        seed=np.random.SeedSequence(seed), n_threads=n_threads, blocks=blocks, keep=frozenset(keep), stop=rule
    )
    return solver.solve(problem, solver.resolve_options("default", options), context)


def same(a, b, upto=None):
    fields = ("weight", "spin", "covariance")
    return all(
        np.array_equal(getattr(a.samples, f)[:, :upto], getattr(b.samples, f)[:, :upto], equal_nan=True) for f in fields
    )


@pytest.mark.parametrize("n", [30, 64, 300])
def test_a_run_that_is_stopped_is_the_beginning_of_one_that_is_not(n):
    whole, stopped = moments(rule=None, n_trajectories=n), moments(n_trajectories=n)
    end = int(np.searchsorted(PROBLEM.times, stopped.stopped)) + 1
    assert np.isinf(whole.stopped)
    assert 0 < end < len(PROBLEM.times)
    assert same(whole, stopped, end)
    assert np.isnan(stopped.samples.spin[:, end:]).all()
    assert np.isnan(stopped.spin[end:]).all()
    assert stopped.status == "ok"
    if n > 64:
        assert stopped.diagnostics["steps"] < 0.9 * whole.diagnostics["steps"]


def test_it_ends_where_squeezing_is_lost_and_hardly_sooner():
    exact = sb.solve(PROBLEM, "permutational", tier="fast")
    holds = ((exact.xi2 > 1) & (exact.n_eff < MODEL.critical_n_eff)).values
    lost = PROBLEM.times[np.argmax(holds)]
    ends = np.array([moments(n_trajectories=64, seed=seed).stopped for seed in range(20)])
    assert np.isfinite(ends).all()
    # Two standard errors are passed by chance in one case of forty.
    assert (ends >= lost - 1e-9).sum() >= 18
    assert (ends <= 1.5 * lost).all()


def test_the_end_depends_on_no_number_but_the_seed():
    """Not on threads, nor on how many trajectories follow, nor on how many workers share them."""
    from squeezebench.harness.messages import joined

    few, many = moments(n_trajectories=64), moments(n_trajectories=200, n_threads=3)
    assert few.stopped == many.stopped < 1.2
    assert np.array_equal(few.samples.spin, many.samples.spin[:64], equal_nan=True)
    asked = moments(target_rel_error=0.001, max_trajectories=256)
    assert same(asked, moments(n_trajectories=256))
    edges = [0, 20, 21, 130, 200]
    parts = [moments(n_trajectories=200, blocks=share) for share in itertools.pairwise(edges)]
    pooled = joined(parts)
    assert same(pooled, many)
    assert pooled.stopped == many.stopped


@pytest.mark.parametrize(
    ("rule", "options"),
    [
        (RULE | {"threshold": 1e6}, {"n_trajectories": 70}),
        (RULE | {"after": 1.2}, {"n_trajectories": 70}),
        (RULE, {"n_trajectories": 8}),  # too few for an error bar
        (RULE, {"n_trajectories": 12, "splitting": True}),
    ],
)
def test_a_rule_that_does_not_hold_or_cannot_be_judged_changes_no_bit(rule, options):
    plain, ruled = moments(rule=None, **options), moments(rule=rule, **options)
    assert np.isinf(ruled.stopped)
    assert same(plain, ruled)


def test_trajectories_that_are_kept_end_there_too():
    found = moments(n_trajectories=80, keep={"trajectories"})
    end = int(np.searchsorted(PROBLEM.times, found.stopped)) + 1
    spin = found.extra["trajectories"]["spin"]
    assert spin.shape == (80, 25, 3)
    assert np.isfinite(spin[:, :end]).all()
    assert np.isnan(spin[:, end:]).all()


def test_a_schedule_is_judged_by_the_critical_number_of_each_segment():
    """In the dark there is no drive, and N_c = 0: the rule waits for the light."""
    dark = sb.SpinModel(N=60, collective_emission=1.0, emission=4.0)
    times = np.linspace(0, 0.9, 37)
    schedule = [sb.Segment(MODEL, 0.2), sb.Segment(dark, 0.1), sb.Segment(MODEL, 0.6)]
    problem = sb.Problem(schedule=schedule, initial=sb.CoherentSpinState(), times=times)
    whole = moments(problem, rule=None, n_trajectories=128)
    early = moments(problem, rule=RULE | {"threshold": 1e-3}, n_trajectories=128)
    end = int(np.searchsorted(times, early.stopped)) + 1
    assert 0.3 <= early.stopped < 0.9
    assert same(whole, early, end)


def test_a_run_keeps_what_was_before_the_end(tmp_path):
    scenario = sb.Scenario(
        name="little",
        title="A few spins until squeezing is lost",
        source="these tests",
        solvers=["mcwf:n_trajectories=300"],
        model={"type": "driven_cavity", "N": 60, "upsilon_ratio": 0.9, "chi": 0, "gamma_s": 4, "Gamma": 1},
        times={"stop": 1.2, "num": 25},
        stop={"rule": "squeezing_lost"},
        reductions=["minimum_xi2", "t_star"],
        keep=["series", "trajectories"],
    )
    results = sb.run(scenario, store=tmp_path / "store")
    cell = results.isel(solver=0)
    there = np.isfinite(cell.xi2.values)
    assert str(cell.status.item()) == "ok"
    assert 0 < there.sum() < 25
    assert not cell.reliable.values[~there].astype(bool).any()
    assert float(cell.minimum_xi2) == pytest.approx(float(np.nanmin(cell.xi2)), rel=0.05)
    assert 0 < float(cell.t_star) < 1.2
