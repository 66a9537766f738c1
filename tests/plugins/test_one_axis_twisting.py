"""One-axis twisting with decoherence, against brute force and textbook formulas."""

from __future__ import annotations

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


def test_all_down_as_a_dicke_state_is_the_product_at_any_N():
    N = 10**7
    moments = solve(sb.SpinModel(N=N, twisting=1.0, pumping=0.5), sb.DickeState(N / 2, -N / 2), [0, 1.0])
    assert moments.spin[1] == pytest.approx([0, 0, N / 2 * (1 - 2 * np.exp(-0.5))])
    with pytest.raises(sb.SolverError, match="no product state"):
        solve(sb.SpinModel(N=4), sb.DickeState(2, 0), [0, 1.0])


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
