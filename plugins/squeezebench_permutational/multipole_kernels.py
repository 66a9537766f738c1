"""Compiled loops over the rows (k, q) of multipoles, along J.

A row's terms are summed at the place of their source, for the three changes of J apart, so that all of its reads are
aligned; two of the sums are then shifted by one place. Coefficients that depend on (k, J) serve all q of one k and stay
in the processor's first cache.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from squeezebench.jit import disjoint_kernel, kernel

__all__ = ["apply_multipoles", "multipole_moments", "shell_weights"]

Array = NDArray[np.float64]
Index = NDArray[np.uint64]

#: Tables of (k, J) in the main loop: for each of three changes of J, times 1 and q² from k, and from k ± 1 and k ± 2.
TABLES = 18


@disjoint_kernel
def apply_multipoles(
    x: Array,
    out: Array,
    total: Array,
    h: float,
    shift: float,
    keep: float,
    share: float,
    first: int,
    last: int,
    planes: int,
    plane: int,
    stride: int,
    rows: Index,
    ranges: Index,
    factors: Array,
    tables: Array,
    work: Array,
    extra: NDArray[np.int64],
    extra_sources: Index,
    extra_factors: Array,
    extra_tables: Array,
) -> None:
    """Rows `first` … `last` − 1 of out = keep·out + h (L + shift) x, and total += share·out.

    Parameters
    ----------
    x, out, total : ndarray (planes · plane,)
        Coefficients: real parts, then imaginary parts; rows of `stride` places, of which the first and the last are 0.
    h, shift, keep, share : float
        Factor, multiple of the identity that is added to the generator, and what is kept of and taken from `out`.
    first, last : int
        Range of rows.
    planes, plane, stride : int
        1 if there are no imaginary parts; length of a plane; length of a row.
    rows : ndarray (R, 7)
        k of each row, and its sources of k − 1, k + 1, k − 2, k + 2, and of q − 1 and q + 1.
    ranges : ndarray (K + 1, 2)
        Places of each k that are computed, multiples of 8; x is zero elsewhere.
    factors : ndarray (R, 9)
        q², the roots of the steps from k − 1, k + 1, k − 2, k + 2, and the turns from q − 1 and q + 1 in real parts and
        in imaginary ones.
    tables : ndarray ((K + 1) · 18 · stride,)
        See `TABLES`.
    work : ndarray (3 · (stride + 16),)
        Scratch.
    extra : ndarray (n, 2)
        Further terms: change of J, and whether times i.
    extra_sources : ndarray (n, R)
        Their source rows.
    extra_factors : ndarray (n, 2, R)
        Their factors from real and from imaginary parts.
    extra_tables : ndarray (n, (K + 1) · stride)
        At the target's k and J.
    """
    S = np.uint64(stride)
    P = np.uint64(8)
    one = np.uint64(1)
    second, third = S + np.uint64(16), np.uint64(2) * (S + np.uint64(16))
    for r in range(np.uint64(first), np.uint64(last)):
        k = rows[r, 0]
        a = k * np.uint64(18) * S
        q2, c1, c2, c3, c4 = factors[r, 0], h * factors[r, 1], h * factors[r, 2], h * factors[r, 3], h * factors[r, 4]
        s = h * shift
        low, high = ranges[k, 0], ranges[k, 1]
        # The two sums are read one place beyond the ends of the range.
        work[second + P + high] = 0.0
        work[third + P + low - one] = 0.0
        for part in range(np.uint64(planes)):
            at = part * np.uint64(plane)
            b = at + r * S
            f1, f2, f3, f4 = at + rows[r, 1] * S, at + rows[r, 2] * S, at + rows[r, 3] * S, at + rows[r, 4] * S
            f5, f6 = at + rows[r, 5] * S, at + rows[r, 6] * S
            if part == 0:
                c5, c6 = h * factors[r, 5], h * factors[r, 6]
            else:
                c5, c6 = h * factors[r, 7], h * factors[r, 8]
            for j in range(low, high):
                t = a + j
                here = x[b + j]
                x0 = h * here
                x1 = q2 * x0
                x2, x3, x4, x5 = c1 * x[f1 + j], c2 * x[f2 + j], c3 * x[f3 + j], c4 * x[f4 + j]
                work[P + j] = (
                    tables[t] * x0
                    + tables[t + S] * x1
                    + tables[t + np.uint64(2) * S] * x2
                    + tables[t + np.uint64(3) * S] * x3
                    + tables[t + np.uint64(4) * S] * x4
                    + tables[t + np.uint64(5) * S] * x5
                    + c5 * x[f5 + j]
                    + c6 * x[f6 + j]
                    + s * here
                )
                work[second + P + j] = (
                    tables[t + np.uint64(6) * S] * x0
                    + tables[t + np.uint64(7) * S] * x1
                    + tables[t + np.uint64(8) * S] * x2
                    + tables[t + np.uint64(9) * S] * x3
                    + tables[t + np.uint64(10) * S] * x4
                    + tables[t + np.uint64(11) * S] * x5
                )
                work[third + P + j] = (
                    tables[t + np.uint64(12) * S] * x0
                    + tables[t + np.uint64(13) * S] * x1
                    + tables[t + np.uint64(14) * S] * x2
                    + tables[t + np.uint64(15) * S] * x3
                    + tables[t + np.uint64(16) * S] * x4
                    + tables[t + np.uint64(17) * S] * x5
                )
            if keep == 0.0:
                for j in range(low, high):
                    out[b + j] = work[P + j] + work[second + P + one + j] + work[third + P - one + j]
            else:
                for j in range(low, high):
                    new = work[P + j] + work[second + P + one + j] + work[third + P - one + j]
                    out[b + j] = keep * out[b + j] + new
        for e in range(np.uint64(extra.shape[0])):
            source = extra_sources[e, r] * S + np.uint64(extra[e, 0])
            t = k * S
            b = r * S
            from_real, from_imaginary = h * extra_factors[e, 0, r], h * extra_factors[e, 1, r]
            if from_real == 0.0 and from_imaginary == 0.0:
                continue
            q = np.uint64(plane)
            # The first and the last place are zero, and so are their coefficients.
            begin, end = max(low, one), min(high, S - one)
            if extra[e, 1]:
                for j in range(begin, end):
                    out[b + j] -= from_imaginary * extra_tables[e, t + j] * x[q + source + j]
                    out[q + b + j] += from_real * extra_tables[e, t + j] * x[source + j]
            else:
                for j in range(begin, end):
                    out[b + j] += from_real * extra_tables[e, t + j] * x[source + j]
                if planes > 1:
                    for j in range(begin, end):
                        out[q + b + j] += from_imaginary * extra_tables[e, t + j] * x[q + source + j]
        for part in range(np.uint64(planes)):
            b = part * np.uint64(plane) + r * S
            for j in range(low, high):
                total[b + j] += share * out[b + j]


@kernel
def multipole_moments(x: Array, planes: int, plane: int, stride: int, scales: Array, out: Array) -> None:
    """Trace and moments, as `kernels.block_moments` gives them.

    Parameters
    ----------
    x : ndarray (planes · plane,)
        Coefficients.
    planes, plane, stride : int
        As in `apply_multipoles`.
    scales : ndarray (6, n_J)
        J(J + 1), and the factors of c_00, c_10, c_11, c_2q (for q = 0, and for 1; that of q = 2 is −2 times it).
    out : ndarray (10,)
        Receives the numbers.
    """
    out[:] = 0.0
    for i in range(scales.shape[1]):
        p = scales[1, i] * x[1 + i]
        out[0] += p
        out[1] += scales[2, i] * x[stride + 1 + i]
        zz = scales[0, i] * p / 3.0 + scales[4, i] * x[3 * stride + 1 + i]
        out[2] += zz
        out[3] += scales[0, i] * p - zz
        for part in range(planes):
            at = part * plane + 1 + i
            sign = 1.0 if part == 0 else -1.0
            out[4 + part] += sign * scales[3, i] * x[at + 2 * stride]
            out[6 + part] += sign * scales[5, i] * x[at + 4 * stride]
            out[8 + part] -= sign * 2.0 * scales[5, i] * x[at + 5 * stride]


@kernel
def shell_weights(x: Array, planes: int, plane: int, stride: int, out: Array) -> None:
    """Σ_q |c_kq|² for each k and each place of a row, q and −q counted together; `out` has shape (K + 1, stride)."""
    out[:] = 0.0
    for part in range(planes):
        for k in range(out.shape[0]):
            for q in range(k + 1):
                here = part * plane + (k * (k + 1) // 2 + q) * stride
                times = 1.0 if q == 0 else 2.0
                for j in range(stride):
                    out[k, j] += times * x[here + j] * x[here + j]
