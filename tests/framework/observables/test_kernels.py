"""The definitions of ξ², N_eff and the rest, against dense searches, high precision and symmetry."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from squeezebench.observables import kernels
from squeezebench.states import CoherentSpinState

fast = settings(deadline=None, max_examples=60)  # the first example compiles
angles = st.floats(0.01, math.pi - 0.01)
azimuths = st.floats(-math.pi, math.pi)
numbers_of_spins = st.integers(1, 10**6)


def random_moments(rng, N=50):
    A = rng.normal(size=(3, 3)) * math.sqrt(N)
    return rng.normal(size=3) * N / 4, A @ A.T


def rotation(alpha, beta, gamma):
    def z(t):
        return np.array([[math.cos(t), -math.sin(t), 0], [math.sin(t), math.cos(t), 0], [0, 0, 1]])

    y = np.array([[math.cos(beta), 0, math.sin(beta)], [0, 1, 0], [-math.sin(beta), 0, math.cos(beta)]])
    return z(alpha) @ y @ z(gamma)


def coherent(N, theta, phi, bloch_length=1.0):
    """Moments of N equal independent spins: (N/2)s and (N/4)(1 − s sᵀ)."""
    s = CoherentSpinState(theta, phi, bloch_length).bloch_vector()
    return N / 2 * s, N / 4 * (np.eye(3) - np.outer(s, s))


def least_variance_by_search(spin, covariance):
    """Smallest variance over directions normal to the spin: dense grid, then ever finer ones; and its direction."""
    n = spin / np.linalg.norm(spin)
    u = np.cross(n, np.eye(3)[np.argmin(np.abs(n))])
    u /= np.linalg.norm(u)
    v = np.cross(n, u)
    centre, width = 0.0, math.pi / 2
    for _ in range(8):
        t = centre + np.linspace(-width, width, 2001)
        axes = np.cos(t)[:, None] * u + np.sin(t)[:, None] * v
        variances = np.einsum("ka,ab,kb->k", axes, covariance, axes)
        k = np.argmin(variances)
        centre, width = t[k], width / 200
    return variances[k], axes[k]


@pytest.mark.parametrize("seed", range(25))
def test_squeezing_is_the_least_variance_over_all_normal_directions(seed):
    rng = np.random.default_rng(seed)
    N = int(rng.integers(1, 1000))
    spin, covariance = random_moments(rng, N)
    least, axis = least_variance_by_search(spin, covariance)
    length = np.linalg.norm(spin)
    assert kernels.xi2_wineland(spin, covariance, N) == pytest.approx(N * least / length**2, rel=1e-9)
    assert kernels.xi2_kitagawa_ueda(spin, covariance, N) == pytest.approx(4 * least / N, rel=1e-9)
    assert abs(np.dot(kernels.squeezed_axis(spin, covariance, N), axis)) == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("ratio", [1e-3, 1e-7, 1e-10])
@pytest.mark.parametrize("angle", [0.0, 0.3, math.pi / 4, 1.4])
def test_a_small_variance_beside_a_large_one_keeps_its_digits(ratio, angle):
    """Against exact rational arithmetic on the same doubles; the spin is along x, so that the projection is exact."""
    c, s = math.cos(angle), math.sin(angle)
    large, small = 1e4, 1e4 * ratio
    yy, zz, yz = small * c * c + large * s * s, small * s * s + large * c * c, (small - large) * c * s
    covariance = np.array([[3.0, 0, 0], [0, yy, yz], [0, yz, zz]])
    a, d, b = Fraction(yy), Fraction(zz), Fraction(yz)
    determinant, mean = a * d - b * b, (a + d) / 2
    scale = 10**80  # √ of a rational to 40 digits
    root = Fraction(math.isqrt(int((mean * mean - determinant) * scale)), 10**40)
    exact = float(determinant / (mean + root))
    got = kernels.xi2_wineland(np.array([20.0, 0, 0]), covariance, 16.0) * 400 / 16
    # No formula on rounded entries can do better than a rounding of a·d, which a diagonal matrix does not have.
    rounding = 4e-16 * min(yy, zz) / exact + 1e-15
    assert got == pytest.approx(exact, rel=rounding)


@pytest.mark.parametrize("seed", range(10))
def test_a_variance_of_1e_minus_7_of_the_largest_is_accurate_in_any_direction(seed):
    rng = np.random.default_rng(seed)
    R = rotation(*rng.uniform(-3, 3, 3))
    spin, covariance = R @ [0, 0, 400.0], R @ np.diag([1e-2, 1e5, 50.0]) @ R.T
    assert kernels.xi2_wineland(spin, covariance, 1000) == pytest.approx(1000 * 1e-2 / 400**2, rel=3e-8)


@fast
@given(numbers_of_spins, angles, azimuths)
def test_a_coherent_state_has_xi2_1_and_n_eff_N(N, theta, phi):
    spin, covariance = coherent(N, theta, phi)
    assert kernels.xi2_wineland(spin, covariance, N) == pytest.approx(1, rel=1e-12)
    assert kernels.xi2_kitagawa_ueda(spin, covariance, N) == pytest.approx(1, rel=1e-12)
    assert kernels.n_eff(spin, covariance, N) == pytest.approx(N, rel=1e-12)
    assert kernels.j_squared(spin, covariance) == pytest.approx(N / 2 * (N / 2 + 1), rel=1e-12)
    assert kernels.contrast(spin, N) == pytest.approx(1, rel=1e-12)


@fast
@given(numbers_of_spins, angles, azimuths, st.floats(1e-3, 1))
def test_a_product_state_has_xi2_of_one_over_the_bloch_length_squared(N, theta, phi, bloch_length):
    """N = 1 among them: one spin cannot be squeezed."""
    spin, covariance = coherent(N, theta, phi, bloch_length)
    assert kernels.xi2_wineland(spin, covariance, N) == pytest.approx(1 / bloch_length**2, rel=1e-9)
    assert kernels.xi2_kitagawa_ueda(spin, covariance, N) == pytest.approx(1, rel=1e-9)


@fast
@given(st.integers(0, 2**32 - 1), azimuths, angles, azimuths)
def test_rotations_leave_scalars_as_they_are_and_turn_axes(seed, alpha, beta, gamma):
    R = rotation(alpha, beta, gamma)
    spin, covariance = random_moments(np.random.default_rng(seed))
    turned = R @ spin, R @ covariance @ R.T
    for scalar in (kernels.xi2_wineland, kernels.xi2_kitagawa_ueda, kernels.n_eff):
        assert scalar(*turned, 50) == pytest.approx(scalar(spin, covariance, 50), rel=1e-7)
    expected = R @ kernels.mean_direction(spin, 50)
    np.testing.assert_allclose(kernels.mean_direction(turned[0], 50), expected, atol=1e-12)
    axis = R @ kernels.squeezed_axis(spin, covariance, 50)
    assert abs(np.dot(kernels.squeezed_axis(*turned, 50), axis)) == pytest.approx(1, abs=1e-6)


@fast
@given(st.integers(0, 2**32 - 1))
def test_the_squeezed_axis_is_a_unit_vector_normal_to_the_spin_with_its_largest_component_positive(seed):
    spin, covariance = random_moments(np.random.default_rng(seed))
    axis = np.array(kernels.squeezed_axis(spin, covariance, 50))
    assert np.linalg.norm(axis) == pytest.approx(1, abs=1e-14)
    assert abs(axis @ spin) < 1e-13 * np.linalg.norm(spin)
    assert axis[np.argmax(np.abs(axis))] > 0


@fast
@given(st.integers(0, 2**32 - 1))
def test_the_squeezing_angle_gives_the_squeezed_axis(seed):
    spin, covariance = random_moments(np.random.default_rng(seed))
    theta, phi = math.acos(spin[2] / np.linalg.norm(spin)), math.atan2(spin[1], spin[0])
    e_phi = np.array([-math.sin(phi), math.cos(phi), 0])
    e_theta = np.array([math.cos(theta) * math.cos(phi), math.cos(theta) * math.sin(phi), -math.sin(theta)])
    psi = kernels.squeezing_angle(spin, covariance, 50)
    assert -math.pi / 2 < psi <= math.pi / 2
    axis = kernels.squeezed_axis(spin, covariance, 50)
    assert abs(np.dot(math.cos(psi) * e_phi + math.sin(psi) * e_theta, axis)) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize(
    ("spin", "variances", "angle", "axis"),
    [
        ((9, 0, 0), (0, 1, 4), 0.0, (0, 1, 0)),  # least along e_φ = y
        ((9, 0, 0), (0, 4, 1), math.pi / 2, (0, 0, 1)),  # least along e_θ = −z: +π/2, not −π/2
        ((-9, 0, 0), (0, 4, 1), math.pi / 2, (0, 0, 1)),
        ((0, -9, 0), (1, 0, 4), 0.0, (1, 0, 0)),
        ((0, 0, 9), (4, 1, 9), 0.0, (0, 1, 0)),  # on the z axis φ is 0
        ((0, 0, -9), (1, 4, 9), math.pi / 2, (1, 0, 0)),
    ],
)
def test_axes_by_hand(spin, variances, angle, axis):
    spin, covariance = np.array(spin, dtype=float), np.diag(np.array(variances, dtype=float))
    assert kernels.squeezing_angle(spin, covariance, 20) == pytest.approx(angle, abs=1e-15)
    np.testing.assert_allclose(kernels.squeezed_axis(spin, covariance, 20), axis, atol=1e-15)
    negative_zero = covariance * np.where(np.eye(3) > 0, 1.0, -1.0)
    assert kernels.squeezing_angle(spin, negative_zero, 20) == pytest.approx(angle, abs=1e-15)


def test_a_coherent_state_has_no_squeezed_axis():
    spin, covariance = coherent(100, 0.7, 2.0)
    assert math.isnan(kernels.squeezing_angle(spin, covariance, 100))
    assert np.isnan(kernels.squeezed_axis(spin, covariance, 100)).all()


@pytest.mark.parametrize("length", [0.0, 4e-8])
def test_a_vanishing_spin_has_no_direction_and_no_squeezing(length):
    """4e-8 is just below 1e-9 N/2 for N = 100."""
    spin, covariance = np.array([0, length, 0]), np.eye(3)
    for scalar in (kernels.xi2_wineland, kernels.xi2_kitagawa_ueda, kernels.squeezing_angle):
        assert math.isnan(scalar(spin, covariance, 100))
    assert np.isnan(kernels.squeezed_axis(spin, covariance, 100)).all()
    assert np.isnan(kernels.mean_direction(spin, 100)).all()
    assert kernels.n_eff(spin, covariance, 100) > 0
    assert kernels.xi2_wineland(np.array([0, 6e-8, 0]), covariance, 100) == pytest.approx(100 / 6e-8**2)


def test_missing_moments_give_missing_values_not_numbers():
    nothing, covariance = np.full(3, np.nan), np.full((3, 3), np.nan)
    table = np.empty((kernels.HEIGHT, 1))
    kernels.observe(nothing[None], covariance[None], 10.0, np.ones(1), np.ones(1), table)
    assert np.isnan(table).all()


def test_an_unphysical_negative_variance_is_shown_as_it_is():
    spin, covariance = np.array([0, 0, 5.0]), np.diag([-1.0, 2.0, 0])
    assert kernels.xi2_wineland(spin, covariance, 10) == pytest.approx(10 * -1 / 25)
    assert kernels.xi2_wineland(spin, -np.diag([1.0, 2.0, 0]), 10) == pytest.approx(10 * -2 / 25)
    assert kernels.xi2_wineland(spin, np.zeros((3, 3)), 10) == 0
    assert math.isnan(kernels.xi2_db(-0.4))
    assert math.isnan(kernels.xi2_db(0.0))


@pytest.mark.parametrize("J", [0, 0.5, 1, 7.5, 1000, 5e6])
def test_n_eff_is_2J_in_a_multiplet(J):
    spin, covariance = np.array([0, 0, -J], dtype=float), np.diag([J / 2, J / 2, 0])
    assert kernels.n_eff(spin, covariance, 10**7) == pytest.approx(2 * J, rel=1e-14, abs=0)


def test_n_eff_keeps_its_digits_where_j_squared_is_tiny():
    """By its series 2√(¼ + x) − 1 = 2x − 2x² + O(x³)."""
    x = 1e-12
    assert kernels.n_eff(np.zeros(3), np.diag([x, 0, 0]), 10) == pytest.approx(2 * x - 2 * x * x, rel=1e-14)


def test_emission_by_dicke_states_is_superradiant():
    """⟨J₊J₋⟩ = (J + M)(J − M + 1)."""
    J = 10.0
    for M in np.arange(-J, J + 1):
        perpendicular = (J * (J + 1) - M * M) / 2
        spin, covariance = np.array([0, 0, M]), np.diag([perpendicular, perpendicular, 0])
        assert kernels.emission_rate(spin, covariance, 0.3) == pytest.approx(0.3 * (J + M) * (J - M + 1), abs=1e-12)


def test_drive_per_effective_atom():
    assert kernels.upsilon_eff(900.0, 2000.0) == pytest.approx(0.9)
    assert math.isnan(kernels.upsilon_eff(900.0, 0.0))
    assert math.isnan(kernels.upsilon_eff(math.nan, 10.0))


@pytest.mark.parametrize(
    ("n_eff", "n_c", "expected"),
    [
        ([10, 8, 6, 4], [7] * 4, 1.5),
        ([10, 8, 7, 4], [7] * 4, 2.0),
        ([10, 9, 8, 7.5], [7] * 4, math.nan),
        ([6, 5, 4, 3], [7] * 4, math.nan),  # starts below
        ([6, 8, 6, 8], [7] * 4, 1.5),  # rises above first
        ([10, math.nan, 6, 4], [7] * 4, math.nan),
        ([10, 8, 6, 4], [math.nan] * 4, math.nan),
        ([10, 8, 6, 4], [math.inf] * 4, math.nan),
        ([10, 10, 10, 10], [5, 5, 15, 15], 1.5),  # the drive rises instead
        ([10], [7], math.nan),
    ],
)
def test_t_star_is_the_first_crossing_from_above(n_eff, n_c, expected):
    times = np.arange(float(len(n_eff)))
    got = kernels.t_star(times, np.array(n_eff, dtype=float), np.array(n_c, dtype=float))
    assert got == pytest.approx(expected, nan_ok=True)


def test_kernels_can_be_called_inside_other_kernels():
    """A solver's loop sees the same number as the data set."""
    import numba

    @numba.njit
    def least(spins, covariances, N):
        best = np.inf
        for k in range(len(spins)):
            best = min(best, kernels.xi2_wineland(spins[k], covariances[k], N))
        return best

    rng = np.random.default_rng(1)
    moments = [random_moments(rng) for _ in range(5)]
    expected = min(kernels.xi2_wineland(spin, covariance, 50) for spin, covariance in moments)
    assert least(np.array([m[0] for m in moments]), np.array([m[1] for m in moments]), 50) == expected
