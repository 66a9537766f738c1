"""How often the sampled verdict sees a fault, and how often it sees one where there is none.

``python benchmarks/verdict_power.py [--seeds 40] [--alarms 100] [--trajectories 1024]`` prints the table of
docs/comparison.md: every fault of `benchmarks/faults.py` over so many seeds, then false alarms of right trajectories
against the master equation and against other right trajectories. About eight minutes of one core.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np

import squeezebench as sb

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from benchmarks.faults import FAULTS, BlockEquation, Faulty  # the checkout is not installed

OBSERVABLES = ("xi2", "n_eff", "spin", "covariance")


def power_problem() -> sb.Problem:
    """Twelve spins, every term of the paper's model."""
    model = sb.SpinModel.driven_cavity(N=12, upsilon_ratio=0.9, chi=1.0, gamma_s=2.0)
    return sb.Problem(model, times=np.linspace(0, 2, 21))


def alarm_problems() -> dict[str, sb.Problem]:
    """Problems whose trajectories differ in how rare their rare events are."""
    few = sb.SpinModel.driven_cavity(N=16, upsilon_ratio=0.7, chi=0.5, gamma_s=1.0)
    plain = sb.SpinModel.driven_cavity(N=20, upsilon_ratio=0.9, gamma_s=4.0)
    return {
        "N = 20, u = 0.9, χ = 0, γ_s = 4": sb.Problem(plain, times=np.linspace(0, 1, 41)),
        "N = 16, u = 0.7, χ = 0.5, γ_s = 1": sb.Problem(few, times=np.linspace(0, 3, 31)),
    }


def seen(one: Any, two: Any) -> dict[str, bool]:
    """Observable → whether the two are said to differ."""
    pairs = sb.compare(one, two)
    return {name: str(pairs.verdict.sel(observable=name).values[0, 1]) == "differ" for name in OBSERVABLES}


def power(fault: str, seeds: int, trajectories: int) -> dict[str, float]:
    """Share of seeds with which a fault is seen, in each observable and in any."""
    problem = power_problem()
    where = FAULTS[fault][1]
    exact = sb.solve(problem, BlockEquation(fault if where == "exact" else "none"))
    found = []
    for seed in range(seeds):
        try:
            sampled = sb.solve(problem, Faulty(fault if where == "sampled" else "none", trajectories), seed=seed)
        except sb.SolverError as error:
            if error.status != "unphysical":
                raise
            found.append(dict.fromkeys(OBSERVABLES, True))  # the guard has seen it: these are the moments of no state
            continue
        found.append(seen(sampled, exact))
    return _shares(found)


def alarms(problem: sb.Problem, seeds: int, trajectories: int, *, two: bool) -> dict[str, float]:
    """Share of seeds with which right results are said to differ."""
    exact = sb.solve(problem, "permutational")
    found = []
    for seed in range(seeds):
        one = sb.solve(problem, "mcwf", n_trajectories=trajectories, seed=seed)
        other = sb.solve(problem, "mcwf", n_trajectories=trajectories, seed=seed + 10_000) if two else exact
        found.append(seen(one, other))
    return _shares(found)


def _shares(found: list[dict[str, bool]]) -> dict[str, float]:
    shares = {name: float(np.mean([one[name] for one in found])) for name in OBSERVABLES}
    return {"any": float(np.mean([any(one.values()) for one in found])), **shares}


def _line(what: str, shares: dict[str, float]) -> None:
    print(f"| {what} | " + " | ".join(f"{100 * share:.0f} %" for share in shares.values()) + " |", flush=True)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=40)
    parser.add_argument("--alarms", type=int, default=100)
    parser.add_argument("--trajectories", type=int, default=1024, help="4 times as many for 1.02 Γ")
    parser.add_argument("--faults", nargs="*", choices=list(FAULTS), default=list(FAULTS))
    given = parser.parse_args()
    head = "| any | " + " | ".join(OBSERVABLES) + " |\n|---|---|---|---|---|---|"
    print(f"| seen, of {given.seeds} seeds " + head)
    for fault in given.faults:
        trajectories = given.trajectories * (4 if fault == "gamma" else 1)
        _line(f"{FAULTS[fault][0]}; {trajectories} trajectories", power(fault, given.seeds, trajectories))
    if not given.alarms:
        return
    print(f"\n| false alarms, of {given.alarms} seeds " + head)
    for words, problem in alarm_problems().items():
        for trajectories in (64, 256):
            for two in (False, True):
                against = "other trajectories" if two else "the master equation"
                shares = alarms(problem, given.alarms, trajectories, two=two)
                _line(f"{words}; {trajectories} trajectories against {against}", shares)


if __name__ == "__main__":
    main()
