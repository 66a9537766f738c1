"""What is wrong with a scenario is said in one line, and nothing else is ever raised."""

from __future__ import annotations

import datetime
import math
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from squeezebench import InvalidScenarioError, Scenario, SpinModel
from squeezebench.scenario import load_scenario
from squeezebench.scenario.models import MODEL_TYPES
from squeezebench.scenario.tables import Document, keys_of

CAVITY = {"type": "driven_cavity", "N": 10, "upsilon_ratio": 0.9, "gamma_s": 4}
BASE = {"model": CAVITY, "times": {"stop": 1, "num": 5}}


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({**BASE, "modle": {}}, "modle: unknown key; did you mean 'model'?"),
        ({**BASE, "schema": 2}, "schema = 2: this squeezebench reads scenarios of schema 1"),
        ({**BASE, "name": "a b"}, "name = 'a b': expected at most 100 letters, digits, '_', '-' and '.'"),
        ({**BASE, "title": 3}, "title = 3: input should be a valid string"),
        ({**BASE, "model": {**CAVITY, "gama_s": 3}}, "model.gama_s: unknown key; did you mean 'gamma_s'?"),
        ({**BASE, "model": {**CAVITY, "N": 2.5}}, "model.N = 2.5: expected a whole number"),
        (
            {**BASE, "model": {**CAVITY, "N": True}},
            "model.N = True: expected a number or an expression such as '12/gamma_s'",
        ),
        ({**BASE, "model": {**CAVITY, "N": -1}}, "model: N = -1 is too small: give an int of at least 1"),
        (
            {**BASE, "model": {**CAVITY, "chi": "2*gama_s"}},
            "model.chi = '2*gama_s': unknown name 'gama_s'; did you mean 'gamma_s'?",
        ),
        ({**BASE, "model": {**CAVITY, "chi": "1/0"}}, "model.chi = '1/0': division by zero"),
        ({**BASE, "model": {**CAVITY, "chi": "chi"}}, "model.chi depends on itself: chi → chi"),
        (
            {**BASE, "model": {**CAVITY, "chi": [1]}},
            "model.chi = [1]: expected a number or an expression such as '12/gamma_s'",
        ),
        ({**BASE, "model": {**CAVITY, "chi": math.nan}}, "model.chi = 'nan': this is not finite; give a finite number"),
        ({**BASE, "model": {**CAVITY, "gamma_s": -1}}, "model: gamma_s = -1.0 is negative: a rate is 0 or more"),
        (
            {**BASE, "model": {"type": "cavity", "N": 10, "upsilon_ratio": 0.9, "gamma_s": 4}},
            "model.type = 'cavity': unknown type; did you mean 'from_cavity'?",
        ),
        ({**BASE, "model": {"N": 3}}, "model.type is missing: give one of driven_cavity, from_cavity, general, spin"),
        ({**BASE, "model": {"type": "driven_cavity", "N": 3}}, "model.upsilon_ratio is missing"),
        ({"times": [0, 1]}, "model is missing: give a table with a type, or a problem"),
        (
            {"model": {"type": "driven_cavity", "N": 10, "upsilon_ratio": 0.9, "gamma_s": 4}},
            "times is missing: give {stop = …, num = …}, a list or 'steady'",
        ),
        (
            {**BASE, "model": {"type": "general", "N": 10, "upsilon_ratio": 0.9, "gamma_s": 4}},
            "model.upsilon_ratio: unknown key; known: K, N, collective, h, rate_unit, single, type",
        ),
        ({**BASE, "model": {"type": "general", "N": 3, "h": [1, 2]}}, "model.h has 2 entries: expected 3"),
        (
            {**BASE, "model": {"type": "general", "N": 3, "h": [1, 2, 3], "K": [[1, 2, 3], [1, 2], [1, 2, 3]]}},
            "model.K[1] has 2 entries: expected 3",
        ),
        (
            {
                **BASE,
                "model": {
                    "type": "general",
                    "N": 3,
                    "h": [1, 2, 3],
                    "collective": [[{"re": 1}, 0, 0], [0, 0, 0], [0, 0, 0]],
                },
            },
            "model.collective[0][0] = {'re': 1}: a complex number is written {re = …, im = …}",
        ),
        (
            {
                **BASE,
                "model": {"type": "general", "N": 3, "h": [1, 2, 3], "single": [[-1, 0, 0], [0, 0, 0], [0, 0, 0]]},
            },
            "model: single has the negative eigenvalue -1: a Kossakowski matrix is positive semidefinite",
        ),
        ({**BASE, "model": {"type": "spin", "N": 3, "drive": [1, 2]}}, "model.drive has 2 entries: expected 3"),
        ({**BASE, "axes": {"N": []}}, "axes.N is empty: give at least one value"),
        ({**BASE, "axes": {"N": [1, 1]}}, "axes.N: the value 1 comes twice"),
        ({**BASE, "axes": {"N": [1.5]}}, "axes.N[0] = 1.5: expected a whole number"),
        ({**BASE, "axes": {"chi": [1, math.inf]}}, "axes.chi[1] = 'inf': this is not finite; give a finite number"),
        (
            {**BASE, "axes": {"time": [1]}},
            "axes.time: this name has a meaning of its own; call the axis something else",
        ),
        ({**BASE, "axes": {"pi": [1]}}, "axes.pi: this name has a meaning of its own; call the axis something else"),
        (
            {**BASE, "axes": {"lambda": [1]}},
            "axes.lambda: this name has a meaning of its own; call the axis something else",
        ),
        (
            {**BASE, "axes": {"emission": [1]}},
            "axes.emission: no parameter of the model, and no expression asks for it",
        ),
        (
            {**BASE, "axes": {"gama_s": [1]}},
            "axes.gama_s: no parameter of the model, and no expression asks for it; did you mean 'gamma_s'?",
        ),
        ({**BASE, "axes": {"N": 3}}, "axes.N = 3: expected a list of numbers or {start, stop, num}"),
        ({**BASE, "axes": {"N": {"start": 1, "stop": 5, "nmu": 3}}}, "axes.N.nmu: unknown key; did you mean 'num'?"),
        (
            {**BASE, "axes": {"N": {"start": 1, "stop": 5, "num": 1}}},
            "axes.N.num = 1: input should be greater than or equal to 2",
        ),
        (
            {**BASE, "axes": {"chi": {"start": 0, "stop": 5, "num": 3, "spacing": "log"}}},
            "axes.chi: spacing = 'log' from 0 to 5: both ends must be more than 0",
        ),
        (
            {**BASE, "axes": {"chi": {"start": -1e308, "stop": 1e308, "num": 3}}},
            "axes.chi: from -1e+308 to 1e+308 is too wide a range",
        ),
        (
            {**BASE, "axes": {"chi": {"start": 1, "stop": 5, "num": 3, "spacing": "cubic"}}},
            "axes.chi.spacing = 'cubic': input should be 'linear' or 'log'",
        ),
        (
            {
                **BASE,
                "axes": {"chi": {"start": 0, "stop": 1, "num": 2000}, "gamma_s": {"start": 0, "stop": 1, "num": 2000}},
            },
            "axes: 2000 x 2000 = 4000000 points are more than 1000000; make an axis shorter",
        ),
        (
            {**BASE, "axes": {"variant": ["a"]}},
            "axes.variant: there are no variants; add [[variants]] with a label each",
        ),
        ({**BASE, "axes": {"chi": ["a"]}}, "axes.chi[0] = 'a': unknown name 'a'; known: pi"),
        ({**BASE, "times": {"stop": 0, "num": 5}}, "times.stop = 0: expected a time later than 0"),
        ({**BASE, "times": {"stop": 1, "num": 1}}, "times.num = 1: input should be greater than or equal to 2"),
        (
            {**BASE, "times": {"stop": 1, "num": 5, "start": 0.5}},
            "times.start belongs to spacing = 'log', which needs it: 0, start … stop",
        ),
        (
            {**BASE, "times": {"stop": 1, "num": 5, "spacing": "log"}},
            "times.start belongs to spacing = 'log', which needs it: 0, start … stop",
        ),
        (
            {**BASE, "times": {"stop": 1, "num": 2, "spacing": "log", "start": 0.1}},
            "times.num = 2: 0, start and stop are at least 3 times",
        ),
        (
            {**BASE, "times": {"stop": 1, "num": 5, "spacing": "log", "start": 2}},
            "times do not increase: times[2] = 1.5874 after 2",
        ),
        ({**BASE, "times": [1, 2]}, "times start at 1: they must start at 0, where the initial state is"),
        ({**BASE, "times": []}, "times has 0 entries: give 1 … 1000000"),
        ({**BASE, "times": [0, 2, 1]}, "times do not increase: times[2] = 1 after 2"),
        ({**BASE, "times": "stedy"}, "times = 'stedy': expected {stop, num, spacing}, a list or 'steady'"),
        ({**BASE, "times": [0, "T"]}, "times[1] = 'T': unknown name 'T'"),
        (
            {**BASE, "times": {"stop": "12/gama_s", "num": 5}},
            "times.stop = '12/gama_s': unknown name 'gama_s'; did you mean 'gamma_s'?",
        ),
        ({**BASE, "times": 4}, "times = 4: expected {stop, num, spacing}, a list or 'steady'"),
        (
            {**BASE, "initial": {"type": "coherant"}},
            "initial.type = 'coherant': unknown type; did you mean 'coherent'?",
        ),
        (
            {**BASE, "initial": {"theta": 1}},
            "initial.type is missing: give one of blocks, coherent, dicke, mean_field_steady_state",
        ),
        ({**BASE, "initial": {"type": "coherent", "tehta": 1}}, "initial.tehta: unknown key; did you mean 'theta'?"),
        ({**BASE, "initial": {"type": "coherent", "bloch_length": 2}}, "initial: bloch_length = 2.0 is outside 0 … 1"),
        ({**BASE, "initial": {"type": "dicke", "J": 1}}, "initial.M is missing"),
        (
            {**BASE, "initial": {"type": "dicke", "J": 1.5, "M": 0.5}},
            "J = 1.5 is no total spin of N = 10 spins: N/2, N/2 − 1, … ≥ 0",
        ),
        (
            {**BASE, "initial": {"type": "mean_field_steady_state"}, "model": {**CAVITY, "upsilon_ratio": 2}},
            "MeanFieldSteadyState: Υ/Υ_c = 2 is above 1, where there is no fixed point; give a CoherentSpinState "
            "instead",
        ),
        ({**BASE, "schedule": []}, "schedule needs at least one entry with a duration"),
        (
            {**BASE, "schedule": [{"rotation": "w", "angle": 1}, {"duration": 1}]},
            "schedule[0]: axis = 'w' of a rotation: give 'x', 'y', 'z' or a vector",
        ),
        ({**BASE, "schedule": [{"duration": -1}]}, "schedule[0]: duration = -1.0 of a segment must be more than 0"),
        ({**BASE, "schedule": [{"duration": 0.5}]}, "the last time, 1, is after the schedule's end at 0.5"),
        ({**BASE, "schedule": [{"rotation": "x"}, {"duration": 1}]}, "schedule[0].angle is missing"),
        (
            {**BASE, "schedule": [{"duration": 1, "model": {"ch": 1}}]},
            "schedule[0].model.ch: unknown key; did you mean 'chi'?",
        ),
        ({**BASE, "schedule": [3]}, "schedule[0] = 3: expected a table of duration, model"),
        (
            {**BASE, "times": "steady", "schedule": [{"duration": 1}]},
            "a schedule has no steady state: give finite times",
        ),
        ({**BASE, "variants": [{"label": "a"}, {"label": "a"}]}, "variants[1].label = 'a' comes twice"),
        ({**BASE, "variants": [{"lable": "a"}]}, "variants[0].lable: unknown key; did you mean 'label'?"),
        ({**BASE, "variants": [{"model": {}}]}, "variants[0].label is missing"),
        (
            {**BASE, "variants": [{"label": "a"}], "axes": {"variant": ["b"]}},
            "axes.variant: there is no variant 'b'; known: a",
        ),
        (
            {**BASE, "variants": [{"label": "a"}, {"label": "b", "times": [0, 1]}]},
            "'a' has 5 times and 'b' has 2: give all the same number",
        ),
        (
            {**BASE, "variants": [{"label": "a"}, {"label": "b", "times": "steady"}]},
            "'a' and 'b': one asks for the steady state, the other does not",
        ),
        (
            {**BASE, "variants": [{"label": "a", "model": {"chi": 1}}], "axes": {"chi": [1]}},
            "variants[0].model.chi is also an axis: only one of them can set it",
        ),
        (
            {**BASE, "variants": [{"label": "a", "model": {"chi": "x"}}]},
            "at variant = a: variants[0].model.chi = 'x': unknown name 'x'",
        ),
        ({**BASE, "solvers": ["a", "a"]}, "solvers[1]: 'a' comes twice; give one of them a label="),
        (
            {**BASE, "solvers": ["A"]},
            "solvers[0]: solver name 'A' is malformed: small letters, digits and _, starting with a letter",
        ),
        ({**BASE, "solvers": "a"}, "solvers = 'a': input should be a valid list"),
        (
            {**BASE, "solvers": [3]},
            "solvers[0]: 3 is no solver spec: give a name, a text such as 'cumulant:order=3' or a Spec",
        ),
        (
            {**BASE, "solvers": [{"order": 3}]},
            "solvers[0]: solver {'order': 3} has no 'name': write {name = 'cumulant', order = 3}",
        ),
        ({**BASE, "tolerance": 0}, "tolerance = 0: input should be greater than 0"),
        ({**BASE, "tolerance": "1"}, "tolerance = '1': input should be a valid number"),
        (
            {**BASE, "reductions": ["minimum_xi"]},
            "reductions[0]: unknown reduction 'minimum_xi'; did you mean 'minimum_xi2'?",
        ),
        ({**BASE, "reductions": ["t_star", "t_star"]}, "reductions[1]: 't_star' comes twice; give one a label="),
        (
            {**BASE, "reductions": ['minimum_xi2(after="1/x")']},
            "reduction minimum_xi2: after = '1/x': unknown name 'x'",
        ),
        ({**BASE, "keep": ["serie"]}, "keep[0] = 'serie': input should be 'series', 'trajectories' or 'states'"),
        ({**BASE, "stop": {"rul": 1}}, "stop: unknown key 'rul'; did you mean 'rule'?"),
        ({**BASE, "stop": {"rule": "never"}}, "stop: unknown rule 'never'; known: squeezing_lost"),
        ({**BASE, "stop": {"threshold": "a"}}, "stop.threshold = 'a': unknown name 'a'"),
        ({**BASE, "expected": [{"quantity": "a"}]}, "expected[0].value is missing"),
        (
            {**BASE, "expected": [{"quantity": "xi2", "value": 1.0, "at": {"M": 3}}]},
            "expected[0].at.M: the scenario has no axis of this name",
        ),
        (
            {**BASE, "expected": [{"quantity": "xi2", "value": 1.0, "at": {"axis": 3}}]},
            "expected[0].at.axis = 3.0: expected a label",
        ),
        (
            {**BASE, "expected": [{"quantity": "xi2", "value": 1.0, "at": {"time": "x"}}]},
            "expected[0].at.time = 'x': expected a number",
        ),
        (
            {**BASE, "expected": [{"quantity": "xi2", "value": 1.0, "atol": 3}]},
            "expected[0].atol: unknown key; did you mean 'at'?",
        ),
        ({**BASE, "reach": {"cumulant": 0}}, "reach.cumulant = 0: input should be greater than or equal to 1"),
        ({**BASE, "source": datetime.date(2020, 1, 1)}, "source = datetime.date(2020, 1, 1): date has no JSON form"),
        ({"problem": 3}, "problem = 3: expected a Problem, or a table as Problem.to_dict gives it"),
        ({"problems": {}}, "problems = {}: expected problems by label"),
        ({"problem": {}}, "problem = {}: a problem needs either a model or a schedule"),
        ({**BASE, "problem": {}}, "problem and model are both given: a problem says everything itself"),
        (
            {"problems": {"a": {"model": {"N": 2}, "times": [0, 1], "foo": 1}}},
            "problems.a = {'model': {'N': 2}, 'times': [0, 1], 'foo': 1}: unknown entry 'foo' of a problem",
        ),
        ({}, "model is missing: give a table with a type, or a problem"),
        ({1: 2}, "{1: 2} is no table of a scenario's entries"),
        (
            {**BASE, "axes": {"chi": [1, 2]}, "model": {**CAVITY, "N": "x"}},
            "at chi = 1: model.N = 'x': unknown name 'x'",
        ),
    ],
)
def test_a_bad_entry_is_named_with_its_path_its_value_and_what_is_expected(entries, message):
    with pytest.raises(InvalidScenarioError) as caught:
        Scenario.from_dict(entries)
    text = str(caught.value)
    assert text == message or text.startswith(f"{message}; known: ")


