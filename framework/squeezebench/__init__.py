"""squeezebench: which solver you can trust for your ensemble of N driven-dissipative spins, and what it costs.

The names here are the public interface. What needs xarray, numba or the command line's libraries is imported when it
is first used, so that ``import squeezebench`` stays fast.
"""

from __future__ import annotations

import importlib
import logging
from typing import TYPE_CHECKING, Any

from .errors import (
    InvalidModelError,
    InvalidOptionError,
    InvalidScenarioError,
    PluginError,
    SolverError,
    SqueezebenchError,
    SqueezebenchWarning,
    SteadyStateNotUniqueError,
    StoreError,
    UnknownSolverError,
    UnsupportedProblemError,
)
from .hookspecs import hookimpl
from .model import SpinModel
from .model_types import model_type_named
from .moments import Moments, Samples
from .problem import Problem, Rotation, Segment
from .solver import API_VERSION, Claim, Context, Cost, Options, Solver, Support
from .states import CoherentSpinState, DickeBlocks, DickeState, MeanFieldSteadyState, State

if TYPE_CHECKING:
    from . import observables, plot, testing
    from .api import solve, steady_state
    from .comparison import check_expected, compare, external
    from .evidence import scaling, validity, work_precision
    from .harness import average, load, merge, run
    from .observables import Observable
    from .observables.husimi import husimi, husimi_by_J
    from .recommendation.advise import recommend
    from .saved_states import state_at
    from .scenario import Scenario
    from .spec import Spec
    from .versions import show_versions

__version__ = "0.1.0"

# Silent unless whoever uses the package asks: ``logging.getLogger("squeezebench")``, or ``squeezebench -v``.
logging.getLogger(__name__).addHandler(logging.NullHandler())

__all__ = [
    "API_VERSION",
    "Claim",
    "CoherentSpinState",
    "Context",
    "Cost",
    "DickeBlocks",
    "DickeState",
    "InvalidModelError",
    "InvalidOptionError",
    "InvalidScenarioError",
    "MeanFieldSteadyState",
    "Moments",
    "Observable",
    "Options",
    "PluginError",
    "Problem",
    "Rotation",
    "Samples",
    "Scenario",
    "Segment",
    "Solver",
    "SolverError",
    "Spec",
    "SpinModel",
    "SqueezebenchError",
    "SqueezebenchWarning",
    "State",
    "SteadyStateNotUniqueError",
    "StoreError",
    "Support",
    "UnknownSolverError",
    "UnsupportedProblemError",
    "__version__",
    "average",
    "check_expected",
    "compare",
    "external",
    "hookimpl",
    "husimi",
    "husimi_by_J",
    "load",
    "merge",
    "observables",
    "plot",
    "recommend",
    "run",
    "scaling",
    "show_versions",
    "solve",
    "state_at",
    "steady_state",
    "testing",
    "validity",
    "work_precision",
]

#: Name → module that it comes from, for what is imported on first use.
_LAZY = {
    "Observable": ".observables",
    "Scenario": ".scenario",
    "Spec": ".spec",
    "average": ".harness",
    "check_expected": ".comparison",
    "compare": ".comparison",
    "external": ".comparison",
    "husimi": ".observables.husimi",
    "husimi_by_J": ".observables.husimi",
    "load": ".harness",
    "merge": ".harness",
    "recommend": ".recommendation.advise",
    "run": ".harness",
    "scaling": ".evidence",
    "show_versions": ".versions",
    "solve": ".api",
    "state_at": ".saved_states",
    "steady_state": ".api",
    "validity": ".evidence",
    "work_precision": ".evidence",
}
_LAZY_MODULES = ("observables", "plot", "testing")


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        value = getattr(importlib.import_module(_LAZY[name], __name__), name)
    elif name in _LAZY_MODULES:
        value = importlib.import_module(f".{name}", __name__)
    else:
        # a model type that a plugin brings, such as CavityModel; nothing else here begins with a capital letter
        value = model_type_named(name) if name[:1].isupper() else None
        if value is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
