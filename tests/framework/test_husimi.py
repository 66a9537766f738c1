"""The Husimi function: against projectors on 2^N, QuTiP, closed forms, its integral and rotations."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import gammaln

import squeezebench as sb
from squeezebench import InvalidModelError
from squeezebench.observables.husimi import husimi, husimi_by_J

from .. import brute_force


def random_density(rng, size):
    vectors = rng.normal(size=(size, size)) + 1j * rng.normal(size=(size, size))
    matrix = vectors @ vectors.conj().T
    return matrix / np.trace(matrix).real


def random_blocks(rng, N):
    weights = rng.random(N // 2 + 1)
    weights /= weights.sum()
    return [(N / 2 - k, w, random_density(rng, N + 1 - 2 * k)) for k, w in enumerate(weights)]


def on_the_sphere(rng, count):
    return np.arccos(rng.uniform(-1, 1, count)), rng.uniform(-np.pi, np.pi, count)


def grid(N):
    """Nodes and weights that integrate every function of spin N on the sphere exactly."""
    z, weights = np.polynomial.legendre.leggauss(N // 2 + 1)
    phi = np.arange(N + 1) * 2 * np.pi / (N + 1)
    return np.arccos(z)[:, None], phi[None, :], weights[:, None] * 2 * np.pi / (N + 1)


def brute(rho, N, theta, phi):
    """Σ_J (2J+1)/4π Tr(ρ Π), Π on the vectors with J² = J(J+1) and n·J = J, in 2^N; also by J, largest first."""
    J = np.array(brute_force.collective(N))
    square = sum(j @ j for j in J)
    n = np.array([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)])
    values, vectors = np.linalg.eigh(square + 1000 * np.tensordot(n, J, 1))
    parts = []
    for spin in np.arange(N / 2, -0.1, -1):
        kept = vectors[:, np.abs(values - spin * (spin + 1) - 1000 * spin) < 1e-6]
        parts.append((2 * spin + 1) / (4 * np.pi) * np.trace(kept.conj().T @ rho @ kept).real)
    return parts


# ---------------------------------------------------------------- independent answers


@pytest.mark.parametrize("N", [1, 2, 3, 4, 5])
def test_it_is_the_mean_of_projectors_on_2_to_the_n(N):
    """Of a state that single-spin and collective noise have spread over all J, with every coherence."""
    rng = np.random.default_rng(N)
    model = brute_force.random_model(rng, N)
    problem = sb.Problem(model, sb.CoherentSpinState(1.1, 0.3, 0.9), times=[0.0, 0.3])
    ds = sb.solve(problem, "permutational", tier="reference", keep={"states"}, states="all")
    theta, phi = on_the_sphere(rng, 5)
    J, by_J = husimi_by_J(ds, 1, theta, phi)
    assert J.tolist() == [N / 2 - k for k in range(N // 2 + 1)]
    rho = brute_force.evolved(model, brute_force.density_matrix(problem.initial_state, N), 0.3)
    expected = np.array([brute(rho, N, *point) for point in zip(theta, phi, strict=True)]).T
    assert by_J == pytest.approx(expected, abs=1e-10)
    assert husimi(ds, 1, theta, phi) == pytest.approx(expected.sum(axis=0), abs=1e-10)


@pytest.mark.parametrize("J", [0.5, 1, 1.5, 4, 12.5])
def test_one_block_is_qutips_function(J):
    """QuTiP's has no factor (2J+1)/4π, and M descends."""
    import qutip

    rho = random_density(np.random.default_rng(round(2 * J)), round(2 * J) + 1)
    theta, phi = np.linspace(0, np.pi, 9), np.linspace(0, 2 * np.pi, 11)
    theirs = qutip.spin_q_function(qutip.Qobj(rho[::-1, ::-1]), theta, phi)[0].T
    ours = husimi([(J, 1.0, rho)], 0, theta[:, None], phi[None, :])
    assert ours == pytest.approx((2 * J + 1) / (4 * np.pi) * theirs, abs=1e-12)


