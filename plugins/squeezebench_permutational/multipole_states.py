"""Into multipoles and back: starts, blocks, and how many multipoles a state needs."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

import squeezebench as sb
from squeezebench.angular import block_weights, cos, sin

from .layout import Layout, aligned_zeros
from .multipole_layout import MultipoleLayout

__all__ = ["blocks_of", "multipoles_of", "multipoles_of_product", "needed_K"]

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]


def needed_K(shells: Array, tolerance: float) -> NDArray[np.int64]:
    """Smallest K beyond which the norm of what is cut stays below `tolerance`, for each column.

    Parameters
    ----------
    shells : ndarray (n, columns)
        Norm of the coefficients of k = 0, 1, ….
    tolerance : float
        Absolute.
    """
    beyond = np.sqrt(np.cumsum(shells[::-1] ** 2, axis=0)[::-1])
    result: NDArray[np.int64] = np.maximum(np.count_nonzero(beyond > tolerance, axis=0) - 1, 0)
    return result


def axial(N: int, spins: Sequence[float], length: float, weights: Sequence[float], K: int) -> Array:
    """c(J, k, 0) of the product state of spins along z, shape (K + 1, n_J)."""
    from .tensor_kernels import tensor_band

    result = np.zeros((K + 1, len(spins)))
    up, down = (1 + length) / 2, (1 - length) / 2
    for i, (J, share) in enumerate(zip(spins, weights, strict=True)):
        n = round(2 * J) + 1
        if down <= 0:  # |J, J⟩ in closed form: c_{k+1} = c_k √((2k+3)(2J−k)/((2k+1)(2J+k+2)))
            k = np.arange(min(K, n - 1), dtype=np.float64)
            steps = np.sqrt((2 * k + 3) * (2 * J - k) / ((2 * k + 1) * (2 * J + k + 2)))
            result[: len(k) + 1, i] = share * np.concatenate([[1.0], np.cumprod(steps)]) / math.sqrt(n)
            continue
        logs = np.arange(n) * (math.log(up) - math.log(down))
        populations = np.exp(logs - logs[-1])
        band = np.zeros((min(K + 1, n), n))
        tensor_band(n, 0, band)
        result[: len(band), i] = share * (band @ (populations / populations.sum()))
    return result


def multipoles_of_product(
    state: sb.CoherentSpinState, N: int, spins: Sequence[float], angle: float, tolerance: float, largest: int
) -> tuple[MultipoleLayout, Array]:
    """Layout and state array of U ρ U†, U = exp(−i·angle·J_z), of a product state.

    Parameters
    ----------
    state : CoherentSpinState
        All spins alike.
    N : int
        Number of spins.
    spins : sequence of float
        J of the layout, largest first.
    angle : float
        Radians.
    tolerance : float
        Norm that may be cut, relative.
    largest : int
        Largest K.
    """
    from .tensor_kernels import harmonics

    shares = dict(block_weights(state.dicke_blocks(N)))
    weights = [shares.get(J, 0.0) for J in spins]
    along = axial(N, spins, state.bloch_length, weights, max(largest, 2))
    norm = float(np.sqrt(np.sum(along**2)))
    K = max(2, int(needed_K(np.sqrt(np.sum(along**2, axis=1, keepdims=True)), tolerance * norm)[0]))
    layout = MultipoleLayout(N, spins, K)
    x = aligned_zeros(layout.size)
    turned = np.empty(layout.rows)
    harmonics(state.theta, K, turned)
    k = np.repeat(np.arange(K + 1), np.arange(1, K + 2))
    q = np.arange(layout.rows) - k * (k + 1) // 2
    phi = state.phi + angle
    phase = np.array([cos(m * phi) - 1j * sin(m * phi) for m in range(K + 1)])[q] * turned
    view = layout.view(x)
    view[0], view[1] = phase.real[:, None] * along[k], phase.imag[:, None] * along[k]
    return layout, x


def multipoles_of(layout: Layout, x: Array, planes_of: int, K: int) -> tuple[MultipoleLayout, Array]:
    """Multipoles up to K of a state in blocks, in the same frame."""
    from .tensor_kernels import tensor_band

    target = MultipoleLayout(layout.N, layout.spins, K, planes_of)
    y = aligned_zeros(target.size)
    view = target.view(y)
    for b, J in enumerate(layout.spins):
        n = round(2 * J) + 1
        block = layout.block(x, b)
        for q in range(min(target.K, n - 1) + 1):
            band = np.empty((min(target.K + 1, n) - q, n - q))
            tensor_band(n, q, band)
            k = np.arange(q, q + len(band))
            rows = k * (k + 1) // 2 + q
            # ⟨M + q|P|M⟩ = Re P + i Im P of X = Re P + Im P.
            below, above = np.diagonal(block, -q), np.diagonal(block, q)
            view[0, rows, b] = band @ (0.5 * (below + above))
            if target.planes > 1 and q:
                view[1, rows, b] = band @ (0.5 * (below - above))
    return target, y


def blocks_of(layout: MultipoleLayout, x: Array) -> tuple[Layout, Array]:
    """Blocks of a state in multipoles, in the same frame."""
    from .tensor_kernels import tensor_band

    target = Layout(layout.N, layout.spins)
    y = np.zeros(target.size)
    view = layout.view(x)
    for b, J in enumerate(layout.spins):
        n = round(2 * J) + 1
        block = target.block(y, b)
        for q in range(min(layout.K, n - 1) + 1):
            band = np.empty((min(layout.K + 1, n) - q, n - q))
            tensor_band(n, q, band)
            k = np.arange(q, q + len(band))
            rows = k * (k + 1) // 2 + q
            M = np.arange(n - q)
            real = view[0, rows, b] @ band
            imaginary = view[1, rows, b] @ band if layout.planes > 1 and q else 0.0
            block[M + q, M] = real + imaginary
            block[M, M + q] = real - imaginary
    return target, y
