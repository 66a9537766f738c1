"""One-axis twisting with single-spin decoherence in closed form."""

from __future__ import annotations

import squeezebench as sb

from .solver import OneAxisTwisting

__all__ = ["OneAxisTwisting", "squeezebench_solvers"]


@sb.hookimpl
def squeezebench_solvers() -> list[sb.Solver]:
    """The solver of this plugin."""
    return [OneAxisTwisting()]
