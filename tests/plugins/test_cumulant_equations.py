"""The equations of the cumulant hierarchy below order N, and how states and moments enter and leave them."""

from __future__ import annotations

import math
from functools import reduce

import numpy as np
import pytest

import squeezebench as sb
from squeezebench.observables.kernels import xi2_wineland
from squeezebench_cumulant import Cumulant
from squeezebench_cumulant.convert import covariance, initial_coefficients, rotated, spin
from squeezebench_cumulant.equations import equations
from squeezebench_cumulant.series import monomials

from ..brute_force import PAULI, density_matrix, liouvillian, moments_of, random_model

SOLVER = Cumulant()
X_STATE = sb.CoherentSpinState(phi=0.0)


def solve(problem, tier="default", context=None, **options):
    return SOLVER.solve(problem, SOLVER.resolve_options(tier, options), context or sb.Context())


def xi2(result, N):
    return np.array([xi2_wineland(s, c, float(N)) for s, c in zip(result.spin, result.covariance, strict=True)])


# ---------------------------------------------------------------- the equations at large N


def kernel_slopes(model, values, order, generated):
    """d/dt of the coefficients, from the generated code of the order if there is one, or from that for all orders."""
    from squeezebench_cumulant.kernels import any_order, compiled

    out = np.empty_like(values)
    eq = equations(model, order)
    function = compiled(eq) if generated else any_order
    function(values, eq.coefficients, eq.indices, out)
    return out


@pytest.mark.parametrize("generated", [True, False])
@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_right_hand_side_of_a_product_state_is_that_of_2_to_the_n_at_every_order_below_n(order, generated):
    # A product state's cumulants beyond the first vanish, so every order's slopes are exact for it, at N = 5 too.
    rng = np.random.default_rng(order)
    N = 5
    model, bloch = random_model(rng, N), np.array([0.3, -0.5, 0.6])
    rho = reduce(np.kron, [(np.eye(2) + np.tensordot(bloch, PAULI, 1)) / 2] * N)
    change = (liouvillian(model) @ rho.reshape(-1, order="F")).reshape(rho.shape, order="F")
    step = 1e-30
    strings = monomials(order)[1:]

    def means(matrix):
        return np.array([np.trace(matrix @ pauli_string(n, N)).real for n in strings])

    # The coefficients of log M are polynomials in the moments: a complex step gives their derivative exactly.
    expected = log_series(means(rho) + 1j * step * means(change), order, N).imag / step
    start = np.zeros(len(strings))
    start[:3] = bloch
    np.testing.assert_allclose(kernel_slopes(model, start, order, generated), expected, atol=1e-10)


def pauli_string(n, N):
    labels = [0] * n[0] + [1] * n[1] + [2] * n[2]
    return reduce(np.kron, [PAULI[a] for a in labels] + [np.eye(2)] * (N - len(labels)))


def log_series(means, order, N):
    """Scaled Taylor coefficients of log(1 + Σ m xⁿ/n!), by the series of the logarithm."""
    listed = monomials(order)
    number = {n: i for i, n in enumerate(listed)}
    one = np.zeros(len(listed), dtype=np.result_type(np.asarray(means), float))
    one[1:] = [m / math.prod(map(math.factorial, n)) for m, n in zip(means, listed[1:], strict=True)]

    def times(a, b):
        out = np.zeros_like(one)
        for i, m in enumerate(listed):
            for j, n in enumerate(listed):
                total = tuple(x + y for x, y in zip(m, n, strict=True))
                if sum(total) <= order:
                    out[number[total]] += a[i] * b[j]
        return out

    total, power = np.zeros_like(one), None
    for k in range(1, order + 1):
        power = one if power is None else times(power, one)
        total += (-1) ** (k + 1) / k * power
    return np.array([w * float(N) ** (sum(n) - 1) for w, n in zip(total, listed, strict=True)])[1:]


@pytest.mark.parametrize(("J", "M"), [(2, 0), (1, -1), (2, 2), (0, 0)])
def test_initial_cumulants_are_the_logarithm_of_the_moments(J, M):
    N, order = 4, 4
    rho = density_matrix(sb.DickeState(J, M), N)
    # distinct spins of a permutation-symmetric state
    means = [np.trace(rho @ pauli_string(n, N)).real for n in monomials(order)[1:]]
    found = initial_coefficients(sb.DickeState(J, M), N, order)
    np.testing.assert_allclose(found, log_series(means, order, N), atol=1e-10)


