"""Spins with the cavity's field kept: the model, and its two solvers against brute force and against each other."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
from scipy.linalg import expm

import squeezebench as sb

PAULI = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])


class Brute:
    """N two-level systems and a mode with `photons` numbers, as matrices."""

    def __init__(self, model, photons):
        self.N, self.photons = model.N, photons
        self.size = 2**self.N * photons
        a = np.diag(np.sqrt(np.arange(1, photons)), 1)
        self.a = np.kron(np.eye(2**self.N), a)
        self.sigma = [[self.one(k, PAULI[c]) for c in range(3)] for k in range(self.N)]
        self.J = [sum(s[c] for s in self.sigma) / 2 for c in range(3)]
        lower = self.J[0] - 1j * self.J[1]
        self.H = -model.delta_c * self.a.conj().T @ self.a + sum(
            w * J for w, J in zip(model.drive, self.J, strict=True)
        )
        self.H = self.H + model.g * (self.a.conj().T @ lower + lower.conj().T @ self.a)
        self.jumps = [np.sqrt(model.kappa) * self.a]
        for x, y, z in self.sigma:
            self.jumps += [
                np.sqrt(model.emission) * (x - 1j * y) / 2,
                np.sqrt(model.pumping) * (x + 1j * y) / 2,
                np.sqrt(model.dephasing) * z / 2,
            ]

    def one(self, k, matrix):
        left, right = np.eye(2**k), np.eye(2 ** (self.N - k - 1))
        return np.kron(np.kron(np.kron(left, matrix), right), np.eye(self.photons))

    def slope(self, rho):
        out = -1j * (self.H @ rho - rho @ self.H)
        for L in self.jumps:
            loss = L.conj().T @ L
            out = out + L @ rho @ L.conj().T - (loss @ rho + rho @ loss) / 2
        return out

    def start(self, bloch):
        one = (np.eye(2) + np.tensordot(bloch, PAULI, 1)) / 2
        rho = np.eye(1)
        for _ in range(self.N):
            rho = np.kron(rho, one)
        empty = np.zeros((self.photons, self.photons))
        empty[0, 0] = 1
        return np.kron(rho, empty)

    def mean(self, operator, rho):
        return np.trace(operator @ rho).real

    def moments(self, rho):
        spin = np.array([self.mean(J, rho) for J in self.J])
        raw = [[self.mean((A @ B + B @ A) / 2, rho) for B in self.J] for A in self.J]
        return spin, np.array(raw) - np.outer(spin, spin)

    def evolve(self, rho, times, steps=40):
        """Fourth order with small steps between the times."""
        rows = [self.moments(rho)]
        for start, stop in itertools.pairwise(times):
            h = (stop - start) / steps
            for _ in range(steps):
                k1 = self.slope(rho)
                k2 = self.slope(rho + h / 2 * k1)
                k3 = self.slope(rho + h / 2 * k2)
                k4 = self.slope(rho + h * k3)
                rho = rho + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
            rows.append(self.moments(rho))
        return (np.array(part) for part in zip(*rows, strict=True))


def model(N, **changes):
    entries = {"g": 1.3, "kappa": 3.0, "delta_c": 0.7, "drive": (0.9, -0.4, 0.3), "emission": 0.5}
    return sb.CavityModel(N=N, **{**entries, **changes})


@pytest.mark.parametrize(
    ("N", "rates"),
    [
        (2, {"emission": 0.0}),
        (2, {"emission": 0.8}),
        (2, {"emission": 0.0, "pumping": 0.6}),
        (2, {"emission": 0.0, "dephasing": 0.9}),
        (1, {"emission": 0.3, "pumping": 0.2, "dephasing": 0.4}),
        (3, {"emission": 0.3, "pumping": 0.2, "dephasing": 0.4}),
    ],
)
def test_multiplets_times_photons_are_the_2_to_the_N_states_times_photons(N, rates):
    start = sb.CoherentSpinState(theta=1.1, phi=0.4, bloch_length=1.0)
    times = np.linspace(0, 0.8, 5)
    few = model(N, **rates, g=0.8)
    brute = Brute(few, 9)
    spin, covariance = brute.evolve(brute.start(start.bloch_vector()), times)
    ds = sb.solve(sb.Problem(few, start, times), "cavity_exact", tier="tight")
    np.testing.assert_allclose(ds.spin, spin, atol=3e-6)  # nine photon numbers, and steps of fourth order
    np.testing.assert_allclose(ds.covariance, covariance, atol=3e-6)


def test_a_mixed_start_is_the_mixture_of_its_multiplets():
    start = sb.CoherentSpinState(theta=0.7, phi=0.2, bloch_length=0.6)
    times = np.linspace(0, 0.5, 4)
    few = model(3, g=0.8, emission=0.0)
    brute = Brute(few, 9)
    spin, covariance = brute.evolve(brute.start(start.bloch_vector()), times)
    ds = sb.solve(sb.Problem(few, start, times), "cavity_exact")
    np.testing.assert_allclose(ds.spin, spin, atol=3e-6)
    np.testing.assert_allclose(ds.covariance, covariance, atol=3e-6)


def test_one_spin_without_drive_has_rabi_oscillations():
    """From |up, empty⟩ with κ small: cos²(gt) up; with loss, the exact 2 × 2 amplitude equations."""
    g, kappa = 1.7, 0.4
    times = np.linspace(0, 3, 13)
    ds = sb.solve(
        sb.Problem(sb.CavityModel(N=1, g=g, kappa=kappa), sb.CoherentSpinState(theta=0), times), "cavity_exact"
    )
    amplitudes = np.array([expm(np.array([[0, -1j * g], [-1j * g, -kappa / 2]]) * t)[0, 0] for t in times])
    np.testing.assert_allclose(ds.spin.sel(axis="z"), abs(amplitudes) ** 2 - 0.5, atol=1e-6)


def third_cumulant(brute, rho, A, B, C):
    a, b, c = (X - brute.mean(X, rho) * np.eye(brute.size) for X in (A, B, C))
    orders = ((a, b, c), (a, c, b), (b, a, c), (b, c, a), (c, a, b), (c, b, a))
    return np.mean([np.trace(x @ y @ z @ rho).real for x, y, z in orders])


def test_the_slopes_of_the_cumulants_are_those_of_the_master_equation_but_for_third_cumulants():
    """A random symmetric state of two spins and a mode; its third cumulants, put back, make every slope exact."""
    from squeezebench_cavity.kernels import N_VARIABLES, right_hand_side

    rng = np.random.default_rng(5)
    two = model(2, pumping=0.2, dephasing=0.35)
    brute = Brute(two, 8)
    low = np.kron(np.eye(4), np.diag([1.0] * 3 + [0.0] * 5))  # far from where the photon numbers end
    matrix = low @ (rng.normal(size=(brute.size,) * 2) + 1j * rng.normal(size=(brute.size,) * 2))
    rho = matrix @ matrix.conj().T
    swap = np.kron(np.array([[1, 0, 0, 0], [0, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 1]]), np.eye(8))
    rho = rho + swap @ rho @ swap
    rho /= np.trace(rho).real
    X, P = brute.a + brute.a.conj().T, -1j * (brute.a - brute.a.conj().T)
    q, (s, other) = (X, P), brute.sigma
    means = [*q, *s]
    pairs = [(X, X), (X, P), (P, P), *((A, B) for A in q for B in s)]
    pairs += [(s[a], other[b]) for a in range(3) for b in range(a, 3)]
    m = np.array([brute.mean(A, rho) for A in means])
    slope = brute.slope(rho)

    def covariance(A, B, state):
        return np.trace((A @ B + B @ A) @ state).real / 2

    y = np.concatenate([m, [covariance(A, B, rho) - brute.mean(A, rho) * brute.mean(B, rho) for A, B in pairs]])
    exact = [brute.mean(A, slope) for A in means]
    for A, B in pairs:
        product = brute.mean(A, slope) * brute.mean(B, rho) + brute.mean(A, rho) * brute.mean(B, slope)
        exact.append(covariance(A, B, slope) - product)
    across = (two.emission + two.pumping + two.dephasing) / 2
    along, feed = two.emission + two.pumping, two.pumping - two.emission
    out = np.empty(N_VARIABLES)
    right_hand_side(y, np.array([2, two.g, two.kappa, two.delta_c, *two.drive, across, along, feed]), out)
    G = ((two.g, 0.0), (0.0, -two.g), (0.0, 0.0))
    epsilon = np.zeros((3, 3, 3))
    for a, b, c in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        epsilon[a, b, c], epsilon[a, c, b] = 1, -1

    def rest(a, B):
        """Σ ε_abc G_bk κ₃(q_k, σ_c, B): what the closure leaves out of the slope of the covariance of σ_a and B."""
        terms = [(b, c, k) for b in range(3) for c in range(3) for k in range(2) if epsilon[a, b, c] and G[b][k]]
        return sum(epsilon[a, b, c] * G[b][k] * third_cumulant(brute, rho, q[k], s[c], B) for b, c, k in terms)

    for i, A in enumerate(q):
        for a in range(3):
            out[8 + 3 * i + a] += rest(a, A)
    place = 14
    for a in range(3):
        for b in range(a, 3):
            out[place] += rest(a, other[b]) + rest(b, other[a])
            place += 1
    np.testing.assert_allclose(out, exact, atol=1e-10)
    assert abs(np.array(exact)).min() > 1e-4  # every variable moves


@pytest.mark.parametrize("chi", [0.0, 0.8])
def test_both_solvers_go_over_to_the_eliminated_model_as_one_over_kappa(chi):
    apart = {"cavity_exact": [], "cavity_cumulant": []}
    for kappa in (100.0, 400.0):
        for solver, found in apart.items():
            N, other = (6, "permutational") if solver == "cavity_exact" else (20_000, "cumulant")
            kept = sb.CavityModel.driven(N, 0.8, kappa * N / 6, chi=chi)
            assert kept.eliminate().chi == pytest.approx(chi)
            times = np.linspace(0, 4 / N, 21)
            one = sb.solve(sb.Problem(kept, times=times), solver)
            two = sb.solve(sb.Problem(kept.eliminate(), times=times), other)
            found.append(float(abs(one.xi2 / two.xi2 - 1)[5:].max()))
    for found in apart.values():
        assert found[0] < 0.05
        assert found[1] < 0.4 * found[0]


def test_the_cumulants_come_near_to_the_exact_answer_as_spins_are_added():
    errors = []
    for N in (3, 6):
        problem = sb.Problem(sb.CavityModel.driven(N, 0.7, 20.0 * N, gamma_s=0.3 * N), times=np.linspace(0, 4 / N, 21))
        exact, closed = (sb.solve(problem, name) for name in ("cavity_exact", "cavity_cumulant"))
        errors.append(float(abs(closed.xi2 / exact.xi2 - 1).max()))
        assert float(abs(closed.spin - exact.spin).max()) < 0.02 * N / 2
    assert errors[1] < 0.85 * errors[0] < 0.1


def test_photons_are_counted():
    """The steady field of a fast cavity: ⟨a†a⟩ = Γ⟨J₊J₋⟩/κ; here from one spin up, which gives its photon."""
    problem = sb.Problem(sb.CavityModel(N=1, g=1.0, kappa=50.0), sb.CoherentSpinState(theta=0), [0, 5.0, 60.0])
    ds = sb.solve(problem, "cavity_exact")
    story = json.loads(ds.attrs["squeezebench"])
    assert 0 < story["diagnostics"]["most_photons"] < 0.1
    assert float(ds.spin[-1, 2]) == pytest.approx(-0.5, abs=0.01)


def test_a_model_type_of_a_plugin_is_reachable_hashable_and_read_back():
    kept = sb.CavityModel(N=8, g=2.0, kappa=50.0, drive=3.6, rate_unit="1/s")
    assert kept.drive == (3.6, 0.0, 0.0)
    assert sb.CavityModel.from_json(kept.to_json()) == kept
    assert hash(sb.CavityModel.from_json(kept.to_json())) == hash(kept)
    problem = sb.Problem(kept, times=[0, 0.1])
    assert sb.Problem.from_json(problem.to_json()) == problem
    assert problem.content_hash() != sb.Problem(kept.eliminate(), times=[0, 0.1]).content_hash()
    scenario = sb.Scenario(model=kept, times=[0, 0.1], solvers=["cavity_cumulant"])
    assert sb.Scenario.from_text(scenario.to_toml()).points()[0].problem == problem
    with pytest.raises(AttributeError, match="has no attribute 'CavityModle'"):
        sb.CavityModle  # noqa: B018 - the access is what is tested


def test_a_run_of_both_models_is_stored_and_loaded(tmp_path):
    from squeezebench.scenario import builtin

    small = builtin("cavity_kept").replace(axes={"N": [4], "ratio": [12.5]}, expected=None)
    results = sb.run(small, store=tmp_path)
    status = results.status.sel(N=4, ratio=12.5)
    assert status.sel(variant="kept").values.tolist() == ["ok", "ok", "unsupported", "unsupported"]
    assert status.sel(variant="eliminated").values.tolist() == ["unsupported", "unsupported", "ok", "ok"]
    assert "solves no CavityModel" in str(
        results.reason.sel(N=4, ratio=12.5, variant="kept", solver="permutational").values
    )
    again = sb.load(tmp_path)
    np.testing.assert_array_equal(again.xi2, results.xi2)


def test_solvers_of_spins_decline_a_cavity_and_say_so():
    with pytest.raises(sb.UnsupportedProblemError, match="solves no CavityModel"):
        sb.solve(sb.Problem(model(3), times=[0, 1]), "permutational")
    with pytest.raises(sb.UnsupportedProblemError, match="N = 13: few spins only, N ≤ 12"):
        sb.solve(sb.Problem(model(13), times=[0, 1]), "cavity_exact")
    with pytest.raises(sb.UnsupportedProblemError, match="N = 1: there are no pairs"):
        sb.solve(sb.Problem(model(1), times=[0, 1]), "cavity_cumulant")


def test_too_few_photon_numbers_are_an_error():
    with pytest.raises(sb.SolverError, match="of the state is at the highest of 3 photon numbers"):
        sb.solve(sb.Problem(model(3, g=4.0), times=[0, 1.0]), "cavity_exact", max_photons=3)
