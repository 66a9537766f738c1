"""Moments from the ten numbers that every representation gives, and how much ξ² changes with them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from squeezebench.angular import cos, sin

__all__ = ["moments_of", "xi2_change"]

Array = NDArray[np.float64]

#: Size of the change, relative to the moments, at which the derivative of ξ² is taken.
_SMALL = 1e-6


def moments_of(numbers: Array, angle: float) -> tuple[Array, Array]:
    """⟨J⟩ (T, 3) and covariance (T, 3, 3) in the state of trace 1, from (T, 10) numbers of `kernels.block_moments`."""
    trace = numbers[:, 0]
    z, zz, across = (numbers[:, 1:4] / trace[:, None]).T
    turn = complex(cos(angle), -sin(angle))
    plus, z_plus, plus_plus = (
        (numbers[:, i] + 1j * numbers[:, i + 1]) / trace * turn**n for i, n in ((4, 1), (6, 1), (8, 2))
    )
    spin = np.stack([plus.real, plus.imag, z], axis=-1)
    second = np.empty((len(numbers), 3, 3))
    second[:, 0, 0], second[:, 1, 1] = (across + plus_plus.real) / 2, (across - plus_plus.real) / 2
    second[:, 0, 1] = second[:, 1, 0] = plus_plus.imag / 2
    second[:, 0, 2] = second[:, 2, 0] = z_plus.real
    second[:, 1, 2] = second[:, 2, 1] = z_plus.imag
    second[:, 2, 2] = zz
    return spin, second - spin[:, :, None] * spin[:, None, :]


def xi2_change(numbers: Array, change: Array, N: float) -> float:
    """|dξ²| for a small change of the ten numbers, to first order; NaN where ξ² has no value.

    Parameters
    ----------
    numbers, change : ndarray (10,)
        As `kernels.block_moments` gives them.
    N : float
        Number of spins.
    """
    from squeezebench.observables.kernels import xi2_wineland

    largest = float(np.abs(change / np.maximum(np.abs(numbers), N * N * 1e-3)).max())
    if largest == 0 or numbers[0] == 0:
        return 0.0
    scale = min(_SMALL / largest, 1e300)
    spin, covariance = moments_of(np.array([numbers, numbers + scale * change]), 0.0)
    before, after = (xi2_wineland(spin[i], covariance[i], N) for i in (0, 1))
    return abs(float(after) - float(before)) / scale
