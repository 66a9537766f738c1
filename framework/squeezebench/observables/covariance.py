"""The symmetrised covariance of the collective spin."""

from __future__ import annotations

from .base import Array, Inputs, Observable


class Covariance(Observable):
    """½⟨J_aJ_b + J_bJ_a⟩ − ⟨J_a⟩⟨J_b⟩, shape (..., T, 3, 3), in units of ħ²."""

    name = "covariance"
    long_name = "symmetrised covariance of the collective spin"
    dims = ("axis", "axis_")

    def compute(self, inputs: Inputs) -> Array:
        """The covariance itself."""
        return inputs.covariance
