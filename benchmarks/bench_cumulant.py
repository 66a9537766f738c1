"""Cumulants: time and memory by order, what is left of integration, and what the closure leaves out."""

from __future__ import annotations

import numba  # noqa: F401  # needed by each process anyway; imported here, a forking launcher imports it once
import numpy as np

import squeezebench as sb

from . import common


def _problem(N: int) -> sb.Problem:
    """Spins at u = 0.9, γ_s/Γ = 50, while all orders from 2 on agree with the next ones, so that nothing ends early."""
    return common.driven(N, 0.25 * (100 / N) ** (2 / 3), gamma_s=50.0)


class Solve:
    """With the guard on, as by default: orders k, k + 1 and k + 2 are integrated."""

    params = ((2, 3, 4, 6), (100, 10_000))
    param_names = ("order", "N")
    rounds = common.ROUNDS
    repeat = common.REPEAT

    def setup(self, order: int, N: int) -> None:
        self.call = common.prepare("cumulant", _problem(N), order=order)

    def time_solve(self, order: int, N: int) -> None:
        self.call()


class Sizes:
    """Order 2 and its witnesses over N: as many unknowns at each, and a course whose N Γt grows as N^(1/3)."""

    params = (100, 10_000, 1_000_000, 10_000_000)
    param_names = ("N",)
    rounds = common.ROUNDS
    repeat = common.REPEAT

    def setup(self, N: int) -> None:
        self.call = common.prepare("cumulant", _problem(N), order=2)

    def time_solve(self, N: int) -> None:
        self.call()

    def peakmem_solve(self, N: int) -> None:
        self.call()

    def track_right_hand_sides(self, N: int) -> float:
        return float(np.sum(self.call().diagnostics["right_hand_sides"]))

    track_right_hand_sides.unit = "right-hand sides of all orders"  # type: ignore[attr-defined]  # how asv takes it


class Memory:
    """The tables of products grow as k⁶ with the order k."""

    params = (2, 6)
    param_names = ("order",)

    def setup(self, order: int) -> None:
        self.call = common.prepare("cumulant", _problem(100), order=order)

    def peakmem_solve(self, order: int) -> None:
        self.call()


class Integration:
    """Order 4 is exact for 4 spins: what remains is the integrator's. Against brute force on 2⁴ by QuTiP."""

    params = ("fast", "default", "tight")
    param_names = ("tier",)

    def setup_cache(self) -> common.Array:
        return _reference("qutip", self._problem())

    def _problem(self) -> sb.Problem:
        return common.driven(4, 1.5, gamma_s=1.0, chi=-0.7)

    def setup(self, reference: common.Array, tier: str) -> None:
        self.call = common.prepare("cumulant", self._problem(), tier, order=4)

    def track_error(self, reference: common.Array, tier: str) -> float:
        return common.xi2_error(self.call(), reference, 4)

    track_error.unit = "relative error of xi2"  # type: ignore[attr-defined]  # how asv takes it


class Truncation:
    """Up to the squeezing minimum of 20 spins, u = 0.9, γ_s/Γ = 4, against PIQS, which is good to 2e-6 there."""

    params = (2, 3, 4, 5)
    param_names = ("order",)

    def setup_cache(self) -> common.Array:
        return _reference("piqs", self._problem())

    def _problem(self) -> sb.Problem:
        return common.driven(20, 0.2)

    def setup(self, reference: common.Array, order: int) -> None:
        self.call = common.prepare("cumulant", self._problem(), "tight", order=order, guard="none")

    def track_error(self, reference: common.Array, order: int) -> float:
        return common.xi2_error(self.call(), reference, 20)

    track_error.unit = "relative error of xi2"  # type: ignore[attr-defined]  # how asv takes it


def _reference(solver: str, problem: sb.Problem) -> common.Array:
    moments = common.prepare(solver, problem, "reference")()
    return np.asarray(problem.N * common.xi2(moments.spin, moments.covariance))
