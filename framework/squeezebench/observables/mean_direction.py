"""The direction of the mean spin."""

from __future__ import annotations

from .base import Array, Inputs, Observable


class MeanDirection(Observable):
    """⟨J⟩/|⟨J⟩|, shape (..., T, 3); NaN where ⟨J⟩ has no direction."""

    name = "mean_direction"
    long_name = "direction of the mean spin"
    dims = ("axis",)
    needs_direction = True

    def compute(self, inputs: Inputs) -> Array:
        """The unit vector at each time."""
        return inputs.row("mean_direction")
