"""Brute force with QuTiP against exponentials of the dense Liouvillian on 2^N."""

from __future__ import annotations

import time

import numpy as np
import pytest

import squeezebench as sb
from squeezebench.angular import spin_values
from squeezebench_qutip import QutipSolver, propagate, squeezebench_solvers
from squeezebench_qutip.states import coupled_basis, density_matrix
from squeezebench_qutip.steady import symmetric_classes

SOLVER = QutipSolver()
OPTIONS = SOLVER.resolve_options()
TIGHT = SOLVER.resolve_options("tight")

PAULI = [np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]]), np.array([[1, 0], [0, -1]])]


def spins(N):
    return [[np.kron(np.kron(np.eye(2**k), p / 2), np.eye(2 ** (N - k - 1))) for k in range(N)] for p in PAULI]


def dissipator(matrix, operators):
    one = np.eye(len(operators[0]))
    total = 0
    for a, left in enumerate(operators):
        for b, right in enumerate(operators):
            both = right @ left
            total = total + matrix[a, b] * (np.kron(left, right.T) - (np.kron(both, one) + np.kron(one, both.T)) / 2)
    return total


def liouvillian(model):
    """On row-major vectors, from the model's canonical form and explicit operators."""
    single = spins(model.N)
    J = [sum(row) for row in single]
    H = sum(model.h[a] * J[a] for a in range(3)) + sum(model.K[a, b] * J[a] @ J[b] for a in range(3) for b in range(3))
    one = np.eye(2**model.N)
    L = -1j * (np.kron(H, one) - np.kron(one, H.T)) + dissipator(model.collective, J)
    return L + sum(dissipator(model.single, list(triple)) for triple in zip(*single, strict=True))


def moments(vector, N):
    rho = vector.reshape(2**N, 2**N)
    J = [sum(row) for row in spins(N)]
    spin = np.array([np.trace(j @ rho).real for j in J])
    products = np.array([[np.trace((a @ b + b @ a) @ rho).real / 2 for b in J] for a in J])
    return spin, products - np.outer(spin, spin)


def start_vector(state, N):
    """Product states by Kronecker products; any other by projecting |J, M⟩⟨J, M'| with the eigenvectors of J²."""
    if state.is_product:
        one = (np.eye(2) + sum(c * p for c, p in zip(state.bloch_vector(), PAULI, strict=True))) / 2
        rho = np.eye(1)
        for _ in range(N):
            rho = np.kron(rho, one)
        return rho.reshape(-1).astype(complex)
    x, y, z = (sum(row) for row in spins(N))
    square, raising = x @ x + y @ y + z @ z, x + 1j * y
    values, vectors = np.linalg.eigh(square)
    rho = np.zeros((2**N, 2**N), complex)
    for J, weight, matrix in state.dicke_blocks(N):
        chosen = vectors[:, np.abs(values - J * (J + 1)) < 1e-8]
        projector = chosen @ chosen.conj().T
        copies = chosen.shape[1] / (2 * J + 1)
        lowest = projector @ np.diag(np.abs(np.diag(z) + J) < 1e-9)
        ladder = [lowest]  # |J, M, α⟩⟨J, −J, α| summed over α
        for k in range(round(2 * J)):
            ladder.append(raising @ ladder[-1] / np.sqrt((k + 1) * (2 * J - k)))
        for m, bra in enumerate(ladder):
            for n, ket in enumerate(ladder):
                rho += weight / copies * matrix[m, n] * bra @ ket.conj().T
    return rho.reshape(-1)


