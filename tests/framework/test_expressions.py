"""Numbers written as text."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from squeezebench import InvalidScenarioError
from squeezebench.expressions import FUNCTIONS, Names, evaluate, names_in

NAMES = {"N": 2000, "Gamma": 1.5, "gamma_s": 4.0, "chi": -1.0}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12/gamma_s", 3.0),
        ("pi/2", math.pi / 2),
        ("6/(N*Gamma)", 0.002),
        ("-chi", 1.0),
        ("2*N + 1", 4001),
        ("N/2", 1000.0),
        ("2**10", 1024),
        ("2**-1", 0.5),
        ("2**0.5", math.sqrt(2)),
        ("-2**2", -4),
        ("3**33", 3**33),
        ("sqrt(Gamma**2 + 4*chi**2)", 2.5),
        ("hypot(3, 4)", 5.0),
        ("max(1, N, 3)", 2000),
        ("min(0.5, chi)", -1.0),
        ("exp(log(3))", math.exp(math.log(3))),
        ("atan2(1, -1)", math.atan2(1, -1)),
        ("floor(2.7) + ceil(2.1) + round(2.6)", 8),
        ("abs(chi)", 1.0),
        (" 1e-3 ", 1e-3),
        ("\tN\n", 2000),
        (".5e1", 5.0),
        ("+3", 3),
        (7, 7),
        (0.25, 0.25),
        (-0.0, 0.0),
    ],
)
def test_an_expression_is_the_number_that_python_would_give(text, value):
    result = evaluate(text, NAMES)
    assert result == value
    assert type(result) is type(value)


def test_whole_numbers_stay_whole_up_to_what_a_float_holds_exactly():
    assert type(evaluate("2**53", {})) is int
    assert type(evaluate("2**53 + 1", {})) is float
    assert evaluate(10**30, {}) == 1e30


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("12/gama_s", "x = '12/gama_s': unknown name 'gama_s'; did you mean 'gamma_s'?"),
        ("sqr(2)", "x = 'sqr(2)': unknown function 'sqr'; did you mean 'sqrt'?"),
        ("1/0", "x = '1/0': division by zero"),
        ("1/(chi + 1)", "x = '1/(chi + 1)': division by zero"),
        ("0**-1", "x = '0**-1': a function or power has no real value here"),
        ("9**9**9", "x = '9**9**9': the result is too large"),
        ("exp(1e9)", "x = 'exp(1e9)': the result is too large"),
        ("1e308*10", "x = '1e308*10': the result is not finite; give a finite number"),
        ("inf", "x = 'inf': this is not finite; give a finite number"),
        ("-NaN", "x = '-NaN': this is not finite; give a finite number"),
        (math.inf, "x = inf: the result is not finite; give a finite number"),
        ("sqrt(-1)", "x = 'sqrt(-1)': a function or power has no real value here"),
        ("(-1)**0.5", "x = '(-1)**0.5': a function or power has no real value here"),
        ("sqrt()", "x = 'sqrt()': a function has the wrong number or kind of arguments"),
        ("max(1)", "x = 'max(1)': a function has the wrong number or kind of arguments"),
        ("sqrt", "x = 'sqrt': the result is no real number"),
        ("2 +", "x = '2 +': this is no well-formed expression"),
        ("007", "x = '007': this is no well-formed expression"),
        ("N.real", "x = 'N.real': this is no expression of numbers, names, + - * / ** and functions"),
        ("N[0]", "x = 'N[0]': this is no expression of numbers, names, + - * / ** and functions"),
        ("'a'", "x = \"'a'\": this is no expression of numbers, names, + - * / ** and functions"),
        ("1 if 2 else 3", "x = '1 if 2 else 3': this is no expression of numbers, names, + - * / ** and functions"),
        ("lambda", "x = 'lambda': this is no well-formed expression"),
        ("(1, 2)", "x = '(1, 2)': this is no expression of numbers, names, + - * / ** and functions"),
        ("1j", "x = '1j': this is no expression of numbers, names, + - * / ** and functions"),
        ("0x10", "x = '0x10': this is no expression of numbers, names, + - * / ** and functions"),
        ("True", "x = 'True': this is no expression of numbers, names, + - * / ** and functions"),
        ("sqrt(x=4)", "x = 'sqrt(x=4)': this is no expression of numbers, names, + - * / ** and functions"),
        ("", "x = '': this is no expression of numbers, names, + - * / ** and functions"),
        (True, "x = True: expected a number or an expression such as '12/gamma_s'"),
        (None, "x = None: expected a number or an expression such as '12/gamma_s'"),
        ([1], "x = [1]: expected a number or an expression such as '12/gamma_s'"),
        (2j, "x = 2j: expected a number or an expression such as '12/gamma_s'"),
    ],
)
def test_what_is_no_finite_number_is_refused_with_its_reason(text, message):
    with pytest.raises(InvalidScenarioError) as caught:
        evaluate(text, NAMES, "x")
    assert str(caught.value) == message


@pytest.mark.parametrize("text", ["-" * 299 + "1", "(" * 140 + "1" + ")" * 140, "1" + "+1" * 149, "9" * 299])
def test_deep_and_long_expressions_end_in_a_number_or_a_clear_error(text):
    try:
        value = evaluate(text, {})
    except InvalidScenarioError:
        return
    assert math.isfinite(value)


def test_an_expression_longer_than_any_formula_is_refused():
    with pytest.raises(InvalidScenarioError, match="at most 300 characters"):
        evaluate("1+" * 200 + "1", {})


ATOMS = [
    *FUNCTIONS,
    *NAMES,
    "pi",
    "1",
    "2.5",
    "1e300",
    "9",
    "0",
    "+",
    "-",
    "*",
    "/",
    "**",
    "(",
    ")",
    ",",
    " ",
    ".",
    "e",
]


@given(st.one_of(st.text(), st.lists(st.sampled_from(ATOMS), max_size=25).map("".join)))
def test_arbitrary_text_is_a_finite_number_or_an_invalid_scenario(text):
    try:
        value = evaluate(text, NAMES, "times.stop")
    except InvalidScenarioError as error:
        message = str(error)
    else:
        assert math.isfinite(value)
        message = "times.stop = "
    assert "\n" not in message
    assert message.startswith("times.stop = ")


def test_names_may_be_expressions_in_other_names_in_any_order():
    names = Names({"a": "2*b", "b": "c + 1", "c": 3}, "model", known={"c": 100, "d": 5})
    assert names["a"] == 8
    assert evaluate("a*d", names) == 40
    assert set(names) == {"a", "b", "c", "d", "pi"}


def test_names_that_depend_on_themselves_are_refused():
    with pytest.raises(InvalidScenarioError) as caught:
        evaluate("a", Names({"a": "b", "b": "1 + a"}, "model"))
    assert str(caught.value) == "model.a depends on itself: a → b → a"


def test_an_error_inside_a_name_says_where_that_name_stands():
    with pytest.raises(InvalidScenarioError) as caught:
        evaluate("a", Names({"a": "1/zero", "zero": 0}, "model"), "times.stop")
    assert str(caught.value) == "model.a = '1/zero': division by zero"


def test_names_in_finds_names_and_leaves_functions_out():
    assert names_in("6/(N*Gamma) + sqrt(pi)") == {"N", "Gamma", "pi"}
    assert names_in("no 'expression'") == set()
    assert names_in(3) == set()
