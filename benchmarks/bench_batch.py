"""Maps in one call: the 100 × 100 points of Fig. 3(a), against SciPy's LSODA on one per cent of them.

N = 10⁴, χ = 0, start −x, u = 0.5 … 1.05, γ_s/Γ = 1 … 10³ (logarithmic), to 12/γ_s or until squeezing is lost, order 2,
rtol = 1e-7. LSODA has the same compiled right-hand side and the stop rule as an event; its tolerance is the largest of
a ladder at which the median error of min ξ² over its points is at most ours, or the smallest. Its points are a random
one per cent, and the ratio is of times on one thread.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

import squeezebench as sb

from . import common

_N = 10_000
_AFTER = 6 / _N
_LADDER = (1e-7, 1e-9)


def points(lowest: float = 1.0, side: int = 100) -> list[sb.Problem]:
    """Problems of the map, γ_s from `lowest`."""
    found = []
    for gamma_s in np.geomspace(lowest, 1e3, side):
        times = np.array([0.0, 12 / gamma_s])
        for u in np.linspace(0.5, 1.05, side):
            model = sb.SpinModel.driven_cavity(N=_N, upsilon_ratio=float(u), gamma_s=float(gamma_s))
            found.append(sb.Problem(model, times=times))
    return found


def context(count: int, n_threads: int) -> sb.Context:
    """Reductions and the stop rule of the map."""
    reductions = ({"name": "minimum_xi2", "after": _AFTER},)
    stop = {"rule": "squeezing_lost", "threshold": 1.0, "after": _AFTER}
    return sb.Context(n_threads=n_threads, reductions=(reductions,) * count, stops=(stop,) * count)


class Map:
    """The whole map, on as many threads as there are cores."""

    rounds = common.ROUNDS
    repeat = (1, 3, 60.0)
    timeout = 300.0
    params = (1.0, 0.1)
    param_names = ("lowest gamma_s",)

    def setup(self, lowest: float) -> None:
        if lowest < 1:
            common.at_leisure()
        from squeezebench.host import get_host
        from squeezebench.threads import available_threads

        self.solver: Any = get_host().solver("cumulant")
        self.options = self.solver.resolve_options("default", {"order": 2, "guard": "none", "rtol": 1e-7})
        self.problems = points(lowest)
        self.threads = available_threads()
        self.solver.solve_batch(self.problems[-20:], self.options, context(20, 1))

    def call(self) -> Any:
        """All points."""
        return self.solver.solve_batch(self.problems, self.options, context(len(self.problems), self.threads))

    def time_map(self, lowest: float) -> None:
        self.call()

    def track_nanoseconds_a_right_hand_side(self, lowest: float) -> float:
        """Wall time × threads over all right-hand sides, everything included."""
        started = time.perf_counter()
        results = self.call()
        seconds = time.perf_counter() - started
        return 1e9 * seconds * self.threads / sum(sum(r.diagnostics["right_hand_sides"]) for r in results)

    track_nanoseconds_a_right_hand_side.unit = "ns"  # type: ignore[attr-defined]  # how asv takes it


class Slopes:
    """One step of a block in a loop: 12 right-hand sides with all of the Runge-Kutta step, and nothing else."""

    params = (1, 2, 3, 4)
    param_names = ("order",)

    def track_nanoseconds_a_right_hand_side(self, order: int) -> float:
        from squeezebench.lanes.layout import LANES, ROWS
        from squeezebench_cumulant.equations import equations
        from squeezebench_cumulant.lanes import lane_code

        model = sb.SpinModel.driven_cavity(N=_N, upsilon_ratio=0.9, gamma_s=50.0)
        eq = equations(model, order)
        code = lane_code(eq, LANES)
        n = int(eq.indices[0]) - 1
        w, h = np.zeros(n * ROWS * LANES), np.full(LANES, 1e-6)
        c = np.repeat(eq.coefficients[code.places], LANES)
        turns = 40_000 // n
        best = np.inf
        for _ in range(7):
            started = time.perf_counter()
            repeat_steps(w, h, code.steps, code.slope, c, eq.indices, turns)
            best = min(best, time.perf_counter() - started)
        return float(1e9 * best / (12 * turns * LANES))

    track_nanoseconds_a_right_hand_side.unit = "ns a point"  # type: ignore[attr-defined]


def repeat_steps(w: Any, h: Any, steps: Any, slope: Any, c: Any, indices: Any, turns: int) -> None:
    """Take a step again and again, in compiled code."""
    global _REPEAT
    if _REPEAT is None:
        import numba

        @numba.njit(nogil=True)
        def loop(w: Any, h: Any, steps: Any, slope: Any, c: Any, indices: Any, turns: int) -> None:
            for _ in range(turns):
                steps(w, h, c, indices, 1, slope)

        _REPEAT = loop
    _REPEAT(w, h, steps, slope, c, indices, turns)


_REPEAT: Any = None


class Lsoda:
    """SciPy's LSODA on one per cent of the points, against the batch on the same points, both on one thread."""

    timeout = 900.0

    def setup_cache(self) -> dict[str, float]:
        return compare(0.002 if common.is_quick() else 0.01)

    def track_slowdown_to_peer(self, found: dict[str, float]) -> float:
        return found["ours_seconds"] / found["lsoda_seconds"]

    def track_error_ours(self, found: dict[str, float]) -> float:
        return found["ours_error"]

    def track_error_lsoda(self, found: dict[str, float]) -> float:
        return found["lsoda_error"]

    track_slowdown_to_peer.unit = "ours / theirs"  # type: ignore[attr-defined]
    track_error_ours.unit = "median relative error of min xi2"  # type: ignore[attr-defined]
    track_error_lsoda.unit = "median relative error of min xi2"  # type: ignore[attr-defined]