def reference(problem):
    """Moments at the problem's times from exponentials of dense Liouvillians."""
    from scipy.linalg import expm

    N, vector = problem.N, start_vector(problem.initial_state, problem.N)
    spin, covariance = [], []
    for step in problem.segments():
        for rotation in step.rotations:
            generator = sum(n * sum(row) for n, row in zip(rotation.axis, spins(N), strict=True))
            U = expm(-1j * rotation.angle * generator)
            vector = np.kron(U, U.conj()) @ vector
        L, now = liouvillian(step.model), step.start
        for t in step.times:
            vector, now = expm(L * (t - now)) @ vector, t
            s, c = moments(vector, N)
            spin.append(s)
            covariance.append(c)
        vector = expm(L * (step.stop - now)) @ vector
    return np.array(spin), np.array(covariance)


def solve(problem, options=OPTIONS, context=None):
    assert SOLVER.full_support(problem, options)
    return SOLVER.solve(problem, options, context or sb.Context())


def assert_same(found, expected, N, tolerance):
    """Spin in units of N/2, covariance in units of N²/4."""
    spin, covariance = expected
    np.testing.assert_allclose(found.spin, spin, rtol=0, atol=tolerance * N / 2)
    np.testing.assert_allclose(found.covariance, covariance, rtol=0, atol=tolerance * N * N / 4)


RATES = ("collective_emission", "collective_pumping", "collective_dephasing", "emission", "pumping", "dephasing")


def random_model(seed, N):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=11) * (rng.random(11) < 0.75)
    rates = {name: abs(value) for name, value in zip(RATES, values[5:], strict=True)}
    return sb.SpinModel(N=N, chi=values[0], drive=tuple(2 * values[1:4]), twisting=values[4], **rates)


def general_model(seed, N):
    rng = np.random.default_rng(seed)

    def kossakowski():
        vectors = rng.normal(size=(3, 2)) + 1j * rng.normal(size=(3, 2))
        return vectors @ vectors.conj().T / 3

    K = rng.normal(size=(3, 3))
    return sb.SpinModel.general(N, rng.normal(size=3), K + K.T, kossakowski() / N, kossakowski())


def random_blocks(N, seed):
    rng = np.random.default_rng(seed)
    blocks = []
    for J in spin_values(N):
        a = rng.normal(size=(round(2 * J) + 1, 2)) @ (rng.normal(size=(2, round(2 * J) + 1)) * np.array([[1], [1j]]))
        matrix = a @ a.conj().T
        blocks.append((J, rng.random(), matrix / np.trace(matrix)))
    total = sum(weight for _, weight, _ in blocks)
    return sb.DickeBlocks([(J, weight / total, matrix) for J, weight, matrix in blocks])


# ---------------------------------------------------------------- starts


@pytest.mark.parametrize("N", [1, 2, 3, 4, 5, 6])
def test_coupled_basis_is_orthonormal_and_complete_and_has_the_standard_phases(N):
    x, y, z = (sum(row) for row in spins(N))
    every = []
    for J, vectors in coupled_basis(N):
        assert vectors.shape[:2] == (2**N, round(2 * J) + 1)
        every.append(vectors.reshape(2**N, -1))
        for k, M in enumerate(np.arange(-J, J + 1)):
            np.testing.assert_allclose(z @ vectors[:, k], M * vectors[:, k], atol=1e-13)
            if J > M:
                raised = np.sqrt(J * (J + 1) - M * (M + 1)) * vectors[:, k + 1]
                np.testing.assert_allclose((x + 1j * y) @ vectors[:, k], raised, atol=1e-12)
    basis = np.hstack(every)
    np.testing.assert_allclose(basis.T @ basis, np.eye(2**N), atol=1e-12)


@pytest.mark.parametrize("N", [1, 2, 3, 4, 5])
def test_every_start_is_the_state_on_2_to_the_N(N):
    states = [sb.CoherentSpinState(0.4, 2.0), sb.CoherentSpinState(2.0, -1.0, 0.3), random_blocks(N, N)]
    states += [sb.DickeState(J, M) for J in spin_values(N) for M in np.arange(-J, J + 1)]
    for state in states:
        found = density_matrix(state, N)
        np.testing.assert_allclose(found.full().reshape(-1), start_vector(state, N), atol=1e-13)
        assert found.dims == [[2] * N, [2] * N]


