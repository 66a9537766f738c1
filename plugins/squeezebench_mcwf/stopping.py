"""Where a scenario's stop rule ends trajectories: decided once, by the first of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

import squeezebench as sb

__all__ = ["DECIDING", "first_times", "stop_place"]

#: Trajectories that decide. They are the first of every run, so that the decision does not depend on how many follow,
#: nor on how many workers share them.
DECIDING = 64
#: With fewer of them there is no error bar, and nothing is decided.
_FEWEST = 9
#: Standard errors by which the rule has to hold. At N = 60, 200 and 2000 (u = 0.9, γ_s/Γ = 4, six seeds each) it is
#: then never found to hold earlier than of the exact average, and up to a third later; with three up to half as late
#: again.
_SURELY = 2.0


def stop_place(problem: sb.Problem, samples: sb.Samples, rule: Mapping[str, Any]) -> int:
    """Index of the first time at which a rule holds by two standard errors, or −1.

    Parameters
    ----------
    problem : Problem
        What is solved.
    samples : Samples
        The blocks that decide; the rule is asked of their average, less two standard errors of ln ξ² and more by two of
        N_eff: once squeezing is lost, ξ² is of the order of its error bar, and its logarithm is not.
    rule : mapping
        Content of a `StopRule`.
    """
    from squeezebench.observables import Inputs
    from squeezebench.reductions import StopRule
    from squeezebench.sampling import jackknife, pooled

    if len(samples.count) < _FEWEST:
        return -1
    inputs = Inputs.of(problem, *pooled(samples))

    def both(spin: Any, covariance: Any) -> Any:
        replicate = inputs.with_moments(spin, covariance)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.stack([np.log(replicate.row("xi2")), replicate.row("n_eff")], axis=-1)

    value, error = both(inputs.spin, inputs.covariance), _SURELY * jackknife(samples, both)
    # An error that is not known is NaN, and makes the rule not hold.
    xi2, n_eff = np.exp(value[:, 0] - error[:, 0]), value[:, 1] + error[:, 1]
    return StopRule.from_dict(rule).holds(problem.times, xi2, n_eff, inputs.n_c)


def first_times(problem: sb.Problem, count: int) -> sb.Problem:
    """The problem with its first `count` times only: a trajectory of it is the beginning of one of the whole."""
    times = np.array(problem.times[:count])
    if problem.schedule is not None:
        return sb.Problem(schedule=problem.schedule, initial=problem.initial, times=times)
    return sb.Problem(problem.model, problem.initial, times)
