r"""Moments of one-axis twisting with decoherence, exact at any N.

For H = ηJ_z² + δJ_z with emission γ₋, pumping γ₊, dephasing γ_φ (rates a spin) and collective dephasing Γ_φ, an
operator with total coherence order m evolves as if every other spin saw the twist as a field along z (Foss-Feig,
Hazzard, Bollinger and Rey, Phys. Rev. A 87, 042101 (2013)). From a product state with Bloch vector (x, y, z) and
c = (x + iy)/2,

.. math::

    v_m = e^{(W + i\eta m\sigma_z)t}\,\tfrac12\binom{1 + z}{1 - z}, \quad
    W = \begin{pmatrix} -\gamma_- & \gamma_+ \\ \gamma_- & -\gamma_+\end{pmatrix}, \quad
    S_m = (1, 1)\cdot v_m, \quad Z_m = (1, -1)\cdot v_m,

.. math::

    q &= c\,e^{-(\gamma_-+\gamma_++\gamma_\phi)t/2}, \qquad
    \langle\sigma^+\rangle = q\,e^{i\delta t - \Gamma_\phi t/2}\,S_1^{N-1}, \\
    \langle\sigma^+\sigma^+\rangle &= q^2 e^{2i\delta t - 2\Gamma_\phi t}\,S_2^{N-2}, \qquad
    \langle\sigma^+\sigma^-\rangle = |q|^2, \\
    \langle\sigma^+\sigma_z\rangle &= q\,e^{i\delta t - \Gamma_\phi t/2}\,S_1^{N-2} Z_1, \qquad
    \langle\sigma_z\sigma_z\rangle = Z_0^2.

At the squeezing minimum ηt ~ N^(−2/3): S_m is close to 1, and the covariance is a small difference of these products.
So nothing here is formed as such a difference. With ω = ηm, g = (γ₋ + γ₊)/2, k = (γ₋ − γ₊)/2 and
Λ² = g² − ω² − 2ikω, the excesses C = e^(−gt)(cosh Λt − cosh gt) and H = e^(−gt)(sinh Λt/Λ − sinh gt/g) come from
products of expm1 or from a series in their common factor Λ² − g², and
S_m − 1 = C + gH + iωz(f + H) with f = (1 − e^(−2gt))/2g.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Twisting", "moments"]

Real = NDArray[np.float64]
Complex = NDArray[np.complexfloating[Any, Any]]

#: |Λt|², (gt)² up to which the series is used, and its number of terms: the first one left out is below
#: 15·4¹⁴/31! ≈ 5e-25 of the leading one.
_SERIES_RADIUS = 4.0
_SERIES_TERMS = 14


@dataclass(frozen=True)
class Twisting:
    """Parameters of the closed form, rates in one unit.

    Attributes
    ----------
    N : int
        Number of spins.
    twisting, field : float
        η and δ: coefficients of J_z² and J_z.
    mean_rate, half_difference : float
        g = (γ₋ + γ₊)/2 and k = (γ₋ − γ₊)/2 of emission γ₋ and pumping γ₊.
    dephasing, collective_dephasing : float
        γ_φ and Γ_φ.
    bloch_vector : (float, float, float)
        Start of every spin.
    """

    N: int
    twisting: float
    field: float
    mean_rate: float
    half_difference: float
    dephasing: float
    collective_dephasing: float
    bloch_vector: tuple[float, float, float]


def moments(model: Twisting, times: Real) -> tuple[Real, Real]:
    """⟨J⟩ and the symmetrised covariance of J.

    Parameters
    ----------
    model : Twisting
        What acts, and the start.
    times : ndarray (T,)
        In the inverse of the rates' unit.

    Returns
    -------
    spin : ndarray (T, 3)
        ⟨J_a⟩.
    covariance : ndarray (T, 3, 3)
        ½⟨J_aJ_b + J_bJ_a⟩ − ⟨J_a⟩⟨J_b⟩, each entry to a few units in the last place of the largest of the entries that
        rotations about z mix with it, plus the round-off of the precession angle.
    """
    N = model.N
    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
        transverse, z, pp, pm, pz = _pair_cumulants(model, times)
    x, y = 2 * transverse.real, 2 * transverse.imag
    mean = np.stack([x, y, z], axis=-1)
    pair = np.zeros((len(times), 3, 3))
    # ⟨σ_aσ_b⟩ − ⟨σ_a⟩⟨σ_b⟩ of two spins, from those of σ^± = (σ_x ± iσ_y)/2.
    pair[:, 0, 0] = 2 * (pm + pp.real)
    pair[:, 1, 1] = 2 * (pm - pp.real)
    pair[:, 0, 1] = pair[:, 1, 0] = 2 * pp.imag
    pair[:, 0, 2] = pair[:, 2, 0] = 2 * pz.real
    pair[:, 1, 2] = pair[:, 2, 1] = 2 * pz.imag
    own = np.eye(3) - mean[:, :, None] * mean[:, None, :]
    return N / 2 * mean, N / 4 * own + N / 4 * (N - 1) * pair


def _pair_cumulants(model: Twisting, t: Real) -> tuple[Complex, Real, Complex, Real, Complex]:
    """⟨σ⁺⟩, ⟨σ_z⟩ and the pair cumulants of σ⁺σ⁺, σ⁺σ⁻, σ⁺σ_z, each of shape (T,)."""
    N, g, k = model.N, model.mean_rate, model.half_difference
    x, y, z0 = model.bloch_vector
    omega = model.twisting
    relaxed = -np.expm1(-2 * g * t) / (2 * g) if g else t.copy()
    drift = 2 * (g * z0 + k)
    z = z0 - drift * relaxed

    C1, H1 = _excesses(t, omega, g, k, relaxed)
    C2, H2 = _excesses(t, 2 * omega, g, k, relaxed)
    u1 = C1 + g * H1 + 1j * omega * z0 * (relaxed + H1)
    u2 = C2 + g * H2 + 2j * omega * z0 * (relaxed + H2)
    # S₂ − S₁² = u₂ − 2u₁ − u₁² with the parts that are linear in ω left out where they cancel.
    gap = (C2 - 2 * C1) + g * (H2 - 2 * H1) + 2j * omega * z0 * (H2 - H1) - u1 * u1
    # Z₁ − Z₀S₁
    tilt = drift * (relaxed * C1 - (1 - g * relaxed) * H1) + 1j * omega * (1 - z0 * z) * (relaxed + H1)

    log1, log2 = _log1p(u1), _log1p(u2)
    coherence = 0.5 * complex(x, y) * np.exp(-(g + 0.5 * model.dephasing) * t)
    turning = coherence * np.exp(1j * model.field * t - 0.5 * model.collective_dephasing * t)
    transverse = turning * _power(log1, N - 1)
    if N == 1:
        nothing = np.zeros_like(t)
        return transverse, z, nothing + 0j, nothing, nothing + 0j

    lost = model.collective_dephasing * t
    pm = -(np.abs(coherence) ** 2) * np.expm1(2 * (N - 1) * log1.real - lost)
    pz = turning * _power(log1, N - 2) * tilt
    ratio = gap / (1 + u1) ** 2
    exponent = (N - 2) * _log1p(ratio) - 2 * log1 - lost
    # Far apart, the two products are subtracted as they are; and S₁ = 0 at the collapse leaves no other way.
    near = (np.abs(ratio) < 0.5) & (np.abs(exponent) < 1)
    apart = (turning * np.exp(-0.5 * lost)) ** 2 * _power(log2, N - 2) - transverse**2
    pp = np.where(near, transverse**2 * _expm1(np.where(near, exponent, 0)), apart)
    return transverse, z, pp, pm, pz


def _excesses(t: Real, omega: float, g: float, k: float, relaxed: Real) -> tuple[Complex, Complex]:
    """C and H of the module's docstring, shape (T,): e^(−gt) times what ω adds to cosh and to sinh/Λ."""
    square = -(omega**2 + 2j * k * omega)  # Λ² − g²
    root = np.sqrt(g * g + square)
    above = root + g
    below = square / above if above else 0.0 * square  # Λ − g
    grown, gone = _expm1(below * t), _expm1(-above * t)
    C: Complex = -0.5 * gone * grown
    # H by the series in Λ², where Λ and g are small in units of 1/t; otherwise by a quotient, whose terms are then
    # well apart, or, where Λ alone vanishes, as a plain difference.
    y1, y2 = (root * t) ** 2, (g * t) ** 2
    small = np.maximum(np.abs(y1), y2) <= _SERIES_RADIUS
    H = (0.5 * (2 + gone) * grown - below * relaxed) / (root if root else 1.0)
    H = np.where(np.abs(y1) < 1, t * np.exp(-g * t) * _series(np.where(np.abs(y1) < 1, y1, 0)) - relaxed, H)
    a, b = np.where(small, y1, 0), np.where(small, y2, 0)
    return C, np.where(small, t * np.exp(-g * t) * square * t**2 * _divided_series(a, b), H)