@pytest.mark.parametrize("length", [0.0, 0.5, 1.0])
def test_the_blocks_of_a_product_are_the_product(length):
    state = sb.CoherentSpinState(1.1, 0.7, length)
    same = sb.DickeBlocks(state.dicke_blocks(4))
    np.testing.assert_allclose(density_matrix(same, 4).full(), density_matrix(state, 4).full(), atol=1e-13)


# ---------------------------------------------------------------- propagation


@pytest.mark.parametrize("make", [random_model, general_model])
@pytest.mark.parametrize("N", [1, 2, 3, 4])
@pytest.mark.parametrize("seed", range(3))
def test_tight_is_the_exponential_of_the_liouvillian_to_1e_8(make, N, seed):
    rng = np.random.default_rng(seed + 100)
    length = 1.0 if seed == 0 else rng.random()
    state = sb.CoherentSpinState(*rng.uniform(0, 6, 2), length) if seed < 2 else random_blocks(N, seed)
    problem = sb.Problem(make(seed, N), state, times=[0, 0.01, 0.4, 1.0, 3.0])
    result = solve(problem, TIGHT)
    assert_same(result, reference(problem), N, 1e-10)
    assert result.diagnostics["method"] == "vern9"
    assert result.diagnostics["trace_error"] < 1e-12


@pytest.mark.parametrize(
    ("tier", "tolerance"), [("fast", 1e-4), ("default", 1e-7), ("tight", 1e-10), ("reference", 1e-12)]
)
@pytest.mark.parametrize("chi", [-1.0, 0.5])
def test_tiers_reach_what_they_promise(tier, tolerance, chi):
    model = sb.SpinModel.driven_cavity(N=4, upsilon_ratio=0.9, chi=chi, gamma_s=2.0)
    problem = sb.Problem(model, sb.CoherentSpinState(), times=np.linspace(0, 4, 9))
    assert_same(solve(problem, SOLVER.resolve_options(tier)), reference(problem), 4, tolerance)


@pytest.mark.parametrize("method", ["adams", "bdf", "lsoda", "dop853", "tsit5", "vern7", "vern9"])
def test_every_integrator_agrees(method):
    problem = sb.Problem(random_model(5, 3), sb.DickeState(0.5, 0.5), times=[0, 0.5, 2])
    options = SOLVER.resolve_options(options={"method": method, "rtol": 1e-10, "atol": 1e-12})
    result = solve(problem, options)
    assert_same(result, reference(problem), 3, 1e-8)
    assert result.diagnostics["method"] == method


@pytest.mark.parametrize("matrix_form", [False, True])
def test_with_and_without_the_matrix_form_of_newer_qutip(matrix_form, monkeypatch):
    if matrix_form and not propagate.has_matrix_form():
        matrix_form = False  # an older QuTiP: the other way is the only one
    monkeypatch.setattr(propagate, "has_matrix_form", lambda: matrix_form)
    problem = sb.Problem(general_model(1, 3), sb.CoherentSpinState(), times=[0, 0.3, 1])
    assert_same(solve(problem, TIGHT), reference(problem), 3, 1e-10)


def test_without_dissipation_purity_and_energy_stay():
    model = sb.SpinModel(N=4, twisting=1.0, drive=(0.3, -0.2, 0.5), chi=-0.7)
    problem = sb.Problem(model, sb.CoherentSpinState(1.0, 0.3), times=np.linspace(0, 5, 6))
    result = solve(problem, TIGHT)
    assert_same(result, reference(problem), 4, 1e-9)
    total = np.einsum("taa->t", result.covariance) + (result.spin**2).sum(axis=1)
    np.testing.assert_allclose(total, 2 * 3, atol=1e-10)