def test_the_base_of_these_cases_is_a_scenario():
    assert len(Scenario.from_dict(BASE).points()) == 1


def test_an_error_at_a_later_point_names_the_point():
    scenario = Scenario(name="foo", model=CAVITY, axes={"gamma_s": [1, 0]}, times={"stop": "1/gamma_s", "num": 3})
    with pytest.raises(InvalidScenarioError) as caught:
        scenario.points()
    assert str(caught.value) == "scenario 'foo': at gamma_s = 0: times.stop = '1/gamma_s': division by zero"


def test_an_error_in_a_file_names_the_file(tmp_path):
    path = tmp_path / "bad.toml"
    for content, message in [
        (b"titel = 'a'", "titel: unknown key; did you mean 'title'?"),
        (b"title = ", "not a TOML text: Invalid value (at end of document)"),
        (b"title = '\xff'", "cannot be read as UTF-8 text: 'utf-8' codec can't decode byte 0xff in position 9: "),
        (b"x = " + b"[" * 5000, "not a TOML text: "),
        (b"[model]\nN = " + b"9" * 5000, "not a TOML text: "),
    ]:
        path.write_bytes(content)
        with pytest.raises(InvalidScenarioError) as caught:
            load_scenario(path)
        assert str(caught.value).startswith(f"{path}: {message}")
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("path", ["nowhere/at_all.toml", ".", os.devnull, "\0.toml", "a" * 5000 + ".toml"])
def test_what_is_no_readable_file_is_refused(path):
    with pytest.raises(InvalidScenarioError):
        load_scenario(path)


