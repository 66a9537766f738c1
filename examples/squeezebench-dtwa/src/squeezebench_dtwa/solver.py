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
#: Steps times spins, a few tenths of a second, before a trajectory looks at the clock.
_UNINTERRUPTED = 2_000_000


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
        """Measured: 45 ns a spin and step, 30 without noise of its own; 15 numbers a spin for each of two threads."""
        steps = sum(_steps(problem, options.step)) + 1
        noisy = problem.model.emission + problem.model.pumping + problem.model.dephasing > 0
        each = 7e-5 + steps * (1e-7 + (4.5e-8 if noisy else 3e-8) * problem.N)
        return sb.Cost(bytes=2 * 120.0 * problem.N + 1e5, seconds=each * options.n_trajectories)

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


def _axes(problem):
    """Unit vectors along the Bloch vector and across it, as rows, and its length."""
    bloch = np.asarray(problem.initial_state.bloch_vector(problem.N), dtype=float)
    length = float(np.linalg.norm(bloch))
    along = bloch / length if length > 0 else np.array([0.0, 0.0, 1.0])
    across = np.cross(along, np.eye(3)[int(np.argmin(np.abs(along)))])
    across /= np.linalg.norm(across)
    return np.array([along, across, np.cross(along, across)]), min(length, 1.0)


def _block(problem, options, context, first, last):
    """⟨J⟩ (T, 3) and covariance (T, 3, 3) of the trajectories first … last − 1."""
    from .kernels import advance, course, record, start

    model, N, times = problem.model, problem.N, problem.times
    names = ("collective_emission", "collective_pumping", "collective_dephasing", "emission", "pumping", "dephasing")
    rates = np.array([*(getattr(model, name) for name in names), model.chi, model.twisting])
    drive, counts = np.array(model.drive), np.array(_steps(problem, options.step), dtype=np.int64)
    dts, (axes, length) = np.diff(times) / np.maximum(counts, 1), _axes(problem)
    spin, raw, s, work = np.zeros((len(times), 3)), np.zeros((len(times), 3, 3)), np.zeros((3, N)), np.zeros((4, 3, N))
    at_once = max(1, _UNINTERRUPTED // N)  # steps between two looks at context
    for index in range(first, last):
        seed = np.random.SeedSequence(context.seed.entropy, spawn_key=(*context.seed.spawn_key, index))
        rng = np.random.Generator(np.random.PCG64(seed))
        start(s, axes, length, rng)
        if counts.sum() <= at_once:
            course(s, dts, counts, drive, rates, rng, work, spin, raw)
            continue
        record(s, spin[0], raw[0])
        for k, count in enumerate(counts):
            for done in range(0, int(count), at_once):
                context.check()
                advance(s, dts[k], min(at_once, int(count) - done), drive, rates, rng, work)
            record(s, spin[k + 1], raw[k + 1])
    spin /= last - first
    raw /= last - first
    return spin, raw - spin[:, :, None] * spin[:, None, :]
