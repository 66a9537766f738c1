"""Initial states against Kronecker products and the coupled basis on 2^N."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import squeezebench as sb
from squeezebench import angular

PAULI = [np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]]), np.array([[1, 0], [0, -1]])]
LENGTHS = [0.0, 0.3, 0.95, 1.0]
ANGLES = [(0.0, 0.0), (np.pi, 0.4), (np.pi / 2, np.pi), (0.7, -2.1), (2.6, 5.0)]


def collective(N):
    def site(p, k):
        return np.kron(np.kron(np.eye(2**k), p / 2), np.eye(2 ** (N - k - 1)))

    return [sum(site(p, k) for k in range(N)) for p in PAULI]


def product(s, N):
    one = (np.eye(2) + sum(c * p for c, p in zip(s, PAULI, strict=True))) / 2
    return np.array(list(itertools.accumulate([one] * N, np.kron))[-1])


def ladders(N):
    """J → vectors (2^N, 2J+1, d_J), M ascending: eigenvectors of J² at M = J, lowered one by one."""
    x, y, z = collective(N)
    square, lowering = x @ x + y @ y + z @ z, x - 1j * y
    found = {}
    for J in (N / 2 - k for k in range(N // 2 + 1)):
        top = np.flatnonzero(np.abs(np.diag(z) - J) < 1e-9)
        values, vectors = np.linalg.eigh(square[np.ix_(top, top)])
        chosen = vectors[:, np.abs(values - J * (J + 1)) < 1e-8]
        states = np.zeros((2**N, round(2 * J) + 1, chosen.shape[1]), complex)
        states[top, -1] = chosen
        for k in range(round(2 * J), 0, -1):
            below = lowering @ states[:, k]
            states[:, k - 1] = below / np.linalg.norm(below, axis=0)
        found[J] = states
    return found


def projected(rho, N):
    """Blocks of ρ: Σ_α ⟨J, M, α|ρ|J, M', α⟩, not normalised."""
    return {J: np.einsum("imc,ij,jnc->mn", v.conj(), rho, v, optimize=True) for J, v in ladders(N).items()}


def assembled(blocks, N):
    total = np.zeros((2**N, 2**N), complex)
    vectors = ladders(N)
    for J, weight, matrix in blocks:
        v = vectors[J]
        total += weight / v.shape[2] * np.einsum("imc,mn,jnc->ij", v, matrix, v.conj(), optimize=True)
    return total


def random_blocks(N, seed):
    rng = np.random.default_rng(seed)
    blocks = []
    for J in angular.spin_values(N):
        a = rng.normal(size=(round(2 * J) + 1, 2)) @ np.diag([1, 1j]) @ rng.normal(size=(2, round(2 * J) + 1))
        matrix = a @ a.conj().T
        blocks.append((J, rng.random(), matrix / np.trace(matrix)))
    total = sum(weight for _, weight, _ in blocks)
    return [(J, weight / total, matrix) for J, weight, matrix in blocks]


def brute_moments(rho, N, order):
    """⟨σ_x ⊗ … ⊗ σ_y ⊗ … ⊗ σ_z ⊗ …⟩ on the first spins."""
    expected = {}
    for n in angular.indices(min(order, N)):
        factors = [PAULI[0]] * n[0] + [PAULI[1]] * n[1] + [PAULI[2]] * n[2] + [np.eye(2)] * (N - sum(n))
        operator = list(itertools.accumulate(factors, np.kron))[-1]
        expected[n] = np.trace(operator @ rho).real
    return expected


# ---------------------------------------------------------------- coherent states


