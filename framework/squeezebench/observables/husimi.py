"""The Husimi function of a permutation-symmetric state on the sphere."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from squeezebench.errors import InvalidModelError
from squeezebench.saved_states import SavedState, chosen_state
from squeezebench.validate import number_array

__all__ = ["husimi", "husimi_by_J"]

Array = NDArray[np.float64]

#: Coefficients of so many numbers are held at a time (64 MB with both parts).
_CHUNK = 2**22
#: Blocks of a smaller weight change Q by less than the round-off of the others: (2J+1)/4π is below 1e4 as long as
#: N < 1e5, and Q of a normalised state is of the order of 1 or more somewhere.
_NEGLIGIBLE = 1e-22


def husimi(states: Any, index: int, theta: Any, phi: Any) -> Array:
    r"""Husimi Q function of a state on the sphere.

    .. math::

        Q(\theta, \phi) = \sum_J \frac{2J+1}{4\pi} \langle J, \mathbf n|P_J|J, \mathbf n\rangle, \qquad
        \int Q\, \sin\theta\, d\theta\, d\phi = \operatorname{Tr}\rho = 1,

    with the coherent states \|J, n⟩ of spin J along n = (sin θ cos φ, sin θ sin φ, cos θ) and the weighted blocks P_J,
    Tr P_J the probability of the multiplets of J.

    Parameters
    ----------
    states : xarray.Dataset, mapping, DickeBlocks or sequence of blocks
        Data set of `squeezebench.solve` with ``keep={"states"}``; ``Moments.extra["states"]``, from a run or a store;
        a state given by its blocks; or blocks (J, weight, matrix) such as ``state.dicke_blocks(N)``.
    index : int
        Which of the states that were kept; negative ones count from the last. A state by itself has the index 0.
    theta, phi : array_like
        Polar angle from +z and azimuth from +x, radians, of any shapes that broadcast: a grid is
        ``theta[:, None], phi[None, :]``.

    Returns
    -------
    ndarray
        Q, of the broadcast shape, per steradian. Of a coherent state of N spins it is (N + 1)/(4π) cos^(2N)(α/2), α the
        angle between n and the state. Where Q vanishes, round-off may leave values of −1e-16 of its maximum.

    Raises
    ------
    InvalidModelError
        If there is no such state, or the angles are no finite numbers that broadcast.

    See Also
    --------
    husimi_by_J : the contributions of each J.

    Notes
    -----
    Each value of θ costs half the numbers of the blocks (populations: all of them), and each point about N more; points
    of a grid share their θ. Amplitudes are products of ratios from the largest outwards: nothing overflows at any N.

    References
    ----------
    Lee, Phys. Rev. A 30, 3308 (1984); Arecchi, Courtens, Gilmore and Thomas, Phys. Rev. A 6, 2211 (1972).

    Examples
    --------
    >>> import numpy as np
    >>> import squeezebench as sb
    >>> up = sb.DickeState(J=5, M=5)
    >>> sb.husimi(up.dicke_blocks(10), 0, [0.0, np.pi / 2, np.pi], 0.0).round(4)
    array([0.8754, 0.0009, 0.    ])
    """
    state = chosen_state(states, index)
    points = _Points(theta, phi)
    result = np.zeros(points.count)
    _add(state, range(len(state.spins)), points, result)
    return result.reshape(points.shape)


def husimi_by_J(states: Any, index: int, theta: Any, phi: Any) -> tuple[Array, Array]:
    """Contributions of each J to the Husimi function.

    Parameters
    ----------
    states, index, theta, phi
        As in `husimi`.

    Returns
    -------
    J : ndarray (B,)
        Total spins, largest first.
    Q : ndarray (B, ...)
        Their parts of Q, per steradian; the integral of each is the probability of J, and their sum is `husimi`.

    Raises
    ------
    InvalidModelError
        As `husimi`.

    Examples
    --------
    >>> import squeezebench as sb
    >>> mixed = sb.CoherentSpinState(bloch_length=0.0)
    >>> J, Q = sb.husimi_by_J(mixed.dicke_blocks(2), 0, 0.3, 0.1)
    >>> J.tolist(), (4 * 3.14159265 * Q).round(6).tolist()
    ([1.0, 0.0], [0.75, 0.25])
    """
    state = chosen_state(states, index)
    points = _Points(theta, phi)
    result = np.zeros((len(state.spins), points.count))
    for b in range(len(state.spins)):
        _add(state, [b], points, result[b])
    return np.array(state.spins), result.reshape(len(state.spins), *points.shape)


class _Points:
    """Points on the sphere, sorted into the distinct values of θ."""

    def __init__(self, theta: Any, phi: Any) -> None:
        polar, azimuth = (_angles(value, name) for value, name in ((theta, "theta"), (phi, "phi")))
        try:
            polar, azimuth = np.broadcast_arrays(polar, azimuth)
        except ValueError as error:
            raise InvalidModelError(
                f"theta has shape {polar.shape} and phi {azimuth.shape}, which do not broadcast: "
                "for a grid give theta[:, None] and phi[None, :]"
            ) from error
        self.shape = polar.shape
        self.count = polar.size
        # A point beyond the pole lies on the opposite meridian.
        turned = np.remainder(polar.ravel(), 2 * math.pi)
        beyond = turned > math.pi
        self.phi = np.where(beyond, azimuth.ravel() + math.pi, azimuth.ravel())
        self.theta, self.row = np.unique(np.where(beyond, 2 * math.pi - turned, turned), return_inverse=True)
        self.row = self.row.reshape(-1).astype(np.int64)


def _angles(value: Any, name: str) -> Array:
    array = number_array(value, name, "array of angles in radians")
    if np.iscomplexobj(array) and array.imag.any():
        raise InvalidModelError(f"{name} has complex entries: give angles in radians")
    if not np.isfinite(array).all():
        raise InvalidModelError(f"{name} has an entry that is not finite: give angles in radians")
    return np.asarray(array.real, dtype=np.float64)


def _add(state: SavedState, chosen: Any, points: _Points, out: Array) -> None:
    """Add the contributions of the blocks `chosen` to `out` (points,)."""
    from .husimi_kernels import add_fourier, add_populations, sum_fourier

    kept = [b for b in chosen if _holds(state, b)]
    if not kept:
        return
    if not state.full:
        by_theta = np.zeros(len(points.theta))
        for b in kept:
            add_populations(points.theta, np.ascontiguousarray(state.real[b]), _scale(state, b), by_theta)
        out += by_theta[points.row]
        return
    largest = max(len(state.real[b]) for b in kept)
    step = max(1, _CHUNK // largest)
    for first in range(0, len(points.theta), step):
        theta = points.theta[first : first + step]
        re, im = np.zeros((2, len(theta), largest))
        for b in kept:
            real, imaginary = np.ascontiguousarray(state.real[b]), np.ascontiguousarray(state.imaginary[b])
            add_fourier(theta, real, imaginary, _scale(state, b), re, im)
        here = np.flatnonzero((points.row >= first) & (points.row < first + step))
        values = np.empty(len(here))
        sum_fourier(points.row[here] - first, points.phi[here], re, im, values)
        out[here] += values


def _holds(state: SavedState, b: int) -> bool:
    """Whether a block holds enough to be seen; NaN counts, so that it is not hidden."""
    populations = np.diagonal(state.real[b]) if state.full else state.real[b]
    return not float(np.abs(populations).sum()) <= _NEGLIGIBLE


def _scale(state: SavedState, b: int) -> float:
    return (2 * state.spins[b] + 1) / (4 * math.pi)
