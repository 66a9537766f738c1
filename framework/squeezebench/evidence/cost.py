"""What accuracy costs, and how cost grows with the number of spins, from exclusive timings."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from squeezebench.errors import InvalidOptionError

from .points import axes_of, check_observable, course_of, points_of

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["scaling", "work_precision"]

#: The only timing grade that is a measurement: alone on its cores, warm, repeated.
_MEASURED = "exclusive"


def work_precision(results: xr.Dataset, observable: str = "xi2", *, reference: str | None = None) -> xr.Dataset:
    """Error against seconds and against memory, for every solver spec at every point, with the Pareto fronts.

    Parameters
    ----------
    results : xarray.Dataset
        A run with its series; for costs, one with a timing pass (``timing=3``, or ``--timing 3``).
    observable : str
        ``"xi2"``, ``"n_eff"``, ``"spin"`` or ``"covariance"``.
    reference : str, optional
        Label of the solver that errors are measured against; by default the strongest claim at each point.

    Returns
    -------
    xarray.Dataset
        Dims (solver, <sweep axes>). ``error`` is the largest over the times that count (relative for ``xi2``, in units
        of N, N/2, N²/4 for the others), NaN for the reference itself; ``error_stderr`` its standard error. ``seconds``
        and ``peak_bytes`` are those of exclusive timings, NaN where there is none. ``on_front``: no other spec is both
        as accurate and faster; ``on_memory_front``: likewise for memory. ``error_floor`` (<sweep axes>) is what the
        reference answers for: smaller errors count as equal to it. ``reference`` (<sweep axes>) is who that is.

    Raises
    ------
    InvalidOptionError
        If `results` is no run with series, or an argument is none of those above.

    Examples
    --------
    >>> import squeezebench as sb
    >>> specs = ["mean_field", "cumulant:order=2", "cumulant:order=3", "permutational"]
    >>> results = sb.run("quickstart", specs, isolate=False, timing=1)
    >>> wp = sb.work_precision(results)
    >>> wp.on_front.sel(solver="permutational").values.tolist(), wp.reference.values.tolist()
    ([False, False], ['permutational', 'permutational'])
    """
    import xarray as xr

    axes = axes_of(results, "work_precision")
    check_observable(observable)
    dims, shape = ("solver", *axes), results["status"].shape
    error, noise = np.full(shape, np.nan), np.full(shape, np.nan)
    floor, references = np.full(shape[1:], np.nan), np.full(shape[1:], "", dtype=object)
    seconds, peak = _measured(results, "seconds"), _measured(results, "peak_memory")
    fronts = {name: np.zeros(shape, dtype=bool) for name in ("on_front", "on_memory_front")}
    for point in points_of(results, reference):
        if point.reference is None:
            continue
        everybody: tuple[Any, ...] = (slice(None), *point.index)
        references[point.index] = point.reference.label
        for k, view in enumerate(point.views):
            if view is point.reference or not view.has_values:
                continue
            course = course_of(view, point.reference, observable)
            if len(course.times):
                worst = int(np.argmax(course.error))
                error[(k, *point.index)], noise[(k, *point.index)] = course.error[worst], course.noise[worst]
        floor[point.index] = _answered_for(point.reference, observable)
        least = np.maximum(error[everybody], floor[point.index])
        fronts["on_front"][everybody] = _front(least, seconds[everybody])
        fronts["on_memory_front"][everybody] = _front(least, peak[everybody])
    data: dict[str, Any] = {
        "error": (dims, error, {"long_name": f"largest error of {observable}", "units": "1"}),
        "error_stderr": (dims, noise, {"long_name": "standard error of error", "units": "1"}),
        "seconds": (dims, seconds, {"long_name": "wall time, alone and warm", "units": "s"}),
        "peak_bytes": (dims, peak, {"long_name": "peak memory of the solution", "units": "bytes"}),
        "on_front": (dims, fronts["on_front"], {"long_name": "on the Pareto front of error and seconds"}),
        "on_memory_front": (dims, fronts["on_memory_front"], {"long_name": "on the Pareto front of error and memory"}),
        "error_floor": (tuple(axes), floor, {"long_name": "error that the reference answers for", "units": "1"}),
        "reference": (tuple(axes), references.astype(str), {"long_name": "solver that errors are measured against"}),
    }
    return _finished(xr.Dataset(data, coords={"solver": results["solver"], **axes}), results, "work_precision")


def scaling(results: xr.Dataset) -> xr.Dataset:
    """Power laws of seconds and memory in the number of spins, from exclusive timings.

    Ordinary least squares of log cost on log N. Small systems cost mostly overhead, so a range that includes them gives
    too small an exponent: ``local_exponent`` of the largest two sizes and ``residual`` show whether it is one law.

    Parameters
    ----------
    results : xarray.Dataset
        A run with an axis ``N`` and a timing pass (``timing=3``, or ``--timing 3``). Its series are not needed.

    Returns
    -------
    xarray.Dataset
        Dims (quantity, solver, <other axes>), quantity = seconds, peak_bytes: ``exponent`` and its ``exponent_stderr``,
        the 95 % confidence interval ``exponent_low`` … ``exponent_high`` by Student's t (NaN with fewer than three
        sizes), ``prefactor`` (cost extrapolated to N = 1), ``local_exponent``, ``residual`` (root mean square of
        log cost), ``points``, ``N_min`` and ``N_max`` (the range that the fit is about).

    Raises
    ------
    InvalidOptionError
        If `results` is no run, has no axis ``N`` of at least two sizes, or no exclusive timings.
    """
    import xarray as xr

    dims = [str(dim) for dim in getattr(results, "dims", ())]
    if "solver" not in dims or "status" not in results:
        raise InvalidOptionError("scaling takes a data set of squeezebench.run or .load")
    if "N" not in results["status"].dims or results.sizes["N"] < 2:
        raise InvalidOptionError("scaling needs a run with an axis N of at least two sizes; this one has none")
    costs = {"seconds": _measured(results, "seconds"), "peak_bytes": _measured(results, "peak_memory")}
    if not np.isfinite(costs["seconds"]).any():
        raise InvalidOptionError("scaling needs exclusive timings; run it again with timing=3 (--timing 3)")
    place = results["status"].dims.index("N")
    others = [str(dim) for dim in results["status"].dims if dim != "N"]
    N = results["N"].values.astype(float)
    names = ("exponent", "exponent_stderr", "exponent_low", "exponent_high", "prefactor", "local_exponent", "residual")
    shape = (2, *(results.sizes[dim] for dim in others))
    arrays = {name: np.full(shape, np.nan) for name in (*names, "N_min", "N_max")}
    count = np.zeros(shape, dtype=np.int64)
    for k, cost in enumerate(costs.values()):
        along = np.moveaxis(cost, place, -1)
        for index in np.ndindex(*shape[1:]):
            good = np.isfinite(along[index]) & (along[index] > 0)
            count[(k, *index)] = int(good.sum())
            if good.sum() >= 2:
                for name, value in _power_law(N[good], along[index][good]).items():
                    arrays[name][(k, *index)] = value
    out_dims = ("quantity", *others)
    about = {
        "exponent": "exponent of the power law in N",
        "exponent_stderr": "standard error of exponent",
        "exponent_low": "lower end of the 95 % confidence interval of exponent",
        "exponent_high": "upper end of the 95 % confidence interval of exponent",
        "prefactor": "cost extrapolated to N = 1, in s or bytes",
        "local_exponent": "exponent between the two largest sizes",
        "residual": "root mean square residual of log cost",
        "N_min": "smallest size of the fit",
        "N_max": "largest size of the fit",
    }
    data: dict[str, Any] = {
        name: (out_dims, arrays[name], {"long_name": text, "units": "1"}) for name, text in about.items()
    }
    data["points"] = (out_dims, count, {"long_name": "sizes that the fit is about", "units": "1"})
    coords = {"quantity": list(costs), **{dim: results[dim] for dim in others}}
    return _finished(xr.Dataset(data, coords=coords), results, "scaling")


def _power_law(N: NDArray[np.float64], cost: NDArray[np.float64]) -> dict[str, float]:
    """Least squares of log cost = log prefactor + exponent log N."""
    x, y = np.log(N), np.log(cost)
    order = np.argsort(x)
    x, y = x[order], y[order]
    spread = float(((x - x.mean()) ** 2).sum())
    exponent = float(((x - x.mean()) * (y - y.mean())).sum()) / spread
    residuals = y - y.mean() - exponent * (x - x.mean())
    found = {
        "exponent": exponent,
        "prefactor": math.exp(float(y.mean()) - exponent * float(x.mean())),
        "local_exponent": float((y[-1] - y[-2]) / (x[-1] - x[-2])),
        "residual": float(np.sqrt(np.mean(residuals**2))),
        "N_min": float(N.min()),
        "N_max": float(N.max()),
    }
    freedom = len(x) - 2
    if freedom > 0:
        from scipy.stats import t as student

        stderr = math.sqrt(float((residuals**2).sum()) / freedom / spread)
        width = stderr * float(student.ppf(0.975, freedom))
        found |= {"exponent_stderr": stderr, "exponent_low": exponent - width, "exponent_high": exponent + width}
    return found


def _measured(results: xr.Dataset, name: str) -> NDArray[np.float64]:
    """A cost where it was taken exclusively, NaN elsewhere."""
    if name not in results or "timing_grade" not in results:
        return np.full(results["status"].shape, np.nan)
    exclusive = results["timing_grade"].values.astype(str) == _MEASURED
    return np.where(exclusive, results[name].values.astype(float), np.nan)


def _front(error: NDArray[np.float64], cost: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which entries no other one beats in error and cost; of equals, all."""
    known = np.isfinite(error) & np.isfinite(cost)
    as_good = (error[:, None] <= error) & (cost[:, None] <= cost)  # [i, j]: i is as good as j in both
    better = (error[:, None] < error) | (cost[:, None] < cost)
    return np.asarray(known & ~(as_good & better & known[:, None]).any(axis=0))


def _answered_for(reference: Any, observable: str) -> float:
    """What the reference answers for: its budget and, if it is sampled, its largest standard error, relative."""
    noise = 0.0
    if reference.sampled and observable in reference.stderrs:
        unit = {"xi2": 1.0, "n_eff": reference.N, "spin": reference.N / 2, "covariance": reference.N**2 / 4}[observable]
        values = reference.values[observable]
        relative = reference.stderrs[observable] / (np.maximum(np.abs(values), 1e-300) if observable == "xi2" else unit)
        counted = relative[values < 1.5] if observable == "xi2" else relative  # the range in which ξ² counts
        known = counted[np.isfinite(counted)]
        noise = float(known.max()) if known.size else 0.0
    budget = reference.budget if reference.accuracy == "exact" else 0.0
    return float(budget + noise)


def _finished(ds: xr.Dataset, results: xr.Dataset, kind: str) -> xr.Dataset:
    story = {"kind": kind, "schema": 1, "run": json.loads(results.attrs["squeezebench"])}
    title = f"{results.attrs.get('title', '')}: {kind.replace('_', '-')}".removeprefix(": ")
    return ds.assign_attrs({"title": title, "squeezebench": json.dumps(story, sort_keys=True)})
