"""The time at which the drive becomes critical for the atoms that still act together."""

from __future__ import annotations

import numpy as np

from .base import Array, Inputs, Observable


class TStar(Observable):
    """First time at which N_eff falls to N_c = 2Ω/Υ_c, shape (...), in the inverse of the model's rate unit.

    Interpolated linearly between save points; NaN if it never does, or if N_eff starts at or below N_c.
    """

    name = "t_star"
    units = "time"
    long_name = "time t* at which N_eff falls to N_c"
    over_time = False

    def compute(self, inputs: Inputs) -> Array:
        """The crossing time of each course."""
        from .kernels import t_star_array

        n_eff = np.require(inputs.row("n_eff"), np.float64, ["C", "W"])
        rows = n_eff.reshape(-1, n_eff.shape[-1])
        crossings = np.empty(len(rows))
        t_star_array(np.require(inputs.times, np.float64, ["C", "W"]), rows, inputs.n_c, crossings)
        return crossings.reshape(n_eff.shape[:-1])
