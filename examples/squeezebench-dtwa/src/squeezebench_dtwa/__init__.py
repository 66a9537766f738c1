"""Dissipative discrete truncated Wigner approximation, a solver for squeezebench."""

import squeezebench as sb

from .solver import DtwaSolver

__all__ = ["DtwaSolver", "squeezebench_solvers"]


@sb.hookimpl
def squeezebench_solvers():
    """Solvers that this plugin brings."""
    return [DtwaSolver()]
