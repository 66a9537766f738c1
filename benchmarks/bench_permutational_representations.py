"""The representations of `permutational` over N and χ, its work, and its time over that of the fair peer.

u = 0.9, γ_s/Γ = 4, start −x, over the part of the course that each class names; one thread.
"""

from __future__ import annotations

import time

import qutip  # noqa: F401  # needed by the peer's process anyway; imported here, a forking launcher imports it once

from . import common


class Representation:
    """Time by representation, to Γt = 0.03; what `auto` takes is among them."""

    params = ((40, 100), ("blocks", "multipoles", "aligned"), (0.0, 1.0))
    param_names = ("N", "representation", "chi")
    rounds = common.ROUNDS
    repeat = (1, 5, 5.0)
    warmup_time = 0.0
    min_run_count = 1

    def setup(self, N: int, representation: str, chi: float) -> None:
        self.call = _prepare(N, 0.03, representation, chi)

    def time_solve(self, N: int, representation: str, chi: float) -> None:
        self.call()

    def track_products(self, N: int, representation: str, chi: float) -> float:
        return float(self.call().diagnostics["products"])

    track_products.unit = "products with the generator"  # type: ignore[attr-defined]  # how asv takes it

    def track_numbers(self, N: int, representation: str, chi: float) -> float:
        return float(self.call().diagnostics["entries"])

    track_numbers.unit = "numbers"  # type: ignore[attr-defined]


class Large:
    """Sizes that only multipoles reach, to Γt = 0.02."""

    params = (200, 500)
    param_names = ("N",)
    rounds = 1
    repeat = (1, 2, 20.0)
    warmup_time = 0.0
    min_run_count = 1
    timeout = 600.0

    def setup(self, N: int) -> None:
        if N > 200:
            common.at_leisure()
        self.call = _prepare(N, 0.02, "auto", 0.0)

    def time_solve(self, N: int) -> None:
        self.call()

    def peakmem_solve(self, N: int) -> None:
        self.call()


class Peer:
    """Our time over that of PIQS restricted to the blocks, building included, at equal error; smaller is better."""

    params = (40, 60, 100)
    param_names = ("N",)
    timeout = 600.0

    def setup(self, N: int) -> None:
        if N > 40:
            common.at_leisure()

    def track_slowdown_to_peer(self, N: int) -> float:
        return _over_piqs(N, restrict=True)

    track_slowdown_to_peer.unit = "ours / theirs"  # type: ignore[attr-defined]


class StockPeer:
    """The same over PIQS as it is, in all pairs of Dicke states: at N = 60 a minute, and 2 GB."""

    params = (20, 60)
    param_names = ("N",)
    timeout = 900.0

    def setup(self, N: int) -> None:
        if N > 20:
            common.at_leisure()

    def track_slowdown_to_peer(self, N: int) -> float:
        return _over_piqs(N, restrict=False)

    track_slowdown_to_peer.unit = "ours / theirs"  # type: ignore[attr-defined]


def _over_piqs(N: int, *, restrict: bool) -> float:
    """Shortest of three of our calls over one of PIQS."""
    problem, warm = common.driven(N, 0.25), common.driven(4, 0.25)
    ours = common.prepare("permutational", problem, warm=common.driven(8, 0.05))
    peer = common.prepare("piqs", problem, warm=warm, restrict=restrict)
    return _seconds(ours, 3) / _seconds(peer, 1)


def _seconds(call: common.Call, count: int) -> float:
    taken = []
    for _ in range(count):
        started = time.perf_counter()
        call()
        taken.append(time.perf_counter() - started)
    return min(taken)


def _prepare(N: int, stop: float, representation: str, chi: float) -> common.Call:
    warm = common.driven(8, 0.05, num=3, chi=chi)
    return common.prepare("permutational", common.driven(N, stop, chi=chi), warm=warm, representation=representation)
