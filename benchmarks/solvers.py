"""The solvers of the benchmarks that are the same for all: a fixed list, so that histories keep their identity.

Installed plugins join where the environment variable ``SQUEEZEBENCH_BENCH_SOLVERS`` names their solvers, with commas or
spaces between the specs: ``SQUEEZEBENCH_BENCH_SOLVERS="my_solver other:order=2"``. They are given driven spins.
"""

from __future__ import annotations

import os
import re

import numpy as np

import squeezebench as sb

from . import common

VARIABLE = "SQUEEZEBENCH_BENCH_SOLVERS"

#: Solver spec → its problem, by name. New ones are appended, none is renamed.
BUILT_IN = {
    "mean_field": "driven",
    "cumulant:order=2": "driven",
    "cumulant:order=6": "driven",
    "permutational": "driven",
    "mcwf": "driven",
    "piqs": "driven",
    "qutip": "driven",
    "one_axis_twisting": "twisted",
    "steady_state": "steady",
}


def third_party() -> tuple[str, ...]:
    """Specs that the environment variable names, without those that are built in."""
    # A comma also separates the options of one spec: what follows it is a new spec if it has no "=" before its ":".
    words = re.split(r"\s+|,(?=\s*[a-z][a-z0-9_]*\s*(?:[:,\s]|$))", os.environ.get(VARIABLE, "").strip())
    named = dict.fromkeys(word.strip() for word in words if word.strip())
    return tuple(spec for spec in named if spec not in BUILT_IN)


SPECS = (*BUILT_IN, *third_party())

#: Those whose diagnostics say how much they did.
COUNTING = ("mean_field", "cumulant:order=2", "cumulant:order=6", "permutational", "mcwf", *third_party())


def problem_of(spec: str) -> sb.Problem:
    """What a solver is given; small, so that brute force on 2^N has the reference."""
    return PROBLEMS[BUILT_IN.get(spec, "driven")]()


def prepare(spec: str, tier: str) -> common.Call:
    """A solver's warm call.

    Raises
    ------
    NotImplementedError
        If a solver of a third party does not have the tier, or does not support the problem.
    """
    from squeezebench.host import get_host

    parsed = sb.Spec.parse(spec)
    if tier not in get_host().solver(parsed.name).tiers:
        raise NotImplementedError(f"solver {parsed.name!r} has no tier {tier!r}")
    return common.prepare(parsed.name, problem_of(spec), tier, **parsed.options)


def work(moments: sb.Moments) -> float:
    """Right-hand sides, products with the generator or steps, whichever the solver counts, over all that it integrated.

    Raises
    ------
    NotImplementedError
        If the solver counts nothing.
    """
    for name in ("right_hand_sides", "products", "steps"):
        if name in moments.diagnostics:
            return float(np.sum(moments.diagnostics[name]))
    raise NotImplementedError("the solver counts no work")


def _driven() -> sb.Problem:
    return common.driven(6, 0.25, 6)


def _twisted() -> sb.Problem:
    return common.twisting(6, 6, emission=0.4, dephasing=0.3)


def _steady() -> sb.Problem:
    return common.steady(20)


PROBLEMS = {"driven": _driven, "twisted": _twisted, "steady": _steady}
