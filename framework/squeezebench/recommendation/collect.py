"""Collecting evidence: points that fill the space, every spec at each, alone on the machine and one after another."""

from __future__ import annotations

import datetime
import math
import os
import statistics
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from squeezebench.errors import InvalidOptionError

from .cells import Cell, Evidence, Point, header, line, read

__all__ = ["BOX", "SPECS", "collect", "design", "measure", "solve_cell", "stored_problems", "warm_up"]

#: Ranges that points are drawn from: log10 N, log10 γ_s/Γ, Υ/Υ_c, χ/Γ.
BOX = ((1.0, 5.0), (math.log10(0.3), math.log10(300.0)), (0.3, 1.2), (-1.0, 3.0))
#: γ_s times the last time: the full course, of which three in four points are, and the shortest. A full course tells
#: about accuracy at all earlier times; shorter ones are there for the sake of time and memory.
_FULL, _SHORTEST, _SHORTER = 4.0, 0.1, 0.25
#: So many points have χ = 0, where most questions are.
_NO_EXCHANGE = 0.3
#: Υ/Υ_c and χ/Γ of the second half of the points, and how many of these have χ = 0: where squeezing is best and where
#: methods begin to fail, so that errors change fast from point to point.
_FOCUS, _FOCUS_NO_EXCHANGE = ((0.8, 1.0), (-1.0, 1.5)), 0.6
#: Longest course in units of 1/(N Υ_c): beyond it a cell takes minutes whatever the method.
_LONGEST = 1e4
#: The specs; those of `mcwf` get as many trajectories as there is time for.
SPECS = (
    "mean_field",
    "cumulant:order=1",
    "cumulant",
    "cumulant:order=3",
    "cumulant:order=4",
    "cumulant:order=auto",
    "permutational:tier=fast",
    "permutational",
    "piqs",
    "mcwf",
)
#: Trajectories of a cell: at least so many for a standard error, at most …, in about so many seconds.
_FEWEST, _MOST, _SAMPLING_SECONDS = 16, 256, 1.5
#: Scenario of problems of a thousand spins and more whose exact answers come with the package, and who reads them.
_LARGE, _READER = "validity_large", "stored"
#: PIQS is asked up to this size: beyond, the same answer costs minutes.
_PIQS = 24
#: A spec whose own estimate is this many times the limit is not begun.
_HOPELESS = 4.0
#: Cells shorter than this are taken so many times more, and the median of these counts.
_SHORT, _AGAIN = 0.3, 3


def design(number: int, seed: int, *, corners: bool = True) -> list[Point]:
    """Points: the corners of the box, a scrambled Halton sequence inside it, and another below the critical drive.

    Parameters
    ----------
    number : int
        Points of each sequence.
    seed : int
        Of their scrambling.
    corners : bool
        Whether the corners come first: they make the box the hull.
    """
    from scipy.stats import qmc

    rows: list[tuple[float, ...]] = []
    if corners:
        ends = np.array(np.meshgrid(*BOX, indexing="ij")).reshape(4, -1).T
        rows += [(*map(float, row), _FULL) for row in ends]
    for *unit, exchange, length in qmc.Halton(5, seed=seed).random(number):
        place = [low + x * (high - low) for x, (low, high) in zip(unit, BOX[:3], strict=True)]
        decay = _FULL if length > _SHORTER else _SHORTEST * (_FULL / _SHORTEST) ** (length / _SHORTER)
        rows.append((*place, _exchange(exchange, BOX[3], _NO_EXCHANGE), decay))
    for *unit, exchange in qmc.Halton(4, seed=seed + 1).random(number):
        place = [low + x * (high - low) for x, (low, high) in zip(unit, (*BOX[:2], _FOCUS[0]), strict=True)]
        rows.append((*place, _exchange(exchange, _FOCUS[1], _FOCUS_NO_EXCHANGE), _FULL))
    return [_point(*row) for row in rows]


def _exchange(x: float, ends: tuple[float, float], none: float) -> float:
    """χ of a number between 0 and 1, of which so many are to have none."""
    return 0.0 if x < none else ends[0] + (x - none) / (1 - none) * (ends[1] - ends[0])