@pytest.mark.parametrize("N", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize(("theta", "phi"), ANGLES)
def test_blocks_of_a_coherent_state_are_those_of_the_kronecker_product(N, length, theta, phi):
    state = sb.CoherentSpinState(theta, phi, length)
    expected = projected(product(state.bloch_vector(), N), N)
    blocks = state.dicke_blocks(N)
    for J, weight, matrix in blocks:
        np.testing.assert_allclose(weight * matrix, expected.pop(J), atol=2e-14)
    assert all(np.abs(rest).max() < 1e-14 for rest in expected.values())
    assert [J for J, _, _ in blocks] == sorted((J for J, _, _ in blocks), reverse=True)


@pytest.mark.parametrize("N", [40, 81])
@pytest.mark.parametrize("length", [0.0, 0.6, 0.999, 1.0])
def test_blocks_of_many_spins_have_the_means_of_the_product(N, length):
    state = sb.CoherentSpinState(1.1, -0.4, length)
    exact = sb.State.symmetric_moments(state, N, 3)
    for n, value in state.symmetric_moments(N, 3).items():
        assert exact[n] == pytest.approx(value, abs=1e-11)


@pytest.mark.parametrize("N", [1, 2, 7, 60])
@pytest.mark.parametrize("length", LENGTHS)
def test_weights_are_the_probabilities_of_total_spin(N, length):
    """⟨J²⟩ = 3N/4 + N(N − 1)|s|²/4 for a product; weights come without the matrices."""
    blocks = sb.CoherentSpinState(0.3, 0.2, length).dicke_blocks(N)
    weights = angular.block_weights(blocks)
    assert sum(weight for _, weight in weights) == pytest.approx(1, abs=1e-13)
    mean = sum(weight * J * (J + 1) for J, weight in weights)
    assert mean == pytest.approx(3 * N / 4 + N * (N - 1) * length**2 / 4, rel=1e-11)
    assert weights == [(J, weight) for J, weight, _ in blocks]


def test_weights_of_a_hundred_thousand_spins_take_no_time_that_grows_with_N_squared():
    weights = angular.block_weights(sb.CoherentSpinState(bloch_length=0.5).dicke_blocks(10**5))
    assert sum(weight * J for J, weight in weights) == pytest.approx(25000, rel=1e-3)


@pytest.mark.parametrize(
    ("theta", "phi", "vector"),
    [(0, 0, (0, 0, 1)), (np.pi, 0, (0, 0, -1)), (np.pi / 2, np.pi, (-1, 0, 0)), (np.pi / 2, -np.pi / 2, (0, -1, 0))],
)
def test_directions_along_the_axes_have_no_round_off(theta, phi, vector):
    assert sb.CoherentSpinState(theta, phi).bloch_vector().tolist() == list(vector)


@settings(max_examples=100, deadline=None)
@given(st.floats(-50, 50), st.floats(-50, 50), st.floats(0, 1))
def test_bloch_vector_has_the_given_direction_and_length(theta, phi, length):
    vector = sb.CoherentSpinState(theta, phi, length).bloch_vector()
    direction = [math.sin(theta) * math.cos(phi), math.sin(theta) * math.sin(phi), math.cos(theta)]
    np.testing.assert_allclose(vector, length * np.array(direction), atol=1e-13)


@settings(max_examples=100, deadline=None)
@given(st.tuples(*[st.floats(-0.577, 0.577)] * 3))
def test_along_is_the_inverse_of_bloch_vector(vector):
    np.testing.assert_allclose(sb.CoherentSpinState.along(vector).bloch_vector(), vector, atol=1e-15)


def test_a_coherent_state_fits_every_N_without_making_blocks():
    sb.Problem(sb.SpinModel(N=10**12), sb.CoherentSpinState(bloch_length=0.5), times=[0, 1])


# ---------------------------------------------------------------- Dicke states and blocks


@pytest.mark.parametrize("N", [1, 2, 3, 4, 5])
def test_a_dicke_state_is_one_entry_of_one_block(N):
    for J in angular.spin_values(N):
        for M in np.arange(-J, J + 1):
            ((spin, weight, matrix),) = sb.DickeState(J, M).dicke_blocks(N)
            rho = assembled([(spin, weight, matrix)], N)
            x, y, z = collective(N)
            assert np.trace(rho) == pytest.approx(1)
            assert np.trace(rho @ z) == pytest.approx(M)
            assert np.trace(rho @ z @ z) == pytest.approx(M**2)
            assert np.trace(rho @ (x @ x + y @ y + z @ z)) == pytest.approx(J * (J + 1))
            assert angular.block_weights(sb.DickeState(J, M).dicke_blocks(N)) == [(J, 1.0)]


@pytest.mark.parametrize("M", [-2, 2])
def test_all_up_and_all_down_are_products(M):
    product_state = sb.DickeState(2, M).as_product(4)
    assert product_state.bloch_vector().tolist() == [0, 0, M / 2]
    assert sb.DickeState(2, M).as_product(6) is None
    assert sb.DickeState(2, 0).as_product(4) is None


@pytest.mark.parametrize("N", [1, 2, 3, 4, 5])
def test_symmetric_moments_of_blocks_are_those_on_2_to_the_N(N):
    blocks = random_blocks(N, seed=N)
    found = sb.DickeBlocks(blocks).symmetric_moments(N, N + 2)
    expected = brute_moments(assembled(blocks, N), N, N)
    assert found.keys() == expected.keys()
    for n, value in expected.items():
        assert found[n] == pytest.approx(value, abs=1e-12)


@pytest.mark.parametrize("state", [sb.CoherentSpinState(1.0, 2.0, 0.7), sb.DickeState(1, -1), sb.DickeState(2, 0)])
def test_symmetric_moments_of_every_kind_of_state(state):
    expected = brute_moments(assembled(state.dicke_blocks(4), 4), 4, 3)
    found = state.symmetric_moments(4, 3)
    assert list(found) == angular.indices(3)
    for n, value in expected.items():
        assert found[n] == pytest.approx(value, abs=1e-13)
    np.testing.assert_allclose(
        state.bloch_vector(4), [expected[1, 0, 0], expected[0, 1, 0], expected[0, 0, 1]], atol=1e-13
    )


def test_blocks_are_sorted_normalised_and_read_only():
    state = sb.DickeBlocks([(0, 0.25, [[1]]), (1, 0.75, np.eye(3) / 3), (2, 0.0, np.eye(5) / 5)])
    assert [(J, weight) for J, weight, _ in state.blocks] == [(1.0, 0.75), (0.0, 0.25)]
    assert not state.blocks[0][2].flags.writeable
    assert repr(state) == "DickeBlocks(J=[1.0, 0.0])"
    assert angular.block_weights(state.dicke_blocks(4)) == [(1.0, 0.75), (0.0, 0.25)]


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        ([(1, 1.0, np.eye(2) / 2)], r"block J = 1.0 has shape \(2, 2\): expected \(3, 3\)"),
        ([(0.25, 1.0, np.eye(2) / 2)], "J = 0.25 is no multiple of 1/2"),
        ([(-0.5, 1.0, np.eye(2) / 2)], "block J = -0.5"),
        ([(0.5, 1.0, np.eye(2))], "block J = 0.5 has trace 2"),
        ([(0.5, 1.0, [[0.5, 0.3], [0, 0.5]])], "block J = 0.5 is not Hermitian"),
        ([(0.5, 1.0, np.diag([1.5, -0.5]))], "block J = 0.5 has a negative eigenvalue"),
        ([(0.5, 1.0, [[np.nan, 0], [0, 1]])], "has an entry that is not finite"),
        ([(0.5, 0.4, np.eye(2) / 2)], "the weights sum to 0.4"),
        ([(0.5, -0.4, np.eye(2) / 2)], "has the negative weight -0.4"),
        ([(0.5, True, np.eye(2) / 2)], "weight = True is no real number"),
        ([(0.5, 0.5, np.eye(2) / 2)] * 2, "need distinct J"),
        ([(0.5, 0.5, np.eye(2) / 2), (1, 0.5, np.eye(3) / 3)], "need distinct J that differ by whole numbers"),
        ([(0.5, 1.0, [["1", "0"], ["0", "0"]])], "is no matrix of numbers"),
        ([(0.5, 1.0, [[1], [0, 0]])], "is no matrix of numbers"),
        ([], "the weights sum to 0"),
        (3, "blocks = 3 are no list"),
        ([(1, 2)], "are no list of"),
    ],
)
def test_blocks_that_are_no_density_matrix_are_refused(blocks, message):
    with pytest.raises(sb.InvalidModelError, match=message):
        sb.DickeBlocks(blocks)


