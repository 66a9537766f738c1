"""The solver `one_axis_twisting`: which problems have the closed form, and its answer to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from squeezebench import Claim, Context, Cost, Moments, Problem, Solver, SolverError, SpinModel, Support

from .closed_form import Twisting, moments

__all__ = ["OneAxisTwisting"]


class OneAxisTwisting(Solver):
    """One-axis twisting with decoherence, exact at any N.

    Takes H = ηJ_z² + δJ_z, emission, pumping, dephasing, collective dephasing and a product start. An exchange
    interaction is accepted too: χJ₊J₋ = χ(J² − J_z² + J_z), and J² commutes with every permutation-symmetric operator,
    so that it acts on nothing here, whatever the decoherence; η becomes η − χ and δ becomes δ + χ.

    Notes
    -----
    Foss-Feig, Hazzard, Bollinger and Rey, Phys. Rev. A 87, 042101 (2013); without decoherence Kitagawa and Ueda,
    Phys. Rev. A 47, 5138 (1993).
    """

    name = "one_axis_twisting"
    summary = "closed form of one-axis twisting with decoherence"
    #: A formula has no accuracy to choose: the tiers are the same.
    tiers: ClassVar[Mapping[str, Mapping[str, Any]]] = {"fast": {}, "default": {}, "tight": {}, "reference": {}}

    def supports(self, problem: Problem, options: Any) -> Support:
        """Yes for the models of the class's docstring and product starts."""
        reason = _obstacle(problem.model)
        if not reason and problem.initial_state.as_product(problem.N) is None:
            reason = "the closed form starts from a product state only"
        return Support(not reason, reason)

    def claim(self, problem: Problem, options: Any) -> Claim:
        """Exact, to round-off.

        ξ² is the determinant of a 2×2 covariance over its larger eigenvalue, and near the minimum that determinant is
        N^(−2/3) of the product of the diagonal. Measured against 60 digits, for starts along x and tilted ones, with
        and without emission: 1e-13, 6e-12 and 2e-11 at N = 10⁴, 10⁶ and 10⁷, about N^(2/3) times machine epsilon.
        """
        floor = max(1e-10, 10 * float(np.finfo(float).eps) * problem.N ** (2 / 3))
        return Claim("exact", floor=floor, closed_form=True)

    def estimate(self, problem: Problem, options: Any) -> Cost:
        """Some fifty arrays of complex numbers over the times, each passed over a few times."""
        count = len(problem.times)
        return Cost(bytes=2000.0 * count, seconds=5e-4 + 3e-6 * count)

    def solve(self, problem: Problem, options: Any, context: Context) -> Moments:
        """Moments at ``problem.times``, all at once."""
        context.check()
        model: SpinModel = problem.model
        product = problem.initial_state.as_product(problem.N)
        if product is None:
            raise SolverError(f"{problem.initial_state!r} is no product state: give a CoherentSpinState")
        start = product.bloch_vector()
        h, K, single = model.h, model.K, model.single
        spin, covariance = moments(
            Twisting(
                N=model.N,
                twisting=float(K[2, 2] - K[0, 0]),
                field=float(h[2]),
                mean_rate=float(single[0, 0].real / 2),
                half_difference=float(single[0, 1].imag / 2),
                dephasing=float(single[2, 2].real),
                collective_dephasing=float(model.collective[2, 2].real),
                bloch_vector=(float(start[0]), float(start[1]), float(start[2])),
            ),
            np.array(problem.times),
        )
        context.progress(1.0)
        return Moments(spin=spin, covariance=covariance)


def _obstacle(model: SpinModel) -> str:
    """What in `model` breaks the closed form; empty if nothing does."""
    h, K, collective, single = model.h, model.K, model.collective, model.single
    if h[0] or h[1]:
        return "a drive along x or y breaks the closed form of twisting about z"
    if K[0, 1] or K[0, 2] or K[1, 2] or K[0, 0] != K[1, 1]:
        return "the closed form needs H quadratic in J_z alone, up to a multiple of J²"
    if collective[:2].any():
        return "the closed form takes no collective dissipation but collective dephasing"
    if single[0, 0] != single[1, 1] or single[0, 1].real or single[:2, 2].any():
        return "the closed form takes no single-spin dissipation but emission, pumping and dephasing"
    return ""