def compare(share: float = 0.01) -> dict[str, float]:
    """Times and errors of both on a random share of the map, each tolerance's time the shorter of two."""
    from squeezebench.host import get_host

    problems = points()
    rng = np.random.default_rng(0)
    chosen = [problems[i] for i in rng.choice(len(problems), round(share * len(problems)), replace=False)]
    solver: Any = get_host().solver("cumulant")

    def ours(rtol: float) -> tuple[common.Array, float]:
        options = solver.resolve_options("default", {"order": 2, "guard": "none", "rtol": rtol, "atol": rtol / 100})
        best = np.inf
        for _ in range(2):
            started = time.perf_counter()
            results = solver.solve_batch(chosen, options, context(len(chosen), 1))
            best = min(best, time.perf_counter() - started)
        return np.array([r.extra["reductions"]["minimum_xi2"] for r in results]), best

    reference, _ = ours(1e-12)
    found, seconds = ours(1e-7)
    error = float(np.median(np.abs(found / reference - 1)))
    result = {"ours_seconds": seconds, "ours_error": error}
    for rtol in _LADDER:
        started = time.perf_counter()
        minima = np.array([lsoda_minimum(problem, rtol) for problem in chosen])
        result["lsoda_seconds"] = time.perf_counter() - started
        result["lsoda_error"] = float(np.median(np.abs(minima / reference - 1)))
        result["lsoda_rtol"] = rtol
        if result["lsoda_error"] <= max(error, 1e-9):
            break
    return result


def lsoda_minimum(problem: sb.Problem, rtol: float) -> float:
    """Least ξ² after the first minimum at LSODA's own steps, each three of them joined by a parabola in log ξ²."""
    from scipy.integrate import solve_ivp

    from squeezebench.observables.kernels import n_eff, xi2_wineland
    from squeezebench.reductions import Reduction
    from squeezebench_cumulant.convert import covariance, initial_coefficients, spin
    from squeezebench_cumulant.equations import equations
    from squeezebench_cumulant.kernels import compiled

    tables = equations(problem.model, 2)
    right_hand_side, critical = compiled(tables), problem.model.critical_n_eff

    def slope(t: float, values: common.Array) -> common.Array:
        out = np.empty_like(values)
        right_hand_side(values, tables.coefficients, tables.indices, out)
        return out

    def lost(t: float, values: common.Array) -> float:
        s, c = spin(values[None], _N)[0], covariance(values[None], _N)[0]
        if t <= _AFTER:
            return -1.0
        return min(xi2_wineland(s, c, float(_N)) - 1.0, (critical - n_eff(s, c, float(_N))) / _N)

    lost.terminal = True  # type: ignore[attr-defined]  # how SciPy takes it
    start = initial_coefficients(problem.initial_state, _N, 2)
    span = (0.0, float(problem.times[-1]))
    solution = solve_ivp(slope, span, start, "LSODA", rtol=rtol, atol=rtol / 100, events=lost)
    values = np.ascontiguousarray(solution.y.T)
    spins, covariances = spin(values, _N), covariance(values, _N)
    xi2 = [xi2_wineland(s, c, float(_N)) for s, c in zip(spins, covariances, strict=True)]
    reduction = Reduction("minimum_xi2", after=_AFTER)
    return reduction.compute({"time": solution.t, "xi2": np.array(xi2)})["minimum_xi2"]
