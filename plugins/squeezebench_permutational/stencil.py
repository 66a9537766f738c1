"""The generator on state arrays: coefficient tables, and its application in one or several threads."""

from __future__ import annotations

import functools
import itertools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import squeezebench as sb

from .algebra import PLUS, amplitude, bands, spherical, weight
from .layout import Layout

__all__ = ["BlockGenerator", "Term", "counted_terms", "generator_terms"]

Array = NDArray[np.float64]

#: Below this many numbers a second thread saves no time: measured at N = 100 (none saved) and 200 (a quarter).
_WORTH_A_THREAD = 300_000


@dataclass(frozen=True)
class Term:
    """One term of the generator: out[k, j] += row[k] column[j] source[k + rise, j + shift].

    Attributes
    ----------
    side : {"left", "right", "both"}
        Whether it comes from GP, from PG† or from a sandwich.
    delta : int
        The source is the block of J − delta.
    rise, shift : int
        Offsets from the target's row and column to the source's, in entries (not in M).
    transposed : bool
        Whether the source is the transposed block.
    row, column : ndarray (R,)
        Factors at the target's row and column.
    """

    side: str
    delta: int
    rise: int
    shift: int
    transposed: bool
    row: Array
    column: Array


def generator_terms(model: sb.SpinModel, layout: Layout) -> list[Term]:
    """All terms of the generator on real state arrays X = Re P + Im P.

    (A + iB)P for real A and B becomes AX + BXᵀ, because Re P − Im P = Xᵀ.
    """
    J, M = layout.J_of_row, layout.M_of_row
    one = np.ones(len(J))
    terms: list[Term] = []
    here = np.round(M + J).astype(np.int64)
    sizes = np.repeat(layout.sizes, layout.sizes)

    def add(delta: int, rise: int, shift: int, coefficient: NDArray[np.complex128], column: Array, side: str) -> None:
        for part, transposed in ((coefficient.real, False), (coefficient.imag, True)):
            if part.any() and column.any():
                row, other = (column, part) if side == "right" else (part, column)
                terms.append(Term(side, delta, rise, shift, transposed, np.asarray(row), np.asarray(other)))

    for d in range(-2, 3):
        # From M − d to M: the entry belongs to the column M − d.
        exists = (np.abs(M - d) <= J) & (here - d < sizes)
        entry = np.where(exists, bands(model, J, M - d)[d], 0.0)
        add(0, -d, 0, entry, one, "left")
        add(0, 0, -d, entry.conj(), one, "right")
    collective, single = spherical(model.collective), spherical(model.single)
    neighbours = {-1: layout.above, 0: np.arange(len(layout.spins)), 1: layout.below}
    for delta, sources in neighbours.items():
        present = np.repeat(sources >= 0, layout.sizes)
        scale = np.where(present, weight(delta, layout.N, J - delta), 0.0)
        depth = np.repeat(np.where(sources >= 0, layout.sizes[sources], 0), layout.sizes)
        factors = [np.where(here - p - delta < depth, amplitude(delta, p, J - delta, M - p), 0.0) for p in PLUS]
        for i, p in enumerate(PLUS):
            for k, q in enumerate(PLUS):
                kappa = single[i, k] * scale + (collective[i, k] if delta == 0 else 0.0)
                # Source index M − p + J − delta, target M + J.
                add(delta, -p - delta, -q - delta, kappa * factors[i], factors[k], "both")
    return terms


def counted_terms(model: sb.SpinModel) -> tuple[int, bool]:
    """Number of terms beyond those of the kernel's main loop, and whether any reads transposed blocks."""
    small = sb.SpinModel.general(6, model.h, model.K, model.collective, model.single)
    terms = generator_terms(small, Layout.complete(6))
    further = [t for t in terms if t.transposed or (t.side, t.delta, t.rise, t.shift) not in _CORE]
    return len(further), any(t.transposed for t in terms)


