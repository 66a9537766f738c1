"""Checks of the interface: what a solver's answers look like, and what they depend on."""

from __future__ import annotations

import itertools
import locale
import math
import os
import signal
import sys
import warnings
from typing import Any

import numpy as np

from squeezebench.model import SpinModel
from squeezebench.moment_checks import check_moments
from squeezebench.moments import Moments
from squeezebench.problem import Problem
from squeezebench.solver import TIERS

from .problems import catalogue, first_supported, random_problems, tilted
from .registry import check
from .results import FailedCheckError, Measured, SkippedCheckError
from .subject import Subject, bits

__all__: list[str] = []


@check("interface")
def shapes(subject: Subject) -> None:
    """Moments are float64, finite, symmetric, and as long as the times: one time, two, many; one spin and more."""
    base = first_supported(subject)
    grids = [base.times] if base.is_steady else [[0.0], [0.0, 0.3], np.linspace(0, 0.4, 9)]
    problems = [Problem(base.model, base.initial, grid) for grid in grids]
    problems += [p for p in (*random_problems(1, 2), *random_problems(2, 2)) if subject.supports(p)]
    for problem in problems:
        moments = subject.solve(problem)
        for name in ("spin", "covariance"):
            kind = np.asarray(getattr(moments, name)).dtype
            if kind != np.float64:
                raise FailedCheckError(f"{name} is an array of {kind}: give float64")


@check("interface")
def save_times(subject: Subject) -> Measured:
    """The values at a time do not depend on which other times are asked for."""
    base = first_supported(subject, finite=True)
    grid = np.array([0.0, 0.1337, 0.2, 0.4, 0.4071, 0.8])
    full = subject.solve(Problem(base.model, base.initial, grid))
    worst, claim = Measured(0.0, 1.0), subject.claim(base)
    for index in ([0, 2, 5], [0, 1, 2]):
        few = Problem(base.model, base.initial, grid[index])
        part = subject.solve(few)
        picked = Moments(full.spin[index], full.covariance[index], valid_until=full.valid_until)
        error = subject.distance(few, picked, part)
        allowed = 20 * TIERS[subject.tier] + 10 * claim.floor
        if part.samples is not None and full.samples is not None:
            for power, name in enumerate(("spin", "covariance")):
                errors = [float(subject._standard_error(m, name).max()) for m in (part, full)]
                allowed += 6.0 * math.hypot(*errors) / (base.N / 2) ** (power + 1)
        if error > allowed:
            raise FailedCheckError(f"other save times change the values by {error:.3g}", error, allowed)
        worst = max(worst, Measured(error, allowed), key=lambda item: item.measured / item.allowed)
    return worst


def _arrays(problem: Problem) -> list[Any]:
    models = [problem.model] if problem.is_plain else [e.model for e in problem.schedule or () if hasattr(e, "model")]
    return [problem.times, *(getattr(m, name) for m in models for name in ("h", "K", "collective", "single"))]


@check("interface")
def inputs_unchanged(subject: Subject) -> None:
    """Solving changes neither problem nor options; what it returns is shared with nobody, not even the next answer."""
    rng = np.random.default_rng(3)
    factor = rng.normal(size=(3, 3)) * 0.4
    general = SpinModel.general(2, rng.normal(size=3), factor + factor.T, factor @ factor.T, factor.T @ factor)
    problems = [problem for problem in catalogue() if subject.supports(problem)][:3]
    problems += [p for p in (Problem(general, tilted(), [0.0, 0.2]),) if subject.supports(p)]
    if not problems:
        raise SkippedCheckError("the solver takes none of the problems of the catalogue")
    for problem in problems:
        before = problem.to_json(), subject.options.model_dump_json(), [array.copy() for array in _arrays(problem)]
        moments, again = subject.solve(problem), subject.solve(problem)
        same = all(np.array_equal(a, b, equal_nan=True) for a, b in zip(before[2], _arrays(problem), strict=True))
        if (problem.to_json(), subject.options.model_dump_json()) != before[:2] or not same:
            raise FailedCheckError("solving has changed the problem or the options")
        for name in ("spin", "covariance"):
            values = getattr(moments, name)
            if any(np.shares_memory(values, array) for array in _arrays(problem)):
                raise FailedCheckError(f"{name} shares its memory with the problem")
            if np.shares_memory(values, getattr(again, name)):
                raise FailedCheckError(f"{name} shares its memory with that of the next call: return a copy")


def _settings() -> dict[str, Any]:
    """What belongs to the whole process."""
    return {
        "the working directory": os.getcwd(),
        "files in the working directory": sorted(os.listdir()),
        "environment variables": dict(os.environ),
        "numpy.seterr": np.geterr(),
        "numpy.set_printoptions": repr(np.get_printoptions()),
        "the warning filters": list(warnings.filters),
        "the locale": locale.setlocale(locale.LC_ALL, None),
        "signal handlers": signal.getsignal(signal.SIGINT),
        "sys.path": list(sys.path),
        "the recursion limit": sys.getrecursionlimit(),
        # A library that is compiled with -ffast-math sets them to zero in the whole thread.
        "subnormal numbers": float(np.float64(2.0**-1040) * np.ones(8).sum()),
    }


