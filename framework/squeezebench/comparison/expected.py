"""Whether a run has the values that its scenario expects, apart from who agrees with whom."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from squeezebench.errors import InvalidOptionError
from squeezebench.validate import nearest, shown

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["RESULTS", "Expectation", "check_expected", "places"]

#: What can become of an expected value with one solver, best first.
RESULTS = ("met", "within_errors", "differs", "not_judged", "no_value")

#: Standard errors by which a sampled value may miss.
_SIGMAS = 3.0


@dataclass(frozen=True)
class Expectation:
    """One expected value and what one solver found.

    Attributes
    ----------
    quantity : str
        A reduction's result, or an observable where each cell has one time.
    at, against : dict
        Coordinates of the point, and of the point from which the distance is taken, if it is one.
    over, weights : str
        Axis over which it is the least value, or with weights that of the mixture.
    value : float
        What is expected.
    tolerance : float
        Relative; absolute where `value` is 0.
    source : str
        Where the value is from.
    solver, claim, status : str
        Who, what it claims there, and how it ended.
    measured : float
        Its value; NaN if it has none.
    deviation : float
        |measured − value| / |value|; NaN without a value.
    stderr : float
        Standard error of a sampled value; NaN for others.
    result : str
        ``met``: inside the tolerance. ``within_errors``: outside, but inside what the solver answers for, which is its
        tier's error and floor if it claims to be exact, or three standard errors. ``differs``. ``not_judged``: outside,
        and sampled without a standard error, as the times of extrema are. ``no_value``.
    failed : bool
        Whether a solver that claims to be exact, without statistical errors, differs.
    reason : str
        Why there is no value.
    """

    quantity: str
    at: dict[str, Any]
    value: float
    tolerance: float
    source: str
    solver: str
    claim: str
    status: str
    measured: float
    deviation: float
    stderr: float
    result: str
    failed: bool
    reason: str = ""
    against: dict[str, Any] | None = None
    over: str = ""
    weights: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        from squeezebench.content import to_plain

        plain: dict[str, Any] = to_plain(asdict(self))
        return plain


#: Used where a scenario states none: that of a number printed with six digits.
_TOLERANCE = 1e-6


def check_expected(results: xr.Dataset) -> list[Expectation]:
    """Hold every solver's result against the values that the run's scenario expects.

    Parameters
    ----------
    results : xarray.Dataset
        From `squeezebench.run` or `squeezebench.load`.

    Returns
    -------
    list of Expectation
        In the order of the scenario's ``expected``, solvers within; solvers that decline the point are left out, unless
        all of them do. Empty if the scenario expects nothing.

    Raises
    ------
    InvalidOptionError
        If `results` are not those of a run.

    Examples
    --------
    >>> import squeezebench as sb
    >>> scenario = sb.Scenario(
    ...     model={"type": "spin", "N": 1, "emission": 1.0}, initial={"type": "coherent", "theta": 0},
    ...     times={"stop": "log(2)", "num": 3}, reductions=["final(variable=spin, axis=z)"], solvers=["cumulant"],
    ...     expected=[{"quantity": "final_spin_z", "value": 0.0, "tolerance": 1e-6, "source": "half decayed"}])
    >>> [(each.solver, each.result) for each in sb.check_expected(sb.run(scenario))]
    [('cumulant', 'met')]
    """
    if "status" not in getattr(results, "data_vars", ()):
        raise InvalidOptionError(f"results = {shown(results)} are no data set of squeezebench.run or .load")
    story = json.loads(results.attrs["squeezebench"])
    found: list[Expectation] = []
    for entry in story.get("scenario", {}).get("expected", []):
        rows = _checked(results, entry, story)
        answered = [row for row in rows if row.status != "unsupported"]
        found += answered or rows
    return found


def places(at: Mapping[str, Any]) -> str:
    """Coordinates in a line."""
    return ", ".join(f"{key} = {value if isinstance(value, str) else f'{value:.12g}'}" for key, value in at.items())


def _checked(results: xr.Dataset, entry: Mapping[str, Any], story: Mapping[str, Any]) -> list[Expectation]:
    at, against = dict(entry.get("at", {})), entry.get("against")
    tolerance = entry.get("tolerance")
    common = {
        "quantity": entry["quantity"],
        "at": at,
        "against": None if against is None else dict(against),
        "value": float(entry["value"]),
        "tolerance": _TOLERANCE if tolerance is None else float(tolerance),
        "source": str(entry.get("source", "")),
        "over": str(entry.get("over") or ""),
        "weights": str(entry.get("weights") or ""),
    }
    if entry.get("over") is not None:
        return [_of_several(common, results.isel(solver=[k]), entry, story) for k in range(results.sizes["solver"])]
    rows = []
    for k, label in enumerate(results["solver"].values):
        cell, problem = _cell(results.isel(solver=k), entry["quantity"], at)
        if cell is None:
            rows.append(_row(common, str(label), reason=problem))
            continue
        if against is None:
            measured, stderr, problem = _value(cell, entry["quantity"], at, story)
        else:
            inside = {key: at[key] for key in ("time", "axis") if key in at}
            (measured, problem), stderr = _distance(results, cell, entry["quantity"], dict(against), inside), math.nan
        rows.append(_row(common, str(label), cell, measured, stderr, problem))
    return rows


def _of_several(
    common: Mapping[str, Any], results: xr.Dataset, entry: Mapping[str, Any], story: Mapping[str, Any]
) -> Expectation:
    """Least value over an axis, or value of the mixture over it, of one solver."""
    from . import several

    label, over = str(results["solver"].values[0]), str(entry["over"])
    cells, problem = _cell(results.isel(solver=0), entry["quantity"], common["at"], free=over)
    if cells is None:
        return _row(common, label, reason=problem)
    if entry.get("weights") is None:
        measured, problem = several.least(cells, entry["quantity"], over)
    else:
        row = results.isel({k: [_index(results[k].values, v)] for k, v in common["at"].items()})
        reductions = story["scenario"].get("reductions", [])
        measured, problem = several.of_mixture(row, entry["quantity"], over, str(entry["weights"]), reductions)
    statuses = [str(status) for status in np.ravel(cells["status"].values)]
    one = cells.isel({over: statuses.index("ok") if "ok" in statuses else 0})
    return _row(common, label, one, measured, math.nan, problem)


def _row(
    common: Mapping[str, Any],
    label: str,
    cell: xr.Dataset | None = None,
    measured: float = math.nan,
    stderr: float = math.nan,
    reason: str = "",
) -> Expectation:
    if cell is None:
        facts = {"claim": "", "status": "missing", "measured": math.nan, "deviation": math.nan, "stderr": math.nan}
        return Expectation(**common, **facts, solver=label, result="no_value", failed=False, reason=reason)  # type: ignore[arg-type]
    sampled = bool(cell["sampled"])
    exact = str(cell["claim"].values) == "exact"
    value, tolerance = common["value"], common["tolerance"]
    scale = abs(value) or 1.0
    deviation = abs(measured - value) / scale
    answered_for = tolerance
    if exact and not sampled:
        answered_for += float(np.nan_to_num(cell["tier_error"])) + float(np.nan_to_num(cell["claim_floor"]))
    elif sampled and math.isfinite(stderr):
        answered_for += _SIGMAS * stderr / scale
    if math.isnan(measured):
        result = "no_value"
    elif deviation <= tolerance:
        result = "met"
    elif sampled and math.isnan(stderr):
        result = "not_judged"
    else:
        result = "within_errors" if deviation <= answered_for else "differs"
    status = str(cell["status"].values)
    return Expectation(
        **common,
        solver=label,
        claim=str(cell["claim"].values) + (", sampled" if sampled else ""),
        status=status,
        measured=measured,
        deviation=deviation,
        stderr=stderr,
        result=result,
        failed=result == "differs" and exact and not sampled and status == "ok",
        reason=(reason or str(cell["reason"].values)) if result == "no_value" else "",
    )


def _cell(results: xr.Dataset, quantity: str, at: Mapping[str, Any], free: str = "") -> tuple[xr.Dataset | None, str]:
    """The cell of a point, with dims of time and axis (and `free`) left; or None and why there is none."""
    axes = [str(dim) for dim in results["status"].dims if dim != free]
    for name in axes:
        if name not in at and results.sizes[name] > 1:
            return None, f"the expected value does not say for which {name} it is"
    for key, value in at.items():
        if key not in results.coords:
            return None, f"the results have no coordinate {key!r}{nearest(key, [*axes, 'time', 'axis'])}"
        index = _index(results[key].values, value)
        if index is None:
            return None, f"the results have no point {places({key: value})}"
        results = results.isel({key: index})
    if quantity not in results.data_vars:
        known = [str(name) for name in results.data_vars]
        return None, f"the results have no quantity {shown(quantity)}{nearest(quantity, known)}"
    return results.squeeze([name for name in axes if name in results.dims]), ""


def _index(values: Any, value: Any) -> int | None:
    """Place of a coordinate; None if it is not there, or if there are several dims of them."""
    values = np.asarray(values)
    if values.ndim != 1:
        return None
    if values.dtype.kind in "US" or isinstance(value, str):
        same = np.flatnonzero(values.astype(str) == str(value))
    else:
        same = np.flatnonzero(np.isclose(values.astype(float), float(value), rtol=1e-9, atol=0.0))
    return int(same[0]) if same.size else None


def _value(
    cell: xr.Dataset, quantity: str, at: Mapping[str, Any], story: Mapping[str, Any]
) -> tuple[float, float, str]:
    """Value, standard error, and why there is none."""
    values = cell[quantity]
    if values.size != 1:
        return math.nan, math.nan, f"{quantity} is a series here: name a reduction, or a time in `at`"
    measured = float(values.squeeze())
    return measured, _stderr(cell, quantity, story), "" if math.isfinite(measured) else f"{quantity} has no value"


def _stderr(cell: xr.Dataset, quantity: str, story: Mapping[str, Any]) -> float:
    """Standard error: the quantity's own, or for a reduction that of what it reduces at its time."""
    own = f"{quantity}_stderr"
    if own in cell and cell[own].size == 1:
        return float(cell[own].squeeze())
    from squeezebench.reductions import Reduction

    for text in story["scenario"].get("reductions", []):
        reduction = Reduction.coerce(text)
        outputs = [output.name for output in reduction.outputs]
        name = f"{reduction.variable}_stderr"
        if quantity != outputs[0] or len(outputs) < 2 or name not in cell or outputs[1] not in cell:
            continue
        errors = cell[name]
        if "axis" in errors.dims and "axis" in reduction.arguments:
            errors = errors.sel(axis=reduction.arguments["axis"])
        times, when = np.asarray(cell["time"].values), float(cell[outputs[1]])
        if errors.ndim == 1 and times.ndim == 1 and math.isfinite(when):
            return float(errors[int(np.nanargmin(np.abs(times - when)))])
    return math.nan


def _distance(
    results: xr.Dataset, cell: xr.Dataset, quantity: str, against: Mapping[str, Any], inside: Mapping[str, Any]
) -> tuple[float, str]:
    """Largest |difference| over the times from the strongest claim at another point."""
    from .judge import reference_among
    from .view import views_of_results

    for coords, index, views in views_of_results(results):
        if all(_index(np.array([coords.get(key)]), value) is not None for key, value in against.items()):
            reference = reference_among(views)
            if reference is None:
                return math.nan, f"nobody at {places(against)} claims to be exact"
            axes = [str(dim) for dim in results["status"].dims if dim != "solver"]
            other = results.sel(solver=reference.label).isel(dict(zip(axes, index, strict=True)))
            for key, value in inside.items():
                other = other.isel({key: _index(other[key].values, value)})
            if "time" in cell.coords and not np.allclose(cell["time"], other["time"], rtol=1e-12, equal_nan=True):
                return math.nan, f"{places(against)} has other times"
            apart = np.abs(cell[quantity].values - other[quantity].values)
            return (float(np.nanmax(apart)), "") if np.isfinite(apart).any() else (math.nan, f"{quantity} has no value")
    return math.nan, f"the results have no point {places(against)}"
