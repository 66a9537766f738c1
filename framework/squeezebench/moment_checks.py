"""Checks of what a solver hands back, before anything is computed from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .errors import SolverError
from .moments import MAX_SAMPLE_BLOCKS, Moments, Samples

if TYPE_CHECKING:
    from .problem import Problem

__all__ = ["MAX_TRAJECTORIES", "check_moments", "check_samples", "check_trajectories"]

#: More single trajectories than this would make a data set of statistics a data set of noise.
MAX_TRAJECTORIES = 200
#: Asymmetry of a covariance above this fraction of its largest entry (or of N/4) is no round-off.
_ASYMMETRY = 1e-9
_STATUSES = ("ok", "diverged", "unphysical")


def check_moments(moments: Moments, problem: Problem) -> None:
    """Raise unless `moments` are what the solver interface asks for.

    Parameters
    ----------
    moments : Moments
        ``spin`` (T, 3) and ``covariance`` (T, 3, 3), real, finite up to ``valid_until``, symmetric.
    problem : Problem
        Gives T and N.

    Raises
    ------
    SolverError
        With what is wrong, in words.
    """
    if not isinstance(moments, Moments):
        raise SolverError(f"the solver returned {type(moments).__name__}: it must return Moments")
    times = problem.times
    T = len(times)
    valid_until = moments.valid_until
    if isinstance(valid_until, bool) or not isinstance(valid_until, float | int | np.floating) or not valid_until >= 0:
        raise SolverError(f"valid_until = {valid_until!r}: give a time of 0 or later, or inf")
    if moments.status not in _STATUSES:
        raise SolverError(f"status = {moments.status!r} of moments: give one of {', '.join(_STATUSES)}")
    if not moments.series:
        if "reductions" not in moments.extra:
            raise SolverError("moments without a series need extra['reductions']")
        return
    valid = times <= min(valid_until, moments.stopped)
    for name, shape in (("spin", (T, 3)), ("covariance", (T, 3, 3))):
        array = _floats(getattr(moments, name), name)
        if array.shape != shape:
            raise SolverError(f"{name} has shape {array.shape}: for {T} times it must be {shape}")
        bad = valid & ~np.isfinite(array).reshape(T, -1).all(axis=1)
        if bad.any():
            when = times[int(np.argmax(bad))]
            raise SolverError(f"{name} is not finite at time {when:g}: set valid_until to the last time that is sound")
    covariance = np.asarray(moments.covariance)[valid]
    if len(covariance):
        asymmetry = np.abs(covariance - covariance.swapaxes(1, 2)).max()
        if asymmetry > _ASYMMETRY * max(np.abs(covariance).max(), problem.N / 4):
            raise SolverError(
                f"covariance is asymmetric by {asymmetry:.3g}: it must be ½⟨J_aJ_b + J_bJ_a⟩ − ⟨J_a⟩⟨J_b⟩"
            )
    if moments.samples is not None:
        check_samples(moments.samples, T)


def check_trajectories(trajectories: Any, n_times: int) -> int:
    """Number K of single trajectories in ``Moments.extra["trajectories"]``.

    Raises
    ------
    SolverError
        Unless it is a mapping with ``spin`` (K, T, 3) and ``covariance`` (K, T, 3, 3), 1 ≤ K ≤ 200.
    """
    for name, inner in (("spin", (n_times, 3)), ("covariance", (n_times, 3, 3))):
        if not hasattr(trajectories, "keys") or name not in trajectories:
            raise SolverError(f"extra['trajectories'] has no {name!r}: give a mapping with 'spin' and 'covariance'")
        array = _floats(trajectories[name], f"extra['trajectories'][{name!r}]")
        if array.shape[1:] != inner or len(array) != len(trajectories["spin"]):
            raise SolverError(f"extra['trajectories'][{name!r}] has shape {array.shape}: it must be (K, *{inner})")
    K = len(trajectories["spin"])
    if not 1 <= K <= MAX_TRAJECTORIES:
        raise SolverError(f"extra['trajectories'] has {K} trajectories: keep between 1 and {MAX_TRAJECTORIES}")
    return K


def check_samples(samples: Samples, n_times: int | None = None) -> None:
    """Raise unless `samples` are blocks that can be pooled.

    Parameters
    ----------
    samples : Samples
        Blocks; entries of spin and covariance may be NaN (after `Moments.valid_until`), but not infinite.
    n_times : int, optional
        The T that is expected.

    Raises
    ------
    SolverError
        If a shape is wrong, a weight is negative or not finite, there are more than 1024 blocks or none, or two have
        the same `index0`.
    """
    weight = _floats(samples.weight, "samples.weight")
    if weight.ndim != 2 or 0 in weight.shape:
        raise SolverError(f"samples.weight has shape {weight.shape}: it must be (blocks, times), none of them 0")
    B, T = weight.shape
    if B > MAX_SAMPLE_BLOCKS:
        raise SolverError(f"samples have {B} blocks: put trajectories together into at most {MAX_SAMPLE_BLOCKS}")
    if n_times is not None and n_times != T:
        raise SolverError(f"samples.weight has {T} times: the problem has {n_times}")
    if not (np.isfinite(weight) & (weight >= 0)).all():
        worst = weight[~(np.isfinite(weight) & (weight >= 0))][0]
        raise SolverError(f"samples.weight has the entry {worst}: weights are finite and not negative")
    doubt = _floats(samples.doubt, "samples.doubt")
    if doubt.shape != (B, T) or not (doubt >= 0).all():
        raise SolverError(
            f"samples.doubt has shape {doubt.shape} and entries from {np.min(doubt, initial=np.inf):g}: with {B} "
            f"blocks and {T} times it must be {(B, T)}, with no entry below 0 or NaN"
        )
    for name, shape in (("spin", (B, T, 3)), ("covariance", (B, T, 3, 3))):
        array = _floats(getattr(samples, name), f"samples.{name}")
        if array.shape != shape:
            raise SolverError(
                f"samples.{name} has shape {array.shape}: with {B} blocks and {T} times it must be {shape}"
            )
        if np.isinf(array).any():
            raise SolverError(f"samples.{name} has an infinite entry: what has no value is NaN")
    for name in ("count", "index0"):
        numbers = np.asarray(getattr(samples, name))
        if numbers.shape != (B,) or numbers.dtype.kind not in "iu":
            raise SolverError(f"samples.{name} has shape {numbers.shape}, {numbers.dtype}: give {B} whole numbers")
    if (np.asarray(samples.count) < 1).any():
        raise SolverError(f"samples.count has the entry {np.min(samples.count)}: a block has at least one trajectory")
    if len(np.unique(samples.index0)) != B:
        raise SolverError("samples.index0 has the same entry twice: each block has trajectories of its own")


def _floats(value: Any, name: str) -> NDArray[np.float64]:
    array = np.asarray(value)
    if array.dtype.kind not in "fiu":
        raise SolverError(f"{name} has entries of type {array.dtype}: give real numbers")
    return array.astype(np.float64, copy=False)