def test_a_model_that_does_nothing_keeps_the_start():
    result = solve(sb.Problem(sb.SpinModel(N=3), sb.CoherentSpinState(), times=[0, 1, 1e6]))
    np.testing.assert_allclose(result.spin, [[-1.5, 0, 0]] * 3, atol=1e-14)


def test_single_spin_decay_in_closed_form_at_long_times():
    """Bloch vectors (0, 0, −1 + 2e^(−γt)) of spins that stay independent, so that cov = N/4 (1 − s_a²)."""
    N, gamma = 6, 0.7
    times = np.array([0, 0.5, 3, 40.0])
    result = solve(sb.Problem(sb.SpinModel(N=N, emission=gamma), sb.CoherentSpinState(0.0), times=times), TIGHT)
    z = -1 + 2 * np.exp(-gamma * times)
    np.testing.assert_allclose(result.spin[:, 2], N / 2 * z, atol=1e-9)
    np.testing.assert_allclose(result.covariance[:, 2, 2], N / 4 * (1 - z**2), atol=1e-9)


# ---------------------------------------------------------------- schedules

SCHEDULES = {
    "quench": [sb.Segment(random_model(1, 3), 0.4), sb.Segment(random_model(2, 3), 1.0)],
    "echo": [
        sb.Rotation("y", 0.3),
        sb.Segment(general_model(3, 3), 0.5),
        sb.Rotation("x", np.pi),
        sb.Rotation((1, 2, -1), 0.4),
        sb.Segment(general_model(3, 3), 0.9),
        sb.Rotation("z", -1.1),
    ],
    "several segments between two times": [sb.Segment(random_model(k, 3), 0.11) for k in range(6)],
}


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("state", [sb.CoherentSpinState(0.9, 0.2), sb.DickeState(0.5, -0.5)])
def test_schedules_are_products_of_exponentials(name, state):
    schedule = SCHEDULES[name]
    total = sum(entry.duration for entry in schedule if isinstance(entry, sb.Segment))
    for times in ([0, 0.05, 0.4, 0.5, total], [0, 0.6], [0]):
        problem = sb.Problem(schedule=schedule, initial=state, times=times)
        assert_same(solve(problem, TIGHT), reference(problem), 3, 1e-10)


def test_a_rotation_turns_mean_and_covariance():
    rotation = sb.Rotation((0.3, -1, 2), 1.2)
    still = sb.Segment(sb.SpinModel(N=4), 1.0)
    state = random_blocks(4, 9)
    before = solve(sb.Problem(schedule=[still], initial=state, times=[0]))
    after = solve(sb.Problem(schedule=[still, rotation], initial=state, times=[0, 1]))
    R = rotation.matrix
    np.testing.assert_allclose(after.spin, [before.spin[0], R @ before.spin[0]], atol=1e-12)
    np.testing.assert_allclose(after.covariance[1], R @ before.covariance[0] @ R.T, atol=1e-12)


# ---------------------------------------------------------------- steady states


@pytest.mark.parametrize("N", [1, 2, 3, 4])
@pytest.mark.parametrize("make", [random_model, general_model])
def test_the_steady_state_is_where_long_times_lead(N, make):
    for seed in (4, 5):
        model = make(seed, N)
        if model.is_collective:
            continue
        problem = sb.Problem(model, sb.CoherentSpinState(0.3), times=[np.inf])
        result = solve(problem)
        vector = start_vector(problem.initial_state, N)
        from scipy.linalg import expm

        spin, covariance = moments(expm(liouvillian(model) * 400) @ vector, N)
        assert_same(result, (spin[None], covariance[None]), N, 1e-9)
        assert result.diagnostics["method"] == "steadystate"


