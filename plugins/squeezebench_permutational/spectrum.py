"""How far the spectrum of a generator on multipoles reaches, from a Krylov space."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

import squeezebench as sb

from .multipoles import MultipoleGenerator

__all__ = ["reach_of", "ritz_values"]

Array = NDArray[np.float64]

#: Krylov vectors; products that it costs.
_VECTORS = 30
#: A Krylov space tells the extent better than the estimates for which `series` has its margin.
_NEARER = 0.85
#: Share of the rate at which all spins jump that is added to the real extent: it may be missed if few J are looked at.
_JUMPS = 0.3


def ritz_values(generator: Any, x: Array, count: int = _VECTORS) -> NDArray[np.complex128]:
    """Arnoldi's estimates of the outer eigenvalues, from a start `x` that is overwritten."""
    unused = np.zeros_like(x)
    # Not by BLAS, whose threads wait for one another longer than these products take.
    V = np.zeros((count + 1, len(x)))
    V[0] = x / np.sqrt(np.einsum("i,i", x, x))
    H = np.zeros((count + 1, count))
    for j in range(count):
        out = V[j + 1]
        np.copyto(x, V[j])
        generator.apply(x, out, unused, 1.0, 0.0, 0.0, 0.0)
        H[: j + 1, j] = np.einsum("ij,j->i", V[: j + 1], out)
        out -= np.einsum("ij,i->j", V[: j + 1], H[: j + 1, j])
        H[j + 1, j] = np.sqrt(np.einsum("i,i", out, out))
        if H[j + 1, j] <= 1e-12 * np.abs(H).max():
            count = j + 1
            break
        out /= H[j + 1, j]
    return np.asarray(np.linalg.eigvals(H[:count, :count]))


def reach_of(generator: MultipoleGenerator, model: sb.SpinModel) -> tuple[float, float]:
    """Extents along the negative real and the imaginary axis (`algebra.extents`), from a Krylov space."""
    layout = generator.layout
    rng = np.random.default_rng(0)
    x = layout.zeros()
    view = layout.view(x)
    view[...] = rng.normal(size=view.shape)
    k = np.repeat(np.arange(layout.K + 1), np.arange(1, layout.K + 2))
    if layout.planes > 1:
        view[1, np.cumsum(np.arange(layout.K + 1))] = 0.0
    for i, J in enumerate(layout.spins):
        view[:, k > 2 * J, i] = 0.0
    layout.cut(x)
    values = ritz_values(generator, x)
    single = model.N * float(np.trace(model.single).real) / 2
    return max(float(-values.real.min()), 0.0) + _JUMPS * single, _NEARER * float(np.abs(values.imag).max())
