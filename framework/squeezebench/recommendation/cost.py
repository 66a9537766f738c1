"""Seconds and memory of a spec at a point, from cells: its solver's own estimate, corrected by what was measured."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .cells import Cell, Point

__all__ = ["Cost", "CostModel", "features"]

Array = NDArray[np.float64]

#: Weight of the penalty on coefficients, in units of a feature's own scale: little beside tens of cells, and enough
#: that few cells do not make a wild surface.
_RIDGE = 1.0
#: Cells without which there is no model of a spec.
FEWEST = 8
#: The part of held-out cells that an interval is to contain.
_COVERED = 0.9


@dataclass(frozen=True)
class Cost:
    """A prediction, and the interval that held nine in ten of the cells that a model had not seen."""

    value: float
    low: float
    high: float

    def scaled(self, factor: float) -> Cost:
        """Times a number."""
        return Cost(self.value * factor, self.low * factor, self.high * factor)


def features(point: Point, estimate: float) -> Array:
    """What log cost is linear in: the solver's own estimate, and every coordinate with its square."""
    x = np.array(
        [
            math.log10(max(estimate, 1e-12)),
            math.log10(point.N),
            math.log10(max(point.gamma_s, 1e-3)),
            point.upsilon_ratio,
            math.log10(point.collective_time),
            math.log10(max(point.decay, 1e-6)),
            math.asinh(point.chi),
        ]
    )
    return np.concatenate(([1.0], x, x * x))


class CostModel:
    """Ridge regression of log cost on `features`, with its leave-one-out residuals.

    Parameters
    ----------
    cells : sequence of Cell
        Of one spec.
    quantity : {"seconds", "bytes"}
        What is predicted. Of sampled specs, seconds are those of one trajectory.

    Notes
    -----
    The residual of a cell that is left out is that of the whole fit divided by 1 − its leverage, so that no second fit
    is needed.
    """

    def __init__(self, cells: Sequence[Cell], quantity: str = "seconds") -> None:
        self.quantity = quantity
        rows, costs = [], []
        for cell in cells:
            cost = _cost(cell, quantity)
            if math.isfinite(cost) and cost > 0:
                rows.append(features(cell.point, _estimate(cell, quantity)))
                costs.append(math.log10(cost))
        self.number = len(rows)
        if self.number < FEWEST:
            return
        X, y = np.array(rows), np.array(costs)
        self._least = float(y.min())
        self._mean, self._scale = X.mean(axis=0), X.std(axis=0)
        self._mean[0], self._scale[0] = 0.0, 1.0
        self._scale[self._scale < 1e-9] = 1.0
        Z = (X - self._mean) / self._scale
        penalty = _RIDGE * np.eye(Z.shape[1])
        penalty[0, 0] = 0.0
        self._inverse = np.linalg.inv(Z.T @ Z + penalty)
        self._weights = self._inverse @ (Z.T @ y)
        leverage = np.einsum("ij,jk,ik->i", Z, self._inverse, Z)
        self.left_out = (y - Z @ self._weights) / np.maximum(1.0 - leverage, 1e-3)
        self._width = float(np.quantile(np.abs(self.left_out), _COVERED))

    @property
    def known(self) -> bool:
        """Whether there are cells enough."""
        return self.number >= FEWEST

    def __call__(self, point: Point, estimate: float) -> Cost:
        """Prediction at a point, where the solver's own estimate is `estimate`; all NaN without cells enough."""
        if not self.known:
            return Cost(math.nan, math.nan, math.nan)
        z = (features(point, estimate) - self._mean) / self._scale
        # A straight line knows nothing of what every solution costs: none was ever cheaper than the least.
        log = max(float(z @ self._weights), self._least)
        width = self._width * math.sqrt(1.0 + float(z @ self._inverse @ z))
        # Far from all cells a straight line says anything at all: 10³⁰⁰ is as good as for ever.
        return Cost(10 ** min(log, 300.0), 10 ** min(log - width, 300.0), 10 ** min(log + width, 300.0))


def _cost(cell: Cell, quantity: str) -> float:
    if quantity == "bytes":
        return cell.peak_bytes
    return cell.seconds / max(cell.samples, 1)


def _estimate(cell: Cell, quantity: str) -> float:
    if quantity == "bytes":
        return cell.estimate_bytes
    return cell.estimate_seconds / max(cell.samples, 1)
