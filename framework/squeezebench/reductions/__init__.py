"""Reductions: what a scenario keeps of each point, as named numbers; and the rule when a point may stop early."""

from __future__ import annotations

from .kinds import Output
from .reduction import Reduction, describe, reduction_names
from .stop import StopRule

__all__ = ["Output", "Reduction", "StopRule", "describe", "reduction_names"]
