"""Memory and time of a solution, before it is begun."""

from __future__ import annotations

import math
import os

import squeezebench as sb

from .algebra import extents, frame_angle, turned_model
from .choice import needed_spins
from .layout import block_entries
from .plan import MANY
from .stencil import counted_terms

__all__ = ["estimate", "least_bytes", "machine_memory"]


def machine_memory() -> float:
    """Bytes that a solution may take if nothing else is said: 80 % of the machine's memory."""
    try:
        return 0.8 * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):  # pragma: no cover - not on Linux
        return math.inf


#: Seconds that a number takes in one product: the main loop, with a further term, and with transposed blocks; and a
#: product itself. Measured at N = 40 … 200.
_NUMBER, _TERM, _TRANSPOSED, _PRODUCT = 2.6e-9, 0.65e-9, 1.2e-9, 3.5e-5
#: Beyond so many numbers the arrays do not fit into the processor's cache, and memory sets the pace.
_CACHED, _UNCACHED = 4e5, 1.3


#: Multipoles: K in units of N^0.65 once a state has spread over the sphere, and in units of √N before; how many times
#: as far the spectrum of K = N reaches as that of a small K/N, times N/K; products for each unit of it; the share
#: of the numbers at their most that is there on average, and of all J; seconds a number. Measured at N = 100 … 500.
_SPREAD, _NARROW, _STEEPER, _PRODUCTS, _AVERAGE, _OCCUPIED, _MULTIPOLE = 3.1, 4.3, 1.9, 1.25, 0.7, 0.72, 2.1e-9
#: Columns of the plan, padding included, of few and of many spins, and how much larger its K is.
_COLUMNS, _COLUMNS_OF_MANY, _LARGER = 16, 8, 1.15


def multipole_estimate(problem: sb.Problem, n_threads: int = 1) -> sb.Cost:
    """Memory and time with multipoles.

    Parameters
    ----------
    problem : Problem
        What is to be solved.
    n_threads : int
        Threads; a second one saves about 40 %.
    """
    spins = needed_spins(problem)
    N, end = problem.N, float(problem.times[-1])
    seconds, largest = 0.1, 0.0
    for step in problem.segments():
        model = turned_model(step.model, frame_angle(step.model))
        span = max(min(step.stop, end) - step.start, 0.0)
        real, imaginary = extents(model, spins)
        spread = min(1.0, max(imaginary, 1.0) / N * span / 8)
        twisted = 1.5 if model.K.any() else 1.0
        K = min(float(N), twisted * max(_NARROW * math.sqrt(N), _SPREAD * N**0.65 * spread))
        turn = max(1.05 * imaginary * min(1.0, _STEEPER * K / N), 0.3 * real * (K / N) ** 2) * span
        products = _PRODUCTS * turn + 30
        numbers = (K + 1) * (K + 2) * max(len(spins) * _OCCUPIED, 1.0)
        plan = (_COLUMNS_OF_MANY if N >= MANY else _COLUMNS) * (_LARGER * K) ** 2
        pace = _MULTIPOLE * (_UNCACHED if numbers > _CACHED else 1.0)
        seconds += products * (
            pace * _AVERAGE * numbers / (1 + 0.7 * (n_threads > 1)) + _MULTIPOLE * plan + 2 * _PRODUCT
        )
        largest = max(largest, numbers / _OCCUPIED + 18 * K * len(spins) / 4 + 3 * plan)
    return sb.Cost(bytes=8 * 4.0 * largest + 3e6, seconds=seconds)


def least_bytes(problem: sb.Problem) -> float:
    """Memory without which no representation does, in no time for any N: the populations, if J changes.

    Estimates go through all J, which takes seconds for a million spins.
    """
    changes = any(not step.model.is_collective for step in problem.segments())
    return 8 * (problem.N / 2 + 1) ** 2 if changes else 0.0


def estimate(problem: sb.Problem, representation: str) -> sb.Cost:
    """Memory and time.

    Parameters
    ----------
    problem : Problem
        What is to be solved.
    representation : {"diagonal", "blocks", "multipoles", "aligned"}
        Where most of the time is spent.
    """
    diagonal = representation == "diagonal"
    if representation == "multipoles" and not problem.is_steady:
        return multipole_estimate(problem)
    spins = needed_spins(problem)
    rows = float(sum(round(2 * J) + 1 for J in spins))
    entries = rows if diagonal else float(block_entries(problem.N, spins))
    if problem.is_steady:
        return _steady(problem, entries, diagonal)
    seconds, terms = 0.007, 0
    transposed = False
    for step in problem.segments():
        angle = 0.0 if diagonal else frame_angle(step.model)
        model = turned_model(step.model, angle)
        number, mixed = (0, False) if diagonal else counted_terms(model)
        terms, transposed = max(terms, number), transposed or mixed
        real, imaginary = extents(model, spins, diagonal)
        turn = max(0.6 * real, 1.25 * imaginary) * (min(step.stop, float(problem.times[-1])) - step.start)
        products = 1.2 * turn + 20 + 50 * min(turn / 40, 3.0)
        pace = _NUMBER + _TERM * number + (_TRANSPOSED if mixed else 0.0)
        pace *= _UNCACHED if entries > _CACHED else 1.0
        seconds += max(products, 0.0) * (_PRODUCT + entries * pace)
    arrays = 4 + transposed
    tables = (10 + 2 * terms) if not diagonal else 24
    largest = float(max(round(2 * J) + 1 for J in spins)) ** 2
    return sb.Cost(bytes=8 * (arrays * entries + tables * rows + 6 * largest) + 1e5, seconds=seconds)


def _steady(problem: sb.Problem, entries: float, diagonal: bool) -> sb.Cost:
    """Of sparse LU factors: entries^1.67 of them, measured at N = 20 … 50."""
    angle = 0.0 if diagonal else frame_angle(problem.model)
    if problem.model.is_collective:
        entries = float(max(round(2 * J) + 1 for J in needed_spins(problem))) ** (1 if diagonal else 2)
    elif not diagonal and not counted_terms(turned_model(problem.model, angle))[1]:
        entries /= 2
    power = 1.67 if not problem.model.is_collective and not diagonal else 1.3
    fill = 1.3 * entries**power + 20 * entries
    return sb.Cost(bytes=16 * fill + 2e3 * entries + 1e6, seconds=0.02 + 1e-5 * entries + 3e-8 * fill * entries**0.2)
