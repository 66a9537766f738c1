"""Permutation-symmetric cumulant hierarchy of any order."""

from __future__ import annotations

import squeezebench as sb

from .solver import Cumulant

__all__ = ["Cumulant", "squeezebench_solvers"]


@sb.hookimpl
def squeezebench_solvers() -> list[sb.Solver]:
    """The solver `cumulant`."""
    return [Cumulant()]
