"""Models and states to and from QuTiP's PIQS, in its Dicke basis |J, M⟩: J = N/2, N/2 − 1, …, in each M = J … −J."""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .angular import spin_values
from .errors import InvalidModelError
from .validate import shown

if TYPE_CHECKING:
    from .angular import Block
    from .model import SpinModel

__all__ = ["blocks_from_piqs", "blocks_to_piqs", "hamiltonian", "model_from_piqs", "model_to_piqs", "reduced"]

#: PIQS's operators have (N/2 + 1)² rows and are made entry by entry in Python: beyond this they take minutes.
MAX_SPINS = 1000

_RATES = (
    "emission",
    "pumping",
    "dephasing",
    "collective_emission",
    "collective_pumping",
    "collective_dephasing",
)

#: A Hamiltonian may miss Hermiticity and its fit by this much, relative to its largest entry.
_HAMILTONIAN_TOLERANCE = 1e-9

#: Fitted coefficients are rounded at this fraction of what round-off of the largest entry makes of them, so that
#: the numbers that a Hamiltonian was made from come back as they were.
_FIT_ROUNDING = 1e-13


# ---------------------------------------------------------------- models


def reduced(model: SpinModel) -> SpinModel:
    """The same model with every part that the named couplings can express expressed by them."""
    if model.is_named:
        return model
    return type(model).general(model.N, model.h, model.K, model.collective, model.single, rate_unit=model.rate_unit)


def hamiltonian(model: SpinModel) -> Any:
    """H = h·J + J·K·J as a ``Qobj`` in PIQS's Dicke basis; None if it is zero.

    Raises
    ------
    InvalidModelError
        If N is too large for PIQS's operators.
    """
    from qutip import piqs

    if model.N > MAX_SPINS:
        raise InvalidModelError(f"N = {model.N} is too large for PIQS's operators: they are made up to N = {MAX_SPINS}")
    h, K = model.h, model.K
    if not h.any() and not K.any():
        return None
    J = piqs.jspin(model.N)
    total = 0.0 * J[2]
    for a in range(3):
        if h[a]:
            total = total + h[a] * J[a]
        for b in range(3):
            if K[a, b]:
                total = total + K[a, b] * (J[a] * J[b])
    return total


def model_to_piqs(model: SpinModel) -> Any:
    """`model` as a ``qutip.piqs.Dicke``.

    Raises
    ------
    InvalidModelError
        If a Kossakowski matrix does not reduce to emission, pumping and dephasing, which is all that PIQS knows.
    """
    from qutip import piqs

    named = reduced(model)
    for name in ("collective_matrix", "single_matrix"):
        if getattr(named, name) is not None:
            raise InvalidModelError(
                f"{name} does not reduce to emission, pumping and dephasing, the only dissipation of qutip.piqs.Dicke"
            )
    rates = {name: getattr(named, name) for name in _RATES}
    return piqs.Dicke(N=named.N, hamiltonian=hamiltonian(named), **rates)


def model_from_piqs(dicke: Any, model_type: type[SpinModel], rate_unit: str = "") -> SpinModel:
    """Model of the same physics as a ``qutip.piqs.Dicke``.

    H is fitted by h·J + J·K·J plus a constant, which has no effect and is dropped. For N = 1, where J_aJ_b is a
    constant or linear, K is zero.

    Raises
    ------
    InvalidModelError
        If this is no ``Dicke``, a rate is negative, or H is not Hermitian or not of this form.
    """
    from qutip import piqs

    if not isinstance(dicke, piqs.Dicke):
        raise InvalidModelError(f"dicke = {shown(dicke)} is no qutip.piqs.Dicke")
    N = dicke.N
    # PIQS itself takes 4.0 for 4.
    if isinstance(N, float) and N.is_integer():
        N = int(N)
    rates = {}
    for name in _RATES:
        value = getattr(dicke, name)
        rates[name] = value.item() if isinstance(value, numbers.Real) and isinstance(value, np.generic) else value
    plain = model_type(N=N, rate_unit=rate_unit, **rates)
    if dicke.hamiltonian is None:
        return plain
    h, K, places = _fitted(dicke.hamiltonian, plain.N)
    form = model_type.general(plain.N, h, K)
    x, y, z = form.drive
    return model_type(
        N=plain.N,
        chi=form.chi,
        drive=(x, y, round(z, places)),  # h_z − χ has a rounding error of its own
        twisting=form.twisting,
        quadratic=form.quadratic,
        rate_unit=rate_unit,
        **rates,
    )


