"""Compilation, measured on purpose: the first solution of a process, with numba's disk cache empty and full."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

#: Runs in a process of its own. What is imported and loaded before the clock starts counts for nobody.
_SCRIPT = """
import sys, time
from squeezebench.host import get_host
import numpy as np, numba, squeezebench as sb
name = sys.argv[1]
model = sb.SpinModel.driven_cavity(N=100, upsilon_ratio=0.9, gamma_s=0.0 if name == "steady_state" else 4.0)
problem = sb.Problem(model, times=[np.inf] if name == "steady_state" else [0.0, 0.001])
solver = get_host().solver(name)
options = solver.resolve_options()
started = time.perf_counter()
solver.solve(problem, options, sb.Context(n_threads=1))
print(time.perf_counter() - started)
"""

Seconds = dict[str, tuple[float, float]]


class FirstSolution:
    """Wall time of a call that takes a millisecond: empty cache, all compilation; full cache, loading machine code."""

    params = ("mean_field", "cumulant", "steady_state")
    param_names = ("solver",)

    def setup_cache(self) -> Seconds:
        return {solver: first_solutions(solver) for solver in self.params}

    setup_cache.timeout = 600  # type: ignore[attr-defined]  # how asv takes it

    def track_empty_cache(self, seconds: Seconds, solver: str) -> float:
        return seconds[solver][0]

    def track_full_cache(self, seconds: Seconds, solver: str) -> float:
        return seconds[solver][1]

    track_empty_cache.unit = "seconds"  # type: ignore[attr-defined]
    track_full_cache.unit = "seconds"  # type: ignore[attr-defined]


def first_solutions(solver: str) -> tuple[float, float]:
    """Seconds of the first solution in two processes one after the other, which share a cache that was empty."""
    with tempfile.TemporaryDirectory(prefix="squeezebench-asv-numba-") as cache:
        environment = {**os.environ, "NUMBA_CACHE_DIR": cache}
        command = [sys.executable, "-c", _SCRIPT, solver]
        first, second = (
            float(subprocess.run(command, env=environment, check=True, capture_output=True).stdout) for _ in range(2)
        )
    return first, second
