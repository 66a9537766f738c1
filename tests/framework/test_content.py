"""Canonical JSON, hashes and equality by content, the strict checks of values, and the errors."""

from __future__ import annotations

import json
import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import squeezebench as sb
from squeezebench.content import canonical_json, content_hash, to_plain, without_labels
from squeezebench.validate import finite_float, half_integer, hermitian_matrix, positive_int, rate, real_vector

plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(plain)
def test_canonical_json_reads_back_as_the_same_value(value):
    assert json.loads(canonical_json(value)) == value


@given(st.dictionaries(st.text(), plain))
def test_canonical_json_does_not_depend_on_the_order_of_keys(table):
    assert canonical_json(dict(reversed(table.items()))) == canonical_json(table)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float64(0.1), 0.1),
        (np.int32(3), 3),
        (np.bool_(True), True),
        (-0.0, 0.0),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
        (math.nan, "nan"),
        (1 - 2j, {"re": 1.0, "im": -2.0}),
        (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
        ((1, (2, "a")), [1, [2, "a"]]),
        ({"b", "a"}, ["a", "b"]),
        ({1: None}, {"1": None}),
        (sb.DickeState(1, 0), {"type": "dicke", "J": 1.0, "M": 0.0}),
    ],
)
def test_values_become_plain_without_loss(value, expected):
    assert to_plain(value) == expected
    assert type(to_plain(value)) is type(expected)


def test_minus_zero_is_zero():
    assert canonical_json(-0.0) == "0.0"
    assert content_hash({"x": -0.0}) == content_hash({"x": 0.0})


def test_what_has_no_json_form_is_refused():
    with pytest.raises(TypeError, match="object has no JSON form"):
        to_plain(object())


def test_the_hash_is_the_sha256_of_the_canonical_json():
    """Stored results are found by this hash, so it must stay what it is."""
    assert canonical_json({"b": [1, 2.5, None], "a": "é"}) == '{"a":"\\u00e9","b":[1,2.5,null]}'
    assert content_hash({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


def test_labels_are_no_content():
    model = sb.SpinModel(N=3, rate_unit="1/s").to_dict()
    problem = sb.Problem(sb.SpinModel(N=3, rate_unit="1/s"), times=[0]).to_dict()
    assert without_labels(model) == sb.SpinModel(N=3).to_dict()
    assert without_labels(problem) == sb.Problem(sb.SpinModel(N=3), times=[0]).to_dict()
    assert without_labels([model]) == [sb.SpinModel(N=3).to_dict()]


def test_objects_of_different_kinds_are_never_equal():
    assert sb.SpinModel(N=3) != sb.DickeState(1, 0)
    assert (sb.SpinModel(N=3) == 3) is False


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_finite_floats_pass_unchanged(value):
    assert finite_float(value, "x") == value


@pytest.mark.parametrize(
    ("check", "value", "message"),
    [
        (positive_int, np.True_, "x = np.True_ is no whole number"),
        (positive_int, 1.0, "x = 1.0 is no whole number"),
        (finite_float, "1", "x = '1' is no real number"),
        (finite_float, np.array([1.0]), r"x = array\(\[1.\]\) is no real number"),
        (rate, -1e-300, "x = -1e-300 is negative"),
        (half_integer, 0.25, "x = 0.25 is no multiple of 1/2"),
        (real_vector, (1, 2, 3, 4), "x has 4 entries"),
        (real_vector, np.eye(3), r"x\[x\] = \[1.0, 0.0, 0.0\] is no real number"),
        (hermitian_matrix, "abc", "x = 'abc' is no 3x3 matrix"),
        (hermitian_matrix, np.zeros(9), r"x has shape \(9,\)"),
    ],
)
def test_checks_name_what_they_refuse(check, value, message):
    with pytest.raises(sb.InvalidModelError, match=message):
        check(value, "x")


def test_a_transposed_matrix_is_one_too():
    matrix = np.array([[1, 0.2j, 0], [-0.2j, 1, 0], [0, 0, 0.5]])
    assert np.array_equal(hermitian_matrix(matrix.T, "x"), matrix.T)


def test_round_off_of_a_symmetric_matrix_is_mended():
    matrix = hermitian_matrix([[1, 1e-12, 0], [0, 1, 0], [0, 0, 1]], "x")
    np.testing.assert_array_equal(matrix, matrix.conj().T)


def test_messages_are_one_line_whatever_value_they_show():
    with pytest.raises(sb.InvalidModelError) as caught:
        sb.SpinModel(N=np.eye(3))
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("N = array([[1., 0., 0.], [0., 1., 0.], [0., 0., 1.]]) is no whole number")


@pytest.mark.parametrize("error", [sb.InvalidModelError("a  b\nc"), sb.SolverError("late", status="timeout")])
def test_errors_survive_a_trip_to_another_process(error):
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again) == vars(error)


def test_every_error_has_one_base_class():
    names = [name for name in sb.__all__ if name.endswith("Error")]
    assert len(names) > 8
    assert all(issubclass(getattr(sb, name), sb.SqueezebenchError) for name in names)
    assert issubclass(sb.InvalidModelError, ValueError)
    assert issubclass(sb.UnknownSolverError, LookupError)
    assert issubclass(sb.SteadyStateNotUniqueError, sb.SolverError)
