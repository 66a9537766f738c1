"""Random models, starts, schedules and rotations, and the numbers of a solution."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

import squeezebench as sb

__all__ = [
    "Answer",
    "answer",
    "bloch_vectors",
    "coherent_starts",
    "general_models",
    "models",
    "named_models",
    "rotations",
    "schedules",
    "starts",
    "turned",
]

Array = NDArray[Any]

#: Couplings of either sign, and those that are rates.
SIGNED = ("chi", "twisting")
COLLECTIVE_RATES = ("collective_emission", "collective_pumping", "collective_dephasing")
SINGLE_RATES = ("emission", "pumping", "dephasing")

#: Numbers of two digits: an example that fails can be read.
numbers = st.integers(-200, 200).map(lambda k: k / 100)
rates = st.one_of(st.just(0.0), st.integers(1, 150).map(lambda k: k / 100))
angles = st.integers(-314, 314).map(lambda k: k / 100)
lengths = st.one_of(st.just(1.0), st.integers(0, 100).map(lambda k: k / 100))


@st.composite
def named_models(draw: Any, N: int, *, collective: bool = False, drive: bool = True) -> sb.SpinModel:
    """Any of the nine named couplings; with `collective`, none that acts on single spins."""
    values: dict[str, Any] = {name: draw(numbers) for name in SIGNED}
    values |= {name: draw(rates) for name in COLLECTIVE_RATES + (() if collective else SINGLE_RATES)}
    values["drive"] = tuple(draw(numbers) if drive or axis == 2 else 0.0 for axis in range(3))
    return sb.SpinModel(N=N, **values)


@st.composite
def general_models(draw: Any, N: int, *, collective: bool = False) -> sb.SpinModel:
    """Full quadratic form and Kossakowski matrices with complex entries and any rank."""

    def kossakowski() -> Array:
        shape = (3, draw(st.integers(1, 3)))
        factor = np.array([[draw(numbers) + 1j * draw(numbers) for _ in range(shape[1])] for _ in range(3)])
        return np.asarray(factor @ factor.conj().T / 6)

    K = np.array([[draw(numbers) for _ in range(3)] for _ in range(3)])
    single = None if collective else kossakowski()
    return sb.SpinModel.general(N, [draw(numbers) for _ in range(3)], (K + K.T) / 2, kossakowski(), single)


def models(N: int, *, collective: bool = False) -> st.SearchStrategy[sb.SpinModel]:
    return st.one_of(named_models(N, collective=collective), general_models(N, collective=collective))


@st.composite
def coherent_starts(draw: Any) -> sb.CoherentSpinState:
    return sb.CoherentSpinState(draw(angles), draw(angles), draw(lengths))


@st.composite
def bloch_vectors(draw: Any) -> Array:
    return draw(coherent_starts()).bloch_vector()  # type: ignore[no-any-return]


@st.composite
def dicke_starts(draw: Any, N: int) -> sb.DickeState:
    J = N / 2 - draw(st.integers(0, N // 2))
    return sb.DickeState(J, draw(st.integers(0, round(2 * J))) - J)


@st.composite
def block_starts(draw: Any, N: int) -> sb.DickeBlocks:
    """A density matrix in every J, of any rank."""
    blocks = []
    for k in range(N // 2 + 1):
        size = N - 2 * k + 1
        rng = np.random.default_rng(draw(st.integers(0, 10_000)))
        factor = rng.normal(size=(size, draw(st.integers(1, size)), 2)) @ [1, 1j]
        matrix = factor @ factor.conj().T
        blocks.append((N / 2 - k, draw(st.integers(0, 5)), matrix / np.trace(matrix).real))
    total = sum(weight for _, weight, _ in blocks)
    if total == 0:
        return sb.DickeBlocks([(blocks[0][0], 1.0, blocks[0][2])])
    return sb.DickeBlocks([(J, weight / total, matrix) for J, weight, matrix in blocks])


def starts(N: int) -> st.SearchStrategy[sb.State]:
    """Products pure and mixed, Dicke states of every J, and blocks."""
    return st.one_of(coherent_starts(), dicke_starts(N), block_starts(N))


@st.composite
def turns(draw: Any) -> sb.Rotation:
    axis = draw(st.one_of(st.sampled_from("xyz"), st.tuples(numbers, numbers, numbers).filter(any)))
    return sb.Rotation(axis, draw(angles))


@st.composite
def schedules(draw: Any, N: int) -> list[sb.Segment | sb.Rotation]:
    """Two segments with rotations before, between and after; together 1 long."""
    entries: list[sb.Segment | sb.Rotation] = []
    for duration in (0.4, 0.6):
        entries += draw(st.lists(turns(), max_size=2))
        entries.append(sb.Segment(draw(named_models(N)), duration))
    return entries + draw(st.lists(turns(), max_size=1))


@st.composite
def rotations(draw: Any) -> sb.Rotation:
    """Any rotation in space."""
    return draw(turns())  # type: ignore[no-any-return]


def turned(model: sb.SpinModel, R: Array) -> sb.SpinModel:
    """The model in a frame that is rotated by R: h, K and both Kossakowski matrices."""
    return sb.SpinModel.general(
        model.N, R @ model.h, R @ model.K @ R.T, R @ model.collective @ R.T, R @ model.single @ R.T
    )


class Answer(NamedTuple):
    """A solution: units of N/2 for the spin and N²/4 for the covariance, ξ² and N_eff as they are."""

    spin: Array
    covariance: Array
    xi2: Array
    n_eff: Array
    moments: sb.Moments


def answer(problem: sb.Problem, solver: str, tier: str = "tight", **options: Any) -> Answer:
    """The problem's solution; one that ends early has NaN after its end."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sb.SqueezebenchWarning)
        ds = sb.solve(problem, solver, tier=tier, **options)
    spin, covariance = ds.spin.values, ds.covariance.values
    moments = sb.Moments(spin, covariance, valid_until=float(ds.valid_until))
    half = problem.N / 2
    return Answer(spin / half, covariance / half**2, ds.xi2.values, ds.n_eff.values, moments)
