"""Permutation-symmetric states as density matrices on 2^N."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from squeezebench.angular import spin_values
from squeezebench.interop import collective_spin
from squeezebench.states import State

if TYPE_CHECKING:
    from qutip import Qobj

__all__ = ["coupled_basis", "density_matrix", "rotation_operator"]


def density_matrix(state: State, N: int) -> Qobj:
    r"""Density matrix of `state` for N spins, tensor product of N two-level systems, spin 0 first, up first.

    A product state is :math:`((1 + s\cdot\sigma)/2)^{\otimes N}`. Every other is
    :math:`\sum_J w_J d_J^{-1} \sum_\alpha |J, M, \alpha\rangle \rho_J^{MM'} \langle J, M', \alpha|`, α counting the
    d_J multiplets of total spin J.

    Parameters
    ----------
    state : State
        With everything that depends on the model filled in.
    N : int
        Number of spins.
    """
    import qutip

    if state.is_product:
        x, y, z = state.bloch_vector()
        one = (qutip.qeye(2) + x * qutip.sigmax() + y * qutip.sigmay() + z * qutip.sigmaz()) / 2
        return qutip.tensor([one] * N)
    blocks = {J: (weight, matrix) for J, weight, matrix in state.dicke_blocks(N)}
    total = np.zeros((2**N, 2**N), dtype=np.complex128)
    for J, basis in coupled_basis(N, lowest=min(blocks)):
        if J in blocks:
            weight, matrix = blocks[J]
            copies = basis.shape[2]
            flat = basis.reshape(2**N, -1)
            coupled = np.einsum("imc,mn->inc", basis, matrix).reshape(2**N, -1)
            total += weight / copies * (coupled @ flat.T)
    return qutip.Qobj(total, dims=[[2] * N, [2] * N])


def coupled_basis(N: int, lowest: float = 0.0) -> Iterator[tuple[float, NDArray[np.float64]]]:
    """Orthonormal bases |J, M, α⟩ of 2^N, largest J first.

    The highest-weight vectors of J span the kernel of J₊ among the states with M = J; the others follow from them with
    J₋|J, M⟩ = √((J + M)(J − M + 1)) |J, M − 1⟩.

    Parameters
    ----------
    N : int
        Number of spins.
    lowest : float
        Smallest J to make.

    Yields
    ------
    (float, ndarray (2^N, 2J+1, d_J))
        J and the vectors, M = −J, …, J; they are real.
    """
    from scipy.linalg import null_space

    spin_x, spin_y, spin_z = collective_spin(N)
    lowering = (spin_x - 1j * spin_y).to("CSR").data.as_scipy().real.tocsr()
    m = np.rint(2 * spin_z.diag().real) / 2
    for J in spin_values(N):
        if lowest > J:
            return
        states = np.flatnonzero(m == J)
        above = np.flatnonzero(m == J + 1)
        raising = lowering.T[above][:, states].toarray()
        top = null_space(raising) if len(above) else np.eye(len(states))
        vectors = np.zeros((2**N, round(2 * J) + 1, top.shape[1]))
        vectors[states, -1] = top
        for k in range(vectors.shape[1] - 1, 0, -1):
            vectors[:, k - 1] = lowering @ vectors[:, k] / np.sqrt(k * (2 * J + 1 - k))
        yield J, vectors


def rotation_operator(rotation: Any, N: int) -> Qobj:
    """exp(−i·angle·n·J) on 2^N: the same rotation of each spin.

    Parameters
    ----------
    rotation : Rotation
        Axis n and angle.
    N : int
        Number of spins.
    """
    import qutip

    x, y, z = rotation.axis
    half = rotation.angle / 2
    generator = x * qutip.sigmax() + y * qutip.sigmay() + z * qutip.sigmaz()
    return reduce(qutip.tensor, [np.cos(half) * qutip.qeye(2) - 1j * np.sin(half) * generator] * N)
