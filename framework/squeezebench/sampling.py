"""Statistics of sampled solutions: pooling independent blocks, standard errors, and whether to trust them.

Notation: block b of B has the weight w_b, the share q_b = w_b/Σw, the mean spin s_b and the covariance C_b; s and C are
the pooled ones and d_b = s_b − s. All of them depend on time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .moment_checks import check_samples
from .moments import Samples

if TYPE_CHECKING:
    from .observables import Inputs, Observable

__all__ = ["delta", "effective_blocks", "jackknife", "pooled", "reliable", "standard_errors"]

Array = NDArray[np.float64]
Difference = Callable[[Array, Array], Array]
#: (spin (b, T, 3), covariance (b, T, 3, 3)) → named values, each (b, T, ...) or (b, ...).
Evaluate = Callable[[Array, Array], Mapping[str, Array]]

#: Points (replicates × times) to evaluate at once: what fits into a processor's cache, whatever B and T are.
_CHUNK = 20_000
#: Half step of the central difference along an influence, in units of the influence: its error is 1e-3 of the (already
#: small) third-order term, and its round-off 32 times that of the observable.
_STEP = 1 / 32
#: A standard error below this fraction of the value is the round-off of blocks that do not differ.
_NO_SPREAD = 1e-9
#: An error bar that is itself uncertain by more than this fraction is no error bar. Gaussian blocks reach it at B = 9:
#: 1/√(2(B − 1)) = 1/4.
_UNCERTAIN = 0.25
_FEWEST_BLOCKS = 9.0
#: A solver's bound on what its blocks miss is seldom reached: up to so many error bars do no harm. Measured with 20
#: random models of 4 to 60 spins, two unravellings of mcwf, 16, 64 and 256 trajectories and 13 times from 1e-3 on: of
#: 3930 results that blocks alone call reliable 1131 are off by more than 4 error bars; with 4 here 1 of 1523, with 8
#: 2 of 1937.
_MISSED = 4.0
#: Independent times at which a dozen Gaussian blocks are called unreliable in a row by chance.
_BY_CHANCE = 2


@dataclass(frozen=True)
class _Pool:
    """Blocks in the order of index0, with what is not weighted set to zero, and what they are pooled to."""

    weight: Array  # (B, T)
    share: Array  # (B, T): q_b
    covariance: Array  # (B, T, 3, 3): C_b
    apart: Array  # (B, T, 3): d_b
    mean: Array  # (T, 3): s
    pooled: Array  # (T, 3, 3): C


def pooled(samples: Samples) -> tuple[Array, Array]:
    """Mean spin and covariance of all blocks together: within plus between blocks.

    s = Σ q_b s_b and C = Σ q_b (C_b + d_b d_bᵀ), summed in the order of `index0`, so that the result is bitwise the
    same in whatever order the blocks arrive.

    Parameters
    ----------
    samples : Samples
        The blocks.

    Returns
    -------
    spin, covariance : ndarray (T, 3), (T, 3, 3)
        NaN at times at which no block has weight.

    Raises
    ------
    SolverError
        If the samples are not valid; see `check_samples`.
    """
    pool = _pool(samples)
    return pool.mean, pool.pooled


def effective_blocks(samples: Samples) -> Array:
    """Effective number of blocks 1/Σ q_b², shape (T,): B for equal weights, 1 if one block has all of it."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(1 / (_pool(samples).share ** 2).sum(axis=0))


