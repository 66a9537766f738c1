"""Rotating or reflecting model and start rotates or reflects the answer, and leaves ξ² and N_eff as they are."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import squeezebench as sb

from .strategies import Answer, answer, coherent_starts, models, named_models, rotations, starts, turned

TIMES = np.linspace(0, 1, 5)


def assert_moved(found: Answer, plain: Answer, O: Any, tolerance: float) -> None:
    """`found` is `plain` with every vector moved by the orthogonal matrix O."""
    np.testing.assert_allclose(found.spin, plain.spin @ O.T, rtol=0, atol=tolerance)
    np.testing.assert_allclose(found.covariance, O @ plain.covariance @ O.T, rtol=0, atol=tolerance)
    np.testing.assert_allclose(found.n_eff, plain.n_eff, rtol=10 * tolerance, atol=10 * tolerance)
    # ξ² is a ratio: it is compared where the mean spin is long enough to have a direction.
    long = np.linalg.norm(plain.spin, axis=1) > 0.05
    np.testing.assert_allclose(found.xi2[long], plain.xi2[long], rtol=1000 * tolerance)


# ---------------------------------------------------------------- rotations


@pytest.mark.parametrize(
    ("solver", "largest", "options"),
    [("cumulant", 4, {"order": 4}), ("qutip", 3, {}), ("mean_field", 5, {})],
    ids=["cumulant", "qutip", "mean_field"],
)
@given(st.data())
def test_rotating_everything_rotates_the_answer(
    solver: str, largest: int, options: dict[str, Any], data: st.DataObject
) -> None:
    N = data.draw(st.integers(1, largest))
    model, start, R = data.draw(models(N)), data.draw(coherent_starts()), data.draw(rotations()).matrix
    moved = sb.CoherentSpinState.along(R @ start.bloch_vector())
    plain = answer(sb.Problem(model, start, TIMES), solver, **options)
    assert_moved(answer(sb.Problem(turned(model, R), moved, TIMES), solver, **options), plain, R, 1e-7)


@pytest.mark.parametrize(("solver", "options"), [("cumulant", {"order": 4}), ("qutip", {})], ids=["cumulant", "qutip"])
@given(st.data(), st.integers(1, 3))
def test_a_rotation_before_the_rotated_model_rotates_the_answer_of_any_start(
    solver: str, options: dict[str, Any], data: st.DataObject, N: int
) -> None:
    """The rotation of the start is the schedule's own, so that Dicke states and blocks can be rotated, too."""
    model, start, turn = data.draw(models(N)), data.draw(starts(N)), data.draw(rotations())
    plain = answer(sb.Problem(model, start, TIMES), solver, **options)
    schedule = [turn, sb.Segment(turned(model, turn.matrix), 1.0)]
    found = answer(sb.Problem(schedule=schedule, initial=start, times=TIMES), solver, **options)
    assert_moved(found, plain, turn.matrix, 1e-7)


@pytest.mark.parametrize("order", [1, 2, 3])
@given(st.data())
def test_truncation_does_not_prefer_a_direction(order: int, data: st.DataObject) -> None:
    """Every order of the hierarchy is rotated, far from exact as it may be."""
    N = 50
    model, start, R = data.draw(models(N)), data.draw(coherent_starts()), data.draw(rotations()).matrix
    moved = sb.CoherentSpinState.along(R @ start.bloch_vector())
    options = {"order": order, "guard": "none"}
    plain = answer(sb.Problem(model, start, TIMES / N / 5), "cumulant", **options)
    found = answer(sb.Problem(turned(model, R), moved, TIMES / N / 5), "cumulant", **options)
    assert_moved(found, plain, R, 1e-7)


# ---------------------------------------------------------------- the reflection x → −x

MIRROR = np.diag([-1.0, 1.0, 1.0])


def reflected(model: sb.SpinModel) -> sb.SpinModel:
    """The model whose solutions are those of `model` with x turned into −x.

    Complex conjugation in the basis |J, M⟩ turns y into −y, H into −H* and every jump operator into its conjugate; a
    turn by π about z then takes (x, −y) to (−x, y). So χ, η, Ω_y and Ω_z change sign, Ω_x and all rates stay.
    """
    x, y, z = model.drive
    return dataclasses.replace(model, chi=-model.chi, twisting=-model.twisting, drive=(x, -y, -z))


@pytest.mark.parametrize(
    ("solver", "sizes", "options", "tolerance"),
    [
        ("cumulant", (1, 4), {"order": 4}, 1e-8),
        ("cumulant", (60, 60), {"order": 2, "guard": "none"}, 1e-8),
        ("cumulant", (60, 60), {"order": 3, "guard": "none"}, 1e-8),
        ("cumulant", (30, 30), {"order": 4, "guard": "none"}, 1e-8),
        ("qutip", (1, 3), {}, 1e-8),
        ("permutational", (1, 6), {}, 1e-8),
        ("piqs", (1, 7), {}, 1e-6),
        ("mean_field", (1, 1000), {}, 1e-8),
    ],
    ids=["exact cumulants", "order 2", "order 3", "order 4", "qutip", "permutational", "piqs", "mean_field"],
)
@given(st.data())
def test_reversing_chi_and_x_leaves_squeezing_as_it_is(
    solver: str, sizes: tuple[int, int], options: dict[str, Any], tolerance: float, data: st.DataObject
) -> None:
    N = data.draw(st.integers(*sizes))
    model, start = data.draw(named_models(N)), data.draw(coherent_starts())
    x, y, z = start.bloch_vector()
    times = TIMES / N / 3
    plain = answer(sb.Problem(model, start, times), solver, **options)
    mirrored = sb.Problem(reflected(model), sb.CoherentSpinState.along((-x, y, z)), times)
    assert_moved(answer(mirrored, solver, **options), plain, MIRROR, tolerance)


@given(st.data(), st.integers(1, 4))
def test_the_reflection_of_general_forms(data: st.DataObject, N: int) -> None:
    """H → −Mh, K → −MKM, both Kossakowski matrices → McᵀM, with M = diag(−1, 1, 1)."""
    model, start = data.draw(models(N)), data.draw(coherent_starts())
    mirrored = sb.SpinModel.general(
        N,
        -MIRROR @ model.h,
        -MIRROR @ model.K @ MIRROR,
        MIRROR @ model.collective.T @ MIRROR,
        MIRROR @ model.single.T @ MIRROR,
    )
    moved = sb.CoherentSpinState.along(MIRROR @ start.bloch_vector())
    plain = answer(sb.Problem(model, start, TIMES), "cumulant", order=4)
    assert_moved(answer(sb.Problem(mirrored, moved, TIMES), "cumulant", order=4), plain, MIRROR, 1e-7)


@settings(max_examples=10)
@given(st.integers(2, 3000), st.integers(5, 95), st.integers(1, 300))
def test_the_paper_s_model_has_the_same_squeezing_for_both_signs_of_chi(N: int, percent: int, chi: int) -> None:
    """The start at −x becomes one at +x, and the drive stays."""
    found = []
    for sign, phi in ((1, np.pi), (-1, 0.0)):
        model = sb.SpinModel.driven_cavity(N, percent / 100, chi=sign * chi / 100, gamma_s=2.0)
        problem = sb.Problem(model, sb.CoherentSpinState(phi=phi), np.linspace(0, 0.5 / N, 6))
        found.append(answer(problem, "cumulant", order=2))
    np.testing.assert_allclose(found[0].xi2, found[1].xi2, rtol=1e-6)
    np.testing.assert_allclose(found[0].n_eff, found[1].n_eff, rtol=1e-6)
