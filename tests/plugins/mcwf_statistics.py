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
    return raw(*single(problem, unraveling, count, seed))


def single(problem: sb.Problem, unraveling: str, count: int, seed: int):
    """Mean spins (count, T, 3) and covariances (count, T, 3, 3) of single trajectories."""
    from squeezebench_mcwf.blocks import covariance_matrices
    from squeezebench_mcwf.ensemble import Runner

    runner = Runner(problem, unraveling, np.random.SeedSequence(seed), 1)
    values, finished, _ = runner.run(0, count, lambda done: True)
    assert finished.all()
    return values[..., :3], covariance_matrices(values)


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
        found.append(hotelling(axes.T @ (sample.mean(0) - truth[t]), variances, kept, count))
    return found


def hotelling(apart, variances, kept, count: int) -> float:
    """p-value of Hotelling's T² of deviations along those axes of a sample's covariance that are kept."""
    rank = int(kept.sum())
    T2 = count * float((apart[kept] ** 2 / variances[kept]).sum())
    return float(stats.f.sf(T2 * (count - rank) / (rank * (count - 1)), rank, count - rank))


# ---------------------------------------------------------------- against stored answers

#: (N, γ_s) → well separated times of a stored course, up to where error bars can be trusted.
STORED_TIMES = {
    (1000, 4.0): (0.025, 0.05, 0.075),
    (2000, 4.0): (0.025, 0.05, 0.075),
    (2000, 16.0): (0.01, 0.02, 0.03),
    (2000, 50.0): (0.005, 0.01, 0.015),
}
#: A direction is judged where the stored answer's own error is below this fraction of the standard error.
NEGLIGIBLE = 0.2


def stored_problem(N: int, gamma_s: float) -> sb.Problem:
    """A stored problem at its times of `STORED_TIMES`."""
    model = sb.SpinModel.driven_cavity(N=N, upsilon_ratio=0.9, gamma_s=gamma_s)
    return sb.Problem(model, sb.CoherentSpinState(), times=[0.0, *STORED_TIMES[N, gamma_s]])


def about(spin, covariance, centre, N: int):
    """⟨J − c⟩/√(N/4) and ⟨(J − c)_a(J − c)_b⟩/(N/4), (…, 9), about fixed vectors c.

    They are linear in the state as raw products are, but of the size of the quantum noise: what squeezing is made of
    is not lost beside N²/4.
    """
    apart = spin - centre
    second = covariance + apart[..., :, None] * apart[..., None, :]
    return np.concatenate([apart / np.sqrt(N / 4), np.stack([second[..., a, b] for a, b in PAIRS], -1) / (N / 4)], -1)


def stored_p_values(problem: sb.Problem, sample, reference: sb.Moments) -> list[float]:
    """Of Hotelling's T² at each time after the start, in every direction that the reference knows well enough.

    Parameters
    ----------
    sample : tuple of ndarray (n, T, 3), (n, T, 3, 3)
        Mean spins and covariances of single trajectories.
    reference : Moments
        With its own error estimates, or none.
    """
    N, found = problem.N, []
    count = len(sample[0])
    estimate = reference.error_estimate or {"spin": 0 * reference.spin, "covariance": 0 * reference.covariance}
    for t in range(1, len(problem.times)):
        centre = reference.spin[t]
        values = about(sample[0][:, t], sample[1][:, t], centre, N)
        truth = about(centre, reference.covariance[t], centre, N)
        doubt = np.append(estimate["spin"][t] / np.sqrt(N / 4), np.full(6, estimate["covariance"][t].max() / (N / 4)))
        variances, axes = np.linalg.eigh(np.cov(values.T))
        kept = np.abs(axes).T @ doubt < NEGLIGIBLE * np.sqrt(np.maximum(variances, 0) / count)
        assert kept.sum() >= 4, kept
        found.append(hotelling(axes.T @ (values.mean(0) - truth), variances, kept, count))
    return found


def moments_of(problem: sb.Problem, solver: str, **options) -> sb.Moments:
    """What a solver itself gives, with its error estimates."""
    from squeezebench.host import get_host

    chosen = get_host().solver(solver)
    return chosen.solve(problem, chosen.resolve_options("default", options), sb.Context())
