"""What a solver returns: the first and second moments of the collective spin, over time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["MAX_SAMPLE_BLOCKS", "Moments", "Samples"]

#: More blocks than this would store trajectories rather than statistics.
MAX_SAMPLE_BLOCKS = 1024


@dataclass(frozen=True)
class Samples:
    """Moments of B independent blocks of trajectories, from which the framework takes means and errors.

    Attributes
    ----------
    weight : ndarray (B, T)
        Sum of the trajectories' weights in each block.
    spin : ndarray (B, T, 3)
        Mean of ⟨J⟩ over the block.
    covariance : ndarray (B, T, 3, 3)
        Symmetrised covariance of J in the block's mixed state: within plus between its trajectories.
    count : ndarray (B,)
        Number of trajectories in the block.
    index0 : ndarray (B,)
        Index of its first trajectory; blocks are pooled in this order.
    doubt : ndarray (B, T), optional
        What only the solver can know: by how much at most ξ² may be wrong, relative to it, because of random events
        that are possible but that too few trajectories of the whole solution have had for the blocks to show it. 0 if
        it is not given.
    """

    weight: NDArray[np.float64]
    spin: NDArray[np.float64]
    covariance: NDArray[np.float64]
    count: NDArray[np.int64]
    index0: NDArray[np.int64]
    doubt: NDArray[np.float64] = None  # type: ignore[assignment]  # replaced by zeros below

    def __post_init__(self) -> None:
        # Zeros of another shape are left from weights that have been replaced since.
        if self.doubt is None or (np.shape(self.doubt) != np.shape(self.weight) and not np.any(self.doubt)):
            object.__setattr__(self, "doubt", np.zeros(np.shape(self.weight)))


@dataclass(frozen=True)
class Moments:
    """First and second moments of J = Σσ/2 at the problem's times.

    Attributes
    ----------
    spin : ndarray (T, 3)
        ⟨J_a⟩.
    covariance : ndarray (T, 3, 3)
        ½⟨J_aJ_b + J_bJ_a⟩ − ⟨J_a⟩⟨J_b⟩: not raw products, because subtracting those costs digits.
    valid_until : float
        Last time up to which the solver stands by its numbers; those after it are NaN.
    reason : str
        Why it does not stand by the later ones.
    status : str
        ``"ok"``, or what ended it early: ``"diverged"`` or ``"unphysical"``.
    error_estimate : mapping of str to ndarray, optional
        The solver's own estimate of its absolute error, by observable: ``"spin"`` (T, 3), ``"covariance"`` (T, 3, 3),
        ``"xi2"`` (T,), ``"n_eff"`` (T,), …; what it does not estimate is left out.
    diagnostics : mapping
        Steps, evaluations, …: anything that JSON can hold.
    samples : Samples, optional
        Of sampled solvers; `spin` and `covariance` are then pooled from them by the framework (`from_samples`).
    extra : mapping
        What the solver has beyond: reductions that it computed itself, states, single trajectories.
    series : bool
        False where nobody keeps the series (`Context.reductions`): `spin` and `covariance` are then empty, (0, 3) and
        (0, 3, 3), and the reductions are all that there is.
    stopped : float
        Time at which the scenario's stop rule ended the solution; values after it are NaN, and the status is ``"ok"``.
    """

    spin: NDArray[np.float64]
    covariance: NDArray[np.float64]
    valid_until: float = math.inf
    reason: str = ""
    status: str = "ok"
    error_estimate: Mapping[str, NDArray[np.float64]] | None = None
    diagnostics: Mapping[str, Any] = field(default_factory=dict)
    samples: Samples | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    series: bool = True
    stopped: float = math.inf

    @classmethod
    def from_samples(cls, samples: Samples, **others: Any) -> Moments:
        """Moments pooled over the blocks: within plus between blocks, in the order of `index0`.

        Parameters
        ----------
        samples : Samples
            The blocks.
        **others
            Further attributes of the moments.
        """
        from .sampling import pooled

        spin, covariance = pooled(samples)
        return cls(spin=spin, covariance=covariance, samples=samples, **others)
