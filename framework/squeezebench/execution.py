"""One attempt to solve one problem: whatever happens becomes a status, a reason and, where there are any, moments."""

from __future__ import annotations

import dataclasses
import time
import traceback
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .errors import InvalidOptionError, SolverError, SqueezebenchWarning
from .moments import Moments
from .problem import Problem
from .solver import Claim, Context, Solver
from .threads import available_threads, preload, thread_limit
from .validate import shown

__all__ = [
    "FAILED",
    "STATUSES",
    "Attempt",
    "accept",
    "attempt",
    "complete",
    "error_text",
    "provenance",
    "seed_sequence",
    "take_failure",
    "thread_number",
    "warn_if_partial",
]

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
    peak_memory : float
        Bytes beyond what the process held before; NaN where nobody knows.
    ended : dict
        Of a solver process that ended: ``signal``, ``exit_code`` and ``limit``.
    violation : dict
        The law of physics that the result breaks: ``law``, ``time``, ``amount`` and ``tolerance``.
    exception : BaseException or None
        What a failing solver raised.
    """

    status: str
    reason: str = ""
    moments: Moments | None = None
    claim: Claim | None = None
    seconds: float = 0.0
    compile_seconds: float = 0.0
    peak_memory: float = float("nan")
    ended: dict[str, Any] = field(default_factory=dict)
    violation: dict[str, Any] = field(default_factory=dict)
    exception: BaseException | None = None


def attempt(solver: Solver, problem: Problem, options: Any, context: Context, *, tier: str = "default") -> Attempt:
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
    tier : str
        What accuracy was asked for: it decides what the guard takes for the solver's error.

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
        accept(outcome, moments, problem, tier)
    except (Exception, SystemExit) as error:
        take_failure(outcome, error)
    outcome.compile_seconds = compile_seconds() - compiled
    outcome.seconds = max(0.0, time.perf_counter() - started - outcome.compile_seconds)
    return outcome


def take_failure(outcome: Attempt, error: BaseException) -> None:
    """Status and reason of what a solver raised."""
    outcome.moments, outcome.exception = None, error
    if isinstance(error, SolverError):
        known = error.status in STATUSES and error.status not in ("ok", "unsupported")
        outcome.status, outcome.reason = error.status if known else "error", error_text(error, named=False)
        if outcome.status == "timeout":
            outcome.ended = {"signal": "", "exit_code": None, "limit": "wall time"}
    elif isinstance(error, MemoryError):
        detail = error_text(error, named=False)
        outcome.status, outcome.reason = "out_of_memory", f"out of memory: {detail}" if detail else "out of memory"
        outcome.ended = {"signal": "", "exit_code": None, "limit": "memory"}
    elif isinstance(error, SystemExit):
        outcome.status, outcome.reason = "crashed", f"the solver called sys.exit({shown(error.code)}){_where(error)}"
        outcome.ended = {"signal": "", "exit_code": error.code if isinstance(error.code, int) else 1, "limit": ""}
    else:
        outcome.status, outcome.reason = "error", error_text(error) + _where(error)


def error_text(error: BaseException, *, named: bool = True) -> str:
    """An exception in one line, even if it cannot say what it is."""
    try:
        text = " ".join(str(error).split())
    except Exception:
        text = "its message cannot be shown"
    return f"{type(error).__name__}: {text}" if named else text


def accept(outcome: Attempt, moments: Any, problem: Problem, tier: str) -> None:
    """Take over a solver's result after checking its form and its physics, and say how it ended.

    Raises
    ------
    SolverError
        If it has not the form of a result.
    """
    from .dataset import check_moments
    from .guard import guarded

    check_moments(moments, problem)
    outcome.moments = moments
    outcome.status = moments.status
    outcome.reason = " ".join(str(moments.reason).split())
    if moments.status == "ok" and moments.valid_until < problem.times[-1]:
        outcome.status = "diverged"
    if outcome.status != "ok" and not outcome.reason:
        outcome.reason = f"the solver stands by its values up to t = {moments.valid_until:g} only"
    finding = guarded(moments, problem, outcome.claim, tier)
    if finding is not None:
        outcome.status, outcome.reason = "unphysical", finding.reason
        outcome.moments, outcome.violation = finding.moments, finding.violation


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
        "stopped": np.inf if moments is None else moments.stopped,
        "diagnostics": {} if moments is None else dict(moments.diagnostics),
        "ended": outcome.ended,
        "violation": outcome.violation,
        "timings": {
            "seconds": outcome.seconds,
            "compile_seconds": outcome.compile_seconds,
            "peak_memory": outcome.peak_memory,
        },
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
