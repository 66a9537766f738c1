"""The tables of the adjoint generator, against the whole generator on 2^N states."""

from __future__ import annotations

from functools import reduce

import numpy as np
import pytest

import squeezebench as sb
from squeezebench.pauli import pauli_tables

from ..brute_force import PAULI, liouvillian, named_models, random_model

ONE_AND_PAULI = [np.eye(2), *PAULI]


def string(labels):
    """Tensor product of Pauli matrices; 0 is the identity."""
    return reduce(np.kron, [ONE_AND_PAULI[label] for label in labels])


def adjoint_action(model, labels):
    """L†(σ_labels) on 2^N, from the Hilbert-Schmidt adjoint of the Liouvillian."""
    operator = string(labels)
    result = liouvillian(model).conj().T @ operator.reshape(-1, order="F")
    return result.reshape(operator.shape, order="F")


def symmetrised(operator, N):
    """Average over the permutations of the spins after the first two are swapped: enough for N ≤ 3."""
    tensor = operator.reshape([2] * (2 * N))
    swapped = np.swapaxes(np.swapaxes(tensor, 0, 1), N, N + 1)
    return ((tensor + swapped) / 2).reshape(operator.shape)


def from_tables(model, a, b):
    """What the tables say of L†(σ_a ⊗ σ_b) for two spins; b = 0 is the identity."""
    tables = pauli_tables(model)
    total = np.zeros((4, 4), dtype=complex)
    for c in range(4):
        total += tables.single[a - 1, c] * string((c, b))
        if b:
            total += tables.single[b - 1, c] * string((a, c))
    pair = tables.inside[a - 1, b - 1] if b else tables.outside[a - 1]
    for c in range(4):
        for d in range(4):
            total += pair[c, d] * string((c, d))
    return total


MODELS = {**named_models(2), **{f"random_{seed}": random_model(np.random.default_rng(seed), 2) for seed in range(5)}}


@pytest.mark.parametrize("name", MODELS)
def test_tables_give_the_generator_of_one_spin(name):
    model = MODELS[name]
    one = sb.SpinModel.general(1, model.h, model.K, model.collective, model.single)
    for a in (1, 2, 3):
        expected = adjoint_action(one, (a,))
        found = sum(pauli_tables(model).single[a - 1, c] * string((c,)) for c in range(4))
        np.testing.assert_allclose(found, expected, atol=1e-13)


@pytest.mark.parametrize("name", MODELS)
def test_tables_give_the_generator_of_two_spins_that_both_carry_a_pauli_matrix(name):
    model = MODELS[name]
    for a in (1, 2, 3):
        for b in (1, 2, 3):
            expected = symmetrised((adjoint_action(model, (a, b)) + adjoint_action(model, (b, a))) / 2, 2)
            found = symmetrised((from_tables(model, a, b) + from_tables(model, b, a)) / 2, 2)
            np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize("name", MODELS)
def test_tables_give_the_generator_of_a_spin_beside_another(name):
    model = MODELS[name]
    for a in (1, 2, 3):
        expected = symmetrised(adjoint_action(model, (a, 0)), 2)
        np.testing.assert_allclose(symmetrised(from_tables(model, a, 0), 2), expected, atol=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_a_spin_outside_the_product_always_gets_a_pauli_matrix(seed):
    outside = pauli_tables(random_model(np.random.default_rng(seed), 3)).outside
    assert not outside[:, 0, :].any()
    assert not outside[:, :, 0].any()


def test_tables_are_symmetric_and_read_only():
    tables = pauli_tables(random_model(np.random.default_rng(7), 4))
    np.testing.assert_array_equal(tables.inside, tables.inside.transpose(1, 0, 2, 3))
    np.testing.assert_array_equal(tables.inside, tables.inside.transpose(0, 1, 3, 2))
    np.testing.assert_array_equal(tables.outside, tables.outside.transpose(0, 2, 1))
    for table in (tables.single, tables.inside, tables.outside):
        with pytest.raises(ValueError, match="read-only"):
            table[0] = 1


def test_terms_that_cancel_leave_no_round_off():
    tables = pauli_tables(sb.SpinModel.driven_cavity(N=100, upsilon_ratio=0.9, gamma_s=3.7))
    assert np.count_nonzero(tables.outside) == 6
    assert np.count_nonzero(tables.single) == 6
