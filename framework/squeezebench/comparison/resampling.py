r"""Whether two results, of which at least one is sampled, differ by more than chance: at many correlated times at once.

A sampled result is B independent blocks. Any linear statistic of the state, d, is then a sum over blocks,
d = Σ_b y_b, with residuals e_b of sum zero; two sampled results are two strata of blocks, drawn independently. Of d, an
array over times and components, two things are asked:

- *largest*: the largest studentised deviation max |d_j| / σ_j, with σ_j² = Σ_b e_bj² · B/(B − 1);
- *all together*: Hotelling's T² = Σ_k δ_k² over the principal directions of the studentised residuals, δ_k the
  deviation along direction k in its own standard errors. Being whitened, it sees a small deviation that is spread over
  many times, and error bars that are too small: those make every δ_k too large at once.

What both are by chance comes from the blocks themselves: they are drawn with replacement, within their strata, and both
statistics are formed anew, standard errors included (bootstrap-t; Efron and Tibshirani, An Introduction to the
Bootstrap (1993), section 12.5; max-t over many tests: Westfall and Young, Resampling-Based Multiple Testing (1993)).
The largest deviation must also be beyond what Student's t allows at so many times, with as many degrees of freedom as
the blocks' kurtosis leaves.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Chance", "by_chance"]

Array = NDArray[np.float64]

#: Bootstrap samples.
_DRAWS = 1000
#: Share of the draws to which an exponential tail is fitted: 50 of them.
_TAIL = 0.05
#: Directions with less than this fraction of the largest variance are left out of T². With 1e-2 it sees error bars that
#: are half of what they should be less often (50-75 % instead of 75-90 % from N_eff and ξ² of 512 trajectories).
_SMALLEST = 1e-3
#: Blocks for each direction of T²: with fewer, its covariance is a guess.
_BLOCKS_A_DIRECTION = 16
#: Most directions of T².
_MOST_DIRECTIONS = 40
#: A standard error counts for at least this fraction of the observable's largest at any time in any component. Early,
#: when hardly a trajectory has jumped, blocks that look alike have no error bar worth the name: without this, 5 of 100
#: right results of 64 trajectories were said to differ, by up to 9.5 standard errors of ⟨J_y⟩ at the first time.
_LEAST_ERROR = 0.25
#: A block's residual below this fraction of the unit is round-off: the component does not fluctuate.
_NO_SPREAD = 1e-11


@dataclass(frozen=True)
class Chance:
    """What chance says of a deviation.

    Attributes
    ----------
    p_value : float
        Probability that chance makes one as large at any time, of either kind.
    z : ndarray (T,)
        Largest deviation of any component at each time in standard errors, beyond what is allowed; 0 where it is
        within, infinite where nothing fluctuates and it is not.
    critical : float
        What `z` would have to exceed at some time, by itself, at the level.
    spread : ndarray (T,)
        Largest standard error of any component at each time.
    """

    p_value: float
    z: Array
    critical: float
    spread: Array


def by_chance(
    deviation: Array, strata: Sequence[Array], allowed: Array, unit: Array, level: float, *, together: bool = True
) -> Chance:
    """Compare a deviation with what resampled blocks give.

    Parameters
    ----------
    deviation : ndarray (T, C)
        d, one statistic a time and component.
    strata : sequence of ndarray (B, T, C)
        Residuals e_b of each sampled result's blocks: their shares of d, less its mean share.
    allowed : ndarray (T, C)
        Systematic deviation that both answer for.
    unit : ndarray (T, C)
        Size of what is compared, to tell round-off.
    level : float
        Probability of a false alarm.
    together : bool
        Whether to ask for T²: not where rare blocks decide some of the times, because until one of them is among the
        samples all of the others look alike.

    Returns
    -------
    Chance
        See there.
    """
    T, C = deviation.shape
    d, slack = deviation.ravel(), allowed.ravel() + _NO_SPREAD * unit.ravel()
    rows = [e.reshape(len(e), T * C) * math.sqrt(len(e) / (len(e) - 1)) for e in strata]
    spread = np.sqrt(sum((e**2).sum(axis=0) for e in rows))
    moving = spread > _NO_SPREAD * unit.ravel()
    least = np.full(T * C, _LEAST_ERROR * spread.max())
    spread = np.where(moving, np.maximum(spread, least), spread)
    unseen = np.broadcast_to(_unseen(strata, level), (T, C)).ravel()
    beyond = np.maximum(np.abs(d) - slack - unseen, 0.0)
    z = np.where(beyond > 0, math.inf, 0.0)
    z[moving] = beyond[moving] / spread[moving]
    worst = z.reshape(T, C).max(axis=1)
    if not moving.any():
        return Chance(0.0 if (worst > 0).any() else 1.0, worst, 0.0, np.zeros(T))
    rows = [e[:, moving] / spread[moving] for e in rows]
    counts = _counts([len(e) for e in rows])
    largest = _largest_by_chance(rows, counts, (least[moving] / spread[moving]) ** 2)
    tests = 1
    z_moving = z[moving]
    freedom = _degrees_of_freedom(rows, np.flatnonzero(moving) % C, spread[moving] > least[moving])
    by_t = 2 * len(z_moving) * _student_sf(z_moving, freedom)
    p = max(_p_value(float(worst.max()), largest), min(1.0, float(by_t.min())) if np.isfinite(worst).all() else 0.0)
    delta, scores = _along_directions(d[moving] / spread[moving], slack[moving] / spread[moving], rows)
    if delta.size and together:
        tests = 2
        p = min(p, _p_value(float((delta**2).sum()), _together_by_chance(scores, counts)))
    alone = float(np.median(_student_isf(level / tests / (2 * len(z_moving)), freedom)))
    critical = max(_quantile(largest, level / tests), alone)
    return Chance(min(1.0, tests * p), worst, critical, spread.reshape(T, C).max(axis=1))


def _unseen(strata: Sequence[Array], level: float) -> Array:
    """How far each component may be off because of blocks that happened not to come, shape (C,).

    What a block is with probability p is not among B of them with probability (1 − p)^B, which is at least `level` up
    to p = ln(1/level)/B; the farthest that any block is at any time stands for how far such a one may be.
    """
    return np.asarray(sum(math.log(1 / level) * np.abs(e).max(axis=(0, 1)) for e in strata))


def _degrees_of_freedom(rows: Sequence[Array], component: NDArray[np.intp], counts: NDArray[np.bool_]) -> Array:
    """Of each component's variance: 2 B/(κ − 1), with the residuals' kurtosis κ; B − 1 or so for Gaussian blocks.

    Few rare blocks among many leave a variance that is known as badly as that of a few blocks, and resampling blocks
    that have not happened cannot tell. What is rare at one time may be unseen at another: of each component the fewest
    at any time count, where its own spread does (`counts`).
    """
    blocks = sum(len(e) for e in rows)
    kurtosis = blocks * sum((e**4).sum(axis=0) for e in rows) / sum((e**2).sum(axis=0) for e in rows) ** 2
    freedom = np.clip(2 * blocks / np.maximum(kurtosis - 1, 1e-9), 2.0, blocks - len(rows))
    for c in np.unique(component):
        here = component == c
        if (here & counts).any():
            freedom[here] = freedom[here & counts].min()
    return np.asarray(freedom)


def _student_sf(value: Array, freedom: Array) -> Array:
    from scipy.special import stdtr

    return np.asarray(stdtr(freedom, -np.abs(value)))


def _student_isf(level: float, freedom: Array) -> Array:
    from scipy.special import stdtrit

    return np.asarray(-stdtrit(freedom, level))


def _counts(sizes: Sequence[int]) -> list[Array]:
    """How often each block is drawn in each bootstrap sample, a matrix (draws, B) a stratum."""
    rng = np.random.default_rng(20201103)  # one fixed stream: the same data give the same verdict
    return [rng.multinomial(B, np.full(B, 1 / B), size=_DRAWS).astype(np.float64) for B in sizes]


def _largest_by_chance(rows: Sequence[Array], counts: Sequence[Array], least: Array) -> Array:
    """Bootstrap distribution of the largest studentised deviation, shape (draws,)."""
    found = np.empty(_DRAWS)
    step = max(1, 4_000_000 // max(1, rows[0].shape[1]))
    for first in range(0, _DRAWS, step):
        some = slice(first, min(first + step, _DRAWS))
        d: Array = np.zeros((some.stop - first, rows[0].shape[1]))
        variance = np.zeros_like(d)
        for e, c in zip(rows, counts, strict=True):
            mean = c[some] @ e
            d += mean
            variance += c[some] @ e**2 - mean**2 / len(e)
        with np.errstate(divide="ignore", invalid="ignore"):
            z = np.abs(d) / np.sqrt(np.maximum(variance, least))
        # A draw without any spread in a component says nothing of it.
        found[some] = np.where(variance > 1e-12, z, 0.0).max(axis=1)
    return found


def _along_directions(d: Array, slack: Array, rows: Sequence[Array]) -> tuple[Array, list[Array]]:
    """Deviation along each principal direction in its standard errors, and the blocks' scores; no direction if few."""
    most = min(min(len(e) for e in rows) // _BLOCKS_A_DIRECTION, _MOST_DIRECTIONS)
    _, size, axes = np.linalg.svd(np.concatenate(rows), full_matrices=False)
    kept = size**2 > _SMALLEST * size[0] ** 2
    kept[most:] = False
    axes, size = axes[kept], size[kept]
    delta = np.abs(axes @ d) - np.abs(axes) @ slack  # whatever the systematic parts may conspire to
    return np.maximum(delta, 0.0) / size, [e @ (axes / size[:, None]).T for e in rows]


def _together_by_chance(scores: Sequence[Array], counts: Sequence[Array]) -> Array:
    """Bootstrap distribution of Hotelling's T², shape (draws,)."""
    K = scores[0].shape[1]
    upper = np.triu_indices(K)
    d, packed = np.zeros((_DRAWS, K)), np.zeros((_DRAWS, len(upper[0])))
    for s, c in zip(scores, counts, strict=True):
        mean = c @ s
        d += mean
        packed += c @ (s[:, upper[0]] * s[:, upper[1]]) - mean[:, upper[0]] * mean[:, upper[1]] / len(s)
    matrices = np.empty((_DRAWS, K, K))
    matrices[:, upper[0], upper[1]] = matrices[:, upper[1], upper[0]] = packed
    matrices += 1e-9 * np.eye(K)
    return np.asarray((d * np.linalg.solve(matrices, d[..., None])[..., 0]).sum(axis=1))


# -------------------------------------------------------------------- tails


def _tail(draws: Array) -> tuple[float, float]:
    """Where the tail begins, and its mean excess: beyond the largest draws it is continued as an exponential.

    That of a largest |t| falls faster, and that of T² no slower.
    """
    start = float(np.quantile(draws, 1 - _TAIL))
    return start, float((draws[draws >= start] - start).mean())


def _p_value(value: float, draws: Array) -> float:
    """Probability that a draw is at least `value`."""
    start, excess = _tail(draws)
    if value <= start:
        return float((draws >= value).mean())
    return _TAIL * math.exp(-(value - start) / excess) if math.isfinite(value) and excess > 0 else 0.0


def _quantile(draws: Array, level: float) -> float:
    """What a draw exceeds with probability `level`."""
    start, excess = _tail(draws)
    return start + excess * math.log(_TAIL / level) if level < _TAIL else float(np.quantile(draws, 1 - level))