def _point(log_N: float, log_gamma: float, u: float, chi: float, decay: float) -> Point:
    N, gamma = round(10**log_N), float(f"{10**log_gamma:.4g}")
    longest = _LONGEST / (N * math.hypot(1.0, 2 * chi))
    stop = min(decay / gamma, longest)
    return Point(N, gamma, float(f"{u:.4g}"), float(f"{chi:.4g}"), float(f"{stop:.4g}"))


def collect(
    file: Path,
    *,
    points: int = 200,
    seed: int = 1,
    limit: float = 6.0,
    budget: float = math.inf,
    tell: Callable[[str], None] | None = None,
) -> Evidence:
    """Measure what is not in `file` yet, and add it there point by point.

    Parameters
    ----------
    file : path
        Evidence, made if it is not there.
    points : int
        Points of each of the two sequences of `design`.
    seed : int
        Of the points.
    limit : float
        Seconds that a cell may take.
    budget : float
        Seconds after which no further point is begun; called again, it goes on.
    tell : callable, optional
        Told about each point.

    Raises
    ------
    StoreError
        If the file is there and is no evidence.
    """
    from .machine import kernel_seconds

    started = time.monotonic()
    if not file.exists():
        file.write_text(header(about(points, seed, limit, kernel_seconds(fresh=True))) + "\n", encoding="utf-8")
    have = {*read(file).points}
    # Points whose exact answers are stored come last, on the times of those.
    known = stored_problems()
    todo = [point for point in (*design(points, seed), *known) if point not in have]
    warm_up()
    for number, point in enumerate(todo):
        if time.monotonic() - started > budget:
            break
        cells = measure(point, limit=limit, problem=known.get(point))
        with file.open("a", encoding="utf-8") as out:
            out.write(line(point, cells) + "\n")
        if tell is not None:
            tell(f"{len(have) + number + 1} of {len(have) + len(todo)}: {point}")
    return read(file)


def about(points: int, seed: int, limit: float, kernel: float) -> dict[str, Any]:
    """Provenance."""
    from squeezebench.versions import machine, versions

    return {
        "command": f"squeezebench recommend --collect --points {points} --seed {seed} --limit {limit:g} -o FILE",
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "versions": versions(),
        "kernel_seconds": float(f"{kernel:.4g}"),
        "threads": 1,
    }


def stored_problems() -> dict[Point, Any]:
    """Points of thousands of spins whose exact answers come with the package, with problems on their times."""
    from squeezebench.host import get_host
    from squeezebench.scenario import load_scenario

    from .user_store import point_of

    found = {}
    if _READER in get_host().solvers:
        for place in load_scenario(_LARGE).points():
            point = point_of(place.problem)
            if point is not None:
                found[point] = place.problem
    return found


def measure(
    point: Point, *, specs: Sequence[str] = SPECS, limit: float = 6.0, problem: Any | None = None
) -> list[Cell]:
    """All cells of a point, on times of its own or those of a problem whose exact answer is stored."""
    from .errors_of import judge

    if problem is None:
        problem = point.problem()
    else:
        specs = (*specs, _READER)
    taken: dict[str, tuple[Cell, Any]] = {spec: solve_cell(point, problem, spec, limit) for spec in specs}
    views = {spec: view for spec, (_, view) in taken.items() if view is not None}
    judged = judge(views)
    cells = []
    for spec, (cell, _) in taken.items():
        if spec in judged:
            found = judged[spec]
            about = {"kind": found.kind, "reference": found.reference, "errors": found.errors or {}}
            cell = Cell(**{**vars(cell), **about, "deviation": found.deviation})
        if cell.status != "unsupported" and spec != _READER:  # what is read is a reference, and recommended to nobody
            cells.append(cell)
    return cells


