"""Up to when an order of the hierarchy can be believed, and how far off it may be.

An unstable order does not show it: order 2 loses, all by itself, a squeezed steady state that in truth lasts for ever,
and its moments obey the uncertainty relation all the while. What tells is that orders k, k + 1 and k + 2 part.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from .course import Course, Grid

__all__ = ["Verdict", "believe", "differences", "parted", "witness_until"]

Array = NDArray[np.float64]

# Margins, measured against exact answers (N = 10 … 60, Υ/Υ_c = 0.5, 0.9, 1.3, χ/Γ = −1, 0, 1, γ_s/Γ = 0 … 20, start
# −x, orders 1 to 4; 112 problems) and, at N = 2000 and 10⁴, order against order:
# - In the minimum of order 2's ξ² that Tucker et al. (Phys. Rev. A 102, 051701) have (Υ/Υ_c = 0.9; N = 2000, γ_s/Γ = 1,
#   4, 16; N = 10⁴, γ_s/Γ = 50 and χ/Γ = 0, 0.5, 1) orders 2 and 3 differ by 2 … 8 %; at χ/Γ = 2 and 3 by 22 and 26 %.
#   Spurious instabilities take the difference from 10 % to 100 % within a few per cent of the time, so that 0.2 … 0.5
#   work alike: at γ_s = 0, N = 2000 order 2 is stopped when it is 4 % above the exact ξ².
# - Order k + 2 often dies early (order 4 at γ_s/Γ = 1, N = 2000, before the minimum that orders 2 and 3 share). That
#   alone is no end, but from then on a third of the margin is.
# - With these margins the true error of spin, covariance, ξ² and N_eff stays below 3.9 times the solver's estimate
#   (`solver._error_estimate`); with |order k − order k + 1| alone as the estimate it reaches 30 times.
_LOG_XI2 = 0.35
_SPIN = 0.1
_COVARIANCE = 0.1
_STRICTER = 1 / 3
#: ξ² is compared only where an order says that the state is squeezed or nearly so: far above 1 it says nothing …
_XI2_OF_INTEREST = 1.5
#: … and where there is a mean spin that it could refer to (in units of N/2).
_SHORTEST_SPIN = 0.05


@dataclass(frozen=True)
class Verdict:
    """How far an order is to be believed.

    Attributes
    ----------
    length : int
        Grid points that stand.
    time : float
        When something happened; NaN if nothing did.
    status, reason : str
        As in `Moments`.
    """

    length: int
    time: float
    status: str
    reason: str


def differences(a: Course, b: Course, N: int) -> Array:
    """Distances of two orders in units of the margins, shape (3, G): ξ² (logarithm), spin, covariance.

    Inf where either has no value.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.abs(np.log(a.xi2 / b.xi2))
        shorter = np.minimum(np.linalg.norm(a.spin, axis=1), np.linalg.norm(b.spin, axis=1))
        of_interest = (np.minimum(a.xi2, b.xi2) < _XI2_OF_INTEREST) & (shorter > _SHORTEST_SPIN * N / 2)
    rows = np.array(
        [
            np.where(of_interest, ratio, 0.0) / _LOG_XI2,
            np.linalg.norm(a.spin - b.spin, axis=1) / (_SPIN * N / 2),
            np.abs(a.covariance - b.covariance).max(axis=(1, 2)) / (_COVARIANCE * N * N / 4),
        ]
    )
    rows[:, min(a.length, b.length) :] = np.inf
    return np.where(np.isnan(rows), np.inf, rows)


def witness_until(first: Course, second: Course, third: Course, N: int) -> int:
    """Grid point at which order k + 2 parts from one of orders k and k + 1, or ends; G if it does not."""
    apart = np.maximum(differences(first, third, N).max(axis=0), differences(second, third, N).max(axis=0)) > 1
    return int(np.argmax(apart)) if apart.any() else len(apart)


def parted(first: Course, second: Course, third: Course, N: int) -> int:
    """Grid point at which orders k and k + 1 part, under the margin that order k + 2 leaves them; G if they do not."""
    worst = differences(first, second, N).max(axis=0)
    doubtful = np.arange(len(worst)) >= witness_until(first, second, third, N)
    found = np.flatnonzero(worst > np.where(doubtful, _STRICTER, 1.0))
    return int(found[0]) if len(found) else len(worst)


def believe(courses: list[Course], grid: Grid, N: int) -> Verdict:
    """Up to when the first of the courses stands.

    Parameters
    ----------
    courses : list of Course
        Order k alone, or orders k, k + 1 and k + 2 to compare.
    grid : Grid
        Their times.
    N : int
        Number of spins.
    """
    main = courses[0]
    own = Verdict(main.length, np.nan, "ok", "")
    if main.status != "ok":
        own = Verdict(main.length, main.end, main.status, f"order {main.order} at t = {main.end:.6g}: {main.fault}")
    if len(courses) == 1:
        return own
    first, second, third = courses
    at = parted(first, second, third, N)
    if at >= own.length:
        return own
    # A fault may lie between two grid points; then it has a time of its own.
    if second.status != "ok" and at >= second.length:
        reason = (
            f"order {second.order} fails at t = {second.end:.6g} ({second.fault}): order {first.order} has no witness"
        )
        return Verdict(at, second.end, "diverged", reason)
    time = float(grid.times[at])
    reason = f"orders {first.order}, {second.order} and {third.order} part at t = {time:.6g}"
    return Verdict(at, time, "diverged", reason)
