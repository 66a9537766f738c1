"""The solver: options, claim, and the loop over blocks of trajectories."""

import itertools
import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from pydantic import Field

import squeezebench as sb

__all__ = ["DtwaSolver"]

#: Blocks that error bars are taken from.
_BLOCKS = 64


class DtwaOptions(sb.Options):
    """Options of the solver."""

    n_trajectories: int = Field(default=2048, ge=2, description="number of trajectories")
    step: float = Field(default=0.1, gt=0, le=1, description="step of time, in the inverse of the fastest rate")


class DtwaSolver(sb.Solver):
    """Dissipative discrete truncated Wigner approximation for collective and single-particle terms."""

    name = "dtwa"
    api_version = 1
    summary = "discrete truncated Wigner, dissipative"
    Options = DtwaOptions
    tiers = {  # noqa: RUF012
        "fast": {"n_trajectories": 512},
        "default": {},
        "tight": {"n_trajectories": 8192, "step": 0.05},
    }
    parallel = True
    libraries = ("numba",)

    def supports(self, problem, options):
        """Named couplings, and product states."""
        if not problem.model.is_named:
            return sb.Support(False, "takes the named couplings only, no general matrices")
        if problem.initial_state.as_product(problem.N) is None:
            return sb.Support(False, "samples product states only")
        return sb.Support(True)

    def claim(self, problem, options):
        """Asymptotic: right for many spins, early; no error of its own."""
        return sb.Claim("asymptotic", sampled=True, floor=1e-6)

    def estimate(self, problem, options):
        """150 ns a spin, step and trajectory with noise of its own for each spin."""
        steps = sum(_steps(problem, options.step)) + 1
        return sb.Cost(bytes=150.0 * problem.N + 1e5, seconds=1.5e-7 * problem.N * steps * options.n_trajectories)

    def sample_blocks(self, problem, options):
        """Blocks that can be computed apart."""
        return len(_ranges(options.n_trajectories))

    def solve(self, problem, options, context):
        """Moments at ``problem.times``, from blocks of trajectories."""
        ranges = _ranges(options.n_trajectories)
        first, last = context.blocks or (0, len(ranges))
        ranges, done = ranges[first:last], []

        def block(pair):
            context.check()
            return _block(problem, options, context, *pair)

        if context.n_threads == 1:
            for pair in ranges:
                done.append(block(pair))
                context.progress(len(done) / len(ranges))
        else:
            with ThreadPoolExecutor(context.n_threads) as pool:
                for result in pool.map(block, ranges):
                    done.append(result)
                    context.progress(len(done) / len(ranges))
        spin, covariance = (np.array(values) for values in zip(*done, strict=True))
        count = np.array([stop - start for start, stop in ranges])
        weight = np.repeat(count[:, None].astype(float), len(problem.times), axis=1)
        index0 = np.array([start for start, _ in ranges])
        return sb.Moments.from_samples(sb.Samples(weight, spin, covariance, count, index0))


def _ranges(count):
    """First trajectory of each block, and one past its last."""
    edges = np.linspace(0, count, min(_BLOCKS, count) + 1).astype(int)
    return [(int(a), int(b)) for a, b in itertools.pairwise(edges)]


def _rate(model):
    """The fastest rate of a trajectory: fields of the others, drive, decay."""
    N = model.N
    fields = abs(model.chi) + abs(model.twisting) + (model.collective_emission + model.collective_pumping) / 2
    singles = model.emission + model.pumping + model.dephasing + model.collective_dephasing
    return N * fields + math.hypot(*model.drive) + 2 * singles


def _steps(problem, step):
    """Steps between each two times."""
    rate = _rate(problem.model)
    return [max(1, math.ceil(rate * dt / step)) for dt in np.diff(problem.times)]


def _starts(problem, rng):
    """A phase point of the start, (3, N): ±1 along the Bloch vector, and ±1 across it."""
    N, bloch = problem.N, np.asarray(problem.initial_state.bloch_vector(problem.N))
    length = float(np.linalg.norm(bloch))
    along = bloch / length if length > 0 else np.array([0.0, 0.0, 1.0])
    other = np.eye(3)[int(np.argmin(np.abs(along)))]
    across = np.cross(along, other)
    across /= np.linalg.norm(across)
    signs = rng.choice([-1.0, 1.0], size=(3, N))
    signs[0] = np.where(rng.random(N) < (1 + length) / 2, 1.0, -1.0)
    return np.ascontiguousarray(np.array([along, across, np.cross(along, across)]).T @ signs)


def _block(problem, options, context, start, stop):
    """⟨J⟩ (T, 3) and covariance (T, 3, 3) of the trajectories start … stop − 1."""
    from .kernels import step

    model, N, times = problem.model, problem.N, problem.times
    names = ("collective_emission", "collective_pumping", "collective_dephasing", "emission", "pumping", "dephasing")
    rates = np.array([*(getattr(model, name) for name in names), model.chi, model.twisting])
    drive, counts = np.array(model.drive), _steps(problem, options.step)
    spin, raw, work = np.zeros((len(times), 3)), np.zeros((len(times), 3, 3)), np.zeros((4, 3, N))
    for index in range(start, stop):
        seed = np.random.SeedSequence(context.seed.entropy, spawn_key=(*context.seed.spawn_key, index))
        rng = np.random.Generator(np.random.PCG64(seed))
        s = _starts(problem, rng)
        for k in range(len(times)):
            if k:
                context.check()
                dt = (times[k] - times[k - 1]) / counts[k - 1]
                for _ in range(counts[k - 1]):
                    step(s, dt, drive, rates, rng, work)
            total = s.sum(axis=1)
            spin[k] += total / 2
            # Of one spin, σ_aσ_b + σ_bσ_a = 2δ_ab is known; only pairs are taken from the trajectory.
            raw[k] += (np.outer(total, total) - s @ s.T + N * np.eye(3)) / 4
    spin /= stop - start
    raw /= stop - start
    return spin, raw - spin[:, :, None] * spin[:, None, :]
