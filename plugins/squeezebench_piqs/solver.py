"""The solver `piqs`: options, what it takes, and the walk through a problem's schedule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from squeezebench import Claim, Context, Cost, Moments, Options, Problem, Solver, SpinModel, Support
from squeezebench.angular import block_weights, spin_values
from squeezebench.interop_piqs import reduced

from .layout import Layout

__all__ = ["Piqs", "PiqsOptions"]

#: Spins up to which a solution takes about a minute and 0.4 GB (restricted) or 0.5 GB (stock).
_MAX_SPINS = {True: 100, False: 60}


class PiqsOptions(Options):
    """Options of `Piqs`."""

    restrict: bool = Field(True, description="keep only the rows and columns inside the J blocks; False: PIQS as it is")
    method: Literal["tsit5", "vern7", "vern9", "dop853", "adams", "bdf"] = Field(
        "tsit5", description="QuTiP's integrator"
    )
    rtol: float = Field(1e-6, gt=0, lt=1, description="relative tolerance of the integrator")
    atol: float = Field(1e-9, gt=0, lt=1, description="absolute tolerance of the integrator")
    max_spins: int | None = Field(
        None, ge=1, description="largest N that is accepted; by default 100, and 60 without restrict"
    )


class Piqs(Solver):
    """The master equation in Dicke blocks by QuTiP's PIQS.

    Notes
    -----
    Shammah, Ahmed, Lambert, De Liberato and Nori, Phys. Rev. A 98, 063815 (2018). PIQS stores all pairs of Dicke
    states, of which a permutation-symmetric state occupies those of equal J only: 2.6 % at N = 100. `restrict` keeps
    these. PIQS has no local terms but emission, pumping and dephasing; a general collective matrix is added to it.

    Of QuTiP's integrators tsit5 is the fastest or level with it: at u = 0.9, γ_s/Γ = 4, Γt = 0 … 0.25 and rtol 1e-8,
    N = 20, 40, 60 took 0.03, 0.27, 1.5 s with tsit5, 0.02, 0.29, 1.1 … 2.3 s with vern7 (the more, the closer the
    times to report), 0.02, 0.25 … 0.7, 1.3 … 2.6 s with dop853, 0.02, 0.39, 2.0 s with vern9, 0.04, 0.58, 4.4 s with
    adams.

    There is no steady state from it: in the 32-bit Liouvillian (see `claim`) the zero eigenvalue is off by as much
    as the gap of a slow relaxation, so that neither the state nor its being unique could be vouched for.
    """

    name = "piqs"
    summary = "QuTiP's PIQS: master equation in Dicke blocks"
    libraries: ClassVar[tuple[str, ...]] = ("qutip.piqs", "scipy.sparse.linalg")
    Options = PiqsOptions
    schedules = True
    tiers: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "fast": {"rtol": 1e-4, "atol": 1e-7},
        "default": {"rtol": 1e-6, "atol": 1e-9},
        "tight": {"rtol": 1e-9, "atol": 1e-12},
        "reference": {"rtol": 1e-11, "atol": 1e-14},
    }

    def supports(self, problem: Problem, options: PiqsOptions) -> Support:
        """Every start, and models whose single-spin matrix reduces to named rates, up to `max_spins`."""
        limit = options.max_spins or _MAX_SPINS[options.restrict]
        if limit < problem.N:
            need = self.estimate(problem, options).bytes / 1e9
            return Support(False, f"N = {problem.N} needs about {need:.2g} GB of memory: it takes up to {limit} spins")
        for step in problem.segments():
            if reduced(step.model).single_matrix is not None:
                return Support(False, "PIQS has no local dissipation but emission, pumping and dephasing")
        return Support(True)

    def claim(self, problem: Problem, options: PiqsOptions) -> Claim:
        """Exact to 5e-5.

        QuTiP's PIQS (5.3) computes its Liouvillian in 32-bit floats. ξ² is off by up to 3e-7 at N = 6, 3e-6 at N = 40
        and 1.4e-5 at N = 100, the covariance by 6e-5 at N = 40, whatever the integrator's tolerance.
        """
        return Claim("exact", floor=5e-5)

    def estimate(self, problem: Problem, options: PiqsOptions) -> Cost:
        """Memory and time, fitted to measurements of N = 20 … 100."""
        N = problem.N
        entries = (N + 1) * (N + 2) * (N + 3) / 6  # Σ (2J + 1)²
        pairs = ((N // 2 + 1) * (N // 2 + 1 + N % 2)) ** 2
        # An explicit integrator steps a fixed distance along the spectrum, whose radius grows as these rates.
        products = 0.0
        for step in problem.segments():
            model = step.model
            radius = (np.abs(model.collective).max() + np.abs(model.K).max()) * N**2
            radius += (np.abs(model.single).max() + np.abs(model.h).max()) * N
            products += 30 + 2.5 * float(radius) * (step.stop - step.start)
        # PIQS's own loops and dictionaries take 15 µs and 1.5 kB an entry, and an index of all pairs.
        if options.restrict:
            return Cost(1500.0 * entries + 16.0 * pairs, 0.05 + 1.5e-5 * entries + 1.2e-8 * entries * products)
        return Cost(1500.0 * entries + 450.0 * pairs, 0.05 + 1.5e-5 * entries + 2e-8 * pairs * products)

    def solve(self, problem: Problem, options: PiqsOptions, context: Context) -> Moments:
        """Moments at ``problem.times``.

        Raises
        ------
        SolverError
            If the integrator gives up, or the run is cancelled or out of time.
        """
        from .evolution import Restricted, Stock, follow

        steps = problem.segments()
        models: dict[SpinModel, SpinModel] = {step.model: reduced(step.model) for step in steps}
        blocks = problem.initial_state.dicke_blocks(problem.N)
        # Without single-spin dissipation J is conserved, and the blocks that are empty stay empty.
        conserved = options.restrict and all(model.is_collective for model in models.values())
        spins = [J for J, _ in block_weights(blocks)] if conserved else spin_values(problem.N)
        layout = Layout(problem.N, sorted(spins, reverse=True))
        evolutions: dict[SpinModel, Restricted | Stock] = {}
        kind = Restricted if options.restrict else Stock

        count, end = len(problem.times), max(steps[-1].stop, float(problem.times[-1]))
        spin, covariance, trace = np.empty((count, 3)), np.empty((count, 3, 3)), np.empty(count)

        def tick(time: float) -> None:
            context.check()
            context.progress(time / end if end else 1.0)

        vector = layout.vector(blocks)
        for step in steps:
            for rotation in step.rotations:
                vector = layout.rotated(vector, rotation)
            context.check()
            last = step.last == count
            stops = step.times if last else np.append(step.times, step.stop)
            if len(stops) and stops[-1] > step.start and step.model not in evolutions:
                arguments = (options.method, options.rtol, options.atol)
                evolutions[step.model] = kind(models[step.model], layout, *arguments)
            if len(stops) and stops[-1] > step.start:
                states = follow(evolutions[step.model], vector, step.start, stops, tick)
            else:
                states = iter([vector] * len(stops))
            for index, vector in enumerate(states, start=step.first):
                if index < step.last:
                    spin[index], covariance[index], trace[index] = layout.moments(vector)
            if last:
                break
        diagnostics = {
            "entries": layout.size,
            "matrix_entries": max((evolution.entries for evolution in evolutions.values()), default=0),
            "trace_error": float(np.abs(trace - 1).max()),
        }
        return Moments(spin=spin, covariance=covariance, diagnostics=diagnostics)
