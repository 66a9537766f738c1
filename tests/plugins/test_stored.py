"""`stored`: what it answers, what it refuses, and that its answers are those of the master equation."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

import squeezebench as sb
from squeezebench_stored import answers
from squeezebench_stored.add import answers_of, main
from squeezebench_stored.library import Answer, read_answer

ANSWERS = {f"N={a.problem.N}, gamma_s={a.problem.model.emission:g}": a for a in answers()}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stored")
    scenario = sb.Scenario(
        name="little",
        title="A few spins",
        source="these tests",
        solvers=["permutational"],
        model={"type": "driven_cavity", "N": 12, "upsilon_ratio": 0.9, "chi": 0, "gamma_s": 4, "Gamma": 1},
        times={"stop": 0.2, "num": 9},
    )
    sb.run(scenario, store=folder / "store")
    return folder / "store"


def test_an_answer_goes_into_a_file_and_back(store, tmp_path):
    assert main([str(store), str(tmp_path)]) == 0
    (file,) = tmp_path.glob("*.json")
    (answer,) = answers_of(str(store)).values()
    again = read_answer(file)
    assert again.problem == answer.problem
    assert np.array_equal(again.spin, answer.spin)
    assert np.array_equal(again.covariance, answer.covariance)
    assert np.array_equal(again.errors["xi2"], answer.errors["xi2"])
    assert (again.errors["covariance"] >= answer.errors["covariance"]).all()
    direct = sb.solve(answer.problem, "permutational")
    assert np.array_equal(again.spin, direct.spin.values)


def test_an_answer_is_given_at_its_own_times_and_not_after_them(store):
    (answer,) = answers_of(str(store)).values()
    problem = answer.problem
    model, start = problem.model, problem.initial_state
    assert answer.rows(problem).tolist() == list(range(9))
    assert answer.rows(sb.Problem(model, start, [0, 0.05, 0.2])).tolist() == [0, 2, 8]
    assert answer.rows(sb.Problem(model, start, [0, 0.1, 0.3])).tolist() == [0, 4, -1]
    assert answer.rows(sb.Problem(model, start, [0, 0.06])) is None
    assert answer.rows(sb.Problem(model, sb.CoherentSpinState(0.1, 0.0), problem.times)) is None
    other = sb.SpinModel.driven_cavity(N=12, upsilon_ratio=0.9, gamma_s=4.0000001)
    assert answer.rows(sb.Problem(other, start, problem.times)) is None
    assert answer.rows(sb.Problem(model, start, [math.inf])) is None


@pytest.mark.parametrize("text", ["", "{}", '{"schema": 2}', '{"schema": 1, "problem": {}}', "[1]"])
def test_a_file_that_is_none_is_named(tmp_path, text):
    file = tmp_path / "broken.json"
    file.write_text(text)
    with pytest.raises(sb.StoreError, match=r"broken\.json is no stored answer"):
        read_answer(file)


def test_other_problems_are_refused_with_a_reason():
    problem = sb.Problem(sb.SpinModel.driven_cavity(N=30, upsilon_ratio=0.9), times=[0.0, 1.0])
    with pytest.raises(sb.UnsupportedProblemError, match="no answer to this problem is stored"):
        sb.solve(problem, "stored")


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_stored_answers_are_lawful_and_say_how_good_they_are(answer: Answer):
    """Trace and length of the spin are bounded, ξ² starts at 1, and the estimate is what the documentation promises."""
    ds = sb.solve(answer.problem, "stored")
    N = answer.problem.N
    assert float(ds.xi2[0]) == pytest.approx(1.0, abs=1e-9)
    assert (np.linalg.norm(ds.spin, axis=1) <= N / 2 * (1 + 1e-9)).all()
    assert (ds.j_squared <= N / 2 * (N / 2 + 1) * (1 + 1e-9)).all()
    assert (np.linalg.eigvalsh(ds.covariance) > -1e-6 * N).all()
    squeezed = ds.xi2.values < 1
    assert squeezed.sum() > 10
    assert answer.errors["xi2"][squeezed].max() < 1e-4
    provenance = json.loads(ds.attrs["squeezebench"])["diagnostics"]["stored"]
    assert provenance["command"].startswith("squeezebench run record_n")


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_the_beginning_of_a_stored_answer_is_that_of_the_cumulants(answer: Answer):
    """Until squeezing is deep, order 4 differs from the exact solution by less than from order 3."""
    problem = sb.Problem(answer.problem.model, answer.problem.initial_state, answer.problem.times[:9])
    exact = sb.solve(problem, "stored").xi2
    third, fourth = (sb.solve(problem, "cumulant", order=k, tier="tight").xi2 for k in (3, 4))
    assert (abs(fourth - exact) <= abs(third - fourth) + answer.errors["xi2"][:9] + 1e-9).all()


def test_the_beginning_of_the_record_is_found_again():
    """By the plan for many spins, which tries fewer limits than the one that the record was made with."""
    (answer,) = (a for a in answers() if a.problem.N == 1000)
    problem = sb.Problem(answer.problem.model, answer.problem.initial_state, answer.problem.times[:3])
    ds = sb.solve(problem, "permutational", representation="multipoles", atol=1e-7, rtol=1e-7)
    stored = sb.solve(problem, "stored")
    for name, smallest, largest in (("spin", 1e-7, 1e-3), ("covariance", 1e-4, 1.0), ("xi2", 1e-9, 1e-5)):
        estimate = ds[f"{name}_error"].values
        assert (abs(ds[name] - stored[name]).values <= estimate + stored[f"{name}_error"].values + smallest).all()
        assert estimate.max() < largest
