"""The Bloch equations of a block of points; ``python -m squeezebench_mean_field.lanes`` writes their steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from squeezebench.jit import kernel
from squeezebench.lanes.few import FEW, slope_address, steps_address
from squeezebench.lanes.generate import steps
from squeezebench.lanes.layout import LANES, POINT, ROWS, SLOPE

from .kernels import right_hand_side

__all__ = ["alone", "bloch", "code_of", "main", "source"]

Array = NDArray[np.float64]
Ints = NDArray[np.int64]


@kernel
def bloch(w: Array, c: Array, indices: Ints) -> None:
    """`kernels.right_hand_side` for the lanes of a block.

    Parameters
    ----------
    w : ndarray
        Block of `squeezebench.lanes.layout` with 3 variables.
    c : ndarray (39 × lanes,)
        ``single`` (3, 4), then ``pair`` (3, 3, 3).
    indices : ndarray
        Not read.
    """
    lanes = len(c) // 39
    x, y, z = (
        w[POINT * LANES : (POINT + 1) * LANES],
        w[(ROWS + POINT) * LANES : (ROWS + POINT + 1) * LANES],
        w[(2 * ROWS + POINT) * LANES : (2 * ROWS + POINT + 1) * LANES],
    )
    for a in range(3):
        out = w[(a * ROWS + SLOPE) * LANES : (a * ROWS + SLOPE + 1) * LANES]
        single, pair = c[4 * a * LANES : 4 * (a + 1) * LANES], c[(12 + 9 * a) * LANES : (21 + 9 * a) * LANES]
        for j in range(lanes):
            with_x = single[j + LANES] + pair[j] * x[j] + pair[j + LANES] * y[j] + pair[j + 2 * LANES] * z[j]
            with_y = single[j + 2 * LANES] + pair[j + 3 * LANES] * x[j] + pair[j + 4 * LANES] * y[j]
            with_y += pair[j + 5 * LANES] * z[j]
            with_z = single[j + 3 * LANES] + pair[j + 6 * LANES] * x[j] + pair[j + 7 * LANES] * y[j]
            with_z += pair[j + 8 * LANES] * z[j]
            out[j] = single[j] + with_x * x[j] + with_y * y[j] + with_z * z[j]


@kernel
def alone(v: Array, c: Array, indices: Ints, out: Array) -> None:
    """The same for one point: v (3,) and c (39,) to out (3,)."""
    right_hand_side(v, c[:12].reshape((3, 4)), c[12:].reshape((3, 3, 3)), out)


def source() -> str:
    """Text of the file of steps."""
    return steps("lanes", "bloch", "squeezebench_mean_field.lanes")


def main() -> None:
    """Write the file beside this one."""
    Path(__file__).with_name("bloch_steps.py").write_text(source(), encoding="utf-8")


def code_of(points: int) -> tuple[Any, Any]:
    """Addresses of steps and right-hand side, for `squeezebench.lanes.drive.drive`; compiles them if need be."""
    if points <= FEW:
        return steps_address(), slope_address(alone)
    from .bloch_steps import steps as function

    return steps_address(function), slope_address()


if __name__ == "__main__":
    main()