def test_states_that_do_not_fit_N_are_refused():
    with pytest.raises(sb.InvalidModelError, match=r"J = 1.0 is no total spin of N = 3 spins"):
        sb.Problem(sb.SpinModel(N=3), sb.DickeState(1, 0), times=[0])
    with pytest.raises(sb.InvalidModelError, match=r"J = 2.0 is no total spin of N = 2 spins"):
        sb.Problem(sb.SpinModel(N=2), sb.DickeBlocks([(2, 1.0, np.eye(5) / 5)]), times=[0])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: sb.CoherentSpinState(theta=float("nan")), "theta = nan is not finite"),
        (lambda: sb.CoherentSpinState(phi="0"), "phi = '0' is no real number"),
        (lambda: sb.CoherentSpinState(bloch_length=1.1), "bloch_length = 1.1 is outside"),
        (lambda: sb.CoherentSpinState(bloch_length=-0.1), "bloch_length = -0.1 is outside"),
        (lambda: sb.CoherentSpinState.along((1, 1, 0)), "is longer than 1"),
        (lambda: sb.CoherentSpinState.along("abc"), "Bloch vector = 'abc' is no vector"),
        (lambda: sb.DickeState(-1, 0), "J = -1.0 is negative"),
        (lambda: sb.DickeState(1, 0.5), "M = 0.5 is not one of"),
        (lambda: sb.DickeState(1, 2), "M = 2.0 is not one of"),
        (lambda: sb.DickeState(0.3, 0), "J = 0.3 is no multiple of 1/2"),
        (lambda: sb.DickeState(True, 0), "J = True is no real number"),
        (lambda: sb.DickeState(1, 0).bloch_vector(), "depends on N"),
        (lambda: sb.CoherentSpinState().symmetric_moments(3, 1.5), "order = 1.5 is no whole number"),
        (lambda: sb.CoherentSpinState(bloch_length=0.5).dicke_blocks("3"), "N = '3' is no whole number"),
        (lambda: sb.DickeState(1, 0).dicke_blocks(2.5), "N = 2.5 is no whole number"),
    ],
)
def test_values_that_are_no_state_are_refused(make, message):
    with pytest.raises(sb.InvalidModelError, match=message):
        make()


