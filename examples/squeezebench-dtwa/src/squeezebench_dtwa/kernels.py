r"""One trajectory: N classical spins s_i, common noise for collective jumps, own noise for those of single spins.

With S = Σ s_i and S' = S − s_i (what spin i sees of the others), in Stratonovich form,

.. math::

    \dot{\mathbf s}_i = \mathbf b_i\times\mathbf s_i - (\Gamma_- - \Gamma_+)\,\hat z
        - (g x_i/2,\; g y_i/2,\; \gamma_-(1 + z_i) - \gamma_+(1 - z_i)) + \text{own noise},

    \mathbf b_i = \mathbf\Omega + \chi(S'_x, S'_y, 1) + \eta(0, 0, S'_z)
        + \tfrac{\Gamma_- - \Gamma_+}{2}(-S'_y, S'_x, 0)
        + (\sqrt{\Gamma_- + \Gamma_+}\,\xi_x, \sqrt{\Gamma_- + \Gamma_+}\,\xi_y, \sqrt{\Gamma_\phi}\,\xi_z),

with g = γ₋ + γ₊ + γ_φ. The common field is that of a vacuum that is driven by J₋ and fluctuates with half a quantum;
its noise alone, as rotations about x and y, gives x' = −Γx/2 and z' = −Γz, and −Γẑ completes L(J₋) of a single spin.

The own noise keeps ⟨s_a s_b⟩ = δ_ab of each spin, as σ_aσ_b + σ_bσ_a = 2δ_ab demands. For emission, pumping and
dephasing this needs the diffusion matrix

.. math::

    D = \begin{pmatrix} g & 0 & k x\\ 0 & g & k y\\ k x & k y & 2\gamma_-(1 + z) + 2\gamma_+(1 - z)\end{pmatrix},
    \quad k = \gamma_- - \gamma_+.

With x, y, z of a single phase point it is not positive; with their means over the spins it is, because the mean's
length is at most one: x² + y² ≤ 1 − z².
"""

import math

import numpy as np

from squeezebench.jit import kernel

__all__ = ["advance", "course", "record", "start"]


@kernel
def _slope(s, S, field, net, chi, eta, g, down, up, own, noisy, out):
    """ds/dt (3, N) at fixed noise."""
    for i in range(s.shape[1]):
        x, y, z = s[0, i], s[1, i], s[2, i]
        sx, sy, sz = S[0] - x, S[1] - y, S[2] - z
        bx = field[0] + chi * sx - 0.5 * net * sy
        by = field[1] + chi * sy + 0.5 * net * sx
        bz = field[2] + chi + eta * sz
        out[0, i] = by * z - bz * y - 0.5 * g * x
        out[1, i] = bz * x - bx * z - 0.5 * g * y
        out[2, i] = bx * y - by * x - net - down * (1 + z) + up * (1 - z)
        if noisy:
            out[0, i] += own[0, i]
            out[1, i] += own[1, i]
            out[2, i] += own[2, i]


@kernel
def _total(s, S):
    for a in range(3):
        total = 0.0
        for i in range(s.shape[1]):
            total += s[a, i]
        S[a] = total


@kernel
def _add(s, slope, factor, out):
    for a in range(3):
        for i in range(s.shape[1]):
            out[a, i] = s[a, i] + factor * slope[a, i]


