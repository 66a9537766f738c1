"""The effective atom number."""

from __future__ import annotations

from .base import Array, Inputs, Observable


class NEff(Observable):
    """N_eff = 2√(¼ + ⟨J²⟩) − 1, shape (..., T): N for a coherent state, 2J in a multiplet of spin J."""

    name = "n_eff"
    long_name = "effective atom number N_eff"

    def compute(self, inputs: Inputs) -> Array:
        """N_eff at each time."""
        return inputs.row("n_eff")
