"""Many points in one call: the numbers of single solutions, whatever the neighbours, threads and failures are."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import pytest

import squeezebench as sb
from squeezebench_cumulant import Cumulant

from ..brute_force import random_model

SOLVER = Cumulant()


def resolve(**options):
    return SOLVER.resolve_options(options.pop("tier", "default"), options)


def cavity(N, u, gamma_s, stop, chi=0.0, num=201, initial=None):
    model = sb.SpinModel.driven_cavity(N=N, upsilon_ratio=u, chi=chi, gamma_s=gamma_s)
    return sb.Problem(model, initial, times=np.linspace(0, stop, num))


@lru_cache(maxsize=1)
def mixture():
    """Paper's models and general ones, pure and mixed and Dicke starts, few and many spins and times."""
    rng = np.random.default_rng(7)
    problems = []
    for i in range(40):
        N = int(rng.choice([1, 2, 3, 5, 6, 20, 101, 2000]))
        chi = float(rng.choice([-1.0, 0.0, 0.6]))
        stop, num = rng.uniform(0.05, 0.4), int(rng.choice([2, 11, 41]))
        initial = [None, sb.CoherentSpinState(1.0, 0.3, 0.7), sb.MeanFieldSteadyState()][i % 3]
        if i % 5 == 0 and N < 100:
            problems.append(sb.Problem(random_model(rng, N), initial if i % 3 < 2 else None, np.linspace(0, 0.2, 11)))
        elif i % 7 == 0 and N > 1:
            model = sb.SpinModel.driven_cavity(N=N, upsilon_ratio=0.5, gamma_s=1.0)
            problems.append(sb.Problem(model, sb.DickeState(N / 2, -N / 2 + 1), np.linspace(0, stop, num)))
        else:
            u, gamma_s = rng.uniform(0.3, 1.3), float(rng.choice([0.0, 1.0, 10.0]))
            start = None if i % 3 == 2 and u >= 1 else initial
            problems.append(cavity(N, u, gamma_s, stop, chi, num, start))
    return problems


def assert_same(a, b, N, atol=0.0):
    assert (a.status, a.reason, a.valid_until, a.stopped) == (b.status, b.reason, b.valid_until, b.stopped)
    np.testing.assert_allclose(a.spin, b.spin, rtol=0, atol=atol * N / 2)
    np.testing.assert_allclose(a.covariance, b.covariance, rtol=0, atol=atol * N * N / 4)


@pytest.mark.parametrize("guard", ["orders", "physical", "none"])
@pytest.mark.parametrize("order", [1, 2, 3])
def test_a_batch_is_bitwise_the_single_solutions(order, guard):
    options = resolve(order=order, guard=guard)
    batch = SOLVER.solve_batch(mixture(), options, sb.Context(n_threads=2))
    for problem, many in zip(mixture(), batch, strict=True):
        one = SOLVER.solve(problem, options, sb.Context())
        assert_same(one, many, problem.N)
        for name, values in one.error_estimate.items():
            np.testing.assert_allclose(many.error_estimate[name], values, rtol=1e-6, atol=1e-12)


def test_a_point_does_not_depend_on_its_neighbours_nor_on_threads():
    options = resolve(order=2)
    rng = np.random.default_rng(3)
    whole = SOLVER.solve_batch(mixture(), options, sb.Context(n_threads=1))
    order = rng.permutation(len(mixture()))[:17]
    some = SOLVER.solve_batch([mixture()[i] for i in order], options, sb.Context(n_threads=2))
    for i, result in zip(order, some, strict=True):
        assert_same(whole[i], result, mixture()[i].N)


MINIMUM = {"name": "minimum_xi2", "after": 6 / 500}
REDUCTIONS = (
    MINIMUM,
    {"name": "minimum_n_eff"},
    {"name": "t_star"},
    {"name": "maximum", "variable": "spin", "axis": "y", "after": 0.004},
    {"name": "minimum", "variable": "spin", "axis": "z"},
    {"name": "final", "variable": "contrast"},
)


@pytest.mark.parametrize("chi", [0.0, -0.4])
def test_reductions_are_those_of_a_grid_five_hundred_times_finer(chi):
    from squeezebench.dataset import build
    from squeezebench.reductions import Reduction

    options = resolve(order=2, guard="none", tier="tight")
    problems = [cavity(500, u, g, 0.9 / g, chi, 41) for u in (0.6, 0.85, 0.95, 1.1) for g in (3.0, 20.0)]
    context = sb.Context(n_threads=2, reductions=(REDUCTIONS,) * len(problems))
    for problem, result in zip(problems, SOLVER.solve_batch(problems, options, context), strict=True):
        assert not result.series
        times = np.linspace(0, problem.times[-1], 500 * 40 + 1)
        fine = sb.Problem(problem.model, problem.initial, times=times)
        ds = build(fine, SOLVER.solve(fine, options, sb.Context()), provenance={})
        series = {str(name): variable.values for name, variable in ds.variables.items()}
        for entry in REDUCTIONS:
            for name, value in Reduction.from_dict(entry).compute(series).items():
                found = result.extra["reductions"][name]
                if (
                    name.startswith("minimum_xi2")
                    and result.extra["reductions"]["minimum_xi2_time"] == MINIMUM["after"]
                ):
                    continue  # rising from the limit on: the grid's first point after it lies higher
                scale = 250 if "spin" in name else max(abs(value), 1e-2)
                close = 1e-6 * scale
                if name == "t_star" or name.endswith("_time"):  # of a grid they are not that good
                    close = 2e-4 * times[-1]
                assert found == pytest.approx(value, abs=close, nan_ok=True), name


