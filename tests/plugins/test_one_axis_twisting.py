"""One-axis twisting with decoherence, against brute force, textbook formulas and high-precision arithmetic."""

from __future__ import annotations

from decimal import Decimal, localcontext

import numpy as np
import pytest

import squeezebench as sb
from squeezebench_one_axis_twisting import OneAxisTwisting, squeezebench_solvers

SOLVER = OneAxisTwisting()
OPTIONS = SOLVER.resolve_options()
X_STATE = sb.CoherentSpinState(theta=np.pi / 2, phi=0.0)


def solve(model, initial, times):
    return SOLVER.solve(sb.Problem(model, initial, times=times), OPTIONS, sb.Context())


def xi2(N, spin, covariance):
    """Wineland's ξ² from the determinant of the covariance on the plane normal to ⟨J⟩, for a spin off the z axis."""
    x, y, z = spin
    across, length = np.hypot(x, y), np.sqrt(x * x + y * y + z * z)
    azimuthal = np.array([-y / across, x / across, 0])
    polar = np.array([x * z / across, y * z / across, -across]) / length
    a, b, d = azimuthal @ covariance @ azimuthal, azimuthal @ covariance @ polar, polar @ covariance @ polar
    smaller = (a * d - b * b) / ((a + d) / 2 + np.hypot((a - d) / 2, b))
    return N * smaller / length**2


# ---------------------------------------------------------------- 2^N


def brute_force(model, initial, times):
    """Moments from the master equation on 2^N states."""
    import qutip
    from scipy.sparse.linalg import expm_multiply

    from squeezebench.interop import collective_spin

    s = initial.bloch_vector()
    one = (qutip.qeye(2) + s[0] * qutip.sigmax() + s[1] * qutip.sigmay() + s[2] * qutip.sigmaz()) / 2
    rho = qutip.tensor([one] * model.N).full().ravel(order="F")
    generator = qutip.liouvillian(*model.to_qutip()).to("csr").data.as_scipy()
    J = [j.full() for j in collective_spin(model.N)]
    spin, covariance = np.zeros((len(times), 3)), np.zeros((len(times), 3, 3))
    for i, t in enumerate(times):
        matrix = expm_multiply(generator * t, rho, traceA=generator.trace() * t).reshape(J[0].shape, order="F")
        spin[i] = [np.trace(j @ matrix).real for j in J]
        for a in range(3):
            for b in range(3):
                covariance[i, a, b] = np.trace((J[a] @ J[b] + J[b] @ J[a]) @ matrix).real / 2 - spin[i, a] * spin[i, b]
    return spin, covariance


def random_model(seed):
    rng = np.random.default_rng(seed)
    N = int(rng.integers(1, 6))
    switched = rng.random(7) < 0.7
    values = rng.normal(size=7) * switched
    model = sb.SpinModel(
        N=N,
        twisting=values[0],
        drive=(0, 0, values[1]),
        chi=values[2],
        emission=abs(values[3]),
        pumping=abs(values[4]),
        dephasing=abs(values[5]),
        collective_dephasing=abs(values[6]),
    )
    theta, phi, length = rng.uniform(0, np.pi), rng.uniform(-np.pi, np.pi), rng.choice([1.0, rng.random()])
    return model, sb.CoherentSpinState(theta, phi, length)


@pytest.mark.parametrize("seed", range(24))
def test_closed_form_is_the_master_equation_on_2_to_the_N(seed):
    """Both signs of twisting, field and exchange, all rates, N = 1 … 5, pure and mixed starts, short and long times."""
    model, initial = random_model(seed)
    times = np.array([0, 0.05, 0.7, 2.9, 8.0])
    moments = solve(model, initial, times)
    spin, covariance = brute_force(model, initial, times)
    np.testing.assert_allclose(moments.spin, spin, atol=1e-10 * model.N)
    np.testing.assert_allclose(moments.covariance, covariance, atol=1e-10 * model.N**2)


