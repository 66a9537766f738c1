"""What a deterministic result answers for: by its own refinement, by its own estimate, or by its tier."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from squeezebench.solver import TIERS

from .common import common_rows, counting, deviation, unit, worst_first
from .view import OBSERVABLES, View

__all__ = ["allowed_by", "basis_of", "with_refinements"]

Array = NDArray[np.float64]

#: An asymptotic claim is broken when apart by more than this many times its own estimate.
ASYMPTOTIC_FACTOR = 5.0
#: The error is no more than twice the change on refinement, if the finer result is at least no worse.
_REFINED_FACTOR = 2.0


def with_refinements(views: Sequence[View]) -> list[View]:
    """Views of one point that know their error by refinement, where a result of a tighter tier of theirs is among them.

    The budget of the coarser one is then twice the change at any time so far, plus the finer one's own budget, instead
    of what its tier promises. If the change is larger than the promise, the finer one is held to no better than that
    change either: neither has been seen to converge (``checked`` is False); if not, it has (``checked`` is True).
    """
    order = list(TIERS)
    found = list(views)
    for k, view in enumerate(found):
        finer = [
            j
            for j, other in enumerate(found)
            if view.deterministic and other.deterministic and _same_method(view, other)
            if order.index(other.tier) > order.index(view.tier)
        ]
        if not finer:
            continue
        j = min(finer, key=lambda j: order.index(found[j].tier))
        changes = {name: _change(view, found[j], name) for name in OBSERVABLES}
        kept = all(not (change > view.budget + found[j].budget).any() for change in changes.values())
        error = {name: _REFINED_FACTOR * change + found[j].budget for name, change in changes.items()}
        found[k] = dataclasses.replace(found[k], refinement=error, checked=kept)
        spoilt = {} if kept else {name: change + found[j].budget for name, change in changes.items()}
        if not found[j].refinement:
            found[j] = dataclasses.replace(found[j], refinement=spoilt, checked=kept)
    return found


def _same_method(one: View, two: View) -> bool:
    return (
        bool(one.solver) and (one.solver, one.options) == (two.solver, two.options) and {one.tier, two.tier} <= {*TIERS}
    )


def _change(coarse: View, fine: View, observable: str) -> Array:
    """Largest deviation up to each time of the coarser result, in the unit of `deviation`."""
    rows_a, rows_b = common_rows(coarse.times, fine.times)
    counts = counting(coarse, fine, observable, rows_a, rows_b)
    change = np.zeros(len(coarse.times))
    if counts.any():
        rows_a, rows_b = rows_a[counts], rows_b[counts]
        change[rows_a] = deviation(coarse, fine, observable, rows_a, rows_b)
    return np.maximum.accumulate(change)


def basis_of(view: View, observable: str) -> str:
    """What `allowed_by` rests on: ``refinement``, ``estimate``, ``tier``, or ``blocks`` of a sampled result."""
    if view.sampled:
        return "blocks"
    if view.accuracy == "exact" and observable in view.refinement:
        return "refinement"
    if observable not in view.estimates:
        return "tier"
    if view.accuracy != "exact":
        return "estimate"
    allowed = allowed_by(view, observable, np.arange(len(view.times)))
    return "estimate" if (allowed > view.budget).any() else "tier"


def allowed_by(view: View, observable: str, rows: NDArray[np.intp]) -> Array:
    """What `view` answers for at each time, in the unit of `deviation`; NaN where it says nothing.

    Parameters
    ----------
    view : View
        A result; of a sampled one, what it answers for beside its statistical errors.
    observable : str
        One of ``OBSERVABLES``.
    rows : ndarray of int
        Indices of its times.
    """
    if view.accuracy == "exact" and observable in view.refinement:
        return view.refinement[observable][rows] + view.floor
    estimate = view.estimates.get(observable)
    if estimate is None:
        return np.full(len(rows), view.budget if view.accuracy == "exact" else np.nan)
    own = worst_first(estimate[rows])
    if observable == "xi2":
        own = own / np.maximum(np.abs(view.values["xi2"][rows]), 1e-300)
    else:
        own = own / unit(observable, view.N)
    if view.accuracy == "exact":  # one that says it missed its tier answers for what it says
        return np.fmax(own + view.floor, view.budget)
    return np.asarray(ASYMPTOTIC_FACTOR * own + view.budget)
