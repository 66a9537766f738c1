"""Two results side by side: how far apart, and whether that breaks a claim."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .view import View

__all__ = ["SAMPLED_LEVEL", "PairOutcome", "compare_pair", "deviation", "worst_first"]

#: ξ² is compared only where |⟨J⟩| exceeds this fraction of N/2: below, it is a ratio of two small numbers.
MIN_CONTRAST = 0.05
#: and where one of the two is below this: in the normal phase ξ² is 10² to 10³ and says nothing about squeezing.
MAX_XI2 = 1.5
#: An asymptotic claim is broken when apart by more than this many times its own estimate.
ASYMPTOTIC_FACTOR = 5.0
#: Family-wise level at which sampled results are said to differ.
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
    z_max, p_value : float
        Largest deviation in standard errors, and how likely one as large is by chance anywhere; NaN unless sampled.
    first_time : float
        First time at which the deviation exceeds the tolerance; NaN if it never does.
    """

    verdict: str
    broken: bool = False
    max_deviation: float = math.nan
    relative_deviation: float = math.nan
    tolerance: float = math.nan
    z_max: float = math.nan
    p_value: float = math.nan
    first_time: float = math.nan


def compare_pair(a: View, b: View, observable: str) -> PairOutcome:
    """Compare `a` with `b` in one observable.

    Parameters
    ----------
    a, b : View
        Results of one problem at the same times.
    observable : str
        One of ``OBSERVABLES``.
    """
    if not (a.has_values and b.has_values):
        return PairOutcome("not_comparable")
    rows_a, rows_b = _common(a.times, b.times)
    counts = _counts(a, b, observable, rows_a, rows_b)
    if not counts.any():
        return PairOutcome("not_comparable")
    rows_a, rows_b = rows_a[counts], rows_b[counts]
    times = a.times[rows_a]
    measured = deviation(a, b, observable, rows_a, rows_b)
    largest = _largest(a, b, observable, rows_a, rows_b, measured)
    relative = _relative(a, b, observable, rows_a, rows_b, measured)
    if not (a.claims(observable) and b.claims(observable)):
        return PairOutcome("no_claim", max_deviation=largest, relative_deviation=relative)
    allowed = _allowed(a, b, observable, rows_a) + _allowed(b, a, observable, rows_b)
    if np.isnan(allowed).all():  # an asymptotic method that does not estimate itself
        return PairOutcome("no_claim", max_deviation=largest, relative_deviation=relative)
    judged = ~np.isnan(allowed)
    z_max = p_value = math.nan
    if a.sampled or b.sampled:
        z = _z_scores(a, b, observable, rows_a, rows_b, allowed)
        judged &= np.isfinite(z) & _reliable(a, rows_a) & _reliable(b, rows_b)
        if not judged.any():
            return PairOutcome("no_claim", max_deviation=largest, relative_deviation=relative)
        z_max = float(z[judged].max())
        tests = int(judged.sum()) * _components(observable)
        p_value = _family_p(z_max, tests)
        beyond = judged & (z > _critical_z(tests))
        allowed = np.where(z > 0, measured * _critical_z(tests) / np.maximum(z, 1e-300), measured)
    else:
        beyond = judged & (measured > allowed)
    worst = int(np.argmax(np.where(judged, measured / np.maximum(allowed, 1e-300), -1)))
    exact = "exact" in (a.accuracy, b.accuracy)
    differ = bool(beyond.any())
    return PairOutcome(
        verdict="differ" if differ else "agree",
        broken=differ and exact,
        max_deviation=largest,
        relative_deviation=relative,
        tolerance=float(allowed[worst]),
        z_max=z_max,
        p_value=p_value,
        first_time=float(times[np.argmax(beyond)]) if differ else math.nan,
    )


# -------------------------------------------------------------------- times that count


