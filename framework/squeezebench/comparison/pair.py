"""Two results side by side: how far apart, and whether that breaks a claim."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .budget import allowed_by, basis_of
from .common import common_rows, counting, deviation, unit
from .sampled import judge_sampled
from .view import View

__all__ = ["SAMPLED_LEVEL", "PairOutcome", "compare_pair", "family_of", "mirrored"]

#: Probability of a false alarm, for all sampled results of a data set together.
SAMPLED_LEVEL = 0.01

Array = NDArray[np.float64]


@dataclass(frozen=True)
class PairOutcome:
    """How far one result is from another in one observable.

    Attributes
    ----------
    verdict : str
        ``agree``, ``differ``, ``no_claim`` (one of the two claims nothing about it) or ``not_comparable`` (no common
        time at which both have a value that counts).
    broken : bool
        Whether a claim is broken: they differ, and at least one is exact.
    max_deviation : float
        Largest deviation: in dB for ξ², in units of N/2 for spin, N²/4 for covariance and N for N_eff.
    relative_deviation : float
        Largest deviation relative to the second result: of ξ² and N_eff at each time, of spin and covariance relative
        to their largest component over time.
    tolerance : float
        What it may be, at the time where it is exceeded most (or least met): relative for ξ², in the unit of
        `max_deviation` for the others.
    z_max : float
        Largest deviation in standard errors beyond what is allowed; NaN unless sampled.
    p_value : float
        How likely chance alone gives one as large, or so many, at any time, in any observable and for any sampled
        result of the data set; below 1 % they differ. NaN unless sampled.
    first_time : float
        First time at which the deviation exceeds the tolerance, or from which one that claims to be exact is no state;
        NaN if there is none.
    basis : str
        What the tolerance rests on: ``refinement``, ``estimate`` or ``tier`` of each of the two, or ``blocks``.
    """

    verdict: str
    broken: bool = False
    max_deviation: float = math.nan
    relative_deviation: float = math.nan
    tolerance: float = math.nan
    z_max: float = math.nan
    p_value: float = math.nan
    first_time: float = math.nan
    basis: str = ""


def compare_pair(a: View, b: View, observable: str, family: int = 1) -> PairOutcome:
    """Compare `a` with `b` in one observable.

    Parameters
    ----------
    a, b : View
        Results of one problem at the same times.
    observable : str
        One of ``OBSERVABLES``.
    family : int
        Sampled comparisons that share the level of 1 %.
    """
    if not (a.has_values and b.has_values):
        return PairOutcome("not_comparable")
    outcome = _compared(a, b, observable, family)
    ended = _no_state_from(a, b) if a.claims(observable) and b.claims(observable) else math.nan
    if a is b or math.isnan(ended) or outcome.verdict == "differ":
        return outcome
    return replace(outcome, verdict="differ", broken=True, first_time=ended)


def _no_state_from(a: View, b: View) -> float:
    """First time at which one of the two, which claims to be exact, has been found to be no state; NaN if never.

    The guard has taken its values from there on, so that what is left may well agree.
    """
    found = [math.nan]
    for one, two in ((a, b), (b, a)):
        if one.accuracy == "exact" and one.status == "unphysical":
            lost = two.times[~np.isin(two.times, one.times[np.isfinite(one.values["spin"]).all(axis=-1)])]
            found.append(float(lost[0]) if len(lost) else math.nan)
    return float(np.fmin.reduce(found))


def _compared(a: View, b: View, observable: str, family: int) -> PairOutcome:
    """The comparison at the times at which both have a value."""
    rows_a, rows_b = common_rows(a.times, b.times)
    counts = counting(a, b, observable, rows_a, rows_b)
    if not counts.any():
        return PairOutcome("not_comparable")
    rows_a, rows_b = rows_a[counts], rows_b[counts]
    times = a.times[rows_a]
    measured = deviation(a, b, observable, rows_a, rows_b)
    largest = _largest(a, b, observable, rows_a, rows_b, measured)
    relative = _relative(a, b, observable, rows_a, rows_b, measured)
    if not (a.claims(observable) and b.claims(observable)):
        return PairOutcome("no_claim", max_deviation=largest, relative_deviation=relative)
    allowed = allowed_by(a, observable, rows_a) + allowed_by(b, observable, rows_b)
    if np.isnan(allowed).all():  # an asymptotic method that does not estimate itself
        return PairOutcome("no_claim", max_deviation=largest, relative_deviation=relative)
    judged = ~np.isnan(allowed)
    z_max = p_value = math.nan
    if a is b and a.sampled:
        z_max, p_value, beyond, differ = 0.0, 1.0, np.zeros_like(judged), False
    elif a.sampled or b.sampled:
        judged &= _reliable(a, rows_a) & _reliable(b, rows_b)
        scale = np.abs(b.values["xi2"][rows_b]) if observable == "xi2" else np.full(len(rows_b), unit(observable, a.N))
        found = judge_sampled(a, b, observable, rows_a, rows_b, judged, allowed * scale, scale, SAMPLED_LEVEL / family)
        if found is None:
            return PairOutcome("no_claim", max_deviation=largest, relative_deviation=relative)
        z_max, p_value, beyond = found.z_max, min(1.0, found.p_value * family), found.beyond
        allowed = allowed + found.margin / scale
        differ = bool(beyond.any())
    else:
        beyond = judged & (measured > allowed)
        differ = bool(beyond.any())
    worst = int(np.argmax(np.where(judged, measured / np.maximum(allowed, 1e-300), -1)))
    return PairOutcome(
        verdict="differ" if differ else "agree",
        broken=differ and "exact" in (a.accuracy, b.accuracy),
        max_deviation=largest,
        relative_deviation=relative,
        tolerance=float(allowed[worst]),
        z_max=z_max,
        p_value=p_value,
        first_time=float(times[np.argmax(beyond)]) if differ else math.nan,
        basis=" + ".join(dict.fromkeys((basis_of(a, observable), basis_of(b, observable)))),
    )


def mirrored(outcome: PairOutcome, a: View, b: View, observable: str) -> PairOutcome:
    """Outcome of `a` with `b` from that of `b` with `a`, without resampling once more."""
    if math.isnan(outcome.relative_deviation):  # they have nothing in common
        return outcome
    rows_a, rows_b = common_rows(a.times, b.times)
    counts = counting(a, b, observable, rows_a, rows_b)
    rows_a, rows_b = rows_a[counts], rows_b[counts]
    measured = deviation(a, b, observable, rows_a, rows_b)
    return replace(outcome, relative_deviation=_relative(a, b, observable, rows_a, rows_b, measured))


def family_of(points: Sequence[Sequence[View]]) -> int:
    """Sampled comparisons that are independent of one another: they share the level of 1 %.

    Every sampled result against whatever is deterministic, and every two sampled ones.
    """
    family = 0
    for views in points:
        sampled = sum(view.sampled and view.has_values for view in views)
        others = any(view.has_values and not view.sampled for view in views)
        family += sampled * others + sampled * (sampled - 1) // 2
    return max(1, family)


def _reliable(view: View, rows: NDArray[np.intp]) -> NDArray[np.bool_]:
    if not view.sampled or view.reliable is None:
        return np.ones(len(rows), dtype=bool)
    return view.reliable[rows]


def _largest(
    a: View, b: View, observable: str, rows_a: NDArray[np.intp], rows_b: NDArray[np.intp], measured: Array
) -> float:
    if observable != "xi2":
        return float(measured.max())
    one, two = a.values["xi2"][rows_a], b.values["xi2"][rows_b]
    positive = (one > 0) & (two > 0)
    return float(np.abs(10 * np.log10(one[positive] / two[positive])).max()) if positive.any() else math.inf


def _relative(
    a: View, b: View, observable: str, rows_a: NDArray[np.intp], rows_b: NDArray[np.intp], measured: Array
) -> float:
    if observable == "xi2":
        return float(measured.max())
    one, two = a.values[observable][rows_a], b.values[observable][rows_b]
    if observable == "n_eff":
        return float((np.abs(one - two) / np.maximum(np.abs(two), 1e-300)).max())
    scale = float(np.abs(two).max())
    return float(np.abs(one - two).max() / scale) if scale > 0 else math.nan
