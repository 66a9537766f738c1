"""Closed-form steady state of the driven collective spin: collective emission, exchange and a transverse drive."""

from __future__ import annotations

from squeezebench import Solver, hookimpl

from .solver import SteadyStateSolver

__all__ = ["SteadyStateSolver", "squeezebench_solvers"]


@hookimpl
def squeezebench_solvers() -> list[Solver]:
    """The solver of this plugin."""
    return [SteadyStateSolver()]
