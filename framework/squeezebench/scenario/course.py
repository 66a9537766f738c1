"""Start, times and schedule of a point, from their tables."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from squeezebench.errors import InvalidScenarioError
from squeezebench.expressions import Names, evaluate, shown
from squeezebench.problem import Rotation, Segment
from squeezebench.states import State, state_from_dict
from squeezebench.validate import nearest

from .models import ModelPlan, merged_model
from .tables import MAX_TIMES, Number, RotationTable, SegmentTable, Table, TimesTable, at, join, read

__all__ = ["InitialPlan", "SchedulePlan", "TimesPlan"]

Array = NDArray[np.float64]


class _Coherent(Table):
    type: str
    theta: Number = math.pi / 2
    phi: Number = math.pi
    bloch_length: Number = 1.0


class _Dicke(Table):
    type: str
    J: Number
    M: Number


class _Plain(Table):
    type: str


class _Blocks(Table):
    type: str
    blocks: list[Any]


_STATES: Mapping[str, type[Table]] = {
    "coherent": _Coherent,
    "dicke": _Dicke,
    "mean_field_steady_state": _Plain,
    "blocks": _Blocks,
}


class InitialPlan:
    """The [initial] table, checked."""

    def __init__(self, data: Mapping[str, Any] | None, path: str) -> None:
        data = {"type": "coherent"} if data is None else data
        kind = data.get("type")
        if kind is None:
            raise InvalidScenarioError(f"{path}.type is missing: give one of {', '.join(sorted(_STATES))}")
        if not isinstance(kind, str) or kind not in _STATES:
            raise InvalidScenarioError(f"{path}.type = {shown(kind)}: unknown type{nearest(str(kind), _STATES)}")
        self._entries = read(_STATES[kind], data, path).model_dump()
        self._path = path

    def build(self, names: Names) -> State:
        """State at one point."""
        values = dict(self._entries)
        if values["type"] != "blocks":
            values |= {key: evaluate(v, names, join(self._path, key)) for key, v in values.items() if key != "type"}
        with at(self._path):
            return state_from_dict(values)


class TimesPlan:
    """The [times] table, list or word, checked."""

    def __init__(self, data: Any, path: str) -> None:
        self._path = path
        self.steady = data in ("steady", ["inf"])
        self._table: TimesTable | None = None
        self._list: list[Any] = []
        self._array: Array | None = None
        if data is None:
            raise InvalidScenarioError(f"{path} is missing: give {{stop = …, num = …}}, a list or 'steady'")
        if self.steady:
            return
        if isinstance(data, list):
            if not 1 <= len(data) <= MAX_TIMES:
                raise InvalidScenarioError(f"{path} has {len(data)} entries: give 1 … {MAX_TIMES}")
            self._list = data
            if all(type(entry) in (int, float) for entry in data):
                self._array = np.array([float(evaluate(t, {}, join(path, k))) for k, t in enumerate(data)])
        elif isinstance(data, Mapping):
            self._table = read(TimesTable, data, path)
            if (self._table.start is not None) != (self._table.spacing == "log"):
                raise InvalidScenarioError(f"{path}.start belongs to spacing = 'log', which needs it: 0, start … stop")
            if self._table.start is not None and self._table.num < 3:
                raise InvalidScenarioError(f"{path}.num = 2: 0, start and stop are at least 3 times")
        else:
            raise InvalidScenarioError(f"{path} = {shown(data)}: expected {{stop, num, spacing}}, a list or 'steady'")

    def __len__(self) -> int:
        return 1 if self.steady else self._table.num if self._table else len(self._list)

    def build(self, names: Names) -> Array:
        """Times at one point, shape (T,)."""
        if self.steady:
            return np.array([math.inf])
        if self._array is not None:
            return self._array
        if self._table is None:
            return np.array([float(evaluate(t, names, join(self._path, k))) for k, t in enumerate(self._list)])
        stop = float(evaluate(self._table.stop, names, join(self._path, "stop")))
        if stop <= 0:
            raise InvalidScenarioError(f"{self._path}.stop = {stop:g}: expected a time later than 0")
        if self._table.start is None:
            return np.linspace(0.0, stop, self._table.num)
        start = float(evaluate(self._table.start, names, join(self._path, "start")))
        return np.concatenate([[0.0], log_range(start, stop, self._table.num - 1, self._path)])


def log_range(start: float, stop: float, num: int, path: str) -> Array:
    """Logarithmic grid with both ends exact."""
    if start <= 0 or stop <= 0:
        raise InvalidScenarioError(f"{path}: spacing = 'log' from {start:g} to {stop:g}: both ends must be more than 0")
    grid = np.exp(np.linspace(math.log(start), math.log(stop), num))
    grid[0], grid[-1] = start, stop
    return grid


class SchedulePlan:
    """The [[schedule]] list, checked.

    Parameters
    ----------
    data : list
        Tables {duration, model} and {rotation, angle}.
    base : mapping, optional
        The model table that the segments change.
    path : str
        Where the list stands, for messages.
    axes : mapping of str to number
        First value of each axis, for the check.
    """

    def __init__(self, data: list[Any], base: Mapping[str, Any] | None, path: str, axes: Mapping[str, Any]) -> None:
        self._entries: list[tuple[Any, Any, str]] = []
        self.first: ModelPlan | None = None
        for index, entry in enumerate(data):
            where = join(path, index)
            if isinstance(entry, Mapping) and ("rotation" in entry or "angle" in entry):
                rotation = read(RotationTable, entry, where)
                self._entries.append((rotation.rotation, rotation.angle, where))
                continue
            segment = read(SegmentTable, entry, where)
            # what a segment says itself wins over an axis, so that a sweep can go along with a drive that is off
            locked = frozenset(segment.model)
            plan = ModelPlan(merged_model(base, segment.model), join(where, "model"), axes, locked)
            self.first = self.first or plan
            self._entries.append((plan, segment.duration, where))
        if self.first is None:
            raise InvalidScenarioError(f"{path} needs at least one entry with a duration")

    def build(self, names: Names, axes: Mapping[str, Any]) -> list[Segment | Rotation]:
        """Schedule at one point."""
        entries: list[Segment | Rotation] = []
        for what, number, where in self._entries:
            if isinstance(what, ModelPlan):
                duration = evaluate(number, names, join(where, "duration"))
                with at(where):
                    entries.append(Segment(what.build(axes)[0], duration))
                continue
            axis = what
            if isinstance(what, list):
                axis = [evaluate(entry, names, f"{where}.rotation[{k}]") for k, entry in enumerate(what)]
            with at(where):
                entries.append(Rotation(axis, evaluate(number, names, join(where, "angle"))))
        return entries
