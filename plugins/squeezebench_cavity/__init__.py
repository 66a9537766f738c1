"""A model type of its own: spins in a cavity whose field is kept, and two solvers of it."""

from __future__ import annotations

from squeezebench import Solver, hookimpl
from squeezebench.model_types import register_model_type

from .model import CavityModel
from .solver import CavityCumulantSolver, CavityExactSolver
from .table import CavityTable

__all__ = ["CavityCumulantSolver", "CavityExactSolver", "CavityModel", "squeezebench_solvers"]

register_model_type("cavity_model", CavityModel, table=(CavityModel.scenario_table, CavityTable))


@hookimpl
def squeezebench_solvers() -> list[Solver]:
    """The solvers of this plugin."""
    return [CavityExactSolver(), CavityCumulantSolver()]
