"""The Husimi function on a grid of 181 × 361 points: blocks of a mixed state, and populations."""

from __future__ import annotations

from typing import Any

import numpy as np

import squeezebench as sb

from . import common

_THETA, _PHI = np.linspace(0, np.pi, 181)[:, None], np.linspace(-np.pi, np.pi, 361)[None, :]


class Grid:
    """Blocks of a product of spins with the Bloch length 0.3; populations of the completely mixed state."""

    params = ("blocks 20", "blocks 60", "blocks 200", "populations 200", "populations 2000")
    param_names = ("state",)
    rounds = common.ROUNDS
    repeat = common.REPEAT

    def setup(self, state: str) -> None:
        kind, N = state.split()
        self.states = _states(kind, int(N))
        sb.husimi(_states(kind, 2), 0, _THETA, _PHI)

    def time_husimi(self, state: str) -> None:
        sb.husimi(self.states, 0, _THETA, _PHI)

    def peakmem_husimi(self, state: str) -> None:
        sb.husimi(self.states, 0, _THETA, _PHI)


def _states(kind: str, N: int) -> Any:
    if kind == "blocks":
        return list(sb.CoherentSpinState(1.0, 0.4, 0.3).dicke_blocks(N))
    from squeezebench.angular import block_weights

    shares = block_weights(sb.CoherentSpinState(bloch_length=0.0).dicke_blocks(N))
    populations = [np.full(round(2 * J) + 1, weight / (2 * J + 1)) for J, weight in shares]
    spins, weights = np.array(shares).T
    return {"time": [0.0], "J": spins, "weight": weights[None, :], "population": np.concatenate(populations)[None, :]}
