"""Memory and time of a solution, before it is begun."""

from __future__ import annotations

import squeezebench as sb

__all__ = ["PILOTS", "estimate"]

#: Plain trajectories from which the scores of splitting are made. They do not enter the averages.
PILOTS = 256
#: Trajectories that a family costs: two to five to the time of least ξ², and fewer the later it ends.
_FAMILY = 4

#: Seconds of a step, and steps in the inverse of N times the collective rates: measured at N = 500 … 8000, u = 0.9,
#: γ_s/Γ = 4, to Γt = 0.5. A trajectory by itself takes 0.2 ms whatever it does.
_STEP, _STEPS, _LEAST = 7e-6, 18.0, 2e-4


def estimate(problem: sb.Problem, unraveling: str, trajectories: int, *, families: bool = False) -> sb.Cost:
    """Memory of two threads and of the blocks, and the time of all trajectories on one thread, about.

    Parameters
    ----------
    problem : Problem
        What is to be solved.
    unraveling : str
        Jumps are many where nothing is shifted.
    trajectories : int
        How many there may be.
    families : bool
        Whether they are families of `squeezebench_mcwf.splitting`.
    """
    N, end = problem.N, float(problem.times[-1])
    each = _LEAST
    for step in problem.segments():
        model, span = step.model, max(min(step.stop, end) - step.start, 0.0)
        collective = model.collective_emission + model.collective_pumping + model.collective_dephasing
        single = model.emission + model.pumping + model.dephasing
        motion = N * (collective + 2 * abs(model.chi) + 2 * abs(model.twisting))
        steps = _STEPS * motion + N * single + sum(abs(part) for part in model.drive)
        if unraveling != "displaced":
            steps += 2 * collective * N * N / 4
        each += _STEP * span * steps * (1 + N / 4e4)
    work = PILOTS + _FAMILY * trajectories if families else trajectories
    held = min(trajectories, 1024) * len(problem.times) * 9 * 8
    return sb.Cost(bytes=2 * 26 * 8 * (N + 25) + 4 * held + 7e7, seconds=work * each)
