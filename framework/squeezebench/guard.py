"""The guard: no result is believed before its moments have been found to be those of some state.

A solver's own word counts for nothing here but as the size of its error: what it claims to reach, what it estimates,
and the standard errors that its samples have.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .laws import LAWS, law_amounts
from .solver import SAMPLED_TIERS, TIERS

if TYPE_CHECKING:
    from .moments import Moments
    from .problem import Problem
    from .solver import Claim

__all__ = ["Finding", "guarded", "tolerances"]

Array = NDArray[np.float64]

#: Round-off of moments, relative to a law's own scale, that no tier asks to be smaller.
_ROUND_OFF = 1e-9
#: A tier is a relative error of ξ². The laws have scales of their own, and a coherent state meets all of them with
#: equality, so that an honest solver breaks them by some of its errors.
_MARGIN = 100.0
#: However little accuracy was asked for, an exact method does not answer with more than this.
_MOST = 1e-2
#: What an approximate method answers for where it says nothing about its error. Truncated hierarchies are off by a
#: few per cent of the noise where they are still useful (order 2: up to 0.03 of a coherent state's variance), but a
#: negative variance or a spin longer than N/2 is none of these.
_APPROXIMATE = {"spin_length": 5e-3, "j_squared": 0.05, "positive_covariance": 1e-3, "uncertainty": 0.05}
#: Estimates are held to five times themselves, as in comparisons. Standard errors to ten, because those of few blocks,
#: or of rare events, are too small by themselves.
_ESTIMATES = 5.0
_STANDARD_ERRORS = 10.0


@dataclass(frozen=True)
class Finding:
    """What the guard found.

    Attributes
    ----------
    reason : str
        Which law, when, by how much.
    violation : dict
        The same as ``law``, ``time``, ``amount``, ``tolerance``.
    moments : Moments or None
        The part before; None if there is none.
    """

    reason: str
    violation: dict[str, Any]
    moments: Moments | None


def guarded(moments: Moments, problem: Problem, claim: Claim | None, tier: str = "default") -> Finding | None:
    """The first time at which the moments break a law by more than the solver answers for, or None.

    Parameters
    ----------
    moments : Moments
        Of the form that `check_moments` asks for.
    problem : Problem
        Gives N and the times.
    claim : Claim
        The solver's.
    tier : str
        The accuracy that was asked for.
    """
    if not moments.series:  # a map keeps no moments: there is nothing to look at
        return None
    amounts = law_amounts(problem, moments)
    # Most results obey all laws to round-off: then nothing has to be known about errors.
    if all((values <= _ROUND_OFF).all() for values in amounts.values()):
        return None
    allowed = tolerances(moments, problem, claim, tier)
    excess = np.stack([amounts[law] - allowed[law] for law in LAWS])
    broken = np.flatnonzero((excess > 0).any(axis=0))
    if not len(broken):
        return None
    at = int(broken[0])
    law = list(LAWS)[int(np.argmax(excess[:, at] > 0))]
    time, amount, tolerance = float(problem.times[at]), float(amounts[law][at]), float(allowed[law][at])
    reason = (
        f"its moments are those of no state: {LAWS[law]} is broken at t = {time:.6g} by {amount:.3g} "
        f"(relative; {tolerance:.3g} is allowed)"
    )
    if moments.reason:
        reason += f"; the solver itself says: {' '.join(str(moments.reason).split())[:300]}"
    violation = {"law": law, "time": time, "amount": amount, "tolerance": tolerance}
    if at == 0:
        return Finding(reason, violation, None)
    before = dataclasses.replace(moments, valid_until=float(problem.times[at - 1]), status="unphysical", reason=reason)
    return Finding(reason, violation, before)


def tolerances(moments: Moments, problem: Problem, claim: Claim | None, tier: str = "default") -> dict[str, Array]:
    """Law → amount by which it may be broken at each time, shape (T,); see `guarded` for the parameters."""
    accuracy = "exact" if claim is None else claim.accuracy
    floor = 0.0 if claim is None else claim.floor
    base = _ROUND_OFF + min(_MOST, _MARGIN * (TIERS.get(tier, TIERS["default"]) + floor))
    T = len(problem.times)
    allowed = {law: np.full(T, base) for law in LAWS}
    if accuracy != "exact":
        for law, least in _APPROXIMATE.items():
            allowed[law] = np.maximum(allowed[law], least)
    _add_estimates(allowed, moments, problem.N)
    if moments.samples is not None:
        for law, errors in _standard_errors(moments, problem).items():
            allowed[law] += _STANDARD_ERRORS * errors
    elif claim is not None and claim.sampled:
        # Statistical errors that come without samples: the tier says how large they are meant to be.
        for values in allowed.values():
            values += _STANDARD_ERRORS * SAMPLED_TIERS.get(tier, SAMPLED_TIERS["default"])
    allowed["finite"] = np.zeros(T)
    return allowed


def _add_estimates(allowed: dict[str, Array], moments: Moments, N: int) -> None:
    """The solver's own absolute errors, on the scale of each law."""
    estimate = moments.error_estimate or {}
    if not {"spin", "covariance"} & set(estimate):
        return
    T = len(moments.spin)
    spin = _largest(estimate.get("spin"), T)
    covariance = _largest(estimate.get("covariance"), T)
    length = np.linalg.norm(np.nan_to_num(moments.spin), axis=-1)
    scale = np.maximum(np.abs(np.nan_to_num(moments.covariance)).max(axis=(-2, -1)), N / 4)
    allowed["spin_length"] += _ESTIMATES * spin / (N / 2)
    allowed["j_squared"] += _ESTIMATES * (3 * covariance + 2 * length * spin) / (N / 2 * (N / 2 + 1))
    allowed["positive_covariance"] += _ESTIMATES * covariance / scale
    allowed["uncertainty"] += _ESTIMATES * (covariance + spin / 2) / scale


def _largest(values: Any, T: int) -> Array:
    """Largest entry at each time, 0 where there is none."""
    if values is None:
        return np.zeros(T)
    array = np.abs(np.asarray(values, dtype=np.float64)).reshape(T, -1)
    return np.asarray(np.nan_to_num(array, nan=0.0, posinf=0.0).max(axis=1))


def _standard_errors(moments: Moments, problem: Problem) -> dict[str, Array]:
    """Standard error of each law's amount, by jackknife; inf where there are too few blocks to tell."""
    from .sampling import jackknife

    assert moments.samples is not None
    laws = [law for law in LAWS if law != "finite"]

    def evaluate(spin: Array, covariance: Array) -> Array:
        from .laws import amounts_of

        amounts = amounts_of(np.nan_to_num(spin), np.nan_to_num(covariance), problem.N)
        return np.stack([amounts[law] for law in laws], axis=-1)

    errors = jackknife(moments.samples, evaluate)
    return {law: np.nan_to_num(errors[:, index], nan=np.inf) for index, law in enumerate(laws)}
