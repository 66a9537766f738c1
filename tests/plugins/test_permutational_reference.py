"""The solver `permutational`: random models against QuTiP, values that the field knows, and laws of states."""

from __future__ import annotations

import math

import numpy as np
import pytest

import squeezebench as sb
from squeezebench.laws import violations
from squeezebench.observables.kernels import n_eff, xi2_wineland
from squeezebench_permutational import Permutational

from .. import brute_force
from ..symmetric_bosons import Bosons

SOLVER = Permutational()


def solve(problem, tier="tight", context=None, **options):
    return SOLVER.solve(problem, SOLVER.resolve_options(tier, options), context or sb.Context())


def xi2(problem, moments):
    pairs = zip(moments.spin, moments.covariance, strict=True)
    return np.array([xi2_wineland(spin, covariance, float(problem.N)) for spin, covariance in pairs])


def least(times, values):
    """Minimum of samples, by the parabola through the three lowest; its time."""
    k = int(np.argmin(values))
    assert 0 < k < len(values) - 1
    a, b, c = np.polyfit(times[k - 1 : k + 2] - times[k], values[k - 1 : k + 2], 2)
    return c - b * b / (4 * a), times[k] - b / (2 * a)


def random_blocks(rng, N):
    """Any permutation-symmetric state: a random density matrix in each of some of the multiplets."""
    kept = [k for k in range(N // 2 + 1) if k == 0 or rng.random() < 0.7]
    weights = rng.random(len(kept))
    blocks = []
    for k, weight in zip(kept, weights / weights.sum(), strict=True):
        size = N + 1 - 2 * k
        vectors = rng.normal(size=(size, size)) + 1j * rng.normal(size=(size, size))
        matrix = vectors @ vectors.conj().T
        blocks.append((N / 2 - k, weight, matrix / np.trace(matrix).real))
    return sb.DickeBlocks(blocks)


STARTS = {
    "pure product": lambda rng, N: sb.CoherentSpinState(*rng.uniform(-3, 3, 2)),
    "mixed product": lambda rng, N: sb.CoherentSpinState(*rng.uniform(-3, 3, 2), rng.random()),
    "completely mixed": lambda rng, N: sb.CoherentSpinState(bloch_length=0.0),
    "Dicke state of the lowest J": lambda rng, N: sb.DickeState(N % 2 / 2, -(N % 2) / 2),
    "Dicke state of the highest J": lambda rng, N: sb.DickeState(N / 2, rng.integers(N + 1) - N / 2),
    "blocks": random_blocks,
}


@pytest.mark.parametrize("N", [1, 2, 3, 4, 5, 6])
@pytest.mark.parametrize("start", STARTS)
def test_every_rate_at_once_from_every_start_is_qutips_answer(start, N):
    """36 random models in which all nine couplings act, χ and twisting of either sign, a drive along all three axes."""
    rng = np.random.default_rng([N, list(STARTS).index(start)])
    model = sb.SpinModel(
        N,
        chi=rng.uniform(-2, 2),
        twisting=rng.uniform(-2, 2),
        drive=tuple(rng.uniform(-3, 3, size=3)),
        collective_emission=rng.uniform(0.1, 1.5),
        collective_pumping=rng.uniform(0.1, 1.5),
        collective_dephasing=rng.uniform(0.1, 1.5),
        emission=rng.uniform(0.1, 3),
        pumping=rng.uniform(0.1, 3),
        dephasing=rng.uniform(0.1, 3),
    )
    problem = sb.Problem(model, STARTS[start](rng, N), times=[0.0, 0.05, 0.4])
    ours, theirs = solve(problem), sb.solve(problem, "qutip", tier="reference")
    assert np.abs(ours.spin - theirs.spin.values).max() * 2 / N < 1e-9
    assert np.abs(ours.covariance - theirs.covariance.values).max() * 4 / N**2 < 1e-9


@pytest.mark.parametrize("N", [3, 4])
@pytest.mark.parametrize("chi", [0.7, -0.7])
def test_the_mean_field_start_is_qutips_too(N, chi):
    model = sb.SpinModel.driven_cavity(N=N, upsilon_ratio=0.8, chi=chi, gamma_s=0.5)
    problem = sb.Problem(model, sb.MeanFieldSteadyState(), times=[0.0, 0.3, 2.0])
    ours, theirs = solve(problem), sb.solve(problem, "qutip", tier="reference")
    assert np.abs(ours.covariance - theirs.covariance.values).max() < 1e-9
    assert np.abs(ours.spin - theirs.spin.values).max() < 1e-9


# ---------------------------------------------------------------- values that the field knows


def paper(N, stop, num):
    model = sb.SpinModel.driven_cavity(N=N, upsilon_ratio=0.9, gamma_s=4.0)
    return sb.Problem(model, sb.CoherentSpinState(), times=np.linspace(0, stop, num))


@pytest.mark.slow
def test_200_spins_after_the_minimum_and_their_effective_number():
    problem = paper(200, 0.25, 2)
    moments = solve(problem, "default", sb.Context(n_threads=2))
    assert xi2(problem, moments)[-1] == pytest.approx(1.3394, abs=1e-4)
    assert n_eff(moments.spin[-1], moments.covariance[-1], 200.0) == pytest.approx(170.463, abs=1e-3)


@pytest.mark.slow
def test_500_spins_before_the_minimum():
    problem = paper(500, 0.05, 2)
    moments = solve(problem, "default", sb.Context(n_threads=2))
    assert xi2(problem, moments)[-1] == pytest.approx(0.458292, abs=1e-6)


@pytest.mark.parametrize(
    ("emission", "dephasing", "expected"), [(0.0, 0.0, 0.06294626), (1.0, 0.0, 0.10946758), (0.0, 1.0, 0.06912938)]
)
def test_one_axis_twisting_of_100_spins_has_the_known_minimum(emission, dephasing, expected):
    """Kitagawa and Ueda (1993), and with noise of one spin Foss-Feig et al. (2013)."""
    model = sb.SpinModel(100, twisting=1.0, emission=emission, dephasing=dephasing)
    optimum = 24 ** (1 / 6) / 2 * 50 ** (-2 / 3)
    times = np.append(0.0, np.linspace(0.55, 1.05, 51) * optimum)
    problem = sb.Problem(model, sb.CoherentSpinState(math.pi / 2, 0.0), times=times)
    value, _ = least(times[1:], xi2(problem, solve(problem))[1:])
    assert value == pytest.approx(expected, abs=3e-7)


@pytest.mark.parametrize(("emission", "expected"), [(0.0, 0.1623), (0.2, 0.1730)])
def test_two_axis_countertwisting_of_20_spins(emission, expected):
    """H = −i(J₊² − J₋²) = 2(J_xJ_y + J_yJ_x), all up (Shammah et al. 2018): the known minimum, and every value."""
    N, K = 20, np.array([[0, 2, 0], [2, 0, 0], [0, 0, 0]])
    single = emission * np.array([[1, 1j, 0], [-1j, 1, 0], [0, 0, 0]])
    model = sb.SpinModel.general(N, (0, 0, 0), K, None, single)
    assert model.emission == pytest.approx(emission)
    times = np.linspace(0, 0.06, 61)
    problem = sb.Problem(model, sb.CoherentSpinState(0.0, 0.0), times=times)
    moments = solve(problem)
    values = xi2(problem, moments)
    # The known values are those of a grid of times.
    value, time = least(times, values)
    assert value == pytest.approx(expected, abs=2e-4)
    assert time == pytest.approx(0.0338, abs=6e-4)
    chosen = [0, 20, 34, 60]
    few = sb.Problem(model, problem.initial, times=times[chosen])
    spin, covariance = Bosons(N).solution(few)
    assert moments.spin[chosen] == pytest.approx(spin, abs=1e-10 * N)
    assert moments.covariance[chosen] == pytest.approx(covariance, abs=1e-10 * N**2)


def test_a_boundary_time_crystal_of_60_spins():
    """At u = 1.5, γ_s = 0, all down: the first maxima of 2⟨J_z⟩/N (Iemini et al. 2018); the equation written out."""
    from scipy.integrate import solve_ivp

    N = 60
    model = sb.SpinModel.driven_cavity(N=N, upsilon_ratio=1.5)
    times = np.linspace(0, 34, 681) / N
    z = solve(sb.Problem(model, sb.DickeState(N / 2, -N / 2), times=times)).spin[:, 2] * 2 / N
    peaks = [k for k in range(1, len(z) - 1) if z[k - 1] < z[k] > z[k + 1]][:3]
    assert z[peaks] == pytest.approx([0.7245, 0.5344, 0.4008], abs=5e-4)
    assert N * times[peaks] == pytest.approx([7.7, 18.6, 29.8], abs=0.1)

    m = np.arange(-N / 2, N / 2)
    lowering = np.diag(np.sqrt(N / 2 * (N / 2 + 1) - m * (m + 1)), 1)
    effective = -0.5j * model.drive[0] * (lowering + lowering.T) - 0.5 * lowering.T @ lowering

    def change(t, flat):
        rho = flat.reshape(N + 1, N + 1)
        return (effective @ rho + rho @ effective.conj().T + lowering @ rho @ lowering.T).ravel()

    start = np.zeros((N + 1, N + 1), dtype=complex)
    start[0, 0] = 1
    course = solve_ivp(change, (0, times[peaks[0]]), start.ravel(), method="DOP853", rtol=1e-10, atol=1e-12)
    rho = course.y[:, -1].reshape(N + 1, N + 1)
    assert z[peaks[0]] == pytest.approx((np.diag(rho).real @ np.append(m, N / 2)) * 2 / N, abs=1e-8)


def test_the_burst_is_that_of_rate_equations_on_the_ladder():
    """Γ alone, all up: populations of |J, M⟩ step down with Γ(J + M)(J − M + 1), here by a matrix exponential."""
    from scipy.linalg import expm

    N = 25
    J, M = N / 2, np.arange(-N / 2, N / 2 + 1)
    rates = (J + M) * (J - M + 1)
    ladder = np.diag(rates[1:], 1) - np.diag(rates)
    times = np.array([0.0, 0.03, 0.11, 0.4])
    model = sb.SpinModel(N, collective_emission=1.0)
    for representation in ("diagonal", "blocks"):
        moments = solve(sb.Problem(model, sb.DickeState(J, J), times=times), representation=representation)
        for index, t in enumerate(times):
            p = expm(ladder * t)[:, -1]
            assert moments.spin[index, 2] == pytest.approx(M @ p, abs=1e-10 * N)
            variance = M**2 @ p - (M @ p) ** 2
            assert moments.covariance[index, 2, 2] == pytest.approx(variance, abs=1e-9 * N**2)


# ---------------------------------------------------------------- laws


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("N", [1, 2, 9, 24])
def test_states_stay_states(N, start):
    """Trace, positivity of every block, purity, the distribution over J and the moments that it implies."""
    rng = np.random.default_rng([N, 7, list(STARTS).index(start)])
    model = brute_force.random_model(rng, N)
    problem = sb.Problem(model, STARTS[start](rng, N), times=[0.0, 0.1 / N, 0.5 / N, 0.7])
    moments = solve(problem, context=sb.Context(keep=frozenset({"states"})), states="all")
    assert violations(problem, moments, 1e-9) == []
    states = moments.extra["states"]
    J = states["J"]
    assert states["trace"] == pytest.approx(np.ones(4), abs=1e-11)
    assert states["weight"].min() > -1e-12
    square = np.trace(moments.covariance, axis1=1, axis2=2) + (moments.spin**2).sum(axis=1)
    assert states["weight"] @ (J * (J + 1)) == pytest.approx(square, abs=1e-10 * N**2)
    assert (states["purity"] <= 1 + 1e-11).all()
    assert (states["purity"] >= 2.0**-N * (1 - 1e-9)).all()
    for index in range(4):
        for _, weight, matrix in sb.state_at(states, index).blocks:
            assert weight * np.linalg.eigvalsh(matrix)[0] > -1e-11


@pytest.mark.parametrize("N", [1, 2, 17, 60])
def test_a_coherent_state_has_xi2_1_and_all_its_spins(N):
    problem = sb.Problem(sb.SpinModel(N), sb.CoherentSpinState(1.1, -0.7), times=[0.0])
    moments = solve(problem)
    assert xi2(problem, moments)[0] == pytest.approx(1.0, rel=1e-11)
    assert n_eff(moments.spin[0], moments.covariance[0], float(N)) == pytest.approx(N, rel=1e-12)


@pytest.mark.parametrize("N", [1, 2, 13, 50])
def test_spins_that_decay_alone_stay_a_product(N):
    """Emission, pumping, dephasing and a detuning: every spin by itself, x + iy ∝ e^(−t(γ₋+γ₊+γ_d)/2 + iδt)."""
    down, up, phase, delta = 1.3, 0.4, 0.9, 2.0
    model = sb.SpinModel(N, drive=(0, 0, delta), emission=down, pumping=up, dephasing=phase)
    start = sb.CoherentSpinState(1.0, 0.3, 0.9)
    t = np.array([0.0, 0.2, 1.0])
    moments = solve(sb.Problem(model, start, times=t))
    x, y, z = start.bloch_vector()
    across = complex(x, y) * np.exp((-(down + up + phase) / 2 + 1j * delta) * t)
    rest = (up - down) / (up + down)
    s = np.stack([across.real, across.imag, rest + (z - rest) * np.exp(-(up + down) * t)], axis=-1)
    covariance = N / 4 * (np.eye(3) - s[:, :, None] * s[:, None, :])
    assert moments.spin == pytest.approx(N / 2 * s, abs=1e-10 * N)
    assert moments.covariance == pytest.approx(covariance, abs=1e-10 * N**2)


@pytest.mark.parametrize("N", [10, 11])
def test_collective_terms_conserve_each_multiplet(N):
    rng = np.random.default_rng(N)
    full = brute_force.random_model(rng, N)
    model = sb.SpinModel.general(N, full.h, full.K, full.collective)
    start = random_blocks(rng, N)
    problem = sb.Problem(model, start, times=[0.0, 0.2, 3.0])
    states = solve(problem, context=sb.Context(keep=frozenset({"states"})), states="all").extra["states"]
    for index in range(3):
        found = dict(zip(states["J"], states["weight"][index], strict=True))
        assert [found[J] for J, _, _ in start.blocks] == pytest.approx([w for _, w, _ in start.blocks], abs=1e-10)


@pytest.mark.parametrize("N", [2, 3, 20])
def test_a_single_spins_worth_of_noise_makes_no_squeezing(N):
    """Single-spin terms alone leave products products: ξ² = 1/|s|², at N = 1 for every model."""
    model = sb.SpinModel(N, drive=(1.0, -0.5, 0.3), emission=0.6, pumping=0.2, dephasing=0.4)
    problem = sb.Problem(model, sb.CoherentSpinState(0.9, 1.0, 0.8), times=[0.0, 0.3, 1.5])
    moments = solve(problem)
    length = np.linalg.norm(moments.spin, axis=1) * 2 / N
    assert xi2(problem, moments) == pytest.approx(length**-2, rel=1e-8)


@pytest.mark.parametrize("seed", range(4))
def test_one_spin_has_the_length_of_its_bloch_vector_for_xi2(seed):
    problem = sb.Problem(
        brute_force.random_model(np.random.default_rng(seed), 1), sb.CoherentSpinState(), times=[0.0, 0.3, 1.0]
    )
    moments = solve(problem)
    assert xi2(problem, moments) == pytest.approx(1 / (4 * (moments.spin**2).sum(axis=1)), rel=1e-8)
