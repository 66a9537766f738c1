"""mcwf: options, statistics, reproducibility, interruption."""

from __future__ import annotations

import dataclasses
import itertools
import json
import warnings

import numpy as np
import pytest

import squeezebench as sb
from squeezebench.host import get_host

MODEL = sb.SpinModel.driven_cavity(N=12, upsilon_ratio=0.9, chi=0.3, gamma_s=2.0)
PROBLEM = sb.Problem(MODEL, sb.CoherentSpinState(), times=[0.0, 0.1, 0.3])


def moments(problem=PROBLEM, *, seed=3, n_threads=1, tier="default", **options):
    solver = get_host().solver("mcwf")
    keep = options.pop("keep", frozenset())
    context = sb.Context(seed=np.random.SeedSequence(seed), n_threads=n_threads, keep=keep)
    return solver.solve(problem, solver.resolve_options(tier, options), context)


def same(a, b):
    fields = ("weight", "spin", "covariance", "count", "index0")
    return all(np.array_equal(getattr(a.samples, f), getattr(b.samples, f)) for f in fields)


@pytest.mark.parametrize("unraveling", ["displaced", "cavity_output", "counting"])
def test_threads_do_not_change_a_bit(unraveling):
    one, three = (moments(n_trajectories=70, unraveling=unraveling, n_threads=n) for n in (1, 3))
    assert same(one, three)


def test_batches_do_not_change_a_bit(monkeypatch):
    from squeezebench_mcwf import course

    whole = moments(n_trajectories=1500)
    monkeypatch.setattr(course, "_HELD", 20_000.0)
    assert same(whole, moments(n_trajectories=1500))
    assert len(whole.samples.count) == 750


