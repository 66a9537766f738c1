"""Permutation-symmetric initial states."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from . import angular
from .content import Content
from .errors import InvalidModelError
from .validate import finite_float, half_integer, nearest, number_array, positive_int, real_vector, shown

if TYPE_CHECKING:
    from qutip import Qobj

    from .model import SpinModel

__all__ = [
    "Block",
    "CoherentSpinState",
    "DickeBlocks",
    "DickeState",
    "MeanFieldSteadyState",
    "State",
    "state_from_dict",
]

#: (J, weight, matrix): total spin, probability of the multiplets of J, and the normalised (2J+1)×(2J+1) density matrix
#: ⟨J, M|ρ|J, M'⟩ with rows and columns in the order M = −J, …, J.
Block = tuple[float, float, NDArray[np.complex128]]

Index = tuple[int, int, int]


class State(Content):
    """A permutation-symmetric state of N spins-1/2; N comes from the problem's model."""

    #: Whether the state is one spin's density matrix, N times, whatever N is.
    is_product: ClassVar[bool] = False

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """State of the given content; the inverse of `to_dict`."""
        state = state_from_dict(data)
        if not isinstance(state, cls):
            raise InvalidModelError(f"this is a {type(state).__name__}, not a {cls.__name__}")
        return state

    def resolve(self, model: SpinModel) -> State:
        """State with everything that it takes from the model filled in; raises if it does not fit the model."""
        self.dicke_blocks(model.N)
        return self

    def as_product(self, N: int) -> CoherentSpinState | None:
        """The same state of N spins as a coherent state, or None if it is no product."""
        return None

    def bloch_vector(self, N: int | None = None) -> NDArray[np.float64]:
        """Mean of (σ_x, σ_y, σ_z) of one spin, shape (3,).

        Parameters
        ----------
        N : int, optional
            Number of spins; needed for states that are no product.
        """
        if N is None:
            raise InvalidModelError(f"the Bloch vector of a {type(self).__name__} depends on N: give N")
        moments = self.symmetric_moments(N, 1)
        return np.array([moments[1, 0, 0], moments[0, 1, 0], moments[0, 0, 1]])

    def dicke_blocks(self, N: int) -> Sequence[Block]:
        """Blocks (J, weight, matrix) of non-zero weight, largest J first; matrices are made when they are asked for."""
        raise NotImplementedError  # pragma: no cover - abstract

    def symmetric_moments(self, N: int, order: int) -> dict[Index, float]:
        r"""Means of products of Pauli matrices on distinct spins.

        Parameters
        ----------
        N : int
            Number of spins.
        order : int
            Largest number of factors; there are none beyond N.

        Returns
        -------
        dict
            (n_x, n_y, n_z) → ⟨σ_x^{⊗n_x} ⊗ σ_y^{⊗n_y} ⊗ σ_z^{⊗n_z}⟩ for n_x + n_y + n_z ≤ min(order, N).
        """
        return angular.symmetric_moments(self.dicke_blocks(N), N, min(positive_int(order, "order"), N))


@dataclass(frozen=True, eq=False)
class CoherentSpinState(State):
    """Every spin along the same direction; the −x state by default.

    Parameters
    ----------
    theta, phi : float
        Polar angle from +z and azimuth from +x, radians.
    bloch_length : float
        Length of each spin's Bloch vector, 0 to 1; below 1 the state is a product of mixed spins.

    Examples
    --------
    >>> from squeezebench import CoherentSpinState
    >>> CoherentSpinState(theta=0.0).bloch_vector().tolist()
    [0.0, 0.0, 1.0]
    """

    theta: float = math.pi / 2
    phi: float = math.pi
    bloch_length: float = 1.0

    is_product: ClassVar[bool] = True

    def __post_init__(self) -> None:
        for name in ("theta", "phi", "bloch_length"):
            object.__setattr__(self, name, finite_float(getattr(self, name), name))
        if not 0 <= self.bloch_length <= 1:
            raise InvalidModelError(f"bloch_length = {self.bloch_length!r} is outside 0 … 1")

    @classmethod
    def along(cls, vector: Any) -> Self:
        """State of the given Bloch vector (length at most 1, to round-off)."""
        x, y, z = real_vector(vector, "Bloch vector")
        length = math.sqrt(x * x + y * y + z * z)
        if length > 1 + 1e-12:
            raise InvalidModelError(f"Bloch vector {(x, y, z)} is longer than 1")
        return cls(theta=math.atan2(math.hypot(x, y), z), phi=math.atan2(y, x), bloch_length=min(1.0, length))

    def resolve(self, model: SpinModel) -> CoherentSpinState:
        """The state itself, which fits every N; no blocks are made, which would take memory that grows with N."""
        return self

    def as_product(self, N: int) -> CoherentSpinState:
        """The state itself."""
        return self

    def bloch_vector(self, N: int | None = None) -> NDArray[np.float64]:
        """Mean of (σ_x, σ_y, σ_z) of one spin, shape (3,); exact for angles that are multiples of π/2."""
        x = angular.sin(self.theta) * angular.cos(self.phi)
        y = angular.sin(self.theta) * angular.sin(self.phi)
        return self.bloch_length * np.array([x, y, angular.cos(self.theta)]) + 0.0

    def dicke_blocks(self, N: int) -> Sequence[Block]:
        """Blocks of ((1 + s·σ)/2)^⊗N: a thermal-like distribution over J and M, rotated to the direction of s."""
        return angular.CoherentBlocks(N, self.theta, self.phi, self.bloch_length)

    def symmetric_moments(self, N: int, order: int) -> dict[Index, float]:
        """Products of the Bloch vector's components."""
        x, y, z = self.bloch_vector()
        degree = min(positive_int(order, "order"), positive_int(N, "N"))
        return {n: float(x ** n[0] * y ** n[1] * z ** n[2]) for n in angular.indices(degree)}

    def to_dict(self) -> dict[str, Any]:
        """Content as plain JSON types."""
        return {"type": "coherent", "theta": self.theta, "phi": self.phi, "bloch_length": self.bloch_length}


