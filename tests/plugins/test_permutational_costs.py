"""Error estimates, threads, memory and time of the solver `permutational`."""

from __future__ import annotations

import time

import numpy as np
import pytest

import squeezebench as sb
from squeezebench_permutational import Permutational, squeezebench_solvers

SOLVER = Permutational()


def solve(problem, tier="tight", context=None, **options):
    return SOLVER.solve(problem, SOLVER.resolve_options(tier, options), context or sb.Context())


def xi2(problem, moments):
    from squeezebench.observables.kernels import xi2_wineland

    pairs = zip(moments.spin, moments.covariance, strict=True)
    return np.array([xi2_wineland(spin, covariance, float(problem.N)) for spin, covariance in pairs])


def paper(N, u=0.9, chi=0.0, gamma_s=4.0, stop=0.25, num=26, initial=None):
    model = sb.SpinModel.driven_cavity(N=N, upsilon_ratio=u, chi=chi, gamma_s=gamma_s)
    return sb.Problem(model, initial or sb.CoherentSpinState(), times=np.linspace(0, stop, num))


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


def test_the_number_of_threads_does_not_change_the_numbers(monkeypatch):
    monkeypatch.setattr("squeezebench_permutational.stencil._WORTH_A_THREAD", 0)
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


@pytest.mark.parametrize("N", [10**6, 10**9])
def test_a_problem_that_is_far_too_large_is_refused_without_going_through_all_multiplets(N):
    import tracemalloc

    problem = sb.Problem(sb.SpinModel(N=N, collective_emission=1.0, emission=1.0), times=[0.0, 1e-9])
    tracemalloc.start()
    support = SOLVER.full_support(problem, SOLVER.resolve_options())
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert not support
    assert "GB" in support.reason
    assert most < 2e6


def test_the_estimate_of_memory_is_right():
    import tracemalloc

    for problem in (paper(20), paper(60, num=6), paper(60, chi=1.0, stop=0.1, num=3), paper(110, num=6)):
        solve(problem, "default")  # compiles
        tracemalloc.start()
        solve(problem, "default")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        need = SOLVER.estimate(problem, SOLVER.resolve_options()).bytes
        assert peak / 2 < need < 2 * peak


@pytest.mark.slow
@pytest.mark.parametrize(("N", "chi"), [(20, 0.0), (60, 0.0), (60, 1.0), (100, 0.0), (100, 1.0), (200, 0.0)])
def test_the_estimate_of_time_is_right_to_a_factor_of_two_on_a_quiet_machine(N, chi):
    problem = paper(N, chi=chi)
    seconds = []
    for _ in range(2):
        began = time.thread_time()
        solve(problem, "default")
        seconds.append(time.thread_time() - began)
    estimate = SOLVER.estimate(problem, SOLVER.resolve_options()).seconds
    assert estimate / 2 < min(seconds) < 2 * estimate


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


@pytest.mark.parametrize("chi", [0.0, 2.0])
def test_a_step_that_is_far_too_long_is_taken_back_without_a_trace(chi):
    """What an overflowing series leaves behind must not get into the next one."""
    from squeezebench_permutational.algebra import extents, frame_angle, turned_model
    from squeezebench_permutational.layout import Layout
    from squeezebench_permutational.series import Pace, advance
    from squeezebench_permutational.stencil import BlockGenerator

    problem = paper(20, chi=chi, stop=0.2, num=3)
    angle, layout = frame_angle(problem.model), Layout.complete(20)
    model = turned_model(problem.model, angle)
    generator = BlockGenerator(model, layout)
    pace = Pace(1e-11, 0.2)
    pace.begin(*extents(model, layout.spins))
    # As if the spectrum ended near zero: the series then grows without bounds.
    pace.shift, pace.focus, pace.step = 1e-3 * pace.shift, 0.0, 100.0
    x = layout.pack(problem.initial.dicke_blocks(20), angle)
    _, numbers, reached = advance(generator, x, 0.0, 0.2, problem.times, pace, lambda time: None)
    assert reached == 0.2
    assert pace.rejected > 0
    assert numbers[-1, 0] == pytest.approx(1.0, abs=1e-9)
    assert numbers[-1, 1] == pytest.approx(solve(problem).spin[-1, 2], abs=1e-8)
