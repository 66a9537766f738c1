r"""Answers that no solver had a part in: the master equation on all 2^N states, in dense matrices.

In the canonical form of a model, with s_a = σ_a/2 and J_a = Σ_i s_a^i,

.. math::

    \dot\rho = -i[\mathbf h\cdot\mathbf J + \sum_{ab}K_{ab}J_aJ_b, \rho]
      + \sum_{ab} c_{ab}(J_a\rho J_b - \tfrac12\{J_bJ_a, \rho\})
      + \sum_i\sum_{ab} s_{ab}(s_a^i\rho s_b^i - \tfrac12\{s_b^is_a^i, \rho\}).

Everything here is written from these two lines: neither QuTiP nor any code of a solver is used.
"""

from __future__ import annotations

from functools import lru_cache, reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from squeezebench.problem import Problem, Segment
from squeezebench.states import DickeState, State

__all__ = ["MAX_SPINS", "reference_moments"]

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]

#: Liouvillians are 4^N × 4^N: 4096 × 4096 for six spins.
MAX_SPINS = 6

#: Numbers in ρ up to which the whole exponential is cheaper than its product with ρ over a long step (in 1/norm).
_SMALL, _LONG = 256, 100.0

_HALF_PAULI: Complex = 0.5 * np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]], dtype=np.complex128)


@lru_cache(maxsize=8)
def _single_spins(N: int) -> Complex:
    """s_a of spin i, shape (N, 3, 2^N, 2^N)."""
    one = np.eye(2)
    return np.array(
        [[reduce(np.kron, [half if k == i else one for k in range(N)]) for half in _HALF_PAULI] for i in range(N)]
    )


def _liouvillian(model: Any) -> Any:
    """Matrix that takes the rows of ρ, one after another, to those of dρ/dt, sparse."""
    from scipy.sparse import csr_array, eye_array, kron

    spins = _single_spins(model.N)
    J = spins.sum(axis=0)
    h, K = np.asarray(model.h), np.asarray(model.K)
    H = csr_array(np.einsum("a,aij->ij", h, J) + sum(K[a, b] * J[a] @ J[b] for a in range(3) for b in range(3)))
    one = eye_array(H.shape[0], format="csr")
    total = -1j * (kron(H, one, "csr") - kron(one, H.T, "csr"))
    for matrix, families in ((np.asarray(model.collective), [J]), (np.asarray(model.single), list(spins))):
        # c = Σ_k λ_k v_k v_k†: each eigenvector is one jump operator.
        rates, vectors = np.linalg.eigh(matrix)
        for operators in families:
            for rate, vector in zip(rates, vectors.T, strict=True):
                if abs(rate) <= 1e-15 * np.abs(rates).max():
                    continue
                jump = csr_array(np.einsum("a,aij->ij", vector, operators))
                lost = jump.conj().T @ jump
                total = total + rate * (kron(jump, jump.conj(), "csr") - (kron(lost, one) + kron(one, lost.T)) / 2)
    return csr_array(total)


def _density_matrix(state: State, N: int) -> Complex:
    product = state.as_product(N)
    if product is not None:
        bloch = np.asarray(product.bloch_vector(N))
        one = np.eye(2) / 2 + np.einsum("a,aij->ij", bloch, _HALF_PAULI)
        return np.asarray(reduce(np.kron, [one] * N))
    if not isinstance(state, DickeState):
        raise TypeError(f"the reference starts from product and Dicke states, not from {state!r}")
    J = _single_spins(N).sum(axis=0)
    # J² and J_z commute; for N ≤ 6, J(J + 1) and 1000 M cannot be mixed up.
    values, vectors = np.linalg.eigh(sum(j @ j for j in J) + 1000 * J[2])
    kept = vectors[:, np.abs(values - state.J * (state.J + 1) - 1000 * state.M) < 1e-6]
    return np.asarray(kept @ kept.conj().T / kept.shape[1])


def _moments(rho: Complex, N: int) -> tuple[Array, Array]:
    J = _single_spins(N).sum(axis=0)
    spin = np.array([np.trace(j @ rho).real for j in J])
    raw = np.array([[np.trace(a @ b @ rho).real for b in J] for a in J])
    return spin, (raw + raw.T) / 2 - np.outer(spin, spin)


@lru_cache(maxsize=512)
def reference_moments(problem: Problem) -> tuple[Array, Array]:
    """⟨J⟩ (T, 3) and the symmetrised covariance (T, 3, 3) at the problem's times.

    Parameters
    ----------
    problem : Problem
        Of at most `MAX_SPINS` spins, plain or with a schedule, from a product or a Dicke state, over finite times.

    Returns
    -------
    spin, covariance : ndarray (T, 3), (T, 3, 3)
        To some 1e-13 of N/2 and N²/4.
    """
    from scipy.linalg import expm
    from scipy.sparse.linalg import expm_multiply

    N, times = problem.N, problem.times
    rho = _density_matrix(problem.initial_state, N)
    J = _single_spins(N).sum(axis=0)
    entries = problem.schedule or (Segment(problem.model, float(times[-1]) or 1.0),)
    spin, covariance = np.empty((len(times), 3)), np.empty((len(times), 3, 3))
    found = [_moments(rho, N) for _ in times]  # at time 0; overwritten as time goes on
    now = 0.0
    for entry in entries:
        if not isinstance(entry, Segment):
            axis = {"x": (1, 0, 0), "y": (0, 1, 0), "z": (0, 0, 1)}.get(entry.axis, entry.axis)
            turn = expm(-1j * entry.angle * np.einsum("a,aij->ij", np.asarray(axis, dtype=float), J))
            rho = turn @ rho @ turn.conj().T
            later = times >= now - 1e-12 * max(1.0, now)
            found = [_moments(rho, N) if late else old for late, old in zip(later, found, strict=True)]
            continue
        generator, end = _liouvillian(entry.model), now + entry.duration
        trace, norm = complex(generator.trace()), float(abs(generator).sum(axis=0).max())
        stops = [(k, float(t)) for k, t in enumerate(times) if now < t <= end * (1 + 1e-12)]
        for k, stop in [*stops, (-1, end)]:
            step = stop - now
            if step > 0:
                flat = rho.reshape(-1)
                if len(flat) <= _SMALL and step * norm > _LONG:
                    rho = (expm(generator.toarray() * step) @ flat).reshape(rho.shape)
                else:
                    rho = expm_multiply(generator * step, flat, traceA=trace * step).reshape(rho.shape)
            now = stop
            if k >= 0:
                found[k] = _moments(rho, N)
        now = end
    for k, (mean, matrix) in enumerate(found):
        spin[k], covariance[k] = mean, matrix
    for array in (spin, covariance):
        array.flags.writeable = False
    return spin, covariance