# ---------------------------------------------------------------- the mean-field state


@pytest.mark.parametrize("chi", [-1.2, 0.0, 0.7])
@pytest.mark.parametrize("phase", [0.0, 0.8, np.pi])
def test_mean_field_state_is_a_fixed_point_at_large_N(chi, phase):
    """The right-hand side at γ_s = 0 without the 1/N self terms vanishes there, whatever the drive's phase."""
    N, u, Gamma = 1000, 0.8, 1.3
    omega = N / 2 * u * np.hypot(Gamma, 2 * chi)
    model = sb.SpinModel(
        N=N, chi=chi, drive=(omega * np.cos(phase), omega * np.sin(phase), 0), collective_emission=Gamma
    )
    x, y, z = sb.Problem(model, sb.MeanFieldSteadyState(), times=[0]).initial_state.bloch_vector()
    wx, wy = model.drive[:2]
    assert x * x + y * y + z * z == pytest.approx(1)
    assert z == pytest.approx(-np.sqrt(1 - u * u))
    assert N * z * (Gamma * x / 2 + chi * y) + wy * z == pytest.approx(0, abs=1e-9 * N)
    assert N * z * (Gamma * y / 2 - chi * x) - wx * z == pytest.approx(0, abs=1e-9 * N)


def test_mean_field_state_of_the_paper():
    model = sb.SpinModel.driven_cavity(N=100, upsilon_ratio=0.6, chi=0.5, Gamma=1.0)
    vector = sb.Problem(model, sb.MeanFieldSteadyState(), times=[0]).initial_state.bloch_vector()
    np.testing.assert_allclose(vector, [-0.6 / np.sqrt(2), 0.6 / np.sqrt(2), -0.8], atol=1e-15)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (sb.SpinModel.driven_cavity(N=10, upsilon_ratio=1.5), "Υ/Υ_c = 1.5 is above 1"),
        (sb.SpinModel(N=10, drive=1.0), "Γ or χ different from 0"),
        (sb.SpinModel(N=10, drive=(1, 0, 1), collective_emission=1.0), "needs the paper's Hamiltonian"),
    ],
)
def test_mean_field_state_is_refused_where_there_is_none(model, message):
    with pytest.raises(sb.InvalidModelError, match=message):
        sb.Problem(model, sb.MeanFieldSteadyState(), times=[0])


