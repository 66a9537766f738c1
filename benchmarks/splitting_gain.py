"""What splitting of trajectories is worth, and whether its error bars hold.

    python benchmarks/splitting_gain.py 2000 --stop 0.115 --step 0.0025 --families 400 --repeats 10
    python benchmarks/splitting_gain.py 1000 --stop 0.12 --step 0.005 --families 300 --repeats 10 --reference stored

Independent repeats of `mcwf:splitting=True` at u = 0.9, χ = 0 are held against each other and a reference. χ² is the
sum, over repeats that call the time reliable, of the squared deviation from the reference (the mean, if there is none)
in quoted standard errors; its p-value is small if bars are too small, and near 1 if they are too large. `plain` is the
relative variance of ξ² for one trajectory without splitting, which families tell without bias and plain runs of fewer
than some 10⁵ trajectories do not; `gain` is the ratio of variance × steps.
"""

from __future__ import annotations

import argparse
import json

import numpy as np
from scipy.stats import chi2

import squeezebench as sb


def main() -> None:
    """Run the repeats and print one line a time."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("N", type=int)
    parser.add_argument("--gamma-s", type=float, default=4.0)
    parser.add_argument("--stop", type=float, default=0.115)
    parser.add_argument("--step", type=float, default=0.005)
    parser.add_argument("--begin", type=float, default=0.08, help="first time that is printed")
    parser.add_argument("--families", type=int, default=400)
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--first-seed", type=int, default=100)
    parser.add_argument("--reference", help="a solver spec")
    parser.add_argument("--plain", action="store_true", help="without splitting, for comparison")
    arguments = parser.parse_args()
    model = sb.SpinModel.driven_cavity(N=arguments.N, upsilon_ratio=0.9, gamma_s=arguments.gamma_s)
    times = np.linspace(0.0, arguments.stop, round(arguments.stop / arguments.step) + 1)
    problem = sb.Problem(model, sb.CoherentSpinState(), times)
    exact = sb.solve(problem, arguments.reference).xi2.values if arguments.reference else None
    value, error, trusted, ones, gains = [], [], [], [], []
    for seed in range(arguments.first_seed, arguments.first_seed + arguments.repeats):
        ds = sb.solve(
            problem, "mcwf", n_trajectories=arguments.families, splitting=not arguments.plain, seed=seed, n_threads=1
        )
        value.append(ds.xi2.values)
        error.append(ds.xi2_stderr.values)
        trusted.append(ds.reliable.values)
        told = json.loads(ds.attrs["squeezebench"])["diagnostics"]
        nothing = [None] * len(times)
        ones.append(np.array(told.get("variance_of_one", nothing), dtype=float))
        gains.append(np.array(told.get("gain", nothing), dtype=float))
        print(f"seed {seed}: {told['steps']} steps, copies {told.get('copies', 0)}", flush=True)
    x, e = np.array(value), np.array(error)
    centre = x.mean(axis=0) if exact is None else exact
    print("time     ξ² mean   reference  spread   quoted   reliable  χ²     p      plain    gain: median (range)")
    for k, t in enumerate(times):
        if t < arguments.begin:
            continue
        trust = np.array(trusted)[:, k]
        statistic = float((((x[trust, k] - centre[k]) / e[trust, k]) ** 2).sum())
        freedom = int(trust.sum()) - (1 if exact is None else 0)
        gain = np.array(gains)[:, k]
        known = gain[np.isfinite(gain)]
        told = f"{np.median(known):.1f} ({known.min():.1f}-{known.max():.1f})" if len(known) else "-"
        print(
            f"{t:.4f}  {x[:, k].mean():.5f}   {centre[k]:.5f}   {x[:, k].std(ddof=1):.5f}  "
            f"{np.sqrt((e[:, k] ** 2).mean()):.5f}  {trust.mean():.2f}      {statistic:5.1f}  "
            f"{chi2.sf(statistic, max(freedom, 1)):.3f}  {np.mean(np.array(ones)[:, k]):7.3f}  {told}"
        )


if __name__ == "__main__":
    main()
