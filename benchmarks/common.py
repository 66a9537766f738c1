"""What the benchmarks share: problems, calls that are warm, and errors."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

import squeezebench as sb

Array = NDArray[np.float64]
Call = Callable[[], sb.Moments]

#: Timings: two rounds of processes, in each up to ten samples in about five seconds, after a first call in `setup`.
ROUNDS = 2
REPEAT = (2, 10, 5.0)
#: Calls a sample for what takes less than a millisecond.
MANY = 20

_WARM: dict[object, Call] = {}


# -------------------------------------------------------------------- problems


def driven(
    N: int, stop: float, num: int = 26, *, gamma_s: float = 4.0, chi: float = 0.0, upsilon_ratio: float = 0.9
) -> sb.Problem:
    """Driven spins in a cavity, Γ = 1, from the coherent state along −x.

    Parameters
    ----------
    N, stop, num : int, float, int
        Number of spins; last time, in units of 1/Γ; number of times.
    gamma_s, chi, upsilon_ratio : float
        As in `SpinModel.driven_cavity`.
    """
    model = sb.SpinModel.driven_cavity(N=N, upsilon_ratio=upsilon_ratio, chi=chi, gamma_s=gamma_s)
    return sb.Problem(model, sb.CoherentSpinState(), times=np.linspace(0.0, stop, num))


def steady(N: int, upsilon_ratio: float = 0.9, bloch_length: float = 1.0) -> sb.Problem:
    """Collective steady state, Γ = 1, of a start with one total spin, or many if `bloch_length` is below 1."""
    model = sb.SpinModel.driven_cavity(N=N, upsilon_ratio=upsilon_ratio)
    return sb.Problem(model, sb.CoherentSpinState(bloch_length=bloch_length), times=[np.inf])


def twisting(N: int, num: int = 101, *, emission: float = 0.0, dephasing: float = 0.0) -> sb.Problem:
    """One-axis twisting H = J_z² from +x, to twice the time of the best squeezing, about 1.2 N^(−2/3)."""
    model = sb.SpinModel(N=N, twisting=1.0, emission=emission, dephasing=dephasing)
    times = np.linspace(0.0, 2.4 * N ** (-2 / 3), num)
    return sb.Problem(model, sb.CoherentSpinState(np.pi / 2, 0.0), times=times)


# -------------------------------------------------------------------- calls


def prepare(
    name: str, problem: sb.Problem, tier: str = "default", *, warm: sb.Problem | None = None, **options: Any
) -> Call:
    """A solver's `solve`, as a call without arguments that has been made once.

    Parameters
    ----------
    name, problem, tier, **options
        As for `squeezebench.solve`.
    warm : Problem, optional
        Solve this one instead on the first call: for methods without compiled kernels whose solution takes seconds.

    Raises
    ------
    NotImplementedError
        If the solver declines the problem: asv then records no value.
    """
    from squeezebench.host import get_host

    # asv calls `setup` before every sample; one first call a process is enough.
    key = (name, problem.content_hash(), tier, tuple(sorted(options.items())))
    if key not in _WARM:
        solver = get_host().solver(name)
        resolved = solver.resolve_options(tier, options)
        support = solver.full_support(problem, resolved)
        if not support:
            raise NotImplementedError(support.reason)
        context = sb.Context(n_threads=1)
        solver.solve(problem if warm is None else warm, resolved, context)
        _WARM[key] = lambda: solver.solve(problem, resolved, context)
    return _WARM[key]


def is_quick() -> bool:
    """Whether this is the pass of `check_quick`, which asks that everything runs and not how long it takes."""
    return bool(os.environ.get("SQUEEZEBENCH_QUICK"))


def at_leisure() -> None:
    """Leave a costly benchmark out of the quick pass; for `setup`.

    Raises
    ------
    NotImplementedError
        In the quick pass: asv then records no value.
    """
    if is_quick():
        raise NotImplementedError("too costly for the quick pass")


# -------------------------------------------------------------------- errors


def xi2(spin: Array, covariance: Array) -> Array:
    """Wineland's ξ² without N, (T,): smallest variance normal to ⟨J⟩ over |⟨J⟩|², written apart from the package's."""
    values = np.full(len(spin), np.nan)
    for t, (mean, matrix) in enumerate(zip(spin, covariance, strict=True)):
        if not (np.isfinite(mean).all() and np.isfinite(matrix).all()):
            continue
        normal = np.linalg.svd(mean[None])[2][1:]
        values[t] = np.linalg.eigvalsh(normal @ matrix @ normal.T)[0] / (mean @ mean)
    return values


def xi2_error(moments: sb.Moments, reference: Array, N: int) -> float:
    """Largest relative error of ξ² (T,) where |⟨J⟩| > 0.05 N/2.

    Raises
    ------
    ValueError
        If a value is missing: no answer is no small error.
    """
    values = N * xi2(moments.spin, moments.covariance)
    long = ~(np.linalg.norm(moments.spin, axis=1) <= 0.05 * N / 2)
    if not np.isfinite(values[long]).all() or not long.any():
        raise ValueError(f"values of xi2 are missing: the solution ended {moments.status!r}: {moments.reason}")
    return float(np.max(np.abs(values[long] / reference[long] - 1)))
