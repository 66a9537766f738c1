"""Each solver's time over that of what one would use without it, on one problem in one process; smaller is better.

| solver | peer | problem |
|---|---|---|
| mean_field | SciPy's DOP853 on the three Bloch equations | N = 10⁴, NΓt to 50, χ = 0.5 |
| cumulant | the master equation by PIQS in its J blocks | N = 20, Γt to 0.25, order 2 |
| permutational | the same | N = 20, Γt to 0.25 |
| mcwf | `qutip.mcsolve` on 2^N, a trajectory | N = 6, Γt to 0.25 |
| piqs | PIQS as it is | N = 20, Γt to 0.25 |
| qutip | `qutip.mesolve` called by hand, equal tolerances and method | N = 5, Γt to 0.25 |
| one_axis_twisting | brute force on 2^N by QuTiP | N = 5 |
| steady_state | `qutip.steadystate` on the N + 1 states of J = N/2 | N = 40 |
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import qutip

import squeezebench as sb

from . import common

#: What a peer gives: ξ² (T,), and None where it samples too few trajectories for one.
Peer = Callable[[], Any]

_REPEATS = 5
#: Seconds.
_TURN = 0.01
_TRAJECTORIES = 50
_MCSOLVE_TRAJECTORIES = 5


class Peers:
    """Shortest of five turns each; what is short is called for ten milliseconds a turn, or caches would be cold."""

    params = (
        ("mean_field", "cumulant", "permutational", "mcwf", "piqs", "qutip", "one_axis_twisting", "steady_state"),
    )
    param_names = ("solver",)
    timeout = 300

    def setup(self, solver: str) -> None:
        self.ours, self.peer, self.per_call = _PAIRS[solver]()

    def track_slowdown_to_peer(self, solver: str) -> float:
        self.peer()
        shortest = [np.inf, np.inf]
        for _ in range(1 if common.is_quick() else _REPEATS):
            for which, call in enumerate((self.ours, self.peer)):
                shortest[which] = min(shortest[which], _seconds(call))
        return float(shortest[0] / shortest[1] * self.per_call)

    track_slowdown_to_peer.unit = "ours / theirs"  # type: ignore[attr-defined]  # how asv takes it


def _seconds(call: Callable[[], Any]) -> float:
    """A call's mean time, of as many as fill a turn."""
    started, count = time.perf_counter(), 0
    while True:
        call()
        count += 1
        passed = time.perf_counter() - started
        if passed >= _TURN:
            return passed / count


class Difference:
    """How far apart they are in ξ², which says that they solve the same problem; not of a few trajectories."""

    params = (tuple(name for name in Peers.params[0] if name != "mcwf"),)
    param_names = ("solver",)
    timeout = 300

    def setup(self, solver: str) -> None:
        self.ours, self.peer, _ = _PAIRS[solver]()

    def track_error_to_peer(self, solver: str) -> float:
        moments, theirs = self.ours(), self.peer()
        return float(np.max(np.abs(common.xi2(moments.spin, moments.covariance) / theirs - 1)))

    track_error_to_peer.unit = "relative difference of xi2"  # type: ignore[attr-defined]


Pair = tuple[common.Call, Peer, float]


def _solver(call: common.Call) -> Peer:
    """A peer that is one of our wrappers."""

    def peer() -> common.Array:
        moments = call()
        return common.xi2(moments.spin, moments.covariance)

    return peer


def _mean_field() -> Pair:
    from scipy.integrate import solve_ivp

    N, chi = 10_000, 0.5
    problem = common.driven(N, 50 / N, 101, chi=chi)
    gamma_s, omega = 4.0, float(problem.model.drive[0])

    def bloch(t: float, s: common.Array) -> list[float]:
        x, y, z = s
        pair = (N - 1) * z
        return [
            (pair * x - x) / 2 + chi * (pair * y - y) - gamma_s * x / 2,
            (pair * y - y) / 2 - omega * z - chi * (pair * x - x) - gamma_s * y / 2,
            -((N - 1) * (x * x + y * y) / 2 + 1 + z) + omega * y - gamma_s * (1 + z),
        ]

    def peer() -> common.Array:
        times = problem.times
        course = solve_ivp(bloch, (0, times[-1]), [-1.0, 0.0, 0.0], "DOP853", times, rtol=1e-6, atol=1e-8)
        return np.asarray(1 / (course.y**2).sum(axis=0) / N)

    return common.prepare("mean_field", problem), peer, 1.0


