"""The master equation on all 2^N states: the independent answer for a handful of spins."""

from __future__ import annotations

from functools import reduce

import numpy as np

import squeezebench as sb

PAULI = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]], dtype=complex)


def liouvillian(model):
    """Sparse superoperator on column-stacked density matrices."""
    import qutip

    return qutip.liouvillian(*model.to_qutip()).to("CSR").data.as_scipy()


def collective(N):
    """(J_x, J_y, J_z) as dense matrices."""
    from squeezebench.interop import collective_spin

    return [J.full() for J in collective_spin(N)]


def product(bloch, N):
    """Density matrix of N spins with the same Bloch vector."""
    one = (np.eye(2) + np.tensordot(np.asarray(bloch, dtype=float), PAULI, 1)) / 2
    return reduce(np.kron, [one] * N)


def density_matrix(state, N):
    """A coherent or Dicke state on 2^N."""
    if isinstance(state, sb.DickeState):
        J = collective(N)
        mark = sum(j @ j for j in J) + 1000 * J[2]
        values, vectors = np.linalg.eigh(mark)
        kept = vectors[:, np.abs(values - state.J * (state.J + 1) - 1000 * state.M) < 1e-6]
        return kept @ kept.conj().T / kept.shape[1]
    return product(state.bloch_vector(N), N)


def evolved(model, rho, duration):
    """ρ after `duration`."""
    from scipy.sparse.linalg import expm_multiply

    if duration == 0:
        return rho
    after = expm_multiply(liouvillian(model) * duration, rho.reshape(-1, order="F"))
    return after.reshape(rho.shape, order="F")


def rotation(N, axis, angle):
    """exp(−i·angle·n·J)."""
    from scipy.linalg import expm

    return expm(-1j * angle * np.tensordot(np.asarray(axis), np.array(collective(N)), 1))


def moments_of(rho, N):
    """⟨J⟩ and its symmetrised covariance in ρ."""
    J = collective(N)
    mean = np.array([np.trace(rho @ j).real for j in J])
    products = np.array([[np.trace(rho @ (a @ b + b @ a)).real / 2 for b in J] for a in J])
    return mean, products - np.outer(mean, mean)


def moments(problem):
    """Spin (T, 3) and covariance (T, 3, 3) of a problem, schedules included."""
    N = problem.N
    rho = density_matrix(problem.initial_state, N)
    spin, covariance = [], []
    for step in problem.segments():
        for turn in step.rotations:
            U = rotation(N, turn.axis, turn.angle)
            rho = U @ rho @ U.conj().T
        now = step.start
        for t in step.times:
            rho, now = evolved(step.model, rho, t - now), t
            mean, cov = moments_of(rho, N)
            spin.append(mean)
            covariance.append(cov)
        rho = evolved(step.model, rho, step.stop - now)
    return np.array(spin), np.array(covariance)


def random_model(rng, N):
    """Every term of the canonical form at once, with complex Kossakowski matrices."""
    K, c, s = rng.normal(size=(3, 3)), complex_normal(rng), complex_normal(rng)
    return sb.SpinModel.general(N, rng.normal(size=3), K + K.T, c @ c.conj().T / 3, s @ s.conj().T / 3)


def complex_normal(rng):
    return rng.normal(size=(3, 3)) + 1j * rng.normal(size=(3, 3))


def named_models(N):
    """One model for each named coupling and each axis and sign of the drive, by name."""
    couplings = {
        "chi": 0.7,
        "twisting": -0.6,
        "collective_emission": 0.8,
        "collective_pumping": 0.5,
        "collective_dephasing": 0.9,
        "emission": 1.1,
        "pumping": 0.4,
        "dephasing": 1.3,
    }
    models = {name: sb.SpinModel(N=N, **{name: value}) for name, value in couplings.items()}
    models["minus_chi"] = sb.SpinModel(N=N, chi=-0.7)
    for axis in range(3):
        models["drive_" + "xyz"[axis]] = sb.SpinModel(N=N, drive=tuple((-1.2 if a == axis else 0.0) for a in range(3)))
    models["all"] = sb.SpinModel(N=N, drive=(1.0, -0.3, 0.2), **couplings)
    return models
