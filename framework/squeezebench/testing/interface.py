"""Checks of the interface: what a solver says about itself, and whether it keeps to it."""

from __future__ import annotations

import math
import re
import time
import tracemalloc
from typing import Any

import numpy as np
from pydantic import BaseModel

from squeezebench.errors import InvalidOptionError
from squeezebench.model import SpinModel
from squeezebench.moments import Moments
from squeezebench.problem import Problem
from squeezebench.solver import API_VERSION, SAMPLED_TIERS, TIERS, Claim, Cost, Support
from squeezebench.states import CoherentSpinState, DickeState

from .problems import catalogue, random_problems, tilted
from .reference import reference_moments
from .registry import check
from .results import FailedCheckError, Measured, SkippedCheckError
from .subject import Subject

__all__: list[str] = []

#: Seconds and bytes (as Python counts them) that an answer about a problem may take before anything is solved.
_ANSWER, _ANSWER_BYTES = 1.5, 1e8


@check("interface")
def attributes(subject: Subject) -> None:
    """Name, API version, model types, tiers and flags are of the right kind; no tier's name is unknown."""
    solver = subject.solver
    if not isinstance(solver.name, str) or not re.fullmatch(r"[a-z][a-z0-9_]*", solver.name):
        raise FailedCheckError(f"name = {solver.name!r} is not of the form [a-z][a-z0-9_]*")
    if solver.api_version != API_VERSION:
        raise FailedCheckError(f"api_version = {solver.api_version!r}; this package has {API_VERSION}")
    if not isinstance(solver.model_types, tuple) or not all(isinstance(item, type) for item in solver.model_types):
        raise FailedCheckError(f"model_types = {solver.model_types!r}: give a tuple of types")
    if not (isinstance(solver.Options, type) and issubclass(solver.Options, BaseModel)):
        raise FailedCheckError("Options is no pydantic model: derive it from squeezebench.Options")
    for name in ("schedules", "times", "steady", "parallel"):
        if not isinstance(getattr(solver, name), bool):
            raise FailedCheckError(f"{name} = {getattr(solver, name)!r}: give True or False")
    if not solver.times and not solver.steady:
        raise FailedCheckError("times and steady are both False: then there is nothing that it solves")
    if not isinstance(solver.summary, str):
        raise FailedCheckError(f"summary = {solver.summary!r}: give one line of text")
    if "default" not in solver.tiers:
        raise FailedCheckError("there is no tier 'default'")
    unknown = sorted(set(solver.tiers) - set(TIERS))
    if unknown:
        raise FailedCheckError(f"tiers {unknown} mean nothing to others: use {', '.join(TIERS)}")


@check("interface")
def options(subject: Subject) -> None:
    """Every tier's options are valid, every option has a default and a description, unknown ones are refused."""
    solver = subject.solver
    for tier in solver.tiers:
        resolved = solver.resolve_options(tier)
        if resolved != solver.resolve_options(tier):
            raise FailedCheckError(f"the tier {tier!r} resolves to other options the second time")
        if solver.Options.model_validate_json(resolved.model_dump_json()) != resolved:
            raise FailedCheckError(
                f"options of the tier {tier!r} are not the same after JSON: stores could not name them"
            )
    for name, info in solver.Options.model_fields.items():
        if info.is_required():
            raise FailedCheckError(f"option {name!r} has no default")
        if not (info.description or "").strip():
            raise FailedCheckError(f"option {name!r} has no description")
    try:
        solver.resolve_options("default", {"no_such_option_": 1})
    except InvalidOptionError:
        pass
    else:
        raise FailedCheckError("the unknown option 'no_such_option_' is taken")
    try:
        solver.Options(no_such_option_=1)
    except Exception:
        return
    raise FailedCheckError("Options ignores unknown names: derive it from squeezebench.Options, or forbid extra names")


