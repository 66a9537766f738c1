"""Mean field: time, memory and error against the printed Bloch equations in SciPy."""

from __future__ import annotations

import numba  # noqa: F401  # needed by each process anyway; imported here, a forking launcher imports it once
import numpy as np

import squeezebench as sb

from . import common

#: N Γ t to which the Bloch vector is followed: some ten collective lifetimes.
_COLLECTIVE_TIME = 50.0


class Solve:
    """At u = 0.9, γ_s/Γ = 4; the work should not depend on N at fixed NΓt."""

    params = (100, 10_000, 1_000_000, 10_000_000)
    param_names = ("N",)
    rounds = common.ROUNDS
    repeat = common.REPEAT
    number = common.MANY

    def setup(self, N: int) -> None:
        self.call = common.prepare("mean_field", common.driven(N, _COLLECTIVE_TIME / N, 101))

    def time_solve(self, N: int) -> None:
        self.call()

    def peakmem_solve(self, N: int) -> None:
        self.call()


class Accuracy:
    """Against the three equations for N = 2000, χ = 0.5 Γ by SciPy's DOP853 at rtol 1e-13."""

    params = ("fast", "default", "tight")
    param_names = ("tier",)
    N, chi, gamma_s, u = 2000, 0.5, 4.0, 0.9

    def setup_cache(self) -> common.Array:
        from scipy.integrate import solve_ivp

        N, chi, gamma_s = self.N, self.chi, self.gamma_s
        omega = 0.5 * N * self.u * np.hypot(1.0, 2 * chi)

        def bloch(t: float, s: common.Array) -> list[float]:
            x, y, z = s
            pair = (N - 1) * z
            return [
                (pair * x - x) / 2 + chi * (pair * y - y) - gamma_s * x / 2,
                (pair * y - y) / 2 - omega * z - chi * (pair * x - x) - gamma_s * y / 2,
                -((N - 1) * (x * x + y * y) / 2 + 1 + z) + omega * y - gamma_s * (1 + z),
            ]

        times = self._problem().times
        solution = solve_ivp(bloch, (0, times[-1]), [-1.0, 0.0, 0.0], "DOP853", times, rtol=1e-13, atol=1e-15)
        # A product state has ξ² = 1/|s|².
        return np.asarray(1 / (solution.y**2).sum(axis=0))

    def _problem(self) -> sb.Problem:
        return common.driven(
            self.N, _COLLECTIVE_TIME / self.N, 101, chi=self.chi, gamma_s=self.gamma_s, upsilon_ratio=self.u
        )

    def setup(self, reference: common.Array, tier: str) -> None:
        self.call = common.prepare("mean_field", self._problem(), tier)

    def track_error(self, reference: common.Array, tier: str) -> float:
        return common.xi2_error(self.call(), reference, self.N)

    track_error.unit = "relative error of xi2"  # type: ignore[attr-defined]  # how asv takes it