@pytest.mark.parametrize("n", [70, 1500])
def test_shares_make_the_whole(n):
    """What several workers make of one cell is bitwise what one makes."""
    from squeezebench.harness.messages import joined

    solver = get_host().solver("mcwf")
    options = solver.resolve_options("default", {"n_trajectories": n})
    count = solver.sample_blocks(PROBLEM, options)
    edges = [0, count // 3, count // 3 + 1, count]
    parts = [
        solver.solve(PROBLEM, options, sb.Context(seed=np.random.SeedSequence(3), blocks=(a, b)))
        for a, b in itertools.pairwise(edges)
    ]
    whole = moments(n_trajectories=n)
    assert len(whole.samples.count) == count
    pooled = joined(parts[::-1])
    assert same(whole, pooled)
    assert np.array_equal(whole.covariance, pooled.covariance)
    assert solver.sample_blocks(PROBLEM, solver.resolve_options("default", {})) == 0


def test_more_trajectories_extend_a_run():
    few, many = moments(n_trajectories=60), moments(n_trajectories=100)
    np.testing.assert_array_equal(few.samples.spin, many.samples.spin[:60])
    np.testing.assert_array_equal(few.samples.covariance, many.samples.covariance[:60])


def test_doubling_to_a_number_and_asking_for_it_are_the_same():
    doubled = moments(target_rel_error=1e-4, max_trajectories=2048)
    assert doubled.diagnostics["trajectories"] == 2048
    assert same(doubled, moments(n_trajectories=2048))


def test_blocks_pool_to_the_average_of_all_trajectories():
    from squeezebench_mcwf.blocks import Blocks, covariance_matrices

    rng = np.random.default_rng(1)
    values = rng.normal(size=(37, 2, 9))
    finished = rng.random(37) < 0.8
    blocks = Blocks(2, 4)
    blocks.add(0, values[:20], finished[:20])
    blocks.add(20, values[20:], finished[20:])
    kept = values[finished]
    pooled = sb.Moments.from_samples(blocks.samples())
    spin = kept[..., :3]
    apart = spin - spin.mean(0)
    within = covariance_matrices(kept).mean(0) + np.einsum("nta,ntb->tab", apart, apart) / len(kept)
    np.testing.assert_allclose(pooled.spin, spin.mean(0), atol=1e-14)
    np.testing.assert_allclose(pooled.covariance, within, atol=1e-13)
    assert blocks.total == finished.sum()


def test_a_target_stops_at_a_doubling_of_64():
    found = moments(target_rel_error=0.05)
    count = found.diagnostics["trajectories"]
    assert found.diagnostics["target_reached"] is True
    assert found.diagnostics["xi2_rel_error"] <= 0.05
    assert count in {64 * 2**k for k in range(6)}
    assert found.reason == ""


def test_a_target_that_is_not_reached_is_said_with_what_was():
    found = moments(target_rel_error=1e-4, max_trajectories=100)
    assert found.diagnostics["trajectories"] == 100
    assert found.diagnostics["target_reached"] is False
    assert "target_rel_error = 0.0001 is not reached with max_trajectories = 100" in found.reason


def test_standard_errors_match_the_spread_of_repeats():
    runs = [sb.solve(PROBLEM, "mcwf", n_trajectories=64, seed=seed, n_threads=1) for seed in range(40)]
    xi2 = np.array([ds.xi2.values[1:] for ds in runs])
    quoted = np.array([ds.xi2_stderr.values[1:] for ds in runs])
    ratio = xi2.std(0, ddof=1) / np.sqrt((quoted**2).mean(0))
    # A standard deviation of 40 values is uncertain by 1/√78 = 11 %.
    assert ((ratio > 0.6) & (ratio < 1.5)).all()


def test_the_bias_is_that_of_a_ratio_of_averages():
    """ξ² of one trajectory is biased; the jackknife's estimate points the same way as the average over small runs."""
    exact = sb.solve(PROBLEM, "permutational").xi2.values[1:]
    small = [moments(n_trajectories=8, seed=seed) for seed in range(400)]
    from squeezebench_mcwf.statistics import xi2_of

    values = np.array([xi2_of(m.spin, m.covariance, 12)[1:] for m in small])
    measured, error = values.mean(0) - exact, values.std(0) / 20
    estimated = np.array([m.diagnostics["xi2_bias"][1:] for m in small])
    assert (
        np.abs(measured - estimated.mean(0)) < 4 * np.hypot(error, estimated.std(0) / 20) + 0.2 * abs(measured)
    ).all()


def test_the_data_set_names_unravelling_and_generator():
    ds = sb.solve(PROBLEM, "mcwf", n_trajectories=8, unraveling="counting")
    told = json.loads(ds.attrs["squeezebench"])["diagnostics"]
    assert told["unraveling"] == "counting"
    assert told["generator"] == "xoshiro256++"
    assert told["generator_version"] == "1.0"
    assert told["trajectories"] == 8
    sb.testing.validate(ds)


def test_the_generator_gives_the_published_numbers():
    """The first outputs from the state (1, 2, 3, 4), as the authors' C code and others' ports give them."""
    from squeezebench_mcwf.rng import next_word, uniform

    state = np.array([1, 2, 3, 4], dtype=np.uint64)
    known = [41943041, 58720359, 3588806011781223, 3591011842654386]
    assert [int(next_word(state)) for _ in known] == known
    draws = np.array([uniform(state) for _ in range(20000)])
    assert 0 < draws.min() < draws.max() < 1
    assert abs(draws.mean() - 0.5) < 5 / np.sqrt(12 * 20000)


def test_single_trajectories_have_an_even_effective_atom_number():
    ds = sb.solve(PROBLEM, "mcwf", n_trajectories=250, keep={"trajectories"})
    assert ds.sizes["trajectory"] == 200
    n_eff = ds.n_eff_trajectory.values
    np.testing.assert_allclose(n_eff, 2 * np.rint(n_eff / 2), atol=1e-6)
    np.testing.assert_allclose(n_eff[:, 0], 12, atol=1e-9)
    assert len(np.unique(np.rint(n_eff[:, -1]))) > 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_trajectories": 0}, "n_trajectories = 0"),
        ({"target_rel_error": 0}, "target_rel_error = 0"),
        ({"target_rel_error": -0.1}, "target_rel_error = -0.1"),
        ({"max_trajectories": 0}, "max_trajectories = 0"),
        ({"unraveling": "heterodyne"}, "unraveling = 'heterodyne'"),
        ({"unravelling": "displaced"}, "unravelling"),
        ({"n_trajectories": 2.5}, "n_trajectories = 2.5"),
    ],
)
def test_bad_options_are_refused_before_any_work(options, message):
    with pytest.raises(sb.InvalidOptionError, match="solver 'mcwf'") as caught:
        sb.solve(PROBLEM, "mcwf", **options)
    assert message in str(caught.value)


