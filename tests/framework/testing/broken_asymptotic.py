"""Solvers that claim less than to be exact, and what may be wrong with them nevertheless."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

import squeezebench as sb
from squeezebench.testing import closed_forms

from .broken import Tiny, remodelled


class TinyAsymptotic(Tiny):
    """Says of the exact moments only that they are asymptotic, and nothing of their error."""

    name = "tiny_asymptotic"
    tiers = {"default": {}}

    def claim(self, problem: Any, options: Any) -> sb.Claim:
        return sb.Claim("asymptotic", floor=1e-12)


class TinyMeanField(sb.Solver):
    """Bloch equations of the named couplings, each spin in the field of the N − 1 others."""

    name = "tiny_mean_field"
    others = 1

    def supports(self, problem: Any, options: Any) -> sb.Support:
        if not problem.model.is_named or problem.initial_state.as_product(problem.N) is None:
            return sb.Support(False, "named couplings and product states only")
        return sb.Support(True)

    def claim(self, problem: Any, options: Any) -> sb.Claim:
        return sb.Claim("mean_field", observables=("spin",))

    def solve(self, problem: Any, options: Any, context: sb.Context) -> sb.Moments:
        from scipy.integrate import solve_ivp

        context.check()
        m, n = problem.model, problem.N - self.others
        net, sum_ = m.collective_emission - m.collective_pumping, m.collective_emission + m.collective_pumping
        across = (m.emission + m.pumping + m.dephasing + sum_ + m.collective_dephasing) / 2

        def slope(_: float, s: Any) -> Any:
            x, y, z = s
            field = np.array(m.drive) + n * np.array([m.chi * x, m.chi * y, m.twisting * z]) + [0, 0, m.chi]
            drawn = n * net / 2 * np.array([x * z, y * z, -(x * x + y * y)])
            decay = [
                -across * x,
                -across * y,
                (m.pumping + m.collective_pumping) * (1 - z) - (m.emission + m.collective_emission) * (1 + z),
            ]
            return np.cross(field, s) + drawn + decay

        start = np.asarray(problem.initial_state.bloch_vector(problem.N))
        stop = float(problem.times[-1]) or 1.0
        found = solve_ivp(slope, (0.0, stop), start, "DOP853", problem.times, rtol=1e-8, atol=1e-10, max_step=stop / 2)
        s = found.y.T
        covariance = problem.N / 4 * (np.eye(3) - s[:, :, None] * s[:, None, :])
        return sb.Moments(problem.N / 2 * s, covariance)


class AllSpins(TinyMeanField):
    """N for N − 1."""

    others = 0


class Lazy(TinyAsymptotic):
    """Stands by nothing after t = 0."""

    def spoil(self, moments: Any, problem: Any, options: Any, context: Any) -> sb.Moments:
        late = problem.times > 0
        moments.spin[late] = moments.covariance[late] = np.nan
        return dataclasses.replace(moments, valid_until=0.0, reason="who knows", status="diverged")


class Modest(TinyAsymptotic):
    """A wrong Γ behind error estimates that allow for anything."""

    bend = remodelled(lambda m: dataclasses.replace(m, collective_emission=1.1 * m.collective_emission))  # type: ignore[assignment]

    def spoil(self, moments: Any, problem: Any, options: Any, context: Any) -> sb.Moments:
        estimate = {name: np.full_like(getattr(moments, name), 1e3) for name in ("spin", "covariance")}
        return dataclasses.replace(moments, error_estimate=estimate)


class Vain(TinyAsymptotic):
    """A wrong γ behind error estimates that are too small for it, at times when the slope says nothing any more."""

    def spoil(self, moments: Any, problem: Any, options: Any, context: Any) -> sb.Moments:
        off = np.where(problem.times > 0.1, 0.02, 0.0)
        estimate = {"covariance": np.full_like(moments.covariance, 1e-6)}
        covariance = moments.covariance + off[:, None, None] * problem.N**2 / 4 * np.eye(3)
        return dataclasses.replace(moments, covariance=covariance, error_estimate=estimate)


class TinyTwisting(TinyAsymptotic):
    """Twisting with noise, any number of spins."""

    name = "tiny_twisting"
    schedules = False

    def estimate(self, problem: Any, options: Any) -> sb.Cost:
        return sb.Cost(bytes=1e4, seconds=1e-3)

    def supports(self, problem: Any, options: Any) -> sb.Support:
        m = problem.model
        if problem.initial_state.as_product(problem.N) is None:
            return sb.Support(False, "product states only")
        if not m.is_named or m.chi or any(m.drive[:2]) or m.collective_emission or m.collective_pumping:
            return sb.Support(False, "twisting and its noise only")
        return sb.Support(True)

    def solve(self, problem: Any, options: Any, context: sb.Context) -> sb.Moments:
        context.check()
        bloch = problem.initial_state.bloch_vector(problem.N)
        moments = sb.Moments(*closed_forms.twisting(problem.model, bloch, problem.times))
        return self.spoil(moments, problem, options, context)


class Swelling(TinyTwisting):
    """Fluctuations grow a fifth too large."""

    def spoil(self, moments: Any, problem: Any, options: Any, context: Any) -> sb.Moments:
        growth = moments.covariance - moments.covariance[0]
        return dataclasses.replace(moments, covariance=moments.covariance + 0.2 * growth)


class ShotNoiseOnly(TinyTwisting):
    """Covariance of uncorrelated spins, whatever has happened to them."""

    def spoil(self, moments: Any, problem: Any, options: Any, context: Any) -> sb.Moments:
        s = moments.spin / (problem.N / 2)
        return dataclasses.replace(moments, covariance=problem.N / 4 * (np.eye(3) - s[:, :, None] * s[:, None, :]))


RIGHT: list[type[sb.Solver]] = [TinyAsymptotic, TinyMeanField, TinyTwisting]

#: (broken solver, check meant for it, further checks that test what is broken).
FAULTS: list[tuple[type[sb.Solver], str, set[str]]] = [
    (
        AllSpins,
        "collective_emission",
        {"collective_pumping", "exchange", "twisting", "one_spin", "two_spins", "random_models", "six_spins"}
        | {"cavity_models", "one_axis_twisting", "noisy_twisting", "mirror_symmetry", "nothing_happens"},
    ),
    (Lazy, "two_spins", {"*"}),
    (Modest, "collective_emission", {"one_spin", "two_spins", "random_models", "six_spins", "cavity_models"}
     | {"dicke_starts", "schedules", "rotation_symmetry"}),
    (Vain, "random_models", {"*"}),
    (Swelling, "large_N_fluctuations", {"physical_laws"}),
    (ShotNoiseOnly, "large_N_fluctuations", {"physical_laws"}),
]  # fmt: skip
