"""Evolution of a layout's vector by QuTiP's integrators, restricted or through `MESolver`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from squeezebench import SolverError, SpinModel

from .layout import Layout
from .liouvillian import restricted, stock

__all__ = ["Evolution", "Restricted", "Stock", "follow"]

Vector = NDArray[np.complex128]

#: A stretch is cut into at least this many pieces, so that cancelling and the time limit are noticed in time.
_PIECES = 50

#: QuTiP counts steps from one reported time to the next; the time limit is the framework's business.
_MANY_STEPS = 10**9


class Evolution(Protocol):
    """A generator with an integrator; `start` and `advance` move a layout's vector."""

    def start(self, vector: Vector, time: float) -> None:
        """Set the state at `time`."""

    def advance(self, time: float) -> Vector:
        """The state at the later `time`."""


def _integrator_options(method: str, rtol: float, atol: float) -> dict[str, Any]:
    return {"method": method, "rtol": rtol, "atol": atol, "nsteps": _MANY_STEPS}


class Restricted:
    """QuTiP's integrator on the Liouvillian restricted to the J blocks."""

    def __init__(self, model: SpinModel, layout: Layout, method: str, rtol: float, atol: float) -> None:
        import qutip

        matrix = restricted(model, layout)
        self.entries = int(matrix.nnz)
        generator = qutip.QobjEvo(qutip.Qobj(matrix, dims=[[layout.size], [layout.size]], copy=False))
        options = _integrator_options(method, rtol, atol)
        integrator = qutip.MESolver.avail_integrators()[options.pop("method")]
        self._integrator = integrator(generator, options)

    def start(self, vector: Vector, time: float) -> None:
        """Set the state at `time`."""
        import qutip

        self._integrator.set_state(time, qutip.data.Dense(vector[:, None]))

    def advance(self, time: float) -> Vector:
        """The state at the later `time`."""
        _, state = self._integrator.integrate(time, copy=False)
        result: Vector = state.to_array()[:, 0]
        return result


class Stock:
    """``qutip.MESolver`` on PIQS's Liouvillian over all pairs of Dicke states."""

    def __init__(self, model: SpinModel, layout: Layout, method: str, rtol: float, atol: float) -> None:
        import qutip

        generator = stock(model)
        self.entries = int(generator.to("csr").data.as_scipy().nnz)
        options = {**_integrator_options(method, rtol, atol), "progress_bar": ""}
        self._solver = qutip.MESolver(generator, options=options)
        self._layout = layout
        self._dims = generator.dims[0]

    def start(self, vector: Vector, time: float) -> None:
        """Set the state at `time`."""
        import qutip

        size = self._dims[0][0]
        full = np.zeros(size * size, dtype=np.complex128)
        full[self._layout.positions] = vector
        self._solver.start(qutip.Qobj(full.reshape((size, size), order="F"), dims=self._dims), time)

    def advance(self, time: float) -> Vector:
        """The state at the later `time`."""
        full = self._solver.step(time, copy=False).full()
        result: Vector = full.ravel(order="F")[self._layout.positions]
        return result


def follow(
    evolution: Evolution, vector: Vector, start: float, times: NDArray[np.float64], tick: Callable[[float], None]
) -> Iterator[Vector]:
    """The state at each of `times` (non-decreasing, ≥ `start`), from `vector` at `start`.

    Parameters
    ----------
    evolution : Evolution
        What acts.
    vector : ndarray (size,)
        The state at `start`.
    start : float
        A time.
    times : ndarray (T,)
        Where to report.
    tick : callable
        Called with the time that is reached, many times over the stretch; may raise.

    Raises
    ------
    SolverError
        If the integrator gives up, or the state is no longer finite.
    """
    from qutip.solver.integrator import IntegratorException

    longest = (times[-1] - start) / _PIECES if len(times) else 0.0
    now, state = start, vector
    evolution.start(vector, start)
    for time in times:
        if time > now:
            pieces = max(1, int(np.ceil((time - now) / longest)))
            for stop in np.linspace(now, time, pieces + 1)[1:]:
                tick(float(stop))
                try:
                    state = evolution.advance(float(stop))
                except IntegratorException as error:
                    raise SolverError(f"QuTiP's integrator gave up near t = {stop:.6g}: {error}") from error
            if not np.isfinite(state).all():
                raise SolverError(f"the state is no longer finite at t = {time:.6g}: lower rtol", status="diverged")
            now = float(time)
        yield state
