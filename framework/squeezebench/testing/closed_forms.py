"""Closed forms for any number of spins, written from the literature and not from a solver."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["collective_course", "collective_steady_state", "mean_field", "twisting"]

Array = NDArray[np.float64]


def twisting(model: Any, bloch: Any, times: Array) -> tuple[Array, Array]:
    r"""Moments under H = ηJ_z² + δJ_z with emission, pumping, dephasing and collective dephasing.

    Another spin's populations, under an operator of total coherence order m, obey v_m' = (W + iηmσ_z)v_m with
    W = [[−γ₋, γ₊], [γ₋, −γ₊]] (Foss-Feig, Hazzard, Bollinger and Rey, Phys. Rev. A 87, 042101 (2013)).

    Parameters
    ----------
    model : SpinModel
        With no other couplings.
    bloch : (float, float, float)
        Bloch vector of every spin at the start.
    times : ndarray (T,)
        In the inverse of the rates' unit.

    Returns
    -------
    spin, covariance : ndarray (T, 3), (T, 3, 3)
        By plain products: to some 1e-12 of N²/4.
    """
    from scipy.linalg import expm

    N, eta, delta = model.N, model.twisting, model.drive[2]
    down, up, lost = model.emission, model.pumping, model.dephasing
    x, y, z = (float(value) for value in bloch)
    start = np.array([(1 + z) / 2, (1 - z) / 2], dtype=complex)
    W = np.array([[-down, up], [down, -up]], dtype=complex)
    signs = np.array([1.0, -1.0])
    spin, covariance = np.empty((len(times), 3)), np.empty((len(times), 3, 3))
    for k, t in enumerate(times):
        v = [expm((W + 1j * eta * m * np.diag(signs)) * t) @ start for m in range(3)]
        norm, tilt = [w.sum() for w in v], [signs @ w for w in v]
        q = (x + 1j * y) / 2 * np.exp(-(down + up + lost) * t / 2)
        turn = np.exp(1j * delta * t - model.collective_dephasing * t / 2)
        plus = q * turn * norm[1] ** (N - 1)
        mean = np.array([2 * plus.real, 2 * plus.imag, tilt[0].real])
        pair = np.zeros((3, 3))
        if N > 1:
            pp = q**2 * np.exp(2j * delta * t - 2 * model.collective_dephasing * t) * norm[2] ** (N - 2)
            pm, pz = abs(q) ** 2, q * turn * norm[1] ** (N - 2) * tilt[1]
            pair[0, 0], pair[1, 1], pair[2, 2] = 2 * (pm + pp.real), 2 * (pm - pp.real), tilt[0].real ** 2
            pair[0, 1] = pair[1, 0] = 2 * pp.imag
            pair[0, 2] = pair[2, 0] = 2 * pz.real
            pair[1, 2] = pair[2, 1] = 2 * pz.imag
        spin[k] = N / 2 * mean
        covariance[k] = N / 4 * np.eye(3) + N * (N - 1) / 4 * pair - np.outer(spin[k], spin[k])
    return spin, covariance


def collective_steady_state(model: Any) -> tuple[Array, Array]:
    r"""Moments of the steady state under χ, a drive along x and y, and collective emission, in the multiplet J = N/2.

    ρ ∝ AA† with A = (J₋ − α)⁻¹ and α = −i(Ω_x − iΩ_y)/(Γ + 2iχ): the steady state of cooperative resonance
    fluorescence (Puri and Lawande, Phys. Lett. A 72, 200 (1979)). Dense, for tens of spins.

    Returns
    -------
    spin, covariance : ndarray (1, 3), (1, 3, 3)
    """
    N = model.N
    M = np.arange(N / 2, -N / 2 - 1, -1)
    lowering = np.diag(np.sqrt(N / 2 * (N / 2 + 1) - M[:-1] * M[1:]), -1)
    alpha = -1j * complex(model.drive[0], -model.drive[1]) / complex(model.collective_emission, 2 * model.chi)
    A = np.linalg.inv(lowering - alpha * np.eye(N + 1))
    rho = A @ A.conj().T
    rho = rho / np.trace(rho)
    J = np.array([(lowering + lowering.T) / 2, (lowering.T - lowering) / 2j, np.diag(M)])
    spin = np.einsum("aij,ji->a", J, rho).real
    raw = np.einsum("aij,bjk,ki->ab", J, J, rho).real
    return spin[None], ((raw + raw.T) / 2 - np.outer(spin, spin))[None]


def collective_course(problem: Any) -> tuple[Array, Array]:
    """Moments under collective terms alone, from a pure product state: the master equation in the multiplet J = N/2.

    Dense matrices from the textbook's J_z and J±, for ten or twenty spins; nothing of a solver is used.

    Returns
    -------
    spin, covariance : ndarray (T, 3), (T, 3, 3)
    """
    from scipy.linalg import expm
    from scipy.sparse import csr_array, eye_array, kron
    from scipy.sparse.linalg import expm_multiply

    model, N, times = problem.model, problem.N, problem.times
    M = np.arange(N / 2, -N / 2 - 1, -1)
    lowering = np.diag(np.sqrt(N / 2 * (N / 2 + 1) - M[:-1] * M[1:]), -1)
    raising, Jz = lowering.T, np.diag(M)
    J = np.array([(lowering + raising) / 2, (raising - lowering) / 2j, Jz])
    H = model.chi * raising @ lowering + model.twisting * Jz @ Jz + np.einsum("a,aij->ij", np.array(model.drive), J)
    one = eye_array(N + 1, format="csr")
    total = -1j * (kron(csr_array(H), one) - kron(one, csr_array(H.T)))
    rates = (model.collective_emission, model.collective_pumping, model.collective_dephasing)
    for rate, jump in zip(rates, (lowering, raising, Jz), strict=True):
        lost = jump.T @ jump
        total = total + rate * (
            kron(csr_array(jump), csr_array(jump)) - (kron(csr_array(lost), one) + kron(one, csr_array(lost))) / 2
        )
    x, y, z = (float(value) for value in problem.initial_state.bloch_vector(N))
    # The coherent state is the highest state along its own axis: turned there from z about the axis across both.
    angle, across = np.arccos(np.clip(z, -1, 1)), np.array([-y, x, 0.0])
    norm = np.linalg.norm(across)
    across = across / norm if norm > 0 else np.array([1.0, 0.0, 0.0])
    psi = expm(-1j * angle * np.einsum("a,aij->ij", across, J))[:, 0]
    rho, now = np.outer(psi, psi.conj()).ravel(), 0.0
    spin, covariance = np.empty((len(times), 3)), np.empty((len(times), 3, 3))
    for k, t in enumerate(times):
        if t > now:
            rho, now = expm_multiply(csr_array(total) * (t - now), rho), float(t)
        matrix = rho.reshape(N + 1, N + 1)
        spin[k] = np.einsum("aij,ji->a", J, matrix).real
        raw = np.einsum("aij,bjk,ki->ab", J, J, matrix).real
        covariance[k] = (raw + raw.T) / 2 - np.outer(spin[k], spin[k])
    return spin, covariance


def mean_field(model: Any, bloch: Any, times: Array) -> Array:
    r"""2⟨J⟩/N in the limit N → ∞ at fixed NΓ, Nχ, Nη and Ω, shape (T, 3), of the named couplings.

    Every spin sees the field of all others: with n = N, s' = b × s + dissipation, b = (Ω_x + nχx, Ω_y + nχy,
    Ω_z + nηz); collective emission adds nΓ'(xz, yz, −(x² + y²))/2 with Γ' = Γ − Γ↑.
    """
    from scipy.integrate import solve_ivp

    N, O = model.N, np.array(model.drive)
    net = model.collective_emission - model.collective_pumping
    decay = model.emission + model.pumping + model.dephasing

    def slope(_: float, s: Array) -> Array:
        x, y, z = s
        field = O + N * np.array([model.chi * x, model.chi * y, model.twisting * z])
        turned = np.cross(field, s)
        drawn = N * net / 2 * np.array([x * z, y * z, -(x * x + y * y)])
        single = np.array([-decay * x / 2, -decay * y / 2, model.pumping * (1 - z) - model.emission * (1 + z)])
        return np.asarray(turned + drawn + single)

    found = solve_ivp(slope, (0.0, float(times[-1])), np.asarray(bloch), t_eval=times, rtol=1e-9, atol=1e-11)
    return np.asarray(found.y.T)
