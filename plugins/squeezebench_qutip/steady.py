"""The steady state that a start leads to.

A permutation-symmetric model maps the permutation-symmetric operators onto themselves. They are spanned by the
C(N+3, 3) sums of |i⟩⟨j| over all pairs of basis states that permutations of the spins turn into each other, so that the
part of the Liouvillian that matters is a small dense matrix, whose spectrum tells what remains of a start in the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from squeezebench import Context, SolverError, SpinModel, SteadyStateNotUniqueError

if TYPE_CHECKING:
    from qutip import Qobj

__all__ = ["reduced_liouvillian", "steady_state", "symmetric_classes"]

#: Decay slower than this fraction of the largest rate cannot be told from none: it is the round-off of the spectrum.
_SLOWEST = 1e-12

#: Largest residual |𝓛ρ|, relative to the largest rate, of an answer of qutip.steadystate that is used.
_RESIDUAL = 1e-12

#: Up to here the sparse LU factors of the full Liouvillian fill in little enough: 0.2 s at N = 5, 6 s at N = 6.
_MAX_SPINS_DIRECT = 5


def steady_state(model: SpinModel, rho0: Qobj, context: Context) -> tuple[Qobj, str]:
    """Limit of ρ(t) for t → ∞ from `rho0`, and the method that found it.

    Parameters
    ----------
    model : SpinModel
        What acts.
    rho0 : Qobj
        Permutation-symmetric start on 2^N.
    context : Context
        Asked between the stages whether to go on.

    Returns
    -------
    (Qobj, str)
        The state, and ``"steadystate"`` (QuTiP's direct solution on 2^N, where only one state is stationary) or
        ``"projection"`` (of the start on what does not decay).

    Raises
    ------
    SteadyStateNotUniqueError
        If the start ends in an oscillation, or relaxes too slowly to tell.
    """
    import qutip

    N = model.N
    hamiltonian, collapse = model.to_qutip()
    labels = symmetric_classes(N)
    sizes = np.bincount(labels)
    small = reduced_liouvillian(hamiltonian, collapse, labels, context)
    context.check()
    start = np.sqrt(sizes) * (_class_sums(rho0.full(), labels) / sizes)
    limit, remaining = _long_time_limit(small, start)
    if remaining == 1 and not model.is_collective and N <= _MAX_SPINS_DIRECT:
        liouvillian = qutip.liouvillian(hamiltonian, collapse)
        rho = qutip.steadystate(liouvillian)
        residual = liouvillian.data.as_scipy() @ rho.full().reshape(-1, order="F")
        # States that are not symmetric may be stationary beside the symmetric one; then the equations that QuTiP
        # solved were singular.
        if np.abs(residual).max() < _RESIDUAL * np.abs(small).max():
            return rho, "steadystate"
    matrix = (limit / np.sqrt(sizes))[labels].reshape(2**N, 2**N)
    return qutip.Qobj(matrix, dims=rho0.dims), "projection"


def symmetric_classes(N: int) -> NDArray[np.int64]:
    """Class of each |i⟩⟨j| under permutations of the spins, shape (4^N,), row-major in (i, j).

    Two of them are in one class when equally many spins are |up⟩⟨up|, |up⟩⟨down| and |down⟩⟨up|.
    """
    pairs = np.arange(4**N, dtype=np.int64)
    i, j = pairs >> N, pairs & (2**N - 1)
    both = i & j
    code = (_bits(both) * (N + 1) + _bits(i ^ both)) * (N + 1) + _bits(j ^ both)
    labels: NDArray[np.int64] = np.unique(code, return_inverse=True)[1].reshape(-1)
    return labels


def _bits(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number of ones among the binary digits of each of `values` ≥ 0."""
    ones = np.zeros_like(values)
    while values.any():
        ones += values & 1
        values = values >> 1
    return ones


def _class_sums(matrix: NDArray[np.complex128], labels: NDArray[np.int64]) -> NDArray[np.complex128]:
    """Sum of the matrix elements of each class."""
    flat = matrix.reshape(-1)
    sums: NDArray[np.complex128] = np.bincount(labels, flat.real) + 1j * np.bincount(labels, flat.imag)
    return sums


def reduced_liouvillian(
    hamiltonian: Qobj, collapse: list[Qobj], labels: NDArray[np.int64], context: Context
) -> NDArray[np.complex128]:
    """Matrix of the Liouvillian in the orthonormal basis of the symmetric operators, shape (C(N+3, 3),) · 2.

    Parameters
    ----------
    hamiltonian, collapse : Qobj, list of Qobj
        On 2^N.
    labels : ndarray (4^N,)
        From `symmetric_classes`.
    context : Context
        Asked between the columns whether to go on.
    """
    from scipy import sparse

    dim = hamiltonian.shape[0]
    sizes = np.bincount(labels)
    order = np.split(np.argsort(labels, kind="stable"), np.cumsum(sizes)[:-1])
    jumps = [operator.to("CSR").data.as_scipy().tocsr() for operator in collapse]
    effective = -1j * hamiltonian.to("CSR").data.as_scipy().tocsr()
    for jump in jumps:
        effective = effective - 0.5 * (jump.conj().T @ jump)
    result = np.empty((len(sizes), len(sizes)), dtype=np.complex128)
    for k, members in enumerate(order):
        context.check()
        entries = np.full(len(members), 1 / np.sqrt(sizes[k]))
        operator = sparse.csr_array((entries, np.divmod(members, dim)), shape=(dim, dim))
        image = effective @ operator + operator @ effective.conj().T
        for jump in jumps:
            image = image + jump @ operator @ jump.conj().T
        image = image.tocoo()
        where = labels[image.coords[0].astype(np.int64) * dim + image.coords[1]]
        column = np.bincount(where, image.data.real, len(sizes)) + 1j * np.bincount(where, image.data.imag, len(sizes))
        result[:, k] = column / np.sqrt(sizes)
    return result


def _long_time_limit(generator: NDArray[np.complex128], start: NDArray[np.complex128]) -> tuple[Any, int]:
    """Limit of exp(generator t) start, and the number of modes that do not decay.

    With the Schur form (T₁₁, T₁₂; 0, T₂₂), T₁₁ holding what does not decay, the projection on it along the rest is
    Q₁ (1, X) Q†, T₁₁X − XT₂₂ = T₁₂.
    """
    from scipy.linalg import schur, solve_sylvester

    scale = np.abs(generator).sum(axis=0).max()
    if scale == 0:
        return start, len(start)
    triangle, Q, count = schur(generator / scale, output="complex", sort=lambda value: value.real > -_SLOWEST)
    if count == 0:
        raise SolverError("the Liouvillian has no eigenvalue 0 to round-off: its rates differ by too much to tell")
    kept = Q[:, :count].conj().T @ start
    if count < len(start):
        X = solve_sylvester(triangle[:count, :count], -triangle[count:, count:], triangle[:count, count:])
        kept = kept + X @ (Q[:, count:].conj().T @ start)
    drift = np.abs(triangle[:count, :count] @ kept).max() / np.abs(kept).max()
    if drift > _SLOWEST:
        raise SteadyStateNotUniqueError(
            f"this start leads to no steady state: {count} modes do not decay, and those it holds oscillate "
            "(or relax too slowly to tell); add dissipation, or give finite times"
        )
    return Q[:, :count] @ kept, count
