"""Deviations of sampled results as sums over their blocks, and what each block adds to them.

With a centre (s₀, C₀), of the exact result or of all blocks together, a block's moments enter as s_b − s₀ and
C_b + (s_b − s₀)(s_b − s₀)ᵀ − C₀: linear in the state, so that their average vanishes exactly where the centre is right,
however few blocks there are. ξ² and N_eff enter by their derivatives at the centre.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from squeezebench.moments import Samples

__all__ = ["block_deviations", "common_centre"]

Array = NDArray[np.float64]
_UPPER = np.triu_indices(3)
#: Step of the derivatives, in units of N for the spin and of N²/4 for the covariance.
_STEP = 1e-6


def common_centre(every: Sequence[Samples]) -> tuple[Array, Array]:
    """Mean spin (T, 3) and covariance (T, 3, 3) of all blocks of all results together."""
    from squeezebench.sampling import pooled

    together = Samples(
        weight=np.concatenate([samples.weight for samples in every]),
        spin=np.concatenate([samples.spin for samples in every]),
        covariance=np.concatenate([samples.covariance for samples in every]),
        count=np.concatenate([samples.count for samples in every]),
        index0=np.arange(sum(len(samples.count) for samples in every)),
    )
    return pooled(together)


def block_deviations(samples: Samples, centre: tuple[Array, Array], observable: str, N: float) -> tuple[Array, Array]:
    """Deviation of the pooled blocks from the centre, and every block's residual.

    Parameters
    ----------
    samples : Samples
        B blocks at T times.
    centre : (ndarray (T, 3), ndarray (T, 3, 3))
        Mean spin and covariance.
    observable : str
        ``spin``, ``covariance``, ``xi2`` or ``n_eff``.
    N : float
        Number of spins.

    Returns
    -------
    deviation, residuals : ndarray (T, C), (B, T, C)
        d = Σ q_b y_b and q_b (y_b − d), with the shares q_b; components of the covariance: xx, xy, xz, yy, yz, zz.
    """
    there = samples.weight > 0
    share = np.where(there, samples.weight, 0.0)
    share = share / share.sum(axis=0)
    apart = np.where(there[..., None], samples.spin - centre[0], 0.0)
    second = samples.covariance + apart[..., :, None] * apart[..., None, :] - centre[1]
    upper = np.where(there[..., None], second[..., _UPPER[0], _UPPER[1]], 0.0)
    if observable == "spin":
        y = apart
    elif observable == "covariance":
        y = upper
    else:
        y = (np.concatenate([apart, upper], axis=-1) * _gradient(centre, observable, N)).sum(axis=-1, keepdims=True)
    d = (share[..., None] * y).sum(axis=0)
    return d, share[..., None] * (y - d)


def _gradient(centre: tuple[Array, Array], observable: str, N: float) -> Array:
    """Derivatives of ξ² or N_eff by the spin and the six covariances, shape (T, 9), as central differences."""
    from squeezebench.observables.kernels import HEIGHT, ROWS, observe

    T = len(centre[0])
    steps = np.array([_STEP * N] * 3 + [_STEP * N * N / 4] * 6)
    spins = np.repeat(centre[0][:, None, None], 9, axis=1).repeat(2, axis=2)  # (T, 9, 2, 3)
    matrices = np.repeat(centre[1][:, None, None], 9, axis=1).repeat(2, axis=2)
    for j in range(3):
        spins[:, j, 0, j] += steps[j]
        spins[:, j, 1, j] -= steps[j]
    for j, (a, b) in enumerate(zip(*_UPPER, strict=True), start=3):
        for side, sign in ((0, 1), (1, -1)):
            matrices[:, j, side, a, b] += sign * steps[j]
            matrices[:, j, side, b, a] = matrices[:, j, side, a, b]
    table = np.empty((HEIGHT, T * 18))
    flat = np.ascontiguousarray(spins.reshape(-1, 3)), np.ascontiguousarray(matrices.reshape(-1, 3, 3))
    observe(*flat, float(N), np.zeros(1), np.zeros(1), table)
    values = table[ROWS[observable][0]].reshape(T, 9, 2)
    gradient: Array = (values[..., 0] - values[..., 1]) / (2 * steps)
    return np.where(np.isfinite(gradient), gradient, 0.0)