@pytest.mark.parametrize("N", [1, 2, 7, 40, 801])
def test_a_coherent_state_is_a_power_of_the_angle_to_it(N):
    """(N+1)/4π cos^(2N)(α/2), also where that is 1e-200 of the maximum in the state along z."""
    rng = np.random.default_rng(N)
    theta, phi = on_the_sphere(rng, 40)
    for along in ((0.0, 0.0), (1.9, 2.2)):
        state = sb.CoherentSpinState(*along)
        n = np.stack([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)])
        overlap = (1 + state.bloch_vector() @ n) / 2
        exact = (N + 1) / (4 * np.pi) * overlap**N
        close = husimi(state.dicke_blocks(N), 0, theta, phi)
        assert np.abs(close - exact).max() < 1e-12 * N
        if along == (0.0, 0.0):
            seen = exact > 1e-250
            population = {
                "time": [0.0], "J": [N / 2], "weight": [[1.0]], "trace": [1.0], "purity": [1.0],
                "population": np.eye(N + 1)[-1:],
            }  # fmt: skip
            assert husimi(population, 0, theta, phi)[seen] == pytest.approx(exact[seen], rel=1e-10)


@pytest.mark.parametrize("N", [1, 2, 6, 9])
def test_the_mixed_state_is_the_same_everywhere(N):
    theta, phi = on_the_sphere(np.random.default_rng(0), 6)
    blocks = sb.CoherentSpinState(bloch_length=0.0).dicke_blocks(N)
    J, by_J = husimi_by_J(blocks, 0, theta, phi)
    weights = np.array([weight for _, weight, _ in blocks])
    assert by_J == pytest.approx(np.repeat(weights[:, None], 6, axis=1) / (4 * np.pi), rel=1e-12)
    assert J.tolist() == [J for J, _, _ in blocks]
    assert husimi(blocks, 0, theta, phi) == pytest.approx(1 / (4 * np.pi), rel=1e-12)


@pytest.mark.parametrize("N", [1, 2, 301, pytest.param(2000, marks=pytest.mark.slow)])
def test_populations_of_decaying_spins_are_those_of_product_states(N):
    """Independent decay of each spin: Σ_J by hand, in logarithms."""
    t = 0.7
    problem = sb.Problem(sb.SpinModel(N, emission=1.0), sb.DickeState(N / 2, N / 2), times=[0.0, t])
    ds = sb.solve(problem, "permutational", tier="tight", keep={"states"})
    assert "state_population" in ds
    theta = np.array([0.0, 1.0, 1.5, 2.0, 2.7, np.pi])
    up = math.exp(-t)
    expected = np.zeros(len(theta))
    for J in np.arange(N / 2, -0.1, -1):
        # ⟨J, n|P_J|J, n⟩ = d_J (p q)^(N/2−J) (p cos² + q sin²)^(2J) for the product of spins diag(p, q).
        log_d = np.log(2 * J + 1) + gammaln(N + 1) - gammaln(N / 2 + J + 2) - gammaln(N / 2 - J + 1)
        across = up * np.cos(theta / 2) ** 2 + (1 - up) * np.sin(theta / 2) ** 2
        logs = log_d + (N / 2 - J) * math.log(up * (1 - up)) + 2 * J * np.log(across)
        expected += (2 * J + 1) / (4 * np.pi) * np.exp(logs)
    # A solver's own error, 1e-11, is of the state's norm; Q has the factor (2J+1)/4π.
    assert husimi(ds, -1, theta, 0.4) == pytest.approx(expected, rel=1e-7, abs=1e-9)


# ---------------------------------------------------------------- laws


@pytest.mark.parametrize("N", [1, 2, 3, 8, 21, 60])
def test_its_integral_over_the_sphere_is_one_and_that_of_each_j_its_weight(N):
    theta, phi, weights = grid(N)
    blocks = random_blocks(np.random.default_rng(N), N)
    assert (husimi(blocks, 0, theta, phi) * weights).sum() == pytest.approx(1.0, abs=1e-13)
    _, by_J = husimi_by_J(blocks, 0, theta, phi)
    assert (by_J * weights).sum(axis=(1, 2)) == pytest.approx([w for _, w, _ in blocks], abs=1e-13)
    assert by_J.min() > -1e-13


@pytest.mark.parametrize("N", [1, 2, 9, 50])
def test_its_first_moment_is_the_mean_spin(N):
    """∫ n Q_J = ⟨J⟩_J/(J+1): the Q symbol of spin J shrinks a vector by J/(J+1)."""
    theta, phi, weights = grid(N + 2)
    blocks = random_blocks(np.random.default_rng(10 + N), N)
    J, by_J = husimi_by_J(blocks, 0, theta, phi)
    n = np.stack(np.broadcast_arrays(np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)))
    mean = sum((J[b] + 1) * (n * by_J[b] * weights).sum(axis=(1, 2)) for b in range(len(J)))
    assert mean == pytest.approx(N / 2 * sb.DickeBlocks(blocks).bloch_vector(N), abs=1e-11 * N)


