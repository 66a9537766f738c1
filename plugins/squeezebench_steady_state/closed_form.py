"""Moments of the collective steady state from the sums over its weights."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

__all__ = ["mixture_moments", "sector_moments"]

Array = NDArray[np.float64]


def sector_moments(J: float, alpha: complex) -> tuple[Array, Array]:
    r"""Spin and symmetrised covariance of :math:`\rho \propto A A^\dagger`, :math:`A = (J_- - \alpha)^{-1}`, in one J.

    With weights :math:`w_n = |\alpha|^{-2n} (N+n+1)!\, n!^2 / ((2n+1)!\,(N-n)!)`, N = 2J, averages E over them, and
    r = 1 − w_0/S, p = w_1/S,

    .. math::

        \langle J_-\rangle &= \alpha r, \qquad \langle J_z\rangle = -E[n]/2, \qquad
        \langle J_+J_-\rangle = |\alpha|^2 r, \\
        \langle J_-^2\rangle - \langle J_-\rangle^2 &= \alpha^2 (r(1-r) - p), \\
        \mathrm{cov}(J_z, J_-) &= \alpha ((1-r)\langle J_z\rangle + r/2), \\
        \mathrm{var} J_z &= (\mathrm{var}(n) + 2|\alpha|^2 E[1/n; n \ge 1])/4.

    The last line follows from J² = J(J+1) and the recursion of the weights summed over n; unlike J² it is a sum of
    positive terms, so that no digits are lost at large N.

    Parameters
    ----------
    J : float
        Total spin ≥ 0.
    alpha : complex
        α = −i(Ω_x − iΩ_y)/(Γ + 2iχ).

    Returns
    -------
    spin : ndarray (3,)
        ⟨J_a⟩.
    covariance : ndarray (3, 3)
        ½⟨J_aJ_b + J_bJ_a⟩ − ⟨J_a⟩⟨J_b⟩.

    Notes
    -----
    Puri and Lawande, Phys. Lett. A 72, 200 (1979); Drummond, Phys. Rev. A 22, 1179 (1980); with χ, Tucker et al.,
    Phys. Rev. A 102, 051701(R) (2020).
    """
    from .kernels import sector_sums

    size = abs(alpha)
    mean, variance, inverse, first, second, beyond = sector_sums(round(2 * J), size)
    r = second + beyond
    z = -0.5 * mean
    lowering = alpha * r
    # The difference r(1 − r) − p in the form whose terms are small where the difference is: w_0 and w_1 vanish
    # below threshold, r far above it.
    excess = r * first - second if r > 0.5 else beyond - r * r
    anisotropy = alpha * excess * alpha
    transverse = size * (r * first) * size - z
    mixed = alpha * (first * z + 0.5 * r)
    xx = 0.5 * (transverse + anisotropy.real)
    yy = 0.5 * (transverse - anisotropy.real)
    xy = -0.5 * anisotropy.imag
    zz = 0.25 * (variance + 2 * size * inverse * size)
    spin = np.array([lowering.real, -lowering.imag, z])
    xz, yz = mixed.real, -mixed.imag
    return spin, np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])


def mixture_moments(sectors: Iterable[tuple[float, float]], alpha: complex) -> tuple[Array, Array]:
    """Spin and covariance of a mixture of steady states of different total spin.

    Parameters
    ----------
    sectors : iterable of (J, weight)
        Total spins and their probabilities, which sum to 1.
    alpha : complex
        α, the same for all.

    Returns
    -------
    spin : ndarray (3,)
        Weighted mean.
    covariance : ndarray (3, 3)
        Law of total covariance: the mean of the covariances plus the covariance of the means.
    """
    listed = list(sectors)
    weights = np.array([weight for _, weight in listed])
    parts = [sector_moments(J, alpha) for J, _ in listed]
    spins = np.array([spin for spin, _ in parts])
    mean = weights @ spins
    apart = spins - mean
    within = np.einsum("k,kab->ab", weights, np.array([covariance for _, covariance in parts]))
    return mean, within + (weights[:, None] * apart).T @ apart