def solve_cell(point: Point, problem: Any, spec: str, limit: float) -> tuple[Cell, Any]:
    """A cell without its errors, and the view of its result; None without one."""
    from squeezebench.comparison.view import view_of
    from squeezebench.host import get_host
    from squeezebench.spec import Spec

    from .errors_of import trajectories_of

    wanted = Spec.parse(spec)
    solver = get_host().solver(wanted.name)
    if wanted.name == "piqs" and point.N > _PIQS:
        return Cell(point, spec, "unsupported"), None
    samples = 0
    options = solver.resolve_options(wanted.tier, wanted.options)
    cost = solver.estimate(problem, options)
    if wanted.name == "mcwf" and "n_trajectories" not in wanted.options:
        one = solver.estimate(problem, solver.resolve_options(wanted.tier, {"n_trajectories": 1})).seconds
        samples = int(min(max(_SAMPLING_SECONDS / one, _FEWEST), _MOST))
        wanted = wanted.replace(n_trajectories=samples)
        options = solver.resolve_options(wanted.tier, wanted.options)
        cost = solver.estimate(problem, options)
    known: dict[str, Any] = {"estimate_seconds": cost.seconds, "estimate_bytes": cost.bytes, "samples": samples}
    if not cost.seconds < _HOPELESS * limit:
        return Cell(point, spec, "skipped", **known), None
    ds, seconds, peak, status = _timed(problem, wanted, limit)
    if ds is None:
        return Cell(point, spec, status, seconds, peak, **known), None
    if seconds < _SHORT:
        again = [_timed(problem, wanted, limit) for _ in range(_AGAIN)]
        seconds = statistics.median(entry[1] for entry in again)
        peak = max(peak, *(entry[2] for entry in again))
    view = view_of(ds, spec)
    if view.sampled:
        known["samples"] = trajectories_of(view)
    return Cell(point, spec, status, seconds, peak, **known), view


def _timed(problem: Any, spec: Any, limit: float) -> tuple[Any, float, float, str]:
    """Data set, seconds without compilation, peak memory, status.

    Seconds are those of the processor or of the clock, whichever are fewer: on one thread they are the same, but for
    what other programs take.
    """
    import squeezebench as sb
    from squeezebench.dataset import build
    from squeezebench.execution import attempt, provenance, seed_sequence
    from squeezebench.harness.limits import MemoryGauge
    from squeezebench.host import get_host

    solver = get_host().solver(spec.name)
    options = solver.resolve_options(spec.tier, spec.options)
    context = sb.Context(seed=seed_sequence(0), n_threads=1, deadline=time.monotonic() + limit)
    gauge, started = MemoryGauge(), time.process_time()
    outcome = attempt(solver, problem, options, context, tier=spec.tier)
    busy, peak = time.process_time() - started - outcome.compile_seconds, gauge.peak()
    if outcome.moments is None:
        # What was spent until it gave up is no time of a solution.
        return None, math.nan, peak, outcome.status
    details = {"tier": spec.tier, "label": spec.label, "seed": 0, "n_threads": 1}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ds = build(problem, outcome.moments, provenance=provenance(solver, problem, options, outcome, details))
    return ds, min(outcome.seconds, max(busy, 0.0)), peak, outcome.status


def warm_up() -> None:
    """Every spec once, at a small point: kernels are loaded, and nothing of that is in a cell's time."""
    for point in (Point(12, 3.0, 0.9, 0.5, 0.1), Point(30, 3.0, 0.9, 0.0, 0.1)):
        problem = point.problem()
        for spec in SPECS:
            solve_cell(point, problem, spec, 60.0)


def check_collection(points: int, limit: float, budget: float, file: Path) -> None:
    """Complain of arguments that cannot be meant.

    Raises
    ------
    InvalidOptionError
        Naming the value.
    """
    if not 1 <= points <= 100_000:
        raise InvalidOptionError(f"--points {points}: give a number of points from 1 to 100000")
    if not 0 < limit < math.inf:
        raise InvalidOptionError(f"--limit {limit:g}: give a number of seconds above 0")
    if not budget > 0:
        raise InvalidOptionError(f"--budget {budget:g}: give a number of seconds above 0")
    if file.is_dir():
        raise InvalidOptionError(f"{file} is a folder: give a file")
    if not file.parent.is_dir() or not os.access(file.parent, os.W_OK):
        raise InvalidOptionError(f"{file}: there is no folder {file.parent} that can be written to; make it first")
