"""The steady state without single-spin terms: what χ does to it, and brute force."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import squeezebench as sb

from .strategies import answer

ratios = st.integers(5, 150).map(lambda k: k / 100)
couplings = st.integers(-300, 300).map(lambda k: k / 100)


def steady(model: sb.SpinModel, solver: str, J: float | None = None) -> tuple[np.ndarray, np.ndarray, float]:
    total = model.N / 2 if J is None else J
    found = answer(sb.Problem(model, sb.DickeState(total, -total), [np.inf]), solver)
    return found.spin[0], found.covariance[0], float(found.xi2[0])


@given(st.one_of(st.integers(1, 60), st.integers(1, 10**6)), ratios, couplings, st.integers(1, 300))
def test_chi_only_turns_the_steady_state_about_z(N: int, u: float, chi: float, percent: int) -> None:
    """At fixed Υ/Υ_c, α changes its phase only: spectrum of the covariance, |⟨J⟩|, ⟨J_z⟩ and ξ² do not depend on χ."""
    Gamma = percent / 100
    plain = steady(sb.SpinModel.driven_cavity(N, u, Gamma=Gamma), "steady_state")
    found = steady(sb.SpinModel.driven_cavity(N, u, chi=chi, Gamma=Gamma), "steady_state")
    spectra = [np.linalg.eigvalsh(covariance) for _, covariance, _ in (found, plain)]
    np.testing.assert_allclose(*spectra, rtol=1e-8, atol=1e-9 * spectra[1].max())
    assert np.linalg.norm(found[0]) == pytest.approx(np.linalg.norm(plain[0]), rel=1e-8)
    assert found[0][2] == pytest.approx(plain[0][2], abs=1e-9)
    assert found[2] == pytest.approx(plain[2], rel=1e-7)


@given(st.integers(2, 10**5), ratios, couplings, st.integers(-314, 314))
def test_the_phase_of_the_drive_turns_it_too(N: int, u: float, chi: float, phase: int) -> None:
    plain = sb.SpinModel.driven_cavity(N, u, chi=chi)
    angle = phase / 100
    drive = (plain.drive[0] * np.cos(angle), plain.drive[0] * np.sin(angle), 0.0)
    model = sb.SpinModel(N, chi=chi, drive=drive, collective_emission=1.0)
    R = sb.Rotation("z", angle).matrix
    one, two = steady(plain, "steady_state"), steady(model, "steady_state")
    np.testing.assert_allclose(two[0], R @ one[0], rtol=0, atol=1e-9)
    np.testing.assert_allclose(two[1], R @ one[1] @ R.T, rtol=0, atol=1e-9)


@settings(max_examples=12)
@given(st.data(), st.integers(1, 5), ratios, couplings)
def test_the_closed_form_is_the_null_vector_of_brute_force(data: st.DataObject, N: int, u: float, chi: float) -> None:
    """In every multiplet J, which collective terms conserve."""
    J = N / 2 - data.draw(st.integers(0, N // 2))
    model = sb.SpinModel.driven_cavity(N, u, chi=chi)
    one, two = steady(model, "steady_state", J), steady(model, "qutip", J)
    np.testing.assert_allclose(one[0], two[0], rtol=0, atol=1e-7)
    np.testing.assert_allclose(one[1], two[1], rtol=0, atol=1e-7)


@settings(max_examples=8)
@given(st.integers(1, 6), ratios, couplings)
def test_time_leads_to_the_closed_form(N: int, u: float, chi: float) -> None:
    """From the lowest state, by exact cumulants: a method that knows nothing of steady states."""
    model = sb.SpinModel.driven_cavity(N, u, chi=chi)
    later = answer(sb.Problem(model, sb.DickeState(N / 2, -N / 2), [0, 200.0]), "cumulant", order=N)
    spin, covariance, _ = steady(model, "steady_state")
    np.testing.assert_allclose(later.spin[1], spin, rtol=0, atol=1e-6)
    np.testing.assert_allclose(later.covariance[1], covariance, rtol=0, atol=1e-6)
