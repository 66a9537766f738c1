"""Quantum trajectories: seconds a trajectory, seconds to 1 % in ξ², memory, error, and a peer."""

from __future__ import annotations

import time

import numpy as np

import squeezebench as sb

from . import common


class Trajectory:
    """One trajectory, u = 0.9, γ_s/Γ = 4, to Γt = 0.5; the mean of four."""

    params = (500, 1000, 2000, 10_000, 40_000)
    param_names = ("N",)
    timeout = 300

    def setup(self, N: int) -> None:
        if N > 2000:
            common.at_leisure()
        self.call = _prepare(N, 0.5, n_trajectories=4)

    def track_seconds(self, N: int) -> float:
        return _best(self.call, 3) / 4

    track_seconds.unit = "seconds a trajectory"  # type: ignore[attr-defined]  # how asv takes it


class Unravelings:
    """One trajectory at N = 200, to Γt = 0.1."""

    params = ("displaced", "cavity_output", "counting")
    param_names = ("unraveling",)
    rounds = common.ROUNDS
    repeat = common.REPEAT
    warmup_time = 0.0

    def setup(self, unraveling: str) -> None:
        self.call = _prepare(200, 0.1, n_trajectories=1, unraveling=unraveling)

    def time_solve(self, unraveling: str) -> None:
        self.call()


class OnePercent:
    """CPU time to a standard error of 1 % in ξ² at Γt = 0.1: that of 64, times what is missing."""

    params = (500, 2000)
    param_names = ("N",)
    timeout = 300

    def setup(self, N: int) -> None:
        if N > 500:
            common.at_leisure()
        self.call = _prepare(N, 0.1, n_trajectories=64)

    def track_seconds(self, N: int) -> float:
        error = self.call().diagnostics["xi2_rel_error"]
        return float(_best(self.call, 2) * (error / 0.01) ** 2)

    track_seconds.unit = "seconds to 1 % in xi2"  # type: ignore[attr-defined]


class Memory:
    """Of one trajectory, to NΓt = 20."""

    params = (100, 10_000, 100_000)
    param_names = ("N",)

    def setup(self, N: int) -> None:
        self.call = _prepare(N, 20 / N, n_trajectories=1)

    def peakmem_solve(self, N: int) -> None:
        self.call()


class Accuracy:
    """Against the master equation; a statistical error, of 256 trajectories."""

    params = (6, 40)
    param_names = ("N",)

    def setup(self, N: int) -> None:
        self.reference = np.asarray(_xi2(common.prepare("permutational", common.driven(N, 0.25, 6))(), N))
        self.call = common.prepare("mcwf", common.driven(N, 0.25, 6), n_trajectories=256)

    def track_error(self, N: int) -> float:
        return common.xi2_error(self.call(), self.reference, N)

    track_error.unit = "relative error of xi2"  # type: ignore[attr-defined]


class Peer:
    """CPU time of a trajectory over that of `qutip.mcsolve` on 2^N; smaller is better."""

    params = (6, 8, 10)
    param_names = ("N",)
    timeout = 600

    def setup(self, N: int) -> None:
        if N > 8:
            common.at_leisure()
        self.problem = common.driven(N, 0.25, 6)
        self.call = common.prepare("mcwf", self.problem, n_trajectories=50, unraveling="counting")

    def track_slowdown_to_peer(self, N: int) -> float:
        return _best(self.call, 3) / 50 / (_mcsolve_seconds(self.problem, 5) / 5)

    track_slowdown_to_peer.unit = "ours / theirs"  # type: ignore[attr-defined]


def _prepare(N: int, stop: float, **options: object) -> common.Call:
    warm = common.driven(30, 0.01, 3)
    return common.prepare("mcwf", common.driven(N, stop, 11), warm=warm, **options)


def _best(call: common.Call, repeats: int) -> float:
    """Shortest CPU time of `repeats` calls: other work on the machine adds to the others."""
    shortest = np.inf
    for _ in range(repeats):
        started = time.process_time()
        call()
        shortest = min(shortest, time.process_time() - started)
    return float(shortest)


def _mcsolve_seconds(problem: sb.Problem, trajectories: int) -> float:
    """CPU time of QuTiP's trajectories on the full space, one after another."""
    import qutip

    H, channels = problem.model.to_qutip()
    down_x = (qutip.basis(2, 0) - qutip.basis(2, 1)).unit()
    start = qutip.tensor([down_x] * problem.N)
    started = time.process_time()
    qutip.mcsolve(H, start, problem.times, channels, ntraj=trajectories, options={"progress_bar": "", "map": "serial"})
    return time.process_time() - started


def _xi2(moments: sb.Moments, N: int) -> common.Array:
    return np.asarray(N * common.xi2(moments.spin, moments.covariance))
