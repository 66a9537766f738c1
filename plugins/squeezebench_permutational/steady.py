r"""Steady states: null vectors of the generator, by sparse LU factors.

Tr is a left null vector, 1ᵀL = 0. With u a unit vector on a population, times a rate g,

.. math::

    (L + u 1^T) x = u \;\Rightarrow\; 1^Tu\,(1^Tx) = 1^Tu \;\Rightarrow\; 1^Tx = 1,\quad Lx = 0,

and the matrix is regular exactly when the steady state is the only one. Its other eigenvalues are those of L, so that
inverse iteration gives the slowest rate: near a bistability it is exponentially small, and only when it is lost in
round-off is the state called not unique. J is conserved without single-spin dissipation: each multiplet of the start
then has a steady state of its own.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

import squeezebench as sb

from .algebra import frame_angle, turned_model
from .choice import needed_spins
from .layout import Layout
from .matrix import sparse_generator
from .pictures import Kept, moments_of
from .populations import PopulationGenerator, populations
from .stencil import BlockGenerator

__all__ = ["steady_moments"]

Array = NDArray[np.float64]

#: A slowest rate below this fraction of the largest matrix entry is round-off: the state is not unique, or not known.
_NO_GAP = 3e-15
#: Steps of the inverse iteration; it need only tell orders of magnitude.
_ITERATIONS = 8
#: |Lx| of a start that is stationary, relative to the largest rate.
_STATIONARY = 1e-13
#: Up to so many unknowns the antisymmetric part, which vanishes in a unique state, is kept to see that it is unique.
_SMALL = 5000


def steady_moments(problem: sb.Problem, diagonal: bool, context: sb.Context, keep: bool) -> sb.Moments:
    """Moments of the steady state that the start leads to.

    Raises
    ------
    SteadyStateNotUniqueError
        If there is more than one for this start, or their being distinct cannot be told from round-off.
    """
    model = problem.model
    angle = 0.0 if diagonal else frame_angle(model)
    turned = turned_model(model, angle)
    whole = Layout(problem.N, needed_spins(problem))
    if diagonal:
        start = populations(problem.initial_state, whole)
    else:
        start = whole.pack(problem.initial_state.dicke_blocks(problem.N), angle)
    generator = PopulationGenerator(model, whole) if diagonal else BlockGenerator(turned, whole)
    change, unused = np.zeros((2, len(start)))
    generator.apply(start, change, unused, 1.0, 0.0, 0.0, 0.0)
    diagnostics: dict[str, Any] = {"representation": "diagonal" if diagonal else "blocks"}
    scale = _largest_rate(generator)
    if float(np.abs(change).max()) <= _STATIONARY * scale * float(np.abs(start).max()):
        x, gap = start, math.nan
        diagnostics["method"] = "the start is stationary"
    else:
        diagnostics["method"] = "sparse LU"
        if model.is_collective:
            x, gap = np.zeros_like(start), math.inf
            weights = generator.weights(start)
            for b, J in enumerate(whole.spins):
                context.check()
                context.progress(b / len(whole.spins))
                part, slowest = _null_vector(turned, Layout(problem.N, [J]), diagonal)
                where = slice(int(whole.rows[b]), int(whole.rows[b + 1])) if diagonal else _span(whole, b)
                x[where] = weights[b] * (part if diagonal else part[_span(Layout(problem.N, [J]), 0)])
                gap = min(gap, slowest)
        else:
            context.check()
            x, gap = _null_vector(turned, whole, diagonal)
    context.progress(1.0)
    generator.apply(x, change, unused, 1.0, 0.0, 0.0, 0.0)
    residual = float(np.abs(change).max())
    spin, covariance = moments_of(generator.moments(x)[None, :], angle)
    # Round-off of the solution moves the state by about its size over the gap.
    error = 1e-15 + (0.0 if math.isnan(gap) else 4e-16 * math.sqrt(len(x)) + 10 * residual / gap)
    from .solver import error_estimate

    extra = {}
    if keep:
        from .states import pack_states

        extra["states"] = pack_states([Kept(math.inf, whole, x, angle)])
    return sb.Moments(
        spin=spin,
        covariance=covariance,
        error_estimate=error_estimate(
            problem.N, spin, covariance, np.array([[error, 0.0, 0.0, 0.0, 0.0, error, error, problem.N * error]])
        ),
        diagnostics={**diagnostics, "residual": residual, "gap": None if math.isnan(gap) else gap},
        extra=extra,
    )


def _span(layout: Layout, b: int) -> slice:
    """Where block `b` stands in a state array."""
    first = int(layout.firsts[b])
    return slice(first, first + int(layout.sizes[b]) ** 2)


def _largest_rate(generator: Any) -> float:
    """Size of the generator's entries."""
    if isinstance(generator, PopulationGenerator):
        return float(np.abs(generator.loss).max(initial=0.0))
    return float(generator.largest_entry)


def _null_vector(model: sb.SpinModel, layout: Layout, diagonal: bool) -> tuple[Array, float]:
    """State array (or populations) of trace 1 with Lx = 0, and the slowest rate, about."""
    if diagonal:
        matrix = PopulationGenerator(model, layout).matrix()
        return _solved(matrix, np.arange(matrix.shape[0]), layout)
    real = not any(term.transposed for term in _terms(model, layout))
    sparse = sparse_generator(model, layout, symmetric=real and layout.size > _SMALL)
    unknowns, gap = _solved(sparse.matrix, sparse.populations, layout)
    return sparse.spread(unknowns, layout.size), gap


def _terms(model: sb.SpinModel, layout: Layout) -> Any:
    from .stencil import generator_terms

    return generator_terms(model, layout)


def _solved(matrix: Any, traced: NDArray[np.int64], layout: Layout) -> tuple[Array, float]:
    """Null vector with Σ over `traced` equal to 1, and the smallest other eigenvalue by modulus, about."""
    from scipy import sparse
    from scipy.sparse.linalg import splu

    n = matrix.shape[0]
    if n == 1:
        return np.ones(1), math.inf
    scale = float(np.abs(matrix.data).max(initial=0.0))
    where = int(traced[-1])
    row = (np.full(len(traced), scale), (np.full(len(traced), where), traced))
    bordered = sparse.csc_array(matrix + sparse.csc_array(row, shape=(n, n)))
    try:
        factors = splu(bordered)
    except RuntimeError as error:
        raise _not_unique(layout) from error
    right = np.zeros(n)
    right[where] = scale
    x: Array = factors.solve(right)
    # One step of refinement.
    x += factors.solve(right - bordered @ x)
    vector = np.cos(np.arange(n) * 1.7)
    growth = 0.0
    for _ in range(_ITERATIONS):
        vector /= np.linalg.norm(vector)
        # Without a trace, so that the eigenvalue that was put in stays out.
        vector[where] -= vector[traced].sum()
        vector = factors.solve(vector)
        growth = float(np.linalg.norm(vector))
    if not math.isfinite(growth) or not np.isfinite(x).all() or growth * scale * _NO_GAP > 1:
        raise _not_unique(layout)
    return x / x[traced].sum(), 1 / growth


def _not_unique(layout: Layout) -> sb.SteadyStateNotUniqueError:
    where = f" in the multiplets J = {layout.spins[0]:g}" if len(layout.spins) == 1 else ""
    return sb.SteadyStateNotUniqueError(
        f"the generator has more than one stationary state{where} (or relaxes too slowly to tell): "
        "add dissipation that couples them, or follow the start over finite times"
    )
