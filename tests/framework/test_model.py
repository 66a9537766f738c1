"""The spin model: strict validation, content, and its canonical form against explicit operators on 2^N."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import squeezebench as sb
from squeezebench.validate import nearest

RATES = (
    "collective_emission",
    "collective_pumping",
    "collective_dephasing",
    "emission",
    "pumping",
    "dephasing",
)
ROTATED = np.array([[0.4, 0.1, 0], [0.1, -0.2, 0.3], [0, 0.3, 0.5]])
KOSSAKOWSKI = np.array([[0.5, 0.2j, 0.1], [-0.2j, 0.4, 0], [0.1, 0, 0.3]])


def random_named(seed: int, N: int) -> sb.SpinModel:
    """Model of both signs of chi and twisting; each coupling is there or not."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=11) * (rng.random(11) < 0.7)
    return sb.SpinModel(
        N=N,
        chi=values[0],
        drive=tuple(values[1:4]),
        twisting=values[4],
        **{name: abs(value) for name, value in zip(RATES, values[5:], strict=True)},
    )


def random_general(seed: int, N: int) -> sb.SpinModel:
    rng = np.random.default_rng(seed)

    def kossakowski():
        vectors = rng.normal(size=(3, 2)) + 1j * rng.normal(size=(3, 2))
        return vectors @ vectors.conj().T

    K = rng.normal(size=(3, 3))
    return sb.SpinModel.general(N, rng.normal(size=3), K + K.T, kossakowski(), kossakowski())


# ---------------------------------------------------------------- operators, made here of Kronecker products

PAULI = [np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]]), np.array([[1, 0], [0, -1]])]


def spins(N: int) -> list[list[np.ndarray]]:
    """σ_a/2 of each spin: [axis][spin], the first spin the slowest index."""
    return [[np.kron(np.kron(np.eye(2**k), p / 2), np.eye(2 ** (N - k - 1))) for k in range(N)] for p in PAULI]


def lindblad(operator: np.ndarray) -> np.ndarray:
    """Superoperator of L(O) on row-major vectors."""
    one = np.eye(len(operator))
    square = operator.conj().T @ operator
    return np.kron(operator, operator.conj()) - (np.kron(square, one) + np.kron(one, square.T)) / 2


def kossakowski_form(matrix: np.ndarray, operators: list[np.ndarray]) -> np.ndarray:
    """Σ_ab c_ab (J_a ρ J_b − ½{J_b J_a, ρ}) on row-major vectors."""
    one = np.eye(len(operators[0]))
    total = 0
    for a, left in enumerate(operators):
        for b, right in enumerate(operators):
            both = right @ left
            jump = np.kron(left, right.T) - (np.kron(both, one) + np.kron(one, both.T)) / 2
            total = total + matrix[a, b] * jump
    return total


def commutator(hamiltonian: np.ndarray) -> np.ndarray:
    one = np.eye(len(hamiltonian))
    return -1j * (np.kron(hamiltonian, one) - np.kron(one, hamiltonian.T))


def named_liouvillian(model: sb.SpinModel) -> np.ndarray:
    """Straight from the equation in the class's docstring."""
    single = spins(model.N)
    x, y, z = (sum(row) for row in single)
    plus, minus = x + 1j * y, x - 1j * y
    H = model.chi * plus @ minus + model.twisting * z @ z
    H = H + model.drive[0] * x + model.drive[1] * y + model.drive[2] * z
    L = commutator(H)
    L = L + model.collective_emission * lindblad(minus) + model.collective_pumping * lindblad(plus)
    L = L + model.collective_dephasing * lindblad(z)
    for sx, sy, sz in zip(*single, strict=True):
        L = L + model.emission * lindblad(sx - 1j * sy) + model.pumping * lindblad(sx + 1j * sy)
        L = L + model.dephasing * lindblad(sz)
    return L


