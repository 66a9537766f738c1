"""The square of the collective spin."""

from __future__ import annotations

from .base import Array, Inputs, Observable


class JSquared(Observable):
    """⟨J²⟩ = tr C + |⟨J⟩|², shape (..., T), at most N/2 (N/2 + 1)."""

    name = "j_squared"
    long_name = "⟨J²⟩"

    def compute(self, inputs: Inputs) -> Array:
        """⟨J²⟩ at each time."""
        return inputs.row("j_squared")
