"""QuTiP's PIQS as a solver, against brute force on 2^N and against itself."""

from __future__ import annotations

import time

import numpy as np
import pytest

import squeezebench as sb
from squeezebench.angular import spin_values
from squeezebench_piqs import Piqs, squeezebench_solvers

SOLVER = Piqs()


def solve(problem, tier="tight", **options):
    return SOLVER.solve(problem, SOLVER.resolve_options(tier, options), sb.Context())


def deviation(N, moments, reference):
    """Largest error of ⟨J⟩ in N/2 and of the covariance in N²/4."""
    spin, covariance = reference
    return max(np.abs(moments.spin - spin).max() * 2 / N, np.abs(moments.covariance - covariance).max() * 4 / N**2)


# ---------------------------------------------------------------- 2^N


def product(vector, N):
    """((1 + s·σ)/2)^⊗N as a vector of 4^N entries, stacked by columns."""
    import qutip

    x, y, z = vector
    one = (qutip.qeye(2) + x * qutip.sigmax() + y * qutip.sigmay() + z * qutip.sigmaz()) / 2
    return qutip.tensor([one] * N).full().ravel(order="F")


def brute_force(problem, rho):
    """Moments from the master equation on 2^N states, through the schedule, from the stacked density matrix `rho`."""
    import qutip
    from scipy.linalg import expm
    from scipy.sparse.linalg import expm_multiply

    from squeezebench.interop import collective_spin

    J = [j.full() for j in collective_spin(problem.N)]
    spin, covariance = np.zeros((len(problem.times), 3)), np.zeros((len(problem.times), 3, 3))
    for step in problem.segments():
        for rotation in step.rotations:
            unitary = expm(-1j * rotation.angle * sum(n * j for n, j in zip(rotation.axis, J, strict=True)))
            rho = (unitary @ rho.reshape(J[0].shape, order="F") @ unitary.conj().T).ravel(order="F")
        generator = qutip.liouvillian(*step.model.to_qutip()).to("csr").data.as_scipy()
        now = step.start
        for i, stop in [*enumerate(step.times, start=step.first), (None, step.stop)]:
            if stop > now:
                rho, now = expm_multiply(generator * (stop - now), rho, traceA=generator.trace() * (stop - now)), stop
            if i is None:
                continue
            matrix = rho.reshape(J[0].shape, order="F")
            spin[i] = [np.trace(j @ matrix).real for j in J]
            second = [[np.trace((a @ b + b @ a) @ matrix).real / 2 for b in J] for a in J]
            covariance[i] = np.array(second) - np.outer(spin[i], spin[i])
    return spin, covariance


def random_model(seed, N=None, collective=False):
    rng = np.random.default_rng(seed)
    N = N or 1 + seed % 6
    K, v = rng.normal(size=(3, 3)), rng.normal(size=(3, 3)) + 1j * rng.normal(size=(3, 3))
    emission, pumping, dephasing = (0.0 if collective else 1.0) * rng.random(3) * rng.integers(0, 2, 3)
    named = np.array(
        [[emission + pumping, 1j * (emission - pumping), 0], [0, emission + pumping, 0], [0, 0, dephasing]]
    )
    named[1, 0] = named[0, 1].conj()
    matrix = v @ v.conj().T / 6 if rng.random() < 0.5 else None
    model = sb.SpinModel.general(N, rng.normal(size=3), (K + K.T) / 2, matrix, named)
    if matrix is None:
        rates = ("collective_emission", "collective_pumping", "collective_dephasing")
        values = rng.random(3) * rng.integers(0, 2, 3)
        h = model.drive
        model = sb.SpinModel(
            N=N, chi=rng.normal(), drive=h, twisting=rng.normal(), emission=emission, pumping=pumping,
            dephasing=dephasing, **dict(zip(rates, values, strict=True)),
        )  # fmt: skip
    return model


