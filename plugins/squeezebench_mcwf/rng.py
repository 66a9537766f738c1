"""Random numbers inside compiled loops: xoshiro256++, one state of four 64-bit words for each trajectory.

Source: Blackman and Vigna, ACM Trans. Math. Software 47, 36 (2021); version 1.0 of their C code.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from squeezebench.jit import kernel

__all__ = ["GENERATOR", "GENERATOR_VERSION", "next_word", "uniform"]

GENERATOR, GENERATOR_VERSION = "xoshiro256++", "1.0"

Words = NDArray[np.uint64]


@kernel
def _rotated(x: np.uint64, k: np.uint64) -> np.uint64:
    return (x << k) | (x >> (np.uint64(64) - k))


@kernel
def next_word(state: Words) -> np.uint64:
    """The next 64 bits; `state` (4,) moves on."""
    result = _rotated(state[0] + state[3], np.uint64(23)) + state[0]
    t = state[1] << np.uint64(17)
    state[2] ^= state[0]
    state[3] ^= state[1]
    state[1] ^= state[2]
    state[0] ^= state[3]
    state[2] ^= t
    state[3] = _rotated(state[3], np.uint64(45))
    return result  # type: ignore[no-any-return]  # NumPy types the sum of two words as Any


@kernel
def uniform(state: Words) -> float:
    """A number in (0, 1), never 0 or 1: the middle of one of 2^52 equal parts."""
    return (float(next_word(state) >> np.uint64(12)) + 0.5) * 2.220446049250313e-16