def jackknife(
    samples: Samples,
    function: Callable[[Array, Array], Array],
    *,
    over_time: bool = True,
    difference: Difference = np.subtract,
) -> Array:
    r"""Standard error by leaving out one block at a time, for blocks of unequal weight.

    With h_b = 1/q_b, the value θ of all blocks, and θ_(b) of all but block b, the pseudo-values
    θ̃_b = h_b θ − (h_b − 1) θ_(b) have the variance

    .. math:: \sigma^2 = \frac1B \sum_b \frac{(\tilde\theta_b - \theta_J)^2}{h_b - 1}, \qquad
              \theta_J = B\theta - \sum_b (1 - q_b)\,\theta_{(b)}.

    Parameters
    ----------
    samples : Samples
        Independent blocks.
    function : callable
        ``function(spin (b, T, 3), covariance (b, T, 3, 3))`` → values (b, T, ...), or (b, ...) if not `over_time`; each
        of the b entries on its own.
    over_time : bool
        Whether the values are at the times. If not, a block's share is the one of its weight summed over time.
    difference : callable
        What is meant by θ_(b) − θ; see `Observable.difference`.

    Returns
    -------
    ndarray (T, ...) or (...)
        NaN where fewer than two blocks have weight, or where the value or a replicate has no value.

    Notes
    -----
    Busing, Meijer and van der Leeden, Statistics and Computing 9, 3 (1999).
    """
    named = {"": (over_time, difference)}
    return _jackknife(_pool(samples), lambda spin, covariance: {"": function(spin, covariance)}, named)[""]


def delta(
    samples: Samples,
    function: Callable[[Array, Array], Array],
    *,
    over_time: bool = True,
    difference: Difference = np.subtract,
) -> Array:
    """Standard error by the delta method (infinitesimal jackknife): σ² = Σ_b I_b² / (1 − Σ q_b²).

    I_b is the derivative of the value along block b's influence on the pooled moments, U_b = q_b d_b on the mean and
    V_b = q_b (C_b + d_b d_bᵀ − C) on the covariance, taken as a central difference. The denominator is (B − 1)/B for
    equal weights.

    Parameters and returned array are those of `jackknife`; a value over the whole course takes the share summed over
    time. Efron, The Jackknife, the Bootstrap and Other Resampling Plans (1982), chapter 6.
    """
    pool = _pool(samples)
    total: Any = 0.0
    for influence in _influences(pool, function, difference):
        total = total + (influence**2).sum(axis=0)
    share = pool.share if over_time else _share_of_course(pool)
    loss = 1 - (share**2).sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = total / _expand(np.where((share > 0).sum(axis=0) > 1, loss, np.nan), np.ndim(total))
    return np.asarray(np.sqrt(variance))


def standard_errors(samples: Samples, observables: Sequence[Observable], inputs: Inputs) -> dict[str, Array]:
    """Jackknife standard error of each observable, all from one pass over the replicates.

    Parameters
    ----------
    samples : Samples
        Independent blocks.
    observables : sequence of Observable
        Those that require nothing but moments.
    inputs : Inputs
        Of the problem; only its moments are replaced.

    Returns
    -------
    dict
        Observable's name → errors, shaped as its values.
    """

    def evaluate(spin: Array, covariance: Array) -> dict[str, Array]:
        replicate = inputs.with_moments(spin, covariance)
        return {observable.name: observable.compute(replicate) for observable in observables}

    named = {observable.name: (observable.over_time, observable.difference) for observable in observables}
    return _jackknife(_pool(samples), evaluate, named)