@pytest.mark.parametrize("rate", ["emission", "pumping", "dephasing", "collective_dephasing", "chi", "twisting"])
@pytest.mark.parametrize("N", [1, 2, 4])
def test_each_coupling_alone_is_right(rate, N):
    model = sb.SpinModel(N=N, **{rate: 0.8})
    initial = sb.CoherentSpinState(1.1, 0.4, 0.9)
    times = np.array([0, 0.3, 4.0])
    spin, covariance = brute_force(model, initial, times)
    moments = solve(model, initial, times)
    np.testing.assert_allclose(moments.spin, spin, atol=1e-11)
    np.testing.assert_allclose(moments.covariance, covariance, atol=1e-11)


@pytest.mark.parametrize("chi", [-1.3, 0.7])
def test_exchange_is_twisting_of_the_other_sign_even_with_single_spin_decoherence(chi):
    """χJ₊J₋ = χ(J² − J_z² + J_z): J² drops out of every permutation-symmetric problem."""
    rates = {"emission": 0.6, "pumping": 0.2, "dephasing": 0.3}
    exchange, twist = sb.SpinModel(N=4, chi=chi, **rates), sb.SpinModel(N=4, twisting=-chi, drive=(0, 0, chi), **rates)
    initial, times = sb.CoherentSpinState(0.8, 0.3, 0.7), np.linspace(0, 2, 5)
    spin, covariance = brute_force(exchange, initial, times)
    for model in (exchange, twist):
        moments = solve(model, initial, times)
        np.testing.assert_allclose(moments.spin, spin, atol=1e-11)
        np.testing.assert_allclose(moments.covariance, covariance, atol=1e-11)


@pytest.mark.parametrize(("emission", "pumping"), [(2.0, 2.0), (3.0, 3.0), (2.0 + 1e-9, 2.0)])
def test_nothing_breaks_where_the_eigenvalues_meet(emission, pumping):
    """For γ₋ = γ₊ = η the 2×2 generator has a double eigenvalue, Λ = 0; at t = 4 it takes a branch of its own."""
    model = sb.SpinModel(N=3, twisting=2.0, emission=emission, pumping=pumping)
    initial, times = sb.CoherentSpinState(1.0, 0.2), np.array([0, 0.1, 0.9, 1.1, 4.0])
    spin, covariance = brute_force(model, initial, times)
    moments = solve(model, initial, times)
    np.testing.assert_allclose(moments.spin, spin, atol=1e-11)
    np.testing.assert_allclose(moments.covariance, covariance, atol=1e-11)


# ---------------------------------------------------------------- textbook


@pytest.mark.parametrize("N", [1, 2, 3, 100, 10**6])
def test_without_decoherence_it_is_kitagawa_and_ueda(N):
    """⟨J_x⟩ = J cos^(2J−1)(μ/2), Var on the normal plane J/2 [1 + (2J−1)(A ± √(A² + B²))/4], μ = 2ηt."""
    times = np.array([0, 0.1, 1.0, 1.7]) * N ** (-2 / 3)
    moments = solve(sb.SpinModel(N=N, twisting=1.0), X_STATE, times)
    mu = 2 * times
    # cos μ as 1 − 2 sin²(μ/2): for N = 10⁶ the power of the rounded cosine would lose six digits.
    half, whole = -2 * np.sin(mu / 4) ** 2, -2 * np.sin(mu / 2) ** 2

    def power(excess, n):
        return (1 + excess) ** n if N < 200 else np.exp(n * np.log1p(excess))

    mean = N / 2 * power(half, N - 1)
    A = 1 - power(whole, N - 2)
    B = 4 * np.sin(mu / 2) * power(half, N - 2)
    # Sum and product of the two variances.
    total = N / 2 * (1 + (N - 1) / 4 * A)
    product = (N / 4) ** 2 * (1 + (N - 1) / 2 * A - ((N - 1) / 4 * B) ** 2)
    np.testing.assert_allclose(moments.spin, np.stack([mean, 0 * mu, 0 * mu], axis=-1), rtol=1e-12, atol=1e-12 * N)
    plane = moments.covariance[:, 1:, 1:]
    np.testing.assert_allclose(np.trace(plane, axis1=1, axis2=2), total, rtol=1e-12)
    np.testing.assert_allclose(plane[:, 0, 0] * plane[:, 1, 1] - plane[:, 0, 1] ** 2, product, rtol=1e-9)
    np.testing.assert_allclose(plane[:, 1, 1], N / 4, rtol=1e-14)


