r"""Operators of a spin J in a rotated frame, on a window of Dicke states.

The frame's axes :math:`e_1, e_2, e_3` (columns of a rotation matrix R) are turned so that the mean spin lies along
:math:`e_3`; the state is :math:`\sum_n \varphi_n |J, M = J - n\rangle` along :math:`e_3`, and only a window of n is
occupied. Every quadratic form in **J** is then pentadiagonal, whatever the frame:

.. math:: G = d + \boldsymbol\ell\cdot\mathbf J + \mathbf J\cdot Q\,\mathbf J,\qquad Q = Q^T,

with complex d, ℓ and Q in the laboratory's axes. Vectors are stored as two rows, real and imaginary parts, with `PAD`
zeros on both sides, so that the loops need no tests at the ends and are vectorised.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from squeezebench.jit import kernel

__all__ = [
    "COEFFICIENTS",
    "PAD",
    "apply_changing",
    "apply_form",
    "apply_linear",
    "form_coefficients",
    "lab_moments",
    "ladder",
    "mean_spin",
    "turned_axes",
]

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]

PAD = 4
#: Numbers that say what a quadratic form is in a frame: nine complex ones.
COEFFICIENTS = 18


@kernel
def turned_axes(R: Array, turn: Array, angle: float, out: Array) -> None:
    """Set `out` (3, 3) to R turned about the unit vector `turn` (3,) by `angle` (Rodrigues)."""
    c, s = math.cos(angle), math.sin(angle)
    x, y, z = turn[0], turn[1], turn[2]
    for a in range(3):
        u, v, w = R[0, a], R[1, a], R[2, a]
        along = (x * u + y * v + z * w) * (1.0 - c)
        out[0, a] = u * c + (y * w - z * v) * s + x * along
        out[1, a] = v * c + (z * u - x * w) * s + y * along
        out[2, a] = w * c + (x * v - y * u) * s + z * along


@kernel
def ladder(twoJ: int, first: int, width: int, A: Array, n: Array) -> None:
    """Set A[PAD + p] = ⟨n|J₊|n + 1⟩ = √((2J − n)(n + 1)) and n[PAD + p] = first + p, paddings included."""
    for q in range(width + 2 * PAD):
        k = first + q - PAD
        n[q] = float(k)
        A[q] = math.sqrt(float(max(twoJ - k, 0)) * float(max(k + 1, 0)))


@kernel
def form_coefficients(twoJ: int, R: Array, constant: complex, linear: Complex, Q: Complex, out: Array) -> None:
    """What `apply_form` needs of d + ℓ·J + J·QJ in the frame of `R`.

    With J_a = Σ U_aμ T_μ over T = (J₊, J₋, J_z) and M = J − n the bands are polynomials in n: their large parts, which
    cancel, are added here, before they are multiplied by anything.
    """
    J = 0.5 * twoJ
    l1, l2, l3 = 0j, 0j, 0j
    q11, q22, q33, q12, q13, q23 = 0j, 0j, 0j, 0j, 0j, 0j
    for a in range(3):
        l1 += linear[a] * R[a, 0]
        l2 += linear[a] * R[a, 1]
        l3 += linear[a] * R[a, 2]
        u = Q[a, 0] * R[0, 0] + Q[a, 1] * R[1, 0] + Q[a, 2] * R[2, 0]
        v = Q[a, 0] * R[0, 1] + Q[a, 1] * R[1, 1] + Q[a, 2] * R[2, 1]
        w = Q[a, 0] * R[0, 2] + Q[a, 1] * R[1, 2] + Q[a, 2] * R[2, 2]
        q11 += R[a, 0] * u
        q12 += R[a, 0] * v
        q22 += R[a, 1] * v
        q13 += R[a, 0] * w
        q23 += R[a, 1] * w
        q33 += R[a, 2] * w
    raise_z, lower_z = 0.5 * (q13 - 1j * q23), 0.5 * (q13 + 1j * q23)
    raising, lowering = 0.5 * (l1 - 1j * l2), 0.5 * (l1 + 1j * l2)
    across = 0.25 * (q11 + q22)
    raise_2 = 0.25 * (q11 - q22) - 0.5j * q12
    lower_2 = 0.25 * (q11 - q22) + 0.5j * q12
    values = (
        raise_2,
        lower_2,
        raising + raise_z + 2.0 * J * raise_z,
        -2.0 * raise_z,
        lowering - lower_z + 2.0 * J * lower_z,
        -2.0 * lower_z,
        constant + l3 * J + q33 * J * J + 2.0 * across * J,
        -l3 - 2.0 * J * q33 + 4.0 * J * across,
        q33 - 2.0 * across,
    )
    for i in range(9):
        out[2 * i] = values[i].real
        out[2 * i + 1] = values[i].imag


@kernel
def apply_form(c: Array, A: Array, n: Array, width: int, xr: Array, xi: Array, outr: Array, outi: Array) -> None:
    """Set out = G x on the window, G as `form_coefficients` gives it."""
    rr, ri, sr, si = c[0], c[1], c[2], c[3]
    u0r, u0i, u1r, u1i = c[4], c[5], c[6], c[7]
    w0r, w0i, w1r, w1i = c[8], c[9], c[10], c[11]
    d0r, d0i, d1r, d1i, d2r, d2i = c[12], c[13], c[14], c[15], c[16], c[17]
    for p in range(width):
        k = n[p + 4]
        up, up2, down, down2 = A[p + 4], A[p + 5], A[p + 3], A[p + 2]
        dr, di = d0r + k * (d1r + k * d2r), d0i + k * (d1i + k * d2i)
        ar, ai = u0r + u1r * (k + 1.0), u0i + u1i * (k + 1.0)
        br, bi = w0r + w1r * (k - 1.0), w0i + w1i * (k - 1.0)
        y1r, y1i, y2r, y2i = xr[p + 5], xi[p + 5], xr[p + 6] * up2, xi[p + 6] * up2
        z1r, z1i, z2r, z2i = xr[p + 3], xi[p + 3], xr[p + 2] * down2, xi[p + 2] * down2
        x0r, x0i = xr[p + 4], xi[p + 4]
        outr[p + 4] = (
            dr * x0r
            - di * x0i
            + up * (ar * y1r - ai * y1i + rr * y2r - ri * y2i)
            + down * (br * z1r - bi * z1i + sr * z2r - si * z2i)
        )
        outi[p + 4] = (
            dr * x0i
            + di * x0r
            + up * (ar * y1i + ai * y1r + rr * y2i + ri * y2r)
            + down * (br * z1i + bi * z1r + sr * z2i + si * z2r)
        )


@kernel
def apply_linear(
    twoJ: int, R: Array, v: Complex, beta: complex, A: Array, n: Array, width: int, x: Array, out: Array
) -> float:
    """Set out = (v·J + β) x, one more entry on each side of the window included; return ‖out‖²."""
    v1, v2, v3 = _components(R, v)
    raising, lowering = 0.5 * (v1 - 1j * v2), 0.5 * (v1 + 1j * v2)
    constant = beta + v3 * (0.5 * twoJ)
    total = 0.0
    xr, xi = x[0], x[1]
    for q in range(3, width + 5):
        d = constant - v3 * n[q]
        value = d * complex(xr[q], xi[q]) + raising * (A[q] * complex(xr[q + 1], xi[q + 1]))
        value += lowering * (A[q - 1] * complex(xr[q - 1], xi[q - 1]))
        out[0, q], out[1, q] = value.real, value.imag
        total += value.real * value.real + value.imag * value.imag
    return total


@kernel
def _components(R: Array, v: Complex) -> tuple[complex, complex, complex]:
    """Components of the laboratory's vector `v` along the frame's axes."""
    return (
        v[0] * R[0, 0] + v[1] * R[1, 0] + v[2] * R[2, 0],
        v[0] * R[0, 1] + v[1] * R[1, 1] + v[2] * R[2, 1],
        v[0] * R[0, 2] + v[1] * R[1, 2] + v[2] * R[2, 2],
    )


@kernel
def _root(a: int, b: int) -> float:
    """√(ab), 0 where a factor is negative: a state that does not exist."""
    return math.sqrt(float(a) * float(b)) if a > 0 and b > 0 else 0.0


@kernel
def apply_changing(twoJ: int, delta: int, R: Array, v: Complex, first: int, width: int, x: Array, out: Array) -> float:
    """Set out = v·V x, where V takes J to J + delta = J ± 1, and return ‖out‖².

    Places of `out` count from ``max(0, first − 2)`` for delta = −1 and from `first` for delta = +1; there are
    ``width + 2`` at most.

    Notes
    -----
    Reduced vector-operator coefficients of Condon and Shortley, The Theory of Atomic Spectra (1935), section 9³; the
    factor √w of the source's J is left to the caller. In n = J − M: delta = −1 takes n to n − 1 − q, delta = +1 to
    n + 1 − q, with q = +1, 0, −1 the change of M.
    """
    v1, v2, v3 = _components(R, v)
    raising, lowering = 0.5 * (v1 - 1j * v2), 0.5 * (v1 + 1j * v2)
    base = max(0, first - 2) if delta < 0 else first
    new_twoJ = twoJ + 2 * delta
    for q in range(out.shape[1] if out.shape[1] < width + 12 else width + 12):
        out[0, q], out[1, q] = 0.0, 0.0
    for p in range(width):
        k = first + p
        up, down = twoJ - k, k  # J + M and J − M
        value = complex(x[0, p + PAD], x[1, p + PAD])
        for q in (1, 0, -1):
            if delta < 0:
                target = k - 1 - q
                if q == 1:
                    factor = raising * _root(down, down - 1)
                elif q == 0:
                    factor = v3 * _root(down, up)
                else:
                    factor = -lowering * _root(up, up - 1)
            else:
                target = k + 1 - q
                if q == 1:
                    factor = -raising * _root(up + 1, up + 2)
                elif q == 0:
                    factor = v3 * _root(down + 1, up + 1)
                else:
                    factor = lowering * _root(down + 1, down + 2)
            if 0 <= target <= new_twoJ:
                add = factor * value
                out[0, target - base + PAD] += add.real
                out[1, target - base + PAD] += add.imag
    total = 0.0
    for q in range(PAD, PAD + width + 4):
        total += out[0, q] * out[0, q] + out[1, q] * out[1, q]
    return total


@kernel
def mean_spin(twoJ: int, A: Array, n: Array, width: int, x: Array, out: Array) -> None:
    """Set `out` (3,) to ⟨J⟩ in the frame's axes, of a normalised state."""
    xr, xi = x[0], x[1]
    plus_r, plus_i, mean_n = 0.0, 0.0, 0.0
    for p in range(width):
        q = p + 4
        mean_n += n[q] * (xr[q] * xr[q] + xi[q] * xi[q])
        # ⟨J₊⟩ = Σ A_n φ_n* φ_{n+1}
        plus_r += A[q] * (xr[q] * xr[q + 1] + xi[q] * xi[q + 1])
        plus_i += A[q] * (xr[q] * xi[q + 1] - xi[q] * xr[q + 1])
    out[0], out[1], out[2] = plus_r, plus_i, 0.5 * twoJ - mean_n


