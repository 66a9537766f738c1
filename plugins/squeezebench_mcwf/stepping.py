"""One step between jumps: dφ/dt = (G(t) − c) φ in a frame that turns at a constant rate, by Dormand-Prince of order 8.

The frame follows the mean spin, so that what is left of the motion is slow and the state stays within a few dozen
Dicke states; G depends on time only through the frame's axes. Nothing here is approximate but the step's own error,
which is controlled: the frame is a choice of coordinates and no part of the unravelling.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from squeezebench.dop853 import ERROR_3, ERROR_5, STAGES
from squeezebench.jit import kernel

from .operators import apply_form, form_coefficients, turned_axes

__all__ = ["STAGE_COUNT", "extent", "first_slope", "mean_rate", "take_step"]

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]

STAGE_COUNT = 12


def _dense(rows: tuple[dict[int, float], ...]) -> Array:
    table = np.zeros((len(rows), STAGE_COUNT))
    for s, row in enumerate(rows):
        for j, value in row.items():
            if j < STAGE_COUNT:
                table[s, j] = value
    return table


_A = _dense(STAGES[: STAGE_COUNT + 1])
_C = _A.sum(axis=1)
_E5, _E3 = _dense(ERROR_5)[0], _dense(ERROR_3)[0]


@kernel
def extent(c: Array, A: Array, n: Array, width: int) -> float:
    """Bound on the spectral radius of G − c on the window: the largest of three rows' sums of sizes."""
    largest = 0.0
    for p in (0, width // 2, width - 1):
        k, q = n[p + 4], p + 4
        total = math.hypot(c[12] + k * (c[14] + k * c[16]), c[13] + k * (c[15] + k * c[17]))
        total += A[q] * (math.hypot(c[4] + c[6] * (k + 1), c[5] + c[7] * (k + 1)) + A[q + 1] * math.hypot(c[0], c[1]))
        total += A[q - 1] * (
            math.hypot(c[8] + c[10] * (k - 1), c[9] + c[11] * (k - 1)) + A[q - 2] * math.hypot(c[2], c[3])
        )
        largest = max(largest, total)
    return largest


@kernel
def _expectation(x: Array, y: Array, width: int) -> complex:
    """⟨x|y⟩ on the window."""
    xr, xi, yr, yi = x[0], x[1], y[0], y[1]
    re, im = 0.0, 0.0
    for p in range(width):
        q = p + 4
        re += xr[q] * yr[q] + xi[q] * yi[q]
        im += xr[q] * yi[q] - xi[q] * yr[q]
    return complex(re, im)


@kernel
def first_slope(
    twoJ: int, R: Array, constant: complex, linear: Complex, Q: Complex, A: Array, n: Array, width: int,
    x: Array, c: Array, slope: Array,
) -> complex:  # fmt: skip
    """Coefficients `c` of G − ⟨G⟩ and the slope (G − ⟨G⟩) x of a normalised x; returns ⟨G⟩."""
    form_coefficients(twoJ, R, constant, linear, Q, c)
    apply_form(c, A, n, width, x[0], x[1], slope[0], slope[1])
    mean = _expectation(x, slope, width)
    c[12] -= mean.real
    c[13] -= mean.imag
    xr, xi, sr, si = x[0], x[1], slope[0], slope[1]
    for p in range(width):
        q = p + 4
        sr[q] -= mean.real * xr[q] - mean.imag * xi[q]
        si[q] -= mean.real * xi[q] + mean.imag * xr[q]
    return mean


@kernel
def mean_rate(
    twoJ: int, R: Array, constant: complex, linear: Complex, Q: Complex, A: Array, n: Array, width: int,
    x: Array, c: Array, buffer: Array,
) -> float:  # fmt: skip
    """Rate of jumps −2 Re⟨G⟩ of a state of any norm."""
    form_coefficients(twoJ, R, constant, linear, Q, c)
    apply_form(c, A, n, width, x[0], x[1], buffer[0], buffer[1])
    return -2.0 * _expectation(x, buffer, width).real / _expectation(x, x, width).real


@kernel
def _combine(x: Array, k: Array, weights: Array, count: int, h: float, length: int, out: Array) -> None:
    """Set out = x + h Σ_j weights[j] k[j] for j < count, on both rows up to `length`."""
    for row in range(2):
        target, start = out[row], x[row]
        for q in range(length):
            target[q] = start[q]
        j = 0
        while j < count:
            # Three slopes a pass: fewer passes over the sum.
            f, g, e = 0.0, 0.0, 0.0
            a = b = c = 0
            while j < count and weights[j] == 0.0:
                j += 1
            if j < count:
                a, f = j, h * weights[j]
                j += 1
            while j < count and weights[j] == 0.0:
                j += 1
            if j < count:
                b, g = j, h * weights[j]
                j += 1
            while j < count and weights[j] == 0.0:
                j += 1
            if j < count:
                c, e = j, h * weights[j]
                j += 1
            ka, kb, kc = k[a, row], k[b, row], k[c, row]
            for q in range(length):
                target[q] += f * ka[q] + g * kb[q] + e * kc[q]


@kernel
def take_step(
    twoJ: int, R: Array, axis: Array, speed: float, constant: complex, linear: Complex, Q: Complex, mean: complex,
    A: Array, n: Array, width: int, h: float, x: Array, k: Array, point: Array, c: Array, moved: Array, out: Array,
) -> tuple[float, float]:  # fmt: skip
    """One step of length h from x, with k[0] its slope, into `out`.

    Parameters
    ----------
    R, axis, speed
        The frame at the step's start; it turns about the laboratory's `axis` at the rate `speed`.
    constant, linear, Q
        The generator in the laboratory's axes, the term +iω·J of the turning frame included in `linear`.
    mean : complex
        ⟨G⟩ at the start, which is taken out; the caller multiplies it in again.

    Returns
    -------
    (float, float)
        Estimate of the step's error relative to the norm, and the norm squared of `out`.
    """
    length = width + 8
    steady = speed == 0.0
    if steady:
        form_coefficients(twoJ, R, constant - mean, linear, Q, c)
    for s in range(1, 12):
        _combine(x, k, _A[s], s, h, length, point)
        if not steady:
            turned_axes(R, axis, speed * h * _C[s], moved)
            form_coefficients(twoJ, moved, constant - mean, linear, Q, c)
        apply_form(c, A, n, width, point[0], point[1], k[s, 0], k[s, 1])
    _combine(x, k, _A[12], 12, h, length, out)
    norm, fifth, third = 0.0, 0.0, 0.0
    for row in range(2):
        y = out[row]
        k0, k5, k6, k7 = k[0, row], k[5, row], k[6, row], k[7, row]
        k8, k9, k10, k11 = k[8, row], k[9, row], k[10, row], k[11, row]
        e5, e3 = k[1, row], k[2, row]  # slopes that the estimates do not use
        for p in range(width):
            q = p + 4
            e5[q] = (_E5[0] * k0[q] + _E5[5] * k5[q] + _E5[6] * k6[q] + _E5[7] * k7[q]) + (
                _E5[8] * k8[q] + _E5[9] * k9[q] + _E5[10] * k10[q] + _E5[11] * k11[q]
            )
        for p in range(width):
            q = p + 4
            e3[q] = (_E3[0] * k0[q] + _E3[5] * k5[q] + _E3[6] * k6[q] + _E3[7] * k7[q]) + (
                _E3[8] * k8[q] + _E3[9] * k9[q] + _E3[10] * k10[q] + _E3[11] * k11[q]
            )
        for p in range(width):
            q = p + 4
            norm += y[q] * y[q]
            fifth += e5[q] * e5[q]
            third += e3[q] * e3[q]
    denominator = fifth + 0.01 * third
    error = h * fifth / math.sqrt(denominator * norm) if denominator > 0.0 and norm > 0.0 else 0.0
    return error, norm
