"""Tools for those who test data sets and solvers."""

from __future__ import annotations

from .conformance import check_solver, parametrize_with_checks
from .registry import CHECKS_VERSION, Check, checks
from .results import CheckReport, CheckResult
from .schema import validate

__all__ = [
    "CHECKS_VERSION",
    "Check",
    "CheckReport",
    "CheckResult",
    "check_solver",
    "checks",
    "parametrize_with_checks",
    "validate",
]
