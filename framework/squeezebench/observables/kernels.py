"""What ξ², N_eff and the rest are: the only place where they are defined, compiled for use inside solvers' loops.

Scalar kernels take one moment of time: ``spin`` (3,) is ⟨J⟩, ``covariance`` (3, 3) its symmetrised covariance matrix,
``N`` the number of spins. `observe` applies them all to arrays. A quantity that has no value is NaN, never infinite.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from squeezebench.jit import kernel

__all__ = [
    "contrast",
    "emission_rate",
    "j_squared",
    "mean_direction",
    "n_eff",
    "observe",
    "quantity",
    "squeezed_axis",
    "squeezing_angle",
    "t_star",
    "t_star_array",
    "upsilon_eff",
    "xi2_db",
    "xi2_kitagawa_ueda",
    "xi2_wineland",
]

Array = NDArray[np.float64]
Vector = tuple[float, float, float]

#: ⟨J⟩ shorter than this fraction of N/2 is round-off of a vanishing spin and has no direction.
_SHORTEST = 1e-9
#: Principal variances closer than this (relative) are equal up to round-off and have no principal axes.
_ISOTROPIC = 1e-9


@kernel
def _plane(spin: Array, N: float) -> tuple[float, Vector, Vector]:
    """Length of ⟨J⟩ and the unit vectors e_φ and e_θ normal to it; NaN where it has no direction.

    e_φ = (−sin φ, cos φ, 0) and e_θ = e_φ × n complete n = ⟨J⟩/|⟨J⟩|; on the z axis φ is taken as 0.
    """
    x, y, z = spin[0], spin[1], spin[2]
    length = math.sqrt(x * x + y * y + z * z)
    if not length >= _SHORTEST * 0.5 * N:
        nowhere = (math.nan, math.nan, math.nan)
        return length, nowhere, nowhere
    # hypot, because x² + y² underflows for a spin on the z axis up to round-off.
    across = math.hypot(x, y)
    cos_phi = x / across if across > 0 else 1.0
    sin_phi = y / across if across > 0 else 0.0
    cos_theta = z / length
    phi_axis = (-sin_phi, cos_phi, 0.0)
    theta_axis = (cos_theta * cos_phi, cos_theta * sin_phi, -across / length)
    return length, phi_axis, theta_axis


@kernel
def _form(covariance: Array, u: Vector, v: Vector) -> float:
    """uᵀ C v."""
    total = 0.0
    for a in range(3):
        total += u[a] * (covariance[a, 0] * v[0] + covariance[a, 1] * v[1] + covariance[a, 2] * v[2])
    return total


@kernel
def _projected(covariance: Array, u: Vector, v: Vector) -> Vector:
    """Entries (uu, uv, vv) of the covariance on the plane of u and v."""
    return (
        _form(covariance, u, u),
        0.5 * (_form(covariance, u, v) + _form(covariance, v, u)),
        _form(covariance, v, v),
    )


@kernel
def _smaller_eigenvalue(a: float, b: float, d: float) -> float:
    """Smaller eigenvalue of [[a, b], [b, d]].

    As det/larger: mean − radius would lose every digit of a small eigenvalue beside a large one, while ad − b² is off
    by no more than a rounding of a, b and d themselves is.
    """
    mean, radius = 0.5 * (a + d), math.hypot(0.5 * (a - d), b)
    if mean > 0:
        return (a * d - b * b) / (mean + radius)
    return mean - radius


@kernel
def xi2_wineland(spin: Array, covariance: Array, N: float) -> float:
    """Wineland's squeezing parameter ξ² = N min Var(J_n)/|⟨J⟩|² over n ⊥ ⟨J⟩.

    Parameters
    ----------
    spin : ndarray (3,)
        ⟨J⟩.
    covariance : ndarray (3, 3)
        Its symmetrised covariance.
    N : float
        Number of spins.

    Returns
    -------
    float
        1 for a coherent state, smaller if squeezed; NaN where |⟨J⟩| < 1e-9 N/2.

    Notes
    -----
    Wineland et al., Phys. Rev. A 50, 67 (1994); Eq. (4) of Tucker et al., Phys. Rev. A 102, 051701(R) (2020). For
    N = 1 it is 1/|s|² with the Bloch vector s.
    """
    length, u, v = _plane(spin, N)
    a, b, d = _projected(covariance, u, v)
    return N * _smaller_eigenvalue(a, b, d) / (length * length)


@kernel
def xi2_kitagawa_ueda(spin: Array, covariance: Array, N: float) -> float:
    """Kitagawa and Ueda's squeezing parameter ξ_S² = 4 min Var(J_n)/N over n ⊥ ⟨J⟩.

    Arguments as `xi2_wineland`; NaN where |⟨J⟩| < 1e-9 N/2. Phys. Rev. A 47, 5138 (1993).
    """
    _, u, v = _plane(spin, N)
    a, b, d = _projected(covariance, u, v)
    return 4.0 * _smaller_eigenvalue(a, b, d) / N


@kernel
def xi2_db(xi2: float) -> float:
    """10 log₁₀ ξ², in dB: negative is squeezed; NaN where ξ² is not positive."""
    return 10.0 * math.log10(xi2) if xi2 > 0 else math.nan


@kernel
def _angle(a: float, b: float, d: float) -> float:
    """Angle in (−π/2, π/2] of the eigenvector of the smaller eigenvalue of [[a, b], [b, d]]; NaN if they are equal."""
    radius = math.hypot(0.5 * (a - d), b)
    if not radius > _ISOTROPIC * (0.5 * abs(a + d) + radius):
        return math.nan
    # + 0.0 turns -0.0 into 0.0, so that b = 0 does not choose between −π/2 and π/2 by the sign of zero.
    angle = 0.5 * math.atan2(-2.0 * b + 0.0, d - a)
    return angle if angle > -0.5 * math.pi else 0.5 * math.pi


@kernel
def squeezing_angle(spin: Array, covariance: Array, N: float) -> float:
    """Angle ψ of the axis of least variance n = cos ψ e_φ + sin ψ e_θ in the plane normal to ⟨J⟩.

    Measured from the azimuthal unit vector e_φ = (−sin φ, cos φ, 0) towards the polar one
    e_θ = (cos θ cos φ, cos θ sin φ, −sin θ), with (θ, φ) the direction of ⟨J⟩ and φ = 0 on the z axis.

    Returns
    -------
    float
        Radians in (−π/2, π/2]. NaN where ⟨J⟩ has no direction, and where both variances are the same within 1e-9, as
        in a coherent state.
    """
    _, u, v = _plane(spin, N)
    a, b, d = _projected(covariance, u, v)
    return _angle(a, b, d)


@kernel
def squeezed_axis(spin: Array, covariance: Array, N: float) -> Vector:
    """Unit vector n ⊥ ⟨J⟩ of least variance, as three numbers.

    The sign, which physics leaves open, makes the component of largest magnitude positive (the first of equals). NaN
    where `squeezing_angle` is.
    """
    _, u, v = _plane(spin, N)
    a, b, d = _projected(covariance, u, v)
    angle = _angle(a, b, d)
    c, s = math.cos(angle), math.sin(angle)
    x, y, z = c * u[0] + s * v[0], c * u[1] + s * v[1], c * u[2] + s * v[2]
    largest = x
    if abs(y) > abs(largest):
        largest = y
    if abs(z) > abs(largest):
        largest = z
    if largest < 0:
        return -x, -y, -z
    return x, y, z


@kernel
def mean_direction(spin: Array, N: float) -> Vector:
    """Unit vector ⟨J⟩/|⟨J⟩|, as three numbers; NaN where |⟨J⟩| < 1e-9 N/2."""
    x, y, z = spin[0], spin[1], spin[2]
    length = math.sqrt(x * x + y * y + z * z)
    if not length >= _SHORTEST * 0.5 * N:
        return math.nan, math.nan, math.nan
    return x / length, y / length, z / length


@kernel
def j_squared(spin: Array, covariance: Array) -> float:
    """⟨J²⟩ = tr C + |⟨J⟩|²."""
    variance = covariance[0, 0] + covariance[1, 1] + covariance[2, 2]
    return float(variance + spin[0] * spin[0] + spin[1] * spin[1] + spin[2] * spin[2])


@kernel
def n_eff(spin: Array, covariance: Array, N: float) -> float:
    """Effective atom number N_eff = 2√(¼ + ⟨J²⟩) − 1: N for a coherent state, 2J in a multiplet of spin J.

    Written as 4⟨J²⟩/(2√(¼ + ⟨J²⟩) + 1), which keeps its digits where ⟨J²⟩ is small. Takes `N` only so that solvers
    call it as they call the others.
    """
    square = j_squared(spin, covariance)
    return 4.0 * square / (2.0 * math.sqrt(0.25 + square) + 1.0)


@kernel
def upsilon_eff(Omega: float, n_eff: float) -> float:
    """Drive per effective atom, Υ_eff = 2Ω/N_eff, in the model's rate unit; NaN where N_eff = 0."""
    return 2.0 * Omega / n_eff if n_eff > 0 else math.nan


