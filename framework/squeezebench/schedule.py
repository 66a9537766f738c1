"""Piecewise-constant schedules: segments under one model each, and collective rotations between them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .content import Content
from .errors import InvalidModelError
from .model_types import check_model, model_from_dict
from .validate import finite_float, real_vector, shown

__all__ = ["TIME_TOLERANCE", "Rotation", "Segment", "Step", "checked_schedule", "entry_from_dict", "steps_of"]

#: Times this close (relative to the schedule's length) to a segment's end count as that end.
TIME_TOLERANCE = 1e-12

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
        check_model(self.model)
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
                raise InvalidModelError(f"axis = {shown(axis)} of a rotation: give 'x', 'y', 'z' or a vector")
            axis = _AXES[axis]
        axis = real_vector(axis, "axis")
        length = math.hypot(*axis)
        if length == 0:
            raise InvalidModelError("axis = (0, 0, 0) of a rotation has no direction")
        if abs(length - 1) > 1e-15:  # a unit vector stays as it is, bit by bit, so that content reads back as the same
            axis = (axis[0] / length, axis[1] / length, axis[2] / length)
        object.__setattr__(self, "axis", axis)
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


def steps_of(schedule: tuple[Segment | Rotation, ...], times: NDArray[np.float64]) -> tuple[Step, ...]:
    """Steps of a schedule; every one of `times` belongs to exactly one of them."""
    stretches: list[tuple[Any, float, float, tuple[Rotation, ...]]] = []
    pending: list[Rotation] = []
    now, model = 0.0, next(entry.model for entry in schedule if isinstance(entry, Segment))
    for entry in schedule:
        if isinstance(entry, Rotation):
            pending.append(entry)
        else:
            model = entry.model
            stretches.append((model, now, now + entry.duration, tuple(pending)))
            pending, now = [], now + entry.duration
    if pending:
        stretches.append((model, now, now, tuple(pending)))
    tolerance = TIME_TOLERANCE * now
    firsts = [int(np.searchsorted(times, start - tolerance)) for _, start, _, _ in stretches]
    firsts[0] = 0
    lasts = [*firsts[1:], len(times)]
    return tuple(
        Step(model, start, stop, rotations, first, last, np.clip(times[first:last], start, stop))
        for (model, start, stop, rotations), first, last in zip(stretches, firsts, lasts, strict=True)
    )


def checked_schedule(schedule: Any) -> tuple[Segment | Rotation, ...]:
    """Entries of a schedule, if they can be one."""
    if isinstance(schedule, str) or not isinstance(schedule, Iterable):
        raise InvalidModelError(f"schedule = {shown(schedule)} is no list of Segment and Rotation")
    entries = tuple(np.atleast_1d(schedule)) if isinstance(schedule, np.ndarray) else tuple(schedule)
    for entry in entries:
        if not isinstance(entry, Segment | Rotation):
            raise InvalidModelError(f"a schedule holds Segment and Rotation, not {shown(entry)}")
    models = [entry.model for entry in entries if isinstance(entry, Segment)]
    if not models:
        raise InvalidModelError("a schedule needs at least one Segment")
    if len({model.N for model in models}) > 1:
        raise InvalidModelError(f"the segments have different N: {sorted({model.N for model in models})}")
    if len({type(model) for model in models}) > 1:
        raise InvalidModelError("the segments have models of different types")
    return entries


def entry_from_dict(data: Any) -> Segment | Rotation:
    """Segment or rotation of the given content."""
    kind = data.get("type") if isinstance(data, dict) else None
    try:
        if kind == "segment":
            return Segment(model_from_dict(data["model"]), data["duration"])
        if kind == "rotation":
            return Rotation(data["axis"], data["angle"])
    except KeyError as error:
        raise InvalidModelError(f"a {kind} needs an entry {error}") from error
    raise InvalidModelError(f"a schedule's entry has type 'segment' or 'rotation', not {shown(kind)}")
