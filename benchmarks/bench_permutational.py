"""The master equation in Dicke blocks: time, memory, error, and the number of products with the generator."""

from __future__ import annotations

import numpy as np

import squeezebench as sb

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


class Populations:
    """Emission and pumping of single spins, where populations close on themselves: N²/4 numbers."""

    params = (200, 2000)
    param_names = ("N",)
    rounds = 1
    repeat = (1, 3, 10.0)
    warmup_time = 0.0
    min_run_count = 1
    timeout = 600

    def setup(self, N: int) -> None:
        if N > 200:
            common.at_leisure()
        self.call = common.prepare("permutational", _lasing(N), warm=_lasing(20))

    def time_solve(self, N: int) -> None:
        self.call()

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


def _lasing(N: int) -> sb.Problem:
    """All spins down at first, Γ = 1, pumped at w = N/2, to NΓt = 2."""
    model = sb.SpinModel(N=N, collective_emission=1.0, emission=1.0, pumping=N / 2)
    return sb.Problem(model, sb.DickeState(J=N / 2, M=-N / 2), times=np.linspace(0.0, 2 / N, 11))


def _prepare(N: int) -> common.Call:
    # Above 96 spins other kernels are taken.
    warm = common.driven(4, 0.25) if N < 96 else common.driven(N, 0.002, 3)
    return common.prepare("permutational", common.driven(N, 0.25), warm=warm)
