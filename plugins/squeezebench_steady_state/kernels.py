"""Sums over the weights of the closed form, in one pass from the largest weight outwards."""

from __future__ import annotations

import math

from squeezebench.jit import kernel

__all__ = ["sector_sums"]

#: Weights below this fraction of the largest end a pass. The tail beyond them is at most (number of terms) x N² x this,
#: so that even N = 1e8 leaves it under the round-off of the sums.
_NEGLIGIBLE = 1e-60


@kernel
def sector_sums(two_J: int, alpha: float) -> tuple[float, float, float, float, float, float]:
    """Averages over n = 0 … 2J with the weights w_n of the steady state of total spin J.

    The weights obey w_n / w_{n−1} = (N + n + 1)(N − n + 1) n / ((4n + 2) |α|²), N = 2J. They have a peak near
    n = N √(1 − u²), u = 2|α|/N (at n = 0 for u ≥ 1); starting there with weight 1 nothing overflows, rounding errors
    cannot pile up between terms that matter, and only the O(√N) terms about the peak are visited.

    Parameters
    ----------
    two_J : int
        2J ≥ 0.
    alpha : float
        |α| ≥ 0.

    Returns
    -------
    mean, variance : float
        E[n] and Var(n).
    inverse : float
        E[1/n; n ≥ 1].
    first, second : float
        w_0/S and w_1/S, S the sum of all weights.
    beyond : float
        Σ_{n≥2} w_n/S.
    """
    N = float(two_J)
    u = 2.0 * alpha / N if two_J > 0 else 2.0
    peak = math.floor(N * math.sqrt((1.0 - u) * (1.0 + u)) + 0.5) if u < 1.0 else 0
    # Everything but the total is summed over n >= 1 or about the peak, so that no sum is a difference of large ones.
    total, shifted, squared, inverse = 1.0, 0.0, 0.0, 0.0
    first, second, beyond = 0.0, 0.0, 0.0
    if peak == 0:
        first = 1.0
    else:
        inverse = 1.0 / peak
        if peak == 1:
            second = 1.0
        else:
            beyond = 1.0

    weight = 1.0
    cut = _NEGLIGIBLE
    for n in range(peak + 1, two_J + 1):
        ratio = ((N + n + 1.0) / alpha) * ((N - n + 1.0) / alpha) * (n / (4.0 * n + 2.0))
        weight *= ratio
        if n == peak + 1:
            # Under a huge drive every weight beyond n = 0 is tiny, and still |α|² times it is what counts.
            cut = min(_NEGLIGIBLE, _NEGLIGIBLE * weight)
        total += weight
        shifted += (n - peak) * weight
        squared += (n - peak) * (n - peak) * weight
        inverse += weight / n
        if n == 1:
            second = weight
        else:
            beyond += weight
        if weight <= cut and ratio < 1.0:
            break

    weight = 1.0
    for n in range(peak - 1, -1, -1):
        # The inverse of the ratio above, with n + 1 for n.
        ratio = (alpha / (N + n + 2.0)) * (alpha / (N - n)) * ((4.0 * n + 6.0) / (n + 1.0))
        weight *= ratio
        total += weight
        shifted += (n - peak) * weight
        squared += (n - peak) * (n - peak) * weight
        if n == 0:
            first = weight
        else:
            inverse += weight / n
            if n == 1:
                second = weight
            else:
                beyond += weight
        if weight <= _NEGLIGIBLE and ratio < 1.0:
            break

    offset = shifted / total
    variance = squared / total - offset * offset
    return peak + offset, variance, inverse / total, first / total, second / total, beyond / total