@pytest.mark.parametrize("seed", range(24))
def test_it_is_the_master_equation_on_2_to_the_N(seed):
    """General h, K and collective matrices, named rates, N = 1 … 6, mixtures of two products as starts."""
    rng = np.random.default_rng(1000 + seed)
    model = random_model(seed)
    N = model.N
    weights, parts = [0.3, 0.7], [sb.CoherentSpinState(*rng.uniform(0, 3, 2), length) for length in (1.0, rng.random())]
    blocks: dict[float, np.ndarray] = dict.fromkeys(spin_values(N), 0.0)
    for weight, part in zip(weights, parts, strict=True):
        for J, w, matrix in part.dicke_blocks(N):
            blocks[J] = blocks[J] + weight * w * matrix
    initial = sb.DickeBlocks((J, np.trace(m).real, m / np.trace(m)) for J, m in blocks.items() if np.ndim(m))
    rho = sum(weight * product(part.bloch_vector(), N) for weight, part in zip(weights, parts, strict=True))
    problem = sb.Problem(model, initial, times=[0, 0.1, 0.5, 2.0])
    assert deviation(N, solve(problem), brute_force(problem, rho)) < 1e-6


@pytest.mark.parametrize(("N", "J", "M"), [(2, 0, 0), (3, 0.5, -0.5), (5, 1.5, 0.5), (6, 1, 1)])
def test_dicke_starts_of_any_total_spin(N, J, M):
    from squeezebench.interop import collective_spin

    spin = [j.full() for j in collective_spin(N)]
    values, vectors = np.linalg.eigh(sum(j @ j for j in spin) + 0.01 * spin[2])
    chosen = vectors[:, np.abs(values - J * (J + 1) - 0.01 * M) < 1e-9]
    rho = (chosen @ chosen.conj().T / chosen.shape[1]).ravel(order="F")
    problem = sb.Problem(random_model(5, N), sb.DickeState(J, M), times=[0, 0.3, 1.5])
    assert deviation(N, solve(problem), brute_force(problem, rho)) < 1e-6


@pytest.mark.parametrize("restrict", [True, False])
def test_schedules_with_rotations(restrict):
    """Squeeze, turn twice, hold in the dark, and on again: a time at a rotation reports the state after it."""
    first, dark = random_model(11, 4), sb.SpinModel(N=4, emission=0.3, dephasing=0.2)
    schedule = [
        sb.Segment(first, 0.5), sb.Rotation("x", np.pi / 2), sb.Rotation((1, 1, 0), -0.4), sb.Segment(dark, 0.4),
        sb.Segment(first, 0.6), sb.Rotation("y", 0.3),
    ]  # fmt: skip
    initial = sb.CoherentSpinState(1.0, 0.3, 0.8)
    for times in ([0, 0.2, 0.5, 0.7, 0.9, 1.3, 1.5], [0, 1.5], [0, 0.5], [0]):
        problem = sb.Problem(schedule=schedule, initial=initial, times=times)
        reference = brute_force(problem, product(initial.bloch_vector(), 4))
        assert deviation(4, solve(problem, restrict=restrict), reference) < 1e-6


@pytest.mark.parametrize("tier", ["tight", "reference"])
def test_the_32_bit_floor_of_piqs_is_seen(tier):
    """No tolerance removes it, and it is below the floor that is claimed."""
    model = sb.SpinModel(N=6, drive=2.7, collective_emission=1.0, emission=0.37, dephasing=0.11, pumping=0.23)
    problem = sb.Problem(model, times=[0, 0.5, 1.0])
    error = deviation(6, solve(problem, tier), brute_force(problem, product((-1, 0, 0), 6)))
    assert 1e-9 < error < SOLVER.claim(problem, SOLVER.resolve_options()).floor


# ---------------------------------------------------------------- against itself


@pytest.mark.parametrize("seed", range(6))
def test_restricted_is_stock(seed):
    """The entries left out are never reached from inside the blocks."""
    problem = sb.Problem(random_model(seed, 4 + seed % 4), sb.CoherentSpinState(0.8, 0.2, 0.9), times=[0, 0.2, 1.0])
    whole = solve(problem, restrict=False)
    part = solve(problem)
    assert deviation(problem.N, part, (whole.spin, whole.covariance)) < 1e-9
    assert part.diagnostics["matrix_entries"] < whole.diagnostics["matrix_entries"]


