"""From a scenario and solver specs to cells, and from cells to jobs."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from squeezebench.content import content_hash, without_labels
from squeezebench.errors import InvalidOptionError
from squeezebench.execution import SCHEMA
from squeezebench.host import Host
from squeezebench.problem import Problem
from squeezebench.solver import Solver
from squeezebench.spec import Spec

if TYPE_CHECKING:
    from squeezebench.reductions import Reduction, StopRule
    from squeezebench.scenario import Point, Scenario

__all__ = [
    "MAX_BATCH",
    "MAX_SERIES_POINTS",
    "SLAB",
    "Cell",
    "Job",
    "Plan",
    "cell_key",
    "jobs_of",
    "keys_of_story",
    "make_plan",
]

#: Most cells in one job, and so in one file.
MAX_BATCH = 1024

#: A scenario of more points than this is a map: it keeps reductions only, unless it says ``keep = ["series"]``.
MAX_SERIES_POINTS = 1000

#: A map of more points than this is planned so many at a time, so that the memory it takes does not grow with it.
SLAB = 8 * MAX_BATCH


@dataclass(frozen=True)
class Cell:
    """One spec at one point with one seed.

    Attributes
    ----------
    key : str
        SHA-256 of what decides its numbers.
    spec : Spec
        Solver and options as asked for.
    options : pydantic model
        Options as resolved.
    point : Point
        Problem, reductions and stop rule.
    seed : int
        Seed; part of the key for sampled solvers only.
    beyond : int
        0; or, where the point has more, the number of spins up to which the scenario asks this solver. Such a cell is
        left out, and nothing is stored under its key.
    """

    key: str
    spec: Spec
    options: Any
    point: Point
    seed: int
    beyond: int = 0

    @property
    def problem(self) -> Problem:
        """What to solve."""
        return self.point.problem


@dataclass(frozen=True)
class Job:
    """What an executor is handed: cells of one spec, solved together where the solver can.

    Attributes
    ----------
    cells : tuple of Cell
        At most `MAX_BATCH`.
    n_threads : int
        Threads of the solver.
    keep : frozenset of str
        What is stored beyond status and reductions.
    blocks : (int, int), optional
        First and one past the last block of trajectories, where one sampled cell is shared out.
    checkpoint : str, optional
        Folder in which a solver may keep what it resumes from.
    """

    cells: tuple[Cell, ...]
    n_threads: int
    keep: frozenset[str]
    blocks: tuple[int, int] | None = None
    checkpoint: str | None = None

    @property
    def spec(self) -> Spec:
        """The spec of all its cells."""
        return self.cells[0].spec

    @property
    def name(self) -> str:
        """Name of its file: the cell's key, or a hash of all of them."""
        keys = [cell.key for cell in self.cells]
        return keys[0] if len(keys) == 1 else content_hash(keys)


@dataclass
class Plan:
    """All cells of a run, by spec and point.

    Attributes
    ----------
    scenario : Scenario
        What is run.
    specs : list of Spec
        One a row of the result.
    points : list of Point
        In the order of the product of the axes.
    cells : list of list of Cell
        ``cells[spec][point]``.
    keep : frozenset of str
        What is stored.
    seed : int
        Seed of the run.
    first, total : int
        Place of the first point among all, and how many there are: a large map is planned in slabs.
    """

    scenario: Scenario
    specs: list[Spec]
    points: list[Point]
    cells: list[list[Cell]]
    keep: frozenset[str]
    seed: int = 0
    named: frozenset[str] = field(default_factory=frozenset)
    first: int = 0
    total: int = 0

    @property
    def is_part(self) -> bool:
        """Whether it holds a slab of the points only."""
        return len(self.points) < self.total

    @property
    def end(self) -> int:
        """Place after the last point."""
        return self.first + len(self.points)

    def slab(self, first: int, host: Host) -> Plan:
        """Plan of the points from a place on."""
        return make_plan(self.scenario, self.specs, host, seed=self.seed, keep=self.keep, first=first)

    def all_cells(self) -> list[Cell]:
        """Cells that are to be computed, in order, specs first."""
        return [cell for row in self.cells for cell in row if not cell.beyond]


