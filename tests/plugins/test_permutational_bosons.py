"""The solver `permutational` against N bosons in four modes, which know nothing of total spin, for tens of spins."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

import squeezebench as sb
from squeezebench.observables.kernels import xi2_wineland
from squeezebench_permutational import Permutational

from .. import brute_force
from ..symmetric_bosons import Bosons

SOLVER = Permutational()

bosons = cache(Bosons)


def solve(problem, tier="reference", **options):
    return SOLVER.solve(problem, SOLVER.resolve_options(tier, options), sb.Context())


def deviation(N, moments, reference):
    """Largest error of ⟨J⟩ in N/2 and of the covariance in N²/4."""
    spin, covariance = reference
    return max(np.abs(moments.spin - spin).max() * 2 / N, np.abs(moments.covariance - covariance).max() * 4 / N**2)


def xi2(N, spin, covariance):
    return np.array([xi2_wineland(s, c, float(N)) for s, c in zip(spin, covariance, strict=True)])


def random_named(rng, N):
    """All nine named couplings, of both signs where they may have one; the drive and the single ones act with N."""
    signs = rng.choice([-1, 1], size=5)
    rates = rng.uniform(0.1, 1.5, size=6)
    return sb.SpinModel(
        N,
        chi=signs[0] * rng.uniform(0.2, 1.5),
        twisting=signs[1] * rng.uniform(0.2, 1.5),
        drive=tuple(signs[2:] * rng.uniform(0.1, 0.6, size=3) * N),
        collective_emission=rates[0],
        collective_pumping=rates[1],
        collective_dephasing=rates[2],
        emission=5 * rates[3],
        pumping=5 * rates[4],
        dephasing=5 * rates[5],
    )


@pytest.mark.parametrize("N", [1, 2, 3, 4, 5])
def test_the_reference_is_the_master_equation_on_2_to_the_n(N):
    """Two ways to write out every term of the general form."""
    rng = np.random.default_rng(N)
    problem = sb.Problem(brute_force.random_model(rng, N), sb.CoherentSpinState(0.8, 2.1, 0.7), times=[0.0, 0.1, 0.7])
    theirs, ours = brute_force.moments(problem), bosons(N).solution(problem)
    assert np.abs(theirs[0] - ours[0]).max() < 1e-12
    assert np.abs(theirs[1] - ours[1]).max() < 1e-12


@pytest.mark.parametrize(
    "N", [7, 8, 13, 20, pytest.param(31, marks=pytest.mark.slow), pytest.param(44, marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("general", [False, True])
def test_every_term_at_once_for_tens_of_spins(N, general):
    rng = np.random.default_rng(1000 * general + N)
    model = brute_force.random_model(rng, N) if general else random_named(rng, N)
    for length in (1.0, 0.6):
        start = sb.CoherentSpinState(*rng.uniform(-3, 3, 2), length)
        problem = sb.Problem(model, start, times=[0.0, 0.3 / N, 2.0 / N])
        assert deviation(N, solve(problem), bosons(N).solution(problem)) < 1e-12


@pytest.mark.parametrize("N", [15, 16])
def test_quenches_for_tens_of_spins(N):
    rng = np.random.default_rng(N)
    quiet = sb.SpinModel(N, emission=2.0, dephasing=1.0)
    schedule = [sb.Segment(random_named(rng, N), 0.05), sb.Segment(quiet, 0.1), sb.Segment(random_named(rng, N), 0.05)]
    problem = sb.Problem(schedule=schedule, initial=sb.CoherentSpinState(), times=[0.0, 0.03, 0.05, 0.12, 0.16, 0.2])
    assert deviation(N, solve(problem), bosons(N).solution(problem)) < 1e-12


SIZES = [20, 21, *(pytest.param(N, marks=pytest.mark.slow) for N in (60, 100))]


@pytest.mark.parametrize("gamma_s", [0.0, 0.5, 4.0, 50.0])
@pytest.mark.parametrize("chi", [-1.0, 0.0, 1.0, 3.0])
@pytest.mark.parametrize("N", SIZES)
def test_the_papers_model_and_the_error_that_the_solver_estimates(N, chi, gamma_s):
    """At every tier the estimate bounds the error, and the tier's promise for ξ² is kept."""
    model = sb.SpinModel.driven_cavity(N=N, upsilon_ratio=0.9, chi=chi, gamma_s=gamma_s)
    problem = sb.Problem(model, sb.CoherentSpinState(), times=np.array([0.0, 1.0, 2.5, 6.0]) / N)
    spin, covariance = bosons(N).solution(problem)
    exact = xi2(N, spin, covariance)
    long_enough = np.linalg.norm(spin, axis=1) > 0.05 * N / 2
    for tier, promise in (("fast", 1e-3), ("default", 1e-5), ("tight", 1e-8)):
        moments = solve(problem, tier)
        # The reference has round-off of its own: at N = 100, χ = 3 it is 6e-10 away in ⟨J⟩ and 2e-7 in covariances
        # from blocks and multipoles, which agree to 1e-13, and at γ_s = 0 with a dense exponential in |J = 50, M⟩.
        own = 1.0 if N < 100 else 30.0
        slack = own * 1e-12 * N
        assert (np.abs(moments.spin - spin) <= moments.error_estimate["spin"] + slack).all()
        assert (np.abs(moments.covariance - covariance) <= moments.error_estimate["covariance"] + slack * N).all()
        error = np.abs(xi2(N, moments.spin, moments.covariance) - exact)
        assert (error <= moments.error_estimate["xi2"] + own * 1e-10 * exact)[long_enough].all()
        assert (error <= (promise + own * 1e-10) * exact)[long_enough].all()
