"""Permutational: the exact master equation in Dicke blocks."""

from __future__ import annotations

import squeezebench as sb

from .solver import Permutational

__all__ = ["Permutational", "squeezebench_solvers"]


@sb.hookimpl
def squeezebench_solvers() -> list[sb.Solver]:
    """The solver `permutational`."""
    return [Permutational()]