def cell_key(
    solver: Solver,
    plugin_version: str,
    options: Any,
    problem: Problem,
    *,
    seed: int,
    keep: Iterable[str] = (),
    reductions: Sequence[Reduction] = (),
    stop: StopRule | None = None,
) -> str:
    """SHA-256 of the canonical JSON of everything that decides a cell's numbers.

    Threads, workers, machine, labels, titles and the rate unit are not part of it; the seed is for sampled solvers.
    """
    sampled = False
    # What is wrong with a solver that cannot even say this is said when it is asked to solve.
    with contextlib.suppress(Exception):
        sampled = bool(solver.full_support(problem, options)) and solver.claim(problem, options).sampled
    return _key(
        {
            "schema": SCHEMA,
            "solver": solver.name,
            "plugin_version": plugin_version,
            "api_version": solver.api_version,
            "options": options.model_dump(mode="json"),
            "problem": problem.to_dict(),
            "reductions": [reduction.to_dict() for reduction in reductions],
            "stop": None if stop is None else stop.to_dict(),
            "keep": sorted(keep),
            "seed": seed,
        },
        sampled,
    )


def _key(story: Mapping[str, Any], sampled: bool) -> str:
    names = ("schema", "solver", "plugin_version", "api_version", "options", "reductions", "stop", "keep")
    content = {name: story[name] for name in names}
    content["problem"] = without_labels(story["problem"])
    content["seed"] = story["seed"] if sampled else None
    return content_hash(content)


def keys_of_story(story: Mapping[str, Any]) -> set[str]:
    """Keys that a cell of this provenance may have: with its seed, and without.

    Raises
    ------
    KeyError
        If something that decides the key is not in it.
    """
    return {_key(story, sampled) for sampled in (True, False)}


def make_plan(
    scenario: Scenario,
    specs: Sequence[Spec],
    host: Host,
    *,
    seed: int,
    keep: frozenset[str] | None = None,
    first: int = 0,
) -> Plan:
    """Cells of every spec at every point, after checking all names and options; of a large map at `SLAB` points.

    Raises
    ------
    UnknownSolverError, InvalidOptionError, InvalidScenarioError
        Before anything is computed.
    """
    if not specs:
        raise InvalidOptionError(f"scenario {scenario.name!r} names no solvers: give at least one")
    labels = [spec.label for spec in specs]
    for label in labels:
        if labels.count(label) > 1:
            raise InvalidOptionError(f"two solvers are called {label!r}: give one of them another label=")
    for name in scenario.reach:
        host.solver(name)  # raises, and names the nearest
    total = math.prod(scenario.shape)
    if keep is None:
        series = scenario.keep is not None or total <= MAX_SERIES_POINTS
        keep = frozenset(scenario.keep if scenario.keep is not None else (["series"] if series else []))
    points = scenario.points(first, total if keep else first + SLAB)
    rows = []
    for spec in specs:
        solver = host.solver(spec.name)
        options = solver.resolve_options(spec.tier, spec.options)
        version = host.origin(solver).version
        row = []
        for point in points:
            key = cell_key(
                solver,
                version,
                options,
                point.problem,
                seed=seed,
                keep=keep,
                reductions=point.reductions,
                stop=point.stop,
            )
            most = scenario.reach.get(spec.name, point.problem.N)
            beyond = most if most < point.problem.N else 0
            row.append(Cell(content_hash({"beyond": key}) if beyond else key, spec, options, point, seed, beyond))
        rows.append(row)
    return Plan(scenario, list(specs), points, rows, keep, seed, first=first, total=total)


def jobs_of(plan: Plan, host: Host, missing: Iterable[str], n_threads: int) -> list[Job]:
    """Jobs for the cells whose keys are missing: batches for solvers that have them, else one cell each."""
    wanted = set(missing)
    jobs = []
    for spec, row in zip(plan.specs, plan.cells, strict=True):
        todo = []
        for cell in row:
            if cell.key in wanted:
                wanted.discard(cell.key)  # the same numbers twice in a plan are computed once
                todo.append(cell)
        size = MAX_BATCH if host.solver(spec.name).batches else 1
        for length in sorted({len(cell.problem.times) for cell in todo}):
            alike = [cell for cell in todo if len(cell.problem.times) == length]
            jobs += [
                Job(tuple(alike[start : start + size]), n_threads, plan.keep) for start in range(0, len(alike), size)
            ]
    return jobs