@pytest.mark.parametrize("N", [2, 3, 4])
@pytest.mark.parametrize("chi", [-0.6, 0.5])
def test_where_total_spin_is_conserved_the_start_decides(N, chi):
    """Pure, mixed and low-J starts, against the exponential; one multiplet each, or a mixture of them."""
    from scipy.linalg import expm

    model = sb.SpinModel.driven_cavity(N=N, upsilon_ratio=0.8, chi=chi)
    far = expm(liouvillian(model) * 200)
    lowest = spin_values(N)[-1]
    for state in (
        sb.CoherentSpinState(),
        sb.DickeState(lowest, lowest),
        random_blocks(N, 2),
        sb.CoherentSpinState(1, 1, 0),
    ):
        result = solve(sb.Problem(model, state, times=[np.inf]))
        spin, covariance = moments(far @ start_vector(state, N), N)
        assert_same(result, (spin[None], covariance[None]), N, 1e-10)
        assert result.diagnostics["method"] == "projection"


def test_projection_and_qutip_steadystate_agree(monkeypatch):
    from squeezebench_qutip import steady

    problem = sb.Problem(random_model(4, 4), times=[np.inf])
    direct = solve(problem)
    monkeypatch.setattr(steady, "_MAX_SPINS_DIRECT", 0)
    projected = solve(problem)
    assert (direct.diagnostics["method"], projected.diagnostics["method"]) == ("steadystate", "projection")
    assert_same(projected, (direct.spin, direct.covariance), 4, 1e-10)


def test_steady_state_of_more_spins_by_projection():
    """N = 6 against the driven spins' own evolution to a late time."""
    model = sb.SpinModel.driven_cavity(N=6, upsilon_ratio=0.4, chi=0.3, gamma_s=4.0)
    late = solve(sb.Problem(model, times=[0, 10.0]), SOLVER.resolve_options(options={"rtol": 1e-10, "atol": 1e-12}))
    result = solve(sb.Problem(model, times=[np.inf]))
    assert_same(result, (late.spin[1:], late.covariance[1:]), 6, 1e-9)


@pytest.mark.parametrize(
    "model",
    [
        sb.SpinModel(N=3, drive=(0, 0, 1.0)),
        sb.SpinModel(N=2, drive=(1.0, 0, 0), twisting=0.5),
        sb.SpinModel(N=3, drive=(0.7, 0, 0), collective_dephasing=0.0, chi=0.2),
    ],
)
def test_a_start_that_oscillates_for_ever_has_no_steady_state(model):
    with pytest.raises(sb.SteadyStateNotUniqueError, match="leads to no steady state") as caught:
        solve(sb.Problem(model, sb.CoherentSpinState(), times=[np.inf]))
    assert isinstance(caught.value, sb.SolverError)


def test_a_start_that_holds_none_of_the_oscillations_has_one():
    """All up is stationary under a field along z, though other starts precess for ever."""
    model = sb.SpinModel(N=3, drive=(0, 0, 1.0), twisting=0.4)
    result = solve(sb.Problem(model, sb.CoherentSpinState(0.0), times=[np.inf]))
    np.testing.assert_allclose(result.spin, [[0, 0, 1.5]], atol=1e-13)


def test_dephasing_leaves_the_populations_of_the_start():
    model = sb.SpinModel(N=3, dephasing=1.0, drive=(0, 0, 0.3))
    result = solve(sb.Problem(model, sb.CoherentSpinState(1.0, 0.5), times=[np.inf]))
    z = np.cos(1.0)
    np.testing.assert_allclose(result.spin, [[0, 0, 1.5 * z]], atol=1e-12)
    np.testing.assert_allclose(result.covariance[0], np.diag([0.75, 0.75, 0.75 * (1 - z * z)]), atol=1e-12)


def test_the_steady_state_of_a_model_that_does_nothing_is_the_start():
    result = solve(sb.Problem(sb.SpinModel(N=2), sb.CoherentSpinState(), times=[np.inf]))
    np.testing.assert_allclose(result.spin, [[-1, 0, 0]], atol=1e-14)


