"""The mean collective spin."""

from __future__ import annotations

from .base import Array, Inputs, Observable


class Spin(Observable):
    """⟨J⟩ = ½ Σ⟨σ⟩, shape (..., T, 3), in units of ħ."""

    name = "spin"
    long_name = "mean collective spin ⟨J⟩"
    dims = ("axis",)

    def compute(self, inputs: Inputs) -> Array:
        """⟨J⟩ itself."""
        return inputs.spin