def _series(y: Complex) -> Complex:
    """sinh(√y)/√y for |y| < 1."""
    total, term = np.ones_like(y), np.ones_like(y)
    for n in range(1, _SERIES_TERMS):
        term = term * y / ((2 * n) * (2 * n + 1))
        total = total + term
    return total


def _divided_series(a: Complex, b: Real) -> Complex:
    """(s(a) − s(b))/(a − b) for s(y) = sinh(√y)/√y = Σ yⁿ/(2n+1)!, |a|, |b| ≤ 4, without the difference."""
    total = np.zeros_like(a)
    polynomial = np.ones_like(a)  # Σ_{j<n} a^j b^(n−1−j)
    power = np.ones_like(b)  # bⁿ⁻¹
    factorial = 1.0
    for n in range(1, _SERIES_TERMS + 1):
        factorial *= (2 * n) * (2 * n + 1)
        total = total + polynomial / factorial
        power = power * b
        polynomial = a * polynomial + power
    return total


def _expm1(z: Complex) -> Complex:
    """e^z − 1, each part accurate for small z."""
    half = np.sin(0.5 * z.imag)
    real = np.expm1(z.real) * np.cos(z.imag) - 2 * half * half
    result: Complex = real + 1j * (np.exp(z.real) * np.sin(z.imag))
    return result


def _log1p(u: Complex) -> Complex:
    """log(1 + u), its real part accurate for small u, where NumPy's is not."""
    near = 0.5 * np.log1p(u.real * (2 + u.real) + u.imag**2)
    real = np.where(np.abs(u) < 0.5, near, np.log(np.abs(1 + u)))
    result: Complex = real + 1j * np.arctan2(u.imag, 1 + u.real)
    return result


def _power(log: Complex, n: int) -> Complex:
    """(e^log)ⁿ; 1 for n = 0 even of a base 0, whose log is −inf."""
    if n == 0:
        return np.ones_like(log)
    angle = n * log.imag
    result: Complex = np.exp(n * log.real) * (np.cos(angle) + 1j * np.sin(angle))
    return result
