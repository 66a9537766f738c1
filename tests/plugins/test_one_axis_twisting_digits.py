"""The digits of one-axis twisting at large N, against decimal arithmetic with 60 digits."""

from __future__ import annotations

from decimal import Decimal, localcontext

import numpy as np
import pytest

import squeezebench as sb
from squeezebench_one_axis_twisting import OneAxisTwisting

SOLVER = OneAxisTwisting()
OPTIONS = SOLVER.resolve_options()
X_STATE = sb.CoherentSpinState(theta=np.pi / 2, phi=0.0)


def solve(model, initial, times):
    return SOLVER.solve(sb.Problem(model, initial, times=times), OPTIONS, sb.Context())


def xi2(N, spin, covariance):
    """ξ² as the framework computes it."""
    from squeezebench.observables.kernels import xi2_wineland

    return xi2_wineland(spin, covariance, N)


class Precise:
    """A complex number of two decimals of 60 digits."""

    def __init__(self, re, im=0):
        self.re, self.im = Decimal(re), Decimal(im)

    def __add__(self, other):
        return Precise(self.re + other.re, self.im + other.im)

    def __sub__(self, other):
        return Precise(self.re - other.re, self.im - other.im)

    def __mul__(self, other):
        return Precise(self.re * other.re - self.im * other.im, self.re * other.im + self.im * other.re)

    def __pow__(self, n):
        half = Precise(1) if n == 0 else self ** (n // 2)
        return half if n == 0 else half * half * (self if n % 2 else Precise(1))


def precise_exponential(matrix, vector):
    """exp(matrix) · vector for 2×2 matrices, by the plain series in steps of norm below 1."""
    steps = 1 + int(4 * max(abs(float(part)) for row in matrix for entry in row for part in (entry.re, entry.im)))
    for _ in range(steps):
        term, total = vector, vector
        for n in range(1, 45):
            scale = Precise(Decimal(1) / (steps * n))
            term = [(row[0] * term[0] + row[1] * term[1]) * scale for row in matrix]
            total = [a + b for a, b in zip(total, term, strict=True)]
        vector = total
    return vector


def precise_moments(model, bloch_vector, time):
    """⟨J⟩ and covariance from the published products as they stand, in 60 digits; no field, no collective dephasing."""
    with localcontext() as context:
        context.prec = 60
        N, t = model.N, Decimal(time)
        x, y, z = (Decimal(v) for v in bloch_vector)
        down, up, dephasing = (Decimal(v) for v in (model.emission, model.pumping, model.dephasing))
        eta = Decimal(model.twisting)

        def v(m):
            matrix = [
                [Precise(-down * t, eta * m * t), Precise(up * t)],
                [Precise(down * t), Precise(-up * t, -eta * m * t)],
            ]
            return precise_exponential(matrix, [Precise((1 + z) / 2), Precise((1 - z) / 2)])

        v0, v1, v2 = v(0), v(1), v(2)
        c = Precise(x / 2, y / 2) * Precise((-(down + up + dephasing) * t / 2).exp())
        plus = c * (v1[0] + v1[1]) ** (N - 1)
        plus_plus = c * c * (v2[0] + v2[1]) ** (N - 2)
        plus_minus = c.re**2 + c.im**2
        plus_z = c * (v1[0] + v1[1]) ** (N - 2) * (v1[0] - v1[1])
        mean_z = (v0[0] - v0[1]).re
        mean = [2 * plus.re, 2 * plus.im, mean_z]
        second = [
            [2 * (plus_minus + plus_plus.re), 2 * plus_plus.im, 2 * plus_z.re],
            [2 * plus_plus.im, 2 * (plus_minus - plus_plus.re), 2 * plus_z.im],
            [2 * plus_z.re, 2 * plus_z.im, mean_z**2],
        ]
        spin = [N * s / 2 for s in mean]
        covariance = [
            [
                (N * ((a == b) - mean[a] * mean[b]) + N * (N - 1) * (second[a][b] - mean[a] * mean[b])) / 4
                for b in range(3)
            ]
            for a in range(3)
        ]
        return spin, covariance


def precise_xi2(N, spin, covariance):
    """ξ² of moments given as decimals: the smaller eigenvalue on the normal plane, in 60 digits."""
    with localcontext() as context:
        context.prec = 60
        x, y, z = (Decimal(float(v)) if not isinstance(v, Decimal) else v for v in spin)
        C = [[v if isinstance(v, Decimal) else Decimal(float(v)) for v in row] for row in covariance]
        across, length = (x * x + y * y).sqrt(), (x * x + y * y + z * z).sqrt()
        first = [-y / across, x / across, Decimal(0)]
        other = [x * z / across / length, y * z / across / length, -across / length]

        def form(u, w):
            return sum(u[a] * C[a][b] * w[b] for a in range(3) for b in range(3))

        a, b, d = form(first, first), form(first, other), form(other, other)
        return N * ((a + d) / 2 - (((a - d) / 2) ** 2 + b * b).sqrt()) / length**2


@pytest.mark.parametrize("N", [10**3, 10**6, 10**7])
@pytest.mark.parametrize(
    "rates",
    [
        {"twisting": 1.0},
        {"twisting": 1.0, "emission": 1.0},
        {"twisting": -1.0, "dephasing": 1.0},
        {"twisting": 1.0, "emission": 0.5, "pumping": 3.0, "dephasing": 0.1},
    ],
    ids=["pure", "emission", "dephasing", "all"],
)
@pytest.mark.parametrize("fraction", [0.3, 1.2])
def test_xi2_keeps_its_digits_near_the_minimum(N, rates, fraction):
    """The squeezed variance is N^(−4/3) of the other one, and ξ² is still right to 1e-9 at N = 10⁷."""
    time = fraction * N ** (-2 / 3)
    model = sb.SpinModel(N=N, **rates)
    moments = solve(model, X_STATE, np.array([0, time]))
    exact = precise_xi2(N, *precise_moments(model, (1.0, 0.0, 0.0), time))
    assert float(precise_xi2(N, moments.spin[1], moments.covariance[1]) / exact - 1) == pytest.approx(0, abs=1e-9)
    assert xi2(N, moments.spin[1], moments.covariance[1]) == pytest.approx(float(exact), rel=1e-9)


@pytest.mark.parametrize("theta", [0.3, 1.0, 2.5])
@pytest.mark.parametrize("N", [10**3, 10**7])
def test_tilted_starts_keep_their_digits_too(N, theta):
    """There the spin precesses by ηNt cos θ ~ N^(1/3), and all entries mix both variances."""
    initial = sb.CoherentSpinState(theta, 0.6, 1.0)
    model = sb.SpinModel(N=N, twisting=1.0, emission=1.0)
    problem = sb.Problem(model, initial, times=[0, 0.5 * N ** (-2 / 3)])
    moments = SOLVER.solve(problem, OPTIONS, sb.Context())
    exact = precise_xi2(N, *precise_moments(model, initial.bloch_vector(), problem.times[1]))
    floor = SOLVER.claim(problem, OPTIONS).floor
    assert xi2(N, moments.spin[1], moments.covariance[1]) == pytest.approx(float(exact), rel=floor)
    assert floor < 2e-10


@pytest.mark.parametrize(
    "rates",
    [{"emission": 0.4, "pumping": 0.7}, {"emission": 1e-6}, {"emission": 30.0, "pumping": 2.0}, {"dephasing": 1.0}],
)
@pytest.mark.parametrize("time", [1e-4, 0.3, 2.0])
def test_entries_keep_their_digits_at_any_time(rates, time):
    """Each entry, for rates far above and far below the twist, where series and quotient take turns."""
    model, initial = sb.SpinModel(N=7, twisting=0.8, **rates), sb.CoherentSpinState(1.2, 0.5, 0.9)
    moments = solve(model, initial, np.array([0, time]))
    spin, covariance = precise_moments(model, initial.bloch_vector(), time)
    np.testing.assert_allclose(moments.spin[1], np.array(spin, dtype=float), rtol=2e-14, atol=1e-300)
    pair = np.array(covariance, dtype=float)
    np.testing.assert_allclose(moments.covariance[1], pair, rtol=1e-13, atol=1e-15)
