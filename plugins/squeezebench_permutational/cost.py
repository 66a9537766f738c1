"""Memory and time of a solution, before it is begun."""

from __future__ import annotations

import math
import os

import squeezebench as sb

from .algebra import extents, frame_angle, turned_model
from .choice import needed_spins
from .layout import block_entries
from .stencil import counted_terms

__all__ = ["estimate", "machine_memory"]


def machine_memory() -> float:
    """Bytes that a solution may take if nothing else is said: 80 % of the machine's memory."""
    try:
        return 0.8 * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):  # pragma: no cover - not on Linux
        return math.inf


#: Seconds that a number takes in one product: the main loop, with a further term, and with transposed blocks; and a
#: product itself. Measured at N = 40 … 200.
_NUMBER, _TERM, _TRANSPOSED, _PRODUCT = 2.8e-9, 0.7e-9, 1.3e-9, 4e-5
#: Beyond so many numbers the arrays do not fit into the processor's cache, and memory sets the pace.
_CACHED, _UNCACHED = 4e5, 1.3


def estimate(problem: sb.Problem, diagonal: bool) -> sb.Cost:
    """Memory and time.

    Parameters
    ----------
    problem : Problem
        What is to be solved.
    diagonal : bool
        Populations only, or blocks.
    """
    spins = needed_spins(problem)
    rows = float(sum(round(2 * J) + 1 for J in spins))
    entries = rows if diagonal else float(block_entries(problem.N, spins))
    if problem.is_steady:
        return _steady(problem, entries, diagonal)
    seconds, terms = 0.01, 0
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
    return sb.Cost(bytes=8 * (arrays * entries + tables * rows + 6 * largest) + 1e6, seconds=seconds)


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
