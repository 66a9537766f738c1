"""What the moments of a spin ensemble cannot be, in numba."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from squeezebench.jit import kernel

__all__ = ["FAULTS", "fault"]

Array = NDArray[np.float64]

#: What `fault` finds, by number; 0 is nothing.
FAULTS = (
    "",
    "the moments are not finite",
    "|⟨J⟩| is above N/2",
    "a variance across ⟨J⟩ is negative",
    "the uncertainty relation between the components of J is violated",
)

#: Round-off and integration errors that no test may call unphysical, relative to N/2 and in ξ².
_SLACK = 1e-6
#: Violation of the uncertainty relation, in units of the coherent state's variance N/4, that is no longer a small
#: truncation error. Measured (N = 2000 and 10⁴, cumulants of orders 3 to 5): the hierarchy passes from 1e-3 to 1 within
#: one thousandth of the time that it took to get there, so that the value matters little.
_UNCERTAINTY = 0.01


@kernel
def fault(s: Array, c: Array, N: float, xi2: float) -> int:
    """Whether moments can be those of N spins.

    Parameters
    ----------
    s : ndarray (3,)
        ⟨J⟩.
    c : ndarray (3, 3)
        Its symmetrised covariance C.
    N : float
        Number of spins.
    xi2 : float
        Wineland's ξ² of these.

    Returns
    -------
    int
        The number of the first of `FAULTS` that holds. The last one is that C + (i/2)ε⟨J⟩ must be positive
        semidefinite; it is tested by the three leading minors.
    """
    length = math.sqrt(s[0] ** 2 + s[1] ** 2 + s[2] ** 2)
    trace = c[0, 0] + c[1, 1] + c[2, 2]
    if not (math.isfinite(length) and math.isfinite(trace)):
        return 1
    if length > 0.5 * N * (1.0 + _SLACK):
        return 2
    if xi2 < -_SLACK:
        return 3
    slack = _UNCERTAINTY + _SLACK * 4.0 * trace / N
    unit = 0.25 * N
    a, b, d = c[0, 0] / unit + slack, c[1, 1] / unit + slack, c[2, 2] / unit + slack
    ab, ad, bd = c[0, 1] / unit, c[0, 2] / unit, c[1, 2] / unit
    x, y, z = 0.5 * s[0] / unit, 0.5 * s[1] / unit, 0.5 * s[2] / unit
    minor = a * b - ab * ab - z * z
    # det(A + i[w]×) = det A − wᵀA w
    determinant = a * (b * d - bd * bd) - ab * (ab * d - bd * ad) + ad * (ab * bd - b * ad)
    determinant -= a * x * x + b * y * y + d * z * z + 2.0 * (ab * x * y + ad * x * z + bd * y * z)
    return 0 if a > 0.0 and minor > 0.0 and determinant > 0.0 else 4
