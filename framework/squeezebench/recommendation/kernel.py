"""The reference kernel: a fixed amount of work, by which seconds of one machine become seconds of another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from squeezebench.jit import kernel

__all__ = ["work"]


@kernel
def work(state: NDArray[np.float64], steps: int) -> float:
    """Explicit steps of a damped chain: products, sums and a division, through an array of a few hundred numbers.

    What solvers spend their time on is of this kind: short right-hand sides, over and over, in the processor's cache.
    """
    n = len(state)
    change = np.zeros(n)
    for step in range(steps):
        for i in range(1, n - 1):
            change[i] = state[i - 1] - 2.0 * state[i] + state[i + 1] + 0.01 * state[i] * state[n - 1 - i]
        norm = 0.0
        for i in range(n):
            state[i] = state[i] + 0.1 * change[i]
            norm += state[i] * state[i]
        scale = 1.0 / np.sqrt(1.0 + norm / n)
        if step % 16 == 0:
            for i in range(n):
                state[i] *= scale
    total = 0.0
    for i in range(n):
        total += state[i]
    return total
