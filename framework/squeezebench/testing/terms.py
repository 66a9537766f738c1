"""Physics, one coupling at a time, so that a failure names what is wrong."""

from __future__ import annotations

from collections.abc import Callable

from .problems import FREE, TERMS, term_problems
from .registry import check
from .results import Measured
from .subject import Subject

__all__: list[str] = []


def _term(name: str) -> Callable[[Subject], Measured]:
    def function(subject: Subject) -> Measured:
        return subject.judge(term_problems(name), f"{name} alone", free=name in FREE)

    couplings = ", ".join(TERMS[name])
    function.__doc__ = f"``{couplings}`` alone ({name}), one to three spins, against 2^N."
    return function


for _name in TERMS:
    check(
        "physics",
        "exact, sampled; asymptotic by its own estimate, and to first order of time; mean field where free",
        _name,
    )(_term(_name))