def canonical_liouvillian(model: sb.SpinModel) -> np.ndarray:
    single = spins(model.N)
    J = [sum(row) for row in single]
    H = sum(model.h[a] * J[a] for a in range(3))
    H = H + sum(model.K[a, b] * J[a] @ J[b] for a in range(3) for b in range(3))
    L = commutator(H) + kossakowski_form(model.collective, J)
    return L + sum(kossakowski_form(model.single, list(triple)) for triple in zip(*single, strict=True))


def qutip_liouvillian(model: sb.SpinModel) -> np.ndarray:
    hamiltonian, collapse = model.to_qutip()
    return commutator(hamiltonian.full()) + sum(lindblad(c.full()) for c in collapse)


@pytest.mark.parametrize("N", [1, 2, 3])
@pytest.mark.parametrize("seed", range(6))
def test_canonical_form_is_the_lindblad_equation_of_the_named_couplings(N, seed):
    model = random_named(seed, N)
    np.testing.assert_allclose(canonical_liouvillian(model), named_liouvillian(model), atol=1e-13)


@pytest.mark.parametrize("make", [random_named, random_general])
@pytest.mark.parametrize("N", [1, 2, 3])
@pytest.mark.parametrize("seed", range(4))
def test_to_qutip_is_the_canonical_form(make, N, seed):
    model = make(seed, N)
    np.testing.assert_allclose(qutip_liouvillian(model), canonical_liouvillian(model), atol=2e-13 * N**2)


def test_to_qutip_of_a_model_that_does_nothing_is_zero():
    hamiltonian, collapse = sb.SpinModel(N=2).to_qutip()
    assert hamiltonian.norm() == 0
    assert hamiltonian.dims == [[2, 2], [2, 2]]
    assert collapse == []


def test_to_qutip_refuses_what_would_not_fit_in_memory():
    with pytest.raises(sb.InvalidModelError, match=r"N = 15 spins have 2\^15 states"):
        sb.SpinModel(N=15).to_qutip()


@pytest.mark.parametrize("chi", [-0.7, 0.4])
@pytest.mark.parametrize("N", [2, 3, 4])
def test_to_qutip_has_the_dynamics_of_piqs(N, chi):
    """The same rates and the same times, within the single precision of PIQS's Liouvillian."""
    import qutip
    from qutip import piqs
    from scipy.linalg import expm

    from squeezebench.interop import collective_spin

    rates = dict(zip(RATES, (0.3, 0.2, 0.5, 0.7, 0.4, 0.6), strict=True))
    model = sb.SpinModel(N=N, chi=chi, drive=(0.9, -0.3, 0.2), twisting=0.35, **rates)
    x, y, z = piqs.jspin(N)
    H = chi * (x + 1j * y) * (x - 1j * y) + 0.9 * x - 0.3 * y + 0.2 * z + 0.35 * z * z
    dicke = piqs.Dicke(N, hamiltonian=H, **rates)
    start = piqs.css(N, np.pi / 2, np.pi, coordinates="polar")
    state = expm(dicke.liouvillian().full() * 0.8) @ start.full().ravel(order="F")
    shape = start.shape
    expected = [np.trace(j.full() @ state.reshape(shape, order="F")) for j in (x, y, z)]

    minus = (qutip.basis(2, 0) - qutip.basis(2, 1)).unit()
    rho = qutip.tensor([qutip.ket2dm(minus)] * N).full().ravel()
    final = (expm(qutip_liouvillian(model) * 0.8) @ rho).reshape(2**N, 2**N)
    found = [np.trace(j.full() @ final) for j in collective_spin(N)]
    np.testing.assert_allclose(found, expected, atol=2e-6)


# ---------------------------------------------------------------- general form


