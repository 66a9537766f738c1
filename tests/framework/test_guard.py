"""The guard: what breaks a law is unphysical, which, when and by how much; what is within its errors is not."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

import squeezebench as sb
from squeezebench.guard import guarded, tolerances
from squeezebench.laws import LAWS

from .toys import Precession, coherent_moments, precession_problem

EXACT = sb.Claim("exact")


def scaled(problem: sb.Problem, spin: float = 1.0, covariance: float = 1.0, late: int = 0) -> sb.Moments:
    """Moments of a coherent state, off by factors from a time on."""
    m = coherent_moments(problem)
    s, c = m.spin.copy(), m.covariance.copy()
    s[late:] *= spin
    c[late:] *= covariance
    return sb.Moments(s, c)


@pytest.mark.parametrize("N", [1, 2, 7, 100, 10**6])
@pytest.mark.parametrize("accuracy", ["exact", "asymptotic", "mean_field"])
def test_a_coherent_state_meets_every_law_with_equality_and_passes(N: int, accuracy: Any) -> None:
    problem = precession_problem(N)
    for tier in ("fast", "default", "tight", "reference"):
        assert guarded(coherent_moments(problem), problem, sb.Claim(accuracy), tier) is None


@pytest.mark.parametrize("late", [1, 3])
@pytest.mark.parametrize(
    ("change", "law", "amount"),
    [
        ({"spin": 1.01}, "spin_length", 0.01),
        ({"covariance": -1.0}, "positive_covariance", 1.0),
        ({"covariance": 0.9}, "uncertainty", 0.1),
    ],
)
def test_what_breaks_a_law_is_cut_off_there_and_measured(
    change: dict[str, float], law: str, amount: float, late: int
) -> None:
    problem = precession_problem(10)
    finding = guarded(scaled(problem, **change, late=late), problem, EXACT)
    assert finding is not None
    assert finding.violation["law"] == law
    assert finding.violation["time"] == problem.times[late]
    # ½⟨[J_a, J_b]⟩ has the eigenvalue ½|⟨J⟩| = N/4, so that C scaled by f breaks the relation by 1 − f
    assert finding.violation["amount"] == pytest.approx(amount, rel=1e-6)
    assert LAWS[law] in finding.reason
    assert f"t = {problem.times[late]:.6g}" in finding.reason
    assert finding.moments is not None
    assert finding.moments.valid_until == problem.times[late - 1]
    assert finding.moments.status == "unphysical"


def test_nothing_is_left_of_what_is_impossible_from_the_start() -> None:
    problem = precession_problem()
    finding = guarded(scaled(problem, spin=2.0), problem, EXACT)
    assert finding is not None
    assert finding.moments is None

    class Impossible(Precession):
        def solve(self, problem: sb.Problem, options: Any, context: sb.Context) -> sb.Moments:
            return scaled(problem, spin=2.0)

    with pytest.raises(sb.SolverError, match="those of no state"):
        sb.solve(problem, Impossible())


def test_one_call_keeps_the_part_before_and_warns_once() -> None:
    class Late(Precession):
        def solve(self, problem: sb.Problem, options: Any, context: sb.Context) -> sb.Moments:
            return dataclasses.replace(scaled(problem, spin=1.5, late=3), reason="all is well")

    problem = precession_problem(10)
    with pytest.warns(sb.SqueezebenchWarning, match="unphysical") as caught:
        ds = sb.solve(problem, Late())
    assert len(caught) == 1
    assert np.isfinite(ds.xi2.values).tolist() == [True] * 3 + [False] * 2


@pytest.mark.parametrize("N", [2, 10, 1000])
def test_the_tolerance_follows_what_the_solver_answers_for(N: int) -> None:
    problem = precession_problem(N)
    largest = {}
    for accuracy, tier in (("exact", "reference"), ("exact", "tight"), ("exact", "default"), ("asymptotic", "default")):
        allowed = tolerances(coherent_moments(problem), problem, sb.Claim(accuracy), tier)  # type: ignore[arg-type]
        largest[accuracy, tier] = allowed["uncertainty"].max()
        inside = scaled(problem, covariance=1 - 0.9 * largest[accuracy, tier])
        outside = scaled(problem, covariance=1 - 1.1 * largest[accuracy, tier])
        assert guarded(inside, problem, sb.Claim(accuracy), tier) is None  # type: ignore[arg-type]
        assert guarded(outside, problem, sb.Claim(accuracy), tier) is not None  # type: ignore[arg-type]
    assert list(largest.values()) == sorted(largest.values())
    floor = tolerances(coherent_moments(problem), problem, sb.Claim("exact", floor=5e-5), "tight")
    assert floor["uncertainty"].max() > largest["exact", "tight"]


def test_an_error_estimate_widens_what_it_is_about() -> None:
    problem = precession_problem(10)
    m = scaled(problem, spin=1.02)
    assert guarded(m, problem, EXACT) is not None
    honest = dataclasses.replace(m, error_estimate={"spin": np.full_like(m.spin, 0.02 * 5)})
    finding = guarded(honest, problem, EXACT)
    assert finding is None or finding.violation["law"] != "spin_length"


def sampled(problem: sb.Problem, noise: float, bias: float, B: int = 64) -> sb.Moments:
    rng = np.random.default_rng(1)
    m = coherent_moments(problem)
    T = len(problem.times)
    spin = (1 + bias) * m.spin + noise * rng.normal(size=(B, T, 3))
    return sb.Moments.from_samples(
        sb.Samples(np.ones((B, T)), spin, np.repeat(m.covariance[None], B, 0), np.ones(B, int), np.arange(B))
    )


def test_samples_are_allowed_their_standard_errors_and_no_more() -> None:
    problem, claim = precession_problem(10), sb.Claim("exact", sampled=True)
    assert guarded(sampled(problem, noise=0.2, bias=0.0), problem, claim) is None
    finding = guarded(sampled(problem, noise=0.01, bias=0.05), problem, claim)
    assert finding is not None
    assert finding.violation["law"] == "spin_length"
    assert guarded(sampled(problem, noise=0.2, bias=0.0, B=1), problem, claim) is None  # one block tells no error


@pytest.mark.parametrize("seed", range(3))
def test_no_built_in_solver_is_called_unphysical_where_it_is_right(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(6):
        N = int(rng.integers(1, 6))
        names = (
            "emission",
            "pumping",
            "dephasing",
            "collective_emission",
            "collective_pumping",
            "collective_dephasing",
        )
        rates = {name: float(rng.exponential()) for name in names}
        model = sb.SpinModel(
            N=N, chi=float(rng.normal()), twisting=float(rng.normal()), drive=tuple(rng.normal(size=3) * N), **rates
        )
        start = sb.CoherentSpinState(rng.uniform(0, np.pi), rng.uniform(0, 6), bloch_length=rng.choice([1.0, 0.6]))
        problem = sb.Problem(model, start, np.linspace(0, 1, 7))
        for solver in ("permutational", "mean_field", "piqs"):
            assert np.isfinite(sb.solve(problem, solver).spin).all()
