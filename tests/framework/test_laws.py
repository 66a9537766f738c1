"""States obey the laws; moments that no state has are told which one they break, where and by how much."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import squeezebench as sb
from squeezebench.laws import LAWS, violations

PAULI = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]]) / 2


def collective_spin(N):
    """J on 2^N, by Kronecker products."""
    return [sum(np.kron(np.kron(np.eye(2**k), half), np.eye(2 ** (N - k - 1))) for k in range(N)) for half in PAULI]


def moments_of(rho, J):
    spin = np.array([np.trace(rho @ a).real for a in J])
    raw = np.array([[np.trace(rho @ (a @ b + b @ a)).real / 2 for b in J] for a in J])
    return spin, raw - np.outer(spin, spin)


def case(spin, covariance, N, **others):
    spin, covariance = np.atleast_2d(spin), np.reshape(covariance, (-1, 3, 3))
    problem = sb.Problem(sb.SpinModel(N=N), times=np.arange(float(len(spin))))
    return problem, sb.Moments(np.asarray(spin, float), np.asarray(covariance, float), **others)


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 4), st.integers(1, 16), st.integers(0, 2**32 - 1))
def test_every_state_of_N_spins_obeys_every_law(N, rank, seed):
    """Random density matrices on 2^N of any rank, pure ones among them."""
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(2**N, rank)) + 1j * rng.normal(size=(2**N, rank))
    rho = A @ A.conj().T
    assert violations(*case(*moments_of(rho / np.trace(rho).real, collective_spin(N)), N), 1e-12) == []


@pytest.mark.parametrize("N", [1, 2, 7, 10**7])
@pytest.mark.parametrize("bloch_length", [0.0, 0.3, 1.0])
def test_coherent_states_touch_the_bounds_without_crossing_them(N, bloch_length):
    s = sb.CoherentSpinState(1.1, -2.0, bloch_length).bloch_vector()
    assert violations(*case(N / 2 * s, N / 4 * (np.eye(3) - np.outer(s, s)), N)) == []


N = 10
GOOD = np.diag([0.0, 2.5, 2.5])


@pytest.mark.parametrize(
    ("spin", "covariance", "law", "amount"),
    [
        ((5.5, 0, 0), np.diag([0, 3.0, 3]), "spin_length", 0.1),
        ((0, 0, 0), np.diag([12.0, 12, 9]), "j_squared", 0.1),
        ((1, 0, 0), np.diag([-0.25, 2.5, 2.5]), "positive_covariance", 0.1),
        ((-4, 0, 0), np.diag([1, 2.5, 1.0]), "uncertainty", None),  # 2.5 · 1 < (4/2)²
    ],
)
def test_each_law_is_found_broken_where_it_is(spin, covariance, law, amount):
    problem, moments = case([(5, 0, 0), spin, (5, 0, 0)], [GOOD, covariance, GOOD], N)
    found = violations(problem, moments)
    assert {item.time for item in found} == {1.0}
    mine = next(item for item in found if item.law == law)
    if amount is None:
        y, z, half = 2.5, 1.0, 2.0
        lowest = (y + z) / 2 - math.hypot((y - z) / 2, half)
        amount = -lowest / (N / 4)
    assert mine.amount == pytest.approx(amount)
    assert violations(problem, moments, tolerance=max(item.amount for item in found)) == []


@pytest.mark.parametrize("direction", list(np.concatenate([np.eye(3), -np.eye(3), [[0.6, 0, -0.8]]])))
def test_the_uncertainty_relation_holds_in_every_direction(direction):
    """One spin component of variance 0 normal to a finite ⟨J⟩ is possible only with infinite variance of the other."""
    across = np.cross(direction, [0.36, 0.48, 0.8])
    across /= np.linalg.norm(across)
    covariance = 2.5 * (np.eye(3) - np.outer(direction, direction) - np.outer(across, across))
    assert [item.law for item in violations(*case(3 * direction, covariance, N))] == ["uncertainty"]


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_what_is_not_finite_is_reported_as_such_and_only_before_valid_until(bad):
    spin, covariance = np.tile([5.0, 0, 0], (4, 1)), np.tile(GOOD, (4, 1, 1))
    spin[1, 2], covariance[3, 0, 0] = bad, bad
    assert violations(*case(spin, covariance, N)) == [("finite", 1.0, math.inf), ("finite", 3.0, math.inf)]
    assert violations(*case(spin, covariance, N, valid_until=2.0)) == [("finite", 1.0, math.inf)]
    assert violations(*case(spin, covariance, N, valid_until=0.0)) == []


def test_violations_come_in_the_order_of_time_and_every_law_is_explained():
    problem, moments = case([(7, 0, 0), (6, 0, 0)], np.zeros((2, 3, 3)), N)
    found = violations(problem, moments)
    assert [item.time for item in found] == sorted(item.time for item in found)
    assert {item.law for item in found} <= set(LAWS)
    assert [item.law for item in found if item.time == 0] == ["spin_length", "j_squared", "uncertainty"]