@pytest.mark.parametrize("seed", range(8))
def test_general_reduces_to_the_named_couplings(seed):
    model = random_named(seed, 5)
    again = sb.SpinModel.general(5, model.h, model.K, model.collective, model.single)
    assert again.is_named
    for item in dataclasses.fields(model):
        if item.name in ("N", "rate_unit", "quadratic", "collective_matrix", "single_matrix"):
            assert getattr(again, item.name) == getattr(model, item.name)
        else:
            np.testing.assert_allclose(getattr(again, item.name), getattr(model, item.name), atol=1e-15)


def test_general_of_the_paper_is_the_same_model_and_the_same_hash():
    model = sb.SpinModel.driven_cavity(N=100, upsilon_ratio=0.9, chi=-0.3, gamma_s=4.0)
    again = sb.SpinModel.general(100, model.h, model.K, model.collective, model.single)
    assert again == model
    assert hash(again) == hash(model)


@pytest.mark.parametrize("seed", range(4))
def test_general_keeps_what_does_not_reduce(seed):
    model = random_general(seed, 4)
    again = sb.SpinModel.general(4, model.h, model.K, model.collective, model.single)
    assert not model.is_named
    for name in ("h", "K", "collective", "single"):
        np.testing.assert_array_equal(getattr(again, name), getattr(model, name))


def test_general_takes_only_what_is_given():
    model = sb.SpinModel.general(3, (0, 0, 1), rate_unit="1/s")
    assert model == sb.SpinModel(N=3, drive=(0, 0, 1), rate_unit="1/s")


def test_a_general_dissipator_beside_named_rates_adds_up():
    model = sb.SpinModel(N=2, emission=1.0, single_matrix=KOSSAKOWSKI, twisting=1.0, quadratic=ROTATED)
    np.testing.assert_allclose(model.single, KOSSAKOWSKI + np.array([[1, 1j, 0], [-1j, 1, 0], [0, 0, 0]]))
    np.testing.assert_allclose(model.K, ROTATED + np.diag([0, 0, 1.0]))
    assert not model.is_named
    assert not model.is_collective


@pytest.mark.parametrize("name", RATES)
def test_is_collective_says_whether_total_spin_is_conserved(name):
    model = sb.SpinModel(N=3, chi=1.0, drive=(1, 2, 3), twisting=-1.0, **{name: 0.5})
    assert model.is_collective is name.startswith("collective")


# ---------------------------------------------------------------- the paper's parameters


def test_paper_parameters():
    model = sb.SpinModel.driven_cavity(N=2000, upsilon_ratio=0.9, chi=-1.5, gamma_s=4.0, Gamma=2.0)
    assert model.upsilon_c == pytest.approx(np.hypot(2, 3))
    assert model.upsilon_ratio == pytest.approx(0.9)
    assert model.upsilon == pytest.approx(0.9 * model.upsilon_c)
    assert model.critical_n_eff == pytest.approx(1800)
    assert model.drive[1:] == (0.0, 0.0)


def test_ratio_counts_the_drive_in_the_plane():
    model = sb.SpinModel(N=10, drive=(3.0, 4.0, 0.0), collective_emission=1.0)
    assert (model.upsilon, model.upsilon_ratio) == (1.0, 1.0)


def test_ratio_has_no_value_where_the_critical_drive_vanishes():
    model = sb.SpinModel(N=10, drive=3.0)
    assert model.upsilon_c == 0
    assert np.isnan(model.upsilon_ratio)
    assert model.critical_n_eff == np.inf


@pytest.mark.parametrize("other", [{"drive": (1, 0, 1)}, {"twisting": 1.0}, {"quadratic": ROTATED}])
def test_paper_parameters_are_nan_outside_its_hamiltonian(other):
    model = sb.SpinModel(**{"N": 10, "drive": 1.0, "collective_emission": 1.0, **other})
    for value in (model.upsilon, model.upsilon_c, model.upsilon_ratio, model.critical_n_eff):
        assert np.isnan(value)


