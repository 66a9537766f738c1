"""Solver specs: text, content and labels."""

from __future__ import annotations

import pickle
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from squeezebench import InvalidOptionError, Spec

SPECS = [
    Spec("mean_field"),
    Spec("cumulant", order=3),
    Spec("cumulant", order=3, tier="tight"),
    Spec("cumulant", order=3, tier="tight", label="my label"),
    Spec(
        "mcwf", trajectories=400, unraveling="cavity_output", seeded=True, spread=0.5, cap=None, levels=[1, 2.5, "a, b"]
    ),
    Spec("x1_y", rtol=1e-12, path="/a/b.txt", word="true", number="3", quote='"', empty="", label="a=b, c"),
    Spec("a", J=1.5, guard="none", e5="e5", plus="+", space=" padded ", newline="two\nlines"),
]

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63) + 1, 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(),
)
option_names = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,8}", fullmatch=True).filter(
    lambda key: key not in ("name", "tier", "label")
)
specs = st.builds(
    lambda name, tier, options: Spec(name, tier=tier, **options),
    st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True),
    st.sampled_from(["default", "tight", "own_tier"]),
    st.dictionaries(option_names, st.one_of(scalars, st.lists(scalars, max_size=3)), max_size=4),
)


@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_every_form_of_a_spec_reads_back_as_the_same_spec(spec):
    assert Spec.parse(str(spec)) == spec
    assert Spec.from_dict(spec.to_dict()) == spec
    assert Spec.from_json(spec.to_json()) == spec
    assert pickle.loads(pickle.dumps(spec)) == spec
    assert eval(repr(spec), {"Spec": Spec}) == spec
    for same in (Spec.parse(str(spec)), Spec.from_json(spec.to_json())):
        assert hash(same) == hash(spec)
        assert same.label == spec.label
        assert same.options == spec.options


@given(specs)
def test_any_spec_reads_back_from_its_text_and_its_json(spec):
    assert Spec.parse(str(spec)) == spec
    assert Spec.from_json(spec.to_json()) == spec


@given(st.one_of(st.text(), st.text("abc:=,\"'[]{}() 0123.eE+-_\\")))
def test_arbitrary_text_is_a_spec_or_an_invalid_option(text):
    try:
        spec = Spec.parse(text)
    except InvalidOptionError as error:
        message = str(error)
    else:
        assert Spec.parse(str(spec)) == spec
        message = ""
    assert "\n" not in message


@given(st.recursive(scalars, lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)), max_leaves=8))
def test_coerce_takes_anything_or_raises_an_invalid_option(value):
    for candidate in (value, {"name": "a", "k": value}, {"name": value}, {"name": "a", "tier": value}):
        try:
            Spec.coerce(candidate)
        except InvalidOptionError:
            continue


