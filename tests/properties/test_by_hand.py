"""One and two spins, and spins that do not know of each other, against equations that are written out here."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.linalg import expm

import squeezebench as sb

from .strategies import Answer, answer, bloch_vectors, models, named_models, numbers, rates

TIMES = np.array([0.0, 0.1, 0.7, 2.0, 9.0])
ONE = np.eye(2)
HALVES = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]]) / 2


def assert_is(found: Answer, spin: Any, covariance: Any, N: int, tolerance: float) -> None:
    """Spin and covariance in their own units, and ξ² where ⟨J⟩ has a direction."""
    half = N / 2
    np.testing.assert_allclose(found.spin, np.asarray(spin) / half, rtol=0, atol=tolerance)
    np.testing.assert_allclose(found.covariance, np.asarray(covariance) / half**2, rtol=0, atol=tolerance)


def assert_product(found: Answer, bloch: Any, N: int, tolerance: float) -> None:
    """A product of N spins with these Bloch vectors (T, 3): ξ² = 1/|s|², Var along n is (N/4)(1 − (n·s)²)."""
    covariance = N / 4 * (np.eye(3) - bloch[:, :, None] * bloch[:, None, :])
    assert_is(found, N / 2 * bloch, covariance, N, tolerance)
    length = np.linalg.norm(bloch, axis=1)
    np.testing.assert_allclose(found.xi2[length > 0.1], length[length > 0.1] ** -2, rtol=200 * tolerance)


# ---------------------------------------------------------------- one spin


def optical_bloch(model: sb.SpinModel, start: Any) -> Any:
    """Bloch vectors (T, 3) of one spin: s' = A s + b by the exponential of [[A, b], [0, 0]].

    Collective and single-spin rates add up, J_z² is a number, and χJ₊J₋ = χ(1 + σ_z)/2 is a detuning.
    """
    down, up = model.collective_emission + model.emission, model.collective_pumping + model.pumping
    across = (down + up + model.collective_dephasing + model.dephasing) / 2
    x, y, z = model.drive
    z += model.chi
    A = [[-across, -z, y, 0], [z, -across, -x, 0], [-y, x, -(down + up), up - down], [0, 0, 0, 0]]
    return np.array([(expm(np.array(A) * t) @ [*start, 1])[:3] for t in TIMES])


@pytest.mark.parametrize(
    ("solver", "options", "tolerance"),
    [
        ("mean_field", {}, 1e-7),
        ("cumulant", {"order": 1}, 1e-7),
        ("cumulant", {"order": 3}, 1e-7),
        ("qutip", {}, 1e-7),
        ("permutational", {}, 1e-7),
        ("piqs", {}, 5e-5),
    ],
    ids=["mean_field", "cumulant 1", "cumulant 3", "qutip", "permutational", "piqs"],
)
@given(st.data())
def test_one_spin_obeys_the_optical_bloch_equations(
    solver: str, options: dict[str, Any], tolerance: float, data: st.DataObject
) -> None:
    model, start = data.draw(named_models(1)), data.draw(bloch_vectors())
    problem = sb.Problem(model, sb.CoherentSpinState.along(start), TIMES)
    assert_product(answer(problem, solver, **options), optical_bloch(model, start), 1, tolerance)


@given(st.data())
def test_one_spin_without_a_transverse_drive_is_one_axis_twisting(data: st.DataObject) -> None:
    values = data.draw(named_models(1, drive=False)).to_dict() | {"collective_emission": 0.0, "collective_pumping": 0.0}
    model, start = sb.SpinModel.from_dict(values), data.draw(bloch_vectors())
    problem = sb.Problem(model, sb.CoherentSpinState.along(start), TIMES)
    assert_product(answer(problem, "one_axis_twisting"), optical_bloch(model, start), 1, 1e-9)


# ---------------------------------------------------------------- two spins


def two_spins(model: sb.SpinModel, start: Any) -> tuple[Any, Any]:
    """Spin (T, 3) and covariance (T, 3, 3) from the 16×16 superoperator, rows of ρ stacked: AρB → (A ⊗ Bᵀ)ρ."""
    left = [np.kron(half, ONE) for half in HALVES]
    right = [np.kron(ONE, half) for half in HALVES]
    J = [a + b for a, b in zip(left, right, strict=True)]
    four = np.eye(4)
    H = sum(model.h[a] * J[a] for a in range(3))
    H = H + sum(model.K[a, b] * J[a] @ J[b] for a in range(3) for b in range(3))
    L = -1j * (np.kron(H, four) - np.kron(four, H.T))
    for matrix, operators in ((model.collective, J), (model.single, left), (model.single, right)):
        for a in range(3):
            for b in range(3):
                A, B = operators[a], operators[b]
                BA = B @ A
                L = L + matrix[a, b] * (np.kron(A, B.T) - 0.5 * np.kron(BA, four) - 0.5 * np.kron(four, BA.T))
    one = ONE / 2 + sum(s * half for s, half in zip(start, HALVES, strict=True))
    spin, covariance = [], []
    for t in TIMES:
        rho = (expm(L * t) @ np.kron(one, one).ravel()).reshape(4, 4)
        mean = np.array([np.trace(rho @ a).real for a in J])
        raw = np.array([[np.trace(rho @ (a @ b + b @ a)).real / 2 for b in J] for a in J])
        spin.append(mean)
        covariance.append(raw - np.outer(mean, mean))
    return np.array(spin), np.array(covariance)


@pytest.mark.parametrize(
    ("solver", "options"), [("cumulant", {"order": 2}), ("cumulant", {"order": 5}), ("qutip", {})], ids=str
)
@given(st.data())
def test_two_spins_obey_the_superoperator_written_out(
    solver: str, options: dict[str, Any], data: st.DataObject
) -> None:
    model, start = data.draw(models(2)), data.draw(bloch_vectors())
    found = answer(sb.Problem(model, sb.CoherentSpinState.along(start), TIMES), solver, **options)
    assert_is(found, *two_spins(model, start), 2, 1e-7)


@given(st.data())
def test_two_spins_in_blocks_obey_it_too(data: st.DataObject) -> None:
    model, start = data.draw(named_models(2)), data.draw(bloch_vectors())
    found = answer(sb.Problem(model, sb.CoherentSpinState.along(start), TIMES), "piqs")
    assert_is(found, *two_spins(model, start), 2, 5e-5)


@given(st.data())
def test_two_twisted_spins_obey_it_too(data: st.DataObject) -> None:
    values = data.draw(named_models(2, drive=False)).to_dict() | {"collective_emission": 0.0, "collective_pumping": 0.0}
    model, start = sb.SpinModel.from_dict(values), data.draw(bloch_vectors())
    found = answer(sb.Problem(model, sb.CoherentSpinState.along(start), TIMES), "one_axis_twisting")
    assert_is(found, *two_spins(model, start), 2, 1e-9)


# ---------------------------------------------------------------- spins that do not know of each other


def independent(model: sb.SpinModel, start: Any) -> Any:
    """Bloch vectors under emission γ, pumping w, dephasing g and a detuning δ.

    s₊(t) = s₊(0) exp[(iδ − (γ + w + g)/2) t]; s_z relaxes with γ + w to (w − γ)/(w + γ).
    """
    total = model.emission + model.pumping
    rate = 1j * model.drive[2] - (total + model.dephasing) / 2
    plus = (start[0] + 1j * start[1]) * np.exp(rate * TIMES)
    rest = (model.pumping - model.emission) / total if total else start[2]
    z = rest + (start[2] - rest) * np.exp(-total * TIMES)
    return np.stack([plus.real, plus.imag, z], axis=1)


@pytest.mark.parametrize(
    ("solver", "largest", "options", "tolerance"),
    [
        ("mean_field", 10**9, {}, 1e-7),
        ("cumulant", 10**6, {"order": 1}, 1e-7),
        ("cumulant", 10**6, {"order": 2}, 1e-7),
        ("cumulant", 10**4, {"order": 3}, 1e-7),
        ("one_axis_twisting", 10**6, {}, 1e-9),
        ("qutip", 4, {}, 1e-7),
        ("piqs", 12, {}, 5e-5),
    ],
    ids=["mean_field", "order 1", "order 2", "order 3", "one_axis_twisting", "qutip", "piqs"],
)
@given(st.data(), rates, rates, rates, numbers)
def test_independent_spins_stay_a_product(
    solver: str,
    largest: int,
    options: dict[str, Any],
    tolerance: float,
    data: st.DataObject,
    emission: float,
    pumping: float,
    dephasing: float,
    detuning: float,
) -> None:
    N = data.draw(st.one_of(st.integers(1, 4), st.integers(1, largest)))
    model = sb.SpinModel(N, emission=emission, pumping=pumping, dephasing=dephasing, drive=(0, 0, detuning))
    start = data.draw(bloch_vectors())
    problem = sb.Problem(model, sb.CoherentSpinState.along(start), TIMES)
    assert_product(answer(problem, solver, **options), independent(model, start), N, tolerance)


@given(st.integers(1, 8), st.integers(0, 100), st.booleans())
def test_an_excited_spin_that_decays_counts_emitted_quanta(N: int, percent: int, up: bool) -> None:
    """⟨J_z⟩ + N/2 falls as exp(−γt), from any mixture of up and down."""
    z = (percent if up else -percent) / 100
    assume(z != 0)
    start = sb.CoherentSpinState.along((0, 0, z))
    for solver in ("cumulant", "piqs"):
        found = answer(sb.Problem(sb.SpinModel(N, emission=0.8), start, TIMES), solver)
        np.testing.assert_allclose(found.spin[:, 2] + 1, (z + 1) * np.exp(-0.8 * TIMES), rtol=0, atol=5e-5)
