"""Expected values of the later shared scenarios, by methods that have nothing in common with their solvers."""

from __future__ import annotations

import numpy as np
import pytest

import squeezebench as sb
from squeezebench.comparison.several import vertex_of_least
from squeezebench.observables.kernels import xi2_wineland
from squeezebench.report.figures.critical_scaling import logarithmic_law, optima
from squeezebench.scenario import builtin

from ..symmetric_bosons import Bosons

LATER = ("critical_scaling", "crf_bistability", "sequence_hold", "number_fluctuations", "cavity_kept")


def by_inverse(N, u):
    """ξ² of ρ ∝ AA†, A = (J₋ − α)⁻¹, from the columns of the inverse.

    They are products of c_i = ⟨i+1|J₋|i⟩, i steps below the top:
    |A_jk|² ∝ Π_{k ≤ i < j} c_i²/|α|², so that all moments are sums over j of running sums over k, in logarithms.
    """
    alpha2 = (N * u / 2) ** 2
    i = np.arange(N, dtype=float)
    c2 = (N - i) * (i + 1)
    L = np.concatenate([[0.0], np.cumsum(np.log(c2 / alpha2))])
    inner = np.logaddexp.accumulate(-L)
    P = np.exp(L + inner - (L + inner).max())
    P /= P.sum()
    j = np.arange(N + 1)
    z = P @ (N / 2 - j)
    plus_minus = P[:-1] @ c2  # ⟨J₊J₋⟩
    minus = P[:-1] @ c2 / np.sqrt(alpha2)  # |⟨J₋⟩| : ρ_{j+1,j} = (c_j/α) P_j
    minus_2 = P[:-2] @ (c2[:-1] * c2[1:]) / alpha2  # |⟨J₋²⟩|, and α² < 0
    variance = (plus_minus - z - minus_2) / 2  # ⟨J_x²⟩ with ⟨J_x⟩ = 0
    return N * variance / (minus**2 + z**2)


