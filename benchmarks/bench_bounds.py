"""What bounds the solvers: what a core of this machine can do, and what the kernels do on it.

Floating-point operations are counted where they are written, a fused pair as two. All kernels are compiled to IEEE
arithmetic without contraction, so that what to compare with is `separate`; what goes one step after another, as for
a single problem of few unknowns, can at best be `chained`.
"""

from __future__ import annotations

import ast
import functools
import inspect
import time
from collections.abc import Callable
from typing import Any

import numba
import numpy as np

import squeezebench as sb

from . import bench_batch, common


class Machine:
    """One core: an operation on numbers in registers, and a byte from or to memory (two arrays summed into a third)."""

    def track_nanoseconds_fused(self) -> float:
        return _nanoseconds(_compiled(_wide, {"contract"}), 4096 * 64.0, np.zeros(4096))

    def track_nanoseconds_separate(self) -> float:
        return _nanoseconds(_compiled(_wide, set()), 4096 * 64.0, np.zeros(4096))

    def track_nanoseconds_chained(self) -> float:
        return _nanoseconds(_compiled(_chained, set()), 2e5, np.zeros(1))

    def track_nanoseconds_divided(self) -> float:
        return _nanoseconds(_compiled(_divided, set()), 1e5, np.ones(1))

    def track_nanoseconds_a_byte(self) -> float:
        # Three times 64 MiB: more than the caches hold.
        arrays = [np.ones(2**23) for _ in range(3)]
        return _nanoseconds(_compiled(_triad, set()), 3.0 * 8 * 2**23, *arrays)

    track_nanoseconds_fused.unit = "ns an operation"  # type: ignore[attr-defined]  # how asv takes it
    track_nanoseconds_separate.unit = "ns an operation"  # type: ignore[attr-defined]
    track_nanoseconds_chained.unit = "ns an operation"  # type: ignore[attr-defined]
    track_nanoseconds_divided.unit = "ns a division"  # type: ignore[attr-defined]
    track_nanoseconds_a_byte.unit = "ns a byte"  # type: ignore[attr-defined]


class Kernels:
    """Time of an operation in a whole warm call of a solver, everything beside its kernel included."""

    params = (("mean_field", "cumulant:order=2", "cumulant:order=2, batch", "permutational", "mcwf"),)
    param_names = ("solver",)
    timeout = 300

    def setup(self, solver: str) -> None:
        self.call, self.operations = _CASES[solver]()

    def track_nanoseconds(self, solver: str) -> float:
        seconds, found = _shortest(self.call)
        return float(1e9 * seconds / self.operations(found))

    track_nanoseconds.unit = "ns an operation"  # type: ignore[attr-defined]


class SteadyState:
    """The closed form at N = 10⁸: its time over that of its divisions alone, four a term."""

    def setup(self) -> None:
        self.call = common.prepare("steady_state", common.steady(10**8))

    def track_over_divisions(self) -> float:
        seconds, _ = _shortest(self.call)
        return 1e9 * seconds / (4 * terms(10**8, 0.9) * Machine().track_nanoseconds_divided())

    track_over_divisions.unit = "time / time of the divisions alone"  # type: ignore[attr-defined]


def terms(N: int, u: float) -> int:
    """Terms about the largest weight of the closed form down to 1e-60 of it, by logarithms of the weights' ratios."""
    peak = int(N * np.sqrt(1 - u * u) + 0.5)
    reach = int(40 * np.sqrt(N))
    up = np.arange(peak + 1.0, min(N, peak + reach) + 1)
    down = np.arange(peak - 1.0, max(-1, peak - reach - 1), -1)
    square = (N * u / 2) ** 2
    rising = np.cumsum(np.log((N + up + 1) * (N - up + 1) * up / ((4 * up + 2) * square)))
    falling = -np.cumsum(np.log((N + down + 2) * (N - down) * (down + 1) / ((4 * down + 6) * square)))
    return int((rising > np.log(1e-60)).sum() + (falling > np.log(1e-60)).sum() + 2)


