"""Monte-Carlo wave functions: quantum trajectories in |J, M⟩."""

from __future__ import annotations

import squeezebench as sb

from .solver import MonteCarlo

__all__ = ["MonteCarlo", "squeezebench_solvers"]


@sb.hookimpl
def squeezebench_solvers() -> list[sb.Solver]:
    """The solver `mcwf`."""
    return [MonteCarlo()]
