"""The master equation in Dicke blocks: time, memory, error, and the number of products with the generator."""

from __future__ import annotations

import numpy as np

from . import common


class Evolution:
    """u = 0.9, γ_s/Γ = 4, to Γt = 0.25."""

    params = (20, 40, 60, 100)
    param_names = ("N",)
    rounds = common.ROUNDS
    repeat = (1, 5, 5.0)
    warmup_time = 0.0
    min_run_count = 1

    def setup(self, N: int) -> None:
        self.call = _prepare(N)

    def time_solve(self, N: int) -> None:
        self.call()


class Memory:
    """The same."""

    params = (20, 100)
    param_names = ("N",)

    def setup(self, N: int) -> None:
        self.call = _prepare(N)

    def peakmem_solve(self, N: int) -> None:
        self.call()


class Accuracy:
    """Against the closed form of one-axis twisting with emission and dephasing."""

    params = (6, 20, 40)
    param_names = ("N",)

    def setup(self, N: int) -> None:
        problem = common.twisting(N, 11, emission=1.0, dephasing=0.5)
        moments = common.prepare("one_axis_twisting", problem)()
        self.reference = np.asarray(N * common.xi2(moments.spin, moments.covariance))
        self.call = common.prepare("permutational", problem, "tight", warm=common.driven(4, 0.25))

    def track_error(self, N: int) -> float:
        return common.xi2_error(self.call(), self.reference, N)

    track_error.unit = "relative error of xi2"  # type: ignore[attr-defined]  # how asv takes it


def _prepare(N: int) -> common.Call:
    return common.prepare("permutational", common.driven(N, 0.25), warm=common.driven(4, 0.25))