@pytest.mark.parametrize(
    ("text", "label", "options"),
    [
        ("cumulant", "cumulant", {}),
        (" cumulant ", "cumulant", {}),
        ("cumulant:order=3", "cumulant(order=3)", {"order": 3}),
        ("cumulant : order = 3 , guard = none", "cumulant(guard=none, order=3)", {"order": 3, "guard": "none"}),
        ("cumulant:tier=tight", "cumulant(tier=tight)", {}),
        ("cumulant:order=3,tier=tight", "cumulant(order=3, tier=tight)", {"order": 3}),
        ("cumulant:order=3,label=third", "third", {"order": 3}),
        ("a:label=2", "2", {}),
        (
            'a:x=1e-8,y=-2,z=.5,w=1_000,n=null,t=true,f=False,q="1",l=[1, 2]',
            'a(f=false, l=[1, 2], n=null, q="1", t=true, w=1000, x=1e-08, y=-2, z=0.5)',
            {"x": 1e-8, "y": -2, "z": 0.5, "w": 1000, "n": None, "t": True, "f": False, "q": "1", "l": [1, 2]},
        ),
    ],
)
def test_values_are_read_as_numbers_bools_lists_or_text(text, label, options):
    spec = Spec.parse(text)
    assert spec.label == label
    assert spec.options == options
    assert {key: type(value) for key, value in spec.options.items()} == {k: type(v) for k, v in options.items()}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "solver name '' is malformed: small letters, digits and _, starting with a letter"),
        ("Cumulant", "solver name 'Cumulant' is malformed: small letters, digits and _, starting with a letter"),
        ("a b", "solver name 'a b' is malformed: small letters, digits and _, starting with a letter"),
        ("a:", "solver spec 'a:': '' is no name=value; write name:key=value,key=value"),
        ("a:order", "solver spec 'a:order': 'order' is no name=value; write name:key=value,key=value"),
        ("a:order=", "solver spec 'a:order=': 'order=' is no name=value; write name:key=value,key=value"),
        ("a:x=1,x=2", "solver spec 'a:x=1,x=2': 'x' is given twice; write name:key=value,key=value"),
        ("a:x==3", "solver spec 'a:x==3': '=3' needs double quotes: \"…\"; write name:key=value,key=value"),
        ("a:x=1e999", "solver spec 'a:x=1e999': '1e999' is not finite; write name:key=value,key=value"),
        ("a:x=[1", "solver spec 'a:x=[1': a bracket is not closed; write name:key=value,key=value"),
        ("a:x=1]", "solver spec 'a:x=1]': ']' closes nothing; write name:key=value,key=value"),
        ("a:name=b", "solver spec 'a:name=b': 'name' stands before the colon and is no option"),
        ("a:tier=Fast", "tier 'Fast' is malformed: small letters, digits and _, starting with a letter"),
        ("a:x=[[1]]", "solver 'a': option x is a list of lists: give a plain list"),
    ],
)
def test_a_malformed_text_is_refused_with_the_part_that_is_wrong(text, message):
    with pytest.raises(InvalidOptionError) as caught:
        Spec.parse(text)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Spec("a", x=float("nan")), "solver 'a': option x = nan is not finite"),
        (lambda: Spec("a", x=2**63), "solver 'a': option x is a whole number beyond 2^63"),
        (lambda: Spec("a", x=1j), "solver 'a': option x is a complex: give a number, text, bool or list of these"),
        (lambda: Spec("a", x={}), "solver 'a': option x is a dict: give a number, text, bool or list of these"),
        (lambda: Spec("a", _x=1), "solver 'a': '_x' is no name of an option: letters, digits and _"),
        (lambda: Spec("a", label=" "), "solver 'a': label = ' ' is no text of one line"),
        (lambda: Spec("a", label="x\ny"), "solver 'a': label = 'x\\ny' is no text of one line"),
        (lambda: Spec("a", tier=None), "tier None is malformed: small letters, digits and _, starting with a letter"),
        (lambda: Spec.coerce(3), "3 is no solver spec: give a name, a text such as 'cumulant:order=3' or a Spec"),
        (lambda: Spec.coerce({"order": 3}), "solver {'order': 3} has no 'name': write {name = 'cumulant', order = 3}"),
    ],
)
def test_a_value_of_another_kind_is_refused(make, message):
    with pytest.raises(InvalidOptionError) as caught:
        make()
    assert str(caught.value) == message


def test_specs_are_equal_by_content_whatever_the_order_and_number_type():
    assert Spec("a", x=1, y=2) == Spec("a", y=2, x=1)
    assert Spec("a", x=np.int64(1)) == Spec("a", x=1)
    assert Spec("a", x=(1, 2)) == Spec("a", x=[1, 2])
    assert Spec("a", label="a") == Spec("a")
    different = [Spec("a", x=1), Spec("a", x=1.0), Spec("a", x=True), Spec("a", x="1"), Spec("a"), Spec("a", label="b")]
    assert len(set(different)) == len(different)


def test_a_spec_is_frozen_and_its_options_are_copies():
    spec = Spec("a", levels=[1, 2])
    with pytest.raises(AttributeError):
        spec.name = "b"
    spec.options["levels"].append(3)
    spec.options["more"] = 1
    assert spec.options == {"levels": [1, 2]}


def test_replace_changes_what_is_named_only():
    spec = Spec("cumulant", order=2, tier="fast", label="two")
    assert spec.replace(order=3, label=None) == Spec("cumulant", order=3, tier="fast")
    assert spec.replace(name="other") == Spec("other", order=2, tier="fast", label="two")


def test_coerce_takes_texts_specs_and_tables():
    spec = Spec("cumulant", order=3)
    assert Spec.coerce(spec) is spec
    assert Spec.coerce("cumulant:order=3") == spec
    assert Spec.coerce({"name": "cumulant", "order": 3}) == spec


def test_importing_specs_and_scenarios_needs_neither_xarray_nor_numba():
    program = (
        "import sys, squeezebench.spec, squeezebench.scenario, squeezebench.reductions; "
        "print([name for name in ('xarray', 'numba', 'scipy', 'qutip', 'matplotlib') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
