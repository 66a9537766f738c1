"""Stored values of ξ² that errors are measured against: ``python -m benchmarks.references`` writes references.json.

They come from SciPy alone: the action of the matrix exponential of the Liouvillian on 2^N, built here from Pauli
matrices, and the null vector of the collective one. No solver of ours, and none of our conversions, is in them.
"""

from __future__ import annotations

import json
from functools import reduce
from pathlib import Path

import numpy as np

import squeezebench as sb

from . import common
from .bench_steady_state import xi2_of_null_vector
from .solvers import PROBLEMS

FILE = Path(__file__).with_name("references.json")


def load(name: str) -> common.Array:
    """Stored ξ² (T,) of one of `benchmarks.solvers.PROBLEMS`."""
    return np.array(json.loads(FILE.read_text(encoding="utf-8"))[name])


def compute() -> dict[str, list[float]]:
    """ξ² of each problem, anew."""
    return {
        "driven": by_exponential(PROBLEMS["driven"]()),
        "twisted": by_exponential(PROBLEMS["twisted"]()),
        "steady": [xi2_of_null_vector(20, 0.9)],
    }


def by_exponential(problem: sb.Problem) -> list[float]:
    """ξ² at each time of a plain problem with collective and single-particle emission and dephasing, by exp(tL)ρ."""
    from scipy.sparse import csr_array, eye_array, kron
    from scipy.sparse.linalg import expm_multiply

    model, N = problem.model, problem.N
    pauli = [np.array(m, dtype=complex) for m in ([[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]])]
    one = csr_array(np.eye(2))

    def embedded(matrix: common.Array, site: int) -> csr_array:
        return reduce(lambda a, b: csr_array(kron(a, b)), [csr_array(matrix) if i == site else one for i in range(N)])

    single = [[embedded(matrix, i) for i in range(N)] for matrix in pauli]
    x, y, z = (reduce(lambda a, b: a + b, row) / 2 for row in single)
    lower = x - 1j * y
    H = sum(strength * axis for strength, axis in zip(model.drive, (x, y, z), strict=True))
    H = H + model.chi * (lower.conj().T @ lower) + model.twisting * (z @ z)
    channels = [(model.collective_emission, lower)]
    channels += [(model.emission, (single[0][i] - 1j * single[1][i]) / 2) for i in range(N)]
    channels += [(model.dephasing, single[2][i] / 2) for i in range(N)]
    identity = eye_array(2**N, format="csr")

    # ρ by rows: A ρ B is (A ⊗ Bᵀ) vec ρ.
    generator = -1j * (kron(H, identity) - kron(identity, H.T))
    for rate, jump in channels:
        if rate:
            decay = jump.conj().T @ jump
            generator = generator + rate * kron(jump, jump.conj())
            generator = generator - rate / 2 * (kron(decay, identity) + kron(identity, decay.T))

    bloch = problem.initial.bloch_vector()
    spin_state = (np.eye(2) + sum(s * matrix for s, matrix in zip(bloch, pauli, strict=True))) / 2
    rho = reduce(np.kron, [spin_state] * N).ravel()
    generator, values, last = csr_array(generator), [], 0.0
    for time in problem.times:
        if time > last:
            rho, last = expm_multiply((time - last) * generator, rho), time
        matrix = rho.reshape(2**N, 2**N)
        axes = (x, y, z)
        spin = np.array([np.trace(a @ matrix).real for a in axes])
        products = np.array([[np.trace(a @ (b @ matrix)).real for b in axes] for a in axes])
        covariance = (products + products.T) / 2 - np.outer(spin, spin)
        values.append(float(N * common.xi2(spin[None], covariance[None])[0]))
    return values


if __name__ == "__main__":
    FILE.write_text(json.dumps(compute(), indent=1) + "\n", encoding="utf-8")
