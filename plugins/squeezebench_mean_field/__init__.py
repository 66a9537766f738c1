"""Mean field: the factorised Bloch equations."""

from __future__ import annotations

import squeezebench as sb

from .solver import MeanField

__all__ = ["MeanField", "squeezebench_solvers"]


@sb.hookimpl
def squeezebench_solvers() -> list[sb.Solver]:
    """The solver `mean_field`."""
    return [MeanField()]
