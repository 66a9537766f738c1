"""States on request: what ``Moments.extra["states"]`` holds, and how to read it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import squeezebench as sb
from squeezebench.angular import log_multiplicity
from squeezebench.errors import InvalidModelError

from .layout import PopulationLayout

if TYPE_CHECKING:
    from .pictures import Kept

__all__ = ["pack_states", "state_at"]

#: Blocks that hold less are left out of a state that is read back: round-off may be all that they are.
_NEGLIGIBLE = 1e-12


def pack_states(kept: Sequence[Kept]) -> dict[str, Any]:
    """Kept states as arrays.

    Parameters
    ----------
    kept : sequence of Kept
        T states.

    Returns
    -------
    dict
        ``time`` (T,); ``J`` (B,), largest first, of all blocks that occur; ``weight`` (T, B), the probability of each
        J; ``trace`` (T,), their sum; ``purity`` (T,), Tr ρ² on 2^N; and ``matrix`` (T, Σ(2J+1)²), complex: the weighted
        blocks ⟨J, M|P|J, M'⟩ one after the other, row by row, M = −J … J. Populations alone stand in ``population``
        (T, Σ(2J+1)) instead of ``matrix``.
    """
    spins = sorted({J for entry in kept for J in entry.layout.spins}, reverse=True)
    sizes = np.array([round(2 * J) + 1 for J in spins])
    full = not any(isinstance(entry.layout, PopulationLayout) for entry in kept)
    edges = np.concatenate([[0], np.cumsum(sizes**2 if full else sizes)])
    data = np.zeros((len(kept), int(edges[-1])), dtype=np.complex128 if full else np.float64)
    weight = np.zeros((len(kept), len(spins)))
    purity = np.zeros(len(kept))
    for t, entry in enumerate(kept):
        for b, J in enumerate(entry.layout.spins):
            i = spins.index(J)
            if full:
                block = entry.layout.unpack(entry.x, b, entry.angle)
                weight[t, i] = np.trace(block).real
            else:
                block = entry.x[entry.layout.rows[b] : entry.layout.rows[b + 1]].astype(np.complex128)
                weight[t, i] = block.sum().real
            data[t, edges[i] : edges[i + 1]] = block.ravel() if full else block.real
            squares = float(np.sum(np.abs(block) ** 2))
            if squares > 0:
                purity[t] += math.exp(math.log(squares) - log_multiplicity(entry.layout.N, J))
    return {
        "time": np.array([entry.time for entry in kept]),
        "J": np.array(spins),
        "weight": weight,
        "trace": weight.sum(axis=1),
        "purity": purity,
        "matrix" if full else "population": data,
    }


def state_at(states: Mapping[str, Any], index: int = -1) -> sb.DickeBlocks:
    """One of the states of ``Moments.extra["states"]``, from a run or from a store.

    Parameters
    ----------
    states : mapping
        As `pack_states` makes it.
    index : int
        Which of the times.

    Raises
    ------
    InvalidModelError
        If the mapping holds no states.
    """
    if "J" not in states or not ({"matrix", "population"} & set(states)):
        raise InvalidModelError(f"states with the entries {sorted(states)}: solve with keep={{'states'}} to have some")
    full = "matrix" in states
    data = states["matrix" if full else "population"]
    # A store keeps real and imaginary parts.
    row = data["re"][index] + 1j * data["im"][index] if isinstance(data, Mapping) else np.asarray(data)[index]
    blocks: list[tuple[float, float, NDArray[np.complex128]]] = []
    first = 0
    for J in np.asarray(states["J"]).tolist():
        size = round(2 * J) + 1
        last = first + (size * size if full else size)
        matrix = row[first:last].reshape(size, size) if full else np.diag(row[first:last]).astype(np.complex128)
        first = last
        share = float(np.trace(matrix).real)
        if share > _NEGLIGIBLE:
            blocks.append((J, share, matrix / share))
    total = sum(share for _, share, _ in blocks)
    return sb.DickeBlocks([(J, share / total, matrix) for J, share, matrix in blocks])
