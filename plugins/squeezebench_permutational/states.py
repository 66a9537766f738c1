"""States on request: what ``Moments.extra["states"]`` holds; `state_at` reads one of them back."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from squeezebench.angular import log_multiplicity
from squeezebench.saved_states import state_at

from .layout import PopulationLayout

if TYPE_CHECKING:
    from .pictures import Kept

__all__ = ["pack_states", "state_at"]


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
