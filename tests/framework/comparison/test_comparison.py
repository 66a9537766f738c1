"""Verdicts: who agrees, who breaks a claim, and who made none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import squeezebench as sb
from squeezebench.comparison import judge
from squeezebench.comparison.pair import compare_pair
from squeezebench.comparison.view import OBSERVABLES, View
from squeezebench.host import Host, set_host

from ..toys import EntryPoint, Precession, coherent_moments, plugin_with, precession_problem


class Approximate(Precession):
    """Asymptotic, off by `offset` in the variance, and saying that it may be off by `estimate`."""

    name = "approximate"

    class Options(sb.Options):
        offset: float = 0.0
        estimate: float = 0.0
        until: float = 10.0

    def claim(self, problem: sb.Problem, options: Any) -> sb.Claim:
        return sb.Claim("asymptotic")

    def solve(self, problem: sb.Problem, options: Any, context: sb.Context) -> sb.Moments:
        m = coherent_moments(problem, 1 + options.offset)
        estimate = {
            "xi2": np.full(len(problem.times), options.estimate),
            "spin": np.zeros_like(m.spin),
            "covariance": np.abs(m.covariance) * options.estimate,
            "n_eff": np.full(len(problem.times), problem.N * options.estimate),
        }
        return sb.Moments(m.spin, m.covariance, valid_until=options.until, error_estimate=estimate)


class Factorised(Precession):
    name = "factorised"

    def claim(self, problem: sb.Problem, options: Any) -> sb.Claim:
        return sb.Claim("mean_field")


class Wobbly(Precession):
    """Sampled: blocks scatter by `noise`, and their common mean is off by `bias` standard errors."""

    name = "wobbly"

    class Options(sb.Options):
        bias: float = 0.0

    def claim(self, problem: sb.Problem, options: Any) -> sb.Claim:
        return sb.Claim("exact", sampled=True)

    def solve(self, problem: sb.Problem, options: Any, context: sb.Context) -> sb.Moments:
        rng = np.random.default_rng(context.seed)
        m = coherent_moments(problem)
        B, T, noise = 64, len(problem.times), 0.05
        spin = m.spin + noise * rng.normal(size=(B, T, 3)) + options.bias * noise / np.sqrt(B)
        within = m.covariance - noise**2 * (1 - 1 / B) * np.eye(3)  # what the scatter between blocks adds again
        samples = sb.Samples(np.ones((B, T)), spin, np.repeat(within[None], B, 0), np.ones(B, int), np.arange(B))
        return sb.Moments.from_samples(samples)


@pytest.fixture(autouse=True)
def _host() -> Iterator[None]:
    set_host(Host([EntryPoint("toys", plugin_with(Precession(), Approximate(), Factorised(), Wobbly()))]))
    yield
    set_host(None)


def results(*solvers: str, seed: int = 0, **changes: Any) -> Any:
    values: dict[str, Any] = {
        "name": "turning",
        "model": {"type": "spin", "N": 20, "drive": [0, 0, 2.0]},
        "initial": {"type": "coherent", "theta": 1.0, "phi": 0.3},
        "times": {"stop": 1.0, "num": 5},
    }
    return sb.run(sb.Scenario(**{**values, **changes}), list(solvers), seed=seed)


def verdict(found: Any, observable: str, i: int, j: int) -> str:
    return str(found.verdict.sel(observable=observable).values[i, j])


def test_two_exact_results_agree_within_their_budgets_and_differ_beyond() -> None:
    pairs = sb.compare(results("precession", "precession:tier=tight", "precession:offset=1e-3"))
    assert verdict(pairs, "xi2", 0, 1) == "agree"
    assert verdict(pairs, "xi2", 0, 2) == "differ"
    assert bool(pairs.broken.sel(observable="xi2").values[0, 2])
    numbers = pairs.sel(observable="xi2").isel(solver=2, solver_=0)
    assert float(numbers.relative_deviation) == pytest.approx(1e-3, rel=1e-6)
    assert float(numbers.max_deviation) == pytest.approx(10 * np.log10(1.001), rel=1e-6)
    # The tier's promise of the wrong one, and that of the finer of the right one, which does not change on refinement.
    assert float(numbers.tolerance) == pytest.approx(1e-5 + 1e-8, rel=1e-3)
    assert str(numbers.basis.item()) == "tier + refinement"
    assert float(numbers.first_time) == 0.0
    assert verdict(pairs, "spin", 0, 2) == "agree"


@pytest.mark.parametrize(("estimate", "expected"), [(0.009, "differ"), (0.011, "agree")])
def test_an_asymptotic_claim_is_broken_beyond_five_times_its_own_estimate(estimate: float, expected: str) -> None:
    pairs = sb.compare(results("precession", f"approximate:offset=0.05,estimate={estimate}"))
    assert verdict(pairs, "xi2", 1, 0) == expected
    assert bool(pairs.broken.sel(observable="xi2").values[1, 0]) == (expected == "differ")


def test_nothing_is_held_against_a_result_after_its_valid_until() -> None:
    run = results("precession", "approximate:until=0.5")
    assert run.status.values.tolist() == ["ok", "diverged"]
    row = judge(run)[1]
    assert (row.verdict, row.broken, row.good_until) == ("agree", False, 0.5)


def test_two_approximate_results_may_differ_without_a_broken_claim() -> None:
    pairs = sb.compare(results("approximate", "approximate:offset=0.5"))
    assert verdict(pairs, "xi2", 0, 1) == "differ"
    assert not pairs.broken.any()


def test_mean_field_makes_no_claim_and_its_deviation_is_reported() -> None:
    pairs = sb.compare(results("precession", "factorised:offset=0.5"))
    assert verdict(pairs, "xi2", 0, 1) == verdict(pairs, "spin", 1, 0) == "no_claim"
    assert float(pairs.relative_deviation.sel(observable="xi2").values[1, 0]) == pytest.approx(0.5, rel=1e-9)
    assert not pairs.broken.any()


def test_sampled_results_are_judged_in_standard_errors() -> None:
    alarms = 0
    # Spins shorter than N/2, so that a bias away from them is a wrong answer and not an impossible one.
    mixed = {"type": "coherent", "theta": 1.0, "phi": 0.3, "bloch_length": 0.9}
    for seed in range(20):
        pairs = sb.compare(results("precession", "wobbly", "wobbly:bias=8", seed=seed, initial=mixed))
        alarms += verdict(pairs, "spin", 0, 1) == "differ"
        assert verdict(pairs, "spin", 0, 2) == "differ"
        assert bool(pairs.broken.sel(observable="spin").values[0, 2])
        assert float(pairs.p_value.sel(observable="spin").values[0, 2]) < 1e-3
    assert alarms <= 2  # the level is 1 %; 3 or more of 20 have a chance of 0.1 %


def test_the_reference_is_the_strongest_claim_never_the_best_of_all() -> None:
    rows = judge(results("factorised", "approximate:estimate=0.1", "wobbly", "precession", "precession:tier=tight"))
    assert [row.reference for row in rows[:4]] == ["precession(tier=tight)"] * 4
    assert [row.verdict for row in rows if row.solver != "wobbly"] == ["no_claim", "agree", "agree", "reference"]
    only = judge(results("factorised", "approximate"))
    assert [row.verdict for row in only] == ["no_reference", "no_reference"]
    assert [row.reference for row in only] == ["", ""]


def test_cells_without_a_value_are_not_comparable() -> None:
    class Declines(Precession):
        name = "declines"

        def supports(self, problem: sb.Problem, options: Any) -> sb.Support:
            return sb.Support(False, "not my kind")

    set_host(Host([EntryPoint("toys", plugin_with(Precession(), Declines()))]))
    run = results("precession", "declines")
    pairs = sb.compare(run)
    assert verdict(pairs, "xi2", 0, 1) == "not_comparable"
    row = judge(run)[1]
    assert (row.status, row.reason, row.verdict, row.broken) == ("unsupported", "not my kind", "not_comparable", False)


def test_the_comparison_has_the_axes_of_the_run() -> None:
    run = results("precession", "approximate", model={"type": "spin", "drive": [0, 0, 1.0]}, axes={"N": [2, 3, 4]})
    pairs = sb.compare(run)
    assert pairs.verdict.dims == ("observable", "N", "solver", "solver_")
    assert pairs.observable.values.tolist() == list(OBSERVABLES)
    assert pairs.N.values.tolist() == [2, 3, 4]


def test_loose_data_sets_and_external_ones_are_compared_at_their_common_times() -> None:
    problem = precession_problem(num=5)
    finer = precession_problem(num=9)
    moments = coherent_moments(finer, 1.001)
    mine = sb.external(finer, moments.spin, moments.covariance, name="my script")
    held = sb.external(finer, moments.spin, moments.covariance, name="my exact script", claim="exact")
    pairs = sb.compare(sb.solve(problem, "precession"), mine, held)
    assert pairs.solver.values.tolist() == ["precession", "my script", "my exact script"]
    assert verdict(pairs, "xi2", 0, 1) == "no_claim"
    assert verdict(pairs, "xi2", 0, 2) == "differ"
    assert float(pairs.relative_deviation.sel(observable="xi2").values[1, 0]) == pytest.approx(1e-3, rel=1e-6)


def test_an_external_result_may_end_early() -> None:
    problem = precession_problem(num=5)
    moments = coherent_moments(problem)
    spin = moments.spin.copy()
    spin[3:] = np.nan
    ds = sb.external(problem, spin, moments.covariance)
    assert float(ds.valid_until) == 0.5
    assert np.isfinite(ds.xi2.values).tolist() == [True, True, True, False, False]


def test_the_same_solver_twice_gets_two_names() -> None:
    problem = precession_problem()
    pairs = sb.compare(sb.solve(problem, "precession"), sb.solve(problem, "precession"))
    assert pairs.solver.values.tolist() == ["precession", "precession #2"]


def test_other_problems_and_other_data_sets_are_refused() -> None:
    import xarray as xr

    a = sb.solve(precession_problem(10), "precession")
    b = sb.solve(precession_problem(11), "precession")
    with pytest.raises(sb.InvalidOptionError, match="of another problem"):
        sb.compare(a, b)
    with pytest.raises(sb.InvalidOptionError, match="a second data set"):
        sb.compare(a)
    with pytest.raises(sb.InvalidOptionError, match="needs a run's data set"):
        sb.compare()
    with pytest.raises(sb.InvalidOptionError, match="no provenance"):
        sb.compare(a, xr.Dataset())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"spin": np.zeros((3, 3))}, "my script"),
        ({"spin": "abc"}, "my script"),
        ({"claim": "perfect"}, "'perfect'"),
        ({"relative_error": 0.0}, "relative_error"),
        ({"name": " "}, "no name"),
    ],
)
def test_an_external_result_that_does_not_fit_is_refused(arguments: dict[str, Any], message: str) -> None:
    problem = precession_problem(num=5)
    moments = coherent_moments(problem)
    values = {"spin": moments.spin, "covariance": moments.covariance, "name": "my script", **arguments}
    with pytest.raises(sb.InvalidOptionError, match=message):
        sb.external(problem, **values)


def view(xi2: float, length: float, **changes: Any) -> View:
    spin = np.array([[0.0, 0.0, -length * 10]])
    values = {"xi2": np.array([xi2]), "spin": spin, "covariance": np.eye(3)[None], "n_eff": np.array([20.0])}
    return View("v", 20.0, np.array([0.0]), values, accuracy="exact", **changes)


def test_squeezing_is_compared_only_where_it_means_something() -> None:
    assert compare_pair(view(0.5, 1.0), view(0.6, 1.0), "xi2").verdict == "differ"
    assert compare_pair(view(0.5, 0.04), view(0.6, 0.04), "xi2").verdict == "not_comparable"
    assert compare_pair(view(100.0, 1.0), view(300.0, 1.0), "xi2").verdict == "not_comparable"
    assert compare_pair(view(1.2, 1.0), view(300.0, 1.0), "xi2").verdict == "differ"
    assert compare_pair(view(np.nan, 1.0), view(0.5, 1.0), "xi2").verdict == "not_comparable"


def test_a_claim_about_some_observables_is_about_those_only() -> None:
    limited = view(0.6, 1.0, observables=("spin",))
    assert compare_pair(view(0.5, 1.0), limited, "xi2").verdict == "no_claim"
    assert compare_pair(view(0.5, 1.0), limited, "spin").verdict == "agree"


def test_judgements_are_plain_json() -> None:
    text = json.dumps([row.to_dict() for row in judge(results("precession", "factorised"))], allow_nan=False)
    assert json.loads(text)[0]["solver"] == "precession"