def _common(a: Array, b: Array) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Indices of the times that both have, equal to round-off."""
    if a.shape == b.shape and (a == b).all():
        rows = np.arange(len(a))
        return rows, rows
    nearest = np.clip(np.searchsorted(b, a * (1 - 1e-12)), 0, len(b) - 1)
    with np.errstate(invalid="ignore"):  # inf - inf: the steady state's time
        same = (b[nearest] == a) | (np.abs(b[nearest] - a) <= 1e-12 * np.abs(a))
    return np.flatnonzero(same), nearest[same]


def _counts(a: View, b: View, observable: str, rows_a: NDArray[np.intp], rows_b: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Whether each common time counts for this observable (`MIN_CONTRAST`, `MAX_XI2`)."""
    one, two = a.values[observable][rows_a], b.values[observable][rows_b]
    axes = tuple(range(1, one.ndim))
    finite = np.isfinite(one).all(axis=axes) & np.isfinite(two).all(axis=axes)
    if observable != "xi2":
        return np.asarray(finite)
    half = a.N / 2
    lengths = [np.linalg.norm(v.values["spin"][rows], axis=-1) for v, rows in ((a, rows_a), (b, rows_b))]
    with np.errstate(invalid="ignore"):
        polarised = (lengths[0] > MIN_CONTRAST * half) & (lengths[1] > MIN_CONTRAST * half)
        squeezed = (one < MAX_XI2) | (two < MAX_XI2)
    return np.asarray(finite & polarised & squeezed)


def _reliable(view: View, rows: NDArray[np.intp]) -> NDArray[np.bool_]:
    if not view.sampled or view.reliable is None:
        return np.ones(len(rows), dtype=bool)
    return view.reliable[rows]


# -------------------------------------------------------------------- deviations and what they may be


def _unit(observable: str, N: float) -> float:
    return {"spin": N / 2, "covariance": N**2 / 4, "n_eff": N, "xi2": 1.0}[observable]


def _components(observable: str) -> int:
    return {"spin": 3, "covariance": 6}.get(observable, 1)


def worst_first(values: Array) -> Array:
    """Largest entry at each time, shape (T,)."""
    return np.asarray(np.abs(values).reshape(len(values), -1).max(axis=1))


def deviation(a: View, b: View, observable: str, rows_a: NDArray[np.intp], rows_b: NDArray[np.intp]) -> Array:
    """Deviation at each common time: relative to `b` for ξ², in the observable's unit otherwise, shape (T,)."""
    one, two = a.values[observable][rows_a], b.values[observable][rows_b]
    if observable == "xi2":
        return np.asarray(np.abs(one - two) / np.maximum(np.abs(two), 1e-300))
    return worst_first(one - two) / _unit(observable, a.N)


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


def _allowed(view: View, other: View, observable: str, rows: NDArray[np.intp]) -> Array:
    """What `view` answers for at each time, in the unit of `deviation`; NaN where it says nothing."""
    if view.accuracy == "exact":
        return np.full(len(rows), view.budget)
    estimate = view.estimates.get(observable)
    if estimate is None:
        return np.full(len(rows), np.nan)
    own = worst_first(estimate[rows])
    if observable == "xi2":
        own = own / np.maximum(np.abs(view.values["xi2"][rows]), 1e-300)
    else:
        own = own / _unit(observable, view.N)
    return np.asarray(ASYMPTOTIC_FACTOR * own + view.budget)


def _z_scores(
    a: View, b: View, observable: str, rows_a: NDArray[np.intp], rows_b: NDArray[np.intp], allowed: Array
) -> Array:
    """Largest deviation of any component in standard errors at each time, with what is allowed added to them."""
    one, two = a.values[observable][rows_a], b.values[observable][rows_b]
    variance = np.zeros_like(one)
    for view, rows in ((a, rows_a), (b, rows_b)):
        if view.sampled:
            stderr = view.stderrs.get(observable)
            variance = variance + (np.nan if stderr is None else stderr[rows] ** 2)
    systematic = allowed * (np.abs(two) if observable == "xi2" else _unit(observable, a.N))
    shape = (len(one), *(1,) * (one.ndim - 1))
    return worst_first(np.abs(one - two) / np.sqrt(variance + np.reshape(systematic, shape) ** 2))


def _family_p(z: float, tests: int) -> float:
    """Probability of one |z| as large among `tests` independent ones; correlated ones are judged more mildly."""
    single = math.erfc(z / math.sqrt(2))
    return -math.expm1(tests * math.log1p(-single)) if single < 1 else 1.0


def _critical_z(tests: int) -> float:
    from statistics import NormalDist

    single = -math.expm1(math.log1p(-SAMPLED_LEVEL) / tests)
    return NormalDist().inv_cdf(1 - single / 2)
