"""Compiled loops over the rows of the Dicke blocks.

Indices are unsigned, so that the compiler need not ask whether they count from the end, and the loops over a row are
vectorised. A row reads up to two places beyond its ends, where the coefficients are zero and the arrays are padded.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from squeezebench.jit import kernel

__all__ = ["apply_populations", "apply_rows", "block_moments", "sum_of_squares", "transpose_rows"]

Array = NDArray[np.float64]
Index = NDArray[np.uint64]

#: Side of the tiles in which blocks are transposed: 16 lines of the cache at a time.
_TILE = 16


@kernel
def apply_rows(
    x: Array,
    y: Array,
    out: Array,
    total: Array,
    h: float,
    shift: float,
    keep: float,
    share: float,
    first: int,
    last: int,
    row_block: Index,
    sizes: Index,
    firsts: Index,
    rows: Index,
    places: Index,
    vectors: Array,
    terms: NDArray[np.int64],
    sources: Index,
    row_factors: Array,
    column_factors: Array,
) -> None:
    """Rows `first` … `last` − 1 of out = keep·out + h (A + shift) x + h B y, and total += share·out.

    Parameters
    ----------
    x, y, out, total : ndarray (size,)
        State arrays; y holds the transposed blocks of x (not read where no term asks for it).
    h, shift, keep, share : float
        Factor, multiple of the identity that is added to the generator, and what is kept of and taken from `out`.
    first, last : int
        Range of rows, counted over all blocks.
    row_block : ndarray (R,)
        Block of each row.
    sizes, firsts, rows : ndarray (B,)
        Of the layout.
    places : ndarray (4, B)
        First entry of the blocks of J + 1 and J − 1, and their sizes.
    vectors : ndarray (9, R)
        Real parts that every model has: 0 diagonal of G; 1, 2 entries of G left and right of it; 3 … 8 row and column
        factors of the lowering sandwich from J, J + 1, J − 1.
    terms : ndarray (n, 3)
        Further terms: row offset, column offset of the entry that is read, and whether from y.
    sources : ndarray (n, B, 2)
        First entry and size of the block that a term reads.
    row_factors, column_factors : ndarray (n, R)
        Their coefficients; a row factor 0 skips the row.
    """
    one, two = np.uint64(1), np.uint64(2)
    # With more than seven arrays or offsets in a loop that might overlap the compiler does not vectorise it.
    n_terms = terms.shape[0]
    for r in range(np.uint64(first), np.uint64(last)):
        b = row_block[r]
        n = sizes[b]
        v = rows[b]
        k = r - v
        base = firsts[b] + k * n
        if n_terms > 0 or keep != 0.0:
            # Not times a keep of zero: what a step that was given up has left may not be finite.
            if keep == 0.0:
                for j in range(n):
                    out[base + j] = 0.0
            elif keep != 1.0:
                for j in range(n):
                    out[base + j] *= keep
            for t in range(n_terms):
                factor = h * row_factors[t, r]
                if factor != 0.0:
                    # Wraps around when a sum of offsets is negative on the way, and back again.
                    width = sources[t, b, 1]
                    start = sources[t, b, 0] + (k + np.uint64(terms[t, 0])) * width + np.uint64(terms[t, 1])
                    column = column_factors[t]
                    source = y if terms[t, 2] else x
                    for j in range(n):
                        out[base + j] += factor * column[v + j] * source[start + j]
        diagonal = vectors[0]
        left, right = vectors[1], vectors[2]
        g = h * (diagonal[r] + shift)
        up = base - n if k > 0 else base
        g_up = h * left[r] if k > 0 else 0.0
        down = base + n if k + one < n else base
        g_down = h * right[r] if k + one < n else 0.0
        column = vectors[4]
        factor = h * vectors[3, r] if k + one < n else 0.0
        if n_terms > 0 or keep != 0.0:
            for j in range(n):
                out[base + j] += (
                    (g + h * diagonal[v + j]) * x[base + j]
                    + h * left[v + j] * x[base + j - one]
                    + h * right[v + j] * x[base + j + one]
                    + g_up * x[up + j]
                    + g_down * x[down + j]
                    + factor * column[v + j] * x[down + one + j]
                )
        else:
            for j in range(n):
                out[base + j] = (
                    (g + h * diagonal[v + j]) * x[base + j]
                    + h * left[v + j] * x[base + j - one]
                    + h * right[v + j] * x[base + j + one]
                    + g_up * x[up + j]
                    + g_down * x[down + j]
                    + factor * column[v + j] * x[down + one + j]
                )
        above, below = vectors[6], vectors[8]
        f_above, f_below = h * vectors[5, r], h * vectors[7, r]
        # Emission from J + 1 comes from M + 1 there, two rows and columns further; from J − 1, the same row and column.
        from_above = places[0, b] + (k + two) * places[2, b] + two if f_above != 0.0 else base
        from_below = places[1, b] + k * places[3, b] if f_below != 0.0 else base
        if f_above != 0.0 or f_below != 0.0:
            for j in range(n):
                out[base + j] += f_above * above[v + j] * x[from_above + j] + f_below * below[v + j] * x[from_below + j]
        for j in range(n):
            total[base + j] += share * out[base + j]


@kernel
def transpose_rows(
    x: Array, y: Array, first: int, last: int, row_block: Index, sizes: Index, firsts: Index, rows: Index
) -> None:
    """Rows `first` … `last` − 1 of y: the transposed blocks of x."""
    tile = np.uint64(_TILE)
    r = np.uint64(first)
    end = np.uint64(last)
    while r < end:
        b = row_block[r]
        n = sizes[b]
        k = r - rows[b]
        # Up to the end of the tile, of the block or of the range.
        height = min(min(tile, n - k), end - r)
        j0 = np.uint64(0)
        while j0 < n:
            width = min(tile, n - j0)
            for i in range(height):
                for j in range(width):
                    y[firsts[b] + (k + i) * n + j0 + j] = x[firsts[b] + (j0 + j) * n + k + i]
            j0 += tile
        r += height


@kernel
def block_moments(x: Array, sizes: Index, firsts: Index, rows: Index, ladder: Array, out: Array) -> None:
    """Trace and moments of all blocks.

    Parameters
    ----------
    x : ndarray (size,)
        State array.
    sizes, firsts, rows : ndarray (B,)
        Of the layout.
    ladder : ndarray (3, R)
        J at each row, M, and ⟨M + 1|J_+|M⟩.
    out : ndarray (10,)
        Receives Tr ρ, ⟨J_z⟩, ⟨J_z²⟩, ⟨J_x² + J_y²⟩, and real and imaginary parts of ⟨J_+⟩, of the symmetrised ⟨J_zJ_+⟩
        and of ⟨J_+²⟩, in the frame of the state array.
    """
    out[:] = 0.0
    one = np.uint64(1)
    for b in range(sizes.shape[0]):
        n = sizes[b]
        v = rows[b]
        for k in range(n):
            here = firsts[b] + k * (n + one)
            m = ladder[1, v + k]
            p = x[here]
            out[0] += p
            out[1] += m * p
            out[2] += m * m * p
            out[3] += (ladder[0, v + k] * (ladder[0, v + k] + 1.0) - m * m) * p
            if k + one < n:
                a = ladder[2, v + k]
                right, lower = x[here + one], x[here + n]
                re, im = 0.5 * a * (right + lower), 0.5 * a * (right - lower)
                out[4] += re
                out[5] += im
                out[6] += (m + 0.5) * re
                out[7] += (m + 0.5) * im
                if k + one + one < n:
                    a *= ladder[2, v + k + one]
                    right, lower = x[here + one + one], x[here + n + n]
                    out[8] += 0.5 * a * (right + lower)
                    out[9] += 0.5 * a * (right - lower)


@kernel
def sum_of_squares(x: Array) -> float:
    """Σ x², in four partial sums."""
    a = b = c = d = 0.0
    n = np.uint64(x.shape[0] // 4 * 4)
    one, two, three = np.uint64(1), np.uint64(2), np.uint64(3)
    for i in range(np.uint64(0), n, np.uint64(4)):
        a += x[i] * x[i]
        b += x[i + one] * x[i + one]
        c += x[i + two] * x[i + two]
        d += x[i + three] * x[i + three]
    for i in range(n, np.uint64(x.shape[0])):
        a += x[i] * x[i]
    return a + b + c + d


@kernel
def apply_populations(
    x: Array,
    out: Array,
    total: Array,
    h: float,
    shift: float,
    keep: float,
    share: float,
    loss: Array,
    shifts: NDArray[np.int64],
    rates: Array,
) -> None:
    """Set out = keep·out + h (W + shift) x for populations, and total += share·out.

    Parameters
    ----------
    x, out, total : ndarray (R,)
        Populations, one for each row of the layout.
    h, shift, keep, share : float
        As in `apply_rows`.
    loss : ndarray (R,)
        Diagonal of W.
    shifts : ndarray (n, R)
        Where each term's source stands.
    rates : ndarray (n, R)
        From that source to this entry.
    """
    n = shifts.shape[0]
    for r in range(x.shape[0]):
        value = (loss[r] + shift) * x[r]
        for t in range(n):
            value += rates[t, r] * x[shifts[t, r]]
        value *= h
        if keep != 0.0:
            value += keep * out[r]
        out[r] = value
        total[r] += share * value