@dataclass(frozen=True, eq=False)
class DickeState(State):
    """Normalised projector on the states |J, M⟩ of all multiplets of total spin J.

    Parameters
    ----------
    J : float
        Total spin: N/2, N/2 − 1, … ≥ 0.
    M : float
        Its z component: −J … J in steps of 1.
    """

    J: float
    M: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "J", half_integer(self.J, "J"))
        object.__setattr__(self, "M", half_integer(self.M, "M"))
        if self.J < 0:
            raise InvalidModelError(f"J = {self.J!r} is negative: give N/2, N/2 − 1, … ≥ 0")
        if abs(self.M) > self.J or not (self.J - self.M).is_integer():
            raise InvalidModelError(f"M = {self.M!r} is not one of −J, −J + 1, …, J for J = {self.J!r}")

    def as_product(self, N: int) -> CoherentSpinState | None:
        """All up or all down for J = N/2 and M = ±J."""
        if 2 * self.J == N and abs(self.M) == self.J:
            return CoherentSpinState(theta=0.0 if self.M > 0 else math.pi, phi=0.0)
        return None

    def dicke_blocks(self, N: int) -> Sequence[Block]:
        """One block, with one entry."""
        angular.check_spin(self.J, N)
        return angular.DickeBlock(self.J, self.M)

    def to_dict(self) -> dict[str, Any]:
        """Content as plain JSON types."""
        return {"type": "dicke", "J": self.J, "M": self.M}


@dataclass(frozen=True, eq=False)
class MeanFieldSteadyState(State):
    """Coherent state along the γ_s = 0 mean-field fixed point of the problem's model (the start of figure 3b).

    The fixed point is (−2χu/Υ_c, Γu/Υ_c, −√(1 − u²)) for a drive along x, u = Υ/Υ_c ≤ 1; it turns with the drive.
    """

    is_product: ClassVar[bool] = True

    def resolve(self, model: SpinModel) -> CoherentSpinState:
        """The coherent state; raises `InvalidModelError` where the model has no such fixed point."""
        u = model.upsilon_ratio
        if math.isnan(u):
            raise InvalidModelError(
                "MeanFieldSteadyState needs the paper's Hamiltonian (χ and a drive in the x, y plane) and "
                "Γ or χ different from 0; give a CoherentSpinState instead"
            )
        if u > 1:
            raise InvalidModelError(
                f"MeanFieldSteadyState: Υ/Υ_c = {u:.6g} is above 1, where there is no fixed point; "
                "give a CoherentSpinState instead"
            )
        alpha = -1j * complex(model.drive[0], -model.drive[1]) / complex(model.collective_emission, 2 * model.chi)
        x, y = 2 * alpha.real / model.N, -2 * alpha.imag / model.N
        vector = np.array([x, y, -math.sqrt(max(0.0, 1 - u * u))])
        return CoherentSpinState.along(vector / np.linalg.norm(vector))

    def bloch_vector(self, N: int | None = None) -> NDArray[np.float64]:
        """Not known without a model: use ``problem.initial_state``."""
        raise InvalidModelError("MeanFieldSteadyState depends on the model: use problem.initial_state")

    def dicke_blocks(self, N: int) -> Sequence[Block]:
        """Not known without a model: use ``problem.initial_state``."""
        raise InvalidModelError("MeanFieldSteadyState depends on the model: use problem.initial_state")

    def to_dict(self) -> dict[str, Any]:
        """Content as plain JSON types."""
        return {"type": "mean_field_steady_state"}


