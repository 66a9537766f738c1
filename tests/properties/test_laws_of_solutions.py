"""Whatever the model and the start, a solution is one of a state: no law of spin moments is broken."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import squeezebench as sb
from squeezebench.laws import violations

from .strategies import answer, bloch_vectors, coherent_starts, models, named_models, schedules, starts

TIMES = np.linspace(0, 1, 6)
sizes = st.integers(1, 5)


def assert_lawful(problem: sb.Problem, solver: str, tolerance: float, **options: Any) -> None:
    assert violations(problem, answer(problem, solver, **options).moments, tolerance) == []


@given(st.data(), sizes)
def test_exact_cumulants_obey_every_law(data: st.DataObject, N: int) -> None:
    problem = sb.Problem(data.draw(models(N)), data.draw(starts(N)), TIMES)
    assert_lawful(problem, "cumulant", 1e-8, order=N)


@given(st.data(), st.integers(1, 4))
def test_brute_force_obeys_every_law(data: st.DataObject, N: int) -> None:
    assert_lawful(sb.Problem(data.draw(models(N)), data.draw(starts(N)), TIMES), "qutip", 1e-8)


@given(st.data(), st.integers(1, 8))
def test_blocks_of_piqs_obey_every_law(data: st.DataObject, N: int) -> None:
    assert_lawful(sb.Problem(data.draw(named_models(N)), data.draw(starts(N)), TIMES), "piqs", 5e-5)


@given(st.data(), st.integers(1, 100_000))
def test_mean_field_obeys_every_law(data: st.DataObject, N: int) -> None:
    times = TIMES / N
    assert_lawful(sb.Problem(data.draw(models(N)), data.draw(coherent_starts()), times), "mean_field", 1e-8)


@given(st.data(), st.integers(1, 10**6))
def test_one_axis_twisting_obeys_every_law(data: st.DataObject, N: int) -> None:
    values = data.draw(named_models(N, drive=False)).to_dict() | {"collective_emission": 0.0, "collective_pumping": 0.0}
    problem = sb.Problem(sb.SpinModel.from_dict(values), data.draw(coherent_starts()), TIMES)
    assert_lawful(problem, "one_axis_twisting", 1e-8)


@given(st.data(), st.integers(2, 10**6), st.sampled_from([0.3, 0.9, 1.3]))
def test_the_collective_steady_state_obeys_every_law(data: st.DataObject, N: int, u: float) -> None:
    chi = data.draw(st.sampled_from([-1.0, 0.0, 2.5]))
    assert_lawful(
        sb.Problem(sb.SpinModel.driven_cavity(N, u, chi=chi), sb.CoherentSpinState(), [np.inf]), "steady_state", 1e-8
    )


@given(st.data(), st.integers(2, 5))
def test_the_part_of_a_truncated_solution_that_stands_is_lawful_within_its_own_estimate(
    data: st.DataObject, N: int
) -> None:
    """Order 2 is an approximation: it may leave the laws by what it says that it may be off."""
    problem = sb.Problem(data.draw(models(10 * N)), data.draw(coherent_starts()), TIMES / N)
    found = answer(problem, "cumulant", order=2, guard="physical")
    assert violations(problem, found.moments, 1e-4) == []


@pytest.mark.parametrize(
    ("solver", "tolerance"), [("cumulant", 1e-8), ("qutip", 1e-8), ("permutational", 1e-8), ("piqs", 5e-5)]
)
@given(st.data(), st.integers(1, 4))
def test_schedules_obey_every_law(solver: str, tolerance: float, data: st.DataObject, N: int) -> None:
    problem = sb.Problem(schedule=data.draw(schedules(N)), initial=data.draw(starts(N)), times=TIMES)
    assert_lawful(problem, solver, tolerance, **({"order": N} if solver == "cumulant" else {}))


def j_squared(problem: sb.Problem, solver: str, **options: Any) -> Any:
    """⟨J²⟩ in units of N/2 (N/2 + 1)."""
    found = answer(problem, solver, **options)
    total = np.trace(found.covariance, axis1=1, axis2=2) + (found.spin**2).sum(axis=1)
    half = problem.N / 2
    return total * half / (half + 1)


@pytest.mark.parametrize(
    ("solver", "tolerance", "options"),
    [("cumulant", 1e-8, {"order": 4}), ("qutip", 1e-8, {}), ("permutational", 1e-8, {}), ("piqs", 5e-5, {})],
    ids=["cumulant", "qutip", "permutational", "piqs"],
)
@given(st.data(), st.integers(1, 4))
def test_total_spin_is_conserved_without_single_spin_terms(
    solver: str, tolerance: float, options: dict[str, Any], data: st.DataObject, N: int
) -> None:
    problem = sb.Problem(data.draw(models(N, collective=True)), data.draw(starts(N)), TIMES)
    found = j_squared(problem, solver, **options)
    np.testing.assert_allclose(found, found[0], rtol=0, atol=tolerance)


@given(st.data(), st.integers(2, 4))
def test_total_spin_is_conserved_by_every_order_of_the_hierarchy(data: st.DataObject, order: int) -> None:
    """J² commutes with every collective operator, so that its equation is zero before anything is truncated."""
    N = 30
    problem = sb.Problem(data.draw(models(N, collective=True)), data.draw(coherent_starts()), TIMES / N)
    found = j_squared(problem, "cumulant", order=order, guard="none")
    good = np.isfinite(found)
    np.testing.assert_allclose(found[good], found[0], rtol=0, atol=1e-7)


@given(bloch_vectors(), st.integers(1, 10**6))
def test_a_model_that_does_nothing_leaves_the_start(bloch: Any, N: int) -> None:
    problem = sb.Problem(sb.SpinModel(N=N), sb.CoherentSpinState.along(bloch), TIMES)
    for solver in ("mean_field", "cumulant", "one_axis_twisting"):
        found = answer(problem, solver)
        np.testing.assert_allclose(found.spin, np.tile(bloch, (6, 1)), rtol=0, atol=1e-12)
        np.testing.assert_allclose(found.covariance[-1], found.covariance[0], rtol=0, atol=1e-12)
