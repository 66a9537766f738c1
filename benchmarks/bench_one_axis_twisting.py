"""Closed form of one-axis twisting: time by number of times, error against QuTiP and Kitagawa and Ueda's formula."""

from __future__ import annotations

import numpy as np

from . import common


class Solve:
    """A formula: the work grows with the number of times and does not depend on N."""

    params = ((100, 1_000_000, 10_000_000), (101, 10_001))
    param_names = ("N", "times")
    rounds = common.ROUNDS
    repeat = common.REPEAT

    def setup(self, N: int, times: int) -> None:
        self.call = common.prepare("one_axis_twisting", common.twisting(N, times, emission=1.0, dephasing=1.0))

    def time_solve(self, N: int, times: int) -> None:
        self.call()


class Memory:
    """Arrays over the times."""

    params = (101, 10_001)
    param_names = ("times",)

    def setup(self, times: int) -> None:
        self.call = common.prepare("one_axis_twisting", common.twisting(100, times, emission=1.0, dephasing=1.0))

    def peakmem_solve(self, times: int) -> None:
        self.call()


class Decoherence:
    """With emission and dephasing, against brute force on 2^N by QuTiP, which is good to 1e-10."""

    params = (2, 5)
    param_names = ("N",)

    def setup(self, N: int) -> None:
        problem = common.twisting(N, 26, emission=0.4, dephasing=0.3)
        moments = common.prepare("qutip", problem, "reference")()
        self.reference = N * common.xi2(moments.spin, moments.covariance)
        self.call = common.prepare("one_axis_twisting", problem)

    def track_error(self, N: int) -> float:
        return common.xi2_error(self.call(), self.reference, N)

    track_error.unit = "relative error of xi2"  # type: ignore[attr-defined]  # how asv takes it


class Unitary:
    """Without decoherence, against Kitagawa and Ueda, Phys. Rev. A 47, 5138 (1993), to beyond the best squeezing."""

    params = (100, 10_000, 1_000_000)
    param_names = ("N",)

    def setup(self, N: int) -> None:
        problem = common.twisting(N)
        self.reference = kitagawa_ueda(N, problem.times)
        self.call = common.prepare("one_axis_twisting", problem)

    def track_error(self, N: int) -> float:
        return common.xi2_error(self.call(), self.reference, N)

    track_error.unit = "relative error of xi2"  # type: ignore[attr-defined]  # how asv takes it


def kitagawa_ueda(N: int, times: common.Array) -> common.Array:
    """ξ² (T,) of H = J_z² from +x, in extended precision where the machine has it.

    With A = 1 − cos^(N−2) 2t and B = 4 sin t cos^(N−2) t, the smallest variance is (N/4)(1 + (N−1)(A − √(A²+B²))/4),
    and ⟨J_x⟩ = (N/2) cos^(N−1) t.
    """
    t = times.astype(np.longdouble)
    # log cos 2t, without the digits that cos loses near 1.
    a = -np.expm1((N - 2) * np.log1p(-2 * np.sin(t) ** 2))
    b = 4 * np.sin(t) * np.cos(t) ** (N - 2)
    sums = a + np.hypot(a, b)
    # A − √(A² + B²) = −B²/(A + √(A² + B²)); 0/0 at t = 0, where nothing is squeezed yet.
    gain = np.divide(b * b, sums, out=np.zeros_like(b), where=sums > 0)
    return np.asarray((1 - (N - 1) * gain / 4) / np.cos(t) ** (2 * N - 2), dtype=np.float64)
