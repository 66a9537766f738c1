"""A few points are followed by the right-hand side for one: the numbers of a block, without its compilation."""

from __future__ import annotations

import numpy as np
import pytest

import squeezebench as sb
from squeezebench.lanes import few
from squeezebench_cumulant import Cumulant, lanes
from squeezebench_mean_field import MeanField
from squeezebench_mean_field import lanes as bloch_lanes

from ..brute_force import random_model

REDUCTIONS = ({"name": "minimum_xi2", "after": 0.012}, {"name": "t_star"})
STOP = {"threshold": 1.0, "after": 0.05}


def problems(kind):
    """One that stops early, one that ends in a step, one of two times, one that starts mixed; and general models."""
    rng = np.random.default_rng(11)
    if kind == "general":
        start = sb.CoherentSpinState(1.0, 0.3, 0.6)
        return [sb.Problem(random_model(rng, N), start, np.linspace(0, 0.2, 9)) for N in (4, 5, 9)]
    settings = [(30, 0.9, 0.4, 21), (2000, 0.7, 0.01, 2), (101, 1.2, 0.1, 31), (6, 0.6, 0.0, 1)]
    made = []
    for i, (N, u, stop, num) in enumerate(settings):
        model = sb.SpinModel.driven_cavity(N=N, upsilon_ratio=u, chi=0.3 * i, gamma_s=4.0)
        made.append(sb.Problem(model, sb.CoherentSpinState(bloch_length=1 - 0.1 * i), np.linspace(0, stop, num)))
    return made


def answers(solver, options, given, up_to, monkeypatch):
    for module in (few, lanes, bloch_lanes):
        monkeypatch.setattr(module, "FEW", up_to)
    context = sb.Context(reductions=(REDUCTIONS,) * len(given), stops=(STOP,) * len(given), keep=frozenset({"series"}))
    return solver.solve_batch(given, options, context)


@pytest.mark.parametrize("kind", ["cavity", "general"])
@pytest.mark.parametrize("name", ["mean_field", "cumulant:order=1", "cumulant:order=2"])
def test_one_by_one_is_bitwise_the_block(name, kind, monkeypatch):
    check(name, kind, monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["cavity", "general"])
@pytest.mark.parametrize("order", [3, 4, 6])
def test_one_by_one_is_bitwise_the_block_at_high_orders(order, kind, monkeypatch):
    check(f"cumulant:order={order}", kind, monkeypatch)


def check(name, kind, monkeypatch):
    solver = MeanField() if name == "mean_field" else Cumulant()
    options = solver.resolve_options("default", {"order": int(name[-1])} if "order" in name else {})
    given = problems(kind)
    alone = answers(solver, options, given, 100, monkeypatch)
    block = answers(solver, options, given, 0, monkeypatch)
    for one, other in zip(alone, block, strict=True):
        assert isinstance(one, sb.Moments) == isinstance(other, sb.Moments)
        if not isinstance(one, sb.Moments):
            assert str(one) == str(other)
            continue
        assert (one.status, one.reason, one.valid_until, one.stopped) == (
            other.status,
            other.reason,
            other.valid_until,
            other.stopped,
        )
        np.testing.assert_array_equal(one.spin, other.spin)
        np.testing.assert_array_equal(one.covariance, other.covariance)
        np.testing.assert_equal(one.extra, other.extra)
        assert one.diagnostics == other.diagnostics


def test_few_points_compile_no_code_for_blocks(monkeypatch):
    def never(name):
        raise AssertionError(f"{name} is compiled for {few.FEW} points")

    monkeypatch.setattr(lanes, "_generated", never)
    given = [problems("cavity")[0]] * few.FEW
    (result, *_) = Cumulant().solve_batch(given, Cumulant().resolve_options("fast", {"order": 2}), sb.Context())
    assert result.status == "ok"
    with pytest.raises(AssertionError, match=r"order_\d_named is compiled"):
        Cumulant().solve_batch([*given, given[0]], Cumulant().resolve_options("fast", {"order": 2}), sb.Context())
