"""Finding scenarios: built-in ones by name, those of plugins by name, files by path."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import cache
from importlib import resources
from pathlib import Path

from squeezebench.errors import InvalidScenarioError
from squeezebench.expressions import shown
from squeezebench.validate import nearest

from .scenario import Scenario

__all__ = ["builtin", "builtin_names", "load_scenario"]


@cache
def builtin_names() -> tuple[str, ...]:
    """Names of the built-in scenarios, sorted."""
    folder = resources.files("squeezebench") / "scenarios"
    return tuple(sorted(entry.name[:-5] for entry in folder.iterdir() if entry.name.endswith(".toml")))


@cache
def builtin(name: str) -> Scenario:
    """Built-in scenario of the given name.

    Raises
    ------
    InvalidScenarioError
        Naming the nearest one, if there is none.
    """
    if name not in builtin_names():
        raise InvalidScenarioError(f"there is no built-in scenario {name!r}{nearest(name, builtin_names())}")
    text = (resources.files("squeezebench") / "scenarios" / f"{name}.toml").read_text(encoding="utf-8")
    scenario = Scenario.from_text(text, source=f"{name}.toml")
    return scenario if scenario.content.get("name") else scenario.replace(name=name)


def load_scenario(name_or_path: str | os.PathLike[str] | Scenario, extra: Iterable[Scenario] = ()) -> Scenario:
    """Scenario of a name or a file.

    Parameters
    ----------
    name_or_path : str, path or Scenario
        Name of a built-in scenario or of one in `extra`, or path of a TOML file. A text is a path where it has a
        separator, ends in ``.toml`` or names a file that is there; a scenario is returned as it is.
    extra : iterable of Scenario
        Those that plugins brought.

    Raises
    ------
    InvalidScenarioError
        If there is none, naming the nearest name; or if the file is no scenario.
    """
    if isinstance(name_or_path, Scenario):
        return name_or_path
    if isinstance(name_or_path, os.PathLike):
        return Scenario.from_toml(name_or_path)
    if not isinstance(name_or_path, str):
        raise InvalidScenarioError(f"{shown(name_or_path)} is no scenario: give a name, a path or a Scenario")
    if name_or_path in builtin_names():
        return builtin(name_or_path)
    more = {scenario.name: scenario for scenario in extra}
    if name_or_path in more:
        return more[name_or_path]
    if any(mark in name_or_path for mark in ("/", "\\")) or name_or_path.endswith(".toml") or _is_there(name_or_path):
        return Scenario.from_toml(name_or_path)
    hint = nearest(name_or_path, [*builtin_names(), *more])
    raise InvalidScenarioError(f"there is no scenario {shown(name_or_path)}, and no such file{hint}")


def _is_there(path: str) -> bool:
    try:
        return bool(path) and Path(path).exists()
    except (OSError, ValueError):  # a text that no path can be
        return False
