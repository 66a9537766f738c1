"""The master equation as N bosons in four modes: an answer for tens of spins that knows nothing of total spin.

A permutation-symmetric operator on N spins is a symmetric tensor over the four operators e = |u⟩⟨u|, |u⟩⟨d|, |d⟩⟨u|,
|d⟩⟨d| of one spin, thus a state of N bosons in four modes, C(N+3, 3) numbers. A superoperator that sums one over the
spins, Σ_i S_i, is Σ_ab S_ab b_a† b_b, and the collective terms are products of such sums. There are no Clebsch-Gordan
coefficients, no multiplicities and no J: nothing that the solvers in Dicke blocks use.

Hartmann, arXiv:1201.1732; Xu, Tieri and Holland, Phys. Rev. A 87, 062101 (2013), in another basis.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import expm_multiply, splu

import squeezebench as sb

HALVES = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]]) / 2


class Bosons:
    """Operators on the space of N bosons in four modes; a vector holds coefficients of orthonormal number states."""

    def __init__(self, N):
        self.N = N
        self.numbers = np.array(
            [(a, b, c, N - a - b - c) for a in range(N + 1) for b in range(N + 1 - a) for c in range(N + 1 - a - b)]
        )
        self.index = {tuple(n): i for i, n in enumerate(self.numbers.tolist())}
        # √(N!/Πn!) from whole numbers: an error of 1e-14 from logarithms comes back as 2e-12 in moments at N = 44.
        factorial = [math.factorial(k) for k in range(N + 1)]
        products = [math.prod(factorial[k] for k in n) for n in self.numbers.tolist()]
        self.norm = np.array([math.sqrt(factorial[N] // product) for product in products])
        self.trace = np.where((self.numbers[:, 1] == 0) & (self.numbers[:, 2] == 0), self.norm, 0)
        self._hops = [[self._hop(a, b) for b in range(4)] for a in range(4)]
        self.left = [self.total(np.kron(half, np.eye(2))) for half in HALVES]
        self.right = [self.total(np.kron(np.eye(2), half.T)) for half in HALVES]

    def _hop(self, a, b):
        """b_a† b_b."""
        size = len(self.numbers)
        if a == b:
            return sparse.diags_array(self.numbers[:, a].astype(complex)).tocsr()
        columns = np.flatnonzero(self.numbers[:, b])
        after = self.numbers[columns].copy()
        values = np.sqrt(after[:, b] * (after[:, a] + 1.0))
        after[:, b] -= 1
        after[:, a] += 1
        rows = [self.index[tuple(n)] for n in after.tolist()]
        return sparse.csr_array((values.astype(complex), (rows, columns)), shape=(size, size))

    def total(self, one):
        """Σ_i S_i of a superoperator `one` (4, 4) on a spin's row-stacked density matrix."""
        return sum(one[a, b] * self._hops[a][b] for a in range(4) for b in range(4) if one[a, b])

    def product(self, bloch):
        """N spins with the same Bloch vector."""
        one = (np.eye(2) / 2 + np.tensordot(np.asarray(bloch, dtype=float), HALVES, 1)).ravel()
        powers = np.where(self.numbers == 0, 1, one[None, :] ** self.numbers)
        return self.norm * powers.prod(axis=1)

    def liouvillian(self, model):
        """Generator of a model, sparse."""
        h, K, c, s = model.h, model.K, model.collective, model.single
        L, R = self.left, self.right
        single, eye = np.zeros((4, 4), dtype=complex), np.eye(2)
        for a in range(3):
            single += -1j * h[a] * (np.kron(HALVES[a], eye) - np.kron(eye, HALVES[a].T))
            for b in range(3):
                loss = HALVES[b] @ HALVES[a]
                single += s[a, b] * np.kron(HALVES[a], HALVES[b].T)
                single -= 0.5 * s[a, b] * (np.kron(loss, eye) + np.kron(eye, loss.T))
        total = self.total(single) if single.any() else sparse.csr_array((len(self.numbers),) * 2, dtype=complex)
        for a in range(3):
            for b in range(3):
                if K[a, b]:
                    total = total - 1j * K[a, b] * (L[a] @ L[b] - R[b] @ R[a])
                if c[a, b]:
                    total = total + c[a, b] * (L[a] @ R[b] - 0.5 * (L[b] @ L[a] + R[a] @ R[b]))
        return total.tocsr()

    def evolved(self, model, vector, duration):
        """State after `duration`."""
        return expm_multiply(self.liouvillian(model) * duration, vector) if duration else vector

    def steady(self, model):
        """The state of trace 1 that does not change, if it is the only one."""
        generator = self.liouvillian(model).tocsc()
        corner = sparse.csc_array(
            (self.trace[self.trace != 0], (np.zeros(np.count_nonzero(self.trace), int), np.flatnonzero(self.trace))),
            shape=generator.shape,
        )
        # The trace is conserved: one row of the generator is redundant, and adding Tr to it makes the answer unique.
        right = np.zeros(len(self.numbers), dtype=complex)
        right[0] = 1
        factors = splu(generator + corner)
        vector = factors.solve(right)
        vector += factors.solve(right - (generator + corner) @ vector)
        return vector / (self.trace @ vector)

    def moments(self, vector):
        """⟨J⟩ (3,) and symmetrised covariance (3, 3)."""
        means = [self.left[a] @ vector for a in range(3)]
        spin = np.array([(self.trace @ mean).real for mean in means])
        second = np.array([[(self.trace @ (self.left[a] @ means[b])).real for b in range(3)] for a in range(3)])
        return spin, (second + second.T) / 2 - np.outer(spin, spin)

    def solution(self, problem):
        """Spin (T, 3) and covariance (T, 3, 3) of a problem that starts from a product."""
        vector = self.product(problem.initial_state.bloch_vector(self.N))
        spin, covariance = [], []
        for step in problem.segments():
            now = step.start
            for rotation in step.rotations:  # a drive along the axis, for the angle
                vector = self.evolved(sb.SpinModel(self.N, drive=rotation.axis), vector, rotation.angle)
            for t in step.times:
                vector, now = self.evolved(step.model, vector, t - now), t
                mean, spread = self.moments(vector)
                spin.append(mean)
                covariance.append(spread)
            vector = self.evolved(step.model, vector, step.stop - now)
        return np.array(spin), np.array(covariance)