class BlockGenerator:
    """The generator of one model on one layout.

    Parameters
    ----------
    model : SpinModel
        What acts, in the frame of the state arrays.
    layout : Layout
        The blocks; what leaves them is lost.
    n_threads : int
        Threads among which rows are divided.
    """

    def __init__(self, model: sb.SpinModel, layout: Layout, n_threads: int = 1) -> None:
        self.layout = layout
        R = int(layout.rows[-1])
        self._vectors = np.zeros((9, R))
        further: list[Term] = []
        for term in generator_terms(model, layout):
            place = None if term.transposed else _CORE.get((term.side, term.delta, term.rise, term.shift))
            if place is None:
                further.append(term)
            elif term.side == "left":
                self._vectors[place[0]] = term.row
            elif term.side == "right":  # the same real entries as on the left
                self._vectors[place[0]] = term.column
            else:
                self._vectors[place[0]], self._vectors[place[1]] = term.row, term.column
        self._terms = np.array([[t.rise, t.shift, t.transposed] for t in further], dtype=np.int64).reshape(-1, 3)
        self._row_factors = np.array([t.row for t in further]).reshape(-1, R)
        self._column_factors = np.array([t.column for t in further]).reshape(-1, R)
        blocks = len(layout.spins)
        sources = np.zeros((len(further), blocks, 2), dtype=np.uint64)
        neighbours = {-1: layout.above, 0: np.arange(blocks), 1: layout.below}
        for t, term in enumerate(further):
            place_of = neighbours[term.delta]
            sources[t, :, 0] = np.where(place_of >= 0, layout.firsts[place_of], 0)
            sources[t, :, 1] = np.where(place_of >= 0, layout.sizes[place_of], 0)
        self._sources = sources
        around = (layout.above, layout.below)
        self._places = np.array([np.where(n >= 0, a[n], 0) for a in (layout.firsts, layout.sizes) for n in around])
        self._index = tuple(
            np.ascontiguousarray(a, dtype=np.uint64)
            for a in (np.repeat(np.arange(blocks), layout.sizes), layout.sizes, layout.firsts, layout.rows[:-1])
        )
        self._places = self._places.astype(np.uint64)
        J, M = layout.J_of_row, layout.M_of_row
        self._ladder = np.array([J, M, amplitude(0, 1, J, M)])
        self.needs_transpose = bool(self._terms[:, 2].any())
        self._y = np.zeros(layout.size if self.needs_transpose else 1)
        #: Size of the largest coefficient.
        self.largest_entry = float(
            max(np.abs(self._vectors[:3]).max(), np.abs(self._row_factors).max(initial=0.0), 1e-300)
        )
        shares = n_threads if layout.size > _WORTH_A_THREAD else 1
        work = np.concatenate([[0], np.cumsum(np.repeat(layout.sizes, layout.sizes))])
        self._edges = np.searchsorted(work, np.linspace(0, work[-1], shares + 1)).tolist()
        self._pool = ThreadPoolExecutor(shares - 1) if shares > 1 else None

    def weights(self, x: Array) -> Array:
        """Probability of each J, shape (B,)."""
        return self.layout.weights(x)

    def close(self) -> None:
        """Let the threads go."""
        if self._pool is not None:
            self._pool.shutdown()

    def apply(self, x: Array, out: Array, total: Array, h: float, shift: float, keep: float, share: float) -> None:
        """Set out = keep·out + h (L + shift) x, and total += share·out; all (size,) and distinct."""
        if self.needs_transpose:
            self._share("transpose", x)
        self._share("apply", x, out, total, (h, shift, keep, share))

    def _share(self, what: str, x: Array, *others: Any) -> None:
        """Do one thing to all rows, in as many threads as are worth it."""
        from . import kernels

        edges = self._edges
        if what == "transpose":
            work: Any = functools.partial(self._transpose, kernels, x)
        else:
            work = functools.partial(self._apply, kernels, x, *others)
        if self._pool is None:
            work(edges[0], edges[-1])
            return
        waiting = [self._pool.submit(work, a, b) for a, b in itertools.pairwise(edges[1:])]
        work(edges[0], edges[1])
        for other in waiting:
            other.result()

    def _transpose(self, kernels: Any, x: Array, first: int, last: int) -> None:
        kernels.transpose_rows(x, self._y, first, last, *self._index)

    def _apply(
        self, kernels: Any, x: Array, out: Array, total: Array, numbers: tuple[float, ...], first: int, last: int
    ) -> None:
        tables = (self._places, self._vectors, self._terms, self._sources, self._row_factors, self._column_factors)
        kernels.apply_rows(x, self._y, out, total, *numbers, first, last, *self._index, *tables)

    def moments(self, x: Array) -> Array:
        """The ten numbers of `kernels.block_moments`, shape (10,)."""
        from .kernels import block_moments

        out = np.empty(10)
        _, sizes, firsts, rows = self._index
        block_moments(x, sizes, firsts, rows, self._ladder, out)
        return out


#: (side, delta, rise, shift) → rows of `vectors`, for the terms that the kernel's main loop holds.
_CORE: dict[tuple[str, int, int, int], tuple[int, ...]] = {
    ("left", 0, 0, 0): (0,),
    ("left", 0, -1, 0): (1,),
    ("left", 0, 1, 0): (2,),
    ("right", 0, 0, 0): (0,),
    ("right", 0, 0, -1): (1,),
    ("right", 0, 0, 1): (2,),
    ("both", 0, 1, 1): (3, 4),
    ("both", -1, 2, 2): (5, 6),
    ("both", 1, 0, 0): (7, 8),
}
