"""Spins and mode in QuTiP: one copy of each multiplet of total spin, times the photon numbers of the mode."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from squeezebench import Context, SolverError

if TYPE_CHECKING:
    from qutip import Qobj

    from .model import CavityModel

__all__ = ["Space", "evolve", "multiplets"]

Array = NDArray[np.float64]


def multiplets(model: CavityModel, start: Sequence[Any]) -> list[float]:
    """Total spins J that a solution visits, largest first: those of the start where no single spin acts, else all."""
    if model.emission or model.pumping or model.dephasing:
        return [model.N / 2 - k for k in range(model.N // 2 + 1)]
    return [float(J) for J, _, _ in start]


class Space:
    """Operators on ⊕_J (2J+1 states) ⊗ (photon numbers below `photons`).

    What single spins do is three jump operators a rate, one for each change of J, with the weights of one copy a
    multiplet; they keep a state that is block diagonal in J so.

    Parameters
    ----------
    N : int
        Number of spins.
    spins : list of float
        Total spins J, largest first, in steps of one.
    photons : int
        Photon numbers that are kept.
    """

    def __init__(self, N: int, spins: list[float], photons: int) -> None:
        self.N, self.spins, self.photons = N, spins, photons
        self.states = [(J, M) for J in spins for M in (J - k for k in range(round(2 * J) + 1))]
        self.index = {state: i for i, state in enumerate(self.states)}

    def spin(self, matrix: Any) -> Qobj:
        """Operator on the spins, on the whole space."""
        import qutip

        return qutip.tensor(qutip.Qobj(matrix), qutip.qeye(self.photons)).to("csr")

    def mode(self, operator: Qobj) -> Qobj:
        """Operator on the mode, on the whole space."""
        import qutip

        return qutip.tensor(qutip.qeye(len(self.states)), operator).to("csr")

    def collective(self) -> list[Array]:
        """J₋ and J_z on the spins."""
        size = len(self.states)
        lower, z = np.zeros((size, size)), np.zeros((size, size))
        for (J, M), i in self.index.items():
            z[i, i] = M
            if M > -J:
                lower[self.index[J, M - 1], i] = math.sqrt((J + M) * (J - M + 1))
        return [lower, z]

    def single(self, component: str) -> list[Array]:
        """Jump operators of Σ_i L(σ⁻_i), L(σ⁺_i) or L(σ_z,i/2) for ``component`` "-", "+" and "z"."""
        half = self.N / 2
        found = []
        for change in (0, -1, 1):
            matrix = np.zeros((len(self.states),) * 2)
            for (J, M), i in self.index.items():
                if change == 0:
                    weight = (half + 1) / (2 * J * (J + 1)) if J > 0 else 0.0
                elif change < 0:
                    weight = (half + J + 1) / (2 * J * (2 * J + 1)) if J > 0 else 0.0
                else:
                    weight = (half - J) / (2 * (J + 1) * (2 * J + 1))
                step = {"-": -1, "+": 1, "z": 0}[component]
                image = self.index.get((J + change, M + step))
                if weight > 0 and image is not None:
                    matrix[image, i] = math.sqrt(weight) * _amplitude(J, M, change, component)
            found.append(matrix)
        return found

    def start(self, blocks: Sequence[Any]) -> Qobj:
        """Density matrix of a spin state, given by blocks, and the empty mode."""
        import qutip

        rho = np.zeros((len(self.states),) * 2, dtype=complex)
        for J, weight, matrix in blocks:
            where = [self.index[float(J), k - float(J)] for k in range(round(2 * float(J)) + 1)]
            rho[np.ix_(where, where)] = weight * np.asarray(matrix)
        return qutip.tensor(qutip.Qobj(rho), qutip.fock_dm(self.photons, 0))


def _amplitude(J: float, M: float, change: int, component: str) -> float:
    """⟨J + change, M'| V |J, M⟩ of the components V₋, V₊ and V_z of a vector operator, in a common normalisation."""
    if component == "+":  # the mirror image of V₋ about the equator; its sign does not matter in a jump
        return _amplitude(J, -M, change, "-")
    if component == "-":
        return math.sqrt(
            {
                0: (J + M) * (J - M + 1),
                -1: (J + M) * (J + M - 1),
                1: (J - M + 1) * (J - M + 2),
            }[change]
        )
    return M if change == 0 else math.sqrt(J * J - M * M if change < 0 else (J + 1) ** 2 - M * M)


def evolve(
    model: CavityModel, space: Space, rho: Qobj, times: Array, options: Any, context: Context
) -> Iterator[tuple[Array, Array, float, float]]:
    """Spin (3,), covariance (3, 3), photon number and population of the highest photon number kept, at each time.

    Raises
    ------
    SolverError
        If the integrator fails or the time is up.
    """
    import qutip

    lower, z = space.collective()
    lowering, a = space.spin(lower), space.mode(qutip.destroy(space.photons))
    J = [space.spin((lower + lower.T) / 2), space.spin(0.5j * (lower - lower.T)), space.spin(z)]
    H = -model.delta_c * a.dag() * a + model.g * (a.dag() * lowering + a * lowering.dag())
    for strength, operator in zip(model.drive, J, strict=True):
        H += strength * operator
    jumps = [math.sqrt(model.kappa) * a]
    for value, component in ((model.emission, "-"), (model.pumping, "+"), (model.dephasing, "z")):
        jumps += [math.sqrt(value) * space.spin(m) for m in space.single(component) if value and m.any()]
    products = {(i, k): (J[i] * J[k] + J[k] * J[i]) / 2 for i in range(3) for k in range(i, 3)}
    number, top = a.dag() * a, space.mode(qutip.fock_dm(space.photons, space.photons - 1))
    settings = {
        "method": options.method,
        "rtol": options.rtol,
        "atol": options.atol,
        "nsteps": 2**30,
        "normalize_output": False,
        "progress_bar": "",
    }
    solver = qutip.MESolver(qutip.liouvillian(H, jumps), options=settings)
    solver.start(rho, 0.0)
    for k, t in enumerate(times):
        context.check()
        if k:
            try:
                rho = solver.step(float(t))
            except qutip.solver.integrator.IntegratorException as error:
                raise SolverError(f"QuTiP's integrator {options.method!r} failed before t = {t:g}: {error}") from error
        context.progress((k + 1) / len(times))
        spin = np.array([np.real(qutip.expect(operator, rho)) for operator in J])
        covariance = np.empty((3, 3))
        for (i, j), operator in products.items():
            covariance[i, j] = covariance[j, i] = np.real(qutip.expect(operator, rho)) - spin[i] * spin[j]
        yield spin, covariance, float(np.real(qutip.expect(number, rho))), float(np.real(qutip.expect(top, rho)))
