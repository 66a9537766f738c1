"""The angle of the axis of least variance."""

from __future__ import annotations

import numpy as np

from .base import Array, Inputs, Observable


class SqueezingAngle(Observable):
    """Angle in (−π/2, π/2] from e_φ towards e_θ of the axis of least variance, shape (..., T), in radians.

    e_φ and e_θ are the azimuthal and polar unit vectors at the direction of ⟨J⟩, with φ = 0 on the z axis; NaN where
    `SqueezedAxis` is.
    """

    name = "squeezing_angle"
    units = "rad"
    long_name = "angle of the axis of least variance, from the azimuthal towards the polar direction"
    needs_direction = True

    def compute(self, inputs: Inputs) -> Array:
        """The angle at each time."""
        return inputs.row("squeezing_angle")

    def difference(self, value: Array, reference: Array) -> Array:
        """`value` − `reference` within (−π/2, π/2]: an axis turned by π is the same axis."""
        turned = value - reference
        return turned - np.pi * np.ceil(turned / np.pi - 0.5)
