"""Who agrees with whom: deviations, verdicts, and the table that a run ends with."""

from __future__ import annotations

from .expected import Expectation, check_expected
from .judge import Judgement, judge
from .matrix import compare
from .outside import external

__all__ = ["Expectation", "Judgement", "check_expected", "compare", "external", "judge"]