@check("interface")
def answers_consistent(subject: Subject) -> None:
    """`supports`, `claim`, `estimate` are of the right types, say the same twice; what is supported can be solved."""
    solver = subject.solver
    for problem in catalogue():
        if not subject.supports(problem):
            continue
        support = solver.supports(problem, subject.options)
        claims = [solver.claim(problem, subject.options) for _ in range(2)]
        cost = solver.estimate(problem, subject.options)
        if not isinstance(claims[0], Claim):
            raise FailedCheckError(f"claim gave {claims[0]!r}, which is no squeezebench.Claim")
        if claims[0] != claims[1] or support != solver.supports(problem, subject.options):
            raise FailedCheckError(f"supports or claim say something else the second time, for {problem!r}")
        if not isinstance(cost, Cost):
            raise FailedCheckError(f"estimate gave {cost!r}, which is no squeezebench.Cost")
        if cost.bytes <= 0 or cost.seconds <= 0 or math.inf in (cost.bytes, cost.seconds):
            raise FailedCheckError(
                f"estimate gave {cost!r} for {problem!r}: nothing that is supported is free or takes for ever; NaN "
                "says that it is not known"
            )
        if claims[0].accuracy == "exact" and claims[0].floor > TIERS["fast"]:
            raise FailedCheckError(
                f"claims to be exact with a floor of {claims[0].floor:g}: above {TIERS['fast']:g}, the error of the "
                "tier 'fast', an answer is asymptotic",
                claims[0].floor,
                TIERS["fast"],
            )
        if not any(claims[0].covers(name) for name in ("spin", "covariance", "xi2", "n_eff")):
            raise FailedCheckError(f"claims {claims[0].observables} only: then nothing says whether it is right")
        blocks = solver.sample_blocks(problem, subject.options)
        if isinstance(blocks, bool) or not isinstance(blocks, int) or blocks < 0:
            raise FailedCheckError(f"sample_blocks gave {blocks!r}: give a number of blocks, 0 if it is one piece")
        try:
            subject.solution(problem)
        except Exception as error:
            raise FailedCheckError(
                f"says that it supports {problem!r}, and raises {type(error).__name__}: {error}"
            ) from error


@check("interface")
def refusals(subject: Subject) -> Measured | None:
    """What is refused, 10⁹ spins among it, is refused by an answer with a reason in words, and by no exception."""
    refused = 0
    extra = [
        Problem(SpinModel(N=10**9, collective_emission=1.0, emission=1.0), CoherentSpinState(), [0.0, 1e-9]),
        Problem(SpinModel(N=10**9, twisting=1e-9, dephasing=1.0), tilted(), [0.0, 1e-9]),
        Problem(SpinModel(N=10**5, collective_emission=1.0, emission=1.0), DickeState(0, 0), [0.0, 1e-9]),
    ]
    for problem in [*catalogue(), *random_problems(1, 1), *extra]:
        try:
            support = subject.solver.full_support(problem, subject.options)
        except Exception as error:
            raise FailedCheckError(
                f"supports raises {type(error).__name__} instead of refusing: {error}, for {problem!r}"
            ) from error
        if not isinstance(support, Support):
            raise FailedCheckError(f"supports gave {support!r}, which is no squeezebench.Support")
        if support:
            continue
        refused += 1
        if not isinstance(support.reason, str) or len(support.reason.strip()) < 3:
            raise FailedCheckError(f"refuses {problem!r} without a reason: Support(False, 'why')")
    if not refused:
        raise SkippedCheckError("the solver refuses nothing of the catalogue")
    return None


