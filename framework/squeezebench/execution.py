"""One attempt to solve one problem: whatever happens becomes a status, a reason and, where there are any, moments."""

from __future__ import annotations

import dataclasses
import time
import traceback
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .errors import InvalidOptionError, SolverError, SqueezebenchWarning
from .moments import Moments
from .problem import Problem
from .solver import Claim, Context, Solver
from .threads import available_threads, preload, thread_limit
from .validate import shown

__all__ = ["FAILED", "STATUSES", "Attempt", "attempt", "provenance", "seed_sequence", "thread_number"]

#: Everything that a cell can end as.
STATUSES = (
    "ok",
    "unsupported",
    "diverged",
    "unphysical",
    "timeout",
    "out_of_memory",
    "crashed",
    "error",
)
#: Those that are failures: the solver accepted the problem and gave nothing.
FAILED = frozenset({"timeout", "out_of_memory", "crashed", "error"})

#: Version of the data model; part of every key.
SCHEMA = 1


@dataclass
class Attempt:
    """Outcome of one cell.

    Attributes
    ----------
    status : str
        One of `STATUSES`.
    reason : str
        Why it is not ``ok``, in words.
    moments : Moments or None
        The result; of a solution that ended early, the part before.
    claim : Claim or None
        What the solver says about it; None if it declined the problem.
    seconds, compile_seconds : float
        Wall time without and of compilation.
    exception : BaseException or None
        What a failing solver raised.
    """

    status: str
    reason: str = ""
    moments: Moments | None = None
    claim: Claim | None = None
    seconds: float = 0.0
    compile_seconds: float = 0.0
    exception: BaseException | None = None


def attempt(solver: Solver, problem: Problem, options: Any, context: Context) -> Attempt:
    """Solve `problem`, and turn every failure into a status.

    Parameters
    ----------
    solver : Solver
        The method.
    problem : Problem
        What to solve.
    options : pydantic model
        Resolved options.
    context : Context
        Seed, threads, limits.

    Returns
    -------
    Attempt
        Never raises, but for KeyboardInterrupt and the like.
    """
    from .jit import compile_seconds

    outcome = Attempt("error")
    compiled, started = compile_seconds(), time.perf_counter()
    try:
        support = solver.full_support(problem, options)
        if not support:
            return Attempt("unsupported", " ".join(support.reason.split()) or "no reason given")
        outcome.claim = solver.claim(problem, options)
        preload(solver.libraries)
        compiled, started = compile_seconds(), time.perf_counter()
        with thread_limit(context.n_threads if solver.parallel else 1):
            moments = solver.solve(problem, options, context)
        _accept(outcome, moments, problem)
    except SolverError as error:
        outcome.status, outcome.reason, outcome.exception = error.status, str(error), error
    except MemoryError as error:
        outcome.status, outcome.exception = "out_of_memory", error
        outcome.reason = f"out of memory: {error}" if str(error) else "out of memory"
    except Exception as error:
        outcome.reason, outcome.exception = f"{type(error).__name__}: {error}", error
        outcome.reason += _where(error)
    outcome.compile_seconds = compile_seconds() - compiled
    outcome.seconds = max(0.0, time.perf_counter() - started - outcome.compile_seconds)
    return outcome


def _accept(outcome: Attempt, moments: Any, problem: Problem) -> None:
    """Take over a solver's result after checking its form, and say how it ended."""
    from .dataset import check_moments

    check_moments(moments, problem)
    outcome.moments = moments
    outcome.status = moments.status
    outcome.reason = moments.reason
    if moments.status not in STATUSES:
        raise SolverError(f"the solver gave the status {moments.status!r}: expected one of {', '.join(STATUSES)}")
    if moments.status == "ok" and moments.valid_until < problem.times[-1]:
        outcome.status = "diverged"
    if outcome.status != "ok" and not outcome.reason:
        outcome.reason = f"the solver stands by its values up to t = {moments.valid_until:g} only"


def _where(error: BaseException) -> str:
    """`" (solver.py, line 12)"`: where the plugin's code raised."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return ""
    last = frames[-1]
    return f" ({last.filename.rsplit('/', 1)[-1]}, line {last.lineno})"


def complete(moments: Moments, problem: Problem) -> Moments:
    """`moments` with values after `valid_until` replaced by NaN."""
    late = problem.times > min(moments.valid_until, moments.stopped) * (1 + 1e-12)
    if not moments.series or not late.any():
        return moments
    spin, covariance = moments.spin.copy(), moments.covariance.copy()
    spin[late], covariance[late] = np.nan, np.nan
    return dataclasses.replace(moments, spin=spin, covariance=covariance)


# -------------------------------------------------------------------- threads and seeds


def thread_number(n_threads: Any) -> int:
    """`n_threads`, or all usable cores for None."""
    if n_threads is None:
        return available_threads()
    if isinstance(n_threads, bool) or not isinstance(n_threads, int) or n_threads < 1:
        raise InvalidOptionError(f"n_threads = {shown(n_threads)}: give a whole number of at least 1")
    return n_threads


def seed_sequence(seed: Any) -> np.random.SeedSequence:
    """Seed sequence of a whole number ≥ 0."""
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise InvalidOptionError(f"seed = {shown(seed)}: give a whole number of at least 0")
    return np.random.SeedSequence(int(seed))


# -------------------------------------------------------------------- provenance


def provenance(
    solver: Solver, problem: Problem, options: Any, outcome: Attempt, details: Mapping[str, Any]
) -> dict[str, Any]:
    """Everything needed to run a solution again, as plain JSON types.

    Parameters
    ----------
    solver, problem, options, outcome
        What was solved, how, and how it ended.
    details : mapping
        What else the caller knows: label, tier, seed, threads.
    """
    import datetime

    from .content import to_plain
    from .host import get_host
    from .versions import machine, versions

    record = get_host().origin(solver)
    moments = outcome.moments
    data = {
        "schema": SCHEMA,
        "solver": solver.name,
        "plugin": record.name,
        "plugin_target": record.target,
        "plugin_version": record.version,
        "api_version": solver.api_version,
        "options": options.model_dump(mode="json"),
        "problem": problem.to_dict(),
        "claim": {} if outcome.claim is None else dataclasses.asdict(outcome.claim),
        "status": outcome.status,
        "reason": outcome.reason,
        "valid_until": np.inf if moments is None else moments.valid_until,
        "diagnostics": {} if moments is None else dict(moments.diagnostics),
        "timings": {"seconds": outcome.seconds, "compile_seconds": outcome.compile_seconds},
        "versions": versions(),
        "machine": machine(),
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        **details,
    }
    plain: dict[str, Any] = to_plain(data)
    return plain


def warn_if_partial(outcome: Attempt, solver: Solver) -> None:
    """One warning for a result that ends early."""
    if outcome.status != "ok":
        until = outcome.moments.valid_until if outcome.moments is not None else 0.0
        warnings.warn(
            f"solver {solver.name!r} ended {outcome.status} and is valid until t = {until:.6g}: {outcome.reason}",
            SqueezebenchWarning,
            stacklevel=3,
        )
