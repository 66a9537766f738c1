"""QuTiP's integrators, step by step, and the moments of a density matrix."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from squeezebench import Context, SolverError, SpinModel
from squeezebench.interop import collective_spin

if TYPE_CHECKING:
    from qutip import Qobj

__all__ = ["MomentOperators", "evolve", "has_matrix_form", "spectral_scale"]

#: Between two looks at the clock the fastest phase turns by this many radians, some ten internal steps.
_PHASE_BETWEEN_CHECKS = 50.0

#: Internal steps until QuTiP gives up; a solution is ended by the context's deadline instead.
_MAX_STEPS = 2**30


class MomentOperators:
    """Operators whose means are the moments of J.

    Parameters
    ----------
    N : int
        Number of spins.
    """

    def __init__(self, N: int) -> None:
        J = collective_spin(N)
        self._spin = J
        self._products = {(a, b): (J[a] * J[b] + J[b] * J[a]) / 2 for a in range(3) for b in range(a, 3)}

    def moments(self, rho: Qobj) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
        """Spin (3,), symmetrised covariance (3, 3) and |Tr ρ − 1|."""
        import qutip

        spin = np.array([np.real(qutip.expect(operator, rho)) for operator in self._spin])
        covariance = np.empty((3, 3))
        for (a, b), operator in self._products.items():
            covariance[a, b] = covariance[b, a] = np.real(qutip.expect(operator, rho)) - spin[a] * spin[b]
        return spin, covariance, float(abs(rho.tr() - 1))


def has_matrix_form() -> bool:
    """Whether this QuTiP multiplies 2^N × 2^N matrices instead of building a 4^N × 4^N Liouvillian (from 5.3 on)."""
    import qutip

    return "matrix_form" in qutip.MESolver.solver_options


def spectral_scale(model: SpinModel) -> float:
    """Upper bound of the order of the Liouvillian's largest eigenvalue, in the model's rate unit."""
    N = model.N
    hamiltonian = N * float(np.linalg.norm(model.h)) + N * N / 2 * float(np.linalg.norm(model.K, 2))
    collective = N * N / 2 * float(np.linalg.norm(model.collective, 2))
    return hamiltonian + collective + N * float(np.linalg.norm(model.single, 2))


def evolve(
    model: SpinModel, rho: Qobj, start: float, times: NDArray[np.float64], options: Any, context: Context
) -> Iterator[Qobj]:
    """Yield ρ at each of `times`, from `rho` at `start`, with QuTiP's MESolver.

    QuTiP's renormalisation of the trace is switched off: it would hide errors of the integration.

    Parameters
    ----------
    model : SpinModel
        What acts.
    rho : Qobj
        Density matrix at `start`.
    start : float
        Time of `rho`.
    times : ndarray (T,)
        Increasing, the first ≥ `start`.
    options : QutipOptions
        Integrator and its tolerances.
    context : Context
        Asked between steps whether to go on.

    Raises
    ------
    SolverError
        If the integrator fails, or the time is up.
    """
    import qutip

    matrix_form = has_matrix_form()
    settings: dict[str, Any] = {
        "method": options.method,
        "rtol": options.rtol,
        "atol": options.atol,
        "nsteps": _MAX_STEPS,
        "normalize_output": False,
        "progress_bar": "",
    }
    if matrix_form:
        settings["matrix_form"] = True
    hamiltonian, collapse = model.to_qutip()
    generator, c_ops = (hamiltonian, collapse) if matrix_form else (qutip.liouvillian(hamiltonian, collapse), [])
    solver = qutip.MESolver(generator, c_ops=c_ops, options=settings)
    solver.start(rho, start)
    longest = _PHASE_BETWEEN_CHECKS / max(spectral_scale(model), 1e-300)
    now = start
    for t in times:
        pieces = math.ceil((t - now) / longest)
        for k in range(1, pieces + 1):
            context.check()
            try:
                rho = solver.step(t if k == pieces else now + (t - now) * k / pieces, copy=k == pieces)
            except qutip.solver.integrator.IntegratorException as error:
                raise SolverError(f"QuTiP's integrator {options.method!r} failed before t = {t:g}: {error}") from error
        now = float(t)
        yield rho