def test_from_cavity_eliminates_the_field():
    """The ⁸⁷Sr numbers: Γ = 5.36e-4 /s, γ_s/Γ = 186.5, χ = Γ where the detuning is the linewidth."""
    kappa = 2 * np.pi * 150e3
    model = sb.SpinModel.from_cavity(1000, 2 * np.pi * 4, kappa, -kappa, gamma_s=0.1, upsilon_ratio=0.5)
    assert model.collective_emission == pytest.approx(5.36e-4, rel=1e-3)
    assert model.chi == pytest.approx(-model.collective_emission)
    assert model.upsilon_ratio == pytest.approx(0.5)
    assert model.rate_unit == "1/s"


def test_a_bare_drive_is_along_x():
    assert sb.SpinModel(N=2, drive=3).drive == (3.0, 0.0, 0.0)
    assert sb.SpinModel(N=2, drive=np.array([1, 2, 3])).drive == (1.0, 2.0, 3.0)


# ---------------------------------------------------------------- validation


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (True, "N = True is no whole number"),
        ("3", "N = '3' is no whole number"),
        (2.5, "N = 2.5 is no whole number"),
        (2.0, "N = 2.0 is no whole number"),
        (None, "N = None is no whole number"),
        (0, "N = 0 is too small"),
        (-3, "N = -3 is too small"),
        (2**53 + 1, "N is too large"),
    ],
)
def test_number_of_spins_is_a_positive_int(value, message):
    with pytest.raises(sb.InvalidModelError, match=f"^{message}"):
        sb.SpinModel(N=value)


@pytest.mark.parametrize("name", ["chi", "twisting", *RATES])
@pytest.mark.parametrize(
    ("value", "message"),
    [
        (float("nan"), "= nan is not finite"),
        (float("inf"), "= inf is not finite"),
        (10**400, "is not finite"),
        (True, "= True is no real number"),
        ("1", "= '1' is no real number"),
        (1j, r"= 1j is no real number"),
        (None, "= None is no real number"),
    ],
)
def test_couplings_are_finite_real_numbers(name, value, message):
    with pytest.raises(sb.InvalidModelError, match=message) as caught:
        sb.SpinModel(N=3, **{name: value})
    assert str(caught.value).startswith(name)


@pytest.mark.parametrize("name", RATES)
def test_rates_are_not_negative(name):
    with pytest.raises(sb.InvalidModelError, match=f"{name} = -0.1 is negative"):
        sb.SpinModel(N=3, **{name: -0.1})


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ((1, 2), "drive has 2 entries"),
        ("xyz", "drive = 'xyz' is no vector"),
        ((1, float("nan"), 0), r"drive\[y\] = nan is not finite"),
        ((1, 0, "2"), r"drive\[z\] = '2' is no real number"),
        ({"x": 1}, "drive = {'x': 1} is no vector"),
    ],
)
def test_drive_is_a_number_or_three(value, message):
    with pytest.raises(sb.InvalidModelError, match=message):
        sb.SpinModel(N=3, drive=value)


@pytest.mark.parametrize("name", ["quadratic", "collective_matrix", "single_matrix"])
@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([[1, 2, 0], [0, 1, 0], [0, 0, 1]], "is not (symmetric|Hermitian)"),
        (np.eye(2), r"has shape \(2, 2\)"),
        ([[1, 2], [3]], "is no 3x3 matrix"),
        ([["1", "0", "0"]] * 3, "is no 3x3 matrix"),
        ([[True] * 3] * 3, "is no 3x3 matrix"),
        (np.diag([1, np.nan, 1]), "has an entry that is not finite"),
        (10**400, "is no 3x3 matrix"),
    ],
)
def test_matrices_are_three_by_three_and_hermitian(name, value, message):
    with pytest.raises(sb.InvalidModelError, match=message) as caught:
        sb.SpinModel(N=3, **{name: value})
    assert str(caught.value).startswith(name)
    assert "\n" not in str(caught.value)


