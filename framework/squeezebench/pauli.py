"""The adjoint (Heisenberg-picture) generator in the basis of Pauli products on one and two spins.

A permutation-symmetric Lindbladian with two-body terms is a sum over spins and over pairs of spins. What it does to a
product of Pauli matrices on distinct spins is therefore said completely by three small real tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from .model import SpinModel

__all__ = ["PauliTables", "pauli_tables"]

Array = NDArray[np.float64]

#: (1, σ_x, σ_y, σ_z), shape (4, 2, 2).
_PAULI = np.array([[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]], dtype=np.complex128)

#: Entries below this fraction of a table's largest one are what is left of terms that cancel.
_ROUND_OFF = 1e-15


@dataclass(frozen=True)
class PauliTables:
    r"""Action of :math:`\mathcal L^\dagger` on Pauli products; index 0 is the identity, 1, 2, 3 are x, y, z.

    Attributes
    ----------
    single : ndarray (3, 4)
        One spin by itself, the self terms of the collective dissipator included:
        :math:`\mathcal L^\dagger_i \sigma_a = \sum_c` ``single[a, c]`` :math:`\sigma_c`.
    inside : ndarray (3, 3, 4, 4)
        One unordered pair of spins, both of which carry a Pauli matrix:
        :math:`\mathcal L^\dagger_{ij}\sigma_a^i\sigma_b^j = \sum_{cd}` ``inside[a, b, c, d]``
        :math:`\sigma_c^i\sigma_d^j`.
    outside : ndarray (3, 4, 4)
        The same with nothing on the second spin: :math:`\mathcal L^\dagger_{ij}\sigma_a^i = \sum_{cd}`
        ``outside[a, c, d]`` :math:`\sigma_c^i\sigma_d^j`.

    Notes
    -----
    The first index of the tables counts x, y, z from 0. `inside` and `outside` are symmetrised over (c, d), and
    `inside` over (a, b), which changes nothing in a permutation-symmetric state. Entries are in the model's rate unit.
    """

    single: Array
    inside: Array
    outside: Array


def pauli_tables(model: SpinModel) -> PauliTables:
    r"""Tables of the adjoint generator of `model`.

    For :math:`\mathcal D\rho = \sum_{ab}c_{ab}(A_a\rho A_b - \{A_bA_a, \rho\}/2)` the adjoint is
    :math:`\mathcal D^\dagger O = \sum_{ab}c_{ab}(A_bOA_a - \{A_bA_a, O\}/2)`. With :math:`A_a = \sum_i\sigma_a^i/2` the
    terms of one spin go to ``single`` and those of a pair, in both orders, to ``inside`` and ``outside``.

    Parameters
    ----------
    model : SpinModel
        Any; its canonical form (h, K, collective, single) is used. N does not enter.

    Returns
    -------
    PauliTables
        ``single`` (3, 4), ``inside`` (3, 3, 4, 4), ``outside`` (3, 4, 4), in the model's rate unit.

    Examples
    --------
    Decay of one spin: σ_z → −γ(1 + σ_z).

    >>> from squeezebench import SpinModel
    >>> pauli_tables(SpinModel(N=1, emission=2.0)).single[2].tolist()
    [-2.0, 0.0, 0.0, -2.0]
    """
    units = _unit_tables()
    # The collective dissipator acts on a single spin as a single-spin dissipator with the same matrix; J·K·J adds only
    # a constant there, because K is symmetric.
    local = model.single + model.collective
    # Plain products: numpy's general contraction takes three times as long as these, and maps have many models.
    single = (model.h[None].astype(complex) @ units.field + local.reshape(1, 9) @ units.local).reshape(4, 4)
    coupled = model.K.reshape(1, 9).astype(complex) @ units.coupling + model.collective.reshape(1, 9) @ units.cross
    pair = coupled.reshape(4, 4, 4, 4)
    pair = (pair + pair.transpose(0, 1, 3, 2)) / 2
    inside = pair[1:, 1:]
    return PauliTables(
        single=_cleaned(single[1:]),
        inside=_cleaned((inside + inside.transpose(1, 0, 2, 3)) / 2),
        outside=_cleaned(pair[1:, 0]),
    )


@dataclass(frozen=True)
class _UnitTables:
    """Tables of each term with coefficient 1; the generator is linear in its coefficients.

    `field` (3, 4 × 4) and `local` (3 × 3, 4 × 4) act on one spin, `coupling` and `cross` (3 × 3, 4 × 4 × 4 × 4) on a
    pair: the coefficient's indices first, then the operator acted on, then the result.
    """

    field: NDArray[np.complex128]
    local: NDArray[np.complex128]
    coupling: NDArray[np.complex128]
    cross: NDArray[np.complex128]


@lru_cache(maxsize=1)
def _unit_tables() -> _UnitTables:
    spin = _PAULI[1:] / 2
    first = np.array([np.kron(s, _PAULI[0]) for s in spin])
    second = np.array([np.kron(_PAULI[0], s) for s in spin])
    pairs = np.array([np.kron(p, q) for p in _PAULI for q in _PAULI])
    field = np.array([_expand(lambda O, A=A: 1j * (A @ O - O @ A), _PAULI) for A in spin])
    local = np.array([[_expand(_dissipator(A, B), _PAULI) for B in spin] for A in spin])
    coupling = np.zeros((3, 3, 16, 16), dtype=np.complex128)
    cross = np.zeros((3, 3, 16, 16), dtype=np.complex128)
    for a in range(3):
        for b in range(3):
            H = first[a] @ second[b] + second[a] @ first[b]
            coupling[a, b] = _expand(lambda O, H=H: 1j * (H @ O - O @ H), pairs)
            cross[a, b] = _expand(_dissipator(first[a], second[b]), pairs)
            cross[a, b] += _expand(_dissipator(second[a], first[b]), pairs)
    return _UnitTables(field.reshape(3, 16), local.reshape(9, 16), coupling.reshape(9, 256), cross.reshape(9, 256))


def _dissipator(A: Any, B: Any) -> Any:
    """O ↦ BOA − ½{BA, O}."""
    BA = B @ A
    return lambda O: B @ O @ A - (BA @ O + O @ BA) / 2


def _expand(action: Any, basis: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """Matrix of `action` in an orthogonal basis of operators: [operator acted on, component of the result]."""
    results = np.array([action(O) for O in basis])
    matrix: NDArray[np.complex128] = np.einsum("cij,oji->oc", basis, results) / basis.shape[1]
    return matrix


def _cleaned(table: NDArray[np.complex128]) -> Array:
    """Real part with the remains of cancelled terms set to 0, so that sparse kernels skip them; read-only."""
    real = table.real.copy()
    real[np.abs(real) <= _ROUND_OFF * np.abs(real).max(initial=0.0)] = 0.0
    real.flags.writeable = False
    return real
