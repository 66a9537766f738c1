"""Whether a spec can be expected to meet a tolerance: what it did at the nearest points."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .cells import Cell, Point

__all__ = ["Found", "coordinates", "distance_outside", "expected_error", "hardness", "nearest"]

Array = NDArray[np.float64]

#: What one unit of distance is: this much of log10 N, log10 γ_s/Γ, Υ/Υ_c, χ/Γ.
_UNITS = np.array([1.0, 0.75, 0.2, 1.0])
#: How many of the nearest cells must have met the tolerance … Leaving out each point in turn, three make 4.5 % of
#: what cumulants promise wrong, four 3.3 %, five 2.8 %; they promise 43, 37 and 31 % of 64 % that hold.
NEIGHBOURS = 4
#: … by this factor.
SAFETY = 2.0
#: … and of the cells at least as hard as the point, in that emission is no stronger beside the collective motion, this
#: many of the nearest. Where a region is left out its neighbours may all lie on the easy side, and then agree that a
#: method holds, however near they are: of cumulants' promises with 3 ≤ γ_s/Γ < 30 left out 90 % hold without this and
#: 97 % with it, with 1000 ≤ N < 10⁴ left out 93 and 96 %; factors that grow with distance change neither. It costs the
#: promise of 5 in 38 questions.
HARDER = 2
#: Neighbours further away than this say nothing.
REACH = 2.5


@dataclass(frozen=True)
class Found:
    """What the nearest cells say.

    Attributes
    ----------
    error : float
        Largest error among them, times `SAFETY`; inf where nothing is known.
    cells : tuple of Cell
        The cells, nearest first; those that are there for being as hard as the point follow.
    distances : tuple of float
        How far each is.
    own : tuple of float
        The error of each.
    harder : int
        How many of them are at least as hard as the point; `HARDER` are asked for.
    """

    error: float
    cells: tuple[Cell, ...]
    distances: tuple[float, ...]
    own: tuple[float, ...]
    harder: int = HARDER


def coordinates(point: Point) -> Array:
    """Place of a point, in units of distance."""
    place = [math.log10(point.N), math.log10(max(point.gamma_s, 1e-12)), point.upsilon_ratio, point.chi]
    return np.asarray(np.array(place) / _UNITS)


def hardness(point: Point) -> float:
    """How fast collective motion is beside single-particle emission, NΥ_c/γ_s: what expansions fail by."""
    return point.N * math.hypot(1.0, 2 * point.chi) / max(point.gamma_s, 1e-12)


def nearest(
    cells: Sequence[Cell], point: Point, k: int | None = NEIGHBOURS, *, reaching: bool = True
) -> list[tuple[float, Cell]]:
    """The `k` nearest cells whose course is long enough, with their distances; all if `k` is None."""
    able = [c for c in cells if c.errors and (not reaching or c.point.decay >= point.decay * (1 - 1e-9))]
    if not able:
        return []
    places = np.array([coordinates(cell.point) for cell in able])
    distances = np.linalg.norm(places - coordinates(point), axis=1)
    order = np.argsort(distances, kind="stable")[:k]
    return [(float(distances[i]), able[i]) for i in order]


def expected_error(cells: Sequence[Cell], point: Point, observable: str) -> Found:
    """Error to expect of a spec up to the point's last time.

    A cell at another γ_s is read at the same γ_s t: the same part of the spins has decayed. Its errors so far only grow
    with time, so that a longer course vouches for a shorter one.
    """
    within = [(distance, cell) for distance, cell in nearest(cells, point, None) if distance <= REACH]
    found = within[:NEIGHBOURS]
    least = hardness(point) * (1 - 1e-9)
    harder = [entry for entry in within if hardness(entry[1].point) >= least][:HARDER]
    enough = len(found) == NEIGHBOURS and len(harder) == HARDER
    found += [entry for entry in harder if entry not in found]
    own = tuple(cell.error(observable, point.decay) for _, cell in found)
    worst = max(own, default=math.inf) if enough else math.inf
    return Found(SAFETY * worst, tuple(c for _, c in found), tuple(d for d, _ in found), own, len(harder))


def distance_outside(points: Sequence[Point], point: Point) -> float:
    """How far a point is from the convex hull of others, in units of distance; 0 inside.

    The nearest convex combination, by non-negative least squares with a heavy row that makes weights add up to 1.
    """
    from scipy.optimize import nnls

    places = np.array([coordinates(other) for other in points])
    heavy = 1e3
    A = np.vstack([places.T, np.full(len(points), heavy)])
    target = np.append(coordinates(point), heavy)
    weights, _ = nnls(A, target)
    total = float(weights.sum())
    return float(np.linalg.norm(places.T @ (weights / total) - coordinates(point))) if total > 0 else math.inf
