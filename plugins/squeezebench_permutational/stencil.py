"""The generator on state arrays: coefficient tables, and its application in one or several threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import squeezebench as sb

from .algebra import PLUS, amplitude, bands, spherical, weight
from .layout import Layout

__all__ = ["BlockGenerator", "Term", "generator_terms"]

Array = NDArray[np.float64]

#: Below this many numbers handing a share to another thread takes longer than doing it.
_WORTH_A_THREAD = 40_000


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

    def add(delta: int, rise: int, shift: int, coefficient: NDArray[np.complex128], column: Array, side: str) -> None:
        for part, transposed in ((coefficient.real, False), (coefficient.imag, True)):
            if part.any() and column.any():
                row, other = (column, part) if side == "right" else (part, column)
                terms.append(Term(side, delta, rise, shift, transposed, np.asarray(row), np.asarray(other)))

    for d in range(-2, 3):
        # From M − d to M: the entry belongs to the column M − d.
        exists = np.abs(M - d) <= J
        entry = np.where(exists, bands(model, J, M - d)[d], 0.0)
        add(0, -d, 0, entry, one, "left")
        add(0, 0, -d, entry.conj(), one, "right")
    collective, single = spherical(model.collective), spherical(model.single)
    neighbours = {-1: layout.above, 0: np.arange(len(layout.spins)), 1: layout.below}
    for delta, sources in neighbours.items():
        present = np.repeat(sources >= 0, layout.sizes)
        scale = np.where(present, weight(delta, layout.N, J - delta), 0.0)
        factors = [amplitude(delta, p, J - delta, M - p) for p in PLUS]
        for i, p in enumerate(PLUS):
            for k, q in enumerate(PLUS):
                kappa = single[i, k] * scale + (collective[i, k] if delta == 0 else 0.0)
                # Source index M − p + J − delta, target M + J.
                add(delta, -p - delta, -q - delta, kappa * factors[i], factors[k], "both")
    return terms


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
        self._places = np.array([np.where(n >= 0, layout.firsts[n], 0) for n in (layout.above, layout.below)])
        self._index = tuple(
            np.ascontiguousarray(a, dtype=np.uint64)
            for a in (np.repeat(np.arange(blocks), layout.sizes), layout.sizes, layout.firsts, layout.rows[:-1])
        )
        self._places = self._places.astype(np.uint64)
        J, M = layout.J_of_row, layout.M_of_row
        self._ladder = np.array([J, M, amplitude(0, 1, J, M)])
        self.needs_transpose = bool(self._terms[:, 2].any())
        self._y = np.zeros(layout.size if self.needs_transpose else 1)
        #: Largest rate at which an entry is lost: the diagonal of the generator.
        self.largest_loss = float(-2 * self._vectors[0].min(initial=0.0))
        #: Rough bound on the generator's norm, for the first step.
        self.scale = self._norm_bound(model)
        shares = n_threads if layout.size > _WORTH_A_THREAD else 1
        work = np.concatenate([[0], np.cumsum(np.repeat(layout.sizes, layout.sizes))])
        self._edges = np.searchsorted(work, np.linspace(0, work[-1], shares + 1)).tolist()
        self._pool = ThreadPoolExecutor(shares - 1) if shares > 1 else None

    def _norm_bound(self, model: sb.SpinModel) -> float:
        top = max(self.layout.spins)
        quadratic = np.abs(model.K).sum() + np.abs(model.collective).sum()
        linear = np.abs(model.h).sum() + 2 * np.abs(model.single).sum()
        return float(2 * quadratic * top * (top + 1) + 2 * linear * max(top, 0.5) + np.abs(model.single).sum() * model.N)

    def close(self) -> None:
        """Let the threads go."""
        if self._pool is not None:
            self._pool.shutdown()

    def zeros(self) -> Array:
        """A state array of zeros."""
        return np.zeros(self.layout.size)

    def apply(self, x: Array, out: Array, total: Array, h: float, shift: float) -> None:
        """out = h (L + shift) x, and total += out; all (size,) and distinct."""
        if self.needs_transpose:
            self._share("transpose", x)
        self._share("apply", x, out, total, h, shift)

    def _share(self, what: str, *arguments: object) -> None:
        from .kernels import apply_rows, transpose_rows

        def run(first: int, last: int) -> None:
            if what == "transpose":
                transpose_rows(arguments[0], self._y, first, last, *self._index)  # type: ignore[arg-type]
            else:
                x, out, total, h, shift = arguments
                apply_rows(
                    x, self._y, out, total, h, shift, first, last, *self._index,  # type: ignore[arg-type]
                    self._places, self._vectors, self._terms, self._sources, self._row_factors, self._column_factors,
                )  # fmt: skip

        edges = self._edges
        if self._pool is None:
            run(edges[0], edges[-1])
            return
        others = [self._pool.submit(run, a, b) for a, b in zip(edges[1:-1], edges[2:], strict=True)]
        run(edges[0], edges[1])
        for other in others:
            other.result()

    def moments(self, x: Array) -> Array:
        """The ten numbers of `kernels.block_moments`, shape (10,)."""
        from .kernels import block_moments

        out = np.empty(10)
        block_moments(x, *self._index[1:], self._ladder, out)
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