def reliable(samples: Samples) -> NDArray[np.bool_]:
    """Whether the error bar of ξ² can be trusted, at each time, shape (T,).

    It cannot where it is itself uncertain by more than a quarter, that is where

    - the effective number of blocks 1/Σ q_b² is below 9 (Gaussian blocks: 1/√(2(B − 1)) = 1/4), or
    - a few blocks decide it: ½ √(Σ I_b⁴/(Σ I_b²)² − Σ q_b²) > 1/4, with I_b the influence of block b on ξ² (on the
      total variance tr C where the spin has no direction). One to three rare blocks beside many harmless ones do so.

    Times between two such stretches are no better if they are fewer than the longer of the two: what a few blocks
    decide at both ends they decide in between. Nor are times before such a stretch, half as many as it is long: what a
    few blocks do once they are there, rarer ones that are not among the samples have begun to do a little earlier. (At
    N = 1000, u = 0.9, γ_s/Γ = 4, with 1000 trajectories, ξ² is 4 to 14 error bars too small there, and no statistic of
    these times alone tells.)

    Blocks that do not differ at all are reliable. What no block has seen at any time, they cannot tell: an event that
    happens to one trajectory in a thousand makes the bar too small, without a sign, until the first is among the
    samples. A solver that knows of such events says by how much they may change ξ² at most (`Samples.doubt`); where
    that is more than four error bars, the bar is not reliable.
    """
    from .observables.kernels import HEIGHT, ROWS, observe

    def xi2_and_total(spin: Array, covariance: Array) -> Array:
        # N only scales ξ², and nothing here depends on a scale.
        flat = np.require(spin.reshape(-1, 3), np.float64, ["C", "W"])
        matrices = np.require(covariance.reshape(-1, 3, 3), np.float64, ["C", "W"])
        table = np.empty((HEIGHT, len(flat)))
        observe(flat, matrices, 1.0, np.zeros(1), np.zeros(1), table)
        xi2 = table[ROWS["xi2"][0]].reshape(spin.shape[:-1])
        return np.stack([xi2, np.trace(covariance, axis1=-2, axis2=-1)], axis=-1)

    pool = _pool(samples)
    T = pool.mean.shape[0]
    squares, fourths = np.zeros((T, 2)), np.zeros((T, 2))
    value = np.abs(xi2_and_total(pool.mean[None], pool.pooled[None])[0])
    with np.errstate(divide="ignore", invalid="ignore", under="ignore"):
        for influence in _influences(pool, xi2_and_total, np.subtract):
            relative = (influence / value) ** 2
            squares += relative.sum(axis=0)
            fourths += (relative**2).sum(axis=0)
        concentration = np.where(squares > _NO_SPREAD**2, fourths / squares**2, 0.0)
        concentration = np.where(np.isfinite(squares[:, 0]), concentration[:, 0], concentration[:, 1])
        crowding = (pool.share**2).sum(axis=0)
        uncertain = 0.5 * np.sqrt(np.maximum(concentration - crowding, 0.0)) > _UNCERTAIN
        # A hair below, so that nine equal weights count as nine whatever their round-off.
        enough = 1 / crowding >= _FEWEST_BLOCKS * (1 - 1e-9)
    defined = np.isfinite(value[:, 1])
    variance = np.where(np.isfinite(squares[:, 0]), squares[:, 0], squares[:, 1])  # relative, up to (B − 1)/B
    alike = defined & (variance <= _NO_SPREAD**2)
    missed = np.asarray(samples.doubt, dtype=np.float64).max(axis=0) ** 2 > _MISSED**2 * variance
    good = _closed(np.asarray(enough & ~uncertain & defined))
    return np.asarray((_with_run_up(good, np.asarray(enough & defined)) | (good & alike)) & ~missed)


