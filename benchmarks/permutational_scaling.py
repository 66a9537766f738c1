"""How the time of the master equation grows with N: the model of the paper's Fig. 2(a) on one thread.

    python benchmarks/permutational_scaling.py 0.01 100 200 500 1000 2000

The first argument is the last Γt. A small system is solved before, so that compilation is no part of the times.
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np

import squeezebench as sb

SPEC = "permutational:representation=multipoles,atol=1e-7,rtol=1e-7"


def solve(N: int, stop: float) -> tuple[float, dict[str, float]]:
    """Seconds of the processor, and the diagnostics."""
    model = sb.SpinModel.driven_cavity(N=N, upsilon_ratio=0.9, gamma_s=4.0)
    problem = sb.Problem(model, sb.CoherentSpinState(), np.linspace(0.0, stop, 5))
    begun = time.process_time()
    ds = sb.solve(problem, SPEC, n_threads=1)
    return time.process_time() - begun, json.loads(ds.attrs["squeezebench"])["diagnostics"]


def main(stop: float, sizes: list[int]) -> None:
    """Print one line a size."""
    solve(20, stop)
    print("     N       numbers  products    seconds  exponent")
    last: tuple[int, float] | None = None
    for N in sizes:
        seconds, told = solve(N, stop)
        grown = "" if last is None else f"{np.log(seconds / last[1]) / np.log(N / last[0]):9.2f}"
        print(f"{N:6d} {told['entries']:13.0f} {told['products']:9.0f} {seconds:10.2f} {grown}", flush=True)
        last = N, seconds


if __name__ == "__main__":
    main(float(sys.argv[1]), [int(N) for N in sys.argv[2:]])
