"""Coherent states against Dicke blocks: the kernels of the Husimi function."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from squeezebench.jit import kernel

__all__ = ["add_fourier", "add_populations", "binomial", "sum_fourier"]

Array = NDArray[np.float64]

#: Smallest probabilities of a coherent state that are kept, relative to its largest. Populations: down to the end of
#: floats, since all terms are positive and even tails of 1e-200 come out with all their digits.
_SMALLEST_POPULATION = 1e-290
#: Blocks: amplitudes below 1e-20 of the largest are lost in the round-off of the others.
_SMALLEST_BLOCK = 1e-40


@kernel
def binomial(n: int, up: float, down: float, smallest: float, out: Array) -> tuple[int, int]:
    """Binomial probabilities out[k] = C(n, k) up^k down^(n−k), up + down = 1; returns their range lo … hi (inclusive).

    Terms are formed by their ratio from the largest one outwards and normalised by their sum, as in the closed-form
    steady state: a rounding error a step, and neither factorials nor logarithms of size n log n, whose last digits
    would be lost. Outside lo … hi, where terms are below `smallest` times the largest, `out` is not touched.
    """
    peak = min(n, int((n + 1) * up))
    out[peak] = 1.0
    total = 1.0
    low = high = peak
    term = 1.0
    while high < n:
        term *= (n - high) / (high + 1.0) * (up / down)
        if term < smallest:
            break
        high += 1
        out[high] = term
        total += term
    term = 1.0
    while low > 0:
        term *= low / (n - low + 1.0) * (down / up)
        if term < smallest:
            break
        low -= 1
        out[low] = term
        total += term
    for k in range(low, high + 1):
        out[k] /= total
    return low, high


@kernel
def add_populations(theta: Array, populations: Array, scale: float, out: Array) -> None:
    """out[i] += scale Σ_M |⟨J, M|J, θ_i⟩|² p(M), with p (2J+1,) and θ, out (n,)."""
    n = len(populations) - 1
    probability = np.empty(n + 1)
    for i in range(len(theta)):
        c, s = math.cos(0.5 * theta[i]), math.sin(0.5 * theta[i])
        low, high = binomial(n, c * c, s * s, _SMALLEST_POPULATION, probability)
        total = 0.0
        for k in range(low, high + 1):
            total += probability[k] * populations[k]
        out[i] += scale * total


@kernel
def add_fourier(theta: Array, real: Array, imaginary: Array, scale: float, out_re: Array, out_im: Array) -> None:
    """out[i, q] += scale Σ_k a_(k+q) a_k P_(k+q, k), a = ⟨J, M|J, θ_i⟩ at φ = 0.

    With it ⟨J, θ, φ|P|J, θ, φ⟩ = out[i, 0] + 2 Re Σ_(q>0) out[i, q] e^(iqφ), for Hermitian P.

    Parameters
    ----------
    theta : ndarray (n,)
        0 … π.
    real, imaginary : ndarray (2J+1, 2J+1)
        P, of which the lower triangle is read.
    out_re, out_im : ndarray (n, at least 2J+1)
        Coefficients.
    """
    size = len(real)
    first, last = _occupied(real, imaginary)
    amplitude = np.empty(size)
    # Entry `size − 1 − q` holds coefficient q, so that the inner loop goes forward in all arrays.
    sum_re, sum_im = np.empty(size), np.empty(size)
    for i in range(len(theta)):
        c, s = math.cos(0.5 * theta[i]), math.sin(0.5 * theta[i])
        low, high = binomial(size - 1, c * c, s * s, _SMALLEST_BLOCK, amplitude)
        low, high = max(low, first), min(high, last)
        if high < low:
            continue
        for k in range(low, high + 1):
            amplitude[k] = math.sqrt(amplitude[k])
        sum_re[:] = 0.0
        sum_im[:] = 0.0
        for k in range(low, high + 1):
            here = amplitude[k]
            count = np.uint64(k - low + 1)
            row_re, row_im, others = real[k, low : k + 1], imaginary[k, low : k + 1], amplitude[low : k + 1]
            to_re, to_im = sum_re[size - 1 - k + low : size], sum_im[size - 1 - k + low : size]
            for j in range(count):
                both = here * others[j]
                to_re[j] += both * row_re[j]
                to_im[j] += both * row_im[j]
        for q in range(high - low + 1):
            out_re[i, q] += scale * sum_re[size - 1 - q]
            out_im[i, q] += scale * sum_im[size - 1 - q]


@kernel
def _occupied(real: Array, imaginary: Array) -> tuple[int, int]:
    """First and last row that is not all 0 in the lower triangle; (0, −1) if there is none."""
    size = len(real)
    first, last = size, -1
    for k in range(size):
        for j in range(k + 1):
            if real[k, j] != 0.0 or imaginary[k, j] != 0.0:
                first = min(first, j)
                last = k
    return (first, last) if last >= 0 else (0, -1)


@kernel
def sum_fourier(row: NDArray[np.int64], phi: Array, re: Array, im: Array, out: Array) -> None:
    """out[p] = re[i, 0] + 2 Re Σ_(q>0) (re + i im)[i, q] e^(iqφ_p), i = row[p], by Horner's scheme."""
    last = re.shape[1] - 1
    for p in range(len(phi)):
        i = row[p]
        x, y = math.cos(phi[p]), math.sin(phi[p])
        a, b = 0.0, 0.0
        for q in range(last, 0, -1):
            a, b = a + re[i, q], b + im[i, q]
            a, b = a * x - b * y, a * y + b * x
        out[p] = re[i, 0] + 2.0 * a
