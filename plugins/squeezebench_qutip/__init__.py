"""Brute force with QuTiP: the master equation on all 2^N states."""

from __future__ import annotations

from squeezebench import Solver, hookimpl

from .solver import QutipSolver

__all__ = ["QutipSolver", "squeezebench_solvers"]


@hookimpl
def squeezebench_solvers() -> list[Solver]:
    """The solver of this plugin."""
    return [QutipSolver()]
