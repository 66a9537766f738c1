"""One point: a model (or a schedule of models and rotations), a start and the times to report."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from .content import Content
from .errors import InvalidModelError
from .model_types import check_model, model_from_dict, register_model_type
from .schedule import TIME_TOLERANCE, Rotation, Segment, Step, checked_schedule, entry_from_dict, steps_of
from .states import CoherentSpinState, State, state_from_dict
from .validate import nearest, shown

__all__ = ["Problem", "Rotation", "Segment", "Step", "model_from_dict", "register_model_type"]


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
            raise InvalidModelError(f"initial = {shown(initial)} is no state: give a CoherentSpinState, DickeState, …")
        if times is None:
            raise InvalidModelError("a problem needs times: an increasing array that starts at 0")
        self._times = _checked_times(times)
        self._schedule = None if schedule is None else checked_schedule(schedule)
        if self._schedule is None:
            check_model(model)
            self._model = model
        else:
            self._model = next(entry.model for entry in self._schedule if isinstance(entry, Segment))
            if self.is_steady:
                raise InvalidModelError("a schedule has no steady state: give finite times")
            total = sum(entry.duration for entry in self._schedule if isinstance(entry, Segment))
            if self._times[-1] > total * (1 + TIME_TOLERANCE):
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
        if self._schedule is not None:
            return steps_of(self._schedule, self._times)
        return (Step(self._model, 0.0, float(self._times[-1]), (), 0, len(self._times), self._times),)

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
            raise InvalidModelError(f"a problem is a table, not {shown(data)}")
        for key in data:
            if key not in {"type", "initial", "model", "schedule", "times"}:
                known = ["initial", "model", "schedule", "times"]
                raise InvalidModelError(f"unknown entry {shown(key)} of a problem{nearest(key, known)}")
        model = None if "model" not in data else model_from_dict(data["model"])
        schedule = None
        if "schedule" in data:
            entries = data["schedule"]
            if not isinstance(entries, list):
                raise InvalidModelError(f"schedule = {shown(entries)} is no list of segments and rotations")
            schedule = [entry_from_dict(entry) for entry in entries]
        initial = state_from_dict(data["initial"]) if "initial" in data else None
        times = data.get("times")
        steady = isinstance(times, list) and times == ["inf"]
        return cls(model, initial, [math.inf] if steady else times, schedule=schedule)

    def __repr__(self) -> str:
        what = f"{self._model!r}" if self._schedule is None else f"schedule={list(self._schedule)!r}"
        return f"Problem({what}, initial={self._initial!r}, times={self._times[0]:g} … {self._times[-1]:g})"


def _checked_times(times: Any) -> NDArray[np.float64]:
    try:
        raw = np.asarray(times)
        if raw.dtype.kind not in "iuf":
            raise TypeError
        array = np.array(raw, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidModelError(
            f"times = {shown(times)} are no numbers: give an increasing array that starts at 0"
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