def test_empty_blocks_are_left_out_where_J_is_conserved():
    problem = sb.Problem(random_model(2, 6, collective=True), times=[0, 0.7])
    moments = solve(problem)
    assert moments.diagnostics["entries"] == 49
    assert deviation(6, moments, brute_force(problem, product((-1, 0, 0), 6))) < 1e-6
    whole = solve(problem, restrict=False)
    assert deviation(6, moments, (whole.spin, whole.covariance)) < 1e-9


@pytest.mark.parametrize("method", ["tsit5", "vern7", "vern9", "dop853", "adams", "bdf"])
def test_every_integrator_gives_the_same(method):
    problem = sb.Problem(random_model(3, 5), times=[0, 0.4])
    reference = solve(problem, "reference")
    moments = solve(problem, method=method)
    assert deviation(5, moments, (reference.spin, reference.covariance)) < 1e-6


@pytest.mark.parametrize(("tier", "error"), [("fast", 1e-3), ("default", 1e-5), ("tight", 1e-8)])
def test_tiers_keep_their_promise_up_to_the_floor(tier, error):
    problem = sb.Problem(sb.SpinModel.driven_cavity(N=12, upsilon_ratio=0.9, gamma_s=4.0), times=np.linspace(0, 0.5, 6))
    reference, moments = solve(problem, "reference"), solve(problem, tier)
    variance = [np.linalg.eigvalsh(c)[0] for c in reference.covariance]
    np.testing.assert_allclose([np.linalg.eigvalsh(c)[0] for c in moments.covariance], variance, rtol=error, atol=1e-12)


# ---------------------------------------------------------------- known numbers


@pytest.mark.parametrize(("emission", "best"), [(0.0, 0.1623), (0.2, 0.1730)])
def test_two_axis_twisting_of_twenty_spins(emission, best):
    """H = −i(J₊² − J₋²) from all up, as in the PIQS paper's examples: K_xy = 2."""
    model = sb.SpinModel.general(20, (0, 0, 0), [[0, 2, 0], [2, 0, 0], [0, 0, 0]], single=emission * SINGLE_EMISSION)
    problem = sb.Problem(model, sb.CoherentSpinState(0.0, 0.0), times=np.linspace(0, 0.05, 101))
    moments = solve(problem, "default")
    variance = np.array([np.linalg.eigvalsh(c[:2, :2])[0] for c in moments.covariance])
    assert (20 * variance / moments.spin[:, 2] ** 2).min() == pytest.approx(best, abs=1e-4)


SINGLE_EMISSION = np.array([[1, 1j, 0], [-1j, 1, 0], [0, 0, 0]])


def test_driven_cavity_of_twenty_spins():
    """ξ² at Γt = 0.25 for u = 0.9, γ_s/Γ = 4 from −x, computed in double precision by another method: 0.92576."""
    problem = sb.Problem(sb.SpinModel.driven_cavity(N=20, upsilon_ratio=0.9, gamma_s=4.0), times=[0, 0.25])
    moments = solve(problem, "default")
    spin, covariance = moments.spin[1], moments.covariance[1]
    direction = spin / np.linalg.norm(spin)
    plane = np.linalg.svd(direction[None, :])[2][1:]
    variance = np.linalg.eigvalsh(plane @ covariance @ plane.T)[0]
    assert 20 * variance / (spin @ spin) == pytest.approx(0.92576, abs=1e-5)


@pytest.mark.parametrize("N", [1, 2])
def test_decay_of_one_and_two_spins_by_hand(N):
    """⟨σ_z⟩ = 2e^(−γt) − 1 each, independently."""
    moments = solve(sb.Problem(sb.SpinModel(N=N, emission=0.5), sb.CoherentSpinState(0.0), times=[0, 1.0, 20.0]))
    z = 2 * np.exp([0, -0.5, -10]) - 1
    np.testing.assert_allclose(moments.spin[:, 2], N / 2 * z, atol=1e-7)
    np.testing.assert_allclose(moments.covariance[:, 2, 2], N / 4 * (1 - z**2), atol=1e-7)


# ---------------------------------------------------------------- what it refuses, and what it costs


def test_other_local_dissipation_is_refused_with_the_reason():
    model = sb.SpinModel.general(3, (0, 0, 0), single=np.diag([1.0, 0, 0]))
    for problem in (
        sb.Problem(model, times=[0, 1]),
        sb.Problem(schedule=[sb.Segment(sb.SpinModel(N=3), 1.0), sb.Segment(model, 1.0)], times=[0, 1]),
    ):
        support = SOLVER.full_support(problem, SOLVER.resolve_options())
        assert not support
        assert support.reason == "PIQS has no local dissipation but emission, pumping and dephasing"