@pytest.mark.parametrize("N", [10, 100, 1000, 10_000, 100_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_critical_scaling_has_its_optima_by_the_inverse_of_a_bidiagonal_matrix(N):
    scenario = builtin("critical_scaling")
    (expected,) = (entry for entry in scenario.expected if entry.at == {"N": N})
    distances = np.array(scenario.axes["distance"])
    # the neighbourhood of the optimum is enough: its place moves from 1.2 to 4.6
    near = distances[np.abs(np.log(distances / vertex_of_least(distances, _rough(N, distances))[0])) < 0.06]
    values = [by_inverse(N, np.exp(-d * N ** (-2 / 3))) for d in near]
    assert vertex_of_least(near, values)[1] == pytest.approx(expected.value, rel=expected.tolerance)
    for d, value in zip(near[:2], values, strict=False):
        steady = sb.steady_state(sb.SpinModel.driven_cavity(N, np.exp(-d * N ** (-2 / 3))))
        # a million running sums lose digits
        assert float(steady.xi2[0]) == pytest.approx(value, rel=1e-7 if N < 1e6 else 1e-4)


def _rough(N, distances):
    return [float(sb.steady_state(sb.SpinModel.driven_cavity(N, np.exp(-d * N ** (-2 / 3)))).xi2[0]) for d in distances]


def test_the_best_squeezing_follows_a_law_with_a_logarithm_and_no_pure_power():
    """Laplace's method on the sums: (2N/3π) e^(−2y/3) (2y − 1) = 1 + 1/y, x = (y/N)^(1/3), ξ² = x(1 − 1/2y + …)."""
    ds = sb.run(builtin("critical_scaling").replace(solvers=["steady_state"]))
    N, _, xi2 = optima(ds)
    for size, value in list(zip(N, xi2, strict=True))[4:]:
        y = 10.0
        for _ in range(200):
            y = 1.5 * np.log(2 * size / (3 * np.pi) * (2 * y - 1) / (1 + 1 / y))
        law = (y / size) ** (1 / 3) * (1 - 1 / (2 * y) + (1 + 1 / y) / (2 * y - 1))
        assert value == pytest.approx(law, rel=6e-3 if size < 1e6 else 2.5e-3)
    slope, _ = logarithmic_law(N, xi2)
    assert 1.5 < slope < 1.65  # 3/2 in the end
    exponents = np.diff(np.log(xi2)) / np.diff(np.log(N))
    assert (np.diff(exponents) < 0).all()
    assert -1 / 3 < exponents[-1] < -0.31
    assert all(each.result == "met" for each in sb.check_expected(ds))


@pytest.mark.parametrize("u", [0.58, 0.62, 0.66])
def test_the_true_steady_state_of_twenty_bistable_spins_is_that_of_bosons(u):
    scenario = builtin("crf_bistability")
    bosons = Bosons(20)
    spin, covariance = bosons.moments(bosons.steady(sb.SpinModel.driven_cavity(20, u, gamma_s=0.1)))
    direction = spin / np.linalg.norm(spin)
    plane = np.linalg.svd(direction[None])[2][1:]
    xi2 = 20 * np.linalg.eigvalsh(plane @ covariance @ plane.T)[0] / (spin @ spin)
    expected = {e.quantity: e for e in scenario.expected if e.at == {"N": 20, "upsilon_ratio": u}}
    assert spin[2] == pytest.approx(expected["final_spin_z"].value, rel=1e-5)
    assert xi2 == pytest.approx(expected["final_xi2"].value, rel=1e-5)


def test_the_hold_with_a_dark_cavity_is_decay_of_single_spins():
    """⟨J⟩ and the covariance after the hold from those before it: each spin by Bloch's equations, in closed form."""
    point = next(p for p in builtin("sequence_hold").points() if p.coords == {"open": 0.0, "N": 60})
    ds = sb.solve(point.problem, "permutational")
    N, hold = 60, 0.5
    start = point.problem.times[-1] - hold
    k = int(np.searchsorted(point.problem.times, start))
    left = point.problem.times[-1] - point.problem.times[k]
    s, C = 2 / N * ds.spin.values[k], ds.covariance.values[k]
    pair = (C - N / 4 * (np.eye(3) - np.outer(s, s))) * 4 / (N * (N - 1))
    D = np.diag(np.exp([-left / 2, -left / 2, -left]))
    after = D @ s + np.array([0, 0, np.exp(-left) - 1])
    covariance = N / 4 * (np.eye(3) - np.outer(after, after)) + N * (N - 1) / 4 * D @ pair @ D
    np.testing.assert_allclose(ds.spin.values[-1], N / 2 * after, atol=1e-6 * N)
    np.testing.assert_allclose(ds.covariance.values[-1], covariance, atol=1e-5 * N)


@pytest.mark.parametrize("is_open", [0, 1])
def test_brute_force_has_the_values_of_the_sequence(is_open):
    scenario = builtin("sequence_hold")
    point = next(p for p in scenario.points() if p.coords == {"open": is_open, "N": 6})
    ds = sb.solve(point.problem, "qutip")
    values = {}
    for reduction in point.reductions:
        values |= reduction.compute({"time": point.problem.times, "xi2": ds.xi2.values})
    expected = [entry for entry in scenario.expected if entry.at == {"open": is_open, "N": 6}]
    assert len(expected) == 2
    for entry in expected:
        assert values[entry.quantity] == pytest.approx(entry.value, rel=entry.tolerance)


def test_few_spins_with_the_mode_have_their_expected_distance():
    small = builtin("cavity_kept").replace(axes={"N": [4], "ratio": [25, 100]})
    rows = [each for each in sb.check_expected(sb.run(small)) if each.solver == "cavity_exact"]
    assert [row.result for row in rows].count("met") == 2
    assert not any(row.failed for row in rows)


@pytest.mark.slow
def test_every_expected_value_of_the_set_is_met_by_a_solver():
    for name in LATER:
        ds = sb.run(builtin(name))
        found = sb.check_expected(ds)
        assert found
        assert not any(each.failed for each in found)
        for entry in builtin(name).expected:
            mine = [
                e for e in found if (e.quantity, e.at, e.weights) == (entry.quantity, entry.at, entry.weights or "")
            ]
            assert any(each.result == "met" for each in mine), (name, entry.quantity, entry.at)


@pytest.mark.parametrize("is_open", [0, 1])
def test_bosons_in_four_modes_have_the_values_of_the_sequence(is_open):
    N = 20
    scenario = builtin("sequence_hold")
    point = next(p for p in scenario.points() if p.coords == {"open": is_open, "N": N})
    spin, covariance = Bosons(N).solution(point.problem)
    xi2 = np.array([xi2_wineland(s, C, float(N)) for s, C in zip(spin, covariance, strict=True)])
    values = {}
    for reduction in point.reductions:
        values |= reduction.compute({"time": point.problem.times, "xi2": xi2})
    expected = [entry for entry in scenario.expected if entry.at == {"open": is_open, "N": N}]
    assert len(expected) == 2
    for entry in expected:
        assert values[entry.quantity] == pytest.approx(entry.value, rel=entry.tolerance)
