"""QuTiP's PIQS as a solver: the master equation in Dicke blocks."""

from __future__ import annotations

import squeezebench as sb

from .solver import Piqs

__all__ = ["Piqs", "squeezebench_solvers"]


@sb.hookimpl
def squeezebench_solvers() -> list[sb.Solver]:
    """The solver of this plugin."""
    return [Piqs()]
