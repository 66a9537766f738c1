"""Wineland's squeezing parameter."""

from __future__ import annotations

from .base import Array, Inputs, Observable


class Xi2(Observable):
    """ξ² = N min Var(J_n)/|⟨J⟩|² over n ⊥ ⟨J⟩, shape (..., T); NaN where ⟨J⟩ has no direction."""

    name = "xi2"
    long_name = "squeezing parameter ξ² (Wineland)"
    needs_direction = True

    def compute(self, inputs: Inputs) -> Array:
        """ξ² at each time."""
        return inputs.row("xi2")
