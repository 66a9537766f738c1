"""Brute force on 2^N with QuTiP: time, memory, and error against the closed form of one-axis twisting."""

from __future__ import annotations

import numpy as np
import qutip  # noqa: F401  # needed by each process anyway; imported here, a forking launcher imports it once

import squeezebench as sb

from . import common


class Evolution:
    """u = 0.9, γ_s/Γ = 4, to Γt = 0.25: 4^N numbers."""

    params = (2, 5, 7)
    param_names = ("N",)
    rounds = common.ROUNDS
    repeat = common.REPEAT

    def setup(self, N: int) -> None:
        self.call = common.prepare("qutip", common.driven(N, 0.25, 6))

    def time_solve(self, N: int) -> None:
        self.call()

    def peakmem_solve(self, N: int) -> None:
        self.call()


class SteadyState:
    """With γ_s/Γ = 4, where it is unique."""

    params = (2, 4)
    param_names = ("N",)
    rounds = common.ROUNDS
    repeat = common.REPEAT

    def setup(self, N: int) -> None:
        model = common.driven(N, 1.0).model
        self.call = common.prepare("qutip", sb.Problem(model, sb.CoherentSpinState(), times=[np.inf]))

    def time_solve(self, N: int) -> None:
        self.call()


class Accuracy:
    """Five spins twisted with emission and dephasing, which have a closed form."""

    params = ("fast", "default", "tight")
    param_names = ("tier",)

    def _problem(self) -> sb.Problem:
        return common.twisting(5, 26, emission=0.4, dephasing=0.3)

    def setup(self, tier: str) -> None:
        moments = common.prepare("one_axis_twisting", self._problem())()
        self.reference = 5 * common.xi2(moments.spin, moments.covariance)
        self.call = common.prepare("qutip", self._problem(), tier)

    def track_error(self, tier: str) -> float:
        return common.xi2_error(self.call(), self.reference, 5)

    track_error.unit = "relative error of xi2"  # type: ignore[attr-defined]  # how asv takes it