@kernel
def contrast(spin: Array, N: float) -> float:
    """Length of the Bloch vector, 2|⟨J⟩|/N."""
    return 2.0 * math.sqrt(spin[0] * spin[0] + spin[1] * spin[1] + spin[2] * spin[2]) / N


@kernel
def emission_rate(spin: Array, covariance: Array, Gamma: float) -> float:
    """Photons a unit time from collective emission, Γ⟨J₊J₋⟩ = Γ(⟨J_x²⟩ + ⟨J_y²⟩ + ⟨J_z⟩)."""
    raw = covariance[0, 0] + covariance[1, 1] + spin[0] * spin[0] + spin[1] * spin[1]
    return float(Gamma * (raw + spin[2]))


@kernel
def t_star(times: Array, n_eff: Array, n_c: Array) -> float:
    """First time at which N_eff falls to N_c, interpolated linearly between save points.

    Parameters
    ----------
    times, n_eff, n_c : ndarray (T,)
        Times, N_eff and the critical atom number 2Ω/Υ_c of the model that acts at each time.

    Returns
    -------
    float
        NaN if N_eff never falls from above N_c to it, also if it starts at or below N_c.
    """
    for k in range(1, len(times)):
        before, after = n_eff[k - 1] - n_c[k - 1], n_eff[k] - n_c[k]
        if before > 0 and after <= 0 and math.isfinite(before - after):
            return float(times[k - 1] + (times[k] - times[k - 1]) * (before / (before - after)))
    return math.nan


