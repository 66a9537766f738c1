"""One call: solve one problem with one solver."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import InvalidModelError, InvalidOptionError, SolverError, UnsupportedProblemError
from .execution import attempt, provenance, seed_sequence, thread_number, warn_if_partial
from .host import get_host
from .model_types import check_model
from .problem import Problem
from .solver import Context, Solver, checked_keep, no_progress
from .states import DickeState, State
from .validate import half_integer, positive_number, real_path, shown

if TYPE_CHECKING:
    import xarray as xr

    from .spec import Spec

__all__ = ["solve", "steady_state"]

_LOG = logging.getLogger(__name__)


def solve(
    problem: Problem,
    solver: str | Spec | Solver,
    *,
    tier: str | None = None,
    seed: int = 0,
    n_threads: int | None = None,
    keep: Iterable[str] = (),
    label: str | None = None,
    progress: Callable[..., None] | None = None,
    time_limit: float | None = None,
    max_memory: float | None = None,
    checkpoint: str | Path | None = None,
    **options: Any,
) -> xr.Dataset:
    """Solve a problem and return every observable, labelled.

    Parameters
    ----------
    problem : Problem
        What to solve.
    solver : str, Spec or Solver
        Name of a solver, a spec such as ``"cumulant:order=3,tier=tight"``, or a solver of your own.
    tier : {"fast", "default", "tight", "reference"}, optional
        How accurate; see the solver's page for what it means there.
    seed : int
        Decides the random numbers of sampled solvers.
    n_threads : int, optional
        Threads that the solver may use; all usable cores by default. Results do not depend on it.
    keep : iterable of {"trajectories", "states"}
        What to keep beyond the moments.
    label : str, optional
        Name of this result in comparisons; the spec by default.
    progress : callable, optional
        Called as ``progress(fraction, text)``.
    time_limit : float, optional
        Seconds after which the solver should give up.
    max_memory : float, optional
        Bytes that the solver may use.
    checkpoint : path, optional
        Folder from which a killed solution resumes, for solvers that can.
    **options
        Options of the solver; they win over the tier's.

    Returns
    -------
    xarray.Dataset
        Coordinates ``time``, ``axis``, ``axis_``; variables ``spin`` (time, axis), ``covariance`` (time, axis, axis_),
        ``xi2``, ``n_eff`` and the other observables (time); ``attrs["squeezebench"]`` is the provenance as JSON.

    Raises
    ------
    UnknownSolverError, InvalidOptionError
        If there is no such solver or option.
    UnsupportedProblemError
        If the solver declines the problem; the message says why.
    SolverError
        If it fails.

    Warns
    -----
    SqueezebenchWarning
        If the result ends before the last time.

    Examples
    --------
    >>> import numpy as np
    >>> import squeezebench as sb
    >>> model = sb.SpinModel.driven_cavity(N=4, upsilon_ratio=0.9, gamma_s=1.0)
    >>> problem = sb.Problem(model, sb.CoherentSpinState(), times=np.linspace(0, 0.5, 3))
    >>> ds = sb.solve(problem, "cumulant", order=4)
    >>> ds.xi2.values.round(4)
    array([1.    , 1.1149, 1.0594])
    """
    from .dataset import build
    from .spec import Spec

    if not isinstance(problem, Problem):
        raise InvalidModelError(f"problem = {shown(problem)} is no squeezebench.Problem")
    if isinstance(solver, Solver):
        method, spec = solver, Spec(solver.name, tier=tier or "default", label=label, **options)
    else:
        changes = {key: value for key, value in (("tier", tier), ("label", label)) if value is not None}
        spec = Spec.coerce(solver).replace(**changes, **options)
        method = get_host().solver(spec.name)
    resolved = method.resolve_options(spec.tier, spec.options)
    threads = thread_number(n_threads)
    if progress is not None and not callable(progress):
        raise InvalidOptionError(f"progress = {shown(progress)} cannot be called: give a function of (fraction, text)")
    context = Context(
        seed=seed_sequence(seed),
        n_threads=threads,
        keep=checked_keep(keep),
        deadline=time.monotonic() + _limit(time_limit, "time_limit", "a number of seconds"),
        max_memory=_limit(max_memory, "max_memory", "a number of bytes"),
        checkpoint=None if checkpoint is None else real_path(checkpoint, "checkpoint", "a folder"),
        progress=progress or no_progress,
        partial=True,
    )
    _LOG.debug("solving %r with %s (%r) on %d threads", problem, spec, resolved, threads)
    outcome = attempt(method, problem, resolved, context, tier=spec.tier)
    _LOG.debug(
        "%s: %s in %.3g s, %.3g s of compilation apart%s",
        spec.label,
        outcome.status,
        outcome.seconds,
        outcome.compile_seconds,
        f": {outcome.reason}" if outcome.reason else "",
    )
    if outcome.status == "unsupported":
        raise UnsupportedProblemError(f"solver {method.name!r} declines this problem: {outcome.reason}")
    if outcome.moments is None:
        if isinstance(outcome.exception, SolverError):
            raise outcome.exception
        raise SolverError(f"solver {method.name!r} failed: {outcome.reason}", outcome.status) from outcome.exception
    warn_if_partial(outcome, method)
    details = {"tier": spec.tier, "label": spec.label, "seed": int(seed), "n_threads": threads}
    return build(
        problem,
        outcome.moments,
        provenance=provenance(method, problem, resolved, outcome, details),
        observables=get_host().observables,
        keep=context.keep,
    )


def steady_state(
    model: Any,
    solver: str | Spec | Solver = "steady_state",
    *,
    J: float | None = None,
    initial: State | None = None,
    **arguments: Any,
) -> xr.Dataset:
    """Steady state of a model, as the data set of `solve` at ``time = inf``.

    Parameters
    ----------
    model : SpinModel
        What acts.
    solver : str, Spec or Solver
        A solver with a steady-state method.
    J : float, optional
        Total spin, where it is conserved; N/2 by default.
    initial : State, optional
        Instead of `J`: the start whose steady state is asked for.
    **arguments
        As for `solve`.

    Returns
    -------
    xarray.Dataset
        See `solve`.

    Raises
    ------
    SteadyStateNotUniqueError
        If the start does not decide the steady state.

    Examples
    --------
    >>> import squeezebench as sb
    >>> ds = sb.steady_state(sb.SpinModel.driven_cavity(N=2000, upsilon_ratio=0.9))
    >>> float(ds.xi2[0].round(4))
    0.4356
    """
    if J is not None and initial is not None:
        raise InvalidModelError("give J or initial, not both")
    if initial is None:
        check_model(model)
        total = model.N / 2 if J is None else half_integer(J, "J")
        initial = DickeState(total, -total)
    return solve(Problem(model, initial, times=[np.inf]), solver, **arguments)


def _limit(value: Any, name: str, what: str) -> float:
    """`value` as a number above 0; inf for None and inf."""
    if value is None or (isinstance(value, float) and value == math.inf):
        return math.inf
    return positive_number(value, name, what)
