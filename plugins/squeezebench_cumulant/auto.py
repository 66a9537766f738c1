"""The order that a question needs, chosen by comparing orders with each other.

Orders k, k + 1 and k + 2 *agree* as long as ξ² and N_eff of each two neighbours differ by less than the tolerance
divided by a margin. From the first time at which they do not, they count as apart for good, because orders agree again
later while all are wrong. The smallest k whose three orders agree to the end gives the answer; if there is none up to
the largest order, the one that agrees longest does, up to when it does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable

    from .course import Course

__all__ = ["MARGIN", "Choice", "choose", "relative_differences", "words"]

Array = NDArray[np.float64]

#: The true error is up to so many times the difference of neighbouring orders: see docs/solvers/cumulant.md for the
#: calibration.
MARGIN = 2.0
#: The first order that is tried: order 1 has no squeezing.
_FIRST = 2
#: ξ² is compared where an order says that the state is squeezed or nearly so, and where there is a mean spin (in units
#: of N/2) that it could refer to.
_XI2_OF_INTEREST = 1.5
_SHORTEST_SPIN = 0.05


@dataclass(frozen=True)
class Choice:
    """What comparing orders gave.

    Attributes
    ----------
    order : int
        Whose numbers are the answer: k + 1 of the three, or N where that is among them.
    compared : tuple of int
        The three orders.
    length : int
        Grid points up to which they agree.
    tried : tuple of int
        All orders that were integrated.
    """

    order: int
    compared: tuple[int, ...]
    length: int
    tried: tuple[int, ...]


def relative_differences(a: Course, b: Course, N: int) -> Array:
    """Larger of the relative differences of ξ², where it is of interest, and N_eff; shape (G,), inf without a value."""
    shortest = np.minimum(np.linalg.norm(a.spin, axis=1), np.linalg.norm(b.spin, axis=1))
    with np.errstate(invalid="ignore", divide="ignore"):
        least = np.minimum(a.xi2, b.xi2)
        of_interest = (least < _XI2_OF_INTEREST) & (shortest > _SHORTEST_SPIN * N / 2)
        squeezing = np.where(of_interest, np.abs(a.xi2 - b.xi2) / np.abs(least), 0.0)
        number = np.abs(a.n_eff - b.n_eff) / np.minimum(a.n_eff, b.n_eff)
    worst = np.maximum(squeezing, number)
    worst[min(a.length, b.length) :] = np.inf
    return np.where(np.isnan(worst), np.inf, worst)


def choose(course_of: Callable[[int], Course], N: int, tolerance: float, largest: int, points: int) -> Choice:
    """The orders that agree longest.

    Parameters
    ----------
    course_of : callable
        Order → its course; asked for each order once.
    N : int
        Number of spins; order N is exact.
    tolerance : float
        Relative, of ξ² and N_eff.
    largest : int
        Largest order to integrate.
    points : int
        Grid points.
    """
    courses: dict[int, Course] = {}

    def course(k: int) -> Course:
        if k not in courses:
            courses[k] = course_of(k)
        return courses[k]

    last = min(max(largest, _FIRST + 2), N)
    if last <= _FIRST + 2:
        return Choice(last, (last,), course(last).length, (last,))
    best = Choice(_FIRST + 1, (), -1, ())
    for k in range(_FIRST, last - 1):
        first, second, third = course(k), course(k + 1), course(k + 2)
        exact = k + 2 == N
        if exact:
            return Choice(N, (k, k + 1, N), third.length, tuple(courses))
        near, far = relative_differences(first, second, N), relative_differences(second, third, N)
        apart = np.flatnonzero(MARGIN * np.maximum(near, far) > tolerance)
        length = int(apart[0]) if len(apart) else points
        if length > best.length:
            best = Choice(k + 1, (k, k + 1, k + 2), length, ())
        if length == points:
            break
    return Choice(best.order, best.compared, best.length, tuple(courses))


def words(choice: Choice, tolerance: float, time: float) -> str:
    """Why an answer ends."""
    a, b, c = choice.compared
    tried = f"none of the orders up to {max(choice.tried)} goes further"
    if not math.isfinite(time):
        return f"orders {a}, {b} and {c} do not agree within {tolerance:g} at any time; {tried}"
    return f"orders {a}, {b} and {c} agree within {tolerance:g} up to t = {time:.6g} only; {tried}"