def test_kossakowski_matrices_are_positive_and_the_quadratic_form_need_not_be():
    with pytest.raises(sb.InvalidModelError, match="single_matrix has the negative eigenvalue -1:"):
        sb.SpinModel(N=3, single_matrix=np.diag([1, -1, 0]))
    assert sb.SpinModel(N=3, quadratic=np.diag([1, -1, 0])).K[1, 1] == -1


def test_the_quadratic_form_is_real():
    with pytest.raises(sb.InvalidModelError, match="quadratic is complex"):
        sb.SpinModel(N=3, quadratic=KOSSAKOWSKI)


def test_rate_unit_is_text():
    with pytest.raises(sb.InvalidModelError, match="rate_unit = 1 is no text"):
        sb.SpinModel(N=3, rate_unit=1)


def test_a_cavity_without_loss_cannot_be_eliminated():
    with pytest.raises(sb.InvalidModelError, match="kappa = 0"):
        sb.SpinModel.from_cavity(3, 1.0, 0.0, 1.0, 0.1, 0.9)


def test_models_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        sb.SpinModel(N=3).N = 4


# ---------------------------------------------------------------- content


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 10**6), st.booleans())
def test_json_keeps_every_bit(seed, N, general):
    model = random_general(seed, N) if general else random_named(seed, N)
    again = sb.SpinModel.from_json(model.to_json())
    assert again == model
    assert hash(again) == hash(model)
    for name in ("h", "K", "collective", "single"):
        np.testing.assert_array_equal(getattr(again, name), getattr(model, name))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"N": 3, "gama": 1.0}, "unknown entry 'gama' of a spin model"),
        ({"N": 3, "emision": 1.0}, "did you mean 'emission'"),
        ({"chi": 1.0}, "needs N"),
        ({"type": "boson_model", "N": 3}, "type = 'boson_model' is no 'spin_model'"),
        ({"N": 3, "single_matrix": [[{"re": 1}] * 3] * 3}, "single_matrix is no 3x3 matrix"),
        ([3], r"a spin model is a table, not \[3\]"),
    ],
)
def test_content_that_is_no_model_is_refused(data, message):
    with pytest.raises(sb.InvalidModelError, match=message):
        sb.SpinModel.from_dict(data)


def test_equality_is_by_content():
    assert sb.SpinModel(N=3, chi=1) == sb.SpinModel(N=3, chi=1.0) == sb.SpinModel(N=np.int64(3), chi=np.float64(1))
    assert sb.SpinModel(N=3, chi=-0.0) == sb.SpinModel(N=3)
    assert sb.SpinModel(N=3) != sb.SpinModel(N=4)
    assert sb.SpinModel(N=3) != sb.SpinModel(N=3, rate_unit="1/s")
    assert sb.SpinModel(N=3) != "SpinModel(N=3)"
    assert len({sb.SpinModel(N=3, drive=1), sb.SpinModel(N=3, drive=(1, 0, 0)), sb.SpinModel(N=3)}) == 2


def test_hashes_do_not_depend_on_the_process():
    """Python's own hash of text changes with PYTHONHASHSEED; the hash of content must not."""
    program = (
        "import squeezebench as sb; m = sb.SpinModel.driven_cavity(7, 0.9, 0.1, 2.0);"
        "p = sb.Problem(m, sb.MeanFieldSteadyState(), times=[0, 0.1]);"
        "print(m.content_hash(), hash(m), p.content_hash(), hash(p), hash(p.initial_state))"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    model = sb.SpinModel.driven_cavity(7, 0.9, 0.1, 2.0)
    assert len(outputs) == 1
    assert outputs.pop().split()[:2] == [model.content_hash(), str(hash(model))]


def test_nearest_names_the_nearest_known_or_all():
    assert nearest("emision", ["emission", "pumping"]) == "; did you mean 'emission'?"
    assert nearest("zzz", ["b", "a"]) == "; known: a, b"
    assert nearest("zzz", []) == ""