class DickeBlocks(State):
    """A state given by its blocks, such as a saved one.

    Parameters
    ----------
    blocks : iterable of (J, weight, matrix)
        Distinct J of one parity; weights ≥ 0 that sum to 1; Hermitian positive matrices of trace 1 in the basis
        M = −J, …, J.

    Raises
    ------
    InvalidModelError
        If this is no density matrix.
    """

    #: A density matrix from a solver is accepted when it misses trace, symmetry and positivity by no more than this.
    tolerance: ClassVar[float] = 1e-6

    def __init__(self, blocks: Iterable[tuple[float, float, Any]]) -> None:
        self._blocks = angular.checked_blocks(blocks, self.tolerance)

    @property
    def blocks(self) -> Sequence[Block]:
        """The blocks, largest J first."""
        return self._blocks

    def dicke_blocks(self, N: int) -> Sequence[Block]:
        """The blocks, after checking that N spins can have them."""
        for J, _, _ in self._blocks:
            angular.check_spin(J, N)
        return self._blocks

    @classmethod
    def from_qutip(cls, qobj: Any, N: int) -> Self:
        """State from a density matrix in the Dicke basis of ``qutip.piqs``.

        Parameters
        ----------
        qobj : qutip.Qobj
            Density matrix, or state vector, over PIQS's Dicke states of N spins; entries between different J vanish.
        N : int
            Number of spins.

        Raises
        ------
        InvalidModelError
            If it has another size, entries between different J, or is no density matrix.
        """
        from .interop_piqs import blocks_from_piqs

        return cls(blocks_from_piqs(qobj, positive_int(N, "N"), cls.tolerance))

    def to_qutip(self, N: int) -> Qobj:
        """Density matrix in the Dicke basis of ``qutip.piqs``, M descending in each block; inverse of `from_qutip`."""
        from .interop_piqs import blocks_to_piqs

        return blocks_to_piqs(self.dicke_blocks(positive_int(N, "N")), N)

    def to_dict(self) -> dict[str, Any]:
        """Content as plain JSON types."""
        blocks = [{"J": J, "weight": w, "re": m.real.tolist(), "im": m.imag.tolist()} for J, w, m in self._blocks]
        return {"type": "blocks", "blocks": blocks}

    def __repr__(self) -> str:
        return f"DickeBlocks(J={[J for J, _, _ in self._blocks]})"


def state_from_dict(data: Any) -> State:
    """State of the given content; the inverse of ``State.to_dict``."""
    if not isinstance(data, dict) or "type" not in data:
        raise InvalidModelError(f"a state is a table with an entry 'type', not {shown(data)}")
    values = {key: value for key, value in data.items() if key != "type"}
    kinds: dict[str, Callable[..., State]] = {
        "coherent": CoherentSpinState,
        "dicke": DickeState,
        "mean_field_steady_state": MeanFieldSteadyState,
    }
    kind = data["type"]
    if isinstance(kind, str) and kind == "blocks":
        for key in values:
            if key != "blocks":
                raise InvalidModelError(f"unknown entry {shown(key)} of a blocks state; known: blocks")
        try:
            entries = [(b["J"], b["weight"], _complex(b["re"], b["im"])) for b in values["blocks"]]
        except (KeyError, TypeError, IndexError) as error:
            raise InvalidModelError("blocks: a list, each entry of it with J, weight, re and im") from error
        return DickeBlocks(entries)
    if not isinstance(kind, str) or kind not in kinds:
        raise InvalidModelError(f"unknown type of state {shown(kind)}{nearest(str(kind), [*kinds, 'blocks'])}")
    state_type = kinds[kind]
    known: list[str] = (
        [item.name for item in dataclasses.fields(state_type)] if dataclasses.is_dataclass(state_type) else []
    )
    for key in values:
        if key not in known:
            raise InvalidModelError(f"unknown entry {shown(key)} of a {kind} state{nearest(key, known)}")
    if kind == "dicke" and set(values) != {"J", "M"}:
        raise InvalidModelError("a Dicke state needs J and M")
    return state_type(**values)


def _complex(re: Any, im: Any) -> NDArray[np.complex128]:
    """Matrix from the lists of its real and imaginary parts."""
    real, imaginary = number_array(re, "re", "matrix of numbers"), number_array(im, "im", "matrix of numbers")
    if real.shape != imaginary.shape:
        raise InvalidModelError(f"blocks: re has shape {real.shape} and im {imaginary.shape}")
    return real + 1j * imaginary