@pytest.mark.parametrize("N", [1, 2, 5, 30])
def test_turning_the_state_turns_the_function(N):
    """The rotation is the solver's, by a schedule."""
    rng = np.random.default_rng(20 + N)
    start = sb.DickeBlocks(random_blocks(rng, N))
    turn = sb.Rotation(tuple(rng.normal(size=3)), 1.3)
    idle = sb.SpinModel(N)
    problem = sb.Problem(schedule=[turn, sb.Segment(idle, 1.0)], initial=start, times=[0.0])
    ds = sb.solve(problem, "permutational", keep={"states"})
    theta, phi = on_the_sphere(rng, 30)
    n = np.stack([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)])
    x, y, z = turn.matrix @ n
    turned = husimi(ds, 0, np.arctan2(np.hypot(x, y), z), np.arctan2(y, x))
    assert turned == pytest.approx(husimi(start, 0, theta, phi), abs=1e-11)


def test_angles_beyond_a_pole_are_the_same_points():
    blocks = random_blocks(np.random.default_rng(3), 5)
    theta, phi = on_the_sphere(np.random.default_rng(4), 8)
    value = husimi(blocks, 0, theta, phi)
    for same in ((-theta, phi + np.pi), (2 * np.pi - theta, phi - np.pi), (theta + 4 * np.pi, phi)):
        assert husimi(blocks, 0, *same) == pytest.approx(value, abs=1e-12)


def test_shapes_broadcast_and_many_scattered_points_are_those_of_a_grid(monkeypatch):
    monkeypatch.setattr("squeezebench.observables.husimi._CHUNK", 100)
    blocks = random_blocks(np.random.default_rng(5), 12)
    theta, phi = np.linspace(0, np.pi, 37), np.linspace(-7, 7, 29)
    whole = husimi(blocks, 0, theta[:, None], phi[None, :])
    assert whole.shape == (37, 29)
    scattered = husimi(blocks, 0, *(a.ravel()[::-1] for a in np.meshgrid(theta, phi, indexing="ij")))
    assert np.array_equal(scattered[::-1].reshape(37, 29), whole)
    assert husimi(blocks, 0, 0.3, 0.2).shape == ()
    assert husimi(blocks, 0, [], 0.2).shape == (0,)
    assert husimi_by_J(blocks, 0, theta[:, None], phi[None, :])[1].sum(axis=0) == pytest.approx(whole, abs=1e-13)


# ---------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("states", "index", "theta", "phi", "message"),
    [
        ({}, 0, 0.0, 0.0, r"keep=\{'states'\}"),
        (3, 0, 0.0, 0.0, "states = 3"),
        ("blocks", 0, 0.0, 0.0, "states = 'blocks'"),
        ([(0.5, 1.0, np.eye(2) / 2)], 1, 0.0, 0.0, "index = 1: there are 1 states"),
        ([(0.5, 1.0, np.eye(2) / 2)], True, 0.0, 0.0, "index = True"),
        ([(0.5, 1.0, np.eye(2) / 2)], 0.0, 0.0, 0.0, "index = 0.0"),
        ([(0.5, 1.0, np.eye(3) / 3)], 0, 0.0, 0.0, "block J = 0.5 has shape"),
        ([0.5, 1.0], 0, 0.0, 0.0, "block 0.5 is no"),
        ([(0.5, 1.0, np.eye(2) / 2)], 0, "up", 0.0, "theta = 'up'"),
        ([(0.5, 1.0, np.eye(2) / 2)], 0, np.nan, 0.0, "theta has an entry that is not finite"),
        ([(0.5, 1.0, np.eye(2) / 2)], 0, 0.0, 1j, "phi has complex entries"),
        ([(0.5, 1.0, np.eye(2) / 2)], 0, [0.0, 1.0], [0.0, 1.0, 2.0], "do not broadcast"),
    ],
)
def test_bad_input_is_named(states, index, theta, phi, message):
    with pytest.raises(InvalidModelError, match=message):
        husimi(states, index, theta, phi)


def test_the_names_of_the_package_are_these():
    assert (sb.husimi, sb.husimi_by_J) == (husimi, husimi_by_J)
    from squeezebench_permutational.husimi import husimi as of_the_plugin

    assert of_the_plugin is husimi