@check("interface")
def answers_before_work(subject: Subject) -> Measured:
    """`supports`, `claim` and `estimate` answer at once, however large the problem: nothing is solved for them."""
    along, grid = CoherentSpinState(math.pi / 2, 0.0), np.linspace(0.0, 0.1, 11)
    problems = [
        Problem(SpinModel.driven_cavity(N=N, upsilon_ratio=0.9, gamma_s=1.0), CoherentSpinState(), grid)
        for N in (4, 10**3, 10**6)
    ]
    problems += [Problem(SpinModel(N=N, twisting=1 / N, emission=1.0), along, grid) for N in (10**3, 10**6)]
    problems.append(Problem(SpinModel.driven_cavity(N=10**3, upsilon_ratio=0.9), DickeState(500, -500), [math.inf]))
    worst, solver = 0.0, subject.solver
    for problem in problems:
        best = math.inf
        for _ in range(2):  # the first call may import
            tracemalloc.start()
            started = time.perf_counter()
            try:
                if subject.supports(problem):
                    solver.claim(problem, subject.options)
                    solver.estimate(problem, subject.options)
                peak = tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()
            best = min(best, time.perf_counter() - started)
            if best < _ANSWER:
                break
        if best > _ANSWER:
            raise FailedCheckError(f"answers about {problem!r} only after {best:.2g} s", best, _ANSWER)
        if peak > _ANSWER_BYTES:
            raise FailedCheckError(f"takes {peak:.2g} bytes to answer about {problem!r}", peak, _ANSWER_BYTES)
        worst = max(worst, best)
    return Measured(worst, _ANSWER)


@check("interface", "exact and sampled solvers, where ξ² is covered and has a value")
def tiers_reach_their_error(subject: Subject) -> Measured:
    """Each tier reaches what it states for everybody: the relative error, or standard error, of ξ²."""
    candidates = [
        Problem(SpinModel.driven_cavity(3, 0.7, chi=0.3, gamma_s=0.5), CoherentSpinState(), [0.0, 0.1, 0.3, 0.5]),
        Problem(SpinModel(N=3, twisting=0.8, emission=0.3), CoherentSpinState(math.pi / 2, 0.0), [0.0, 0.1, 0.3, 0.5]),
        Problem(SpinModel(N=3, emission=0.5), CoherentSpinState(), [0.0, 0.1, 0.3, 0.5]),
        Problem(SpinModel(N=3, dephasing=0.5), CoherentSpinState(), [0.0, 0.1, 0.3, 0.5]),
    ]
    worst, seen = Measured(0.0, 1.0), 0
    for tier in subject.solver.tiers:
        at = Subject(subject.solver, tier, None, subject.seed)
        for problem in candidates:
            if not at.supports(problem) or at.claim(problem).accuracy != "exact" or not at.claim(problem).covers("xi2"):
                continue
            claim, moments = at.claim(problem), at.solve(problem)
            found, right = _xi2(moments, problem), _xi2(Moments(*reference_moments(problem)), problem)
            if claim.sampled:
                if tier in ("tight", "reference") or moments.samples is None:
                    break  # hours for some methods: the tiers differ by the number of trajectories only
                error = float(np.nanmax((_xi2_error(moments, problem) / found)[1:]))
                allowed = 2 * SAMPLED_TIERS[tier]
            else:
                error = float(np.nanmax(np.abs(found / right - 1)))
                # The reference's own round-off is a few 1e-14.
                allowed = 2 * TIERS[tier] + 2 * claim.floor + 1e-12
            seen += 1
            if not error <= allowed:
                raise FailedCheckError(f"tier {tier!r}: ξ² is off by {error:.3g} (relative)", error, allowed)
            worst = max(worst, Measured(error, allowed), key=lambda item: item.measured / item.allowed)
            if claim.sampled:
                break
    if not seen:
        raise SkippedCheckError("no exact claim about ξ² on the problems of this check")
    return worst


def _xi2(moments: Moments, problem: Problem) -> Any:
    from squeezebench.observables.kernels import xi2_wineland

    pairs = zip(np.array(moments.spin, dtype=float), np.array(moments.covariance, dtype=float), strict=True)
    return np.array([xi2_wineland(spin, covariance, float(problem.N)) for spin, covariance in pairs])


def _xi2_error(moments: Moments, problem: Problem) -> Any:
    from squeezebench.observables import Inputs, builtin
    from squeezebench.sampling import standard_errors

    observable = next(item for item in builtin() if item.name == "xi2")
    inputs = Inputs.of(problem, moments.spin, moments.covariance)
    assert moments.samples is not None
    return standard_errors(moments.samples, [observable], inputs)["xi2"]
