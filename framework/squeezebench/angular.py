"""Angular-momentum algebra behind the states: multiplicities, coherent blocks, symmetric moments."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from .errors import InvalidModelError
from .validate import finite_float, half_integer, number_array, positive_int, shown

__all__ = [
    "CoherentBlocks",
    "DickeBlock",
    "block_weights",
    "check_spin",
    "checked_blocks",
    "cos",
    "indices",
    "log_multiplicity",
    "rotated_diagonal",
    "sin",
    "spin_values",
    "symmetric_moments",
]

Block = tuple[float, float, NDArray[np.complex128]]
Index = tuple[int, int, int]

#: Blocks of a product state that hold less than this are left out: it is below the round-off of everything computed.
_NEGLIGIBLE_WEIGHT = 1e-20


def sin(angle: float) -> float:
    """sin, exact at the multiples of π/2 as floats give them, so that the −x state has no z component of 6e-17."""
    value = math.sin(angle)
    return round(value) + 0.0 if abs(abs(value) - round(abs(value))) < 4e-16 * max(1.0, abs(angle)) else value


def cos(angle: float) -> float:
    """cos, exact at the multiples of π/2 as floats give them."""
    value = math.cos(angle)
    return round(value) + 0.0 if abs(abs(value) - round(abs(value))) < 4e-16 * max(1.0, abs(angle)) else value


def spin_values(N: int) -> list[float]:
    """Total spins of N spins-1/2, largest first: N/2, N/2 − 1, …, 0 or 1/2."""
    return [N / 2 - k for k in range(N // 2 + 1)]


def check_spin(J: float, N: int) -> None:
    """Raise `InvalidModelError` unless N spins-1/2 can have total spin J."""
    if positive_int(N, "N") / 2 < J or not (N / 2 - J).is_integer():
        raise InvalidModelError(f"J = {J!r} is no total spin of N = {N} spins: N/2, N/2 − 1, … ≥ 0")


def log_multiplicity(N: int, J: float) -> float:
    """Logarithm of the number of multiplets of total spin J: (2J+1) N! / ((N/2+J+1)! (N/2−J)!)."""
    return math.log(2 * J + 1) + math.lgamma(N + 1) - math.lgamma(N / 2 + J + 2) - math.lgamma(N / 2 - J + 1)


def indices(order: int) -> list[Index]:
    """All (n_x, n_y, n_z) of total degree 1 … order, by degree, then in reverse lexical order."""
    return [
        (a, b, degree - a - b)
        for degree in range(1, order + 1)
        for a in range(degree, -1, -1)
        for b in range(degree - a, -1, -1)
    ]


class _LazyBlocks(Sequence[Block]):
    """Blocks that are computed when they are asked for: all of them together may not fit in memory."""

    spins: list[float]

    def block(self, J: float) -> Block:
        raise NotImplementedError  # pragma: no cover - abstract

    def weight(self, J: float) -> float:
        """Probability of the multiplets of J."""
        raise NotImplementedError  # pragma: no cover - abstract

    def __len__(self) -> int:
        return len(self.spins)

    @overload
    def __getitem__(self, item: int) -> Block: ...
    @overload
    def __getitem__(self, item: slice) -> list[Block]: ...
    def __getitem__(self, item: int | slice) -> Block | list[Block]:
        if isinstance(item, slice):
            return [self.block(J) for J in self.spins[item]]
        return self.block(self.spins[item])

    def __iter__(self) -> Iterator[Block]:
        return (self.block(J) for J in self.spins)


class DickeBlock(_LazyBlocks):
    """The block of the projector on |J, M⟩."""

    def __init__(self, J: float, M: float) -> None:
        self.spins = [J]
        self._M = M

    def block(self, J: float) -> Block:
        """(J, 1, matrix with one entry)."""
        matrix = np.zeros((round(2 * J) + 1,) * 2, dtype=np.complex128)
        k = round(self._M + J)
        matrix[k, k] = 1
        return J, 1.0, matrix

    def weight(self, J: float) -> float:
        """1: there is one block."""
        return 1.0


class CoherentBlocks(_LazyBlocks):
    """Blocks of ((1 + s·σ)/2)^⊗N, |s| = `length`, along (theta, phi)."""

    def __init__(self, N: int, theta: float, phi: float, length: float) -> None:
        N = positive_int(N, "N")
        self._theta, self._phi = theta, phi
        up, down = (1 + length) / 2, (1 - length) / 2
        self._log_up = math.log(up)
        self._log_down = math.log(down) if down > 0 else -math.inf
        self._weights: dict[float, float] = {}
        for J in spin_values(N) if down > 0 else [N / 2]:
            log_weight = 0.0
            if down > 0:
                log_weight = log_multiplicity(N, J) + (N / 2 - J) * (self._log_up + self._log_down)
                log_weight += 2 * J * self._log_up + _log_geometric_sum(self._log_down - self._log_up, J)
            if log_weight > math.log(_NEGLIGIBLE_WEIGHT):
                self._weights[J] = math.exp(log_weight)
        total = sum(self._weights.values())
        self._weights = {J: weight / total for J, weight in self._weights.items()}
        self.spins = list(self._weights)

    def _log_populations(self, J: float) -> NDArray[np.float64]:
        """log(p₊^(J+m) p₋^(J−m)) for m = −J … J, before normalisation."""
        k = np.arange(round(2 * J) + 1)
        if math.isinf(self._log_down):
            return np.where(k == k[-1], 0.0, -np.inf)
        result: NDArray[np.float64] = k * self._log_up + (k[-1] - k) * self._log_down
        return result

    def block(self, J: float) -> Block:
        """(J, weight, matrix)."""
        logs = self._log_populations(J)
        populations = np.exp(logs - logs.max())
        return J, self._weights[J], rotated_diagonal(populations / populations.sum(), self._theta, self._phi)

    def weight(self, J: float) -> float:
        """Probability of the multiplets of J."""
        return self._weights[J]


def _log_geometric_sum(log_ratio: float, J: float) -> float:
    """Logarithm of Σ_{k=0}^{2J} q^k, log q = `log_ratio` ≤ 0."""
    if log_ratio == 0:
        return math.log(2 * J + 1)
    return math.log(math.expm1((2 * J + 1) * log_ratio) / math.expm1(log_ratio))


def block_weights(blocks: Sequence[Block]) -> list[tuple[float, float]]:
    """(J, weight) of each block, without making the matrices of blocks that are computed when they are asked for."""
    if isinstance(blocks, _LazyBlocks):
        return [(J, blocks.weight(J)) for J in blocks.spins]
    return [(J, weight) for J, weight, _ in blocks]


def rotated_diagonal(populations: NDArray[np.float64], theta: float, phi: float) -> NDArray[np.complex128]:
    """R diag(populations) R† with R = exp(−iφJ_z) exp(−iθJ_y), basis M = −J … J, shape (2J+1, 2J+1).

    The small-d matrix comes from the eigenvectors of the tridiagonal J_x: exp(−iθJ_y) = S exp(−iθJ_x) S†,
    S = exp(−iπJ_z/2). That is stable for every J, unlike the factorial sums.
    """
    size = len(populations)
    if size == 1:
        return np.ones((1, 1), dtype=np.complex128)
    J = (size - 1) / 2
    m = np.arange(size) - J
    if populations[-1] == 1.0:  # pure coherent state: binomial amplitudes, no eigenvectors needed
        amplitude = _coherent_amplitudes(size, theta) * np.exp(-1j * phi * m)
        return np.outer(amplitude, amplitude.conj())
    from scipy.linalg import eigh_tridiagonal

    off_diagonal = 0.5 * np.sqrt((J - m[:-1]) * (J + m[:-1] + 1))
    _, vectors = eigh_tridiagonal(np.zeros(size), off_diagonal)
    turn = np.exp(-1j * m * math.pi / 2)
    small_d = ((turn[:, None] * vectors) * np.exp(-1j * theta * m)) @ (vectors.T * turn.conj())
    rotation = np.exp(-1j * phi * m)[:, None] * small_d.real
    matrix: NDArray[np.complex128] = (rotation * populations) @ rotation.conj().T
    return matrix


def _coherent_amplitudes(size: int, theta: float) -> NDArray[np.float64]:
    """⟨J, M|θ⟩ = √C(2J, k) cos(θ/2)^k sin(θ/2)^(2J−k), k = J + M, shape (2J+1,)."""
    from scipy.special import gammaln, xlogy

    k = np.arange(size)
    n = size - 1
    half = theta / 2
    c, s = cos(half), sin(half)
    log_binomial = 0.5 * (gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1))
    magnitude = np.exp(log_binomial + xlogy(k, abs(c)) + xlogy(n - k, abs(s)))
    sign = np.where((k % 2 == 1) & (c < 0), -1.0, 1.0) * np.where(((n - k) % 2 == 1) & (s < 0), -1.0, 1.0)
    amplitudes: NDArray[np.float64] = magnitude * sign / np.linalg.norm(magnitude)
    return amplitudes


def checked_blocks(blocks: Iterable[tuple[Any, Any, Any]], tolerance: float) -> list[Block]:
    """Blocks that are a density matrix to `tolerance`, normalised, Hermitian, largest J first."""
    try:
        entries = [(J, weight, matrix) for J, weight, matrix in blocks]
    except (TypeError, ValueError) as error:
        raise InvalidModelError(f"blocks = {shown(blocks)} are no list of (J, weight, matrix)") from error
    checked: dict[float, Block] = {}
    for J, weight, matrix in entries:
        J, weight = half_integer(J, "J"), finite_float(weight, "weight")
        array = number_array(matrix, f"matrix of the block J = {J!r}", "matrix of numbers")
        size = round(2 * J) + 1
        if J < 0:
            raise InvalidModelError(f"block J = {J!r} is negative: give 0, 0.5, 1, …")
        if array.shape != (size, size):
            raise InvalidModelError(f"block J = {J!r} has shape {array.shape}: expected {shown((size, size))}")
        if not np.isfinite(array).all():
            raise InvalidModelError(f"block J = {J!r} has an entry that is not finite")
        if weight < -tolerance:
            raise InvalidModelError(f"block J = {J!r} has the negative weight {weight!r}")
        if J in checked or (checked and not (J - next(iter(checked))).is_integer()):
            raise InvalidModelError(f"block J = {J!r}: the blocks need distinct J that differ by whole numbers")
        if weight <= 0:
            continue
        if abs(np.trace(array) - 1) > tolerance:
            raise InvalidModelError(f"block J = {J!r} has trace {np.trace(array):.8g}: each matrix is normalised to 1")
        if np.abs(array - array.conj().T).max() > tolerance:
            raise InvalidModelError(f"block J = {J!r} is not Hermitian")
        array = (array + array.conj().T) / 2
        if np.linalg.eigvalsh(array)[0] < -tolerance:
            raise InvalidModelError(f"block J = {J!r} has a negative eigenvalue")
        array.flags.writeable = False
        checked[J] = (J, weight, array)
    total = math.fsum(weight for _, weight, _ in checked.values())
    if abs(total - 1) > tolerance:
        raise InvalidModelError(f"the weights sum to {total:.8g}: they must sum to 1")
    # Weights that are normalised stay as they are, bit by bit, so that content reads back as the same.
    norm = total if abs(total - 1) > 1e-15 else 1.0
    return [(J, weight / norm, matrix) for J, weight, matrix in sorted(checked.values(), key=lambda b: -b[0])]


def symmetric_moments(blocks: Iterable[Block], N: int, order: int) -> dict[Index, float]:
    """Means of products of Pauli matrices on distinct spins, from blocks.

    With S_n the sum of such products over all ordered choices of distinct spins, σ_bσ_a = δ_ab + iΣ_c ε_bac σ_c gives
    S_n·2J_a = S_{n+a} + n_a (N − |n| + 1) S_{n−a} + i Σ_{b≠a} n_b ε_bac S_{n−b+c}: each S_n is a band matrix in M.
    """
    from scipy import sparse

    totals = dict.fromkeys(indices(order), 0.0)
    for J, weight, matrix in blocks:
        size = matrix.shape[0]
        m = np.arange(size) - (size - 1) / 2
        raising = sparse.diags_array(np.sqrt((J - m[:-1]) * (J + m[:-1] + 1)), offsets=-1, shape=(size, size))
        twice = [
            (raising + raising.T).tocsr(),
            (-1j * (raising - raising.T)).tocsr(),
            sparse.diags_array(2 * m).tocsr(),
        ]
        operators: dict[Index, Any] = {(0, 0, 0): sparse.eye_array(size, format="csr", dtype=np.complex128)}
        for n in indices(order):
            a = next(axis for axis in range(3) if n[axis])
            previous = _shift(n, a, -1)
            operator = operators[previous] @ twice[a]
            if previous[a]:
                operator = operator - previous[a] * (N - sum(previous) + 1) * operators[_shift(previous, a, -1)]
            for b in range(3):
                if b != a and previous[b]:
                    c = 3 - a - b
                    sign = 1 if (b, a, c) in ((0, 1, 2), (1, 2, 0), (2, 0, 1)) else -1
                    operator = operator - 1j * sign * previous[b] * operators[_shift(_shift(previous, b, -1), c, 1)]
            operators[n] = operator
            coordinates = operator.tocoo()
            trace = (coordinates.data * matrix[coordinates.coords[1], coordinates.coords[0]]).sum()
            totals[n] += weight * float(trace.real)
    return {n: value / math.perm(N, sum(n)) for n, value in totals.items()}


def _shift(n: Index, axis: int, by: int) -> Index:
    values = list(n)
    values[axis] += by
    return values[0], values[1], values[2]
