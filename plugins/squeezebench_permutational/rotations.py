"""Collective rotations of Dicke blocks."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

import squeezebench as sb

from .layout import Layout

__all__ = ["rotated", "rotation_matrix"]

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]


def rotation_matrix(J: float, rotation: sb.Rotation) -> Complex:
    """exp(−i·angle·n·J) of one multiplet, (2J+1, 2J+1), basis M = −J … J.

    n·J is a real tridiagonal matrix but for phases, with the known eigenvalues −J … J; its eigenvectors are stable for
    every J, unlike factorial sums of Wigner's d.
    """
    size = round(2 * J) + 1
    x, y, z = rotation.axis
    m = np.arange(size) - J
    if size == 1:
        return np.ones((1, 1), dtype=np.complex128)
    if x == y == 0:
        diagonal: Complex = np.diag(np.exp(-1j * rotation.angle * z * m))
        return diagonal
    from scipy.linalg import eigh_tridiagonal

    across = 0.5 * math.hypot(x, y) * np.sqrt((J - m[:-1]) * (J + m[:-1] + 1))
    _, vectors = eigh_tridiagonal(z * m, across)
    turned = np.exp(-1j * math.atan2(y, x) * m)[:, None] * vectors
    matrix: Complex = (turned * np.exp(-1j * rotation.angle * m)) @ turned.conj().T
    return matrix


def rotated(
    layout: Layout, x: Array, rotations: tuple[sb.Rotation, ...], angle_before: float, angle_after: float
) -> Array:
    """State array in a new frame, after rotations.

    Parameters
    ----------
    layout : Layout
        Of the state array.
    x : ndarray (size,)
        U ρ U† with U = exp(−i·angle_before·J_z).
    rotations : tuple of Rotation
        What acts on ρ, in this order.
    angle_before, angle_after : float
        Frames of `x` and of the result.
    """
    if not rotations and angle_before == angle_after:
        return x
    blocks = []
    for b, J in enumerate(layout.spins):
        matrix = layout.unpack(x, b, angle_before)
        for rotation in rotations:
            U = rotation_matrix(J, rotation)
            matrix = U @ matrix @ U.conj().T
        blocks.append((J, 1.0, matrix))
    return layout.pack(blocks, angle_after)