@kernel
def _step(s, dt, drive, rates, rng, work):
    """One step of dt, in place: Runge-Kutta of order 4 with the noise held over the step (Wong and Zakai).

    Parameters
    ----------
    s : ndarray (3, N)
        The spins.
    dt : float
        Length of the step.
    drive : ndarray (3,)
        Ω.
    rates : ndarray (8,)
        Γ₋, Γ₊, Γ_φ, γ₋, γ₊, γ_φ, χ, η.
    rng : numpy.random.Generator
        Of this trajectory.
    work : ndarray (4, 3, N)
        Scratch.
    """
    N = s.shape[1]
    net, total = rates[0] - rates[1], rates[0] + rates[1]
    down, up, chi, eta = rates[3], rates[4], rates[6], rates[7]
    g, k = rates[3] + rates[4] + rates[5], rates[3] - rates[4]
    noisy = g > 0
    S, field = np.empty(3), drive.copy()
    _total(s, S)
    if total > 0:
        field[0] += math.sqrt(total / dt) * rng.standard_normal()
        field[1] += math.sqrt(total / dt) * rng.standard_normal()
    if rates[2] > 0:
        field[2] += math.sqrt(rates[2] / dt) * rng.standard_normal()
    own, slope, middle, sum_ = work[0], work[1], work[2], work[3]
    if noisy:
        # Cholesky factor of D with the means of this trajectory.
        x, y, z = S[0] / N, S[1] / N, S[2] / N
        a, b, c = math.sqrt(g / dt), k / math.sqrt(g * dt) * x, k / math.sqrt(g * dt) * y
        rest = 2 * down * (1 + z) + 2 * up * (1 - z) - k * k / g * (x * x + y * y)
        d = math.sqrt(max(0.0, rest) / dt)
        for i in range(N):
            u, v = rng.standard_normal(), rng.standard_normal()
            own[0, i] = a * u
            own[1, i] = a * v
            own[2, i] = b * u + c * v
            if d > 0:
                own[2, i] += d * rng.standard_normal()
    _slope(s, S, field, net, chi, eta, g, down, up, own, noisy, slope)
    _add(s, slope, dt / 6, sum_)
    for stage in range(3):
        _add(s, slope, dt / 2 if stage < 2 else dt, middle)
        _total(middle, S)
        _slope(middle, S, field, net, chi, eta, g, down, up, own, noisy, slope)
        _add(sum_, slope, dt / 3 if stage < 2 else dt / 6, sum_)
    s[:] = sum_


@kernel
def start(s, axes, length, rng):
    """Fill s (3, N) with phase points of a product state: ±1 along the Bloch vector, and ±1 across it.

    Parameters
    ----------
    s : ndarray (3, N)
        To be filled.
    axes : ndarray (3, 3)
        Rows: unit vector along the Bloch vector, and two across.
    length : float
        Of the Bloch vector.
    rng : numpy.random.Generator
        Of this trajectory.
    """
    for i in range(s.shape[1]):
        along = 1.0 if rng.random() < 0.5 * (1.0 + length) else -1.0
        one = 1.0 if rng.random() < 0.5 else -1.0
        other = 1.0 if rng.random() < 0.5 else -1.0
        for a in range(3):
            s[a, i] = along * axes[0, a] + one * axes[1, a] + other * axes[2, a]


@kernel
def record(s, spin, raw):
    """Add Σ_i s_i/2 to spin (3,) and the symmetrised second moment of J to raw (3, 3).

    Of one spin, σ_aσ_b + σ_bσ_a = 2δ_ab is known; only pairs are taken from the trajectory.
    """
    N = s.shape[1]
    total, same = np.zeros(3), np.zeros((3, 3))
    for i in range(N):
        for a in range(3):
            total[a] += s[a, i]
            for b in range(3):
                same[a, b] += s[a, i] * s[b, i]
    for a in range(3):
        spin[a] += total[a] / 2
        raw[a, a] += N / 4
        for b in range(3):
            raw[a, b] += (total[a] * total[b] - same[a, b]) / 4


@kernel
def advance(s, dt, count, drive, rates, rng, work):
    """`count` steps of dt, in place."""
    for _ in range(count):
        _step(s, dt, drive, rates, rng, work)


@kernel
def course(s, dts, counts, drive, rates, rng, work, spin, raw):
    """A whole trajectory: counts[k] steps of dts[k] lead to time k + 1; adds to spin (T, 3) and raw (T, 3, 3)."""
    record(s, spin[0], raw[0])
    for k in range(len(counts)):
        for _ in range(counts[k]):
            _step(s, dts[k], drive, rates, rng, work)
        record(s, spin[k + 1], raw[k + 1])