def _against_blocks(solver: str, **options: Any) -> Pair:
    problem, warm = common.driven(20, 0.25), common.driven(4, 0.25)
    blocks = common.prepare("piqs", problem, warm=warm, restrict=True)
    return common.prepare(solver, problem, **options), _solver(blocks), 1.0


def _piqs() -> Pair:
    problem, warm = common.driven(20, 0.25), common.driven(4, 0.25)
    stock = common.prepare("piqs", problem, warm=warm, restrict=False)
    return common.prepare("piqs", problem, warm=warm, restrict=True), _solver(stock), 1.0


def _by_hand(problem: sb.Problem) -> tuple[Any, list[Any], Any, list[Any], list[Any]]:
    """Hamiltonian, channels, start, the three J and their symmetrised products on 2^N, in QuTiP's own words."""
    H, channels = problem.model.to_qutip()
    start = qutip.tensor([(qutip.basis(2, 0) - qutip.basis(2, 1)).unit()] * problem.N)
    one = qutip.qeye(2)
    J = []
    for axis in (qutip.sigmax(), qutip.sigmay(), qutip.sigmaz()):
        terms = [qutip.tensor([axis / 2 if i == k else one for i in range(problem.N)]) for k in range(problem.N)]
        J.append(sum(terms[1:], terms[0]))
    products = [(J[a] * J[b] + J[b] * J[a]) / 2 for a in range(3) for b in range(a, 3)]
    return H, channels, start, J, products


def _xi2_of_expectations(spin: common.Array, products: common.Array) -> common.Array:
    """ξ²/N from ⟨J⟩ (T, 3) and the six symmetrised second moments (T, 6)."""
    matrix = np.empty((len(spin), 3, 3))
    for column, (a, b) in enumerate(zip(*np.triu_indices(3), strict=True)):
        matrix[:, a, b] = matrix[:, b, a] = products[:, column]
    return common.xi2(spin, matrix - spin[:, :, None] * spin[:, None, :])


def _qutip() -> Pair:
    problem = common.driven(5, 0.25, 6)
    H, channels, start, J, products = _by_hand(problem)
    # The tolerances and the method of the default tier.
    options = {"atol": 1e-10, "rtol": 1e-8, "method": "vern7", "progress_bar": "", "nsteps": 100_000}

    def peer() -> common.Array:
        found = qutip.mesolve(H, qutip.ket2dm(start), problem.times, channels, e_ops=J + products, options=options)
        values = np.real(np.array(found.expect)).T
        return _xi2_of_expectations(values[:, :3], values[:, 3:])

    return common.prepare("qutip", problem), peer, 1.0


def _mcwf() -> Pair:
    problem = common.driven(6, 0.25, 6)
    H, channels, start, J, products = _by_hand(problem)
    options = {"progress_bar": "", "map": "serial"}

    def peer() -> None:
        qutip.mcsolve(
            H, start, problem.times, channels, e_ops=J + products, ntraj=_MCSOLVE_TRAJECTORIES, options=options
        )

    ours = common.prepare("mcwf", problem, n_trajectories=_TRAJECTORIES, unraveling="counting")
    return ours, peer, _MCSOLVE_TRAJECTORIES / _TRAJECTORIES


def _one_axis_twisting() -> Pair:
    problem = common.twisting(5, 26, emission=0.4, dephasing=0.3)
    return common.prepare("one_axis_twisting", problem), _solver(common.prepare("qutip", problem)), 1.0


def _steady_state() -> Pair:
    N = 40
    problem = common.steady(N)
    J = [qutip.jmat(N / 2, axis) for axis in "xyz"]
    H, lower = float(problem.model.drive[0]) * J[0], qutip.jmat(N / 2, "-")
    products = [(J[a] * J[b] + J[b] * J[a]) / 2 for a in range(3) for b in range(a, 3)]

    def peer() -> common.Array:
        rho = qutip.steadystate(H, [lower])
        values = np.array([qutip.expect(operator, rho) for operator in J + products]).real
        return _xi2_of_expectations(values[None, :3], values[None, 3:])

    return common.prepare("steady_state", problem), peer, 1.0


_PAIRS: dict[str, Callable[[], Pair]] = {
    "mean_field": _mean_field,
    "cumulant": lambda: _against_blocks("cumulant", order=2),
    "permutational": lambda: _against_blocks("permutational"),
    "mcwf": _mcwf,
    "piqs": _piqs,
    "qutip": _qutip,
    "one_axis_twisting": _one_axis_twisting,
    "steady_state": _steady_state,
}