def _shortest(call: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of the shortest of five calls, and what it returned."""
    seconds = np.inf
    for _ in range(1 if common.is_quick() else 5):
        started = time.perf_counter()
        found = call()
        seconds = min(seconds, time.perf_counter() - started)
    return float(seconds), found


#: A call, and the operations of what it returns.
Case = tuple[Callable[[], Any], Callable[[Any], float]]


def _mean_field() -> Case:
    # 3 (1 + 3 (3 + 1)) multiply-adds and additions of the right-hand side, see its kernel.
    each = 3 * 3 * (2 * 3 + 2) + _stage_operations(3)
    call = common.prepare("mean_field", common.driven(10_000, 50 / 10_000, 101))
    return call, lambda moments: each * float(moments.diagnostics["right_hand_sides"])


def _cumulant() -> Case:
    call = common.prepare("cumulant", common.driven(10_000, 0.0116, gamma_s=50.0), order=2)
    return call, _cumulant_operations


def _cumulant_batch() -> Case:
    """Sixteen points side by side in vectors: some of the map of Fig. 3(a)."""
    from squeezebench.host import get_host

    solver: Any = get_host().solver("cumulant")
    options = solver.resolve_options("default", {"order": 2, "guard": "none", "rtol": 1e-7})
    problems = bench_batch.points(1.0, 16)
    context = bench_batch.context(len(problems), 1)
    solver.solve_batch(problems[-16:], options, bench_batch.context(16, 1))
    return lambda: solver.solve_batch(problems, options, context), lambda found: sum(map(_cumulant_operations, found))


def _cumulant_operations(moments: sb.Moments) -> float:
    """Of all orders that were integrated, by the code for named couplings."""
    from squeezebench_cumulant import order_2, order_3, order_4

    total = 0.0
    modules = {2: order_2, 3: order_3, 4: order_4}
    for k, count in zip(moments.diagnostics["orders"], moments.diagnostics["right_hand_sides"], strict=True):
        unknowns = (k + 1) * (k + 2) * (k + 3) // 6 - 1
        text = inspect.getsource(modules[k].named.py_func)  # type: ignore[attr-defined]  # numba's dispatcher has it
        total += count * (_operations(text) + _stage_operations(unknowns))
    return total


def _permutational() -> Case:
    # 19 multiplications and additions and seven scalings a number and product; numbers at their most, hence at most.
    warm = common.driven(100, 0.002, 3)
    call = common.prepare("permutational", common.driven(100, 0.05, 6), warm=warm, representation="multipoles")
    return call, lambda moments: 45.0 * moments.diagnostics["entries"] * moments.diagnostics["products"]


def _mcwf() -> Case:
    # A step: twelve products with five bands of complex numbers and the sums of the stages, on the widest window.
    call = common.prepare("mcwf", common.driven(2000, 0.1, 11), n_trajectories=2, warm=common.driven(30, 0.01, 3))
    each = 12 * (5 * 8 + _stage_operations(2))
    return call, lambda moments: float(moments.diagnostics["steps"]) * moments.diagnostics["widest_window"] * each


_CASES: dict[str, Callable[[], Case]] = {
    "mean_field": _mean_field,
    "cumulant:order=2": _cumulant,
    "cumulant:order=2, batch": _cumulant_batch,
    "permutational": _permutational,
    "mcwf": _mcwf,
}


@functools.cache
def _operations(source: str) -> int:
    """Additions, subtractions, multiplications and divisions that a function's text holds."""
    kinds = (ast.Add, ast.Sub, ast.Mult, ast.Div)
    return sum(isinstance(node, ast.BinOp) and isinstance(node.op, kinds) for node in ast.walk(ast.parse(source)))


def _stage_operations(unknowns: int) -> float:
    """Multiply-adds of the Runge-Kutta sums a right-hand side: the entries of the tableau over its stages."""
    from squeezebench.dop853 import STAGES

    rows = [row for row in STAGES[:13] if row]
    return 2.0 * unknowns * sum(map(len, rows)) / len(rows)


# -------------------------------------------------------------------- loops


def _wide(x: common.Array) -> None:
    """Thirty-two multiplications and additions on each number, side by side."""
    for i in range(x.size):
        value = x[i]
        for _ in range(32):
            value = value * 0.999 + 1e-3
        x[i] = value


def _chained(x: common.Array) -> None:
    """Each needs the one before it."""
    value = x[0]
    for _ in range(100_000):
        value = value * 0.999 + 1e-3
    x[0] = value


def _divided(x: common.Array) -> None:
    """One by one, none waiting for another's quotient; the sum keeps them from being left out."""
    total = 0.0
    for n in range(1, 100_001):
        total += x[0] / n
    x[0] = 1.0 + 0.0 * total


def _triad(x: common.Array, y: common.Array, z: common.Array) -> None:
    for i in range(x.size):
        x[i] = y[i] + 0.5 * z[i]


def _compiled(function: Callable[..., None], fast: set[str]) -> Any:
    return numba.njit(fastmath=fast or False, nogil=True)(function)


def _nanoseconds(loop: Any, amount: float, *arrays: common.Array) -> float:
    """Of one of the `amount` things that a call does, in the shortest of many calls."""
    loop(*arrays)
    shortest = np.inf
    ends = time.perf_counter() + 0.3
    while time.perf_counter() < ends:
        started = time.perf_counter()
        loop(*arrays)
        shortest = min(shortest, time.perf_counter() - started)
    return float(1e9 * shortest / amount)
