"""What each solver refuses is a table, and this is it: a term that is dropped in silence would be a wrong answer."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import squeezebench as sb
from squeezebench.host import get_host

N = 4
TIMES = [0.0, 0.1]
GENERAL = [[0.5, 0.1j, 0.2], [-0.1j, 0.4, 0.0], [0.2, 0.0, 0.3]]
#: A model that a solver takes, to which each term is added: the closed forms need one of their own.
PLAIN: dict[str, Any] = {"N": N}
BASES: dict[str, dict[str, Any]] = {
    "steady_state": {"N": N, "drive": (0.5, 0.0, 0.0), "collective_emission": 1.0},
    "one_axis_twisting": {"N": N, "twisting": 1.0},
}
TERMS: dict[str, dict[str, Any]] = {
    "drive along x and y": {"drive": (0.7, 0.4, 0.0)},
    "detuning": {"drive": (0.5, 0.0, 0.3)},
    "chi": {"chi": 0.8},
    "chi < 0": {"chi": -0.8},
    "twisting": {"twisting": 0.6},
    "general quadratic form": {"quadratic": [[0.0, 0.3, 0.0], [0.3, 0.1, 0.2], [0.0, 0.2, 0.0]]},
    "collective emission": {"collective_emission": 1.0},
    "collective pumping": {"collective_pumping": 0.5},
    "collective dephasing": {"collective_dephasing": 0.5},
    "general collective matrix": {"collective_matrix": GENERAL},
    "emission": {"emission": 0.5},
    "pumping": {"pumping": 0.5},
    "dephasing": {"dephasing": 0.5},
    "general single-spin matrix": {"single_matrix": GENERAL},
}
STARTS: dict[str, sb.State] = {
    "coherent": sb.CoherentSpinState(1.0, 0.3),
    "mixed product": sb.CoherentSpinState(1.0, 0.3, 0.6),
    "all down": sb.DickeState(2, -2),
    "Dicke state": sb.DickeState(2, 0),
    "Dicke state of a smaller J": sb.DickeState(1, 1),
    "blocks": sb.DickeBlocks([(2, 0.5, np.eye(5) / 5), (1, 0.5, np.eye(3) / 3)]),
}
MODEL = sb.SpinModel.driven_cavity(N, 0.9, chi=0.2, gamma_s=0.5)
COURSES: dict[str, sb.Problem] = {
    "schedule": sb.Problem(
        schedule=[sb.Segment(MODEL, 0.05), sb.Rotation("x", 1.0), sb.Segment(MODEL, 0.1)], times=TIMES
    ),
    "steady state": sb.Problem(MODEL, times=[math.inf]),
}
ALL = {*TERMS, *STARTS, *COURSES}
NOTHING_BUT_THE_STEADY_STATE = {"steady state"}

#: Solver → what it refuses. Everything else it takes.
REFUSED: dict[str, set[str]] = {
    "mean_field": {"Dicke state", "Dicke state of a smaller J", "blocks", "steady state"},
    "cumulant": NOTHING_BUT_THE_STEADY_STATE,
    "permutational": set(),
    "mcwf": {"general quadratic form", "general collective matrix", "general single-spin matrix", "steady state"},
    "qutip": set(),
    "piqs": {"general single-spin matrix", "steady state"},
    "steady_state": {
        "detuning",
        "twisting",
        "general quadratic form",
        "collective pumping",
        "collective dephasing",
        "general collective matrix",
        "emission",
        "pumping",
        "dephasing",
        "general single-spin matrix",
        "schedule",
        "steady state",  # of this model, which has single-spin emission
    },
    "one_axis_twisting": {
        "drive along x and y",
        "detuning",  # here with a drive along x
        "general quadratic form",
        "collective emission",
        "collective pumping",
        "general collective matrix",
        "general single-spin matrix",
        "Dicke state",
        "Dicke state of a smaller J",
        "blocks",
        "schedule",
        "steady state",
    },
}


def problem_of(solver: str, what: str) -> sb.Problem:
    base = BASES.get(solver, PLAIN)
    times = [math.inf] if solver == "steady_state" else TIMES
    if what in TERMS:
        return sb.Problem(sb.SpinModel(**{**base, **TERMS[what]}), times=times)
    if what in STARTS:
        return sb.Problem(sb.SpinModel(**base), STARTS[what], times)
    return COURSES[what]


@pytest.mark.parametrize("what", sorted(ALL))
@pytest.mark.parametrize("solver", sorted(REFUSED))
def test_a_solver_refuses_what_the_table_says_and_nothing_else(solver: str, what: str) -> None:
    method = get_host().solver(solver)
    support = method.full_support(problem_of(solver, what), method.resolve_options())
    assert bool(support) == (what not in REFUSED[solver]), support.reason
    assert support or support.reason.strip()


def test_the_table_has_every_built_in_solver() -> None:
    host = get_host()
    built_in = {n for r in host.plugins if r.distribution == "squeezebench" for n in r.solvers}
    # which refuses all but what it has an answer to, and those that refuse every SpinModel
    assert set(REFUSED) == built_in - {"stored"} - {"cavity_exact", "cavity_cumulant"}
