"""Models and states as QuTiP objects on the full space of 2^N states."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .errors import InvalidModelError

if TYPE_CHECKING:
    from qutip import Qobj

    from .model import SpinModel

__all__ = ["collective_spin", "spin_operators", "to_qutip"]

#: 2^14 amplitudes are 256 MiB as one dense operator column set; beyond that a brute-force object is a mistake.
MAX_SPINS = 14


def spin_operators(N: int) -> list[list[Qobj]]:
    """σ_a/2 of each spin on 2^N: ``[axis][spin]``, spin 0 first in the tensor product."""
    import qutip

    if N > MAX_SPINS:
        raise InvalidModelError(f"N = {N} spins have 2^{N} states: operators on them are made up to N = {MAX_SPINS}")
    one = qutip.qeye(2)
    halves = (qutip.sigmax() / 2, qutip.sigmay() / 2, qutip.sigmaz() / 2)
    return [[qutip.tensor([half if k == spin else one for k in range(N)]) for spin in range(N)] for half in halves]


def collective_spin(N: int) -> list[Qobj]:
    """(J_x, J_y, J_z) on 2^N."""
    return [reduce(lambda a, b: a + b, row) for row in spin_operators(N)]


def to_qutip(model: SpinModel) -> tuple[Qobj, list[Qobj]]:
    """Hamiltonian and collapse operators of `model` on 2^N."""
    import qutip

    singles = spin_operators(model.N)
    J = [reduce(lambda a, b: a + b, row) for row in singles]
    hamiltonian = qutip.qzero_like(J[0])
    h, K = model.h, model.K
    for a in range(3):
        if h[a]:
            hamiltonian = hamiltonian + h[a] * J[a]
        for b in range(3):
            if K[a, b]:
                hamiltonian = hamiltonian + K[a, b] * J[a] * J[b]
    collapse = [_combine(v, J) for v in _lindblad_vectors(model.collective)]
    for v in _lindblad_vectors(model.single):
        collapse += [_combine(v, [singles[a][spin] for a in range(3)]) for spin in range(model.N)]
    return hamiltonian, collapse


def _combine(vector: NDArray[np.complex128], operators: list[Qobj]) -> Qobj:
    terms = [complex(v) * operator for v, operator in zip(vector, operators, strict=True) if v]
    return reduce(lambda a, b: a + b, terms)


def _lindblad_vectors(matrix: NDArray[np.complex128]) -> list[NDArray[np.complex128]]:
    """Vectors v with matrix = Σ v v†, from its eigenvectors; those of round-off size are dropped."""
    values, vectors = np.linalg.eigh(matrix)
    top = values[-1]
    return [np.sqrt(value) * vectors[:, k] for k, value in enumerate(values) if value > 1e-15 * top > 0]
