"""All solvers side by side: time, error, work at each tier; those of third parties join by an environment variable.

Driven spins, N = 6, u = 0.9, γ_s/Γ = 4, to Γt = 0.25; the closed forms have problems of their own (`solvers.py`).
"""

from __future__ import annotations

import qutip  # noqa: F401  # some of the solvers need it; imported here, a forking launcher imports it once

from . import common, references, solvers


class Tiers:
    """Work against precision: the same problem at each tier."""

    params = (solvers.SPECS, ("fast", "default", "tight"))
    param_names = ("solver", "tier")
    rounds = common.ROUNDS
    repeat = common.REPEAT
    timeout = 300

    def setup(self, solver: str, tier: str) -> None:
        self.call = solvers.prepare(solver, tier)

    def time_solve(self, solver: str, tier: str) -> None:
        self.call()

    def track_error(self, solver: str, tier: str) -> float:
        reference = references.load(solvers.BUILT_IN.get(solver, "driven"))
        return common.xi2_error(self.call(), reference, solvers.problem_of(solver).N)

    track_error.unit = "relative error of xi2"  # type: ignore[attr-defined]  # how asv takes it


class Work:
    """What the solvers that count do; no noise is in it, or only that of a fixed seed."""

    params = (solvers.COUNTING, ("fast", "default", "tight"))
    param_names = ("solver", "tier")

    def setup(self, solver: str, tier: str) -> None:
        self.call = solvers.prepare(solver, tier)

    def track_work(self, solver: str, tier: str) -> float:
        return solvers.work(self.call())

    track_work.unit = "right-hand sides, products or steps"  # type: ignore[attr-defined]
