"""Starts that are no product: Dicke states of every J, and blocks, by three methods that share nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import squeezebench as sb

from .strategies import answer, block_starts, dicke_starts, models, named_models, schedules

TIMES = np.array([0.0, 0.2, 1.0, 4.0])


def assert_close(problem: sb.Problem, solver: str, reference: str, tolerance: float) -> None:
    found, expected = (
        answer(problem, name, **({"order": problem.N} if name == "cumulant" else {})) for name in (solver, reference)
    )
    np.testing.assert_allclose(found.spin, expected.spin, rtol=0, atol=tolerance)
    np.testing.assert_allclose(found.covariance, expected.covariance, rtol=0, atol=tolerance)
    np.testing.assert_allclose(found.n_eff, expected.n_eff, rtol=0, atol=20 * tolerance)


@pytest.mark.parametrize("make", [dicke_starts, block_starts], ids=["Dicke state", "blocks"])
@given(st.data(), st.integers(1, 4))
def test_exact_cumulants_are_brute_force(make: Any, data: st.DataObject, N: int) -> None:
    assert_close(sb.Problem(data.draw(models(N)), data.draw(make(N)), TIMES), "cumulant", "qutip", 1e-7)


@pytest.mark.parametrize("make", [dicke_starts, block_starts], ids=["Dicke state", "blocks"])
@given(st.data(), st.integers(1, 7))
def test_blocks_of_piqs_are_exact_cumulants(make: Any, data: st.DataObject, N: int) -> None:
    assert_close(sb.Problem(data.draw(named_models(N)), data.draw(make(N)), TIMES), "piqs", "cumulant", 5e-5)


@settings(max_examples=8)
@given(st.data(), st.integers(1, 3))
def test_the_three_agree_on_schedules(data: st.DataObject, N: int) -> None:
    start = data.draw(st.one_of(dicke_starts(N), block_starts(N)))
    problem = sb.Problem(schedule=data.draw(schedules(N)), initial=start, times=[0, 0.4, 1.0])
    assert_close(problem, "cumulant", "qutip", 1e-7)
    assert_close(problem, "piqs", "qutip", 5e-5)


@given(st.data(), st.integers(1, 4))
def test_a_product_given_as_blocks_is_the_product(data: st.DataObject, N: int) -> None:
    theta, phi, length = (data.draw(st.floats(low, high)) for low, high in ((0, 3.1), (-3.1, 3.1), (0, 1)))
    start = sb.CoherentSpinState(theta, phi, length)
    model = data.draw(models(N))
    as_blocks = sb.DickeBlocks(list(start.dicke_blocks(N)))
    one, two = (answer(sb.Problem(model, s, TIMES), "cumulant", order=N) for s in (start, as_blocks))
    np.testing.assert_allclose(one.spin, two.spin, rtol=0, atol=1e-8)
    np.testing.assert_allclose(one.covariance, two.covariance, rtol=0, atol=1e-8)