def test_the_stop_rule_ends_a_point_early_and_changes_nothing_before():
    stop = {"rule": "squeezing_lost", "threshold": 1.0, "after": 0.003}
    problems = [cavity(2000, u, 4.0, 3.0) for u in (0.6, 0.8, 0.9, 1.02)]
    options = resolve(order=2, guard="none")
    free = SOLVER.solve_batch(problems, options, sb.Context())
    reductions = ({"name": "minimum_xi2", "after": 0.003},)
    context = sb.Context(reductions=(reductions,) * 4, stops=(stop,) * 4, keep=frozenset({"series"}))
    ruled = SOLVER.solve_batch(problems, options, context)
    assert ruled[0].stopped == math.inf  # below the fold squeezing lasts
    for problem, a, b in zip(problems, free, ruled, strict=True):
        assert b.status == "ok"
        kept = problem.times <= b.stopped
        np.testing.assert_array_equal(a.spin[kept], b.spin[kept])
        assert np.isnan(b.spin[~kept]).all()
        if b.stopped < math.inf:
            ds = sb.solve(sb.Problem(problem.model, times=[0.0, b.stopped]), "cumulant", order=2, guard="none")
            assert float(ds.xi2[-1]) > 1
            assert float(ds.n_eff[-1]) < problem.model.critical_n_eff
        alone = SOLVER.solve(
            problem, options, sb.Context(stop=stop, reductions=(reductions,), keep=frozenset({"series"}))
        )
        assert_same(alone, b, problem.N)
        assert alone.extra["reductions"] == b.extra["reductions"]


def test_points_that_fail_carry_status_and_time_and_the_others_are_right():
    good = cavity(200, 0.6, 4.0, 0.2)
    bad = [cavity(100, 0.95, 0.0, 5.0, chi=1.0), cavity(200, 1.2, 0.0, 4.0), cavity(50, 0.9, 0.0, 8.0)]
    options = resolve(order=3, guard="physical")
    alone = SOLVER.solve(good, options, sb.Context())
    for keep in (frozenset({"series"}), frozenset()):
        reductions = ({"name": "minimum_xi2"},)
        context = sb.Context(reductions=(reductions,) * 5, keep=keep)
        results = SOLVER.solve_batch([good, *bad, good], options, context)
        for result in results[1:4]:
            assert result.status in ("diverged", "unphysical")
            assert 0 < result.valid_until < 8
            assert f"t = {result.valid_until:.3g}"[:5] in result.reason or result.reason.startswith("order 3 at t = ")
        assert results[0].extra["reductions"] == results[4].extra["reductions"]
        if keep:
            np.testing.assert_array_equal(results[4].spin, alone.spin)


def test_too_many_steps_lose_only_their_own_point():
    problems = [cavity(10, 0.5, 1.0, 0.01, num=3), cavity(2000, 0.9, 4.0, 2.0, num=3)]
    for reductions in ((), (({"name": "minimum_xi2"},),) * 2):
        context = sb.Context(reductions=reductions)
        first, second = SOLVER.solve_batch(problems, resolve(max_steps=60, guard="none"), context)
        assert first.status == "ok"
        assert isinstance(second, sb.SolverError)
        assert "takes more than max_steps = 60 steps" in str(second)


def test_schedules_and_the_largest_orders_go_through_the_same_call():
    model = sb.SpinModel.driven_cavity(N=6, upsilon_ratio=0.9, gamma_s=1.0)
    schedule = [sb.Segment(model, 0.2), sb.Rotation("x", 1.0), sb.Segment(model, 0.2)]
    problems = [
        sb.Problem(schedule=schedule, times=np.linspace(0, 0.4, 5)),
        sb.Problem(model, times=np.linspace(0, 0.4, 5)),
    ]
    for order in (5, 6):
        options = resolve(order=order)
        batch = SOLVER.solve_batch(problems, options, sb.Context())
        for problem, result in zip(problems, batch, strict=True):
            assert_same(SOLVER.solve(problem, options, sb.Context()), result, 6, 1e-12)


@pytest.mark.parametrize(("gamma_s", "minimum"), [(10, 0.2055), (51, 0.2406), (98, 0.298), (206, 0.403), (1000, 0.716)])
def test_minima_of_figure_3a_at_n_10000(gamma_s, minimum):
    problem = cavity(10**4, 0.9, gamma_s, 12 / gamma_s, num=11)
    stop = {"rule": "squeezing_lost", "threshold": 1.0, "after": 6e-4}
    context = sb.Context(reductions=(({"name": "minimum_xi2", "after": 6e-4},),), stops=(stop,))
    (result,) = SOLVER.solve_batch([problem], resolve(guard="none", rtol=1e-7), context)
    assert result.extra["reductions"]["minimum_xi2"] == pytest.approx(minimum, abs=1.1e-3)
