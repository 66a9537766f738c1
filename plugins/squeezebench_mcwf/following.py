"""A trajectory through a whole schedule: rotations, segments, and what is reported on the way."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from squeezebench.jit import kernel

from .operators import lab_moments, ladder
from .trajectory import advance

__all__ = ["follow", "turn_frame"]

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]
Integers = NDArray[np.int64]


@kernel
def turn_frame(rotation: Array, R: Array) -> None:
    """R ← rotation R: a collective rotation of the state is one of its frame."""
    for b in range(3):
        u, v, w = R[0, b], R[1, b], R[2, b]
        for a in range(3):
            R[a, b] = rotation[a, 0] * u + rotation[a, 1] * v + rotation[a, 2] * w


@kernel
def follow(
    N: int, h: Array, K: Array, Q: Complex, linear: Complex, loss: Array, V: Complex, collective: Array,
    singles: Array, mode: Integers, given: Complex,
    rotations: Array, stops: Array, firsts: Integers, lasts: Integers, times: Array,
    axes: Array, centres: Array, levels: Array, release: int,
    place: Integers, whole: Integers, real: Array, R: Array, words: NDArray[np.uint64], x: Array,
    A: Array, n: Array, k: Array, point: Array, y: Array, counts: Integers, flag: NDArray[np.uint8], out: Array,
) -> int:  # fmt: skip
    """A trajectory through a schedule, to its end or to where it is to be split.

    The arguments of `advance` with a leading axis for the segments, and

    Parameters
    ----------
    rotations : ndarray (S, 3, 3)
        Applied at the start of each segment.
    stops, firsts, lasts : ndarray (S,)
        End of each segment, and the range of `times` that it reports.
    axes, centres, levels : ndarray (T, 4), (T,), (T, L)
        The score of a state is axes·(⟨J⟩, J) − centres at the times that are reported, and its level the number of that
        time's `levels` that are below it.
    release : int
        Place of the time at which what has been split stops, to be thinned out.
    place : ndarray (3,)
        Segment and time to begin with, and the highest level so far; moves on.
    out : ndarray (T, 9)
        Filled from there on; see `squeezebench_mcwf.operators.lab_moments`.

    Returns
    -------
    int
        0 if it was stopped, 1 at the end, 2 where it reached a higher level than before, 3 at `release`.
    """
    final = len(times) - 1
    while place[0] < len(stops):
        g = place[0]
        if place[1] == firsts[g]:
            turn_frame(rotations[g], R)
        while place[1] <= lasts[g]:
            t = place[1]
            inside = t < lasts[g]
            if not inside and lasts[g] > final:
                return 1
            stop = times[t] if inside else stops[g]
            if not advance(
                N, stop, h[g], K[g], Q[g], linear[g], loss[g], V[g], collective[g], singles[g], mode[g], given[g],
                whole, real, R, words, x, A, n, k, point, y, counts, flag,
            ):  # fmt: skip
                return 0
            if not inside:
                break
            ladder(whole[0], whole[1], whole[2], A, n)
            lab_moments(whole[0], R, A, n, whole[2], x, out[t])
            place[1] = t + 1
            if t == release and place[2] > 0:
                return 3
            score = 0.5 * axes[t, 3] * whole[0] - centres[t]
            for a in range(3):
                score += axes[t, a] * out[t, a]
            reached = 0
            while reached < levels.shape[1] and score > levels[t, reached]:
                reached += 1
            if reached > place[2]:
                place[2] = reached
                return 2
        place[0] = g + 1
        if g + 1 < len(stops):
            place[1] = firsts[g + 1]
    return 1