def test_a_file_too_large_for_a_scenario_is_not_read(tmp_path):
    path = tmp_path / "large.toml"
    with path.open("wb") as file:
        file.truncate(5_000_000)
    with pytest.raises(InvalidScenarioError, match="is larger than 4000000 bytes"):
        load_scenario(path)


def test_unknown_arguments_of_the_class_and_of_replace_are_named():
    with pytest.raises(InvalidScenarioError) as caught:
        Scenario(moddel=3)
    assert str(caught.value) == "moddel: unknown key; did you mean 'model'?"
    with pytest.raises(InvalidScenarioError) as caught:
        Scenario.from_dict(BASE).replace(axis={})
    assert str(caught.value) == "axis: unknown key; did you mean 'axes'?"


def test_entries_that_hold_themselves_are_refused():
    knot: dict[str, object] = {}
    knot["model"] = knot
    with pytest.raises(InvalidScenarioError, match="nested too deeply"):
        Scenario.from_dict(knot)


def test_a_state_in_place_of_a_model_is_refused():
    with pytest.raises(InvalidScenarioError, match="model is a Scenario: give a SpinModel, a table"):
        Scenario(model=Scenario.from_dict(BASE), times=[0, 1])


# ---------------------------------------------------------------- anything at all

KEYS = sorted(
    {*keys_of(Document), *(key for table in MODEL_TYPES.values() for key in keys_of(table))}
    | {
        "stop",
        "num",
        "start",
        "spacing",
        "label",
        "duration",
        "rotation",
        "angle",
        "theta",
        "J",
        "M",
        "re",
        "im",
        "rule",
    }
    | {"threshold", "after", "quantity", "value", "at", "variant", "free"}
)
WORDS = [
    *MODEL_TYPES,
    "coherent",
    "dicke",
    "mean_field_steady_state",
    "blocks",
    "steady",
    "log",
    "linear",
    "x",
    "series",
]
WORDS += ["pi/2", "6/(N*Gamma)", "free", "1/free", "minimum_xi2", "t_star", "cumulant:order=3", "squeezing_lost", "inf"]

leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(0, 5),
    st.floats(),
    st.sampled_from([0.5, 1e308, -1e308, 5e-324]),
    st.text(max_size=8),
    st.sampled_from(WORDS),
    st.dates(),
)
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(st.sampled_from(KEYS), st.text(max_size=4)), inner, max_size=5),
    ),
    max_leaves=12,
)


def check_line(error):
    """What is wrong is one line."""
    assert "\n" not in str(error)


def check(entries):
    """Make a scenario and all its points; only `InvalidScenarioError` may come out."""
    try:
        scenario = Scenario.from_dict(entries)
        assert Scenario.from_dict(scenario.content) == scenario
        assert Scenario.from_text(scenario.to_toml()) == scenario
        for index in ((0,) * len(scenario.shape), tuple(length - 1 for length in scenario.shape)):
            scenario.point(index)
    except InvalidScenarioError as error:
        check_line(error)


relaxed = settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)


@relaxed
@given(st.dictionaries(st.one_of(st.sampled_from(keys_of(Document)), st.text(max_size=4)), trees, max_size=5))
def test_arbitrary_entries_are_a_scenario_or_an_invalid_scenario(entries):
    check(entries)


@relaxed
@given(st.sampled_from(keys_of(Document)), trees)
def test_one_arbitrary_entry_of_a_good_scenario_is_taken_or_refused(key, value):
    check({**BASE, "axes": {"free": [1, 2]}, "reductions": ["minimum_xi2(after=free)"], key: value})