@kernel
def t_star_array(times: Array, n_eff: Array, n_c: Array, out: Array) -> None:
    """`t_star` of each row: `n_eff` (M, T), `n_c` (T,), `out` (M,)."""
    for m in range(len(out)):
        out[m] = t_star(times, n_eff[m], n_c)


#: Rows of the table that `observe` fills: observable → first row, number of rows.
ROWS = {
    "j_squared": (0, 1),
    "n_eff": (1, 1),
    "upsilon_eff": (2, 1),
    "contrast": (3, 1),
    "emission_rate": (4, 1),
    "xi2": (5, 1),
    "xi2_db": (6, 1),
    "xi2_ku": (7, 1),
    "squeezing_angle": (8, 1),
    "squeezed_axis": (9, 3),
    "mean_direction": (12, 3),
}
#: Number of rows of that table.
HEIGHT = 15


#: Quantities that `quantity` gives, name → number of the first component and how many there are.
QUANTITIES = {"spin": (HEIGHT, 3), **ROWS}


@kernel
def quantity(number: int, spin: Array, covariance: Array, N: float, Gamma: float, Omega: float) -> float:
    """One component of one quantity by its number in `QUANTITIES`, for solvers that choose at run time.

    Parameters
    ----------
    number : int
        The row that `observe` would write it to; from `HEIGHT` on the components of ⟨J⟩.
    spin, covariance, N
        As above.
    Gamma, Omega : float
        Collective emission and drive, in the model's rate unit.
    """
    if number == 5:
        return xi2_wineland(spin, covariance, N)
    if number == 1:
        return n_eff(spin, covariance, N)
    if number >= HEIGHT:
        return float(spin[number - HEIGHT])
    if number == 0:
        return j_squared(spin, covariance)
    if number == 2:
        return upsilon_eff(Omega, n_eff(spin, covariance, N))
    if number == 3:
        return contrast(spin, N)
    if number == 4:
        return emission_rate(spin, covariance, Gamma)
    if number == 6:
        return xi2_db(xi2_wineland(spin, covariance, N))
    if number == 7:
        return xi2_kitagawa_ueda(spin, covariance, N)
    if number == 8:
        return squeezing_angle(spin, covariance, N)
    if number < 12:
        axis = squeezed_axis(spin, covariance, N)
        return axis[0] if number == 9 else (axis[1] if number == 10 else axis[2])
    direction = mean_direction(spin, N)
    return direction[0] if number == 12 else (direction[1] if number == 13 else direction[2])


@kernel
def observe(spin: Array, covariance: Array, N: float, Gamma: Array, Omega: Array, out: Array) -> None:
    """Every quantity above but `t_star`, of many moments at once.

    Parameters
    ----------
    spin : ndarray (M, 3)
        ⟨J⟩, the time index running fastest over M = batches × T.
    covariance : ndarray (M, 3, 3)
        Covariances.
    N : float
        Number of spins.
    Gamma, Omega : ndarray (T,)
        Collective emission and drive at each time, in the model's rate unit.
    out : ndarray (HEIGHT, M)
        Filled; `ROWS` says which rows are what.
    """
    T = len(Gamma)
    for m in range(len(spin)):
        s, c = spin[m], covariance[m]
        out[0, m] = j_squared(s, c)
        out[1, m] = n_eff(s, c, N)
        out[2, m] = upsilon_eff(Omega[m % T], out[1, m])
        out[3, m] = contrast(s, N)
        out[4, m] = emission_rate(s, c, Gamma[m % T])
        out[5, m] = xi2_wineland(s, c, N)
        out[6, m] = xi2_db(out[5, m])
        out[7, m] = xi2_kitagawa_ueda(s, c, N)
        out[8, m] = squeezing_angle(s, c, N)
        out[9, m], out[10, m], out[11, m] = squeezed_axis(s, c, N)
        out[12, m], out[13, m], out[14, m] = mean_direction(s, N)
