r"""exp(tL)v by a series about a shifted point, with dense output and a step chosen from what is seen.

Where the spectrum of L lies in the disc |z + c| ≤ c, Taylor's series about −c is uniformisation: the weights of

.. math::

    e^{tL}v = e^{-ct} \sum_m \frac{t^m}{m!}(L + c)^m v

are positive, nothing cancels, and ct plus a few √(ct) terms are enough. A spectrum that reaches further along the
imaginary axis, to ±ib with b > c, lies in an ellipse with the foci −c ± if, f² = b² − c², for which Chebyshev's series

.. math::

    e^{tL}v = e^{-ct} \sum_m a_m(ft)\, u_m, \qquad a_0 = \mathcal J_0, \quad a_m = 2\mathcal J_m, \qquad
    u_{m+1} = \frac2f (L + c)u_m + u_{m-1}

takes about bt terms (Tal-Ezer and Kosloff, J. Chem. Phys. 81, 3967 (1984)). Where a guess of c and f falls short, terms
outgrow the result; the growth is measured, and the step kept so short that round-off stays within the tolerance.
Moments of every term give moments at all times inside a step for nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

import squeezebench as sb

from .layout import aligned_zeros
from .moments import xi2_change

__all__ = ["Generator", "Pace", "advance"]

Array = NDArray[np.float64]

#: Largest ct of one step, whose exponential must not overflow, and terms after which a step is given up.
_LONGEST, _MOST_TERMS = 300.0, 2000
#: The larger of ct and ft in the first and in the longest step: a longer one would save less than a sixth of the
#: products, and waste as many when it has to be taken back.
_FIRST, _TURN = 40.0, 250.0
#: Shift in units of the real extent and b in units of the imaginary one. Measured at N = 40 … 200, χ = 0, 1, 3, γ_s/Γ =
#: 0.5 … 50, u = 0.5 … 1.5: below 0.5 and 1 the series grows, and steps are cut.
_MARGIN_REAL, _MARGIN_IMAGINARY = 0.6, 1.25
#: The tail of a series lies in few entries at first, so that moments feel it more than its norm, compared with the
#: state's, says: by up to 5 times for pure states of a few spins.
_SAFETY = 5.0
#: Terms after which a series is looked at: until it must have turned, and from then on.
_GROUP, _LAST_GROUP = 24, 4
#: Below this f/c an ellipse is a disc.
_DISC = 0.3
#: Round-off of one term, in units of its norm: a dozen products.
_ROUND_OFF = 4e-16
#: Round-off that a step may always make, in units of the state's norm: less would cost steps, and steps add it up.
_FLOOR = 4e-13


class Generator(Protocol):
    """What can be followed in time."""

    layout: Any

    def apply(self, x: Array, out: Array, total: Array, h: float, shift: float, keep: float, share: float) -> None:
        """Set out = keep·out + h (L + shift) x, and total += share·out."""

    def moments(self, x: Array) -> Array:
        """The ten numbers of `kernels.block_moments`."""


def products(
    generator: Generator,
    x: Array,
    out: Array,
    total: Array,
    h: Array,
    shift: float,
    keep: Array,
    share: Array,
    moments: Array | None,
) -> None:
    """As many products in a row as factors are given; `x` and `out` change places after each.

    A generator that can do several faster than one by one has a method of this name.
    """
    several = getattr(generator, "products", None)
    if several is not None:
        several(x, out, total, h, shift, keep, share, moments)
        return
    for i in range(len(h)):
        generator.apply(x, out, total, float(h[i]), shift, float(keep[i]), float(share[i]))
        x, out = out, x
        if moments is not None:
            moments[i] = generator.moments(x)


@dataclass
class Pace:
    """Step, shift and focus, and the account of a course.

    Attributes
    ----------
    tolerance, interval : float
        Error that the whole course may make, relative to the state's norm, and its length.
    reach : float
        The larger of ct and ft in the longest step.
    step, shift, focus : float
        Of the next step.
    errors : tuple of float
        Sums over all steps: of truncation and round-off, relative to the norm of the state array; and of what the first
        terms that were left out would have added to first moments, in units of J, to second ones, of J², and to ξ².
    products, steps, rejected : int
        Counts.
    """

    tolerance: float
    interval: float
    reach: float = _TURN
    step: float = math.inf
    shift: float = 0.0
    focus: float = 0.0
    errors: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0)
    products: int = 0
    steps: int = 0
    rejected: int = 0

    def begin(self, real_extent: float, imaginary_extent: float) -> None:
        """First guesses for a generator whose spectrum reaches so far along the two axes (`algebra.extents`)."""
        self.aim(real_extent, imaginary_extent)
        fastest = max(self.shift, self.focus)
        self.step = _FIRST / fastest if fastest > 0 else math.inf

    def aim(self, real_extent: float, imaginary_extent: float) -> None:
        """New shift and focus, for a generator that has changed a little."""
        self.shift = _MARGIN_REAL * real_extent
        self.focus = math.sqrt(max((_MARGIN_IMAGINARY * imaginary_extent) ** 2 - self.shift**2, 0.0))
        if self.focus < _DISC * self.shift:
            self.focus = 0.0

    @property
    def longest(self) -> float:
        """Longest step that the shift and the focus allow."""
        return min(self.reach / max(self.shift, self.focus, 1e-300), _LONGEST / max(self.shift, 1e-300))

    def round_off(self, tolerance: float, norm: float) -> float:
        """Round-off that a step may make: the tolerance, or what no tolerance can ask for."""
        return max(0.5 * tolerance, _FLOOR * norm)


def advance(
    generator: Generator,
    x: Array,
    start: float,
    stop: float,
    times: Array,
    pace: Pace,
    tick: Callable[[float], None],
    watch: Callable[[Array, float], str] | None = None,
) -> tuple[Array, Array, float]:
    """Follow `x` from `start` to `stop`.

    Parameters
    ----------
    generator : Generator
        What acts.
    x : ndarray (size,)
        The state at `start`; may be overwritten.
    start, stop : float
        Times.
    times : ndarray (T,)
        Where moments are wanted, increasing, inside [start, stop].
    pace : Pace
        Step control; `begin` has been called for this generator.
    tick : callable
        Called with the time that is reached; may raise.
    watch : callable, optional
        Looks at the state and the time after each step, and says whether to ``"go"`` on, to ``"stop"`` there, or to
        ``"undo"`` the step and stop before it.

    Returns
    -------
    (ndarray (size,), ndarray (T, 14), float)
        The state that is reached, the moments up to there with the errors as four more columns (NaN after it), and the
        time that is reached.

    Raises
    ------
    SolverError
        If the step shrinks to nothing.
    """
    moments = np.full((len(times), 14), np.nan)
    buffers = [aligned_zeros(len(x)) for _ in range(3)]
    now = start
    done = int(np.searchsorted(times, start, side="right"))
    if done:
        moments[:done, :10], moments[:done, 10:] = generator.moments(x), pace.errors
    while now < stop:
        tick(now)
        pace.step = min(pace.step, pace.longest)
        step = min(pace.step, stop - now)
        reached = stop if step == stop - now else now + step
        end = int(np.searchsorted(times, reached, side="right"))
        series = _Series(generator, x, step, pace, pace.tolerance * step / pace.interval, buffers, end > done)
        if not series.good:
            pace.rejected += 1
            pace.step = step * series.factor
            if pace.step < 1e-13 * pace.interval:
                raise sb.SolverError(f"the step size fell to nothing at t = {now:.6g}: give a larger rtol")
            continue
        verdict = "go" if watch is None else watch(buffers[0], reached)
        if verdict == "undo":
            break
        if end > done:
            moments[done:end, :10] = series.moments_at(times[done:end] - now)
            moments[done:end, 10:] = np.array(pace.errors) + series.errors
            done = end
        x, buffers[0] = buffers[0], x
        now = reached
        pace.errors = tuple(a + b for a, b in zip(pace.errors, series.errors, strict=True))
        pace.steps += 1
        # A step that was cut short by the end says nothing against the longer one.
        pace.step = step * series.factor if step == pace.step else max(pace.step, step * series.factor)
        if verdict == "stop":
            break
    return x, moments, now


class _Series:
    """The series of one step; the state at its end is left in ``buffers[0]``.

    Attributes
    ----------
    good : bool
        Whether truncation and round-off are within the tolerance.
    factor : float
        What to multiply the step by.
    errors : tuple of float
        As in `Pace.errors`, of this step.
    """

    def __init__(
        self,
        generator: Generator,
        x: Array,
        step: float,
        pace: Pace,
        tolerance: float,
        buffers: list[Array],
        inside: bool,
    ) -> None:
        from .kernels import sum_of_squares

        self._step, self._shift, self._focus = step, pace.shift, pace.focus
        exponent, turn = pace.shift * step, max(pace.shift, pace.focus) * step
        self.good, self.errors = False, (math.inf,) * 4
        self.factor = 0.5
        decay = math.exp(-exponent)
        total, source, target = buffers
        start = max(math.sqrt(sum_of_squares(x)), 1e-300)
        tolerance *= start / _SAFETY
        allowed = pace.round_off(tolerance, start)
        weights = self._weights(np.array([step]), _MOST_TERMS + 1)[0] if pace.focus else None
        self._rows = [generator.moments(x)[None]] if inside else []
        np.multiply(x, weights[0] if weights is not None else 1.0, out=total)
        np.copyto(source, x)
        norm = peak = summed = start
        m = 0
        while m < _MOST_TERMS:
            count = min(_GROUP if m < turn - _GROUP else _LAST_GROUP, _MOST_TERMS - m)
            following = np.arange(m + 1, m + count + 1)
            h, keep, share = self._of_terms(following, weights)
            rows = np.empty((count, 10)) if inside else None
            products(generator, source, target, total, h, pace.shift, keep, share, rows)
            if rows is not None:
                self._rows.append(rows)
            m += count
            if count % 2:
                source, target = target, source
            # Of a series in Chebyshev's polynomials one parity may vanish: terms are judged in pairs.
            before, norm = norm, math.sqrt(sum_of_squares(source))
            if weights is not None:
                norm = max(norm, math.sqrt(sum_of_squares(target))) * max(abs(weights[m]), abs(weights[m - 1]))
            summed += norm * count / 6
            ratio = (norm / before) ** (1 / count) if before > 0 else 0.0
            peak = max(peak, norm) if math.isfinite(norm) else math.inf
            if _ROUND_OFF * peak * decay > allowed:
                break
            if m > turn and ratio < 0.9 and decay * norm * ratio / (1 - ratio) < tolerance:
                self.good = True
                break
        pace.products += m
        if not self.good:
            return
        total *= decay
        tail, round_off = norm * ratio / (1 - ratio), _ROUND_OFF * math.sqrt(peak * summed)
        felt = self._felt(generator, total, source, target, weights, m, decay * max(ratio / (1 - ratio), 0.1))
        self.errors = (_SAFETY * decay * (tail + round_off) / start, *felt)
        # What the terms outgrow the state by is exponential in the step.
        growth, bearable = math.log(max(peak * decay / start, 1.0)), math.log(allowed / (_ROUND_OFF * start))
        self.factor = min(2.0, 0.9 * bearable / max(growth, 1e-3))

    def _felt(
        self,
        generator: Generator,
        total: Array,
        last: Array,
        before: Array,
        weights: Array | None,
        m: int,
        factor: float,
    ) -> tuple[float, float, float]:
        """What the last two terms, times `factor`, add to first and second moments and to ξ²."""
        unit = max(generator.layout.spins[0], 0.5)
        sizes = np.zeros(3)
        state = generator.moments(total)
        for term, index in ((last, m), (before, m - 1)):
            if index == 0 or (weights is None and index < m):
                continue
            change = factor * generator.moments(term) * (1.0 if weights is None else abs(weights[index]))
            parts = np.abs(change)
            first = max(parts[0], parts[[1, 4, 5]].max() / unit)
            second = max(parts[0], parts[[2, 3, 6, 7, 8, 9]].max() / unit**2)
            sizes = np.maximum(sizes, [first, second, xi2_change(state, change, float(generator.layout.N))])
        return float(sizes[0]), float(sizes[1]), float(sizes[2])

    def _of_terms(self, m: NDArray[np.int64], weights: Array | None) -> tuple[Array, Array, Array]:
        """Factor of each term's product, and what is kept of the term before the last and added to the sum."""
        if weights is None:
            return self._step / m, np.zeros(len(m)), np.ones(len(m))
        return np.where(m == 1, 1.0, 2.0) / self._focus, np.where(m == 1, 0.0, 1.0), weights[m]

    def _weights(self, elapsed: Array, count: int) -> Array:
        """Weights of the terms at times after the start of the step, without the factor exp(−ct); shape (T, count)."""
        if not self._focus:
            return np.asarray((elapsed / self._step)[:, None] ** np.arange(count))
        from scipy.special import jv

        weights: Array = 2 * jv(np.arange(count), self._focus * elapsed[:, None])
        weights[:, 0] *= 0.5
        return weights

    def moments_at(self, elapsed: Array) -> Array:
        """Moments a while after the start of the step, shape (T, 10)."""
        rows = np.concatenate(self._rows)
        decay = np.exp(-self._shift * elapsed)[:, None]
        return np.asarray(decay * (self._weights(elapsed, len(rows)) @ rows))