@relaxed
@given(st.sampled_from(sorted(MODEL_TYPES)), st.dictionaries(st.sampled_from(KEYS), trees, max_size=8))
def test_arbitrary_model_tables_are_taken_or_refused(kind, entries):
    check({"model": {"N": 3, "upsilon_ratio": 0.9, "h": [0, 0, 1], **entries, "type": kind}, "times": [0, 1]})
    check({"model": {"type": "driven_cavity", "N": 3, "upsilon_ratio": 0.9, **entries}, "times": [0, 1]})


@relaxed
@given(
    st.sampled_from(["initial", "times", "stop"]), st.dictionaries(st.sampled_from(KEYS), leaves, max_size=4), leaves
)
def test_arbitrary_tables_of_numbers_are_taken_or_refused(key, entries, kind):
    check({**BASE, key: {**entries, "type": kind}})
    check({**BASE, key: {"stop": 1, "num": 3, **entries}})
    check({**BASE, key: {"type": "coherent", **{name: entries[name] for name in entries if name == "theta"}}})


@relaxed
@given(st.lists(st.dictionaries(st.sampled_from(KEYS), trees, max_size=3), max_size=3))
def test_arbitrary_variants_and_schedules_are_taken_or_refused(entries):
    check({**BASE, "variants": [{"label": str(k), **entry} for k, entry in enumerate(entries)]})
    check({**BASE, "schedule": [{"duration": 1, **entry} for entry in entries]})
    check({**BASE, "schedule": [{"duration": 1, "model": entry} for entry in entries]})


