"""The rate of collectively emitted photons."""

from __future__ import annotations

from .base import Array, Inputs, Observable


class EmissionRate(Observable):
    """Γ⟨J₊J₋⟩ = Γ(⟨J_x²⟩ + ⟨J_y²⟩ + ⟨J_z⟩), shape (..., T), in the model's rate unit."""

    name = "emission_rate"
    units = "rate"
    long_name = "collective emission rate Γ⟨J₊J₋⟩"

    def compute(self, inputs: Inputs) -> Array:
        """The photon rate at each time."""
        return inputs.row("emission_rate")
