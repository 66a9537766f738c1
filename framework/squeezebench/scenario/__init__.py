"""Scenarios: TOML files or objects that say what to compute, and the points that they stand for."""

from __future__ import annotations

from .library import builtin, builtin_names, load_scenario
from .points import Point
from .scenario import Scenario

__all__ = ["Point", "Scenario", "builtin", "builtin_names", "load_scenario"]
