"""A trajectory: steps, waiting times, jumps, and the window of Dicke states that it occupies.

A trajectory's state is four arrays, so that it can be copied and carried on elsewhere: `whole` (what is counted),
`real` (what is measured), the frame R, and the amplitudes.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from squeezebench.jit import kernel

from .operators import PAD, apply_changing, apply_linear, ladder, mean_spin, turned_axes
from .rng import uniform
from .stepping import extent, first_slope, mean_rate, take_step
from .window import LEAK, SMALL, clear_edges, fit, grow, outgrown

__all__ = ["ADAPTIVE", "COUNTS", "FIXED", "OFFSET", "REAL", "WHOLE", "advance", "begin", "source_weight"]

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]
Integers = NDArray[np.int64]

#: Entries of `whole`: 2J, first n and width of the window, jumps so far (they turn the offset's phase).
WHOLE = 4
#: Entries of `real`: time, logarithm of the survival probability, its threshold, the length of the next step, and the
#: longest that would have been stable at the last one.
REAL = 5
#: Entries of `counts`: steps, rejected steps, jumps, jumps that changed J, widest window.
COUNTS = 5

#: How the shift of a channel is chosen: as given, or −⟨L⟩ + δ.
FIXED, ADAPTIVE = 0, 1

#: The error allowed in a step, of a state of norm 1. Measured: 1e-7 and 1e-11 give the same moments to 1e-8.
_TOLERANCE = 1e-9
#: Of the spectral radius: beyond this a step of the method is unstable on the negative real axis.
_STABLE = 6.0
#: |δ| = this × √(2J).
OFFSET = 0.3
#: A frame follows the mean spin where that is longer than this fraction of J.
_LONG = 0.6
#: Relative error of the survival probability at which a jump is placed.
_ROOT = 1e-6
#: A step is at most so many mean waiting times long.
_WAITS = 3.0


@kernel
def source_weight(N: int, twoJ: int, delta: int) -> float:
    """Weight w of the channels of single spins that take J to J + delta; see `squeezebench_mcwf.tables`."""
    half, J = 0.5 * N, 0.5 * twoJ
    if delta == 0:
        return (half + 1.0) / (2.0 * J * (J + 1.0)) if twoJ > 0 else 0.0
    if delta < 0:
        return (half + J + 1.0) / (2.0 * J * (2.0 * J + 1.0)) if twoJ > 0 else 0.0
    return (half - J) / (2.0 * (J + 1.0) * (2.0 * J + 1.0)) if twoJ < N else 0.0


@kernel
def begin(words: NDArray[np.uint64], real: Array, step: float) -> None:
    """Time 0, and the first threshold."""
    real[0], real[1], real[3], real[4] = 0.0, 0.0, step, step
    real[2] = math.log(uniform(words))


@kernel
def _jump(
    N: int, V: Complex, rates: Array, singles: Array, beta: Complex, whole: Integers, R: Array, A: Array, n: Array,
    words: NDArray[np.uint64], x: Array, buffer: Array,
) -> int:  # fmt: skip
    """Apply one of all possible jumps, drawn by its rate; returns the change of J."""
    twoJ, first, width = whole[0], whole[1], whole[2]
    channels = len(V)
    found = np.empty(3 * channels)
    total = 0.0
    for j in range(channels):
        for delta in range(-1, 2):
            if delta == 0:
                rate = rates[j]
                if rate > 0.0:
                    rate *= apply_linear(twoJ, R, V[j], beta[j], A, n, width, x, buffer)
            else:
                rate = singles[j] * source_weight(N, twoJ, delta)
                if rate > 0.0:
                    rate *= apply_changing(twoJ, delta, R, V[j], first, width, x, buffer)
            total += rate
            found[3 * j + delta + 1] = total
    draw = uniform(words) * total
    choice = 0
    while choice < 3 * channels - 1 and not draw < found[choice]:
        choice += 1
    j, delta = choice // 3, choice % 3 - 1
    if delta == 0:
        norm = apply_linear(twoJ, R, V[j], beta[j], A, n, width, x, buffer)
        # Operators of a frame take n to n ± 1: one more place on each side, if there is a state.
        low = 1 if first > 0 else 0
        high = 1 if first + width < twoJ + 1 else 0
        whole[1], whole[2] = first - low, width + low + high
        offset = -low
    else:
        norm = apply_changing(twoJ, delta, R, V[j], first, width, x, buffer)
        base = max(0, first - 2) if delta < 0 else first
        last = first + width - 1 + (0 if delta < 0 else 2)
        whole[0] = twoJ + 2 * delta
        last = min(last, whole[0])
        whole[1], whole[2] = base, last - base + 1
        offset = 0
    scale = 1.0 / math.sqrt(norm)
    for row in range(2):
        for p in range(whole[2]):
            x[row, p + PAD] = scale * buffer[row, p + offset + PAD]
    clear_edges(x, whole[2])
    whole[3] += 1
    return delta


@kernel
def _crossing(s0: float, s1: float, d0: float, d1: float, h: float, level: float) -> float:
    """Where the cubic through s0 and s1 with slopes d0 and d1 at 0 and h falls to `level`, by bisection and Newton."""
    low, high = 0.0, 1.0
    u = min(max((level - s0) / (s1 - s0), 0.0), 1.0)
    for _ in range(60):
        v = 1.0 - u
        value = s0 * (1 + 2 * u) * v * v + s1 * u * u * (3 - 2 * u) + h * u * v * (d0 * v - d1 * u) - level
        slope = 6 * u * v * (s1 - s0) + h * (d0 * v * (v - 2 * u) + d1 * u * (u - 2 * v))
        if value > 0.0:
            low = u
        else:
            high = u
        step = u - value / slope if slope < 0.0 else -1.0
        if not low < step < high:
            step = 0.5 * (low + high)
        if abs(step - u) < 1e-15:
            break
        u = step
    return u * h


@kernel
def advance(
    N: int, stop: float, h_lab: Array, K: Array, Q: Complex, fixed_linear: Complex, loss: float, V: Complex,
    collective: Array, singles: Array, mode: Integers, given: Complex,
    whole: Integers, real: Array, R: Array, words: NDArray[np.uint64], x: Array,
    A: Array, n: Array, k: Array, point: Array, y: Array, counts: Integers, flag: NDArray[np.uint8],
) -> bool:  # fmt: skip
    """Carry a trajectory on from ``real[0]`` to `stop` under one model; False if `flag` stopped it.

    Parameters
    ----------
    N, stop
        Number of spins, and the time to stop at exactly.
    h_lab, K, Q, fixed_linear, loss, V, collective, singles, mode, given
        The model as `squeezebench_mcwf.tables` writes it.
    whole, real, R, words, x
        The trajectory; all of them move on.
    A, n, k, point, y
        Workspace: (capacity,), (capacity,), (12, 2, capacity), (2, capacity), (2, capacity).
    counts
        Added to; see `COUNTS`.
    flag : ndarray (1,)
        Non-zero makes the loop end at the next step.

    Notes
    -----
    The shift β, the frame and the length of a step are functions of the state at the step's start alone, never of the
    threshold at which the next jump will happen: a shift that knows of a jump to come gives wrong averages.
    """
    channels = len(V)
    beta, rates = np.zeros(channels, dtype=np.complex128), np.zeros(channels)
    linear = np.zeros(3, dtype=np.complex128)
    c, s, lab, field = np.zeros(18), np.zeros(3), np.zeros(3), np.zeros(3)
    axis, moved, after = np.zeros(3), np.zeros((3, 3)), np.zeros((3, 3))
    fresh = True
    while real[0] < stop:
        if flag[0] != 0:
            return False
        twoJ, width = whole[0], whole[2]
        if fresh:
            ladder(twoJ, whole[1], width, A, n)
            clear_edges(point, width)
            clear_edges(y, width)
            for j in range(12):
                clear_edges(k[j], width)
            fresh = False
            counts[4] = max(counts[4], width)
        left = stop - real[0]
        # -------- the shift, from the state at the start of the step
        mean_spin(twoJ, A, n, width, x, s)
        for a in range(3):
            lab[a] = R[a, 0] * s[0] + R[a, 1] * s[1] + R[a, 2] * s[2]
            linear[a] = fixed_linear[a]
            field[a] = h_lab[a]
        constant = -loss
        weight = source_weight(N, twoJ, 0)
        size = OFFSET * math.sqrt(float(twoJ))
        turn = whole[3] & 3
        offset = complex(
            size if turn == 0 else -size if turn == 2 else 0.0, size if turn == 1 else -size if turn == 3 else 0.0
        )
        for j in range(channels):
            rates[j] = collective[j] + weight * singles[j]
            beta[j] = given[j]
            if mode[j] == ADAPTIVE:
                beta[j] = offset - (V[j, 0] * lab[0] + V[j, 1] * lab[1] + V[j, 2] * lab[2])
            constant -= 0.5 * rates[j] * (beta[j].real ** 2 + beta[j].imag ** 2)
            for a in range(3):
                drive = rates[j] * beta[j].conjugate() * V[j, a]
                linear[a] -= drive
                field[a] += drive.imag
        # -------- the frame: with the mean field, and towards the mean spin
        speed = 0.0
        if channels > 0 and twoJ + 1 > SMALL:
            for a in range(3):
                field[a] += 2.0 * (K[a, 0] * lab[0] + K[a, 1] * lab[1] + K[a, 2] * lab[2])
            across, length = math.hypot(s[0], s[1]), math.sqrt(s[0] ** 2 + s[1] ** 2 + s[2] ** 2)
            if length > _LONG * 0.5 * twoJ and across > 0.0:
                largest = max(A[PAD + width // 2], A[PAD + width - 1])
                # Slowly enough to add no more than a third to the spectral radius, which the step has to resolve.
                angle = min(math.atan2(across, s[2]), 1.0 / max(largest, 1.0))
                pace = angle / real[4] / across
                for a in range(3):
                    field[a] += pace * (R[a, 1] * s[0] - R[a, 0] * s[1])
            speed = math.sqrt(field[0] ** 2 + field[1] ** 2 + field[2] ** 2)
            if speed > 0.0:
                for a in range(3):
                    axis[a] = field[a] / speed
                    linear[a] += 1j * field[a]
        mean = first_slope(twoJ, R, constant + 0j, linear, Q, A, n, width, x, c, k[0])
        rate = -2.0 * mean.real
        radius = extent(c, A, n, width)
        h = real[3]
        real[4] = min(_STABLE / radius, 1e300) if radius > 0.0 else 1e300
        h = min(h, real[4])
        if rate * h > _WAITS:
            h = _WAITS / rate
        proposed = h
        if h > 0.999 * left:
            h = left
        elif h > 0.5 * left:
            h = 0.5 * left
        # -------- the step
        again = False
        while True:
            error, norm = take_step(
                twoJ, R, axis, speed, constant + 0j, linear, Q, mean, A, n, width, h, x, k, point, c, moved, y
            )
            counts[0] += 1
            if not error <= _TOLERANCE:
                counts[1] += 1
                h *= max(0.2, 0.9 * (_TOLERANCE / error) ** 0.125) if error > 0.0 else 0.2
                proposed = h
                continue
            low, high = outgrown(whole, y, LEAK * norm)
            if low or high:
                counts[1] += 1
                grow(whole, x, low, high)
                fresh = again = True
            break
        if again:
            continue
        factor = min(4.0, 0.9 * (_TOLERANCE / error) ** 0.125) if error > 0.0 else 4.0
        survived = real[1] + 2.0 * mean.real * h + math.log(norm)
        jumped = survived < real[2]
        if jumped:
            # The threshold lies inside this step, whose shift and frame stay as they are: find the time.
            if speed > 0.0:
                turned_axes(R, axis, speed * h, after)
            else:
                after[:, :] = R
            slope = -mean_rate(twoJ, after, constant + 0j, linear, Q, A, n, width, y, c, point)
            tau = _crossing(real[1], survived, -rate, slope, h, real[2])
            low_t, low_s, low_d, high_t, high_s, high_d = 0.0, real[1], -rate, h, survived, slope
            for _ in range(40):
                error, norm = take_step(
                    twoJ, R, axis, speed, constant + 0j, linear, Q, mean, A, n, width, tau, x, k, point, c, moved, y
                )
                counts[0] += 1
                reached = real[1] + 2.0 * mean.real * tau + math.log(norm)
                if abs(reached - real[2]) < _ROOT:
                    break
                if speed > 0.0:
                    turned_axes(R, axis, speed * tau, after)
                here = -mean_rate(twoJ, after, constant + 0j, linear, Q, A, n, width, y, c, point)
                if reached > real[2]:
                    low_t, low_s, low_d = tau, reached, here
                else:
                    high_t, high_s, high_d = tau, reached, here
                tau = low_t + _crossing(low_s, high_s, low_d, high_d, high_t - low_t, real[2])
            h = tau
        # -------- accept
        if speed > 0.0:
            turned_axes(R, axis, speed * h, after)
            R[:, :] = after
        scale = 1.0 / math.sqrt(norm)
        for row in range(2):
            target, source = x[row], y[row]
            for q in range(PAD, width + PAD):
                target[q] = scale * source[q]
        real[0] = stop if h == left else real[0] + h
        real[1] = survived
        # A step that was cut short says nothing against the length that it would have had.
        real[3] = h * factor if h == proposed else max(proposed, h * factor)
        if jumped:
            delta = _jump(N, V, rates, singles, beta, whole, R, A, n, words, x, y)
            counts[2] += 1
            counts[3] += 1 if delta != 0 else 0
            real[1] = 0.0
            real[2] = math.log(uniform(words))
            fresh = True
        if fit(whole, x):
            fresh = True
    return True