@pytest.mark.parametrize(("options", "limit"), [({}, 100), ({"restrict": False}, 60), ({"max_spins": 7}, 7)])
def test_too_many_spins_are_refused_for_their_memory(options, limit):
    chosen = SOLVER.resolve_options(options=options)
    assert SOLVER.supports(sb.Problem(sb.SpinModel(N=limit), times=[0, 1]), chosen)
    support = SOLVER.supports(sb.Problem(sb.SpinModel(N=limit + 1), times=[0, 1]), chosen)
    assert not support
    assert f"N = {limit + 1} needs about" in support.reason
    assert f"GB of memory: it takes up to {limit} spins" in support.reason
    assert not SOLVER.supports(sb.Problem(sb.SpinModel(N=10**7), times=[0, 1]), chosen)


def test_there_is_no_steady_state_from_it():
    assert not SOLVER.full_support(sb.Problem(sb.SpinModel(N=3), times=[np.inf]), SOLVER.resolve_options())


def test_options_are_checked():
    with pytest.raises(sb.InvalidOptionError, match="method"):
        SOLVER.resolve_options(options={"method": "euler"})
    with pytest.raises(sb.InvalidOptionError, match="has no option 'rtl'; did you mean 'rtol'"):
        SOLVER.resolve_options(options={"rtl": 1e-3})


def test_cancelling_and_the_time_limit_stop_it():
    problem = sb.Problem(random_model(3, 5), times=[0, 1.0])
    options = SOLVER.resolve_options()
    calls = iter([False, False, True])
    with pytest.raises(sb.SolverError, match="cancelled"):
        SOLVER.solve(problem, options, sb.Context(cancelled=lambda: next(calls)))
    with pytest.raises(sb.SolverError, match="time limit") as caught:
        SOLVER.solve(problem, options, sb.Context(deadline=time.monotonic() - 1))
    assert caught.value.status == "timeout"


def test_progress_goes_to_the_end():
    seen = []
    context = sb.Context(progress=lambda fraction, text="": seen.append(fraction))
    SOLVER.solve(sb.Problem(random_model(3, 3), times=[0, 0.1, 1.0]), SOLVER.resolve_options(), context)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    assert len(seen) >= 50


def test_an_integrator_that_gives_up_is_a_solver_error():
    """A relative tolerance below the machine's leaves no step small enough."""
    problem = sb.Problem(sb.SpinModel(N=3, drive=1.0, emission=1.0), times=[0, 1.0])
    with pytest.raises(sb.SolverError, match="QuTiP's integrator gave up near t = "):
        solve(problem, method="vern7", rtol=1e-25, atol=1e-40)


def test_a_state_that_is_no_longer_finite_is_said_to_diverge():
    from squeezebench_piqs.evolution import follow

    class Overflow:
        def start(self, vector, time):
            self.vector = vector

        def advance(self, time):
            return np.full_like(self.vector, np.inf)

    states = follow(Overflow(), np.ones(4, dtype=complex), 0.0, np.array([0.0, 0.5]), lambda time: None)
    assert next(states).tolist() == [1, 1, 1, 1]
    with pytest.raises(sb.SolverError, match=r"no longer finite at t = 0.5") as caught:
        next(states)
    assert caught.value.status == "diverged"


def test_the_plugin_brings_the_solver_and_a_cost():
    (solver,) = squeezebench_solvers()
    assert solver.name == "piqs"
    previous = sb.Cost(0, 0)
    for N in (10, 50, 100):
        problem = sb.Problem(sb.SpinModel.driven_cavity(N=N, upsilon_ratio=0.9, gamma_s=4.0), times=[0, 0.25])
        part, whole = (solver.estimate(problem, solver.resolve_options(options={"restrict": r})) for r in (True, False))
        assert previous.bytes < part.bytes < whole.bytes
        assert previous.seconds < part.seconds < whole.seconds
        previous = part
    assert 0.2e9 < previous.bytes < 1e9  # 0.31 GB measured