@check("interface")
def global_settings(subject: Subject) -> None:
    """Folder, files, environment, NumPy's settings, warning filters, signals of the process are left alone."""
    problem = first_supported(subject, finite=subject.solver.times)
    subject.solve(problem)  # what imports change is not looked at
    before, folder, environment = _settings(), os.getcwd(), dict(os.environ)
    try:
        subject.solve(problem)
        after = _settings()
    finally:  # what comes next is to be judged for itself
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        np.seterr(**before["numpy.seterr"])
    for name, value in before.items():
        if after[name] != value:
            raise FailedCheckError(f"solving changes {name}")


@check("interface")
def same_seed_same_result(subject: Subject) -> None:
    """The same seed gives the same result to the last bit, whatever else was solved in between."""
    problems = [problem for problem in catalogue() if subject.supports(problem)]
    if not problems:
        raise SkippedCheckError("the solver takes none of the problems of the catalogue")
    first = bits(subject.solve(problems[0], seed=5))
    if len(problems) > 1:
        subject.solve(problems[1], seed=6)
    if bits(subject.solve(problems[0], seed=5)) != first:
        raise FailedCheckError("the same problem, options and seed gave other numbers the second time")


@check("interface")
def global_random_state(subject: Subject) -> None:
    """NumPy's and Python's global random numbers are neither used nor changed."""
    import random

    problem = first_supported(subject, finite=subject.solver.times)
    kept = np.random.get_state(), random.getstate()  # noqa: NPY002  # the legacy state is what is guarded
    try:
        found = []
        for seed in (1, 2):
            np.random.seed(seed)  # noqa: NPY002
            random.seed(seed)
            before = repr(np.random.get_state(legacy=False)), random.getstate()  # noqa: NPY002
            found.append(bits(subject.solve(problem, seed=5)))
            if before != (repr(np.random.get_state(legacy=False)), random.getstate()):  # noqa: NPY002
                raise FailedCheckError("solving draws from the global random state: use context.seed")
        if found[0] != found[1]:
            raise FailedCheckError("the result depends on the global random state: use context.seed")
    finally:
        np.random.set_state(kept[0])  # noqa: NPY002
        random.setstate(kept[1])


@check("interface")
def progress(subject: Subject) -> None:
    """Progress goes from 0 to 1 and never back."""
    for n_threads in (1, 2):
        seen: list[float] = []

        def progress(fraction: float, text: str = "", seen: list[float] = seen) -> None:
            seen.append(fraction)

        subject.solve(first_supported(subject, finite=subject.solver.times), n_threads=n_threads, progress=progress)
        _forward(seen)


def _forward(seen: list[float]) -> None:
    if any(not 0 <= fraction <= 1 for fraction in seen):
        raise FailedCheckError(f"progress gave {next(f for f in seen if not 0 <= f <= 1)!r}: give 0 to 1")
    for earlier, later in itertools.pairwise(seen):
        if later < earlier:
            raise FailedCheckError(f"progress went back from {earlier:.3g} to {later:.3g}")


@check("interface")
def batch_equals_single(subject: Subject) -> Measured:
    """`solve_batch` gives what `solve` gives, in the order of the problems; a failure costs only itself."""
    problems = [p for p in catalogue() if subject.supports(p) and not p.is_steady][:4]
    if len(problems) < 2:
        problems = [p for p in catalogue() if subject.supports(p)][:3]
    if not problems:
        raise SkippedCheckError("the solver takes none of the problems of the catalogue")
    given = list(problems)
    context = subject.context(stops=(None,) * len(problems), reductions=((),) * len(problems))
    together = subject.solver.solve_batch(given, subject.options, context)
    if len(given) != len(problems) or any(a is not b for a, b in zip(given, problems, strict=True)):
        raise FailedCheckError("solve_batch changes the list of problems that it is given")
    if not isinstance(together, list) or len(together) != len(problems):
        raise FailedCheckError(f"solve_batch of {len(problems)} problems gave no list of {len(problems)} results")
    worst = Measured(0.0, 1.0)
    for problem, moments in zip(problems, together, strict=True):
        if not isinstance(moments, Moments):
            raise FailedCheckError(f"solve_batch failed where solve did not: {moments} for {problem!r}")
        check_moments(moments, problem)
        claim = subject.claim(problem)
        allowed = 10 * TIERS[subject.tier] + 10 * claim.floor
        single = subject.solution(problem)
        if moments.samples is not None and single.samples is not None:
            for index, name in enumerate(("spin", "covariance")):
                errors = [float(subject._standard_error(m, name).max()) for m in (moments, single)]
                allowed += 6.0 * math.hypot(*errors) / (problem.N / 2) ** (index + 1)
        error = subject.distance(problem, single, moments)
        if error > allowed:
            raise FailedCheckError(f"solve_batch differs from solve by {error:.3g} for {problem!r}", error, allowed)
        worst = max(worst, Measured(error, allowed), key=lambda item: item.measured / item.allowed)
    return worst
