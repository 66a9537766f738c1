"""Models and states to PIQS and back."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import squeezebench as sb
from squeezebench.angular import spin_values


def random_named_model(seed):
    rng = np.random.default_rng(seed)
    N = int(rng.integers(1, 13))
    on = rng.random(9) < 0.7
    signed, rates = np.round(rng.normal(size=5), 3) * on[:5], np.round(rng.random(6), 3) * rng.integers(0, 2, 6)
    # For one spin J₊J₋ and J_z² are no interaction: see the test of its own.
    chi, twisting = (signed[0], signed[1]) if N > 1 else (0.0, 0.0)
    names = ["collective_emission", "collective_pumping", "collective_dephasing", "emission", "pumping", "dephasing"]
    return sb.SpinModel(
        N=N, chi=chi, twisting=twisting, drive=tuple(signed[2:]), **dict(zip(names, rates.tolist(), strict=True))
    )


def random_blocks(N, seed, spins=None):
    rng = np.random.default_rng(seed)
    chosen = spin_values(N) if spins is None else spins
    weights = rng.dirichlet(np.ones(len(chosen)))
    blocks = []
    for J, weight in zip(chosen, weights, strict=True):
        size = round(2 * J) + 1
        a = rng.normal(size=(size, size)) + 1j * rng.normal(size=(size, size))
        blocks.append((J, weight, a @ a.conj().T / np.trace(a @ a.conj().T)))
    return sb.DickeBlocks(blocks)


# ---------------------------------------------------------------- models


@pytest.mark.parametrize("seed", range(20))
def test_named_models_come_back_equal(seed):
    """Both signs of χ, twisting and drive, every rate: equal in content, so that stored results are found again."""
    model = random_named_model(seed)
    assert sb.SpinModel.from_piqs(model.to_piqs()) == model


@pytest.mark.parametrize("N", [2, 3, 8, 25])
@pytest.mark.parametrize("seed", range(3))
def test_general_hamiltonians_come_back(N, seed):
    rng = np.random.default_rng(seed)
    h, K = rng.normal(size=3), rng.normal(size=(3, 3))
    model = sb.SpinModel.general(N, h, K + K.T, single=np.diag([0.2, 0.2, 0.1]))
    back = sb.SpinModel.from_piqs(model.to_piqs())
    np.testing.assert_allclose(back.h, h, atol=1e-11)
    np.testing.assert_allclose(back.K, K + K.T, atol=1e-11)
    np.testing.assert_array_equal(back.single, model.single)


def test_numbers_with_all_digits_come_back_to_the_fits_rounding():
    model = sb.SpinModel.driven_cavity(N=30, upsilon_ratio=0.9, chi=-0.7, gamma_s=4.0)
    back = sb.SpinModel.from_piqs(model.to_piqs())
    assert back.drive == (pytest.approx(model.drive[0], rel=1e-12), 0, 0)
    assert dataclasses.replace(back, drive=model.drive) == model


@pytest.mark.parametrize("seed", range(6))
def test_piqs_evolves_as_the_model_on_2_to_the_N(seed):
    """Conventions: the PIQS ensemble and the 2^N operators give the same rate of change of every moment."""
    import qutip
    from qutip import piqs

    from squeezebench.interop import collective_spin

    model = dataclasses.replace(random_named_model(seed + 100), N=3)
    rate = {}
    for basis in ("dicke", "full"):
        if basis == "dicke":
            rho = sb.DickeBlocks(sb.CoherentSpinState(0.9, 0.5, 0.8).dicke_blocks(3)).to_qutip(3)
            generator, J = model.to_piqs().liouvillian(), piqs.jspin(3)
        else:
            s = sb.CoherentSpinState(0.9, 0.5, 0.8).bloch_vector()
            one = (qutip.qeye(2) + s[0] * qutip.sigmax() + s[1] * qutip.sigmay() + s[2] * qutip.sigmaz()) / 2
            rho, generator, J = qutip.tensor([one] * 3), qutip.liouvillian(*model.to_qutip()), collective_spin(3)
        change = qutip.vector_to_operator(generator * qutip.operator_to_vector(rho))
        rate[basis] = [(j * change).tr() for j in J] + [(a * b * change).tr() for a in J for b in J]
    np.testing.assert_allclose(rate["dicke"], rate["full"], atol=2e-6)


def test_one_spin_has_no_quadratic_form():
    """σ_aσ_b is linear or constant: χJ₊J₋ of one spin is χJ_z and a constant."""
    back = sb.SpinModel.from_piqs(sb.SpinModel(N=1, chi=0.8, twisting=0.3, drive=(0.1, 0, 0.2)).to_piqs())
    assert back == sb.SpinModel(N=1, drive=(0.1, 0, 1.0))


def test_a_constant_in_the_hamiltonian_is_dropped():
    from qutip import piqs

    jx, _, jz = piqs.jspin(5)
    dicke = piqs.Dicke(5, hamiltonian=0.4 * jx + 2 * jz * jz + 17.5, emission=0.1)
    assert sb.SpinModel.from_piqs(dicke, rate_unit="1/s") == sb.SpinModel(
        N=5, drive=0.4, twisting=2.0, emission=0.1, rate_unit="1/s"
    )


def test_an_ensemble_without_hamiltonian_has_none():
    from qutip import piqs

    assert sb.SpinModel.from_piqs(piqs.Dicke(4.0, dephasing=np.float64(0.3))) == sb.SpinModel(N=4, dephasing=0.3)
    assert sb.SpinModel(N=4, dephasing=0.3).to_piqs().hamiltonian is None


def test_matrices_that_reduce_to_rates_are_accepted_by_piqs():
    model = sb.SpinModel(N=3, single_matrix=((0.3, 0.1j, 0), (-0.1j, 0.3, 0), (0, 0, 0.4)))
    dicke = model.to_piqs()
    assert (dicke.emission, dicke.pumping, dicke.dephasing) == pytest.approx((0.2, 0.1, 0.4))


@pytest.mark.parametrize("name", ["collective", "single"])
def test_other_dissipation_is_refused(name):
    model = sb.SpinModel.general(3, (0, 0, 0), **{name: np.diag([1.0, 0, 0])})
    with pytest.raises(sb.InvalidModelError, match=f"{name}_matrix does not reduce to emission"):
        model.to_piqs()


def bad_ensembles():
    from qutip import Qobj, piqs

    jx, jy, jz = piqs.jspin(4)
    return [
        ("no Dicke", "is no qutip.piqs.Dicke"),
        (piqs.Dicke(4, emission=-1.0), "emission = -1.0 is negative"),
        (piqs.Dicke(4, hamiltonian=jx - 0.1j * jz), "hamiltonian is not Hermitian"),
        (piqs.Dicke(4, hamiltonian=jz**3), r"is not h·J \+ J·K·J"),
        (piqs.Dicke(4, hamiltonian=jx * jy * jz + jz * jy * jx), r"is not h·J \+ J·K·J"),
        (piqs.Dicke(4, hamiltonian=Qobj(np.ones((9, 9)))), r"is not h·J \+ J·K·J"),
        (piqs.Dicke(4, hamiltonian=piqs.jspin(5)[0]), r"hamiltonian has shape \(12, 12\): N = 4 spins have 9"),
        (piqs.Dicke(4, hamiltonian=Qobj(np.diag([np.inf] + [0] * 8))), "not finite"),
    ]


@pytest.mark.parametrize("index", range(8))
def test_ensembles_outside_the_family_are_refused_in_words(index):
    dicke, words = bad_ensembles()[index]
    with pytest.raises(sb.InvalidModelError, match=words):
        sb.SpinModel.from_piqs(dicke)


def test_an_ensemble_too_large_for_piqs_is_refused():
    with pytest.raises(sb.InvalidModelError, match="N = 5000 is too large"):
        sb.SpinModel(N=5000, drive=1.0).to_piqs()


# ---------------------------------------------------------------- states


@pytest.mark.parametrize("N", [1, 2, 3, 6, 9])
@pytest.mark.parametrize("seed", range(2))
def test_states_come_back(N, seed):
    state = random_blocks(N, seed)
    back = sb.DickeBlocks.from_qutip(state.to_qutip(N), N)
    for (J, weight, matrix), (J_, weight_, matrix_) in zip(state.blocks, back.blocks, strict=True):
        assert J == J_
        assert weight_ == pytest.approx(weight, rel=1e-14)
        np.testing.assert_allclose(matrix_, matrix, atol=1e-14)


def test_missing_blocks_stay_missing():
    state = random_blocks(6, 1, spins=[2, 0])
    assert [J for J, _, _ in sb.DickeBlocks.from_qutip(state.to_qutip(6), 6).blocks] == [2, 0]


@pytest.mark.parametrize("N", [1, 4, 7])
def test_order_and_phases_are_those_of_piqs(N):
    """The coherent and Dicke states that PIQS builds itself are ours, and so are the means of random states."""
    from qutip import expect, piqs

    theta, phi = 0.7, 1.9
    ours = sb.DickeBlocks(sb.CoherentSpinState(theta, phi).dicke_blocks(N)).to_qutip(N)
    # PIQS puts the phase on the up component, so that its azimuth runs the other way.
    theirs = piqs.css(N, theta, -phi, coordinates="polar")
    np.testing.assert_allclose(ours.full(), theirs.full(), atol=1e-12)
    J, M = N / 2, N / 2 - 1
    np.testing.assert_allclose(
        sb.DickeBlocks(sb.DickeState(J, M).dicke_blocks(N)).to_qutip(N).full(), piqs.dicke(N, J, M).full(), atol=1e-15
    )
    state = random_blocks(N, 5)
    means = [expect(j, state.to_qutip(N)) * 2 / N for j in piqs.jspin(N)]
    np.testing.assert_allclose(means, state.bloch_vector(N), atol=1e-13)


def test_a_state_vector_is_taken_as_its_projector():
    import qutip

    ket = qutip.basis(6, 1)  # N = 3: |3/2, 1/2⟩
    ((J, weight, matrix),) = sb.DickeBlocks.from_qutip(ket, 3).blocks
    assert (J, weight) == (1.5, 1.0)
    np.testing.assert_array_equal(np.diag(matrix).real, [0, 0, 1, 0])


def test_a_solvers_small_errors_are_mended():
    """Blocks of almost no weight may be negative by the error of an integration."""
    import qutip

    rho = np.diag([1.0, 2e-8, 0, 0, -1e-8, 1e-9]).astype(complex)
    state = sb.DickeBlocks.from_qutip(qutip.Qobj(rho), 3)
    assert sum(weight for _, weight, _ in state.blocks) == pytest.approx(1)
    assert min(np.linalg.eigvalsh(matrix)[0] for _, _, matrix in state.blocks) >= 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda r: r[:5, :5], r"state has shape \(5, 5\): N = 3 spins have 6"),
        (lambda r: r + np.eye(6)[:, [0]] @ np.eye(6)[[4]] * 0.1, "between different J"),
        (lambda r: r + np.eye(6)[:, [0]] @ np.eye(6)[[1]] * 0.1, "not Hermitian in the block J = 1.5"),
        (lambda r: np.diag([1.5, -0.5, 0, 0, 0, 0]), "negative eigenvalue -0.5 in the block J = 1.5"),
        (lambda r: 2 * r, "weights sum to 2"),
        (lambda r: r * np.nan, "not finite"),
    ],
)
def test_what_is_no_state_is_refused_in_words(change, words):
    import qutip

    rho = random_blocks(3, 2).to_qutip(3).full()
    with pytest.raises(sb.InvalidModelError, match=words):
        sb.DickeBlocks.from_qutip(qutip.Qobj(change(rho)), 3)


def test_what_does_not_fit_the_spins_is_refused():
    with pytest.raises(sb.InvalidModelError, match="no total spin of N = 3"):
        random_blocks(4, 0).to_qutip(3)
    with pytest.raises(sb.InvalidModelError, match="N = True"):
        sb.DickeBlocks.from_qutip(random_blocks(3, 0).to_qutip(3), True)
