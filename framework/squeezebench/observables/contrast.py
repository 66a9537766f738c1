"""The length of the Bloch vector."""

from __future__ import annotations

from .base import Array, Inputs, Observable


class Contrast(Observable):
    """2|⟨J⟩|/N, shape (..., T), between 0 and 1."""

    name = "contrast"
    long_name = "contrast 2|⟨J⟩|/N"

    def compute(self, inputs: Inputs) -> Array:
        """The contrast at each time."""
        return inputs.row("contrast")
