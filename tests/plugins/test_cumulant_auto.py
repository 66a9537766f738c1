"""order="auto": agrees only where it is right, says from when it is not, and seldom without need."""

from __future__ import annotations

import numpy as np
import pytest

import squeezebench as sb
from squeezebench.host import get_host
from squeezebench_cumulant import Cumulant
from squeezebench_cumulant.course import make_grid

SOLVER = Cumulant()


def auto(problem, **options):
    return SOLVER.solve(problem, SOLVER.resolve_options("default", {"order": "auto", **options}), sb.Context())


def observables(problem, moments):
    from squeezebench.dataset import build

    return build(problem, moments, provenance={})


def random_problems(seed, count, sizes):
    rng = np.random.default_rng(seed)
    problems = []
    for _ in range(count):
        N, u = int(rng.choice(sizes)), rng.uniform(0.3, 1.3)
        chi = float(rng.choice([0.0, 0.0, -1.0, 1.0, rng.normal()]))
        gamma_s = float(rng.choice([0.0, rng.uniform(0.5, 4), rng.uniform(4, 20)]))
        stop = rng.choice([0.25, 0.5, 1.0]) * (20 / N) ** 0.7 * rng.uniform(0.3, 1)
        model = sb.SpinModel.driven_cavity(N=N, upsilon_ratio=u, chi=chi, gamma_s=gamma_s)
        plain = sb.Problem(model, times=np.linspace(0, stop, 2))
        problems.append(sb.Problem(model, times=make_grid(plain, dense=True).times))
    return problems


def errors(problem, moments, exact):
    """Relative errors of ξ², where it is judged, and of N_eff, (T,)."""
    found = observables(problem, moments)
    judged = (np.minimum(found.xi2, exact.xi2) < 1.5) & (exact.contrast > 0.05)
    squeezing = np.where(judged, np.abs(found.xi2 / exact.xi2 - 1), 0.0)
    return np.maximum(squeezing, np.abs(found.n_eff / exact.n_eff - 1).values)


def census(problems, tolerance):
    """Numbers of problems on which it agrees, agrees wrongly, disagrees, disagrees needlessly."""
    exact_solver = get_host().solver("permutational")
    counts = np.zeros(4, dtype=int)
    for problem in problems:
        exact = observables(problem, exact_solver.solve(problem, exact_solver.resolve_options(), sb.Context()))
        result = auto(problem, order_rtol=tolerance)
        good = problem.times <= result.valid_until
        wrong = bool(errors(problem, result, exact)[good].max(initial=0.0) > tolerance)
        if result.status == "ok":
            counts += (1, wrong, 0, 0)
            continue
        assert not wrong, result.reason
        options = SOLVER.resolve_options("default", {"order": result.diagnostics["order"], "guard": "physical"})
        free = SOLVER.solve(problem, options, sb.Context())
        counts += (0, 0, 1, free.status == "ok" and errors(problem, free, exact).max() <= tolerance)
    return counts


def test_agreement_is_right_and_disagreement_seldom_needless():
    agree, wrong, disagree, needless = census(random_problems(11, 30, [12, 20, 24]), 0.005)
    assert wrong == 0
    assert needless < 0.2 * 30
    assert agree >= 10
    assert disagree >= 1


@pytest.mark.slow
def test_agreement_on_two_hundred_points():
    problems = random_problems(12, 200, [8, 12, 16, 20, 30, 40, 60])
    _, wrong, disagree, needless = census(problems, 0.02)
    assert wrong < 0.02 * 200
    assert needless < 0.2 * 200
    assert disagree >= 10


def test_where_squeezing_lasts_for_ever_it_says_from_when_orders_disagree():
    model = sb.SpinModel.driven_cavity(N=2000, upsilon_ratio=0.9)
    problem = sb.Problem(model, times=np.linspace(0, 1.2, 121))
    result = auto(problem)
    assert result.status == "diverged"
    assert 0.05 < result.valid_until < 0.6  # order 4 blows up at 0.41, order 3 at 0.57, order 2 at 0.80
    assert "agree within 0.02 up to t = " in result.reason
    assert "none of the orders up to 8 goes further" in result.reason
    found = observables(problem, result)
    settled = (problem.times > 0.02) & (problem.times <= result.valid_until)
    np.testing.assert_allclose(found.xi2[settled], 0.4356, rtol=0.02)


def test_a_tighter_tolerance_needs_a_higher_order():
    model = sb.SpinModel.driven_cavity(N=30, upsilon_ratio=0.9, gamma_s=4.0)
    problem = sb.Problem(model, times=np.linspace(0, 0.2, 21))
    orders = [auto(problem, order_rtol=tolerance).diagnostics["order"] for tolerance in (0.3, 0.01, 1e-4)]
    assert orders == sorted(orders)
    assert orders[0] < orders[-1]
    exact = observables(
        problem,
        get_host()
        .solver("permutational")
        .solve(problem, get_host().solver("permutational").resolve_options(), sb.Context()),
    )
    for tolerance in (0.3, 0.01, 1e-4):
        assert errors(problem, auto(problem, order_rtol=tolerance), exact).max() <= tolerance


@pytest.mark.parametrize("N", [1, 2, 3, 4, 6])
@pytest.mark.parametrize("chi", [-1.0, 0.0, 0.7])
def test_few_spins_end_at_the_exact_order(N, chi):
    model = sb.SpinModel.driven_cavity(N=N, upsilon_ratio=1.1, chi=chi, gamma_s=0.5)
    problem = sb.Problem(model, sb.CoherentSpinState(1.0, 0.3, 0.8), times=np.linspace(0, 2.0, 21))
    result = auto(problem, order_rtol=1e-8)
    exact = get_host().solver("qutip")
    reference = exact.solve(problem, exact.resolve_options("reference"), sb.Context())
    assert result.status == "ok"
    assert result.diagnostics["order"] == N
    np.testing.assert_allclose(result.spin, reference.spin, atol=1e-6 * N)


def test_rtol_is_what_orders_must_agree_within_where_it_is_coarse():
    model = sb.SpinModel.driven_cavity(N=100, upsilon_ratio=0.9, gamma_s=4.0)
    problem = sb.Problem(model, times=np.linspace(0, 0.2, 21))
    a, b = auto(problem, rtol=0.05), auto(problem, order_rtol=0.05)
    assert a.diagnostics["compared"] == b.diagnostics["compared"]
    np.testing.assert_array_equal(a.spin, b.spin)
    with pytest.raises(sb.InvalidOptionError, match=r"rtol = 0.05: input should be less than or equal to 0.01"):
        SOLVER.resolve_options("default", {"order": 2, "rtol": 0.05})
    with pytest.raises(sb.InvalidOptionError, match="order"):
        SOLVER.resolve_options("default", {"order": "automatic"})


def test_batches_and_specs_take_it_too():
    model = sb.SpinModel.driven_cavity(N=20, upsilon_ratio=0.8, gamma_s=4.0)
    problems = [sb.Problem(model, times=np.linspace(0, stop, 6)) for stop in (0.1, 0.2)]
    options = SOLVER.resolve_options("default", {"order": "auto"})
    for problem, result in zip(problems, SOLVER.solve_batch(problems, options, sb.Context(n_threads=2)), strict=True):
        np.testing.assert_array_equal(result.spin, auto(problem).spin)
    ds = sb.solve(problems[0], "cumulant:order=auto")
    assert ds.xi2.notnull().all()