def test_mean_field_state_needs_a_model():
    for ask in (sb.MeanFieldSteadyState().bloch_vector, lambda: sb.MeanFieldSteadyState().dicke_blocks(3)):
        with pytest.raises(sb.InvalidModelError, match="depends on the model"):
            ask()


# ---------------------------------------------------------------- content


@pytest.mark.parametrize(
    "state",
    [
        sb.CoherentSpinState(0.1, -7.0, 0.3),
        sb.DickeState(2.5, -1.5),
        sb.MeanFieldSteadyState(),
        sb.DickeBlocks(random_blocks(5, seed=1)),
    ],
)
def test_json_keeps_every_bit(state):
    again = sb.State.from_json(state.to_json())
    assert type(again) is type(state)
    assert again == state
    assert hash(again) == hash(state)
    assert type(state).from_dict(state.to_dict()) == state


def test_equality_is_by_content():
    assert sb.DickeState(1, 0) == sb.DickeState(1.0, -0.0)
    assert sb.DickeState(1, 0) != sb.DickeState(1, 1)
    assert sb.CoherentSpinState() == sb.CoherentSpinState(theta=np.float64(np.pi / 2))
    assert sb.MeanFieldSteadyState() == sb.MeanFieldSteadyState()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"theta": 1.0}, "with an entry 'type'"),
        ({"type": "coherrent"}, "did you mean 'coherent'"),
        ({"type": "coherent", "thetta": 1.0}, "did you mean 'theta'"),
        ({"type": "dicke", "J": 1}, "a Dicke state needs J and M"),
        ({"type": "mean_field_steady_state", "J": 1}, "unknown entry 'J'"),
        ({"type": "blocks", "blocks": [{"J": 1}]}, "J, weight, re and im"),
        ({"type": "blocks", "blocks": 3}, "J, weight, re and im"),
        ({"type": "blocks", "blocks": [{"J": 0, "weight": 1, "re": [[1]], "im": [0]}]}, "re has shape"),
        ({"type": ["dicke"]}, "unknown type of state"),
        (None, "a state is a table"),
    ],
)
def test_content_that_is_no_state_is_refused(data, message):
    with pytest.raises(sb.InvalidModelError, match=message):
        sb.State.from_dict(data)


def test_content_of_another_state_is_refused():
    with pytest.raises(sb.InvalidModelError, match="this is a DickeState, not a CoherentSpinState"):
        sb.CoherentSpinState.from_dict(sb.DickeState(1, 0).to_dict())