def _fitted(operator: Any, N: int) -> tuple[NDArray[np.float64], NDArray[np.float64], int]:
    """h, K and the decimal places that h is good to, by least squares over the entries of a Dicke-basis Hamiltonian."""
    from qutip import piqs
    from scipy import sparse

    matrix = _sparse(operator, "hamiltonian", N)
    scale = float(np.abs(matrix.data).max(initial=0.0))
    h, K = np.zeros(3), np.zeros((3, 3))
    if scale == 0:
        return h, K, 0
    if not math.isfinite(scale):
        raise InvalidModelError("hamiltonian has an entry that is not finite")
    if np.abs((matrix - matrix.conj().T).data).max(initial=0.0) > _HAMILTONIAN_TOLERANCE * scale:
        raise InvalidModelError("hamiltonian is not Hermitian: its loss belongs in the rates of qutip.piqs.Dicke")
    J = [_sparse(j, "J", N) for j in piqs.jspin(N)]
    pairs = [(a, b) for a in range(3) for b in range(a, 3)] if N > 1 else []
    products = [J[a] @ J[b] + J[b] @ J[a] if a != b else J[a] @ J[a] for a, b in pairs]
    basis = [*J, *products, sparse.eye_array(matrix.shape[0], format="csr")]
    columns = sparse.hstack([sparse.coo_array(o).reshape((-1, 1)) for o in (*basis, matrix)]).tocsr()
    columns = columns[np.unique(columns.nonzero()[0])].toarray()
    columns = np.concatenate([columns.real, columns.imag])
    sizes = np.abs(columns[:, :-1]).max(axis=0)
    solution, *_ = np.linalg.lstsq(columns[:, :-1] / sizes, columns[:, -1])
    if np.abs(columns[:, :-1] @ (solution / sizes) - columns[:, -1]).max() > _HAMILTONIAN_TOLERANCE * scale:
        raise InvalidModelError(
            "hamiltonian is not h·J + J·K·J + constant in the Dicke basis: make it from products of qutip.piqs.jspin"
        )
    places = np.ceil(-np.log10(_FIT_ROUNDING * scale / sizes)).astype(int)
    values = [round(float(s / size), int(p)) for s, size, p in zip(solution, sizes, places, strict=True)]
    h[:] = values[:3]
    for (a, b), value in zip(pairs, values[3:-1], strict=True):
        K[a, b] = K[b, a] = value
    return h, K, int(places[2])


# ---------------------------------------------------------------- states


def blocks_from_piqs(qobj: Any, N: int, tolerance: float) -> list[Block]:
    """Blocks (J, weight, matrix) of a density matrix (or state vector) in PIQS's Dicke basis.

    Entries between different J must vanish to `tolerance`; what a solver's error leaves of negative eigenvalues above
    −`tolerance` is cut off.

    Raises
    ------
    InvalidModelError
        If the size is not that of N spins, or this is no density matrix of permutation-symmetric blocks.
    """
    from scipy import sparse

    if getattr(qobj, "isket", False):
        qobj = qobj.proj()
    matrix = sparse.coo_array(_sparse(qobj, "state", N))
    sizes = [round(2 * J) + 1 for J in spin_values(N)]
    owner = np.repeat(np.arange(len(sizes)), sizes)
    row, column = matrix.coords
    between = np.abs(matrix.data[owner[row] != owner[column]])
    if between.max(initial=0.0) > tolerance:
        raise InvalidModelError(
            f"state has an entry of size {between.max():.3g} between different J: a permutation-symmetric one has none"
        )
    rows = matrix.tocsr()
    blocks: list[Block] = []
    first = 0
    for J, size in zip(spin_values(N), sizes, strict=True):
        last = first + size
        block = rows[first:last, first:last].toarray()[::-1, ::-1]
        first = last
        weight = float(np.trace(block).real)
        if not np.isfinite(block).all():
            raise InvalidModelError(f"state has an entry that is not finite in the block J = {J!r}")
        if np.abs(block - block.conj().T).max() > tolerance:
            raise InvalidModelError(f"state is not Hermitian in the block J = {J!r}: give a density matrix")
        block = _positive(block, J, tolerance)
        weight = float(np.trace(block).real)
        if weight > 0:
            blocks.append((J, weight, block / weight))
    return blocks


def _positive(block: NDArray[np.complex128], J: float, tolerance: float) -> NDArray[np.complex128]:
    """`block` without negative eigenvalues, which may be −`tolerance` at most; untouched if they are round-off."""
    values, vectors = np.linalg.eigh((block + block.conj().T) / 2)
    if values[0] < -tolerance:
        raise InvalidModelError(f"state has the negative eigenvalue {values[0]:.3g} in the block J = {J!r}")
    if values[0] >= -1e-12 * values[-1]:
        return block
    kept: NDArray[np.complex128] = (vectors * np.maximum(values, 0)) @ vectors.conj().T
    return kept


def blocks_to_piqs(blocks: Iterable[Block], N: int) -> Any:
    """Density matrix in PIQS's Dicke basis as a ``Qobj``."""
    import qutip
    from scipy import sparse

    given = {J: weight * matrix[::-1, ::-1] for J, weight, matrix in blocks}
    parts = []
    for J in spin_values(N):
        size = round(2 * J) + 1
        parts.append(sparse.csr_array(given.get(J, np.zeros((size, size), dtype=np.complex128))))
    matrix = sparse.csr_matrix(sparse.block_diag(parts, format="csr"))
    return qutip.Qobj(matrix, dims=[[matrix.shape[0]], [matrix.shape[0]]])


def _sparse(operator: Any, name: str, N: int) -> Any:
    """A ``Qobj`` (or array) as a SciPy sparse array of PIQS's size for N spins."""
    import qutip
    from qutip import piqs
    from scipy import sparse

    size = piqs.num_dicke_states(N)
    shape = getattr(operator, "shape", None)
    if shape != (size, size):
        raise InvalidModelError(f"{name} has shape {shape}: N = {N} spins have {size} Dicke states in PIQS")
    if isinstance(operator, qutip.Qobj):
        # Not every dense one by to("csr"), which drops NaN.
        is_csr = isinstance(operator.data, qutip.data.CSR)
        return sparse.csr_array(operator.data.as_scipy() if is_csr else operator.full())
    try:
        return sparse.csr_array(operator, dtype=np.complex128)
    except (TypeError, ValueError) as error:
        raise InvalidModelError(f"{name} = {shown(operator)} is no Qobj and no matrix of numbers") from error
