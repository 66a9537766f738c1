"""How often a verdict sees a fault, and how often it sees one where there is none.

``python benchmarks/verdict_power.py [--seeds 40] [--alarms 100] [--sizes 4 8 12 30 60]`` prints the tables of
docs/comparison.md: every fault of `benchmarks/faults.py` in trajectories over so many seeds; false alarms of right
trajectories against the master equation and against other right trajectories; the faults in deterministic solutions
that claim to be exact, at each size. ``--faults gamma chi`` measures some, and 0 leaves a table out. About twenty
minutes of one core.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np

import squeezebench as sb

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from benchmarks.faults import FAULTS, BlockEquation, Faulty, FaultyExact  # the checkout is not installed

OBSERVABLES = ("xi2", "n_eff", "spin", "covariance")


def power_problem(fault: str = "none", N: int = 12, stop: float = 2.0) -> sb.Problem:
    """Every term of the paper's model; with dephasing or a second quadrature for the faults that are about those."""
    model = sb.SpinModel.driven_cavity(N=N, upsilon_ratio=0.9, chi=1.0, gamma_s=2.0)
    if fault == "dephasing":
        model = dataclasses.replace(model, dephasing=2.0)
    if fault == "drive":
        model = dataclasses.replace(model, drive=(model.drive[0], model.drive[0] / 5, 0.0))
    return sb.Problem(model, times=np.linspace(0, stop, 21))


def alarm_problems() -> dict[str, sb.Problem]:
    """Problems whose trajectories differ in how rare their rare events are."""
    few = sb.SpinModel.driven_cavity(N=16, upsilon_ratio=0.7, chi=0.5, gamma_s=1.0)
    plain = sb.SpinModel.driven_cavity(N=20, upsilon_ratio=0.9, gamma_s=4.0)
    return {
        "N = 20, u = 0.9, χ = 0, γ_s/Γ = 4": sb.Problem(plain, times=np.linspace(0, 1, 41)),
        "N = 16, u = 0.7, χ/Γ = 0.5, γ_s/Γ = 1 (heavy tails)": sb.Problem(few, times=np.linspace(0, 3, 31)),
        "N = 12, u = 0.9, χ/Γ = 1, γ_s/Γ = 2, as above": power_problem(),
    }


def seen(one: Any, two: Any) -> dict[str, bool]:
    """Observable → whether the two are said to differ."""
    pairs = sb.compare(one, two)
    return {name: str(pairs.verdict.sel(observable=name).values[0, 1]) == "differ" for name in OBSERVABLES}


def _solved(problem: sb.Problem, solver: sb.Solver, seed: int = 0) -> Any:
    """A solution, of which the guard may have taken a part away, as is expected here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sb.SqueezebenchWarning)
        return sb.solve(problem, solver, seed=seed)


def power(fault: str, seeds: int, trajectories: int) -> dict[str, float]:
    """Share of seeds with which a fault is seen, in each observable and in any."""
    problem = power_problem(fault)
    in_equation = fault != "none" and FAULTS[fault].where == "equation"
    exact = sb.solve(problem, BlockEquation(fault) if in_equation else "permutational")
    found = []
    for seed in range(seeds):
        try:
            sampled = _solved(problem, Faulty("none" if in_equation else fault, trajectories), seed)
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


def exact_pair(fault: str, N: int) -> tuple[bool, float]:
    """Whether a deterministic solution with a fault differs from the right one, and by how many tolerances at most."""
    problem = power_problem(fault, N, stop=0.5)
    wrong: sb.Solver = BlockEquation(fault) if FAULTS[fault].where == "equation" else FaultyExact(fault)
    try:
        mine = _solved(problem, wrong)
    except sb.SolverError as error:
        if error.status != "unphysical":
            raise
        return True, np.inf
    pairs = sb.compare(mine, sb.solve(problem, "permutational")).isel(solver=0, solver_=1)
    differ = bool((pairs.verdict == "differ").any() and pairs.broken.any())
    if not np.isfinite(mine.spin.values).all():
        return differ, np.inf
    times = pairs.max_deviation / pairs.tolerance  # that of ξ² is in dB and relative
    return differ, float(times.sel(observable=["n_eff", "spin", "covariance"]).max())


def _shares(found: list[dict[str, bool]]) -> dict[str, float]:
    shares = {name: float(np.mean([one[name] for one in found])) for name in OBSERVABLES}
    return {"any": float(np.mean([any(one.values()) for one in found])), **shares}


def _line(*cells: Any) -> None:
    print("| " + " | ".join(map(str, cells)) + " |", flush=True)


def _percent(shares: dict[str, float]) -> list[str]:
    return [f"{100 * share:.3g} %" for share in shares.values()]


def _power_table(faults: list[str], seeds: int) -> None:
    _line("fault", "trajectories", "seeds", "seen at all", "in ξ²", "in N_eff", "in ⟨J⟩", "in the covariance")
    _line(*["---"] * 8)
    for fault in faults:
        number = FAULTS[fault].trajectories
        _line(FAULTS[fault].text, number, seeds, *_percent(power(fault, seeds, number)))
    print()


def _alarm_table(seeds: int) -> None:
    _line("false alarms of right trajectories", "trajectories", "seeds", "at all", "ξ²", "N_eff", "⟨J⟩", "covariance")
    _line(*["---"] * 8)
    for words, problem in alarm_problems().items():
        # Few trajectories are the hardest; where faults are looked for there are as many as for those.
        number = 1024 if problem == power_problem() else 64
        for two in (False, True):
            against = "against other trajectories" if two else "against the master equation"
            _line(f"{words}, {against}", number, seeds, *_percent(alarms(problem, seeds, number, two=two)))
    print()


def _exact_table(faults: list[str], sizes: list[int]) -> None:
    _line("fault in what claims to be exact", *(f"N = {N}" for N in sizes))
    _line("---", *["---:"] * len(sizes))
    for fault in faults:
        if FAULTS[fault].where == "blocks":
            continue
        found = [exact_pair(fault, N) for N in sizes]
        cells = ["no state" if np.isinf(times) else f"{float(f'{times:.2g}'):.0f}" for _, times in found]
        _line(
            FAULTS[fault].text,
            *(cell if differ else f"{cell}, **agree**" for cell, (differ, _) in zip(cells, found, strict=True)),
        )


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=40, help="of each fault in trajectories")
    parser.add_argument("--alarms", type=int, default=100, help="seeds of each kind of false alarm")
    parser.add_argument("--sizes", type=int, nargs="*", default=[4, 8, 12, 30, 60], help="of deterministic solutions")
    parser.add_argument("--faults", nargs="*", choices=list(FAULTS), default=list(FAULTS))
    given = parser.parse_args()
    if given.seeds:
        _power_table(given.faults, given.seeds)
    if given.alarms:
        _alarm_table(given.alarms)
    if given.sizes and given.sizes != [0]:
        _exact_table(given.faults, given.sizes)


if __name__ == "__main__":
    main()
