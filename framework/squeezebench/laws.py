"""Laws that the moments of every state of N spins-1/2 obey, whatever the model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from .moments import Moments
    from .problem import Problem

__all__ = ["LAWS", "Violation", "amounts_of", "law_amounts", "violations"]

#: Law → what it says.
LAWS = {
    "finite": "all moments are finite",
    "spin_length": "|⟨J⟩| ≤ N/2",
    "j_squared": "⟨J²⟩ ≤ N/2 (N/2 + 1)",
    "positive_covariance": "the covariance C is positive semidefinite",
    "uncertainty": "C_ab + (i/2) ε_abc ⟨J_c⟩ is positive semidefinite",
}


class Violation(NamedTuple):
    """One law broken at one time."""

    #: A key of `LAWS`.
    law: str
    #: In the inverse of the model's rate unit.
    time: float
    #: By how much, relative to the law's own scale; inf for what is not finite.
    amount: float


def violations(problem: Problem, moments: Moments, tolerance: float = 1e-9) -> list[Violation]:
    r"""Laws that the moments break, up to ``moments.valid_until``.

    Parameters
    ----------
    problem : Problem
        Gives N and the times.
    moments : Moments
        ``spin`` (T, 3) and ``covariance`` (T, 3, 3).
    tolerance : float
        Amounts up to this are round-off, or the solver's error. An amount is relative: for lengths to N/2, for ⟨J²⟩ to
        N/2 (N/2 + 1), for eigenvalues to the largest entry of C, or to the variance N/4 of a coherent state if that is
        larger.

    Returns
    -------
    list of Violation
        In the order of time, then of `LAWS`; empty for a physical result. At times where something is not finite the
        other laws are not looked at.

    Notes
    -----
    The uncertainty matrix is ⟨(J_a − ⟨J_a⟩)(J_b − ⟨J_b⟩)⟩, whose positivity holds all Robertson-Schrödinger relations
    of the three components at once, and with them the positivity of its real part C.

    Examples
    --------
    >>> import numpy as np
    >>> import squeezebench as sb
    >>> from squeezebench.laws import violations
    >>> problem = sb.Problem(sb.SpinModel(N=2), times=[0.0])
    >>> violations(problem, sb.Moments(np.array([[0.0, 0.0, 1.25]]), np.zeros((1, 3, 3))))
    [Violation(law='spin_length', time=0.0, amount=0.25), Violation(law='uncertainty', time=0.0, amount=1.25)]
    """
    amounts = law_amounts(problem, moments)
    return [
        Violation(law, float(time), float(amounts[law][k]))
        for k, time in enumerate(problem.times)
        for law in LAWS
        if amounts[law][k] > tolerance
    ]


def law_amounts(problem: Problem, moments: Moments) -> dict[str, NDArray[np.float64]]:
    """Law → relative amount by which it is broken at each time, shape (T,); 0 or less where it holds.

    Where something is not finite the amount of ``finite`` is inf and the others are 0, as all are after
    ``moments.valid_until``.
    """
    sound = problem.times <= min(moments.valid_until, moments.stopped)
    spin = np.asarray(moments.spin, dtype=np.float64)
    covariance = np.asarray(moments.covariance, dtype=np.float64)
    finite = np.isfinite(spin).all(axis=-1) & np.isfinite(covariance).all(axis=(-2, -1))
    amounts = {law: np.zeros(len(problem.times)) for law in LAWS}
    amounts["finite"][sound & ~finite] = np.inf
    looked_at = sound & finite
    for law, values in amounts_of(spin[looked_at], covariance[looked_at], problem.N).items():
        amounts[law][looked_at] = values
    return amounts


def amounts_of(spin: NDArray[Any], covariance: NDArray[Any], N: int) -> dict[str, NDArray[np.float64]]:
    """Law → relative amount by which finite moments (…, 3) and (…, 3, 3) break it, shape (…); see `violations`."""
    length = np.linalg.norm(spin, axis=-1)
    scale = np.maximum(np.abs(covariance).max(axis=(-2, -1), initial=0.0), N / 4)
    square = np.trace(covariance, axis1=-2, axis2=-1) + length**2
    return {
        "spin_length": np.asarray(length / (N / 2) - 1),
        "j_squared": np.asarray(square / (N / 2 * (N / 2 + 1)) - 1),
        "positive_covariance": np.asarray(-np.linalg.eigvalsh(covariance)[..., 0] / scale),
        "uncertainty": np.asarray(-np.linalg.eigvalsh(covariance + _commutators(spin))[..., 0] / scale),
    }


def _commutators(spin: NDArray[Any]) -> NDArray[np.complex128]:
    """½⟨[J_a, J_b]⟩ = (i/2) ε_abc ⟨J_c⟩, shape (…, 3, 3)."""
    x, y, z = np.moveaxis(spin, -1, 0)
    zero = np.zeros_like(x)
    rows = [np.stack(row, axis=-1) for row in ((zero, z, -y), (-z, zero, x), (y, -x, zero))]
    return np.asarray(0.5j * np.stack(rows, axis=-2))
