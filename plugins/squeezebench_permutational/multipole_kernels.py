"""Compiled loops over the rows (k, q) of multipoles, along J.

A row's terms are summed at the place of their source, for the three changes of J apart, so that all of its reads are
aligned; two of the sums are then shifted by one place. Coefficients that depend on (k, J) serve all q of one k and stay
in the processor's first cache.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from squeezebench.jit import disjoint_kernel, fma, kernel, wide

__all__ = ["apply_wave", "multipole_moments", "shell_weights"]

Array = NDArray[np.float64]
Index = NDArray[np.uint64]
#: Offsets are unsigned, so that the compiler need not ask whether they count from the end.
Offset = int | np.uint64

#: Tables of (k, J) in the main loop: for each of three changes of J, times 1 and q² from k, and from k ± 1 and k ± 2.
TABLES = 18


@disjoint_kernel
def _shell(
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
    alone: bool,
    extra: NDArray[np.int64],
    extra_sources: Index,
    extra_factors: Array,
    extra_tables: Array,
) -> None:
    """Rows `first` … `last` − 1, all of one k, of out = keep·out + h (L + shift) x, and total += share·out.

    Two rows at a time read each table once: the two planes of a (k, q), or two neighbouring q of the only plane.
    """
    wide()
    S, P, one = np.uint64(stride), np.uint64(8), np.uint64(1)
    W = S + np.uint64(16)
    k = rows[first, 0]
    a = k * np.uint64(18) * S
    s = h * shift
    low, high = ranges[k, 0], ranges[k, 1]
    if low >= high:
        return
    w1, w2, w3 = P, W + P, np.uint64(2) * W + P
    v1, v2, v3 = w1 + np.uint64(3) * W, w2 + np.uint64(3) * W, w3 + np.uint64(3) * W
    further = extra.shape[0] > 0
    added = 0.0 if further else share
    # The shifted sums are read one place beyond the ends of the range.
    work[w2 + high], work[w3 + low - one], work[v2 + high], work[v3 + low - one] = 0.0, 0.0, 0.0, 0.0
    first_row, last_row = np.uint64(first), np.uint64(last)
    count = last_row - first_row if planes == 2 else (last_row - first_row + one) // np.uint64(2)
    for n in range(count):
        if planes == 2:
            r, u = first_row + n, first_row + n
            at, au, c = np.uint64(0), np.uint64(plane), 7
        else:
            r = first_row + np.uint64(2) * n
            # The last of an odd number is done twice, and stored once.
            u = min(r + one, last_row - one)
            at, au, c = np.uint64(0), np.uint64(0), 5
        b, d = at + r * S, au + u * S
        f1, f2, f3, f4 = at + rows[r, 1] * S, at + rows[r, 2] * S, at + rows[r, 3] * S, at + rows[r, 4] * S
        f5, f6 = at + rows[r, 5] * S, at + rows[r, 6] * S
        g1, g2, g3, g4 = au + rows[u, 1] * S, au + rows[u, 2] * S, au + rows[u, 3] * S, au + rows[u, 4] * S
        g5, g6 = au + rows[u, 5] * S, au + rows[u, 6] * S
        q2, c1, c2 = factors[r, 0], h * factors[r, 1], h * factors[r, 2]
        c3, c4, c5, c6 = h * factors[r, 3], h * factors[r, 4], h * factors[r, 5], h * factors[r, 6]
        p2, d1, d2 = factors[u, 0], h * factors[u, 1], h * factors[u, 2]
        d3, d4, d5, d6 = h * factors[u, 3], h * factors[u, 4], h * factors[u, c], h * factors[u, c + 1]
        if alone:
            for j in range(low, high):
                t = a + j
                x0, y0 = h * x[b + j], h * x[d + j]
                x1, y1 = q2 * x0, p2 * y0
                x2, x3, x4, x5 = c1 * x[f1 + j], c2 * x[f2 + j], c3 * x[f3 + j], c4 * x[f4 + j]
                y2, y3, y4, y5 = d1 * x[g1 + j], d2 * x[g2 + j], d3 * x[g3 + j], d4 * x[g4 + j]
                t0, t1, t2 = tables[t], tables[t + S], tables[t + np.uint64(2) * S]
                t3, t4, t5 = (
                    tables[t + np.uint64(3) * S],
                    tables[t + np.uint64(4) * S],
                    tables[t + np.uint64(5) * S],
                )
                m = fma(c6, x[f6 + j], fma(c5, x[f5 + j], s * x[b + j]))
                work[w1 + j] = fma(t0, x0, fma(t1, x1, fma(t2, x2, fma(t3, x3, fma(t4, x4, fma(t5, x5, m))))))
                m = fma(d6, x[g6 + j], fma(d5, x[g5 + j], s * x[d + j]))
                work[v1 + j] = fma(t0, y0, fma(t1, y1, fma(t2, y2, fma(t3, y3, fma(t4, y4, fma(t5, y5, m))))))
        else:
            for j in range(low, high):
                t = a + j
                x0, y0 = h * x[b + j], h * x[d + j]
                x1, y1 = q2 * x0, p2 * y0
                x2, x3, x4, x5 = c1 * x[f1 + j], c2 * x[f2 + j], c3 * x[f3 + j], c4 * x[f4 + j]
                y2, y3, y4, y5 = d1 * x[g1 + j], d2 * x[g2 + j], d3 * x[g3 + j], d4 * x[g4 + j]
                t0, t1, t2 = tables[t], tables[t + S], tables[t + np.uint64(2) * S]
                t3, t4, t5 = (
                    tables[t + np.uint64(3) * S],
                    tables[t + np.uint64(4) * S],
                    tables[t + np.uint64(5) * S],
                )
                m = fma(c6, x[f6 + j], fma(c5, x[f5 + j], s * x[b + j]))
                work[w1 + j] = fma(t0, x0, fma(t1, x1, fma(t2, x2, fma(t3, x3, fma(t4, x4, fma(t5, x5, m))))))
                m = fma(d6, x[g6 + j], fma(d5, x[g5 + j], s * x[d + j]))
                work[v1 + j] = fma(t0, y0, fma(t1, y1, fma(t2, y2, fma(t3, y3, fma(t4, y4, fma(t5, y5, m))))))
                t0, t1, t2 = tables[t + np.uint64(6) * S], tables[t + np.uint64(7) * S], tables[t + np.uint64(8) * S]
                t3, t4, t5 = (
                    tables[t + np.uint64(9) * S],
                    tables[t + np.uint64(10) * S],
                    tables[t + np.uint64(11) * S],
                )
                work[w2 + j] = fma(t0, x0, fma(t1, x1, fma(t2, x2, fma(t3, x3, fma(t4, x4, t5 * x5)))))
                work[v2 + j] = fma(t0, y0, fma(t1, y1, fma(t2, y2, fma(t3, y3, fma(t4, y4, t5 * y5)))))
                t0, t1, t2 = tables[t + np.uint64(12) * S], tables[t + np.uint64(13) * S], tables[t + np.uint64(14) * S]
                t3, t4, t5 = (
                    tables[t + np.uint64(15) * S],
                    tables[t + np.uint64(16) * S],
                    tables[t + np.uint64(17) * S],
                )
                work[w3 + j] = fma(t0, x0, fma(t1, x1, fma(t2, x2, fma(t3, x3, fma(t4, x4, t5 * x5)))))
                work[v3 + j] = fma(t0, y0, fma(t1, y1, fma(t2, y2, fma(t3, y3, fma(t4, y4, t5 * y5)))))
        # Both rows in one loop: in shorter ones the compiler makes groups of 32, and goes through short rows singly.
        if planes == 1 and u == r:
            for j in range(low, high):
                # Not 0 times what may be infinite.
                old = out[b + j] if keep != 0.0 else 0.0
                new = fma(keep, old, work[w1 + j] + work[w2 + one + j] + work[w3 - one + j])
                out[b + j] = new
                total[b + j] = fma(added, new, total[b + j])
        elif keep == 0.0:
            for j in range(low, high):
                new = work[w1 + j] + work[w2 + one + j] + work[w3 - one + j]
                two = work[v1 + j] + work[v2 + one + j] + work[v3 - one + j]
                out[b + j], out[d + j] = new, two
                total[b + j], total[d + j] = fma(added, new, total[b + j]), fma(added, two, total[d + j])
        else:
            for j in range(low, high):
                new = fma(keep, out[b + j], work[w1 + j] + work[w2 + one + j] + work[w3 - one + j])
                two = fma(keep, out[d + j], work[v1 + j] + work[v2 + one + j] + work[v3 - one + j])
                out[b + j], out[d + j] = new, two
                total[b + j], total[d + j] = fma(added, new, total[b + j]), fma(added, two, total[d + j])
    if not further:
        return
    for r in range(first_row, last_row):  # type: ignore[assignment]
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
        As in `apply_wave`.
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
def apply_wave(
    even: Array,
    odd: Array,
    total: Array,
    h: Array,
    shift: float,
    keep: Array,
    share: Array,
    first: int,
    last: int,
    begin: int,
    end: int,
    lag: int,
    steps: int,
    band: int,
    slant: int,
    planes: int,
    plane: int,
    stride: int,
    rows: Index,
    ranges: Index,
    factors: Array,
    tables: Array,
    work: Array,
    alone: bool,
    extra: NDArray[np.int64],
    extra_sources: Index,
    extra_factors: Array,
    extra_tables: Array,
    scales: Array,
    moments: Array,
) -> None:
    """Products `first` … `last` − 1 of a row of them, steps `begin` … `end` − 1 of waves through k, a band of q each.

    Product i sets out = keep_i·out + h_i (L + shift) x and total += share_i·out, where x is `even` for even i and out
    is `odd`, and the other way round. In step s of a wave it does k = s − lag·i, which needs product i − 1 up to
    k + lag: done just before. A wave reads a number from memory once for all of its products, because what they share
    stays in the cache. That it may, a wave does `band` neighbouring q only, for each product `slant` lower than for the
    one before it, which has then done all that is needed, and the next but one has not yet written over any of it.

    Parameters
    ----------
    even, odd, total : ndarray (planes · plane,)
        Coefficients: real parts, then imaginary parts; rows of `stride` places, of which the first and the last are 0.
    h, keep, share : ndarray (products,)
        Of each product: factor, and what is kept of and taken from its `out`.
    shift : float
        Multiple of the identity that is added to the generator.
    first, last, begin, end : int
        Ranges of products and of steps, which count on from wave to wave.
    lag : int
        Largest change of k by one product.
    steps, band, slant : int
        Steps and q of a wave; `slant` is the largest change of q by one product, at least 1.
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
    work : ndarray (6 · (stride + 16),)
        Scratch.
    alone : bool
        Whether no J is changed: then the sums that would be shifted are 0, and stay so.
    extra : ndarray (n, 2)
        Further terms: change of J, and whether times i.
    extra_sources : ndarray (n, R)
        Their source rows.
    extra_factors : ndarray (n, 2, R)
        Their factors from real and from imaginary parts.
    extra_tables : ndarray (n, (K + 1) · stride)
        At the target's k and J.
    scales : ndarray (6, n_J)
        As in `multipole_moments`.
    moments : ndarray (products, 10)
        Receives the moments of each product's `out`; without rows if they are not wanted.
    """
    wide()
    K = ranges.shape[0] - 1
    for step in range(begin, end):
        wave, s = step // steps, step % steps
        for i in range(first, last):
            k = s - lag * i
            if k < 0 or k > K:
                continue
            low = max(wave * band - slant * i, 0)
            high = min(wave * band - slant * i + band, k + 1)
            if low >= high:
                continue
            a = k * (k + 1) // 2
            x, out = (even, odd) if i % 2 == 0 else (odd, even)
            _shell(
                x, out, total, h[i], shift, keep[i], share[i], a + low, a + high,
                planes, plane, stride, rows, ranges, factors, tables, work, alone,
                extra, extra_sources, extra_factors, extra_tables,
            )  # fmt: skip
            # The next product but one begins to overwrite these when this one has gone on by two lags.
            if k == 2 and high == 3 and len(moments):
                multipole_moments(out, planes, plane, stride, scales, moments[i])


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
