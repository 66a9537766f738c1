"""A result from anywhere else, in the form of our own."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from squeezebench.errors import InvalidOptionError, SolverError
from squeezebench.execution import SCHEMA
from squeezebench.moments import Moments, Samples
from squeezebench.problem import Problem
from squeezebench.solver import Claim
from squeezebench.spec import MAX_LABEL
from squeezebench.validate import positive_number, shown

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["external"]


def external(
    problem: Problem,
    spin: Any,
    covariance: Any,
    *,
    name: str = "external",
    claim: Claim | str | None = None,
    relative_error: float = 1e-5,
    samples: Samples | None = None,
) -> xr.Dataset:
    """Data set of a result that another program computed, to compare with ours.

    Parameters
    ----------
    problem : Problem
        What was solved; the values are at its times.
    spin : array_like (T, 3)
        ⟨J_a⟩; NaN from some time on says that the result ends before.
    covariance : array_like (T, 3, 3)
        ½⟨J_aJ_b + J_bJ_a⟩ − ⟨J_a⟩⟨J_b⟩.
    name : str
        What tables call it.
    claim : Claim or str, optional
        What it is held to, or just ``"exact"``, ``"asymptotic"``, ``"mean_field"``; by default nothing
        (``"mean_field"``): deviations are reported.
    relative_error : float
        Relative error of ξ² that an exact result answers for.
    samples : Samples, optional
        Blocks of a sampled result, for standard errors; `spin` and `covariance` are then ignored and may be None.

    Returns
    -------
    xarray.Dataset
        As `squeezebench.solve` gives it.

    Raises
    ------
    InvalidOptionError
        If a shape does not fit the problem's times.
    """
    from squeezebench.dataset import build, check_moments

    if not isinstance(problem, Problem):
        raise InvalidOptionError(f"problem = {shown(problem)} is no squeezebench.Problem")
    if not isinstance(name, str) or not name.strip() or not name.isprintable() or len(name) > MAX_LABEL:
        raise InvalidOptionError(f"name = {shown(name)} is no name: give a text of one line, up to {MAX_LABEL} letters")
    if claim is None or isinstance(claim, str):
        accuracy = "mean_field" if claim is None else claim
        claim = Claim(accuracy=accuracy, sampled=samples is not None)  # type: ignore[arg-type]  # checked there
    if not isinstance(claim, Claim):
        raise InvalidOptionError(f"claim = {shown(claim)}: give 'exact', 'asymptotic', 'mean_field' or a Claim")
    relative_error = positive_number(relative_error, "relative_error", "a number")
    if samples is not None and not isinstance(samples, Samples):
        raise InvalidOptionError(f"samples = {shown(samples)}: give squeezebench.Samples")
    try:
        if samples is not None:
            moments = Moments.from_samples(samples)
        else:
            moments = _until_nan(_real(spin, "spin"), _real(covariance, "covariance"), problem.times)
        check_moments(moments, problem)
    except (SolverError, TypeError, ValueError) as error:
        raise InvalidOptionError(f"external result {name!r}: {error}") from error
    story = {
        "schema": SCHEMA,
        "solver": "external",
        "label": name,
        "problem": problem.to_dict(),
        "claim": dataclasses.asdict(claim),
        "tier_error": relative_error,
        "status": "ok",
        "reason": "",
    }
    return build(problem, moments, provenance=story)


def _until_nan(spin: NDArray[np.float64], covariance: NDArray[np.float64], times: NDArray[np.float64]) -> Moments:
    """Moments that are valid up to the last time before they turn NaN for good."""
    if spin.shape != (len(times), 3) or covariance.shape != (len(times), 3, 3):
        return Moments(spin, covariance)  # the check of shapes says what is wrong
    finite = np.isfinite(spin).all(axis=1) & np.isfinite(covariance).all(axis=(1, 2))
    if finite.all() or not finite.any():
        return Moments(spin, covariance)
    return Moments(spin, covariance, valid_until=float(times[np.flatnonzero(finite)[-1]]))


def _real(value: Any, name: str) -> NDArray[np.float64]:
    array = np.asarray(value)
    if array.dtype.kind not in "iuf":
        raise TypeError(f"{name} = {shown(value)} is no array of real numbers")
    return array.astype(np.float64)
