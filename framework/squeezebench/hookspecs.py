"""The hooks that a plugin may implement, in the entry-point group "squeezebench"."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from .observables import Observable
    from .scenario import Scenario
    from .solver import Solver

__all__ = ["PROJECT", "hookimpl", "hookspec"]

PROJECT = "squeezebench"

hookspec = pluggy.HookspecMarker(PROJECT)
#: Decorator that marks a plugin's implementation of a hook.
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def squeezebench_solvers() -> list[Solver]:  # type: ignore[empty-body]
    """Solvers that the plugin brings, as instances."""


@hookspec
def squeezebench_scenarios() -> list[Scenario]:  # type: ignore[empty-body]
    """Scenarios that the plugin brings."""


@hookspec
def squeezebench_observables() -> list[Observable]:  # type: ignore[empty-body]
    """Observables that the plugin brings; every data set then has them."""
