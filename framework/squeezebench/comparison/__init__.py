"""Who agrees with whom: deviations, verdicts, and the table that a run ends with."""

from __future__ import annotations

from .judge import Judgement, judge
from .matrix import compare
from .outside import external

__all__ = ["Judgement", "compare", "external", "judge"]