@pytest.mark.parametrize("N", [1, 2, 3, 4])
def test_symmetric_classes_are_orbits_of_permutations(N):
    """As many as symmetric operators, C(N + 3, 3), and a swap of the first two spins leaves each as it is."""
    labels = symmetric_classes(N)
    assert len(set(labels)) == (N + 1) * (N + 2) * (N + 3) // 6
    tensor = labels.reshape([2] * (2 * N))
    if N > 1:
        np.testing.assert_array_equal(tensor, np.swapaxes(np.swapaxes(tensor, 0, 1), N, N + 1))
        np.testing.assert_array_equal(tensor, np.swapaxes(np.swapaxes(tensor, 0, N - 1), N, 2 * N - 1))


# ---------------------------------------------------------------- the interface


def test_too_many_spins_are_refused_with_the_reason():
    problem = sb.Problem(sb.SpinModel(N=9), times=[0])
    support = SOLVER.full_support(problem, OPTIONS)
    assert not support
    assert "N = 9 spins have 2^9 states" in support.reason
    assert "N ≤ 8" in support.reason
    assert SOLVER.full_support(problem, SOLVER.resolve_options(options={"max_spins": 9}))


@pytest.mark.parametrize(
    "options", [{"max_spins": 13}, {"max_spins": 0}, {"method": "diag"}, {"rtol": 0.0}, {"atol": -1.0}]
)
def test_options_out_of_bounds_are_refused(options):
    with pytest.raises(sb.InvalidOptionError, match=f"solver 'qutip': {next(iter(options))} = "):
        SOLVER.resolve_options(options=options)


def test_a_long_solution_stops_at_its_deadline():
    """Also between two times to report, however far apart they are."""
    model = sb.SpinModel.driven_cavity(N=5, upsilon_ratio=0.9)
    started = time.monotonic()
    with pytest.raises(sb.SolverError, match="time limit") as caught:
        solve(sb.Problem(model, times=[0, 1e6]), context=sb.Context(deadline=started + 0.3))
    assert caught.value.status == "timeout"
    assert time.monotonic() - started < 10


def test_a_cancelled_run_stops():
    for times in ([0, 1], [np.inf]):
        with pytest.raises(sb.SolverError, match="cancelled"):
            solve(sb.Problem(sb.SpinModel(N=2, emission=1.0), times=times), context=sb.Context(cancelled=lambda: True))


def test_a_failure_of_the_integrator_is_a_solver_error(monkeypatch):
    monkeypatch.setattr(propagate, "_MAX_STEPS", 1)
    with pytest.raises(sb.SolverError, match="integrator 'vern7' failed before t = 1:"):
        solve(sb.Problem(sb.SpinModel(N=2, emission=40.0, drive=10.0), times=[0, 1]))


def test_progress_reaches_one():
    seen = []
    solve(
        sb.Problem(sb.SpinModel(N=2), times=[0, 1, 2]), context=sb.Context(progress=lambda f, text="": seen.append(f))
    )
    assert seen == pytest.approx([1 / 3, 2 / 3, 1])


def test_it_claims_to_be_exact_and_knows_its_cost():
    small = sb.Problem(sb.SpinModel.driven_cavity(N=2, upsilon_ratio=1), times=[0, 1])
    large = sb.Problem(sb.SpinModel.driven_cavity(N=8, upsilon_ratio=1), times=[0, 1])
    assert SOLVER.claim(small, OPTIONS).accuracy == "exact"
    assert SOLVER.estimate(large, OPTIONS).bytes > 16 * 4**8
    assert SOLVER.estimate(large, OPTIONS).seconds > SOLVER.estimate(small, OPTIONS).seconds
    steady = sb.Problem(large.model, times=[np.inf])
    assert SOLVER.estimate(steady, OPTIONS).bytes > 16 * 4**8


def test_the_plugin_offers_its_solver():
    (solver,) = squeezebench_solvers()
    assert solver.name == "qutip"
    assert solver.schedules
    assert solver.steady
