r"""The generator in the Dicke basis: what it takes from where, as sums of products of row and column factors.

With spherical components :math:`T_\pm = T_x \pm iT_y`, :math:`T_0 = T_z`, the Kossakowski matrices c and s become
:math:`U^T c\,U^*` and :math:`U^T s\,U^*`, and the master equation for the weighted blocks reads

.. math::

    \dot P_J = G_J P_J + P_J G_J^\dagger + \sum_{\Delta=-1}^{1} w_\Delta \sum_{pq} \kappa^\Delta_{pq}\,
       V^\Delta_p P_{J-\Delta} V_q^{\Delta\dagger},

where :math:`\langle J+\Delta, M+p|V_p^\Delta|J, M\rangle` are the vector-operator coefficients (Wigner and Eckart),
:math:`\kappa^{\pm1} = s`, :math:`\kappa^0 = c + w_0 s`, and G = −iH minus half of the loss is pentadiagonal. With J
that of the source, the weights are

.. math::

    w_0 = \frac{N/2+1}{2J(J+1)}, \qquad w_{-1} = \frac{N/2+J+1}{2J(2J+1)}, \qquad
    w_{+1} = \frac{N/2-J}{2(J+1)(2J+1)}.

Sources: Condon and Shortley, The Theory of Atomic Spectra (1935), section 9³, for the coefficients; Chase and Geremia,
Phys. Rev. A 78, 052101 (2008), and Shammah et al., Phys. Rev. A 98, 063815 (2018), for the weights.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

import squeezebench as sb

__all__ = [
    "PLUS",
    "amplitude",
    "bands",
    "closes_on_populations",
    "extents",
    "frame_angle",
    "spherical",
    "turned_model",
    "weight",
]

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]

#: Spherical components in the order of every matrix here: what T_p adds to M.
PLUS = (1, -1, 0)

#: (T_x, T_y, T_z) = U (T_+, T_-, T_0).
_U = np.array([[0.5, 0.5, 0.0], [-0.5j, 0.5j, 0.0], [0.0, 0.0, 1.0]])

_LEVI_CIVITA = np.zeros((3, 3, 3))
for _a, _b, _c in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
    _LEVI_CIVITA[_a, _b, _c], _LEVI_CIVITA[_b, _a, _c] = 1.0, -1.0

#: Multiplets larger than this are not diagonalised to know how far their energies reach.
_LARGE = 1500

#: Entries below this fraction of a matrix's largest are what a rotation leaves of zero.
_ROUND_OFF = 1e-15


def spherical(kossakowski: Complex) -> Complex:
    """Matrix κ (3, 3) over (+, −, 0) of Σ c_ab T_a ρ T_b = Σ κ_pq T_p ρ T_q†."""
    return _clean(_U.T @ kossakowski @ _U.conj())


def _clean(matrix: Complex) -> Complex:
    """`matrix` with real and imaginary parts of round-off size set to zero."""
    limit = _ROUND_OFF * np.abs(matrix).max(initial=0.0)
    real = np.where(np.abs(matrix.real) > limit, matrix.real, 0.0)
    return np.asarray(real + 1j * np.where(np.abs(matrix.imag) > limit, matrix.imag, 0.0))


def amplitude(delta: int, p: int, J: Array, M: Array) -> Array:
    """⟨J + delta, M + p|V_p|J, M⟩ up to the weight; 0 where |J, M⟩ or its image does not exist.

    Parameters
    ----------
    delta : {-1, 0, 1}
        Change of J.
    p : {-1, 0, 1}
        Change of M; V_±1 stands for T_x ± iT_y.
    J, M : ndarray
        The source.
    """
    if delta == 0:
        square = M**2 if p == 0 else J * (J + 1) - M * (M + p)
        sign = np.sign(M) if p == 0 else 1.0
    elif delta == -1:
        square = (J - M) * (J + M) if p == 0 else (J - p * M) * (J - p * M - 1)
        sign = 1.0 if p == 0 else float(p)
    else:
        square = (J - M + 1) * (J + M + 1) if p == 0 else (J + p * M + 1) * (J + p * M + 2)
        sign = 1.0 if p == 0 else float(-p)
    exists = (np.abs(M) <= J) & (np.abs(M + p) <= J + delta) & (J >= 0)
    return np.asarray(np.where(exists, sign * np.sqrt(np.where(exists, square, 0.0)), 0.0))


def weight(delta: int, N: int, J: Array) -> Array:
    """w_delta(J), J that of the source; 0 where there is nothing to go to."""
    half = N / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        if delta == 0:
            value = (half + 1) / (2 * J * (J + 1))
        elif delta == -1:
            value = (half + J + 1) / (2 * J * (2 * J + 1))
        else:
            value = (half - J) / (2 * (J + 1) * (2 * J + 1))
    return np.where((J > 0) if delta <= 0 else (half > J), value, 0.0)


def bands(model: sb.SpinModel, J: Array, M: Array) -> dict[int, Complex]:
    """Bands of G = −iH − ½ Σ c_ab J_bJ_a − ½ Σ_i Σ s_ab s_b^i s_a^i: d → ⟨J, M + d|G|J, M⟩, for d = −2 … 2.

    Parameters
    ----------
    model : SpinModel
        What acts.
    J, M : ndarray (R,)
        The column that each entry belongs to.
    """
    s = model.single
    linear = -1j * model.h - 0.25j * np.einsum("bac,ab->c", _LEVI_CIVITA, s)
    quadratic = _clean(_U.T @ (-1j * model.K - 0.5 * model.collective.T) @ _U)
    linear = _clean(_U.T @ linear)
    result = {d: np.zeros(len(J), dtype=np.complex128) for d in range(-2, 3)}
    result[0] -= model.N * np.trace(s).real / 8
    for i, p in enumerate(PLUS):
        first = amplitude(0, p, J, M)
        result[p] += linear[i] * first
        for k, q in enumerate(PLUS):
            result[p + q] += quadratic[k, i] * first * amplitude(0, q, J, M + p)
    return result


def frame_angle(model: sb.SpinModel) -> float:
    """Angle about z that turns the drive to +y, where −iΩJ_y is real; 0 without a drive in the plane."""
    x, y, _ = model.h
    return math.atan2(x, y) if x or y else 0.0


def turned_model(model: sb.SpinModel, angle: float) -> sb.SpinModel:
    """Model of the state U ρ U†, U = exp(−i·angle·J_z)."""
    if angle == 0:
        return model
    R = sb.Rotation("z", angle).matrix
    quarters = angle / (math.pi / 2)
    if quarters == round(quarters):
        R = np.round(R)
    h, K = R @ model.h, R @ model.K @ R.T
    # The drive points along +y by the choice of the angle: what is left along x is round-off.
    h = np.where(np.abs(h) > _ROUND_OFF * np.abs(h).max(), h, 0.0)
    K = np.where(np.abs(K) > _ROUND_OFF * np.abs(K).max(), K, 0.0)
    return sb.SpinModel.general(
        model.N, h, (K + K.T) / 2, _clean(R @ model.collective @ R.T), _clean(R @ model.single @ R.T)
    )


def closes_on_populations(model: sb.SpinModel) -> bool:
    """Whether populations ⟨J, M|ρ|J, M⟩ couple to one another only: the model is symmetric under rotations about z."""
    h, K = model.h, model.K
    isotropic = h[0] == h[1] == 0 and K[0, 0] == K[1, 1] and K[0, 1] == K[0, 2] == K[1, 2] == 0
    matrices = (spherical(model.collective), spherical(model.single))
    return bool(isotropic and all(not (m - np.diag(np.diag(m))).any() for m in matrices))


def extents(model: sb.SpinModel, spins: Sequence[float], diagonal: bool = False) -> tuple[float, float]:
    """How far the spectrum of the generator reaches along the negative real and along the imaginary axis, about.

    Of a collective dissipator, gain and loss together reach to twice the loss; single-spin decays add up to N times
    that of one spin. The imaginary extent is the spread of the energies.
    """
    from scipy.linalg import eigvals_banded

    J = max(spins)
    M = np.arange(round(2 * J) + 1, dtype=np.float64) - J
    G = bands(sb.SpinModel.general(model.N, model.h, model.K, model.collective), np.full(len(M), J), M)
    # Gershgorin's circles where a loss that is not diagonal adds to it.
    dissipative = {d: 0.5 * (G[d] + _hermitian_partner(G, d)) for d in G}
    loss = float(np.max(-dissipative[0].real + sum(np.abs(dissipative[d]) for d in (-2, -1, 1, 2))))
    decay = 4 * max(loss, 0.0) + model.N * float(np.trace(model.single).real) / 2
    if diagonal:
        return decay, 0.0
    lower = np.zeros((min(3, len(M)), len(M)), dtype=np.complex128)
    for d in range(len(lower)):
        lower[d] = 0.5j * (G[d] - _hermitian_partner(G, d))
    if len(M) > _LARGE:  # Gershgorin's circles, which reach further by a half at most for a drive
        radius = sum(np.abs(0.5j * (G[d] - _hermitian_partner(G, d))) for d in (-2, -1, 1, 2))
        return decay, float(np.max(lower[0].real + radius) - np.min(lower[0].real - radius))
    energies = eigvals_banded(lower, lower=True)
    return decay, float(np.ptp(energies))


def _hermitian_partner(G: dict[int, Complex], d: int) -> Complex:
    """Band d of G†: the conjugate of ⟨M|G|M + d⟩ at column M."""
    result = np.zeros_like(G[d])
    if d >= 0:
        result[: len(result) - d] = G[-d][d:].conj()
    else:
        result[-d:] = G[-d][:d].conj()
    return result
