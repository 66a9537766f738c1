"""Compilation, measured on purpose: the first solution of a process, with numba's disk cache empty and full."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile

#: Runs in a process of its own. Everything that is imported by then counts for nobody; numba reports its own time.
_SCRIPT = """
import json, sys, time
from squeezebench.host import get_host
from squeezebench.jit import compile_seconds
import numpy as np, squeezebench as sb
name, order = sys.argv[1], sys.argv[2]
model = sb.SpinModel.driven_cavity(N=100, upsilon_ratio=0.9, gamma_s=0.0 if name == "steady_state" else 4.0)
problem = sb.Problem(model, times=[np.inf] if name == "steady_state" else [0.0, 0.001])
solver = get_host().solver(name)
options = solver.resolve_options("default", {"order": int(order)} if order else {})
started = time.perf_counter()
solver.solve(problem, options, sb.Context(n_threads=1))
print(json.dumps({"first_call": time.perf_counter() - started, "compiling": compile_seconds()}))
"""

Seconds = dict[str, dict[str, float]]


class FirstSolution:
    """Empty cache: numba's compile time. Full cache: the first call, which is mostly loading of machine code."""

    params = ("mean_field", "cumulant:2", "cumulant:4", "steady_state")
    param_names = ("solver",)

    def setup_cache(self) -> dict[str, Seconds]:
        return {spec: first_solutions(spec) for spec in self.params}

    setup_cache.timeout = 600  # type: ignore[attr-defined]  # how asv takes it

    def track_compile_seconds(self, seconds: dict[str, Seconds], solver: str) -> float:
        return seconds[solver]["empty"]["compiling"]

    def track_cached_seconds(self, seconds: dict[str, Seconds], solver: str) -> float:
        return seconds[solver]["full"]["first_call"]

    track_compile_seconds.unit = "seconds"  # type: ignore[attr-defined]
    track_cached_seconds.unit = "seconds"  # type: ignore[attr-defined]


def first_solutions(spec: str) -> Seconds:
    """Seconds of the first solution of `spec`, solver or solver:order, in two processes one after the other."""
    name, _, order = spec.partition(":")
    with tempfile.TemporaryDirectory(prefix="squeezebench-asv-numba-") as cache:
        environment = {**os.environ, "NUMBA_CACHE_DIR": cache}
        command = [sys.executable, "-c", _SCRIPT, name, order]
        return {
            state: json.loads(subprocess.run(command, env=environment, check=True, capture_output=True).stdout)
            for state in ("empty", "full")
        }
