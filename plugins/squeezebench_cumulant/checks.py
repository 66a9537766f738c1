"""What a spin ensemble cannot do, and the observables that orders are compared by, in numba."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from squeezebench.faults import FAULTS, fault
from squeezebench.jit import kernel
from squeezebench.observables.kernels import n_eff, xi2_wineland

__all__ = ["FAULTS", "judge"]

Array = NDArray[np.float64]


@kernel
def judge(spin: Array, covariance: Array, N: float, observables: Array, faults: NDArray[np.int64]) -> None:
    """ξ² and N_eff of moments, and whether they can be those of N spins.

    Parameters
    ----------
    spin : ndarray (T, 3)
        ⟨J⟩.
    covariance : ndarray (T, 3, 3)
        Its symmetrised covariance C.
    N : float
        Number of spins.
    observables : ndarray (T, 2)
        Receives ξ² and N_eff.
    faults : ndarray (T,)
        Receives the number of the first of `FAULTS` that holds.
    """
    for t in range(len(spin)):
        observables[t, 0] = xi2_wineland(spin[t], covariance[t], N)
        observables[t, 1] = n_eff(spin[t], covariance[t], N)
        faults[t] = fault(spin[t], covariance[t], N, observables[t, 0])
