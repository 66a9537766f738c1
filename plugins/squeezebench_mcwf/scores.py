"""Scores of trajectories: which of them are on their way into the tail, as a run of plain trajectories tells it.

Pilots are ranked by where they stand in the end, at the time of the least ξ², along the direction in which they differ
most; a rank becomes a normal score Y. At each earlier time Y is predicted by linear regression on what a trajectory is
there. The prediction S is close to a random walk that begins at 0: its variance, the share r² of Y's that is known by
then, grows from 0 to 1. What a trajectory contributes in the end grows about exponentially with Y, as exp(αY), and
copies are to be in proportion to √⟨exp(2αY) | S⟩ (the choice of least variance), that is to exp(αS − α²r²): the k-th
level of a time lies where this, times exp(α²r²/2), passes 2^k. With that factor a family has about as many copies as
trajectories that are no copies, whatever the time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from .blocks import covariance_matrices
from .statistics import xi2_of

__all__ = ["Score", "make_score", "no_score"]

Array = NDArray[np.float64]

#: Levels, each of which halves weights: 4096 copies at the most.
_LEVELS = 12
#: α. At N = 2000 (u = 0.9, γ_s/Γ = 4) the product of time and variance at Γt = 0.105 is the same within its own
#: uncertainty for 2, 2.5 and 3; 4 and 5 take two to three times as long for the same variance.
_STEEP = 2.5
#: Copies go when this multiple of the aim has passed: from there on what was rare is common.
_RELEASE = 1.5
#: J alone makes the score where it tells as much of Y as everything together, but for this. It is a straight line far
#: out, where ⟨J⟩ bends: a trajectory that crosses has a score that falls again if ⟨J⟩ is part of it.
_AS_GOOD = 0.1
#: Spreads below this fraction of N/2 are round-off.
_NO_SPREAD = 1e-9


@dataclass(frozen=True)
class Score:
    """The score of a trajectory at each time, axes·(⟨J⟩, J) − centres, and the levels of that time.

    Attributes
    ----------
    axes, centres, levels : ndarray (T, 4), (T,), (T, L)
        For `squeezebench_mcwf.following.follow`.
    release : int
        Place of the time at which copies are thinned out to what they weigh; T if there is none.
    aim : float
        Time of the least ξ² among the pilots.
    known : ndarray (T,)
        Share of Y's variance that the score has.
    middle, normal : ndarray (T, 3)
        Mean spin of the pilots, and the direction across it in which their state varies least.
    """

    axes: Array
    centres: Array
    levels: Array
    release: int
    aim: float
    known: Array
    middle: Array
    normal: Array

    def arguments(self) -> tuple[Array, Array, Array, int]:
        """As `follow` takes them."""
        return self.axes, self.centres, self.levels, self.release


def no_score(times: int) -> Score:
    """A score that no trajectory is ever split by."""
    nothing, nowhere = np.zeros(times), np.zeros((times, 3))
    return Score(np.zeros((times, 4)), nothing, np.zeros((times, 0)), times, math.nan, nothing, nowhere, nowhere)


def make_score(values: Array, times: Array, N: int) -> Score:
    """The score that pilots tell.

    Parameters
    ----------
    values : ndarray (n, T, 9)
        Mean spins and covariances of plain trajectories.
    times : ndarray (T,)
        Theirs.
    N : int
        Number of spins.

    Returns
    -------
    Score
        Infinite levels at times at which nothing is known, and from the least ξ² on.
    """
    T = len(times)
    spin, covariance = values[..., :3], covariance_matrices(values)
    centre = spin.mean(axis=0)
    apart = spin - centre
    between = np.einsum("nta,ntb->tab", apart, apart) / len(values)
    whole = covariance.mean(axis=0) + between
    xi2 = xi2_of(centre, whole, N)
    last = int(np.nanargmin(xi2)) if np.isfinite(xi2).any() else 0
    axes, centres, known = np.zeros((T, 4)), np.zeros(T), np.zeros(T)
    levels = np.full((T, _LEVELS), np.inf)
    later = np.flatnonzero(times >= _RELEASE * times[last])
    release = int(later[0]) if len(later) else T
    goal = _normal_scores(apart[:, last], N)
    if goal is not None:
        steps = math.log(2.0) * np.arange(1, _LEVELS + 1) / _STEEP
        # ⟨J²⟩ = J(J+1).
        squares = (spin**2).sum(axis=-1) + np.trace(covariance, axis1=-2, axis2=-1)
        features = np.concatenate([spin, np.sqrt(squares + 0.25)[..., None] - 0.5], axis=-1)
        share = 0.0
        for t in range(1, last):
            weights, found = _regression(features[:, t], goal, N)
            share = max(share, found)
            if weights.any():
                axes[t], centres[t], known[t] = weights, weights @ features[:, t].mean(axis=0), share
                levels[t] = steps + 0.5 * _STEEP * share
    return Score(axes, centres, levels, release, float(times[last]), known, centre, _least(centre, whole))


def _least(spin: Array, covariance: Array) -> Array:
    """Unit vectors (T, 3) across the mean spin along which the variance is least."""
    length = np.linalg.norm(spin, axis=-1, keepdims=True)
    along = np.divide(spin, length, out=np.zeros_like(spin), where=length > 0)
    across = np.eye(3) - along[:, :, None] * along[:, None, :]
    # The direction of the mean spin itself is put out of the way.
    away = (1 + np.trace(covariance, axis1=-2, axis2=-1))[:, None, None] * along[:, :, None] * along[:, None, :]
    return np.asarray(np.linalg.eigh(across @ covariance @ across + away)[1][:, :, 0])


def _normal_scores(apart: Array, N: int) -> Array | None:
    """Ranks along the direction in which trajectories differ most, on the side of the longer tail, as normal scores."""
    variances, vectors = np.linalg.eigh(apart.T @ apart / len(apart))
    if variances[-1] <= (_NO_SPREAD * N / 2) ** 2:
        return None
    along = apart @ vectors[:, -1]
    along = along if (along**3).sum() >= 0 else -along
    ranks = np.empty(len(along))
    ranks[np.argsort(along, kind="stable")] = np.arange(len(along))
    return np.asarray(ndtri((ranks + 0.5) / len(along)))


def _regression(features: Array, goal: Array, N: int) -> tuple[Array, float]:
    """Weights of the features (⟨J⟩, J), and the share of the goal's variance that they know."""
    spread = features.std(axis=0)
    usable = spread > _NO_SPREAD * N / 2
    best, known = np.zeros(4), 0.0
    for use in (usable, usable & np.array([False, False, False, True])):
        if not use.any():
            continue
        table = (features[:, use] - features[:, use].mean(axis=0)) / spread[use]
        weights, _, rank, _ = np.linalg.lstsq(table, goal, rcond=1e-2)
        left = ((goal - table @ weights) ** 2).sum() / (len(goal) - 1 - rank) / goal.var()
        found = min(max(1.0 - left, 0.0), 1.0)
        if found > 0 and found >= known - _AS_GOOD:
            best, known = np.zeros(4), found
            best[use] = weights / spread[use]
    return best, known
