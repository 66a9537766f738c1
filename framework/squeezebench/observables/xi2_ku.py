"""Kitagawa and Ueda's squeezing parameter."""

from __future__ import annotations

from .base import Array, Inputs, Observable


class Xi2Ku(Observable):
    """ξ_S² = 4 min Var(J_n)/N over n ⊥ ⟨J⟩, shape (..., T); NaN where ⟨J⟩ has no direction."""

    name = "xi2_ku"
    long_name = "squeezing parameter ξ_S² (Kitagawa-Ueda)"
    needs_direction = True

    def compute(self, inputs: Inputs) -> Array:
        """ξ_S² at each time."""
        return inputs.row("xi2_ku")