@pytest.mark.parametrize("N", [2, 3, 5])
def test_spin_and_covariance_are_read_off_the_first_two_orders(N):
    state = sb.DickeState(N / 2, N / 2 - 1)
    values = initial_coefficients(state, N, 2)[None]
    expected_spin, expected_covariance = moments_of(density_matrix(state, N), N)
    np.testing.assert_allclose(spin(values, N)[0], expected_spin, atol=1e-13)
    np.testing.assert_allclose(covariance(values, N)[0], expected_covariance, atol=1e-12)


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_two_rotations_are_one_and_the_inverse_undoes_it(order):
    rng = np.random.default_rng(order)
    values = rng.normal(size=len(monomials(order)) - 1)
    A, B = sb.Rotation((1, 2, 3), 0.9).matrix, sb.Rotation((0, 1, -1), 2.2).matrix
    both = rotated(rotated(values, order, A), order, B)
    np.testing.assert_allclose(both, rotated(values, order, B @ A), atol=1e-12)
    np.testing.assert_allclose(rotated(both, order, (B @ A).T), values, atol=1e-12)


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_rotating_model_and_start_rotates_the_answer_at_every_order(order):
    rng = np.random.default_rng(order)
    model, R = random_model(rng, 30), sb.Rotation((1, -0.5, 0.3), 1.3).matrix
    # slow enough that no order has parted
    h, K, c, s = model.h / 4, model.K / 200, model.collective / 200, model.single / 4
    turned = sb.SpinModel.general(30, R @ h, R @ K @ R.T, R @ c @ R.T, R @ s @ R.T)
    model = sb.SpinModel.general(30, h, K, c, s)
    start = np.array([0.2, 0.7, -0.5])
    times = np.linspace(0, 0.5, 6)
    plain = solve(sb.Problem(model, sb.CoherentSpinState.along(start), times=times), "tight", order=order)
    after = solve(sb.Problem(turned, sb.CoherentSpinState.along(R @ start), times=times), "tight", order=order)
    np.testing.assert_allclose(after.spin, plain.spin @ R.T, atol=1e-7)
    np.testing.assert_allclose(after.covariance, R @ plain.covariance @ R.T, atol=1e-6)


@pytest.mark.parametrize("order", [1, 2, 3, 6])
def test_decay_of_independent_spins_is_exact_at_every_order_and_any_n(order):
    N = 10**7
    model = sb.SpinModel(N=N, drive=(0, 0, 3.0), emission=0.4, pumping=0.1, dephasing=0.2)
    times = np.linspace(0, 8, 5)
    result = solve(sb.Problem(model, X_STATE, times=times), "tight", order=order)
    across = np.exp(-0.35 * times) * np.exp(3j * times)
    s = np.stack([across.real, across.imag, -0.6 * (1 - np.exp(-0.5 * times))], axis=-1)
    np.testing.assert_allclose(result.spin, N / 2 * s, atol=1e-9 * N)
    np.testing.assert_allclose(result.covariance, N / 4 * (np.eye(3) - s[:, :, None] * s[:, None, :]), atol=1e-8 * N)


@pytest.mark.parametrize("N", [10**5, 10**6, 10**7])
@pytest.mark.parametrize("sign", [1, -1])
def test_one_axis_twisting_of_many_spins_loses_no_digits(N, sign):
    # Kitagawa and Ueda, Phys. Rev. A 47, 5138 (1993), at μ = 2χt ~ 3/N: ξ² ≈ 0.1
    t = 1.5 / N
    model = sb.SpinModel(N=N, twisting=float(sign))
    result = solve(sb.Problem(model, X_STATE, times=[0, t / 2, t]), "tight", order=3)
    mu = 2 * t
    log_half = 0.5 * math.log1p(-(math.sin(mu / 2) ** 2))  # log cos(μ/2); cos itself has lost its digits
    A = -math.expm1((N - 2) * 0.5 * math.log1p(-(math.sin(mu) ** 2)))
    B = 4 * math.sin(mu / 2) * math.exp((N - 2) * log_half)
    variance = 1 + (N - 1) / 4 * (A - math.hypot(A, B))
    expected = variance * math.exp(-(2 * N - 2) * log_half)
    assert xi2(result, N)[-1] == pytest.approx(expected, rel=100 / N**2 + 3e-8)
    assert result.status == "ok"
