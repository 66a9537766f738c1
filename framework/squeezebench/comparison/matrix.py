"""Every two results against each other, as a data set."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from squeezebench.errors import InvalidOptionError

from .budget import with_refinements
from .pair import PairOutcome, compare_pair, family_of, mirrored
from .view import OBSERVABLES, View, view_of, views_of_results

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["compare"]

_NUMBERS = {
    "max_deviation": "largest deviation (dB of xi2, N/2 of spin, N²/4 of covariance, N of n_eff)",
    "relative_deviation": "largest deviation relative to solver_",
    "tolerance": "what the deviation may be where it is exceeded most",
    "z_max": "largest deviation in standard errors",
    "p_value": "probability of one as large, or as many, by chance",
}


def compare(*results: xr.Dataset) -> xr.Dataset:
    """Compare every two solvers of a run, or any data sets of one problem.

    Parameters
    ----------
    *results : xarray.Dataset
        One data set of `squeezebench.run` or `squeezebench.load`, or two and more of `squeezebench.solve` and
        `squeezebench.external`.

    Returns
    -------
    xarray.Dataset
        Dims (observable, <sweep axes>, solver, solver_): ``max_deviation``, ``relative_deviation``, ``tolerance``,
        ``z_max``, ``p_value``, ``first_time`` and ``verdict`` (``agree``, ``differ``, ``no_claim``,
        ``not_comparable``), ``broken``: whether the deviation breaks a claim, and ``basis``: what the tolerance rests
        on, ``refinement``, ``estimate``, ``tier`` or ``blocks``.

    Raises
    ------
    InvalidOptionError
        If the data sets are of different problems, or there is only one to compare.

    Examples
    --------
    >>> import numpy as np
    >>> import squeezebench as sb
    >>> model = sb.SpinModel.driven_cavity(N=3, upsilon_ratio=0.9, gamma_s=1.0)
    >>> problem = sb.Problem(model, times=np.linspace(0, 1, 5))
    >>> a, b = sb.solve(problem, "cumulant", order=3), sb.solve(problem, "qutip")
    >>> str(sb.compare(a, b).verdict.sel(observable="xi2", solver_="qutip").values[0])
    'agree'
    """
    if not results:
        raise InvalidOptionError("compare needs a run's data set, or two data sets of one problem")
    if len(results) == 1 and "solver" in getattr(results[0], "dims", ()):
        if "status" not in results[0]:
            raise InvalidOptionError("compare takes data sets of squeezebench.run or .load; this one has no status")
        return _compare_run(results[0])
    views = _unique([view_of(ds) for ds in results])
    if len(views) == 1:
        raise InvalidOptionError("compare needs a second data set to compare with")
    _check_one_problem(views)
    return _as_dataset([((), views)], {}, ())


def _compare_run(results: xr.Dataset) -> xr.Dataset:
    points = views_of_results(results)
    axes = {str(dim): results[dim] for dim in results["status"].dims if dim != "solver"}
    shape = tuple(results.sizes[axis] for axis in axes)
    return _as_dataset([(index, views) for _, index, views in points], axes, shape)


def _as_dataset(
    points: Sequence[tuple[tuple[int, ...], list[View]]], axes: dict[str, Any], shape: tuple[int, ...]
) -> xr.Dataset:
    import xarray as xr

    labels = [view.label for view in points[0][1]] if points else []
    full = (len(OBSERVABLES), *shape, len(labels), len(labels))
    dims = ("observable", *axes, "solver", "solver_")
    numbers = {name: np.full(full, np.nan) for name in (*_NUMBERS, "first_time")}
    verdicts = np.full(full, "not_comparable", dtype="<U14")
    broken = np.zeros(full, dtype=bool)
    basis = np.full(full, "", dtype="<U24")
    family = family_of([views for _, views in points])
    for index, views in points:
        views = with_refinements(views)
        for k, observable in enumerate(OBSERVABLES):
            found: dict[tuple[int, int], PairOutcome] = {}
            for i, one in enumerate(views):
                for j, two in enumerate(views):
                    if j < i and (one.sampled or two.sampled):
                        outcome = mirrored(found[j, i], one, two, observable)
                    else:
                        outcome = found[i, j] = compare_pair(one, two, observable, family)
                    where = (k, *index, i, j)
                    for name, array in numbers.items():
                        array[where] = getattr(outcome, name)
                    verdicts[where], broken[where], basis[where] = outcome.verdict, outcome.broken, outcome.basis
    data: dict[str, Any] = {
        name: (dims, numbers[name], {"long_name": text, "units": "1"}) for name, text in _NUMBERS.items()
    }
    data["first_time"] = (dims, numbers["first_time"], {"long_name": "first time at which they part"})
    data["verdict"] = (dims, verdicts, {"long_name": "verdict"})
    data["broken"] = (dims, broken, {"long_name": "whether a claim is broken"})
    data["basis"] = (dims, basis, {"long_name": "what the tolerance rests on"})
    coords = {"observable": list(OBSERVABLES), "solver": labels, "solver_": labels, **axes}
    return xr.Dataset(data, coords=coords, attrs={"squeezebench": json.dumps({"kind": "comparison", "schema": 1})})


def _unique(views: list[View]) -> list[View]:
    """Views with labels that tell them apart: a second `cumulant` becomes `cumulant #2`."""
    import dataclasses

    seen: dict[str, int] = {}
    named = []
    for view in views:
        seen[view.label] = seen.get(view.label, 0) + 1
        count = seen[view.label]
        named.append(view if count == 1 else dataclasses.replace(view, label=f"{view.label} #{count}"))
    return named


def _check_one_problem(views: list[View]) -> None:
    """The same model, start and schedule; the times may differ, and the common ones are compared."""
    from squeezebench.content import canonical_json, without_labels

    def content(view: View) -> str:
        return canonical_json({key: value for key, value in without_labels(view.problem).items() if key != "times"})

    first = content(views[0])
    for view in views[1:]:
        if content(view) != first:
            raise InvalidOptionError(
                f"{view.label!r} is of another problem than {views[0].label!r}: compare results of one model and start"
            )
