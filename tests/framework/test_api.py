"""One call: what `solve` returns, what it raises, what it warns of."""

from __future__ import annotations

import json
import warnings
from typing import Any

import numpy as np
import pytest

import squeezebench as sb
from squeezebench.execution import attempt
from squeezebench.solver import Context

from .toys import Precession, coherent_moments, precession_problem


class Failing(Precession):
    """Fails in the way that the test asks for."""

    name = "failing"

    def __init__(self, how: Any) -> None:
        self.how = how

    def solve(self, problem: sb.Problem, options: Any, context: sb.Context) -> Any:
        if isinstance(self.how, BaseException):
            raise self.how
        return self.how


def test_the_data_set_holds_the_moments_and_what_made_them() -> None:
    problem = precession_problem()
    ds = sb.solve(problem, Precession(), seed=3, n_threads=1)
    expected = coherent_moments(problem)
    np.testing.assert_array_equal(ds.spin.values, expected.spin)
    np.testing.assert_allclose(ds.xi2.values, 1.0, rtol=1e-12)
    np.testing.assert_allclose(ds.n_eff.values, problem.N, rtol=1e-12)
    story = json.loads(ds.attrs["squeezebench"])
    assert sb.Problem.from_dict(story["problem"]) == problem
    assert (story["solver"], story["tier"], story["seed"], story["n_threads"]) == ("precession", "default", 3, 1)
    assert story["status"] == "ok"
    assert story["claim"]["accuracy"] == "exact"
    assert {"numpy", "squeezebench", "python"} <= story["versions"].keys()
    sb.testing.validate(ds)


def test_a_spec_its_text_and_keywords_say_the_same() -> None:
    problem = sb.Problem(sb.SpinModel.driven_cavity(3, 0.9, gamma_s=1.0), times=[0.0, 0.2])
    by_text = sb.solve(problem, "cumulant:order=3,tier=tight")
    by_keyword = sb.solve(problem, "cumulant", order=3, tier="tight")
    by_spec = sb.solve(problem, sb.Spec("cumulant", tier="tight", order=3))
    stories = [json.loads(ds.attrs["squeezebench"]) for ds in (by_text, by_keyword, by_spec)]
    assert stories[0]["options"] == stories[1]["options"] == stories[2]["options"]
    assert stories[0]["label"] == stories[1]["label"] == stories[2]["label"]
    np.testing.assert_array_equal(by_text.xi2.values, by_keyword.xi2.values)
    np.testing.assert_array_equal(by_text.xi2.values, by_spec.xi2.values)


def test_a_declined_problem_raises_with_the_reason() -> None:
    with pytest.raises(sb.UnsupportedProblemError, match="'steady_state' declines this problem: gives the"):
        sb.solve(precession_problem(), "steady_state")


def test_a_schedule_is_refused_for_solvers_that_do_not_say_they_take_one() -> None:
    model = sb.SpinModel(N=2)
    problem = sb.Problem(schedule=[sb.Segment(model, 1.0)], times=[0.0, 1.0])
    with pytest.raises(sb.UnsupportedProblemError, match="no schedule"):
        sb.solve(problem, Precession())


def test_a_model_type_that_the_solver_does_not_name_is_refused() -> None:
    class Other(Precession):
        model_types = ()

    with pytest.raises(sb.UnsupportedProblemError, match="solves no SpinModel"):
        sb.solve(precession_problem(), Other())


@pytest.mark.parametrize(
    ("how", "status", "message"),
    [
        (RuntimeError("boom"), "error", "RuntimeError: boom (toy"),
        (MemoryError("8 TiB"), "out_of_memory", "out of memory: 8 TiB"),
        (sb.SolverError("no convergence", "timeout"), "timeout", "no convergence"),
        ("not moments", "error", "Moments"),
        (None, "error", "Moments"),
        (sb.Moments(np.zeros((2, 3)), np.zeros((2, 3, 3))), "error", "(2, 3)"),
        (sb.Moments(np.full((5, 3), np.nan), np.zeros((5, 3, 3))), "error", "finite"),
        (sb.Moments(np.zeros((5, 3)), np.zeros((5, 3, 3)), status="fine"), "error", "'fine'"),
    ],
    ids=lambda value: str(value)[:20] if isinstance(value, str) else type(value).__name__,
)
def test_every_failure_becomes_a_status_and_a_solver_error(how: Any, status: str, message: str) -> None:
    problem = precession_problem()
    outcome = attempt(Failing(how), problem, Precession.Options(), Context())
    assert outcome.status == status
    assert message.replace(" (toy", "") in outcome.reason
    with pytest.raises(sb.SolverError) as caught:
        sb.solve(problem, Failing(how))
    assert caught.value.status == status


