"""The conformance suite finds what is wrong, and only that."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import squeezebench as sb
from squeezebench.testing.reference import reference_moments

from ... import brute_force
from . import broken, broken_asymptotic, broken_interface, broken_physics, broken_sampled
from .broken import MIXED, Tiny, TinySampled
from .broken_asymptotic import TinyAsymptotic


def failures(solver: Any, level: str | None = None) -> set[str]:
    return {result.name for result in sb.testing.check_solver(solver, level=level).failed}


def test_the_reference_is_the_master_equation() -> None:
    """Against superoperators that QuTiP makes, with every coupling, and a schedule."""
    from squeezebench.testing.problems import random_problems

    for problem in (*random_problems(1, 2), *random_problems(2, 2), *random_problems(3, 2)):
        spin, covariance = reference_moments(problem)
        J = brute_force.collective(problem.N)
        rho0 = brute_force.density_matrix(problem.initial_state, problem.N)
        for k, t in enumerate(problem.times):
            rho = brute_force.evolved(problem.model, rho0, float(t))
            mean = np.array([np.trace(j @ rho).real for j in J])
            raw = np.array([[np.trace(a @ b @ rho).real for b in J] for a in J])
            assert np.allclose(spin[k], mean, atol=1e-11)
            assert np.allclose(covariance[k], (raw + raw.T) / 2 - np.outer(mean, mean), atol=1e-11)


RIGHT = [Tiny, TinySampled, *broken_asymptotic.RIGHT, *broken_physics.RIGHT, *broken_sampled.RIGHT]


@pytest.mark.parametrize("solver", [kind() for kind in RIGHT], ids=lambda solver: solver.name)
def test_what_is_right_passes(solver: sb.Solver) -> None:
    report = sb.testing.check_solver(solver)
    assert not report.failed, [str(result) for result in report.failed]
    assert report.count("passed") > 25


def broken_in_a_term(bend: Any, base: type[sb.Solver] = Tiny) -> sb.Solver:
    broken: sb.Solver = type("Broken", (base,), {"name": "broken", "bend": bend})()
    return broken


TERMS = {
    **{fault: (target, bend, set()) for fault, (target, bend) in broken.WRONG_TERMS.items()},
    **broken_physics.WRONG_TERMS,
}


@pytest.mark.parametrize("fault", TERMS)
def test_a_wrong_coupling_fails_its_own_check_and_no_other_couplings(fault: str) -> None:
    target, bend, others = TERMS[fault]
    failed = failures(broken_in_a_term(bend), "physics")
    assert failed >= {target} | others
    assert failed <= MIXED | {target} | others


#: Leaves the first moments as they are at all times: nothing that such a claim is held to.
SECOND_MOMENTS_ONLY = {"collective dephasing acts on each spin"}


@pytest.mark.parametrize("fault", [fault for fault in TERMS if fault not in SECOND_MOMENTS_ONLY])
def test_a_wrong_coupling_is_seen_behind_a_claim_that_states_no_error(fault: str) -> None:
    target, bend, _ = TERMS[fault]
    assert not sb.testing.check_solver(broken_in_a_term(bend, TinyAsymptotic), only=[target]).passed


FAULTS = [
    *broken.FAULTS,
    *broken_interface.FAULTS,
    *broken_physics.FAULTS,
    *broken_sampled.FAULTS,
    *broken_asymptotic.FAULTS,
]


@pytest.mark.parametrize(("kind", "target", "also"), FAULTS, ids=[fault[0].__name__ for fault in FAULTS])
def test_a_fault_fails_the_check_meant_for_it_and_none_that_tests_what_it_leaves_intact(
    kind: type[sb.Solver], target: str, also: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "there").mkdir()
    monkeypatch.chdir(tmp_path)  # some of them leave things behind
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    with np.errstate():
        failed = failures(kind())
    assert target in failed
    assert "*" in also or failed <= also | {target}


def test_an_expected_failure_is_no_failure_and_keeps_its_reason() -> None:
    _, bend = broken.WRONG_TERMS["pumping is missing"]
    report = sb.testing.check_solver(
        broken_in_a_term(bend), {"pumping": "not written yet"}, only=["pumping", "emission"]
    )
    assert [(result.name, result.status) for result in report] == [("emission", "passed"), ("pumping", "xfailed")]
    assert report.passed
    assert "not written yet" in report["pumping"].reason
    assert report["pumping"].measured > report["pumping"].allowed
    assert report.version == sb.testing.CHECKS_VERSION
    assert json.loads(json.dumps(report.to_dict()))["results"][0]["status"] == "passed"


@pytest.mark.parametrize(
    "arguments",
    [
        {"expected_failed": {"pumpin": "why"}},
        {"expected_failed": {"pumping": ""}},
        {"expected_failed": ["pumping"]},
        {"level": "everything"},
        {"only": ["no_such"]},
        {"options": {"no_such": 1}},
    ],
)
def test_wrong_arguments_are_named(arguments: dict[str, Any]) -> None:
    with pytest.raises(sb.InvalidOptionError):
        sb.testing.check_solver(Tiny(), **arguments)


def test_what_is_no_solver_is_refused() -> None:
    with pytest.raises(sb.InvalidOptionError):
        sb.testing.check_solver(3)
    with pytest.raises(sb.UnknownSolverError):
        sb.testing.check_solver("qutipp")


@sb.testing.parametrize_with_checks([Tiny()], level="interface")
def test_the_decorator_runs_every_check(solver: sb.Solver, check: Any) -> None:
    result = check(solver)
    assert result.status == "passed"


def test_the_page_has_the_list() -> None:
    """``python docs/update_checks.py`` writes it."""
    import importlib.util
    from pathlib import Path

    file = Path(__file__).parents[3] / "docs" / "update_checks.py"
    spec = importlib.util.spec_from_file_location("update_checks", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    page = module.PAGE.read_text(encoding="utf-8")
    assert module.updated(page) == page


def test_every_check_says_what_it_tests() -> None:
    entries = sb.testing.checks()
    assert len({entry.name for entry in entries}) == len(entries)
    assert all(entry.summary and entry.holds_for for entry in entries)
    assert {entry.level for entry in entries} == {"interface", "physics"}


@pytest.mark.parametrize("name", ["one_axis_twisting", "steady_state", "qutip"])
def test_built_in_solvers_pass(name: str) -> None:
    report = sb.testing.check_solver(name)
    assert not report.failed, [str(result) for result in report.failed]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mean_field", "cumulant", "permutational", "piqs", "mcwf"])
def test_built_in_solvers_that_compile_pass(name: str) -> None:
    report = sb.testing.check_solver(name)
    assert not report.failed, [str(result) for result in report.failed]


def test_a_result_without_a_number_has_nan() -> None:
    result = sb.testing.check_solver(Tiny(), only=["attributes"])[0]
    assert math.isnan(result.measured)
