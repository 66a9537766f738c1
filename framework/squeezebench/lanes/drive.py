"""The loop over the steps of a block of points, in numba."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from squeezebench.faults import fault
from squeezebench.integrate import (
    N_DENSE,
    N_SLOPES,
    STEP,
    dense_coefficients,
    dense_value,
    first_step,
    step_factor,
)
from squeezebench.jit import kernel
from squeezebench.observables.kernels import n_eff, quantity, xi2_wineland

from .lane import BEFORE, BEST, WHEN, begin, end, middle_of, take
from .layout import LANES, POINT, ROWS, K, Y
from .tableau import accept, step_errors
from .watch import EXTREMUM, FALL, FINAL, fall, lowest, moments_of, promising

__all__ = ["BLOWN_UP", "DONE", "FAULT", "STOPPED", "STUCK", "TOO_MANY", "drive"]

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

#: How a point ended: its time is reached; the step has shrunk to nothing; the Bloch vector has left all bounds; the
#: stop rule holds; more steps than allowed; `FAULT` plus the number of a fault.
DONE, STUCK, BLOWN_UP, STOPPED, TOO_MANY, FAULT = 0, 2, 3, 4, 5, 10

#: |⟨σ⟩|² beyond which a hierarchy of cumulants has left everything that a spin can be, and will not come back.
_OUT_OF_BOUNDS = 4.0
# Columns of `clock`: time, next step, last error, 1 after a rejected step, 1 if this step is the last (−1: the lane
# wants a point, −2: there is none), factor for the next step, time after this step, and what values inside this step
# are needed for: 0 nothing, 1 saved times and falls, 2 an extremum too.
_T, _H, _ERROR, _REJECTED, _STEP, _FACTOR, _NEXT, _DENSE = range(8)
# Columns of `states`: the point, and what `watches` counts: times saved, steps, rejected steps, right-hand sides.
_P, _SAVED, _STEPS, _REFUSED, _SLOPES = range(5)
_Y, _POINT, _K = Y, POINT, K  # numba resolves plain globals only


@kernel
def drive(
    first: int,
    last: int,
    start: Array,
    coefficients: Array,
    parameters: Array,
    steps: Any,
    slope: Any,
    indices: Ints,
    times: Array,
    kinds: Ints,
    limits: Array,
    rtol: float,
    atol: float,
    max_steps: int,
    strict: bool,
    out: Array,
    reduced: Array,
    ended: Array,
    status: Ints,
    counts: Ints,
) -> None:
    """Follow points `first` … `last` − 1, each to its own end.

    Parameters
    ----------
    first, last : int
        Points of this call; lanes take them in turn.
    start : ndarray (P, n)
        States at t = 0; see `watch.moments_of` for what their first entries are.
    coefficients : ndarray (P, U)
        What the right-hand side reads of each point.
    parameters : ndarray (P, 8)
        Last time, N, Γ, Ω; the stop rule: 1 if there is one, ξ² above which and time after which it holds, N_c.
    steps : numba function by its address
        ``steps(w, h, c, indices, what, slope)``, written by `generate.steps` or those of `few`: what it does to a
        block w with steps h (lanes,) and coefficients c (U × lanes).
    slope : numba function by its address
        Right-hand side for one point, passed on to it.
    indices : ndarray
        Passed on to it.
    times : ndarray (P, T)
        Where to report; increasing from 0 on, filled up with inf.
    kinds : ndarray (R, 3)
        Reductions: kind, number of the quantity, sign.
    limits : ndarray (P, R)
        Time after which an extremum counts, or level of a fall.
    rtol, atol, max_steps
        Tolerances, and largest number of steps of a point, rejected ones included.
    strict : bool
        Whether unphysical moments at the end of a step end a point.
    out : ndarray (P, T, n)
        Receives the states; what is not reached stays as it is.
    reduced : ndarray (P, R, 2)
        Receives value and time.
    ended : ndarray (P,), status : ndarray (P,)
        Receive when and how each point ended.
    counts : ndarray (P, 4)
        Receives times saved, steps, rejected steps, right-hand sides.
    """
    n, R = start.shape[1], kinds.shape[0]
    w, c = np.zeros(n * ROWS * LANES), np.zeros(coefficients.shape[1] * LANES)
    clock, states = np.zeros((LANES, 8)), np.full((LANES, 5), -1, dtype=np.int64)
    watches = np.zeros((R, LANES, 3))
    h, good, worst_5, worst_3, total = (
        np.zeros(LANES),
        np.zeros(LANES),
        np.zeros(LANES),
        np.zeros(LANES),
        np.zeros(LANES),
    )
    v, y, y_new, slope_0 = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    slopes, dense = np.empty((N_SLOPES, n)), np.empty((N_DENSE, n))
    about, spin, covariance = np.empty(3), np.empty(3), np.empty((3, 3))
    following, working = first, LANES
    for lane in range(LANES):  # every lane asks for a point
        clock[lane, _T], clock[lane, _STEP] = math.inf, -1.0
    fresh = True
    while True:
        # Lanes whose point has ended take the next one, until there is none.
        while fresh:
            fresh = False
            began = False
            for lane in range(LANES):
                if clock[lane, _STEP] >= 0.0 or clock[lane, _T] != math.inf:
                    continue
                if following >= last:
                    if clock[lane, _STEP] == -1.0:
                        clock[lane, _STEP] = -2.0
                        working -= 1
                        h[lane], states[lane, _P] = 0.0, -1
                        for i in range(n):
                            w[(i * ROWS + _Y) * LANES + lane] = 0.0
                    continue
                p = following
                following += 1
                about[0], about[1], about[2] = parameters[p, 1], parameters[p, 2], parameters[p, 3]
                begin(w, c, lane, p, start, coefficients, watches, kinds, v, about, spin, covariance, limits)
                states[lane] = 0
                states[lane, _P] = p
                clock[lane] = 0.0
                clock[lane, _ERROR], clock[lane, _H] = 1e-4, -1.0
                began = True
            if not began:
                break
            steps(w, h, c, indices, 0, slope)
            for lane in range(LANES):
                p = states[lane, _P]
                if p < 0 or clock[lane, _H] != -1.0:
                    continue
                states[lane, _SLOPES] = 1
                take(w, _Y, lane, y)
                take(w, _K, lane, slope_0)
                clock[lane, _H] = first_step(y, slope_0, rtol, atol, parameters[p, 0])
                while states[lane, _SAVED] < times.shape[1] and times[p, states[lane, _SAVED]] <= 0.0:
                    take(w, _Y, lane, out[p, states[lane, _SAVED]])
                    states[lane, _SAVED] += 1
                if parameters[p, 0] <= 0.0:
                    about[0], about[1], about[2] = parameters[p, 1], parameters[p, 2], parameters[p, 3]
                    end(w, lane, p, 0.0, kinds, watches, v, about, spin, covariance, reduced)
                    ended[p], status[p] = 0.0, DONE
                    for i in range(counts.shape[1]):  # an assignment of slices takes numba seconds to compile
                        counts[p, i] = states[lane, _SAVED + i]
                    clock[lane, _T], clock[lane, _STEP], states[lane, _P] = math.inf, -1.0, -1
                    fresh = True
        if working == 0:
            break

        for lane in range(LANES):
            if states[lane, _P] < 0:
                continue
            t, stop = clock[lane, _T], parameters[states[lane, _P], 0]
            final = t + 1.01 * clock[lane, _H] >= stop
            h[lane] = stop - t if final else clock[lane, _H]
            clock[lane, _STEP] = 1.0 if final else 0.0
        steps(w, h, c, indices, 1, slope)
        step_errors(w, n, rtol, atol, worst_5, worst_3, total)

        inside = False
        for lane in range(LANES):
            good[lane], clock[lane, _DENSE] = 0.0, 0.0
            p = states[lane, _P]
            if p < 0:
                continue
            states[lane, _SLOPES] += STEP
            error = math.inf
            if math.isfinite(total[lane]):
                error = 0.0
                if worst_5[lane] > 0.0:
                    error = h[lane] * worst_5[lane] / math.sqrt(1.0 + 0.01 * (worst_3[lane] / worst_5[lane]) ** 2)
            factor = step_factor(error, clock[lane, _ERROR], clock[lane, _REJECTED] > 0.0)
            clock[lane, _FACTOR] = factor
            if not error <= 1.0:
                states[lane, _REFUSED] += 1
                clock[lane, _REJECTED] = 1.0
                clock[lane, _H] = h[lane] * factor
                continue
            good[lane] = 1.0
            t = clock[lane, _T]
            t_new = parameters[p, 0] if clock[lane, _STEP] == 1.0 else t + h[lane]
            clock[lane, _NEXT] = t_new
            clock[lane, _ERROR] = max(error, 1e-4)
            saved = states[lane, _SAVED]
            if saved < times.shape[1] and times[p, saved] < t_new:
                clock[lane, _DENSE] = 1.0
            about[0], about[1], about[2] = parameters[p, 1], parameters[p, 2], parameters[p, 3]
            take(w, _POINT, lane, y_new)
            if y_new[0] ** 2 + y_new[1] ** 2 + y_new[2] ** 2 > _OUT_OF_BOUNDS:
                good[lane], clock[lane, _DENSE] = -BLOWN_UP, 0.0
                continue
            rule = parameters[p, 4] > 0.0
            if not (R > 0 or rule or strict):
                continue
            moments_of(y_new, about[0], spin, covariance)
            xi2 = xi2_wineland(spin, covariance, about[0])
            if strict:
                found = fault(spin, covariance, about[0], xi2)
                if found:
                    good[lane], clock[lane, _DENSE] = -(FAULT + found), 0.0
                    continue
            lost = rule and t_new > parameters[p, 6] and xi2 > parameters[p, 5]
            if lost and n_eff(spin, covariance, about[0]) < parameters[p, 7]:
                good[lane] = 2.0
            halfway = False
            for r in range(R):
                kind, number = kinds[r, 0], kinds[r, 1]
                if kind == FINAL or (kind == FALL and watches[r, lane, WHEN] == watches[r, lane, WHEN]):
                    continue
                if kind == EXTREMUM and t_new <= limits[p, r]:
                    continue
                after = xi2
                if number != 5 or halfway:
                    if halfway:
                        moments_of(y_new, about[0], spin, covariance)
                    after = quantity(number, spin, covariance, about[0], about[1], about[2])
                if kind == EXTREMUM:
                    after *= kinds[r, 2]
                middle_of(w, lane, h[lane], v)
                moments_of(v, about[0], spin, covariance)
                halfway = True
                middle = quantity(number, spin, covariance, about[0], about[1], about[2])
                before = watches[r, lane, BEFORE]
                watches[r, lane, BEFORE] = after
                if kind == FALL:
                    level = limits[p, r]
                    if (before > level and not middle > level) or (middle > level and not after > level):
                        clock[lane, _DENSE] = max(1.0, clock[lane, _DENSE])
                        watches[r, lane, BEST] = -1.0 if before > level and not middle > level else -2.0
                    continue
                middle *= kinds[r, 2]
                best = watches[r, lane, BEST]
                if after < best:
                    watches[r, lane, BEST], watches[r, lane, WHEN] = after, t_new
                if t <= limits[p, r] or promising(before, middle, after, min(best, after)):
                    clock[lane, _DENSE] = 2.0
        for lane in range(LANES):
            if clock[lane, _DENSE] > 0.0:
                inside = True

        if inside:
            steps(w, h, c, indices, 2, slope)
            for lane in range(LANES):
                if clock[lane, _DENSE] == 0.0:
                    continue
                p, t, size, t_new = states[lane, _P], clock[lane, _T], h[lane], clock[lane, _NEXT]
                states[lane, _SLOPES] += N_SLOPES - STEP - 1
                about[0], about[1], about[2] = parameters[p, 1], parameters[p, 2], parameters[p, 3]
                take(w, _Y, lane, y)
                take(w, _POINT, lane, y_new)
                for s in range(N_SLOPES):
                    take(w, _K + s, lane, slopes[s])
                dense_coefficients(y, y_new, slopes, size, dense)
                while states[lane, _SAVED] < times.shape[1] and times[p, states[lane, _SAVED]] < t_new:
                    dense_value(y, dense, (times[p, states[lane, _SAVED]] - t) / size, out[p, states[lane, _SAVED]])
                    states[lane, _SAVED] += 1
                for r in range(R):
                    number, limit = kinds[r, 1], limits[p, r]
                    if kinds[r, 0] == FALL and watches[r, lane, BEST] < 0.0:
                        low, high = (0.0, 0.5) if watches[r, lane, BEST] == -1.0 else (0.5, 1.0)
                        x = fall(low, high, limit, number, y, dense, v, about, spin, covariance)
                        watches[r, lane, BEST], watches[r, lane, WHEN] = math.inf, t + x * size
                    elif kinds[r, 0] == EXTREMUM and clock[lane, _DENSE] == 2.0 and t_new > limit:
                        low = max(0.0, (limit - t) / size)
                        f, x = lowest(low, number, kinds[r, 2], y, dense, v, about, spin, covariance)
                        if f < watches[r, lane, BEST]:
                            watches[r, lane, BEST], watches[r, lane, WHEN] = f, t + x * size

        accept(w, n, good)
        for lane in range(LANES):
            p = states[lane, _P]
            if p < 0:
                continue
            result = -1
            if good[lane] > 0.0:
                t_new = clock[lane, _NEXT]
                while states[lane, _SAVED] < times.shape[1] and times[p, states[lane, _SAVED]] <= t_new:
                    take(w, _Y, lane, out[p, states[lane, _SAVED]])
                    states[lane, _SAVED] += 1
                states[lane, _STEPS] += 1
                clock[lane, _T], clock[lane, _REJECTED] = t_new, 0.0
                clock[lane, _H] = h[lane] * clock[lane, _FACTOR]
                if t_new >= parameters[p, 0]:
                    result = DONE
                elif good[lane] == 2.0:
                    result = STOPPED
            elif good[lane] < 0.0:
                result = int(-good[lane])
            t = clock[lane, _T]
            if result < 0:
                if states[lane, _STEPS] + states[lane, _REFUSED] > max_steps:
                    result = TOO_MANY
                elif clock[lane, _H] < 1e-15 * abs(t) or not clock[lane, _H] > 0.0:
                    result = STUCK
            if result >= 0:
                about[0], about[1], about[2] = parameters[p, 1], parameters[p, 2], parameters[p, 3]
                end(w, lane, p, t, kinds, watches, v, about, spin, covariance, reduced)
                ended[p], status[p] = t, result
                for i in range(counts.shape[1]):
                    counts[p, i] = states[lane, _SAVED + i]
                clock[lane, _T], clock[lane, _STEP], states[lane, _P] = math.inf, -1.0, -1
                fresh = True
