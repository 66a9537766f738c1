"""What is written as JSON reads back as the same; keys depend on content, on all of it, and on nothing else."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import squeezebench as sb
from squeezebench.content import Content
from squeezebench.harness.plan import cell_key
from squeezebench.host import get_host
from squeezebench.problem import Problem

from .strategies import coherent_starts, models, named_models, schedules, starts

TIMES = np.linspace(0, 1, 4)
names = st.sampled_from(["mean_field", "cumulant", "qutip", "a_method_of_1999"])
option_values = st.one_of(
    st.booleans(),
    st.none(),
    st.integers(-(2**53), 2**53),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=12),
    st.lists(st.integers(0, 9), max_size=3),
)


@st.composite
def problems(draw: Any) -> sb.Problem:
    N = draw(st.integers(1, 5))
    if draw(st.booleans()):
        return sb.Problem(draw(models(N)), draw(starts(N)), TIMES)
    return sb.Problem(schedule=draw(schedules(N)), initial=draw(starts(N)), times=TIMES)


@st.composite
def specs(draw: Any) -> sb.Spec:
    keys = st.sampled_from(["order", "rtol", "method", "restrict", "label_of_option"])
    options = draw(st.dictionaries(keys, option_values, max_size=3))
    return sb.Spec(draw(names), tier=draw(st.sampled_from(["default", "tight"])), **options)


@st.composite
def scenarios(draw: Any) -> sb.Scenario:
    N = draw(st.integers(1, 5))
    entries: dict[str, Any] = {"name": draw(st.sampled_from(["a", "b-2"])), "times": TIMES.tolist()}
    if draw(st.booleans()):
        entries |= {"model": draw(named_models(N)), "initial": draw(coherent_starts())}
    else:
        entries |= {
            "model": {"type": "driven_cavity", "N": N},
            "axes": {"upsilon_ratio": [0.5, draw(st.floats(0.6, 2))]},
        }
    entries["tolerance"] = draw(st.floats(1e-6, 0.5))
    entries["solvers"] = draw(st.sampled_from([[], ["mean_field"], ["cumulant:order=3", "qutip"]]))
    entries["reductions"] = draw(st.sampled_from([[], ['minimum_xi2(after="0.5/N")'], ["t_star()"]]))
    return sb.Scenario(**entries)


def assert_round_trip(value: Content, again: Content) -> None:
    assert again == value
    assert hash(again) == hash(value)
    assert again.content_hash() == value.content_hash()
    assert again.to_json() == value.to_json()


@given(problems())
def test_problems_models_and_starts_read_back(problem: sb.Problem) -> None:
    assert_round_trip(problem, sb.Problem.from_json(problem.to_json()))
    assert_round_trip(problem.model, sb.SpinModel.from_json(problem.model.to_json()))
    assert_round_trip(problem.initial, sb.State.from_json(problem.initial.to_json(indent=2)))
    again = sb.Problem.from_json(problem.to_json())
    assert (again.times == problem.times).all()
    for name in ("h", "K", "collective", "single"):
        assert (getattr(again.model, name) == getattr(problem.model, name)).all()


@settings(max_examples=200)
@given(st.lists(st.floats(1e-6, 1), min_size=1, max_size=6), st.tuples(*[st.floats(-9, 9)] * 3).filter(any))
def test_what_is_normalised_when_it_is_made_is_not_changed_when_it_is_read(
    weights: list[float], axis: tuple[float, float, float]
) -> None:
    """Weights of blocks and axes of rotations: dividing again would change the last bit, and with it the key."""
    total = sum(weights)
    state = sb.DickeBlocks([(k, weight / total, np.eye(2 * k + 1) / (2 * k + 1)) for k, weight in enumerate(weights)])
    assert_round_trip(state, sb.State.from_json(state.to_json()))
    rotation = sb.Rotation(axis, 1.0)
    assert sb.Rotation(rotation.axis, 1.0).axis == rotation.axis
    problem = sb.Problem(schedule=[rotation, sb.Segment(sb.SpinModel(2), 1.0)], times=[0, 1])
    assert_round_trip(problem, sb.Problem.from_json(problem.to_json()))


@given(specs())
def test_specs_read_back(spec: sb.Spec) -> None:
    assert_round_trip(spec, sb.Spec.from_json(spec.to_json()))
    assert sb.Spec.parse(str(spec)) == spec


@given(scenarios())
def test_scenarios_read_back(scenario: sb.Scenario) -> None:
    assert_round_trip(scenario, sb.Scenario.from_json(scenario.to_json()))
    assert_round_trip(scenario, sb.Scenario.from_text(scenario.to_toml()))


# ---------------------------------------------------------------- keys


def key(problem: sb.Problem, spec: str = "cumulant:order=2", **others: Any) -> str:
    parsed = sb.Spec.parse(spec)
    solver = get_host().solver(parsed.name)
    options = solver.resolve_options(parsed.tier, parsed.options)
    return cell_key(solver, others.pop("version", "1"), options, problem, **{"seed": 0, **others})


@given(problems())
def test_equal_content_has_an_equal_key(problem: sb.Problem) -> None:
    again = sb.Problem.from_json(json.dumps(json.loads(problem.to_json()), sort_keys=True))
    assert key(problem) == key(again)
    assert key(problem, "cumulant:order=2,label=mine") == key(problem, "cumulant")


@given(named_models(4), coherent_starts(), st.data())
def test_any_field_that_changes_changes_the_key(
    model: sb.SpinModel, start: sb.CoherentSpinState, data: st.DataObject
) -> None:
    problem = sb.Problem(model, start, TIMES)
    step = data.draw(st.floats(0.01, 3))
    changed = []
    for field in dataclasses.fields(model):
        if field.name not in ("N", "drive", "rate_unit", "quadratic", "collective_matrix", "single_matrix"):
            changed.append(dataclasses.replace(model, **{field.name: getattr(model, field.name) + step}))
    changed.append(dataclasses.replace(model, N=model.N + 1))
    for axis in range(3):
        drive = tuple(value + step * (k == axis) for k, value in enumerate(model.drive))
        changed.append(dataclasses.replace(model, drive=drive))
    matrix = np.diag([step, 0.0, 0.0])
    for name in ("quadratic", "collective_matrix", "single_matrix"):
        changed.append(dataclasses.replace(model, **{name: matrix}))
    others = [sb.Problem(other, start, TIMES) for other in changed]
    others += [
        sb.Problem(model, dataclasses.replace(start, theta=start.theta + step), TIMES),
        sb.Problem(model, dataclasses.replace(start, phi=start.phi + step), TIMES),
        sb.Problem(model, sb.CoherentSpinState(start.theta, start.phi, (start.bloch_length + 0.37) % 1.0), TIMES),
        sb.Problem(model, start, TIMES * (1 + step)),
        sb.Problem(model, start, TIMES[:-1]),
        sb.Problem(schedule=[sb.Segment(model, 1.0)], initial=start, times=TIMES),
    ]
    keys = {key(other) for other in (problem, *others)}
    assert len(keys) == 1 + len(others)
    labelled = sb.Problem(dataclasses.replace(model, rate_unit="1/s"), start, TIMES)
    assert key(labelled) == key(problem)


def test_solver_options_version_keep_and_reductions_are_in_the_key() -> None:
    problem = sb.Problem(sb.SpinModel(N=4, drive=1.0), times=TIMES)
    scenario = sb.Scenario(model=problem.model, times=TIMES, reductions=["minimum_xi2()"])
    keys = [
        key(problem),
        key(problem, "cumulant:order=3"),
        key(problem, "cumulant:tier=tight"),
        key(problem, "cumulant:rtol=1e-7"),
        key(problem, "mean_field"),
        key(problem, version="2"),
        key(problem, keep=["series"]),
        key(problem, reductions=scenario.points()[0].reductions),
    ]
    assert len(set(keys)) == len(keys)
    assert key(problem, seed=1) == key(problem)  # nothing is sampled


def test_keys_and_hashes_are_the_same_in_every_process() -> None:
    """Whatever order Python's own hashes give to sets and dictionaries."""
    blocks = sb.DickeBlocks([(1.5, 0.25, np.eye(4) / 4), (0.5, 0.75, np.eye(2) / 2)])
    general = sb.SpinModel.general(3, (1, 2, 3), np.diag([1.0, 2, 3]), np.eye(3), np.eye(3))
    content = [
        sb.Problem(general, blocks, TIMES),
        sb.Spec("cumulant", order=3, rtol=1e-7),
        sb.Scenario(model=general, times=TIMES, solvers=["mean_field"], keep=["series", "states"]),
    ]
    code = (
        "import json, sys, squeezebench as sb\n"
        "from squeezebench.harness.plan import cell_key\n"
        "from squeezebench.host import get_host\n"
        "texts = json.load(sys.stdin)\n"
        "values = [kind.from_json(text) for kind, text in zip((sb.Problem, sb.Spec, sb.Scenario), texts)]\n"
        "solver = get_host().solver('cumulant')\n"
        "keys = [cell_key(solver, '1', solver.resolve_options(), values[0], seed=0, keep={'series', 'states'})]\n"
        "print(json.dumps([[v.content_hash(), hash(v)] for v in values] + keys))\n"
    )
    texts = json.dumps([value.to_json() for value in content])
    expected = [[value.content_hash(), hash(value)] for value in content]
    expected.append(key(content[0], "cumulant", keep={"states", "series"}))  # type: ignore[arg-type]
    for seed in ("0", "1", "4711"):
        done = subprocess.run(
            [sys.executable, "-c", code],
            input=texts,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert json.loads(done.stdout) == expected


@pytest.mark.parametrize("kind", [Problem, sb.SpinModel, sb.State, sb.Spec, sb.Scenario])
@given(
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.dictionaries(
                st.sampled_from(["type", "N", "model", "J", "M", "name", "times", "re"]), inner, max_size=4
            ),
        ),
        max_leaves=8,
    )
)
def test_any_json_is_content_or_an_error_of_our_own(kind: Any, tree: Any) -> None:
    try:
        value = kind.from_json(json.dumps(tree))
    except sb.SqueezebenchError:
        return
    assert kind.from_json(value.to_json()) == value
