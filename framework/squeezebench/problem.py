"""One point: a model (or a schedule of models and rotations), a start and the times to report."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from .content import Content
from .errors import InvalidModelError
from .model import SpinModel
from .states import CoherentSpinState, State, state_from_dict
from .validate import finite_float, nearest, real_vector

__all__ = ["Problem", "Rotation", "Segment", "Step"]

#: Times this close (relative to the schedule's length) to a segment's end count as that end.
_TIME_TOLERANCE = 1e-12

_AXES = {"x": (1.0, 0.0, 0.0), "y": (0.0, 1.0, 0.0), "z": (0.0, 0.0, 1.0)}


@dataclass(frozen=True, eq=False)
class Segment(Content):
    """A stretch of a schedule under one model.

    Parameters
    ----------
    model : SpinModel
        What acts.
    duration : float
        For how long, > 0, in the inverse of the model's rate unit.
    """

    model: Any
    duration: float

    def __post_init__(self) -> None:
        _check_model(self.model)
        object.__setattr__(self, "duration", finite_float(self.duration, "duration"))
        if self.duration <= 0:
            raise InvalidModelError(f"duration = {self.duration!r} of a segment must be more than 0")

    def to_dict(self) -> dict[str, Any]:
        """Content as plain JSON types."""
        return {"type": "segment", "model": self.model.to_dict(), "duration": self.duration}


@dataclass(frozen=True, eq=False)
class Rotation(Content):
    """An instantaneous collective rotation exp(−i·angle·n·J): the Bloch vector turns about n by +angle.

    Parameters
    ----------
    axis : {"x", "y", "z"} or (float, float, float)
        n; a vector is normalised.
    angle : float
        Radians, right-handed.
    """

    axis: Any
    angle: float

    def __post_init__(self) -> None:
        axis = self.axis
        if isinstance(axis, str):
            if axis not in _AXES:
                raise InvalidModelError(f"axis = {axis!r} of a rotation: give 'x', 'y', 'z' or a vector")
            axis = _AXES[axis]
        axis = real_vector(axis, "axis")
        length = math.hypot(*axis)
        if length == 0:
            raise InvalidModelError("axis = (0, 0, 0) of a rotation has no direction")
        object.__setattr__(self, "axis", tuple(value / length for value in axis))
        object.__setattr__(self, "angle", finite_float(self.angle, "angle"))

    @property
    def matrix(self) -> NDArray[np.float64]:
        """Rotation matrix of the Bloch vector, shape (3, 3) (Rodrigues)."""
        x, y, z = self.axis
        cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
        return np.asarray(np.eye(3) + math.sin(self.angle) * cross + (1 - math.cos(self.angle)) * (cross @ cross))

    def to_dict(self) -> dict[str, Any]:
        """Content as plain JSON types."""
        return {"type": "rotation", "axis": list(self.axis), "angle": self.angle}


@dataclass(frozen=True)
class Step:
    """What a solver does next: apply the rotations, then evolve from `start` to `stop`, saving on the way.

    Attributes
    ----------
    model : SpinModel
        What acts from `start` to `stop`.
    start, stop : float
        Times; equal for a step that only rotates and reports.
    rotations : tuple of Rotation
        To apply at `start`, in this order, before anything is saved.
    first, last : int
        The step saves ``problem.times[first:last]``; a time at a boundary belongs to the later step.
    times : ndarray (last − first,)
        Those times.
    """

    model: Any
    start: float
    stop: float
    rotations: tuple[Rotation, ...]
    first: int
    last: int
    times: NDArray[np.float64]

    @property
    def rotation_matrix(self) -> NDArray[np.float64]:
        """All rotations as one rotation of the Bloch vector, shape (3, 3); the identity if there are none."""
        matrix = np.eye(3)
        for rotation in self.rotations:
            matrix = rotation.matrix @ matrix
        return matrix


class Problem(Content):
    """A model, an initial state and the times at which to report.

    Parameters
    ----------
    model : SpinModel, optional
        What acts all the time; or give `schedule`.
    initial : State, optional
        The start; the coherent state along −x by default.
    times : array_like (T,)
        Starting at 0 and increasing, in the inverse of the model's rate unit. ``[inf]`` asks for the steady state that
        the start leads to.
    schedule : sequence of Segment and Rotation, optional
        Instead of `model`: stretches under constant models, and collective rotations between them.

    Raises
    ------
    InvalidModelError
        If an entry is of the wrong kind, the times do not increase, or the schedule ends before the last time.

    Examples
    --------
    >>> import numpy as np
    >>> import squeezebench as sb
    >>> model = sb.SpinModel.driven_cavity(N=100, upsilon_ratio=0.9, gamma_s=4.0)
    >>> problem = sb.Problem(model, sb.CoherentSpinState(), times=np.linspace(0, 0.25, 6))
    >>> sb.Problem.from_json(problem.to_json()) == problem
    True
    """

    def __init__(
        self,
        model: Any = None,
        initial: State | None = None,
        times: Any = None,
        *,
        schedule: Sequence[Segment | Rotation] | None = None,
    ) -> None:
        if (model is None) == (schedule is None):
            raise InvalidModelError("a problem needs either a model or a schedule")
        if initial is None:
            initial = CoherentSpinState()
        if not isinstance(initial, State):
            raise InvalidModelError(f"initial = {initial!r} is no state: give a CoherentSpinState, DickeState, …")
        if times is None:
            raise InvalidModelError("a problem needs times: an increasing array that starts at 0")
        self._times = _checked_times(times)
        self._schedule = None if schedule is None else _checked_schedule(schedule)
        if self._schedule is None:
            _check_model(model)
            self._model = model
        else:
            self._model = next(entry.model for entry in self._schedule if isinstance(entry, Segment))
            if self.is_steady:
                raise InvalidModelError("a schedule has no steady state: give finite times")
            total = sum(entry.duration for entry in self._schedule if isinstance(entry, Segment))
            if self._times[-1] > total * (1 + _TIME_TOLERANCE):
                raise InvalidModelError(f"the last time, {self._times[-1]:g}, is after the schedule's end at {total:g}")
        self._initial = initial
        self._initial_state = initial.resolve(self._model)

    # ---------------------------------------------------------------- parts

    @property
    def model(self) -> Any:
        """The model; of a schedule, the first segment's."""
        return self._model

    @property
    def N(self) -> int:
        """Number of spins."""
        return int(self._model.N)

    @property
    def initial(self) -> State:
        """The start, as given."""
        return self._initial

    @property
    def initial_state(self) -> State:
        """The start, with what depends on the model filled in."""
        return self._initial_state

    @property
    def times(self) -> NDArray[np.float64]:
        """The times to report, shape (T,), read-only."""
        return self._times

    @property
    def schedule(self) -> tuple[Segment | Rotation, ...] | None:
        """The schedule, or None for a plain problem."""
        return self._schedule

    @property
    def is_plain(self) -> bool:
        """Whether one model acts all the time."""
        return self._schedule is None

    @property
    def is_steady(self) -> bool:
        """Whether the steady state is asked for (times = [inf])."""
        return bool(np.isinf(self._times[-1]))

    def segments(self) -> tuple[Step, ...]:
        """The steps of a solver, in order; a plain problem has one.

        Returns
        -------
        tuple of Step
            Every time to report belongs to exactly one step. The value at a rotation's time is the one after it.
        """
        return self._steps

    @cached_property
    def _steps(self) -> tuple[Step, ...]:
        times = self._times
        if self._schedule is None:
            return (Step(self._model, 0.0, float(times[-1]), (), 0, len(times), times),)
        stretches: list[tuple[Any, float, float, tuple[Rotation, ...]]] = []
        pending: list[Rotation] = []
        now, model = 0.0, self._model
        for entry in self._schedule:
            if isinstance(entry, Rotation):
                pending.append(entry)
            else:
                model = entry.model
                stretches.append((model, now, now + entry.duration, tuple(pending)))
                pending, now = [], now + entry.duration
        if pending:
            stretches.append((model, now, now, tuple(pending)))
        tolerance = _TIME_TOLERANCE * now
        firsts = [int(np.searchsorted(times, start - tolerance)) for _, start, _, _ in stretches]
        firsts[0] = 0
        lasts = [*firsts[1:], len(times)]
        return tuple(
            Step(model, start, stop, rotations, first, last, np.clip(times[first:last], start, stop))
            for (model, start, stop, rotations), first, last in zip(stretches, firsts, lasts, strict=True)
        )

    def models_at_times(self) -> list[Any]:
        """The model that acts at (just after) each of the times, length T."""
        return [step.model for step in self.segments() for _ in range(step.last - step.first)]

    # ---------------------------------------------------------------- content

    def to_dict(self) -> dict[str, Any]:
        """Content as plain JSON types."""
        data: dict[str, Any] = {"type": "problem", "initial": self._initial.to_dict()}
        if self._schedule is None:
            data["model"] = self._model.to_dict()
        else:
            data["schedule"] = [entry.to_dict() for entry in self._schedule]
        data["times"] = ["inf"] if self.is_steady else self._times.tolist()
        return data

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Problem of the given content; the inverse of `to_dict`."""
        if not isinstance(data, dict):
            raise InvalidModelError(f"a problem is a table, not {data!r}")
        for key in data:
            if key not in {"type", "initial", "model", "schedule", "times"}:
                known = ["initial", "model", "schedule", "times"]
                raise InvalidModelError(f"unknown entry {key!r} of a problem{nearest(key, known)}")
        model = None if "model" not in data else model_from_dict(data["model"])
        schedule = None
        if "schedule" in data:
            entries = data["schedule"]
            if not isinstance(entries, list):
                raise InvalidModelError(f"schedule = {entries!r} is no list of segments and rotations")
            schedule = [_entry_from_dict(entry) for entry in entries]
        initial = state_from_dict(data["initial"]) if "initial" in data else None
        times = data.get("times")
        steady = isinstance(times, list) and times == ["inf"]
        return cls(model, initial, [math.inf] if steady else times, schedule=schedule)

    def __repr__(self) -> str:
        what = f"{self._model!r}" if self._schedule is None else f"schedule={list(self._schedule)!r}"
        return f"Problem({what}, initial={self._initial!r}, times={self._times[0]:g} … {self._times[-1]:g})"


#: JSON `type` → model class; a plugin that brings a model type of its own adds it here with `register_model_type`.
_MODEL_TYPES: dict[str, Any] = {"spin_model": SpinModel}


def register_model_type(name: str, model_type: Any) -> None:
    """Let problems of a plugin's own model type be read back from JSON.

    Parameters
    ----------
    name : str
        The ``type`` entry that the model's ``to_dict`` writes.
    model_type : type
        Has ``N``, ``to_dict`` and ``from_dict``.
    """
    taken = _MODEL_TYPES.get(name)
    if taken is not None and taken is not model_type:
        raise InvalidModelError(f"the model type {name!r} is taken by {taken.__module__}.{taken.__qualname__}")
    _MODEL_TYPES[name] = model_type


def model_from_dict(data: Any) -> Any:
    """Model of the given content, of whichever registered type it names."""
    if not isinstance(data, dict):
        raise InvalidModelError(f"a model is a table, not {data!r}")
    kind = data.get("type", "spin_model")
    if not isinstance(kind, str) or kind not in _MODEL_TYPES:
        raise InvalidModelError(f"unknown type of model {kind!r}{nearest(str(kind), _MODEL_TYPES)}")
    return _MODEL_TYPES[kind].from_dict(data)


def _entry_from_dict(data: Any) -> Segment | Rotation:
    kind = data.get("type") if isinstance(data, dict) else None
    try:
        if kind == "segment":
            return Segment(model_from_dict(data["model"]), data["duration"])
        if kind == "rotation":
            return Rotation(data["axis"], data["angle"])
    except KeyError as error:
        raise InvalidModelError(f"a {kind} needs an entry {error}") from error
    raise InvalidModelError(f"a schedule's entry has type 'segment' or 'rotation', not {kind!r}")


def _check_model(model: Any) -> None:
    if not isinstance(model, tuple(_MODEL_TYPES.values())):
        raise InvalidModelError(f"model = {model!r} is no SpinModel")


def _checked_schedule(schedule: Any) -> tuple[Segment | Rotation, ...]:
    if isinstance(schedule, str) or not isinstance(schedule, Iterable):
        raise InvalidModelError(f"schedule = {schedule!r} is no list of Segment and Rotation")
    entries = tuple(np.atleast_1d(schedule)) if isinstance(schedule, np.ndarray) else tuple(schedule)
    for entry in entries:
        if not isinstance(entry, Segment | Rotation):
            raise InvalidModelError(f"a schedule holds Segment and Rotation, not {entry!r}")
    models = [entry.model for entry in entries if isinstance(entry, Segment)]
    if not models:
        raise InvalidModelError("a schedule needs at least one Segment")
    if len({model.N for model in models}) > 1:
        raise InvalidModelError(f"the segments have different N: {sorted({model.N for model in models})}")
    if len({type(model) for model in models}) > 1:
        raise InvalidModelError("the segments have models of different types")
    return entries


def _checked_times(times: Any) -> NDArray[np.float64]:
    try:
        raw = np.asarray(times)
        if raw.dtype.kind not in "iuf":
            raise TypeError
        array = np.array(raw, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidModelError(
            f"times = {times!r} are no numbers: give an increasing array that starts at 0"
        ) from error
    if array.ndim != 1 or array.size == 0:
        raise InvalidModelError(f"times have shape {array.shape}: give a one-dimensional array of at least one time")
    array.flags.writeable = False
    if array.size == 1 and np.isposinf(array[0]):
        return array
    if not np.isfinite(array).all():
        raise InvalidModelError("times are not all finite; the steady state alone is times = [inf]")
    if array[0] != 0:
        raise InvalidModelError(f"times start at {array[0]:g}: they must start at 0, where the initial state is")
    steps = np.diff(array)
    if (steps <= 0).any():
        k = int(np.argmax(steps <= 0))
        raise InvalidModelError(f"times do not increase: times[{k + 1}] = {array[k + 1]:g} after {array[k]:g}")
    return array
