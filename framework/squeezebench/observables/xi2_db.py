"""Wineland's squeezing parameter on the logarithmic scale."""

from __future__ import annotations

from .base import Array, Inputs, Observable


class Xi2Db(Observable):
    """10 log₁₀ ξ², shape (..., T), in dB: negative is squeezed."""

    name = "xi2_db"
    units = "dB"
    long_name = "squeezing parameter ξ² (Wineland)"
    needs_direction = True

    def compute(self, inputs: Inputs) -> Array:
        """ξ² in dB at each time."""
        return inputs.row("xi2_db")