def test_the_line_of_the_plugin_that_raised_is_named() -> None:
    outcome = attempt(Failing(RuntimeError("boom")), precession_problem(), Precession.Options(), Context())
    assert "test_api.py, line" in outcome.reason


def test_a_result_that_ends_early_is_kept_up_to_there_with_one_warning() -> None:
    problem = precession_problem(num=5)
    whole = coherent_moments(problem)
    early = sb.Moments(whole.spin, whole.covariance, valid_until=0.5, reason="orders part", status="diverged")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ds = sb.solve(problem, Failing(early))
    assert [w.category for w in caught] == [sb.SqueezebenchWarning]
    assert "diverged" in str(caught[0].message)
    assert "orders part" in str(caught[0].message)
    assert np.isfinite(ds.xi2.values).tolist() == [True, True, True, False, False]
    assert float(ds.valid_until) == 0.5


def test_valid_until_without_a_status_counts_as_diverged() -> None:
    problem = precession_problem()
    whole = coherent_moments(problem)
    outcome = attempt(
        Failing(sb.Moments(whole.spin, whole.covariance, valid_until=0.3)), problem, Precession.Options(), Context()
    )
    assert outcome.status == "diverged"
    assert "0.3" in outcome.reason


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"solver": "cumulnt"}, sb.UnknownSolverError, "did you mean 'cumulant'"),
        ({"solver": 3}, sb.InvalidOptionError, "3 is no solver spec"),
        ({"solver": "cumulant", "ordr": 3}, sb.InvalidOptionError, "no option 'ordr'; did you mean 'order'"),
        ({"solver": "cumulant", "order": 0}, sb.InvalidOptionError, "order = 0"),
        ({"solver": "cumulant", "order": "three"}, sb.InvalidOptionError, "order = 'three'"),
        ({"solver": "cumulant", "tier": "tigt"}, sb.InvalidOptionError, "did you mean 'tight'"),
        ({"solver": "cumulant", "seed": -1}, sb.InvalidOptionError, "seed = -1"),
        ({"solver": "cumulant", "seed": "x"}, sb.InvalidOptionError, "seed = 'x'"),
        ({"solver": "cumulant", "n_threads": 0}, sb.InvalidOptionError, "n_threads = 0"),
        ({"solver": "cumulant", "keep": {"trajectry"}}, sb.InvalidOptionError, "did you mean 'trajectories'"),
        ({"solver": "qutip", "offset": 1}, sb.InvalidOptionError, "no option 'offset'"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_wrong_arguments_are_named(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        sb.solve(precession_problem(), **arguments)


def test_something_that_is_no_problem_is_named() -> None:
    with pytest.raises(sb.InvalidModelError, match=r"is no squeezebench\.Problem"):
        sb.solve(sb.SpinModel(N=2), "qutip")  # type: ignore[arg-type]


def test_steady_state_is_at_time_inf_and_takes_a_multiplet() -> None:
    model = sb.SpinModel.driven_cavity(N=20, upsilon_ratio=0.7)
    ds = sb.steady_state(model)
    assert ds.time.values.tolist() == [np.inf]
    smaller = sb.steady_state(model, J=5)
    np.testing.assert_allclose(smaller.n_eff.values, 10.0, rtol=1e-12)
    with pytest.raises(sb.InvalidModelError, match="not both"):
        sb.steady_state(model, J=5, initial=sb.CoherentSpinState())


def test_a_vanishing_mean_spin_gives_nan_and_no_warning() -> None:
    problem = sb.Problem(sb.SpinModel(N=4, dephasing=1.0), sb.CoherentSpinState(bloch_length=0.0), [0.0, 1.0])
    ds = sb.solve(problem, "cumulant", order=4)
    assert np.isnan(ds.xi2.values).all()
    np.testing.assert_allclose(ds.spin.values, 0.0, atol=1e-12)
