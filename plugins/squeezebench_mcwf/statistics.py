"""How well the trajectories so far know ξ²."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

import squeezebench as sb

__all__ = ["Precision", "xi2_of"]

Array = NDArray[np.float64]

#: ξ² is judged where the mean spin is longer than this fraction of N/2, as the tiers say.
_LONG = 0.05


def xi2_of(spin: Array, covariance: Array, N: int) -> Array:
    """Wineland's ξ² of moments (…, 3) and (…, 3, 3), shape (…)."""
    from squeezebench.observables.kernels import HEIGHT, ROWS, observe

    flat = np.require(spin.reshape(-1, 3), np.float64, ["C", "W"])
    matrices = np.require(covariance.reshape(-1, 3, 3), np.float64, ["C", "W"])
    table = np.empty((HEIGHT, len(flat)))
    observe(flat, matrices, float(N), np.zeros(1), np.zeros(1), table)
    return np.asarray(table[ROWS["xi2"][0]].reshape(spin.shape[:-1]))


class Precision:
    """Standard error and bias of ξ² at each time.

    Parameters
    ----------
    samples : Samples
        The blocks.
    N : int
        Number of spins.
    target : float, optional
        Relative standard error to reach.

    Attributes
    ----------
    xi2, stderr, bias : ndarray (T,)
        Pooled value, its jackknife standard error, and the jackknife's estimate of its bias (value minus truth).
    reliable : ndarray (T,)
        Whether the error bar can be trusted; see `squeezebench.sampling.reliable`.
    judged : ndarray (T,)
        Where |⟨J⟩| > 0.05 N/2.
    worst, at : float, int
        Largest relative standard error at the times that are judged, and the place of its time.
    reached : bool
        Whether it is at most the target, with error bars that can be trusted. What rare jumps may change by less than
        the target does no harm here, however small the error bar.
    """

    def __init__(self, samples: sb.Samples, N: int, target: float | None = None) -> None:
        from squeezebench.sampling import jackknife, pooled, reliable

        spin, covariance = pooled(samples)
        self.xi2 = xi2_of(spin, covariance, N)
        replicas: list[Array] = []

        def watch(s: Array, c: Array) -> Array:
            values = xi2_of(s, c, N)
            if len(values) > 1 or len(samples.count) == 1:
                replicas.append(values)
            return values

        self.stderr = jackknife(samples, watch)
        self.reliable = reliable(samples)
        share = samples.weight / samples.weight.sum(axis=0)
        order = np.argsort(samples.index0)
        B = len(order)
        left_out = np.concatenate(replicas) if replicas else np.full_like(share, np.nan)
        if len(left_out) == B > 1:
            # θ − θ_J with θ_J = Bθ − Σ(1 − q_b) θ_(b).
            self.bias = ((1 - share[order]) * (left_out - self.xi2)).sum(axis=0)
        else:
            self.bias = np.full_like(self.xi2, np.nan)
        self.judged = np.linalg.norm(spin, axis=-1) > _LONG * N / 2
        with np.errstate(divide="ignore", invalid="ignore"):
            relative = np.where(self.judged, self.stderr / self.xi2, 0.0)
        # One block has no error bar at all.
        relative = np.where(np.isnan(relative), np.inf, relative)
        self.at = int(np.argmax(relative))
        self.worst = float(relative[self.at])
        self.reached = False
        if target is not None and self.worst <= target:
            known = reliable(replace(samples, doubt=np.where(samples.doubt > target, samples.doubt, 0.0)))
            self.reached = bool(known[self.judged].all())
