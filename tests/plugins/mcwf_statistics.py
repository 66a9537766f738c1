"""Averages over trajectories against exact answers: models, and a whitened χ² for each of them and each time."""

from __future__ import annotations

import functools

import numpy as np
from scipy import stats

import squeezebench as sb

PAIRS = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))
RATES = ("collective_emission", "collective_pumping", "collective_dephasing", "emission", "pumping", "dephasing")
#: Directions with less than this fraction of the largest variance are not whitened: there an average over some hundred
#: trajectories is that of a few rare ones, and far from Gaussian.
SMALLEST = 1e-2


def random_problem(index: int) -> sb.Problem:
    """Problem `index` of a fixed list: every rate, both signs of χ and twisting, drives in any direction, any start."""
    rng = np.random.default_rng([2020, index])
    N = [1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 15, 16, 20][index % 14]
    used = rng.random(6) < 0.6
    used[index % 6] = True
    scale = np.array([1, 1, 1, N / 2, N / 2, N / 2]) * (0.3 + rng.random(6)) * 2 / N
    rates = {name: float(value) for name, value, use in zip(RATES, scale, used, strict=True) if use}
    chi, twisting = rng.normal(size=2) * 2 / N
    drive = tuple(float(v) for v in rng.normal(size=3) * 1.5)
    model = sb.SpinModel(N=N, chi=float(chi), twisting=float(twisting), drive=drive, **rates)
    theta, phi = float(np.arccos(rng.uniform(-1, 1))), float(rng.uniform(-np.pi, np.pi))
    kind = index % 5
    start: sb.State = sb.CoherentSpinState(theta, phi)
    if kind == 1:
        start = sb.CoherentSpinState(theta, phi, float(rng.uniform(0, 0.95)))
    elif kind == 3:
        J = N / 2 - int(rng.integers(0, N // 2 + 1))
        start = sb.DickeState(J, J - int(rng.integers(0, round(2 * J) + 1)))
    elif kind == 4:
        start = sb.DickeBlocks(sb.CoherentSpinState(theta, phi, 0.8).dicke_blocks(N))
    return sb.Problem(model, start, times=[0.0, 0.5, 1.2, 3.0])


def paper_problem(chi: float, N: int = 100) -> sb.Problem:
    """Driven at u = 0.9, γ_s/Γ = 4 from −x."""
    model = sb.SpinModel.driven_cavity(N=N, upsilon_ratio=0.9, chi=chi, gamma_s=4.0)
    times = [0.0, 0.04, 0.12, 0.25] if chi == 0 else [0.0, 0.02, 0.05, 0.1]
    return sb.Problem(model, sb.CoherentSpinState(), times=times)


def raw(spin, covariance):
    """⟨J_a⟩ and symmetrised ⟨J_aJ_b⟩, (…, 9): linear in the state, so that averages of theirs are unbiased."""
    second = covariance + spin[..., :, None] * spin[..., None, :]
    return np.concatenate([spin, np.stack([second[..., a, b] for a, b in PAIRS], axis=-1)], axis=-1)


@functools.lru_cache(maxsize=256)
def exact(problem: sb.Problem):
    """Raw moments (T, 9) by the master equation."""
    ds = sb.solve(problem, "permutational", tier="tight")
    return raw(ds.spin.values, ds.covariance.values)


def trajectories(problem: sb.Problem, unraveling: str, count: int, seed: int):
    """Raw moments (count, T, 9) of single trajectories."""
    from squeezebench_mcwf.blocks import covariance_matrices
    from squeezebench_mcwf.ensemble import Runner

    runner = Runner(problem, unraveling, np.random.SeedSequence(seed), 1)
    values, finished, _ = runner.run(0, count, lambda done: True)
    assert finished.all()
    return raw(values[..., :3], covariance_matrices(values))


def p_values(problem: sb.Problem, unraveling: str, count: int, seed: int) -> list[float]:
    """Of Hotelling's T² at each time after the start; times at which nothing is random are left out."""
    values, truth = trajectories(problem, unraveling, count, seed), exact(problem)
    found = []
    for t in range(1, values.shape[1]):
        sample = values[:, t]
        scale = np.sqrt(np.diag(np.cov(sample.T)))
        if scale.max() < 1e-6 * max(1.0, np.abs(truth[t]).max()):
            assert np.abs(sample.mean(0) - truth[t]).max() < 1e-6 * max(1.0, np.abs(truth[t]).max())
            continue
        variances, axes = np.linalg.eigh(np.cov(sample.T))
        kept = variances > SMALLEST * variances[-1]
        apart, rank = axes.T @ (sample.mean(0) - truth[t]), int(kept.sum())
        T2 = count * float((apart[kept] ** 2 / variances[kept]).sum())
        found.append(float(stats.f.sf(T2 * (count - rank) / (rank * (count - 1)), rank, count - rank)))
    return found