def test_ctrl_c_keeps_what_is_finished_and_says_how_many(monkeypatch):
    """Ctrl-C raises KeyboardInterrupt in the main thread, here from the report of progress."""
    from squeezebench_mcwf import ensemble

    monkeypatch.setattr(ensemble, "_LOOK", 0.001)

    def interrupt(fraction, text=""):
        if fraction > 0.02 and not seen:
            seen.append(fraction)
            raise KeyboardInterrupt

    seen: list[float] = []
    with pytest.warns(sb.SqueezebenchWarning, match=r"interrupted: [0-9]+ of up to 5000 trajectories are finished"):
        ds = sb.solve(PROBLEM, "mcwf", n_trajectories=5000, progress=interrupt, n_threads=2)
    told = json.loads(ds.attrs["squeezebench"])
    assert 2 <= told["diagnostics"]["trajectories"] < 5000
    assert told["diagnostics"]["interrupted"]
    assert np.isfinite(ds.xi2.values).all()


def test_ctrl_c_goes_on_to_a_run(monkeypatch):
    from squeezebench_mcwf import ensemble

    monkeypatch.setattr(ensemble, "_LOOK", 0.001)

    def interrupt(fraction, text=""):
        if fraction > 0.01:
            raise KeyboardInterrupt

    solver = get_host().solver("mcwf")
    with pytest.raises(KeyboardInterrupt):
        solver.solve(
            PROBLEM, solver.resolve_options("default", {"n_trajectories": 5000}), sb.Context(progress=interrupt)
        )


def test_cancelling_keeps_what_is_finished(monkeypatch):
    from squeezebench_mcwf import ensemble

    monkeypatch.setattr(ensemble, "_LOOK", 0.001)
    looks = iter(range(10**6))
    context = sb.Context(cancelled=lambda: next(looks) > 30, partial=True)
    solver = get_host().solver("mcwf")
    with pytest.warns(sb.SqueezebenchWarning, match="interrupted"):
        found = solver.solve(PROBLEM, solver.resolve_options("default", {"n_trajectories": 100_000}), context)
    assert 2 <= found.diagnostics["trajectories"] < 100_000


def test_the_time_limit_is_an_error_that_says_how_far_it_got():
    with pytest.raises(sb.SolverError, match=r"time limit has passed after [0-9]+ trajectories") as caught:
        sb.solve(PROBLEM, "mcwf", n_trajectories=1_000_000, time_limit=0.05)
    assert caught.value.status == "timeout"


def test_a_memory_limit_is_kept():
    with pytest.raises(sb.SolverError, match="max_memory"):
        sb.solve(PROBLEM, "mcwf", n_trajectories=10, max_memory=1e5)


def test_memory_grows_in_proportion_to_N():
    solver = get_host().solver("mcwf")
    options = solver.resolve_options("default", {"n_trajectories": 16})
    sizes = [
        solver.estimate(sb.Problem(dataclasses.replace(MODEL, N=N), times=[0.0, 0.1]), options).bytes
        for N in (10**5, 2 * 10**5)
    ]
    assert sizes[1] < 2 * sizes[0]


def test_one_trajectory_has_no_error_bar_and_says_so():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ds = sb.solve(PROBLEM, "mcwf", n_trajectories=1)
    assert np.isnan(ds.xi2_stderr.values).all()
    assert not ds.reliable.values.any()