@pytest.mark.parametrize(
    ("N", "emission", "dephasing", "expected"),
    [
        (100, 0, 0, 0.06294626),
        (100, 1, 0, 0.10946758),
        (100, 0, 1, 0.06912938),
        (2000, 0, 0, 0.00732552),
        (2000, 1, 0, 0.01280845),
        (2000, 0, 1, 0.00742112),
    ],
)
def test_best_squeezing_under_decoherence(N, emission, dephasing, expected):
    """Minima over time for a start along x and η = 1; computed once from the products as they stand."""
    times = np.linspace(0, 3 * N ** (-2 / 3), 6001)
    moments = solve(sb.SpinModel(N=N, twisting=1.0, emission=emission, dephasing=dephasing), X_STATE, times)
    best = min(xi2(N, s, c) for s, c in zip(moments.spin, moments.covariance, strict=True))
    assert best == pytest.approx(expected, abs=1.1e-8)


def test_one_spin_by_hand():
    """Decay of a single spin: T₁ and T₂, and the covariance (1 − s sᵀ)/4."""
    times = np.array([0, 0.4, 3.0])
    model = sb.SpinModel(N=1, drive=(0, 0, 0.7), emission=0.5, pumping=0.1, dephasing=0.3, collective_dephasing=0.2)
    moments = solve(model, sb.CoherentSpinState(1.0, 0.3), times)
    transverse = np.sin(1.0) * np.exp(1j * (0.3 + 0.7 * times) - (0.5 + 0.1 + 0.3 + 0.2) / 2 * times)
    z = -2 / 3 + (np.cos(1.0) + 2 / 3) * np.exp(-0.6 * times)
    s = np.stack([transverse.real, transverse.imag, z], axis=-1)
    np.testing.assert_allclose(moments.spin, s / 2, atol=1e-15)
    np.testing.assert_allclose(moments.covariance, (np.eye(3) - s[:, :, None] * s[:, None, :]) / 4, atol=1e-15)


def test_two_spins_by_hand():
    """⟨J_x⟩ = cos ηt; halfway |M⟩ has the amplitudes (−i/2, 1/√2, −i/2): ⟨J⟩ = 0, Var(J_y − J_z) = 0."""
    times = np.array([0, np.pi / 4, np.pi / 2, np.pi])
    moments = solve(sb.SpinModel(N=2, twisting=1.0), X_STATE, times)
    np.testing.assert_allclose(moments.spin[:, 0], np.cos(times), atol=1e-15)
    np.testing.assert_allclose(moments.covariance[2], [[1, 0, 0], [0, 0.5, 0.5], [0, 0.5, 0.5]], atol=1e-15)
    np.testing.assert_allclose(moments.covariance[3], np.diag([0, 0.5, 0.5]), atol=1e-15)


@pytest.mark.parametrize("N", [2, 3, 8, 101])
def test_the_state_revives(N):
    """e^(−2πiJ_z²) is the identity, up to a phase for odd N; at a quarter of that ⟨J⟩ vanishes and S₁ = 0."""
    moments = solve(sb.SpinModel(N=N, twisting=1.0), X_STATE, np.array([0, np.pi / 2, 2 * np.pi]))
    np.testing.assert_allclose(moments.spin[2], moments.spin[0], atol=1e-9 * N)
    np.testing.assert_allclose(moments.covariance[2], moments.covariance[0], atol=1e-9 * N**2)
    assert np.isfinite(moments.covariance).all()
    np.testing.assert_allclose(moments.spin[1], 0, atol=1e-9 * N)