@relaxed
@given(trees)
def test_an_arbitrary_problem_is_taken_or_refused(tree):
    model = SpinModel(N=2).to_dict()
    check({"problem": tree})
    check({"problems": {"a": tree}})
    for key in ("model", "times", "initial", "schedule"):
        check({"problem": {"model": model, "times": [0, 1], key: tree}})


@relaxed
@given(st.text())
def test_arbitrary_text_is_no_scenario(text):
    for content in (text, f"[model]\n{text}", f"times = {text}"):
        with pytest.raises(InvalidScenarioError):
            Scenario.from_text(content)
    with pytest.raises(InvalidScenarioError):
        Scenario.from_json(text)


def test_a_byte_order_mark_before_the_text_is_no_error(tmp_path):
    path = tmp_path / "marked.toml"
    path.write_bytes(b"\xef\xbb\xbf" + b"times = [0, 1]\n[model]\ntype = 'driven_cavity'\nN = 4\nupsilon_ratio = 0.9\n")
    assert Scenario.from_toml(path).points()[0].problem.N == 4


@pytest.mark.parametrize("text", ["4 MHz", "4MHz", "1 ms", "50 %", "1e3 Hz", "-2.5 µs"])
def test_a_number_with_a_unit_is_refused_with_what_to_give_instead(text):
    entries = {"model": {"type": "driven_cavity", "N": 4, "upsilon_ratio": text}, "times": [0, 1]}
    with pytest.raises(InvalidScenarioError, match="number with a unit: give the number alone"):
        Scenario.from_dict(entries).points()
