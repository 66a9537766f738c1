"""Problems: validation, content, and which times and rotations belong to which step of a schedule."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import squeezebench as sb
from squeezebench import model_types
from squeezebench.problem import model_from_dict, register_model_type

DRIVEN = sb.SpinModel.driven_cavity(N=4, upsilon_ratio=0.9, gamma_s=1.0)
DARK = sb.SpinModel(N=4, collective_emission=1.0)
QUARTER = sb.Rotation("x", math.pi / 2)


def scheduled(schedule, times):
    return sb.Problem(schedule=schedule, times=times)


def shape(problem):
    """(model, start, stop, number of rotations, times) of each step."""
    return [
        (step.model, step.start, step.stop, len(step.rotations), step.times.tolist()) for step in problem.segments()
    ]


# ---------------------------------------------------------------- steps


def test_a_plain_problem_has_one_step():
    problem = sb.Problem(DRIVEN, times=[0, 1, 3])
    assert shape(problem) == [(DRIVEN, 0.0, 3.0, 0, [0, 1, 3])]
    assert problem.is_plain
    assert not problem.is_steady
    assert problem.models_at_times() == [DRIVEN] * 3


def test_a_time_at_a_boundary_belongs_to_the_later_step():
    problem = scheduled([sb.Segment(DRIVEN, 1), sb.Segment(DARK, 2)], [0, 1, 2, 3])
    assert shape(problem) == [(DRIVEN, 0, 1, 0, [0]), (DARK, 1, 3, 0, [1, 2, 3])]
    assert problem.models_at_times() == [DRIVEN, DARK, DARK, DARK]
    assert not problem.is_plain
    assert problem.model is DRIVEN


def test_the_value_at_a_rotation_is_the_one_after_it():
    problem = scheduled([sb.Segment(DRIVEN, 1), QUARTER, sb.Segment(DARK, 1)], [0, 1, 2])
    first, second = problem.segments()
    assert (first.rotations, second.rotations) == ((), (QUARTER,))
    assert (first.times.tolist(), second.times.tolist()) == ([0], [1, 2])


def test_a_rotation_at_the_start_comes_before_the_first_value():
    (step,) = scheduled([QUARTER, sb.Segment(DRIVEN, 1)], [0, 1]).segments()
    assert step.rotations == (QUARTER,)
    assert step.times.tolist() == [0, 1]


def test_a_rotation_at_the_end_makes_a_step_that_only_rotates_and_reports():
    problem = scheduled([sb.Segment(DRIVEN, 1), QUARTER], [0, 1])
    assert shape(problem) == [(DRIVEN, 0, 1, 0, [0]), (DRIVEN, 1, 1, 1, [1])]


def test_a_segment_between_two_times_has_nothing_to_report_and_still_acts():
    problem = scheduled([sb.Segment(DRIVEN, 1), sb.Segment(DARK, 0.5), sb.Segment(DRIVEN, 1)], [0, 2])
    assert shape(problem) == [(DRIVEN, 0, 1, 0, [0]), (DARK, 1, 1.5, 0, []), (DRIVEN, 1.5, 2.5, 0, [2])]


def test_times_that_miss_a_boundary_by_round_off_are_at_it():
    """0.1 + 0.2 is not 0.3: the time 0.3 is the end of the second segment all the same, and never outside its step."""
    problem = scheduled([sb.Segment(DRIVEN, 0.1), sb.Segment(DRIVEN, 0.2), QUARTER, sb.Segment(DARK, 1)], [0, 0.3, 1.3])
    _, second, third = problem.segments()
    assert second.times.tolist() == []
    assert third.times[0] == third.start == 0.1 + 0.2
    assert third.times[1] == third.stop


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.one_of(st.floats(0.01, 3), st.just(None)), min_size=1, max_size=8),
    st.lists(st.floats(0.001, 1), max_size=10),
)
def test_every_time_belongs_to_exactly_one_step(entries, fractions):
    durations = [entry for entry in entries if entry is not None] or [1.0]
    schedule = [QUARTER if entry is None else sb.Segment(DRIVEN, entry) for entry in entries]
    if all(entry is None for entry in entries):
        schedule.append(sb.Segment(DRIVEN, 1.0))
    boundaries = np.cumsum(durations)
    times = np.unique([0.0, *boundaries, *(f * boundaries[-1] for f in fractions)])
    problem = scheduled(schedule, times)
    steps = problem.segments()
    assert [step.first for step in steps] == [0, *(step.last for step in steps[:-1])]
    assert steps[-1].last == len(times)
    assert sum(len(step.rotations) for step in steps) == sum(entry is None for entry in entries)
    for step, following in itertools.pairwise(steps):
        assert step.stop == following.start
    for step in steps:
        assert ((step.times >= step.start) & (step.times <= step.stop)).all()
        np.testing.assert_allclose(step.times, times[step.first : step.last], rtol=1e-11)


def test_the_last_time_may_miss_the_end_of_the_schedule_by_round_off_only():
    schedule = [sb.Segment(DRIVEN, 0.1)] * 3
    assert scheduled(schedule, [0, 0.3]).segments()[-1].times[-1] <= 0.1 + 0.1 + 0.1
    with pytest.raises(sb.InvalidModelError, match=r"the last time, 0.31, is after the schedule's end at 0.3"):
        scheduled(schedule, [0, 0.31])


# ---------------------------------------------------------------- rotations


@pytest.mark.parametrize("axis", ["x", "y", "z", (1.0, -2.0, 0.5)])
@pytest.mark.parametrize("angle", [-1.3, 0.0, np.pi, 7.0])
def test_a_rotation_turns_the_bloch_vector_as_its_unitary_does(axis, angle):
    """exp(−iθ n·σ/2) σ_b exp(iθ n·σ/2) = Σ_a R_ab σ_a."""
    from scipy.linalg import expm

    pauli = [np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]]), np.diag([1, -1])]
    rotation = sb.Rotation(axis, angle)
    unitary = expm(-0.5j * angle * sum(n * s for n, s in zip(rotation.axis, pauli, strict=True)))
    for b in range(3):
        turned = unitary @ pauli[b] @ unitary.conj().T
        expected = [np.trace(s @ turned).real / 2 for s in pauli]
        np.testing.assert_allclose(rotation.matrix[:, b], expected, atol=1e-14)


def test_rotations_are_applied_in_the_order_of_the_schedule():
    schedule = [sb.Rotation("y", np.pi / 2), sb.Rotation("z", np.pi / 2), sb.Segment(DRIVEN, 1)]
    (step,) = scheduled(schedule, [0]).segments()
    np.testing.assert_allclose(step.rotation_matrix @ [0, 0, 1], [0, 1, 0], atol=1e-15)


def test_rotation_matrix_of_a_step_without_rotations_is_the_identity():
    (step,) = sb.Problem(DRIVEN, times=[0]).segments()
    np.testing.assert_array_equal(step.rotation_matrix, np.eye(3))


# ---------------------------------------------------------------- validation


@pytest.mark.parametrize(
    ("times", "message"),
    [
        (None, "needs times"),
        ("0, 1", "times = '0, 1' are no numbers"),
        ([True, False], "are no numbers"),
        ([0, 1j], "are no numbers"),
        ([0, "1"], "are no numbers"),
        ([[0, 1], [2]], "are no numbers"),
        ([], r"times have shape \(0,\)"),
        (0.0, r"times have shape \(\)"),
        ([[0, 1]], r"times have shape \(1, 2\)"),
        ([1, 2], "times start at 1"),
        ([0, 1, 1], r"times\[2\] = 1 after 1"),
        ([0, 2, 1], r"times\[2\] = 1 after 2"),
        ([0, np.nan], "not all finite"),
        ([0, np.inf], "not all finite"),
        ([-np.inf], "not all finite"),
    ],
)
def test_times_start_at_zero_and_increase(times, message):
    with pytest.raises(sb.InvalidModelError, match=message):
        sb.Problem(DRIVEN, times=times)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "either a model or a schedule"),
        ({"model": DRIVEN, "schedule": [sb.Segment(DRIVEN, 1)]}, "either a model or a schedule"),
        ({"model": "DRIVEN"}, "model = 'DRIVEN' is no SpinModel"),
        ({"model": DRIVEN, "initial": "x"}, "initial = 'x' is no state"),
        ({"model": DRIVEN, "initial": sb.DickeState(1.5, 0.5)}, "J = 1.5 is no total spin of N = 4"),
        ({"schedule": 3}, "schedule = 3 is no list"),
        ({"schedule": "abc"}, "schedule = 'abc' is no list"),
        ({"schedule": [DRIVEN]}, "holds Segment and Rotation"),
        ({"schedule": []}, "needs at least one Segment"),
        ({"schedule": [QUARTER]}, "needs at least one Segment"),
        ({"schedule": [sb.Segment(DRIVEN, 1), sb.Segment(sb.SpinModel(N=5), 1)]}, r"different N: \[4, 5\]"),
        ({"schedule": [sb.Segment(DRIVEN, 0.5)]}, "the last time, 1, is after the schedule's end at 0.5"),
    ],
)
def test_problems_that_say_nothing_or_too_much_are_refused(arguments, message):
    with pytest.raises(sb.InvalidModelError, match=message):
        sb.Problem(**arguments, times=[0, 1])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: sb.Segment(DRIVEN, 0), "duration = 0.0 of a segment"),
        (lambda: sb.Segment(DRIVEN, -1), "duration = -1.0 of a segment"),
        (lambda: sb.Segment(DRIVEN, math.inf), "duration = inf is not finite"),
        (lambda: sb.Segment(DRIVEN, "1"), "duration = '1' is no real number"),
        (lambda: sb.Segment("m", 1), "model = 'm' is no SpinModel"),
        (lambda: sb.Rotation("w", 1), "axis = 'w' of a rotation"),
        (lambda: sb.Rotation((0, 0, 0), 1), "has no direction"),
        (lambda: sb.Rotation((0, 1), 1), "axis has 2 entries"),
        (lambda: sb.Rotation("x", math.nan), "angle = nan is not finite"),
        (lambda: sb.Rotation("x", True), "angle = True is no real number"),
    ],
)
def test_entries_of_a_schedule_are_checked(make, message):
    with pytest.raises(sb.InvalidModelError, match=message):
        make()


def test_the_times_cannot_be_changed():
    given = np.array([0.0, 1.0])
    problem = sb.Problem(DRIVEN, times=given)
    given[1] = 5
    assert problem.times.tolist() == [0, 1]
    with pytest.raises(ValueError, match="read-only"):
        problem.times[1] = 5


def test_infinity_alone_asks_for_the_steady_state():
    problem = sb.Problem(DRIVEN, times=[np.inf])
    assert problem.is_steady
    with pytest.raises(sb.InvalidModelError, match="a schedule has no steady state"):
        sb.Problem(schedule=[sb.Segment(DRIVEN, 1)], times=[np.inf])


def test_the_start_is_along_minus_x_unless_said_otherwise():
    assert sb.Problem(DRIVEN, times=[0]).initial_state.bloch_vector().tolist() == [-1, 0, 0]


# ---------------------------------------------------------------- content

PROBLEMS = [
    sb.Problem(DRIVEN, times=np.linspace(0, 0.7, 11)),
    sb.Problem(DRIVEN, sb.MeanFieldSteadyState(), times=[0, 1 / 3]),
    sb.Problem(DARK, sb.DickeState(1, -1), times=[np.inf]),
    scheduled([sb.Segment(DRIVEN, 0.11), sb.Rotation((1, 2, 3), 0.3), sb.Segment(DARK, 1.0)], [0, 0.5]),
]


@pytest.mark.parametrize("problem", PROBLEMS)
def test_json_keeps_every_bit(problem):
    again = sb.Problem.from_json(problem.to_json())
    assert again == problem
    assert hash(again) == hash(problem)
    assert again.content_hash() == problem.content_hash()
    assert again.times.tolist() == problem.times.tolist()
    assert shape(again) == shape(problem)
    assert sb.Problem.from_json(problem.to_json(indent=2)) == problem


def test_problems_differ_by_model_start_times_and_schedule():
    assert len({problem.content_hash() for problem in PROBLEMS}) == len(PROBLEMS)
    base = sb.Problem(DRIVEN, times=[0, 1])
    assert base == sb.Problem(DRIVEN, sb.CoherentSpinState(), times=np.array([0, 1]))
    assert base != sb.Problem(DRIVEN, times=[0, 1 + 1e-15])
    assert base != sb.Problem(DARK, times=[0, 1])
    assert base != sb.Problem(DRIVEN, sb.CoherentSpinState(0.0), times=[0, 1])
    assert base != scheduled([sb.Segment(DRIVEN, 1)], [0, 1])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([1], r"a problem is a table, not \[1\]"),
        ({"modle": {}}, "did you mean 'model'"),
        ({"model": {"N": 3}}, "needs times"),
        ({"model": 3, "times": [0]}, "a model is a table, not 3"),
        ({"model": {"type": "spin_modell", "N": 3}, "times": [0]}, "did you mean 'spin_model'"),
        ({"schedule": {}, "times": [0]}, "is no list of segments and rotations"),
        ({"schedule": [{"type": "segment"}], "times": [0]}, "a segment needs an entry 'model'"),
        ({"schedule": [{"type": "rotation", "axis": "x"}], "times": [0]}, "a rotation needs an entry 'angle'"),
        ({"schedule": [{"type": "pulse"}], "times": [0]}, "has type 'segment' or 'rotation', not 'pulse'"),
    ],
)
def test_content_that_is_no_problem_is_refused(data, message):
    with pytest.raises(sb.InvalidModelError, match=message):
        sb.Problem.from_dict(data)


@pytest.mark.parametrize("text", ["{", "[1, 2]", "3"])
def test_text_that_is_no_json_object_is_refused(text):
    with pytest.raises(sb.InvalidModelError, match="JSON"):
        sb.Problem.from_json(text)


# ---------------------------------------------------------------- model types of plugins


class OtherModel:
    """The least that a model of a plugin has."""

    def __init__(self, N=2):
        self.N = N

    def to_dict(self):
        return {"type": "other_model", "N": self.N}

    @classmethod
    def from_dict(cls, data):
        return cls(data["N"])


@pytest.fixture
def _registered(monkeypatch):
    monkeypatch.setattr(model_types, "_MODEL_TYPES", dict(model_types._MODEL_TYPES))
    register_model_type("other_model", OtherModel)


@pytest.mark.usefixtures("_registered")
def test_problems_of_a_registered_model_type_are_read_back():
    problem = sb.Problem(OtherModel(3), times=[0, 1])
    again = sb.Problem.from_json(problem.to_json())
    assert isinstance(again.model, OtherModel)
    assert again == problem
    register_model_type("other_model", OtherModel)  # again is no conflict


@pytest.mark.usefixtures("_registered")
def test_the_segments_of_a_schedule_have_one_type_of_model():
    with pytest.raises(sb.InvalidModelError, match="different types"):
        scheduled([sb.Segment(OtherModel(4), 1), sb.Segment(DARK, 1)], [0])


@pytest.mark.usefixtures("_registered")
def test_the_name_of_a_model_type_is_taken_once():
    with pytest.raises(sb.InvalidModelError, match=r"the model type 'other_model' is taken by .*OtherModel"):
        register_model_type("other_model", type("Another", (), {}))


def test_a_model_type_that_is_not_registered_is_refused():
    with pytest.raises(sb.InvalidModelError, match="is no SpinModel"):
        sb.Problem(OtherModel(3), times=[0])
    with pytest.raises(sb.InvalidModelError, match="unknown type of model 'other_model'"):
        model_from_dict({"type": "other_model", "N": 3})


def test_a_model_without_a_type_is_a_spin_model():
    assert model_from_dict({"N": 3}) == sb.SpinModel(N=3)
