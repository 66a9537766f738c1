"""How much ξ² may be wrong because of jumps that are possible, but that too few trajectories have had.

Early, or where a rate is small, a kind of jump may happen to one trajectory in ten or in a thousand. If none of those
at hand has had it, they are alike, and nothing in them tells that ξ² is not yet what it will be with more of them: the
error bar knows only of the other kinds. But the rate of each kind is known, and so is how many are to be expected.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

import squeezebench as sb
from squeezebench.sampling import pooled

from .statistics import xi2_of
from .tables import Tables, make_tables
from .trajectory import ADAPTIVE, OFFSET

__all__ = ["expected_jumps", "unseen"]

Array = NDArray[np.float64]

#: Jumps of a kind, in all trajectories together, from which on the blocks show what they do: with nine to be expected
#: none happens in one run of ten thousand, and where it is one to three the error bar is not trusted for their sake.
_ENOUGH = 9.0
#: How much one jump at constant J changes ξ² at most, relative to it. With γ = β + ⟨L⟩ the state becomes
#: (L − ⟨L⟩ + γ)ψ, up to its norm: the mean spin moves by at most the width of the state, √V, which adds V to the
#: variance between trajectories, and the width V of the new state is 3V at most (that of the first excited state of an
#: oscillator). One more for the length of the mean spin. That makes 4 along the worst direction. What is taken is
#: less, so that half as many right results again are trusted; of 40 models at early times, half a percent of the
#: trusted ones is wrong.
_KICK = 1.5
#: A jump of one spin, seen along the squeezed axis, changes the variance of N/4 ξ² by about 1, and J by 1 of N/2: 8 at
#: the worst, of which the same share is taken.
_SINGLE = 4.0


def unseen(problem: sb.Problem, unraveling: str, samples: sb.Samples, trajectories: int) -> Array:
    """Bound on the relative change of ξ² by kinds of jumps of which less than nine are to be expected, shape (T,).

    Parameters
    ----------
    problem : Problem
        With finite times and named couplings.
    unraveling : str
        Decides which jumps there are.
    samples : Samples
        Blocks of trajectories.
    trajectories : int
        How many there are in the whole solution.
    """
    spin, covariance = pooled(samples)
    xi2 = xi2_of(spin, covariance, problem.N)
    # Of single trajectories, where each is a block; a little more where there are so many that they are put together.
    within = samples.covariance.mean(axis=0)
    constant, changing = expected_jumps(problem, unraveling, spin, covariance, within)
    with np.errstate(divide="ignore", invalid="ignore"):
        single = np.minimum(_SINGLE / (problem.N * np.fmin(xi2, 1.0)), _KICK)
    doubt = np.zeros(len(spin))
    for expected, effect in ((constant, np.full(len(spin), _KICK)), (changing, single)):
        rare = trajectories * expected < _ENOUGH
        doubt += np.where(rare, expected * effect[:, None], 0.0).sum(axis=1)
    return np.where(np.isfinite(doubt), doubt, 0.0)


def expected_jumps(
    problem: sb.Problem, unraveling: str, spin: Array, covariance: Array, within: Array
) -> tuple[Array, Array]:
    """Expected number of jumps of each channel in one trajectory until each time.

    Parameters
    ----------
    problem, unraveling
        As above.
    spin, covariance : ndarray (T, 3), (T, 3, 3)
        Of the average state.
    within : ndarray (T, 3, 3)
        Average of the covariances of single trajectories: a shift follows the mean spin of each.

    Returns
    -------
    constant, changing : ndarray (T, C)
        At constant J, and to J ± 1. Rates are taken to be linear between two times.
    """
    tables, times = make_tables(problem, unraveling), problem.times
    shape = (len(times), tables.V.shape[1])
    totals = np.zeros(shape), np.zeros(shape)
    begin = 0.0
    for g, step in enumerate(problem.segments()):
        lower = np.clip(times[:-1], begin, step.stop)
        upper = np.clip(times[1:], begin, step.stop)
        begin = step.stop
        # the part of each interval between saved times in which this model acts, at the rates of both ends
        for total, rate in zip(totals, _rates(tables, g, problem.N, spin, covariance, within), strict=True):
            total[1:] += (upper - lower)[:, None] * 0.5 * (rate[1:] + rate[:-1])
    return np.cumsum(totals[0], axis=0), np.cumsum(totals[1], axis=0)


def _rates(tables: Tables, g: int, N: int, spin: Array, covariance: Array, within: Array) -> tuple[Array, Array]:
    """Rates (T, C) of jumps at constant J and to J ± 1 under the model of segment g."""
    V, collective, singles = tables.V[g], tables.collective[g], tables.singles[g]
    square = np.trace(covariance, axis1=1, axis2=2) + (spin**2).sum(axis=1)
    J = np.maximum(0.5 * (np.sqrt(1 + 4 * square) - 1), 0.5)
    weight = ((N / 2 + 1) / (2 * J * (J + 1)))[:, None]
    # ⟨J_aJ_b⟩ − ⟨J_a⟩⟨J_b⟩ = C_ab + (i/2) ε_abc ⟨J_c⟩
    x, y, z = spin.T
    zero = np.zeros_like(x)
    odd = np.array([[zero, z, -y], [-z, zero, x], [y, -x, zero]]).transpose(2, 0, 1)
    variance, own = (
        np.maximum(np.einsum("ja,tab,jb->tj", V.conj(), C + 0.5j * odd, V).real, 0.0) for C in (covariance, within)
    )
    mean = spin @ V.T
    fixed = variance + np.abs(mean + tables.given[g]) ** 2
    constant = (collective + weight * singles) * np.where(
        tables.mode[g] == ADAPTIVE, own + OFFSET**2 * (2 * J)[:, None], fixed
    )
    # All jumps of single spins, Σ_i ⟨L_i† L_i⟩ with L = v·σ/2, less those that leave J as it is.
    length = (np.abs(V) ** 2).sum(axis=1)
    cross = np.cross(V.conj(), V)
    every = 0.25 * N * length + 0.5 * (1j * (spin @ cross.T)).real
    changing = singles * np.maximum(every - weight * (variance + np.abs(mean) ** 2), 0.0)
    return constant, changing
