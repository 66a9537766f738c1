"""Claims about steady states: the critical drive, and what becomes of it with single-particle emission."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from squeezebench.model import SpinModel

from .base import CONFIRMED, NOT_REPRODUCED, Evidence

__all__ = ["critical_drive", "mean_field_fold", "metastable_squeezing", "squeezed_below", "unique_steady_state"]

Result = tuple[str, str, str, Mapping[str, Any]]
driven = SpinModel.driven_cavity
#: γ_s/(NΓ) of the claims about Υ_c'.
_RATIO = 0.005


def critical_drive(evidence: Evidence) -> Result:
    """Where the exact inversion falls steepest, for growing N and three χ."""
    grid = np.linspace(0.97, 1.02, 41)
    steepest: dict[str, float] = {}
    for N in (1_000, 10_000, 100_000):
        for chi in (0.0, 1.0, 3.0):
            z = [float(evidence.steady(driven(N=N, upsilon_ratio=u, chi=chi)).spin[0, 2]) * 2 / N for u in grid]
            k = int(np.argmax(np.diff(z)))
            steepest[f"N={N},chi={chi:g}"] = float((grid[k] + grid[k + 1]) / 2)
    step = float(grid[1] - grid[0])
    large = [value for key, value in steepest.items() if key.startswith("N=100000")]
    good = all(abs(value - 1) < 0.005 for value in large)
    found = (
        "the inversion falls steepest at Υ/√(Γ² + 4χ²) = "
        + ", ".join(f"{steepest[f'N={N},chi=0']:.4f} (N = {N})" for N in (1_000, 10_000, 100_000))
        + f"; for χ/Γ = 1 and 3 at N = 100000 at {large[1]:.4f} and {large[2]:.4f}"
    )
    return CONFIRMED if good else NOT_REPRODUCED, found, f"exact; drives {step:.5f} apart", {"steepest": steepest}


def squeezed_below(evidence: Evidence) -> Result:
    """Exact steady state on both sides of the critical drive."""
    below = {u: float(evidence.steady(driven(N=2000, upsilon_ratio=u)).xi2[0]) for u in (0.5, 0.8, 0.9, 0.95, 0.98)}
    above = {u: float(evidence.steady(driven(N=2000, upsilon_ratio=u)).xi2[0]) for u in (1.02, 1.05, 1.2)}
    values = list(below.values())
    good = max(values) < 1 and values == sorted(values, reverse=True) and min(above.values()) > 1
    found = (
        "N = 2000: ξ² = "
        + ", ".join(f"{x:.4f} at u = {u}" for u, x in below.items())
        + "; above, "
        + ", ".join(f"{x:.3g} at u = {u}" for u, x in above.items())
    )
    return CONFIRMED if good else NOT_REPRODUCED, found, "exact, 1e-11", {"below": below, "above": above}


def mean_field_fold(evidence: Evidence) -> Result:
    """Where mean field, from −x, turns from the superradiant to the normal phase, for γ_s/(NΓ) → 0."""
    N, folds = 20_000, {}
    for r in (0.004, 0.002, 0.001):
        low, high = 0.6, 0.8
        while high - low > 1e-3:
            middle = (low + high) / 2
            ds = evidence.solve(driven(N=N, upsilon_ratio=middle, gamma_s=r * N), [0, 60 / (r * N)], "mean_field")
            low, high = (middle, high) if float(ds.spin[-1, 2]) < -0.1 * N / 2 else (low, middle)
        folds[r] = (low + high) / 2
    apart = abs(folds[0.001] - 1 / math.sqrt(2))
    found = "the fold lies at Υ/Υ_c = " + ", ".join(f"{u:.4f} for γ_s/(NΓ) = {r}" for r, u in folds.items())
    found += f"; 1/√2 = {1 / math.sqrt(2):.4f} is its limit for weak emission, and stronger emission moves it up"
    good = apart < 0.01
    return CONFIRMED if good else NOT_REPRODUCED, found, "bisection to 0.001", {"folds": folds}


def metastable_squeezing(evidence: Evidence) -> Result:
    """How long squeezing lives from −x on both sides of Υ_c/√2, by the master equation."""
    N = 20
    gamma = _RATIO * N
    early, late = {}, {}
    for u in (0.6, 0.65, 0.7, 0.75, 0.8):
        ds = evidence.solve(driven(N=N, upsilon_ratio=u, gamma_s=gamma), np.linspace(0, 5 / gamma, 51), "permutational")
        early[u], late[u] = float(ds.xi2[20]), float(ds.xi2[-1])
    border = [_crossing(values) for values in (early, late)]
    good = abs(border[0] - 1 / math.sqrt(2)) < 0.05
    found = (
        f"N = {N}, γ_s/(NΓ) = {_RATIO}: from −x squeezing lasts beyond 2/γ_s for Υ/Υ_c < {border[0]:.3f} and beyond "
        f"5/γ_s for Υ/Υ_c < {border[1]:.3f}: near 1/√2 at such times, but the border keeps moving down"
    )
    numbers = {"xi2_at_2_over_gamma": early, "xi2_at_5_over_gamma": late, "borders": border}
    return CONFIRMED if good else NOT_REPRODUCED, found, "exact, 1e-5; interpolated between drives 0.05 apart", numbers


def unique_steady_state(evidence: Evidence) -> Result:
    """The drive at which the true steady state loses its squeezing."""
    borders = {}
    for N in (10, 20, 40):
        low, high = 0.5, 0.8
        while high - low > 2e-3:
            middle = (low + high) / 2
            ds = evidence.steady(driven(N=N, upsilon_ratio=middle, gamma_s=_RATIO * N), "permutational")
            low, high = (middle, high) if float(ds.xi2[0]) < 1 else (low, middle)
        borders[N] = (low + high) / 2
    good = abs(borders[40] - 1 / math.sqrt(2)) < 0.02
    found = f"γ_s/(NΓ) = {_RATIO}: the unique steady state is squeezed for Υ/Υ_c < " + ", ".join(
        f"{u:.3f} (N = {N})" for N, u in borders.items()
    )
    found += ": well below 1/√2 = 0.707, and further below for more spins; 0.707 is the mean-field fold"
    return CONFIRMED if good else NOT_REPRODUCED, found, "exact; bisection to 0.002", {"borders": borders}


def _crossing(values: Mapping[float, float]) -> float:
    """Drive at which ξ² passes 1, linear in log ξ² between drives; NaN if it does not."""
    drives, logs = np.array(list(values)), np.log(list(values.values()))
    for k in range(len(drives) - 1):
        if logs[k] < 0 <= logs[k + 1]:
            return float(drives[k] - logs[k] * (drives[k + 1] - drives[k]) / (logs[k + 1] - logs[k]))
    return math.nan
