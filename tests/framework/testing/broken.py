"""A tiny exact solver, a tiny sampled one, and copies of them that are wrong in one way each."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from pydantic import Field

import squeezebench as sb
from squeezebench.testing.reference import reference_moments


class Tiny(sb.Solver):
    """Exact for up to six spins; `bend` changes the problem before, `spoil` the moments after."""

    name = "tiny"
    schedules = True
    tiers = {"default": {}, "tight": {}}

    def claim(self, problem: Any, options: Any) -> sb.Claim:
        return sb.Claim("exact", floor=1e-12)

    def supports(self, problem: Any, options: Any) -> sb.Support:
        if problem.N > 6:
            return sb.Support(False, "up to six spins")
        if problem.initial_state.as_product(problem.N) is None and not isinstance(problem.initial, sb.DickeState):
            return sb.Support(False, "product and Dicke states")
        return sb.Support(True)

    def bend(self, problem: sb.Problem) -> sb.Problem:
        return problem

    def spoil(self, moments: sb.Moments, problem: sb.Problem, options: Any, context: sb.Context) -> sb.Moments:
        return moments

    def solve(self, problem: Any, options: Any, context: sb.Context) -> sb.Moments:
        context.check()
        context.progress(0.5)
        spin, covariance = reference_moments(self.bend(problem))
        context.progress(1.0)
        return self.spoil(sb.Moments(spin.copy(), covariance.copy()), problem, options, context)


class TinySampled(Tiny):
    """The exact moments and Gaussian noise in 64 blocks, whose pooled mean is unbiased."""

    name = "tiny_sampled"
    noise = 0.02
    blocks = 64

    def claim(self, problem: Any, options: Any) -> sb.Claim:
        return sb.Claim("exact", sampled=True, floor=1e-12)

    def generator(self, context: sb.Context) -> np.random.Generator:
        return np.random.default_rng(context.seed)

    def spoil(self, moments: sb.Moments, problem: sb.Problem, options: Any, context: sb.Context) -> sb.Moments:
        rng, B, T = self.generator(context), self.blocks, len(problem.times)
        sigma = np.where(problem.times > 0, self.noise, 0.0)[:, None] * problem.N / 2
        spin = moments.spin + sigma * rng.normal(size=(B, T, 3))
        rough = sigma[..., None] * rng.normal(size=(B, T, 3, 3)) * problem.N / 2
        between = (sigma**2)[..., None] * (1 - 1 / B) * np.eye(3)  # what pooling adds
        covariance = moments.covariance + (rough + rough.swapaxes(-1, -2)) / 2 - between
        return self.pooled(spin, covariance)

    def pooled(self, spin: Any, covariance: Any) -> sb.Moments:
        B, T = spin.shape[:2]
        count = np.full(B, 10)
        return sb.Moments.from_samples(sb.Samples(np.full((B, T), 10.0), spin, covariance, count, 10 * np.arange(B)))


def remodelled(change: Callable[[sb.SpinModel], sb.SpinModel]) -> Callable[[Any, sb.Problem], sb.Problem]:
    """`bend` that puts another model in the place of every one; general parts are left as they are."""

    def bend(self: Any, problem: sb.Problem) -> sb.Problem:
        initial, times = problem.initial, problem.times
        if problem.is_plain:
            return sb.Problem(change(problem.model), initial, times)
        entries = [
            sb.Segment(change(entry.model), entry.duration) if isinstance(entry, sb.Segment) else entry
            for entry in problem.schedule or ()
        ]
        return sb.Problem(schedule=entries, initial=initial, times=times)

    return bend


def scaled(**factors: float) -> Any:
    return remodelled(lambda m: dataclasses.replace(m, **{k: f * getattr(m, k) for k, f in factors.items()}))


def driven(x: float, y: float, z: float) -> Any:
    return remodelled(lambda m: dataclasses.replace(m, drive=tuple(np.multiply(m.drive, (x, y, z)).tolist())))


#: Checks whose models hold all couplings at once: each of them may notice a fault of any.
MIXED = {
    "one_spin", "two_spins", "random_models", "six_spins", "cavity_models", "general_models", "dicke_starts",
    "schedules",
    "rotation_symmetry", "mirror_symmetry", "conserved_quantities", "collective_steady_state", "large_N_limit",
    "tiers_reach_their_error", "units_of_time", "late_times", "nothing_happens",
}  # fmt: skip

#: Coupling → how it is wrong, and the check that must say so.
WRONG_TERMS: dict[str, tuple[str, Any]] = {
    "Γ is 3 % too large": ("collective_emission", scaled(collective_emission=1.03)),
    "collective pumping is missing": ("collective_pumping", scaled(collective_pumping=0.0)),
    "collective dephasing is twice too strong": ("collective_dephasing", scaled(collective_dephasing=2.0)),
    "emission is 1 % too large": ("emission", scaled(emission=1.01)),
    "pumping is missing": ("pumping", scaled(pumping=0.0)),
    "dephasing is missing": ("dephasing", scaled(dephasing=0.0)),
    "χ has the wrong sign": ("exchange", scaled(chi=-1.0)),
    "twisting is half of it": ("twisting", scaled(twisting=0.5)),
    "the y drive has the wrong sign": ("drive_y", driven(1, -1, 1)),
    "the z drive is missing": ("drive_z", driven(1, 1, 0)),
    "the drive is Ω J_x / 2": ("drive_x", driven(0.5, 1, 1)),
}


class RawProducts(Tiny):
    def spoil(self, moments: Any, problem: Any, options: Any, context: Any) -> sb.Moments:
        spin = moments.spin
        return sb.Moments(spin, moments.covariance + spin[:, :, None] * spin[:, None, :])


class Asymmetric(Tiny):
    def spoil(self, moments: Any, problem: Any, options: Any, context: Any) -> sb.Moments:
        moments.covariance[:, 0, 1] += 0.1
        return moments


class GlobalNoise(TinySampled):
    def generator(self, context: Any) -> Any:
        return np.random.mtrand._rand


class Drawing(Tiny):
    def spoil(self, moments: Any, problem: Any, options: Any, context: Any) -> sb.Moments:
        np.random.rand()  # noqa: NPY002  # the fault
        return moments


class Mutating(Tiny):
    def spoil(self, moments: Any, problem: Any, options: Any, context: Any) -> sb.Moments:
        object.__setattr__(problem.model, "rate_unit", problem.model.rate_unit + "x")
        return moments


class Backwards(Tiny):
    def spoil(self, moments: Any, problem: Any, options: Any, context: Any) -> sb.Moments:
        context.progress(0.3)
        return moments


class Deaf(Tiny):
    def solve(self, problem: Any, options: Any, context: Any) -> sb.Moments:
        spin, covariance = reference_moments(self.bend(problem))
        return self.spoil(sb.Moments(spin.copy(), covariance.copy()), problem, options, context)


class Late(Deaf):
    """Asks whether it is cancelled, and does not look at the deadline."""

    def spoil(self, moments: Any, problem: Any, options: Any, context: Any) -> sb.Moments:
        if context.cancelled():
            raise sb.SolverError("cancelled")
        if context.deadline < float("inf"):
            time.sleep(1.2)
        return moments


class BatchInAnotherOrder(Tiny):
    def solve_batch(self, problems: Any, options: Any, context: Any) -> Any:
        return super().solve_batch(problems, options, context)[::-1]


class Wordless(Tiny):
    def supports(self, problem: Any, options: Any) -> sb.Support:
        return sb.Support(problem.N <= 6)


class ThreadDependent(Tiny):
    def spoil(self, moments: Any, problem: Any, options: Any, context: Any) -> sb.Moments:
        return dataclasses.replace(moments, spin=moments.spin * (1 + 1e-14 * context.n_threads))


class Remembering(Tiny):
    calls = 0

    def spoil(self, moments: Any, problem: Any, options: Any, context: Any) -> sb.Moments:
        self.calls += 1
        return dataclasses.replace(moments, spin=moments.spin * (1 + 1e-14 * self.calls))


class EqualSteps(Tiny):
    """Takes every grid of times for an even one."""

    def bend(self, problem: sb.Problem) -> sb.Problem:
        if not problem.is_plain:
            return problem
        even = np.linspace(0, problem.times[-1], len(problem.times)) if problem.times[-1] else problem.times
        return sb.Problem(problem.model, problem.initial, even)


class Biased(TinySampled):
    def spoil(self, moments: Any, problem: Any, options: Any, context: Any) -> sb.Moments:
        off = np.where(problem.times > 0, 0.004, 0.0)[:, None] * problem.N / 2
        return super().spoil(dataclasses.replace(moments, spin=moments.spin + off), problem, options, context)


class Repeating(TinySampled):
    """Each block stands four times among its own: error bars are half of what they should be."""

    def pooled(self, spin: Any, covariance: Any) -> sb.Moments:
        quarter = self.blocks // 4
        mean = covariance + (1 - 1 / self.blocks) * 0
        return super().pooled(np.tile(spin[:quarter], (4, 1, 1)), np.tile(mean[:quarter], (4, 1, 1, 1)))


class Timid(TinySampled):
    """Blocks spread three times wider than their mean does: error bars too large."""

    def pooled(self, spin: Any, covariance: Any) -> sb.Moments:
        for values in (spin, covariance):
            mean = values.mean(axis=0)
            values[:] = mean + 3 * (values - mean)
        return super().pooled(spin, covariance)


class Seedless(TinySampled):
    def generator(self, context: Any) -> Any:
        return np.random.default_rng(3)


class Unsampled(TinySampled):
    def pooled(self, spin: Any, covariance: Any) -> sb.Moments:
        return dataclasses.replace(super().pooled(spin, covariance), samples=None)


class NoBetterThanDefault(Tiny):
    def spoil(self, moments: Any, problem: Any, options: Any, context: Any) -> sb.Moments:
        return dataclasses.replace(moments, covariance=moments.covariance * (1 + 5e-7))


class Undescribed(Tiny):
    class Options(sb.Options):
        steps: int = 3


class Undecided(Tiny):
    def claim(self, problem: Any, options: Any) -> Any:
        self.turn = not getattr(self, "turn", False)
        return sb.Claim("exact", floor=1e-12 if self.turn else 2e-12)


class Overconfident(Tiny):
    """Says yes to three spins from a Dicke state, and fails."""

    def solve(self, problem: Any, options: Any, context: Any) -> sb.Moments:
        if problem.N == 4 and problem.initial_state.as_product(4) is not None and problem.times[-1] == 1.0:
            raise ValueError("four spins are too many after all")
        return super().solve(problem, options, context)


class FixedStep(Tiny):
    """A rate above 100 is cut off, as by a step that is too long for it."""

    bend = remodelled(  # type: ignore[assignment]
        lambda m: dataclasses.replace(m, emission=min(m.emission, 100.0), drive=tuple(np.clip(m.drive, -100, 100)))
    )


class WrongWayRound(Tiny):
    """Rotations of a schedule turn the wrong way."""

    def bend(self, problem: sb.Problem) -> sb.Problem:
        if problem.is_plain:
            return problem
        entries = [
            sb.Rotation(entry.axis, -entry.angle) if isinstance(entry, sb.Rotation) else entry
            for entry in problem.schedule or ()
        ]
        return sb.Problem(schedule=entries, initial=problem.initial, times=problem.times)


class AlwaysStretched(Tiny):
    """Takes a Dicke state for that of the largest J."""

    def bend(self, problem: sb.Problem) -> sb.Problem:
        start = problem.initial
        if not problem.is_plain or not isinstance(start, sb.DickeState):
            return problem
        return sb.Problem(problem.model, sb.DickeState(problem.N / 2, start.M), problem.times)


class Unphysical(Tiny):
    def spoil(self, moments: Any, problem: Any, options: Any, context: Any) -> sb.Moments:
        return dataclasses.replace(moments, covariance=moments.covariance - 0.02 * problem.N**2 * np.eye(3))


class WrongTier(Tiny):
    tiers = {"default": {}, "ludicrous": {}}


class NegativeCost(Tiny):
    def estimate(self, problem: Any, options: Any) -> sb.Cost:
        return sb.Cost(bytes=-1.0, seconds=1.0)


class Options(sb.Options):
    steps: int = Field(default=3, description="steps")


_TERMS = {entry[0] for entry in WRONG_TERMS.values()}
_ALL_PHYSICS = MIXED | _TERMS | {"initial_moments", "physical_laws"}

#: (broken solver, check meant for it, further checks that test what is broken).
FAULTS: list[tuple[type[sb.Solver], str, set[str]]] = [
    (RawProducts, "initial_moments", _ALL_PHYSICS),
    (Asymmetric, "shapes", _ALL_PHYSICS | {"*"}),
    (
        GlobalNoise,
        "global_random_state",
        {"same_seed_same_result", "threads", "batch_equals_single", "blocks_apart", "kept_and_resumed"},
    ),
    (Drawing, "global_random_state", set()),
    (Mutating, "inputs_unchanged", {"answers_consistent"}),
    (Backwards, "progress", set()),
    (Deaf, "cancellation", set()),
    (Late, "deadline", set()),
    (BatchInAnotherOrder, "batch_equals_single", set()),
    (Wordless, "refusals", set()),
    (ThreadDependent, "threads", set()),
    (Remembering, "same_seed_same_result", {"global_random_state", "threads", "kept_and_resumed"}),
    (EqualSteps, "save_times", _ALL_PHYSICS - {"initial_moments", "physical_laws"}),
    (Biased, "unbiased", {"conserved_quantities"}),
    # error bars are what every comparison of a sampled answer is judged by
    (Repeating, "error_bars", _ALL_PHYSICS | {"unbiased", "batch_equals_single", "save_times"}),
    (Timid, "error_bars", {"tiers_reach_their_error", "physical_laws", "unbiased"} | _ALL_PHYSICS),
    (Seedless, "seed_matters", {"unbiased", "error_bars"}),
    (Unsampled, "samples", _ALL_PHYSICS | {"batch_equals_single", "save_times", "tiers_reach_their_error"}),
    (NoBetterThanDefault, "tiers_reach_their_error", set()),
    (Undescribed, "options", set()),
    (Undecided, "answers_consistent", set()),
    (Overconfident, "answers_consistent", _ALL_PHYSICS | {"samples"}),
    (FixedStep, "units_of_time", set()),
    (WrongWayRound, "schedules", set()),
    (AlwaysStretched, "dicke_starts", {"initial_moments"}),
    (Unphysical, "physical_laws", _ALL_PHYSICS | {"tiers_reach_their_error"}),
    (WrongTier, "attributes", {"*"}),
    (NegativeCost, "answers_consistent", set()),
]
