"""Verdicts on sampled results: from their blocks, or from standard errors alone where the blocks are not at hand."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from squeezebench.moments import Samples

from .linear import block_deviations, common_centre
from .resampling import by_chance
from .view import OBSERVABLES, View

__all__ = ["Found", "judge_sampled"]

Array = NDArray[np.float64]
Rows = NDArray[np.intp]

#: Where a deviation shows only over all times together, they are said to part where one time alone would say so.
_POINTWISE = NormalDist().inv_cdf(1 - 0.01 / 2)


@dataclass(frozen=True)
class Found:
    """What a sampled comparison finds at the common times.

    Attributes
    ----------
    z_max : float
        Largest deviation in standard errors, beyond what is allowed.
    p_value : float
        By chance anywhere, in any of the compared observables.
    beyond : ndarray (T,) of bool
        Where they part; nowhere if they do not differ.
    margin : ndarray (T,)
        What chance may do at each time at the level, in the observable's own units.
    """

    z_max: float
    p_value: float
    beyond: NDArray[np.bool_]
    margin: Array


def judge_sampled(
    a: View,
    b: View,
    observable: str,
    rows_a: Rows,
    rows_b: Rows,
    judged: NDArray[np.bool_],
    allowed: Array,
    scale: Array,
    level: float,
) -> Found | None:
    """Judge two results of which at least one is sampled; None if there is nothing to judge by.

    Parameters
    ----------
    a, b : View
        The results.
    observable : str
        What is compared.
    rows_a, rows_b : ndarray of int
        Their common times.
    judged : ndarray (T,) of bool
        Those that count.
    allowed, scale : ndarray (T,)
        Systematic deviation that both answer for, and the size of what is compared, in the observable's own units.
    level : float
        Probability of a false alarm in any of the compared observables.
    """
    if not judged.any():
        return None
    sampled = [(view, rows[judged], sign) for view, rows, sign in _sampled(a, b, rows_a, rows_b)]
    if any(view.samples is None or len(view.samples.count) < 2 for view, _, _ in sampled):
        return _by_errors(a, b, observable, rows_a, rows_b, judged, allowed, level)
    parts = [(_at(view.samples, rows), sign) for view, rows, sign in sampled if view.samples is not None]
    if len(parts) == 2:
        centre = common_centre([samples for samples, _ in parts])
    else:
        other, rows = (b, rows_b) if a.sampled else (a, rows_a)
        centre = (other.values["spin"][rows[judged]], other.values["covariance"][rows[judged]])
    found = [(sign, block_deviations(samples, centre, observable, a.N)) for samples, sign in parts]
    d: Array = np.sum([sign * own for sign, (own, _) in found], axis=0)
    strata = [sign * residuals for sign, (_, residuals) in found]
    families = len(OBSERVABLES)
    slack, size = (np.broadcast_to(x[judged][:, None], d.shape) for x in (allowed, scale))
    steady = all(
        view.reliable is None or bool(view.reliable[rows].all()) for view, rows, _ in _sampled(a, b, rows_a, rows_b)
    )
    chance = by_chance(d, strata, slack, size, level / families, together=steady)
    beyond = np.zeros(len(judged), dtype=bool)
    p_value = min(1.0, families * chance.p_value)
    if p_value < level:
        there = chance.z > chance.critical
        if not there.any():
            there = chance.z > min(_POINTWISE, float(chance.z.max()) * (1 - 1e-12))
        beyond[judged] = there
    margin = np.zeros(len(judged))
    margin[judged] = np.where(chance.spread > 0, chance.critical * chance.spread, 0.0)
    return Found(float(chance.z.max()), p_value, beyond, margin)


def _sampled(a: View, b: View, rows_a: Rows, rows_b: Rows) -> list[tuple[View, Rows, float]]:
    """Those of the two that are sampled, with their rows and the sign with which they enter the deviation."""
    return [(view, rows, sign) for view, rows, sign in ((a, rows_a, 1.0), (b, rows_b, -1.0)) if view.sampled]


def _at(samples: Samples, rows: Rows) -> Samples:
    return Samples(
        samples.weight[:, rows],
        samples.spin[:, rows],
        samples.covariance[:, rows],
        samples.count,
        samples.index0,
        samples.doubt[:, rows],
    )


def _by_errors(
    a: View,
    b: View,
    observable: str,
    rows_a: Rows,
    rows_b: Rows,
    judged: NDArray[np.bool_],
    allowed: Array,
    level: float,
) -> Found | None:
    """The same from standard errors, as if all times and components were independent (Šidák)."""
    one, two = a.values[observable][rows_a], b.values[observable][rows_b]
    variance = np.zeros_like(one)
    for view, rows in ((a, rows_a), (b, rows_b)):
        if view.sampled:
            stderr = view.stderrs.get(observable)
            variance = variance + (np.nan if stderr is None else stderr[rows] ** 2)
    spread = np.sqrt(variance).reshape(len(one), -1)
    excess = np.maximum(np.abs(one - two).reshape(len(one), -1) - allowed[:, None], 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(excess > 0, excess / spread, 0.0).max(axis=1)
    judged = judged & np.isfinite(spread).all(axis=1)
    if not judged.any():
        return None
    tests = int(judged.sum()) * spread.shape[1] * len(OBSERVABLES)
    z_max = float(z[judged].max())
    single = math.erfc(z_max / math.sqrt(2))
    p_value = -math.expm1(tests * math.log1p(-single)) if single < 1 else 1.0
    critical = NormalDist().inv_cdf(1 - -math.expm1(math.log1p(-level) / tests) / 2)
    return Found(z_max, p_value, judged & (z > critical), critical * spread.max(axis=1))