# ---------------------------------------------------------------- digits


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


# ---------------------------------------------------------------- the plugin


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (sb.SpinModel(N=3, drive=0.1), "drive along x or y"),
        (sb.SpinModel(N=3, drive=(0, -0.1, 0)), "drive along x or y"),
        (sb.SpinModel.general(3, (0, 0, 0), np.diag([1.0, 0, 0])), "quadratic in J_z alone"),
        (sb.SpinModel.general(3, (0, 0, 0), [[0, 0, 1], [0, 0, 0], [1, 0, 0]]), "quadratic in J_z alone"),
        (sb.SpinModel(N=3, collective_emission=1.0), "but collective dephasing"),
        (sb.SpinModel(N=3, collective_pumping=1.0), "but collective dephasing"),
        (sb.SpinModel.general(3, (0, 0, 0), single=np.diag([1.0, 0, 0])), "but emission, pumping and dephasing"),
    ],
)
def test_other_models_are_refused_with_the_reason(model, words):
    support = SOLVER.full_support(sb.Problem(model, X_STATE, times=[0, 1]), OPTIONS)
    assert not support
    assert words in support.reason


def test_starts_that_are_no_product_are_refused():
    support = SOLVER.supports(sb.Problem(sb.SpinModel(N=4), sb.DickeState(2, 0), times=[0, 1]), OPTIONS)
    assert not support
    assert "product" in support.reason
    assert SOLVER.supports(sb.Problem(sb.SpinModel(N=4), sb.DickeState(2, -2), times=[0, 1]), OPTIONS)


def test_schedules_and_steady_states_are_refused():
    model = sb.SpinModel(N=4, twisting=1.0)
    schedule = sb.Problem(schedule=[sb.Segment(model, 1.0)], times=[0, 1])
    assert not SOLVER.full_support(schedule, OPTIONS)
    assert not SOLVER.full_support(sb.Problem(model, times=[np.inf]), OPTIONS)


def test_the_plugin_brings_the_solver_with_every_tier():
    (solver,) = squeezebench_solvers()
    assert solver.name == "one_axis_twisting"
    problem = sb.Problem(sb.SpinModel(N=10**7, twisting=1.0), X_STATE, times=np.linspace(0, 1, 11))
    for tier in ("fast", "default", "tight", "reference"):
        options = solver.resolve_options(tier)
        assert solver.full_support(problem, options)
        claim = solver.claim(problem, options)
        assert (claim.accuracy, claim.sampled) == ("exact", False)
    assert np.isfinite(solver.estimate(problem, options).seconds)
    with pytest.raises(sb.InvalidOptionError, match="has no option 'order'"):
        solver.resolve_options(options={"order": 2})


@pytest.mark.parametrize(
    "initial", [X_STATE, sb.CoherentSpinState(0.7, 2.0, 0.4), sb.CoherentSpinState(bloch_length=0.0)]
)
def test_everything_stays_finite_for_ever(initial):
    """Also at the collapse ηt = π/2, where the coherence vanishes, and long after everything has decayed."""
    model = sb.SpinModel(N=10**5, twisting=1.0, drive=(0, 0, 3.0), emission=0.3, pumping=0.1, collective_dephasing=0.2)
    moments = solve(model, initial, np.array([0, 1e-3, np.pi / 2, 10.0, 1e3, 1e6]))
    assert np.isfinite(moments.spin).all()
    assert np.isfinite(moments.covariance).all()
    assert moments.spin[-1] == pytest.approx([0, 0, -0.5 * 0.5e5], abs=1e-6)
