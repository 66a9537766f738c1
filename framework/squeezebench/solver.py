"""The interface that every solver plugin implements."""

from __future__ import annotations

import abc
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from .errors import InvalidOptionError, SolverError
from .model import SpinModel
from .moments import Moments
from .problem import Problem
from .validate import nearest, positive_number, shown

__all__ = ["API_VERSION", "TIERS", "Claim", "Context", "Cost", "Options", "Solver", "Support"]

#: The version of this interface. A plugin states the one that it was written for.
API_VERSION = 1

#: Tier → relative error of ξ² that it aims for (where |⟨J⟩| > 0.05 N/2).
TIERS: Mapping[str, float] = {"fast": 1e-3, "default": 1e-5, "tight": 1e-8, "reference": 1e-10}

#: Tier → relative standard error of ξ² that a sampled solver aims for.
SAMPLED_TIERS: Mapping[str, float] = {"fast": 0.05, "default": 0.02, "tight": 0.01, "reference": 0.003}

KEEP = frozenset({"series", "trajectories", "states"})


class Options(BaseModel):
    """Base class of a solver's options: frozen, strict, and unknown names are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


@dataclass(frozen=True)
class Support:
    """Whether a solver takes a problem, and if not, why.

    Parameters
    ----------
    supported : bool
        The answer.
    reason : str
        In words, for a person; required where the answer is no.
    """

    supported: bool
    reason: str = ""

    def __bool__(self) -> bool:
        return self.supported


@dataclass(frozen=True)
class Claim:
    """What a solver says about its own result, and what comparison holds it to.

    Parameters
    ----------
    accuracy : {"exact", "asymptotic", "mean_field"}
        ``exact``: converges to the model's answer; broken when apart from an equal by more than both error budgets.
        ``asymptotic``: approximate, and broken only when apart by more than 5 times its own estimate before its
        `valid_until`. ``mean_field``: never broken; a deviation is reported.
    sampled : bool
        Whether the numbers carry statistical errors.
    floor : float
        Relative error that no option removes.
    observables : tuple of str
        The only observables that the claim is about; empty means all.
    closed_form : bool
        Whether the numbers come from a formula rather than from steps or a truncation: the strongest reference.
    """

    accuracy: Literal["exact", "asymptotic", "mean_field"] = "asymptotic"
    sampled: bool = False
    floor: float = 1e-10
    observables: tuple[str, ...] = ()
    closed_form: bool = False

    def __post_init__(self) -> None:
        if self.accuracy not in ("exact", "asymptotic", "mean_field"):
            accuracy = shown(self.accuracy)
            raise InvalidOptionError(f"accuracy = {accuracy}: give 'exact', 'asymptotic' or 'mean_field'")
        if not isinstance(self.sampled, bool):
            raise InvalidOptionError(f"sampled = {shown(self.sampled)} of a claim: give True or False")
        if not isinstance(self.closed_form, bool):
            raise InvalidOptionError(f"closed_form = {shown(self.closed_form)} of a claim: give True or False")
        object.__setattr__(self, "floor", positive_number(self.floor, "floor", "a relative error", zero=True))
        names = self.observables
        if isinstance(names, str) or not isinstance(names, Iterable) or not all(isinstance(n, str) for n in names):
            raise InvalidOptionError(f"observables = {shown(names)} of a claim: give a tuple of names")
        object.__setattr__(self, "observables", tuple(names))

    def covers(self, observable: str) -> bool:
        """Whether the claim is about this observable."""
        return not self.observables or observable in self.observables


@dataclass(frozen=True)
class Cost:
    """Estimate of what a solution takes; NaN where the solver does not know.

    Parameters
    ----------
    bytes : float
        Peak memory beyond the interpreter's.
    seconds : float
        Wall time on one thread, after compilation.
    """

    bytes: float = float("nan")
    seconds: float = float("nan")


def no_progress(fraction: float, text: str = "") -> None:
    """Report to nobody."""


def _never() -> bool:
    """Say that nobody has cancelled."""
    return False


@dataclass(frozen=True)
class Context:
    """What the framework gives a solver beside the problem.

    Attributes
    ----------
    seed : numpy.random.SeedSequence
        The only source of randomness.
    n_threads : int
        How many threads the solver may use.
    progress : callable
        ``progress(fraction, text="")``, fraction from 0 to 1.
    cancelled : callable
        Whether to stop; raise `SolverError` with what is finished lost, or return what there is.
    deadline : float
        ``time.monotonic()`` value after which the result is of no use; inf if there is none.
    max_memory : float
        Bytes; inf if there is no limit.
    keep : frozenset
        What to keep beyond the moments, of {"series", "trajectories", "states"}.
    checkpoint, scratch : Path, optional
        Folders for resuming a killed solution, and for large temporary files.
    stop : mapping, optional
        The scenario's stop rule, as content of `squeezebench.reductions.StopRule`: a solver may end once it holds.
    reductions : tuple
        What the scenario keeps of each problem of the call, in their order: tuples of contents of
        `squeezebench.reductions.Reduction`. A solver may find them itself, inside its steps, and give them in
        ``Moments.extra["reductions"]``; if it has all of them, and `keep` has no "series", it may leave the series out.
    stops : tuple
        Of a batch, the stop rule of each problem, as `stop`.
    partial : bool
        Whether whoever asks wants what is finished when Ctrl-C interrupts; otherwise KeyboardInterrupt goes on to them.
    blocks : (int, int), optional
        Of a sampled solver that says how many blocks it has (`Solver.sample_blocks`): the first block to compute, and
        one past the last. None: all of them.
    """

    seed: np.random.SeedSequence = field(default_factory=lambda: np.random.SeedSequence(0))
    n_threads: int = 1
    progress: Callable[..., None] = no_progress
    cancelled: Callable[[], bool] = _never
    deadline: float = float("inf")
    max_memory: float = float("inf")
    keep: frozenset[str] = frozenset()
    checkpoint: Path | None = None
    scratch: Path | None = None
    stop: Mapping[str, Any] | None = None
    reductions: tuple[tuple[Mapping[str, Any], ...], ...] = ()
    stops: tuple[Mapping[str, Any] | None, ...] = ()
    partial: bool = False
    blocks: tuple[int, int] | None = None

    def check(self) -> None:
        """Raise `SolverError` if the run is cancelled or the deadline has passed; call it now and then."""
        if self.cancelled():
            raise SolverError("cancelled", status="error")
        if time.monotonic() > self.deadline:
            raise SolverError("the time limit has passed", status="timeout")


class Solver(abc.ABC):
    """A method that turns a problem into moments.

    Only `name`, `claim` and `solve` must be written. Solvers keep no state between calls.

    Attributes
    ----------
    name : str
        ``[a-z][a-z0-9_]*``, unique among the loaded plugins.
    api_version : int
        The version of this interface that it was written for.
    model_types : tuple of type
        Models that it solves.
    Options : type
        Pydantic model of its options, each with default, bounds and a one-line description.
    tiers : mapping
        Tier → options. Names mean the same for everybody: see `TIERS`.
    schedules : bool
        Whether it works through ``problem.segments()`` itself; otherwise the framework refuses schedules for it.
    times : bool
        Whether it follows a state over finite times.
    steady : bool
        Whether it answers ``times = [inf]`` with the steady state.
    summary : str
        The method in a line, for tables.
    parallel : bool
        Whether `solve` gains from more than one thread; otherwise the pools of BLAS and OpenMP are held to one.
    libraries : tuple of str
        Modules that `solve` imports: the framework imports them before it takes the time and limits the threads.
    """

    name: ClassVar[str]
    api_version: ClassVar[int] = API_VERSION
    model_types: ClassVar[tuple[type, ...]] = (SpinModel,)
    Options: ClassVar[type[BaseModel]] = Options
    tiers: ClassVar[Mapping[str, Mapping[str, Any]]] = {"default": {}}
    schedules: ClassVar[bool] = False
    times: ClassVar[bool] = True
    steady: ClassVar[bool] = False
    summary: ClassVar[str] = ""
    parallel: ClassVar[bool] = False
    libraries: ClassVar[tuple[str, ...]] = ()

    @abc.abstractmethod
    def claim(self, problem: Problem, options: Any) -> Claim:
        """What the solver claims about its answer to this problem."""

    @abc.abstractmethod
    def solve(self, problem: Problem, options: Any, context: Context) -> Moments:
        """Moments at ``problem.times``.

        Raises
        ------
        SolverError
            If it fails although `supports` said yes.
        """

    def supports(self, problem: Problem, options: Any) -> Support:
        """Whether the solver takes this problem, beyond what its attributes say."""
        return Support(True)

    def estimate(self, problem: Problem, options: Any) -> Cost:
        """What a solution takes, before anything is spent."""
        return Cost()

    def sample_blocks(self, problem: Problem, options: Any) -> int:
        """Number of independent blocks of trajectories that can be computed apart; 0 if the cell is one piece.

        A sampled solver that gives a number B > 0 must, asked for ``context.blocks = (a, b)``, return samples of
        blocks a … b − 1 only, the same to the last bit as in a solution of all B. The framework then shares one cell
        out over many workers and pools what they return.
        """
        return 0

    def solve_batch(self, problems: Sequence[Problem], options: Any, context: Context) -> list[Moments | SolverError]:
        """Solve many problems in one call; a failure takes the place of its own result only."""
        results: list[Moments | SolverError] = []
        for problem in problems:
            try:
                results.append(self.solve(problem, options, context))
            except SolverError as error:
                results.append(error)
            except MemoryError as error:
                results.append(SolverError(f"out of memory: {error}", status="out_of_memory"))
            except Exception as error:
                results.append(SolverError(f"{type(error).__name__}: {error}"))
        return results

    # ---------------------------------------------------------------- what the framework does with the above

    @property
    def batches(self) -> bool:
        """Whether the solver has a `solve_batch` of its own."""
        return type(self).solve_batch is not Solver.solve_batch

    def resolve_options(self, tier: str = "default", options: Mapping[str, Any] | None = None) -> Any:
        """Options of a tier, with the given ones on top, validated.

        Parameters
        ----------
        tier : str
            One of the solver's tiers.
        options : mapping, optional
            Single options; they win over the tier's.

        Raises
        ------
        InvalidOptionError
            If the tier or an option is unknown, or a value is out of bounds.
        """
        if tier not in self.tiers:
            raise InvalidOptionError(f"solver {self.name!r} has no tier {tier!r}{nearest(tier, self.tiers)}")
        known = self.Options.model_fields
        given = dict(options or {})
        for key in given:
            if key not in known:
                hint = nearest(key, known) if known else "; it has no options"
                raise InvalidOptionError(f"solver {self.name!r} has no option {key!r}{hint}")
        try:
            return self.Options(**{**self.tiers[tier], **given})
        except ValidationError as error:
            raise InvalidOptionError(f"solver {self.name!r}: {_first_problem(error)}") from error

    def full_support(self, problem: Problem, options: Any) -> Support:
        """`supports`, after what the attributes say about model type, schedules and times."""
        model_type = type(problem.model)
        if not issubclass(model_type, self.model_types):
            return Support(False, f"solves no {model_type.__name__}")
        if problem.is_steady and not self.steady:
            return Support(False, "follows states over time and has no steady-state method")
        if not problem.is_steady and not self.times:
            return Support(False, "gives the steady state only, not a course over time")
        if not problem.is_plain and not self.schedules:
            return Support(False, "takes one model from start to end, no schedule")
        return self.supports(problem, options)


def _first_problem(error: ValidationError) -> str:
    """The first of pydantic's complaints, as one line that names option, value and expectation."""
    detail = error.errors()[0]
    # behind the name of an option stand places in a list, or which of several types it was tried as
    where = ".".join(str(part) for k, part in enumerate(detail["loc"]) if k == 0 or isinstance(part, int)) or "options"
    message = detail["msg"][0].lower() + detail["msg"][1:]
    return f"{where} = {shown(detail.get('input'))}: {message}"


def checked_keep(keep: Iterable[str]) -> frozenset[str]:
    """`keep` as a frozenset of known entries."""
    if isinstance(keep, bytes) or not isinstance(keep, Iterable):
        raise InvalidOptionError(f"keep = {shown(keep)}: give a list of {', '.join(sorted(KEEP))}")
    entries = [keep] if isinstance(keep, str) else list(keep)
    for entry in entries:
        if not isinstance(entry, str) or entry not in KEEP:
            raise InvalidOptionError(f"keep = {shown(entry)}{nearest(str(entry), KEEP)}")
    return frozenset(entries)
