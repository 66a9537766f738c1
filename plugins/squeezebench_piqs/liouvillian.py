"""PIQS's Liouvillian, whole or restricted to the rows and columns of the J blocks."""

from __future__ import annotations

from typing import Any

import numpy as np

from squeezebench import SpinModel
from squeezebench.interop_piqs import hamiltonian

from .layout import Layout, spin_matrices

__all__ = ["restricted", "stock"]


def _ensemble(model: SpinModel, operator: Any = None) -> Any:
    """PIQS's ensemble with the model's named rates."""
    from qutip import piqs

    return piqs.Dicke(
        model.N,
        hamiltonian=operator,
        emission=model.emission,
        pumping=model.pumping,
        dephasing=model.dephasing,
        collective_emission=model.collective_emission,
        collective_pumping=model.collective_pumping,
        collective_dephasing=model.collective_dephasing,
    )


def _further(model: SpinModel) -> list[tuple[int, int, complex]]:
    """(a, b, c_ab) of the collective matrix that is no named rate: Σ c_ab (J_aρJ_b − ½{J_bJ_a, ρ}) is to be added."""
    if model.collective_matrix is None:
        return []
    matrix = np.array(model.collective_matrix)
    return [(a, b, complex(matrix[a, b])) for a in range(3) for b in range(3) if matrix[a, b]]


def stock(model: SpinModel) -> Any:
    """The Liouvillian over all pairs of Dicke states, n_ds² × n_ds², as PIQS's user gets it.

    Parameters
    ----------
    model : SpinModel
        Without a single-spin matrix.

    Returns
    -------
    qutip.Qobj
        Superoperator.
    """
    import qutip
    from qutip import piqs

    whole = _ensemble(model, hamiltonian(model)).liouvillian()
    spin = piqs.jspin(model.N)
    for a, b, rate in _further(model):
        product = spin[b] * spin[a]
        term = qutip.sprepost(spin[a], spin[b]) - 0.5 * (qutip.spre(product) + qutip.spost(product))
        whole = whole + rate * term
    return whole


def restricted(model: SpinModel, layout: Layout) -> Any:
    """The rows and columns of the Liouvillian that the entries inside the J blocks need.

    PIQS's dissipator couples these to one another only, and so does every commutator with a function of J. The
    dissipator is PIQS's own; the commutator, which PIQS would store for all pairs of Dicke states, is made block by
    block.

    Parameters
    ----------
    model : SpinModel
        Without a single-spin matrix.
    layout : Layout
        The blocks to keep; all J if the model has single-spin rates.

    Returns
    -------
    scipy.sparse.csr_matrix (layout.size, layout.size)
        Complex.
    """
    from scipy import sparse

    dissipator = _ensemble(model).lindbladian().to("csr").data.as_scipy()
    kept = dissipator[layout.positions][:, layout.positions]
    h, K = model.h, model.K
    parts = []
    for J in layout.spins:
        spin = spin_matrices(J)
        energy = sum(h[a] * spin[a] + sum(K[a, b] * (spin[a] @ spin[b]) for b in range(3)) for a in range(3))
        one = sparse.eye_array(spin[0].shape[0], format="csr")
        # The vector has the columns of ρ one after the other: AρB becomes (Bᵀ ⊗ A)ρ.
        part = -1j * (sparse.kron(one, energy) - sparse.kron(energy.T, one))
        for a, b, rate in _further(model):
            product = spin[b] @ spin[a]
            loss = 0.5 * (sparse.kron(one, product) + sparse.kron(product.T, one))
            part = part + rate * (sparse.kron(spin[b].T, spin[a]) - loss)
        parts.append(part)
    total = sparse.csr_matrix(kept + sparse.block_diag(parts, format="csr"))
    total.eliminate_zeros()
    return total
