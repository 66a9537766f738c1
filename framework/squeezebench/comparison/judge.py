"""The verdict on every solver of a run: against the strongest claim at hand."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from .budget import with_refinements
from .common import deviation
from .pair import PairOutcome, compare_pair, family_of
from .view import OBSERVABLES, View, views_of_results

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["Judgement", "judge", "reference_among", "rung_of", "spread_of"]


@dataclass(frozen=True)
class Judgement:
    """What is said of one solver at one point.

    Attributes
    ----------
    point : dict
        Axis → coordinate.
    solver, status, reason, claim : str
        Who, how it ended, why, and what it claims.
    reference : str
        Whom it is compared with; empty if nobody at hand claims to be exact.
    rung : str
        How strong that reference is: ``closed form``, ``exact, refined``, ``exact``, ``exact, not converged``,
        ``sampled`` or ``no reference``.
    is_reference : bool
        Whether the others at this point are compared with it.
    verdict : str
        ``reference``, ``agree``, ``differ``, ``no_claim``, ``no_reference``, ``not_comparable``; over all observables,
        the worst.
    broken : bool
        Whether a claim is broken.
    deviations : dict
        Observable → its `PairOutcome` as a dict.
    good_until : float
        Last time up to which ξ² stays within the scenario's tolerance of the reference; NaN without one.
    valid_until : float
        Up to when the solver itself stands by its values.
    seconds : float
        Wall time without compilation.
    timing_grade : str
        How that was taken: ``exclusive``, or ``shared`` or ``batch``, which are no measurements.
    spread : dict
        Without a reference: observable → how far the methods at this point are apart at most (relative for ξ², in units
        of N, N/2 and N²/4 for the others).
    """

    point: dict[str, Any]
    solver: str
    status: str
    reason: str
    claim: str
    reference: str
    is_reference: bool
    verdict: str
    broken: bool
    deviations: dict[str, dict[str, Any]]
    good_until: float
    valid_until: float
    seconds: float
    timing_grade: str = ""
    rung: str = ""
    spread: dict[str, float] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        from squeezebench.content import to_plain

        plain: dict[str, Any] = to_plain(asdict(self))
        return plain


def reference_among(views: list[View]) -> View | None:
    """The strongest claim at hand, by what is claimed and checked, never by who agrees best.

    A closed form, then deterministic exact results, those that their own refinement contradicts last and tighter ones
    first, then sampled ones.
    """
    exact = [view for view in views if view.has_values and view.accuracy == "exact" and view.status == "ok"]

    def weakness(view: View) -> tuple[bool, bool, bool, float, bool]:
        return view.sampled, not view.closed_form, view.checked is False, view.budget, not view.checked

    return min(exact, key=weakness, default=None)


def rung_of(view: View | None) -> str:
    """How strong a reference is, in words."""
    if view is None:
        return "no reference"
    if view.sampled:
        return "sampled"
    if view.closed_form:
        return "closed form"
    return {None: "exact", True: "exact, refined", False: "exact, not converged"}[view.checked]


def spread_of(views: list[View]) -> dict[str, float]:
    """How far any two results that claim anything of an observable are apart at most, by observable."""
    found: dict[str, float] = {}
    for name in OBSERVABLES:
        claiming = [view for view in views if view.has_values and view.claims(name)]
        apart = []
        for i, one in enumerate(claiming):
            for two in claiming[i + 1 :]:
                outcome = compare_pair(one, two, name)
                apart.append(outcome.relative_deviation if name == "xi2" else outcome.max_deviation)
        numbers = [value for value in apart if not math.isnan(value)]
        if numbers:
            found[name] = max(numbers)
    return found


def judge(results: xr.Dataset) -> list[Judgement]:
    """Judge every solver of a run at every point.

    Parameters
    ----------
    results : xarray.Dataset
        From `squeezebench.run` or `squeezebench.load`.

    Returns
    -------
    list of Judgement
        Points in order, solvers within.
    """
    tolerance = float(json.loads(results.attrs["squeezebench"]).get("tolerance", 0.02))
    rows = []
    every = [(coords, index, with_refinements(views)) for coords, index, views in views_of_results(results)]
    family = family_of([views for _, _, views in every])
    for coords, index, views in every:
        axes = [dim for dim in results["status"].dims if dim != "solver"]
        point = results.isel(dict(zip(axes, index, strict=True)))
        reference = reference_among(views)
        for k, view in enumerate(views):
            rows.append(_row(coords, point.isel(solver=k), view, reference, views, tolerance, family))
    return rows


def _row(
    coords: dict[str, Any],
    cell: xr.Dataset,
    view: View,
    reference: View | None,
    views: list[View],
    tolerance: float,
    family: int,
) -> Judgement:
    against: View | None = reference
    if view is reference:  # the reference is held to the next strongest claim
        against = reference_among([other for other in views if other is not view])
    outcomes = {name: compare_pair(view, against, name, family) for name in OBSERVABLES} if against is not None else {}
    if not view.has_values:
        verdict = "not_comparable"
    elif view is reference:
        verdict = "differ" if any(outcome.broken for outcome in outcomes.values()) else "reference"
    elif against is None:
        verdict = "no_reference"
    else:
        verdict = _overall(list(outcomes.values()))
    return Judgement(
        point=coords,
        solver=view.label,
        status=view.status,
        reason=str(cell["reason"].values),
        claim=view.accuracy + (", sampled" if view.sampled else ""),
        reference="" if against is None else against.label,
        is_reference=view is reference,
        verdict=verdict,
        broken=any(outcome.broken for outcome in outcomes.values()) or _impossible(view, cell),
        deviations={name: asdict(outcome) for name, outcome in outcomes.items()},
        good_until=_good_until(view, reference, tolerance),
        valid_until=float(cell["valid_until"]) if "valid_until" in cell else math.nan,
        seconds=float(cell["seconds"]),
        timing_grade=str(cell["timing_grade"].values) if "timing_grade" in cell else "",
        rung=rung_of(against),
        spread=spread_of(views) if against is None and view.has_values else {},
    )


def _impossible(view: View, cell: xr.Dataset) -> bool:
    """Whether what claims to be exact has been found to be the moments of no state."""
    return view.accuracy == "exact" and "broken_law" in cell and bool(str(cell["broken_law"].values))


def _overall(outcomes: list[PairOutcome]) -> str:
    verdicts = {outcome.verdict for outcome in outcomes}
    return next(name for name in ("differ", "no_claim", "agree", "not_comparable") if name in verdicts)


def _good_until(view: View, reference: View | None, tolerance: float) -> float:
    """Last time before ξ² (where it has a value) leaves the tolerance or the solver stops; NaN without a reference."""
    if reference is None or not view.has_values or len(view.times) != len(reference.times):
        return math.nan
    rows = np.arange(len(view.times))
    with np.errstate(invalid="ignore"):
        apart = deviation(view, reference, "xi2", rows, rows) > tolerance
    ended = ~np.isfinite(view.values["spin"]).all(axis=-1) & np.isfinite(reference.values["spin"]).all(axis=-1)
    bad = np.flatnonzero(apart | ended)
    if not len(bad):
        return math.inf
    return float(view.times[bad[0] - 1]) if bad[0] > 0 else math.nan
