"""Each deterministic solver once more at its next tighter tier, so that results carry their own refinement."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

from squeezebench.host import Host
from squeezebench.solver import TIERS
from squeezebench.spec import Spec

__all__ = ["refined"]


def refined(specs: Sequence[Spec], problem: Any, host: Host) -> list[Spec]:
    """The specs, and after each exact and deterministic one the same at its next tier, where that changes its options.

    Parameters
    ----------
    specs : sequence of Spec
        What is asked for.
    problem : Problem
        The first point's: what the solver claims of it decides.
    host : Host
        Where solvers are found.
    """
    found: list[Spec] = []
    for spec in specs:
        found.append(spec)
        solver = host.solver(spec.name)
        options = solver.resolve_options(spec.tier, spec.options)
        exact = False
        with contextlib.suppress(Exception):  # what is wrong with a solver is said when it is asked to solve
            claim = solver.claim(problem, options)
            exact = claim.accuracy == "exact" and not claim.sampled
        tighter = list(TIERS)[list(TIERS).index(spec.tier) + 1 :] if exact and spec.tier in TIERS else []
        for tier in tighter:
            if tier in solver.tiers and solver.resolve_options(tier, spec.options) != options:
                finer = Spec(spec.name, tier=tier, **spec.options)
                if finer.label not in {other.label for other in [*specs, *found]}:
                    found.append(finer)
                break
    return found
