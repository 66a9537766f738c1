"""Matrix elements of spherical tensors, and spherical harmonics, by recurrences that are stable for every size."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from squeezebench.jit import kernel

__all__ = ["harmonics", "tensor_band"]

Array = NDArray[np.float64]

#: Numbers are scaled down before they overflow.
_LARGE, _SMALL = 1e200, 1e-200


@kernel
def tensor_band(n: int, q: int, out: Array) -> None:
    """⟨M + q|T_kq|M⟩ of a multiplet of dimension n, for k = q … q + len(out) − 1 and M = −J … J − q.

    Parameters
    ----------
    n, q : int
        2J + 1, and q ≥ 0.
    out : ndarray (at most n − q, n − q)
        Receives the elements, one row for each k.

    Notes
    -----
    {J_z, T_kq} links k to k ± 1 by b_k = √((n² − k²)(k² − q²)/(4k² − 1)), and has the eigenvalues 2M + q: the elements
    at one M, for all k, are a unit eigenvector of that matrix. It grows from both ends into the range where
    |2M + q| < b_k + b_{k+1}, so that it is computed from both ends and joined where b is largest.
    """
    count = n - q
    b = np.zeros(count + 1)
    peak = 0
    for i in range(1, count):
        k = float(q + i)
        b[i] = math.sqrt((n * n - k * k) * (k * k - q * q) / (4 * k * k - 1))
        if b[i] > b[peak]:
            peak = i
    v = np.zeros(count)
    sign = -1.0 if q % 2 else 1.0
    for j in range(count):
        x = 2.0 * j - (n - 1) + q
        # Forward up to the peak.
        v[0] = sign
        if count > 1:
            v[1] = x * v[0] / b[1]
        for i in range(1, peak):
            v[i + 1] = (x * v[i] - b[i] * v[i - 1]) / b[i + 1]
            if abs(v[i + 1]) > _LARGE:
                for m in range(i + 2):
                    v[m] *= _SMALL
        if count > 2 and peak < count - 1:
            # Backward from the last down to the place before the peak, then joined at the larger of two.
            forward, forward_before = v[peak], v[peak - 1]
            v[count - 1] = 1.0
            if count - 2 >= peak:
                v[count - 2] = x / b[count - 1]
            i = count - 2
            while i > peak:
                v[i - 1] = (x * v[i] - b[i + 1] * v[i + 1]) / b[i]
                if abs(v[i - 1]) > _LARGE:
                    for m in range(i - 1, count):
                        v[m] *= _SMALL
                i -= 1
            before = (x * v[peak] - b[peak + 1] * v[peak + 1]) / b[peak]
            scale = forward / v[peak] if abs(forward) > abs(forward_before) else forward_before / before
            for m in range(peak, count):
                v[m] *= scale
            v[peak] = forward if abs(forward) > abs(forward_before) else v[peak]
        norm = 0.0
        largest = 0.0
        for i in range(count):
            largest = max(largest, abs(v[i]))
        for i in range(count):
            norm += (v[i] / largest) ** 2
        norm = largest * math.sqrt(norm)
        for i in range(min(count, out.shape[0])):
            out[i, j] = v[i] / norm


@kernel
def harmonics(theta: float, K: int, out: Array) -> None:
    """√(4π/(2k + 1)) Y_kq(theta, 0) for q ≥ 0 in the order of k(k + 1)/2 + q, phases of Condon and Shortley.

    Parameters
    ----------
    theta : float
        Polar angle.
    K : int
        Largest k.
    out : ndarray ((K + 1)(K + 2)/2,)
        Receives the values.
    """
    c, s = math.cos(theta), math.sin(theta)
    log_top = 0.0
    for q in range(K + 1):
        # √(4π/(2q+1)) Y_qq = (−1)^q √((2q)!)/(2^q q!) sin^q.
        if q > 0:
            log_top += 0.5 * (math.log(2.0 * q - 1.0) - math.log(2.0 * q))
        sign = -1.0 if q % 2 else 1.0
        if s == 0.0:
            value = 1.0 if q == 0 else 0.0
        else:
            value = sign * math.exp(log_top + q * math.log(abs(s))) * (sign if s < 0 else 1.0)
        before = 0.0
        for k in range(q, K + 1):
            out[k * (k + 1) // 2 + q] = value
            # √((k+1)² − q²) y_{k+1} = (2k + 1) c y_k − √(k² − q²) y_{k−1}.
            step = ((2 * k + 1) * c * value - math.sqrt(float(k * k - q * q)) * before) / math.sqrt(
                float((k + 1) * (k + 1) - q * q)
            )
            before, value = value, step
