"""The entries of a scenario as Python callers give them, turned into what the format holds."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from squeezebench.content import Content, to_plain
from squeezebench.errors import InvalidOptionError, InvalidScenarioError, SqueezebenchError
from squeezebench.expressions import names_in, shown
from squeezebench.model import SpinModel
from squeezebench.problem import Problem, Rotation, Segment
from squeezebench.reductions import Reduction
from squeezebench.spec import Spec

from .models import MODEL_TYPES
from .tables import join

__all__ = ["names_asked", "plain_entries", "read_problems", "read_reductions", "read_specs", "read_text"]


#: Larger than any scenario that a person writes.
_MAX_BYTES = 4_000_000


def read_text(path: str | os.PathLike[str]) -> str:
    """Text of a scenario file; `InvalidScenarioError` if it cannot be read."""
    if not isinstance(path, str | os.PathLike) or not str(path).strip():
        raise InvalidScenarioError(f"path = {shown(path)} is no path: give a scenario file")
    shown_path = str(path) if str(path).isprintable() else shown(str(path))
    try:
        file = Path(path)
        if file.is_dir():
            raise InvalidScenarioError(f"{shown_path} is a folder: give a scenario file in it, or a scenario's name")
        if not file.is_file():
            raise InvalidScenarioError(f"{shown_path}: there is no such scenario file")
        if file.stat().st_size > _MAX_BYTES:
            raise InvalidScenarioError(f"{shown_path}: is larger than {_MAX_BYTES} bytes, which is no scenario")
        return file.read_bytes().decode("utf-8-sig")  # some editors put a mark in front, which TOML does not know
    except InvalidScenarioError:
        raise
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise InvalidScenarioError(f"{shown_path}: cannot be read as UTF-8 text: {reason}") from error


def plain_entries(entries: Mapping[str, Any]) -> dict[str, Any]:
    """Entries as plain values; problems stay as they are."""
    try:
        return {key: _plain(key, value) for key, value in entries.items()}
    except RecursionError as error:
        raise InvalidScenarioError("the entries are nested too deeply, or hold themselves") from error


def _plain(key: str, value: Any) -> Any:
    if isinstance(value, SpinModel):
        return {**value.to_dict(), "type": "spin"}
    if isinstance(value, Segment):
        return {"duration": value.duration, "model": _plain("model", value.model)}
    if isinstance(value, Rotation):
        return {"rotation": list(value.axis), "angle": value.angle}
    table = getattr(value, "scenario_table", None)
    if table is not None and isinstance(value, Content):
        return {**value.to_dict(), "type": table}
    if key == "model" and isinstance(value, Content):
        known = ", ".join(sorted(MODEL_TYPES))
        raise InvalidScenarioError(
            f"model is a {type(value).__name__}: give a SpinModel, a table ({known}) or a problem"
        )
    if key in ("problem", "problems"):
        return value
    if isinstance(value, Spec | Reduction):
        return str(value)
    if isinstance(value, Mapping):
        return {str(name): _plain(str(name), item) for name, item in value.items() if item is not None}
    if isinstance(value, Iterable) and not isinstance(value, str | bytes | set | frozenset) and key != "times":
        if getattr(value, "ndim", 1) == 0:
            return to_plain(value.item())  # type: ignore[attr-defined]  # a numpy array without dims
        return [_plain("", item) for item in value]
    try:
        return to_plain(value)
    except TypeError as error:
        raise InvalidScenarioError(f"{key or 'an entry'} = {shown(value)}: {error}") from error


def names_asked(value: Any) -> set[str]:
    """All names that expressions anywhere in `value` ask for."""
    if isinstance(value, Mapping):
        return {name for item in value.values() for name in names_asked(item)}
    if isinstance(value, list):
        return {name for item in value for name in names_asked(item)}
    return names_in(value)


def read_specs(entries: list[Any]) -> tuple[Spec, ...]:
    """Solver specs, with labels that differ."""
    specs: list[Spec] = []
    for index, entry in enumerate(entries):
        try:
            spec = Spec.coerce(entry)
        except InvalidOptionError as error:
            raise InvalidScenarioError(f"solvers[{index}]: {error}") from error
        if spec.label in [other.label for other in specs]:
            raise InvalidScenarioError(f"solvers[{index}]: {spec.label!r} comes twice; give one of them a label=")
        specs.append(spec)
    return tuple(specs)


def read_reductions(entries: list[Any]) -> tuple[Reduction, ...]:
    """Reductions, with outputs that differ in name."""
    reductions: list[Reduction] = []
    taken: set[str] = set()
    for index, entry in enumerate(entries):
        try:
            reduction = Reduction.coerce(entry)
        except InvalidScenarioError as error:
            raise InvalidScenarioError(f"reductions[{index}]: {error}") from error
        names = {output.name for output in reduction.outputs}
        if names & taken:
            raise InvalidScenarioError(f"reductions[{index}]: {min(names & taken)!r} comes twice; give one a label=")
        taken |= names
        reductions.append(reduction)
    return tuple(reductions)


def read_problems(fixed: Mapping[str, Any], plain: Mapping[str, Any]) -> dict[str, Problem] | None:
    """Problems by label ("" for a single one), or None if the scenario has none."""
    if not fixed:
        return None
    others = [key for key in ("model", "axes", "variants", "initial", "times", "schedule") if plain.get(key)]
    if len(fixed) > 1 or others:
        also = (others or ["problems"])[0]
        raise InvalidScenarioError(f"{next(iter(fixed))} and {also} are both given: a problem says everything itself")
    (key, value) = next(iter(fixed.items()))
    table = {"": value} if key == "problem" else value
    if not isinstance(table, Mapping) or not table or (key == "problems" and "" in table):
        raise InvalidScenarioError(f"problems = {shown(table)}: expected problems by label")
    problems = {}
    for label, entry in table.items():
        try:
            if not isinstance(entry, Problem | Mapping):
                raise InvalidScenarioError("expected a Problem, or a table as Problem.to_dict gives it")
            with np.errstate(all="ignore"):  # numbers that overflow are found by the model's own checks
                problem = entry if isinstance(entry, Problem) else Problem.from_dict(dict(entry))
        except (ArithmeticError, AttributeError, TypeError, ValueError, SqueezebenchError) as error:
            where = join("problems", str(label)) if key == "problems" else "problem"
            raise InvalidScenarioError(f"{where} = {shown(entry)}: {error}") from error
        problems[str(label)] = problem
    return problems
