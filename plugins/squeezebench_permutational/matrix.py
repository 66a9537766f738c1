"""The generator on state arrays as a sparse matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import squeezebench as sb

from .layout import PAD, Layout
from .stencil import generator_terms

__all__ = ["SparseGenerator", "sparse_generator"]

Array = NDArray[np.float64]
Index = NDArray[np.int64]


@dataclass(frozen=True)
class SparseGenerator:
    """Matrix of the generator, on all entries of a state array or on the symmetric ones alone.

    Attributes
    ----------
    matrix : scipy.sparse.csc_array (n, n)
        Of the unknowns.
    places : ndarray (n,)
        Place of each unknown in the state array.
    mates : ndarray (n,)
        Place of the entry that an unknown also stands for; the same place where there is none.
    populations : ndarray (R,)
        Which unknowns are populations.
    """

    matrix: Any
    places: Index
    mates: Index
    populations: Index

    def spread(self, unknowns: Array, size: int) -> Array:
        """State array (size,) of the unknowns."""
        x = np.zeros(size)
        x[self.places] = unknowns
        x[self.mates] = unknowns
        return x


def sparse_generator(model: sb.SpinModel, layout: Layout, symmetric: bool) -> SparseGenerator:
    """Matrix of the generator.

    Parameters
    ----------
    model : SpinModel
        In the frame of the state arrays.
    layout : Layout
        The blocks.
    symmetric : bool
        Restrict to state arrays of symmetric blocks (real density matrices). Allowed where no term reads transposed
        blocks: such a generator keeps them symmetric.
    """
    from scipy import sparse

    terms = generator_terms(model, layout)
    B = len(layout.spins)
    row = np.repeat(np.arange(int(layout.rows[-1])), np.repeat(layout.sizes, layout.sizes))
    block = np.repeat(np.arange(B), layout.sizes)[row]
    places = np.arange(PAD, layout.size - PAD)
    k = row - layout.rows[block]
    j = places - layout.firsts[block] - k * layout.sizes[block]
    if symmetric:
        kept = np.flatnonzero(j <= k)
        row, block, places, k, j = row[kept], block[kept], places[kept], k[kept], j[kept]
    neighbours = {-1: layout.above, 0: np.arange(B), 1: layout.below}
    number = np.full(layout.size, -1)
    number[places] = np.arange(len(places))
    rows, columns, values = [], [], []
    for term in terms:
        source = neighbours[term.delta][block]
        value = term.row[row] * term.column[layout.rows[block] + j]
        used = np.flatnonzero((value != 0) & (source >= 0))
        rise, across = k[used] + term.rise, j[used] + term.shift
        if term.transposed or symmetric:
            swap = np.full(len(used), True) if not symmetric else across > rise
            rise, across = np.where(swap, across, rise), np.where(swap, rise, across)
        owner = source[used]
        rows.append(used)
        columns.append(number[layout.firsts[owner] + rise * layout.sizes[owner] + across])
        values.append(value[used])
    n = len(places)
    coordinates = (np.concatenate([*rows, [0]]).astype(np.int64), np.concatenate([*columns, [0]]).astype(np.int64))
    matrix = sparse.csc_array((np.concatenate([*values, [0.0]]), coordinates), shape=(n, n))
    mates = layout.firsts[block] + j * layout.sizes[block] + k if symmetric else places
    return SparseGenerator(matrix, places, mates, np.flatnonzero(k == j))