def _closed(good: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Without the good stretches that are no longer than the longer of the two bad ones beside them."""
    edges = np.flatnonzero(np.diff(np.concatenate([[True], good, [True]]).astype(np.int8)))
    # From one bad stretch to the next: [begin, end), by pairs of edges.
    bad = edges.reshape(-1, 2)
    result = good.copy()
    for (begin, end), (after, until) in pairwise(bad.tolist()):
        if after - end <= max(end - begin, until - after):
            result[end:after] = False
    return result


def _with_run_up(good: NDArray[np.bool_], could: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Without the good times before a bad stretch, half as many as it is long.

    `could` is False where the blocks are too few or nothing is defined, which says nothing about the times before.
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[True], good, [True]]).astype(np.int8)))
    result = good.copy()
    for begin, end in edges.reshape(-1, 2).tolist():
        length = int(np.count_nonzero(could[begin:end]))
        if length > _BY_CHANCE:
            result[max(begin - length // 2, 0) : begin] = False
    return result


# ---------------------------------------------------------------- machinery


def _pool(samples: Samples) -> _Pool:
    check_samples(samples)
    order = np.argsort(samples.index0)
    # Fancy indexing copies into C order, which fixes the order of the sums below bit for bit.
    weight = np.asarray(samples.weight, dtype=np.float64)[order]
    spin = np.asarray(samples.spin, dtype=np.float64)[order]
    covariance = np.asarray(samples.covariance, dtype=np.float64)[order]
    absent = weight == 0
    spin[absent], covariance[absent] = 0.0, 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        share = weight / weight.sum(axis=0)
    mean = (share[..., None] * spin).sum(axis=0)
    apart = np.where(absent[..., None], 0.0, spin - mean)
    pooled = (share[..., None, None] * (covariance + _outer(apart))).sum(axis=0)
    return _Pool(weight, share, covariance, apart, mean, pooled)


def _outer(vectors: Array) -> Array:
    return np.asarray(vectors[..., :, None] * vectors[..., None, :])


def _share_of_course(pool: _Pool) -> Array:
    """Share of each block's weight summed over time, shape (B,): constant weights give q_b itself."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(pool.weight.sum(axis=1) / pool.weight.sum())


def _chunks(pool: _Pool) -> Iterator[slice]:
    B, T = pool.share.shape
    length = max(1, _CHUNK // T)
    return (slice(first, min(first + length, B)) for first in range(0, B, length))


def _expand(array: Array, ndim: int) -> Array:
    """`array` with axes of length 1 appended up to `ndim`."""
    return array.reshape(array.shape + (1,) * (ndim - array.ndim))


def _left_out(pool: _Pool, chunk: slice) -> tuple[Array, Array]:
    """Pooled moments without each block of the chunk.

    With r = q/(1 − q): s − r d and C + r(C − C_b) − r(1 + r) ddᵀ, which has no cancelling sums.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        r = (pool.share[chunk] / (1 - pool.share[chunk]))[..., None]
        spin = pool.mean - r * pool.apart[chunk]
        r = r[..., None]
        between = r * (1 + r) * _outer(pool.apart[chunk])
        # An absent block's own covariance is no number to subtract: its r is 0.
        return spin, pool.pooled + r * (pool.pooled - pool.covariance[chunk]) - between


def _jackknife(pool: _Pool, evaluate: Evaluate, named: Mapping[str, tuple[bool, Difference]]) -> dict[str, Array]:
    whole = evaluate(pool.mean[None], pool.pooled[None])
    sums: dict[str, list[Any]] = {name: [0.0, 0.0, 0.0] for name in named}
    course = _share_of_course(pool)
    with np.errstate(divide="ignore", invalid="ignore"):
        for chunk in _chunks(pool):
            replicates = evaluate(*_left_out(pool, chunk))
            for name, (over_time, difference) in named.items():
                apart = difference(replicates[name], whole[name])
                q = _expand((pool.share if over_time else course)[chunk], apart.ndim)
                # θ̃_b − θ_J = M − (h − 1)δ with δ = θ_(b) − θ and M = Σ (1 − q)δ; the square is summed term by term.
                parts = sums[name]
                parts[0] = parts[0] + np.where(q > 0, (1 - q) / q * apart**2, 0.0).sum(axis=0)
                parts[1] = parts[1] + np.where(q > 0, apart, 0.0).sum(axis=0)
                parts[2] = parts[2] + np.where(q > 0, (1 - q) * apart, 0.0).sum(axis=0)
        errors = {}
        for name, (over_time, _) in named.items():
            squares, sum_apart, shift = (np.asarray(part) for part in sums[name])
            q = pool.share if over_time else course
            count = _expand((q > 0).sum(axis=0, dtype=np.float64), squares.ndim)
            odds = _expand((q / (1 - q)).sum(axis=0), squares.ndim)
            variance = (squares - 2 * shift * sum_apart + shift**2 * odds) / count
            errors[name] = np.asarray(np.sqrt(np.where(count > 1, np.maximum(variance, 0.0), np.nan)))
    return errors


def _influences(pool: _Pool, function: Callable[[Array, Array], Array], difference: Difference) -> Iterator[Array]:
    """Influence I_b of each block on the value, shape (b, ...), chunk by chunk."""
    for chunk in _chunks(pool):
        q, apart = pool.share[chunk], pool.apart[chunk]
        on_mean = _STEP * q[..., None] * apart
        on_covariance = _STEP * q[..., None, None] * (pool.covariance[chunk] + _outer(apart) - pool.pooled)
        above = function(pool.mean + on_mean, pool.pooled + on_covariance)
        below = function(pool.mean - on_mean, pool.pooled - on_covariance)
        yield difference(above, below) / (2 * _STEP)
