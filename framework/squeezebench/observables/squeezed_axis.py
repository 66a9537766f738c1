"""The axis of least variance."""

from __future__ import annotations

import numpy as np

from .base import Array, Inputs, Observable


class SqueezedAxis(Observable):
    """Unit vector n ⊥ ⟨J⟩ of least Var(J_n), shape (..., T, 3), its component of largest magnitude positive.

    NaN where ⟨J⟩ has no direction or the plane has no axis of least variance (a coherent state).
    """

    name = "squeezed_axis"
    long_name = "axis of least variance normal to the mean spin"
    dims = ("axis",)
    needs_direction = True

    def compute(self, inputs: Inputs) -> Array:
        """The unit vector at each time."""
        return inputs.row("squeezed_axis")

    def difference(self, value: Array, reference: Array) -> Array:
        """`value` − `reference` after turning `value` to the side of `reference`: n and −n are one axis."""
        opposite = (value * reference).sum(axis=-1, keepdims=True) < 0
        return np.where(opposite, -value, value) - reference