@kernel
def lab_moments(twoJ: int, R: Array, A: Array, n: Array, width: int, x: Array, out: Array) -> None:
    """Set `out` (9,) to ⟨J⟩ and the covariances xx, yy, zz, xy, xz, yz in the laboratory's axes.

    Squares are taken about the mean of n and as J + 2Jn − n² = J(J+1) − M², so that nothing large cancels.
    """
    J = 0.5 * twoJ
    s = np.empty(3)
    mean_spin(twoJ, A, n, width, x, s)
    mean_n = J - s[2]
    xr, xi = x[0], x[1]
    zz, across, zp_r, zp_i, pp_r, pp_i = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for p in range(width):
        q = p + 4
        weight = xr[q] * xr[q] + xi[q] * xi[q]
        zz += (n[q] - mean_n) ** 2 * weight
        across += (J + 2.0 * J * n[q] - n[q] * n[q]) * weight
        r1 = xr[q] * xr[q + 1] + xi[q] * xi[q + 1]
        i1 = xr[q] * xi[q + 1] - xi[q] * xr[q + 1]
        middle = mean_n - n[q] - 0.5
        zp_r += A[q] * middle * r1
        zp_i += A[q] * middle * i1
        a2 = A[q] * A[q + 1]
        pp_r += a2 * (xr[q] * xr[q + 2] + xi[q] * xi[q + 2])
        pp_i += a2 * (xr[q] * xi[q + 2] - xi[q] * xr[q + 2])
    C = np.empty((3, 3))
    C[0, 0] = 0.5 * (across + pp_r) - s[0] * s[0]
    C[1, 1] = 0.5 * (across - pp_r) - s[1] * s[1]
    C[2, 2] = zz
    C[0, 1] = 0.5 * pp_i - s[0] * s[1]
    C[0, 2], C[1, 2] = zp_r, zp_i
    C[1, 0], C[2, 0], C[2, 1] = C[0, 1], C[0, 2], C[1, 2]
    for a in range(3):
        out[a] = R[a, 0] * s[0] + R[a, 1] * s[1] + R[a, 2] * s[2]
    place = 3
    for a, b in ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2)):
        value = 0.0
        for c in range(3):
            for d in range(3):
                value += R[a, c] * C[c, d] * R[b, d]
        out[place] = value
        place += 1
