"""One solver's result at one point, in the form that comparison works on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from squeezebench.block_variables import samples_of_cell, samples_of_solution
from squeezebench.errors import InvalidOptionError
from squeezebench.moments import Samples
from squeezebench.solver import TIERS
from squeezebench.validate import shown

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["OBSERVABLES", "View", "view_of", "views_of_results"]

#: What is compared, in the order of tables.
OBSERVABLES = ("xi2", "n_eff", "spin", "covariance")

Array = NDArray[np.float64]


@dataclass(frozen=True)
class View:
    """Values, errors and claim of one result.

    Attributes
    ----------
    label : str
        What it is called.
    N : int
        Number of spins.
    times : ndarray (T,)
        Its times.
    values : mapping of str to ndarray (T, ...)
        The compared observables; empty if there is no value.
    estimates, stderrs : mapping of str to ndarray (T, ...)
        The solver's own error estimates and standard errors, where it has them.
    reliable : ndarray (T,) of bool
        Whether the standard errors can be trusted.
    accuracy, sampled, floor, tier_error, observables
        The claim, and the relative error aimed for.
    status : str
        How the solution ended.
    closed_form : bool
        Whether the claim is that of a formula.
    samples : Samples, optional
        Blocks of a sampled result.
    solver, tier, options
        What was asked for, to find a result's own refinement by.
    refinement : mapping of str to ndarray (T,)
        Error of this result by its own refinement, in the unit of `deviation`; see `squeezebench.comparison.budget`.
    checked : bool, optional
        Whether refinement has confirmed it; None if nobody has refined it.
    """

    label: str
    N: float
    times: Array
    values: Mapping[str, Array]
    estimates: Mapping[str, Array] = field(default_factory=dict)
    stderrs: Mapping[str, Array] = field(default_factory=dict)
    reliable: NDArray[np.bool_] | None = None
    accuracy: str = ""
    sampled: bool = False
    floor: float = 1e-10
    tier_error: float = 1e-5
    observables: tuple[str, ...] = ()
    status: str = "ok"
    problem: Any = None
    closed_form: bool = False
    samples: Samples | None = None
    solver: str = ""
    tier: str = ""
    options: str = ""
    refinement: Mapping[str, Array] = field(default_factory=dict)
    checked: bool | None = None

    @property
    def has_values(self) -> bool:
        """Whether there is anything to compare."""
        return bool(self.values) and bool(np.isfinite(self.values["spin"]).any())

    @property
    def deterministic(self) -> bool:
        """Whether it claims to be exact without statistical errors, and has values."""
        return self.accuracy == "exact" and not self.sampled and self.has_values

    @property
    def budget(self) -> float:
        """Relative error that an exact result answers for by its tier and its floor."""
        return self.tier_error + self.floor

    def claims(self, observable: str) -> bool:
        """Whether it claims anything about this observable."""
        return self.accuracy in ("exact", "asymptotic") and (not self.observables or observable in self.observables)


def view_of(ds: xr.Dataset, label: str | None = None) -> View:
    """View of a data set of one problem.

    Raises
    ------
    InvalidOptionError
        If it is no such data set.
    """
    try:
        story = json.loads(ds.attrs["squeezebench"])
        claim = story["claim"]
        N = float(_first_model(story["problem"])["N"])
        if "time" not in ds.coords or "spin" not in ds:
            raise KeyError("time")
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InvalidOptionError(
            f"compare takes data sets of squeezebench.solve, .run or .external: {shown(ds)} has no provenance of such"
        ) from error
    return View(
        label=label or str(story.get("label") or story["solver"]),
        N=N,
        times=ds["time"].values,
        values=_pick(ds, ""),
        estimates=_pick(ds, "_error"),
        stderrs=_pick(ds, "_stderr"),
        reliable=ds["reliable"].values.astype(bool) if "reliable" in ds else None,
        accuracy=claim["accuracy"],
        sampled=bool(claim["sampled"]),
        floor=float(claim["floor"]),
        tier_error=float(story.get("tier_error", TIERS.get(str(story.get("tier")), 1e-5))),
        observables=tuple(claim["observables"]),
        status=story["status"],
        problem=story["problem"],
        closed_form=bool(claim.get("closed_form", False)),
        samples=samples_of_solution(ds),
        solver=str(story["solver"]),
        tier=str(story.get("tier", "")),
    )


def _first_model(problem: Mapping[str, Any]) -> Mapping[str, Any]:
    if "model" in problem:
        model: Mapping[str, Any] = problem["model"]
        return model
    return next(entry["model"] for entry in problem["schedule"] if entry["type"] == "segment")


def _pick(ds: xr.Dataset, suffix: str) -> dict[str, Array]:
    return {name: ds[name + suffix].values for name in OBSERVABLES if name + suffix in ds}


def views_of_results(results: xr.Dataset) -> list[tuple[dict[str, Any], tuple[int, ...], list[View]]]:
    """Coordinates, index and views (one a solver) of every point of a run's results."""
    axes = [str(dim) for dim in results["status"].dims if dim != "solver"]
    shape = tuple(results.sizes[axis] for axis in axes)
    labels = [str(label) for label in results["solver"].values]
    asked = _asked(results)
    points = []
    for index in np.ndindex(*shape):
        where = dict(zip(axes, index, strict=True))
        point = results.isel(where)
        coords = {axis: results[axis].values[k].item() for axis, k in where.items()}
        times = point["time"].values if "time" in point.coords else np.array([])
        views = [_view_in(point.isel(solver=k), label, times, asked.get(label, {})) for k, label in enumerate(labels)]
        points.append((coords, index, views))
    return points


def _asked(results: xr.Dataset) -> dict[str, dict[str, Any]]:
    """Label → the spec's content, of a run's data set."""
    solvers = json.loads(results.attrs.get("squeezebench", "{}")).get("solvers", [])
    return {str(solver["label"]): dict(solver["spec"]) for solver in solvers}


def _view_in(cell: xr.Dataset, label: str, times: Array, spec: dict[str, Any]) -> View:
    values = _pick(cell, "")
    if values and not np.isfinite(values["spin"]).any():
        values = {}
    tier_error = float(cell["tier_error"])
    floor = float(cell["claim_floor"])
    return View(
        label=label,
        N=float(cell["n_spins"]),
        times=times,
        values=values,
        estimates={name: array for name, array in _pick(cell, "_error").items() if np.isfinite(array).any()},
        stderrs={name: array for name, array in _pick(cell, "_stderr").items() if np.isfinite(array).any()},
        reliable=cell["reliable"].values.astype(bool) if "reliable" in cell else None,
        accuracy=str(cell["claim"].values),
        sampled=bool(cell["sampled"]),
        floor=1e-10 if np.isnan(floor) else floor,
        tier_error=1e-5 if np.isnan(tier_error) else tier_error,
        observables=tuple(str(cell["claim_observables"].values).split()),
        status=str(cell["status"].values),
        closed_form=bool(cell["closed_form"]) if "closed_form" in cell else False,
        samples=samples_of_cell(cell) if values else None,
        solver=str(spec.get("name", "")),
        tier=str(spec.get("tier", "")),
        options=json.dumps({k: v for k, v in spec.items() if k not in ("name", "tier", "label")}, sort_keys=True),
    )
