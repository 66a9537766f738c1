"""Numbers that belong to several points of a run: the least over an axis, and that of a mixture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from squeezebench.errors import SqueezebenchError

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["least", "of_mixture", "vertex_of_least"]


def vertex_of_least(places: Any, values: Any) -> tuple[float, float]:
    """Place and value of the least of some positive values, refined by a parabola through the three points around it.

    Parameters
    ----------
    places, values : array_like (n,)
        Increasing places > 0, and values > 0; the parabola is that of the logarithms, so that a power law is exact.

    Returns
    -------
    (float, float)
        NaN where there is no finite value; a value at an end as it is.
    """
    places, values = np.asarray(places, dtype=float), np.asarray(values, dtype=float)
    if not np.isfinite(values).any():
        return math.nan, math.nan
    k = int(np.nanargmin(values))
    around = slice(k - 1, k + 2)
    if not 0 < k < len(values) - 1 or not np.isfinite(values[around]).all() or min(places[k - 1], values[k]) <= 0:
        return float(places[k]), float(values[k])
    x = np.log(places[around]) - math.log(places[k])
    a, b, c = np.polyfit(x, np.log(values[around]) - math.log(values[k]), 2)
    shift = -b / (2 * a)
    return float(places[k] * math.exp(shift)), float(values[k] * math.exp(c + b * shift / 2))


def least(cells: xr.Dataset, quantity: str, over: str) -> tuple[float, str]:
    """Least value of a quantity over an axis, and why there is none."""
    values = cells[quantity].squeeze()
    if values.dims != (over,):
        return math.nan, f"{quantity} is a series here: name a reduction"
    value = vertex_of_least(cells[over].values, values.values)[1]
    return value, "" if math.isfinite(value) else f"{quantity} has no value"


def of_mixture(
    results: xr.Dataset, quantity: str, over: str, weights: str, reductions: Sequence[str]
) -> tuple[float, str]:
    """Reduction of the mixture over an axis with weights that are an expression of the axes, and why there is none."""
    from squeezebench.expressions import evaluate
    from squeezebench.harness import average
    from squeezebench.reductions import Reduction

    axes = [str(dim) for dim in results["status"].dims if dim != "solver"]
    fixed = {name: float(results[name].values[0]) for name in axes if results[name].dtype.kind in "if" and name != over}
    try:
        factors = [float(evaluate(weights, {**fixed, over: float(value)}, "weights")) for value in results[over].values]
        mixture = average(results, over=over, weights=factors).squeeze()
        names = [str(name) for name in mixture.data_vars]
        data = {"time": results["time"].values, **{name: mixture[name].values for name in names}}
        for text in reductions:
            reduction = Reduction.coerce(text)
            if quantity in [output.name for output in reduction.outputs]:
                value = reduction.compute(data)[quantity]
                return value, "" if math.isfinite(value) else f"{quantity} has no value"
    except SqueezebenchError as error:
        return math.nan, str(error)
    return math.nan, f"{quantity} is no reduction of the scenario"
