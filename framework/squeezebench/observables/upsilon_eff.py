"""The drive per effective atom."""

from __future__ import annotations

from .base import Array, Inputs, Observable


class UpsilonEff(Observable):
    """Υ_eff = 2Ω/N_eff, shape (..., T), in the model's rate unit.

    NaN outside the Hamiltonian of the driven cavity, where there is no single Ω, and at N_eff = 0.
    """

    name = "upsilon_eff"
    units = "rate"
    long_name = "drive per effective atom Υ_eff"

    def compute(self, inputs: Inputs) -> Array:
        """Υ_eff at each time."""
        return inputs.row("upsilon_eff")
