"""The [axes] table: what is swept."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from squeezebench.errors import InvalidScenarioError
from squeezebench.expressions import RESERVED, evaluate, shown
from squeezebench.validate import nearest

from .course import log_range
from .models import whole
from .tables import RangeTable, join, read

__all__ = ["MAX_POINTS", "RESERVED_AXES", "VARIANT", "read_axes"]

#: The axis that the variants (or named problems) form.
VARIANT = "variant"

#: More points than this do not fit in one run.
MAX_POINTS = 1_000_000

#: Dims and coordinates that every result has, which no axis may be called.
RESERVED_AXES = frozenset({"axis", "axis_", "solver", "solver_", "step", "time", "trajectory", "observable"})

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def read_axes(data: Mapping[str, Any], labels: Sequence[str]) -> dict[str, list[Any]]:
    """Values of the axes, in order; the labels of the variants come first where the axis is not named.

    Parameters
    ----------
    data : mapping
        Name → list of numbers, {start, stop, num, spacing}, or for "variant" a list of labels.
    labels : sequence of str
        Labels of the variants; empty if there are none.

    Raises
    ------
    InvalidScenarioError
        If a name cannot be an axis, an axis is empty, not finite or has a value twice, or there are too many points.
    """
    axes: dict[str, list[Any]] = {VARIANT: list(labels)} if labels and VARIANT not in data else {}
    for name, values in data.items():
        path = join("axes", name)
        if not _NAME.fullmatch(name):
            raise InvalidScenarioError(f"{path}: an axis has a name of letters, digits and _ that starts with a letter")
        if name in RESERVED or name in RESERVED_AXES:
            raise InvalidScenarioError(f"{path}: this name has a meaning of its own; call the axis something else")
        axes[name] = _labels(values, labels, path) if name == VARIANT else _numbers(values, path, name == "N")
        if not axes[name]:
            raise InvalidScenarioError(f"{path} is empty: give at least one value")
        seen = set()
        for value in axes[name]:
            if value in seen:
                raise InvalidScenarioError(f"{path}: the value {value!r} comes twice")
            seen.add(value)
    count = math.prod(len(values) for values in axes.values())
    if count > MAX_POINTS:
        sizes = " x ".join(str(len(values)) for values in axes.values())
        raise InvalidScenarioError(f"axes: {sizes} = {count} points are more than {MAX_POINTS}; make an axis shorter")
    return axes


def _labels(values: Any, labels: Sequence[str], path: str) -> list[str]:
    if not labels:
        raise InvalidScenarioError(f"{path}: there are no variants; add [[variants]] with a label each")
    if not isinstance(values, list):
        raise InvalidScenarioError(f"{path} = {shown(values)}: expected a list of labels of variants")
    for value in values:
        if value not in labels:
            raise InvalidScenarioError(f"{path}: there is no variant {shown(value)}{nearest(str(value), labels)}")
    return values


def _numbers(values: Any, path: str, are_whole: bool) -> list[Any]:
    if isinstance(values, Mapping):
        table = read(RangeTable, values, path)
        start, stop = (float(evaluate(getattr(table, key), {}, join(path, key))) for key in ("start", "stop"))
        if table.spacing == "log":
            grid = log_range(start, stop, table.num, path)
        else:
            with np.errstate(all="ignore"):
                grid = np.linspace(start, stop, table.num)
        if not np.isfinite(grid).all():
            raise InvalidScenarioError(f"{path}: from {start:g} to {stop:g} is too wide a range")
        return [round(value) if are_whole else value for value in grid.tolist()]
    if not isinstance(values, list):
        raise InvalidScenarioError(f"{path} = {shown(values)}: expected a list of numbers or {{start, stop, num}}")
    numbers = [evaluate(value, {}, join(path, index)) for index, value in enumerate(values)]
    return [whole(value, join(path, k)) if are_whole else float(value) for k, value in enumerate(numbers)]
