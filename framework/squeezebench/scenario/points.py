"""One point of a scenario."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from squeezebench.expressions import Names
from squeezebench.problem import Problem
from squeezebench.reductions import Reduction, StopRule

__all__ = ["Point", "label_of", "resolved"]


@dataclass(frozen=True)
class Point:
    """One point of a scenario.

    Attributes
    ----------
    index : tuple of int
        Its place along each axis.
    coords : dict
        Name of each axis → number or label.
    problem : Problem
        What to solve.
    reductions : tuple of Reduction
        What to keep, with their expressions evaluated.
    stop : StopRule or None
        When the solution may end early, with its expressions evaluated.
    """

    index: tuple[int, ...]
    coords: dict[str, Any]
    problem: Problem
    reductions: tuple[Reduction, ...] = ()
    stop: StopRule | None = None

    @property
    def label(self) -> str:
        """The coordinates in a line, such as ``"N = 100, upsilon_ratio = 0.9"``."""
        return label_of(self.coords)


def label_of(coords: Mapping[str, Any]) -> str:
    """Coordinates in a line."""
    shown = (f"{name} = {value if isinstance(value, str) else f'{value:.12g}'}" for name, value in coords.items())
    return ", ".join(shown)


def resolved(
    reductions: Sequence[Reduction], stop: StopRule | None, names: Names
) -> tuple[tuple[Reduction, ...], StopRule | None]:
    """Reductions and stop rule of a point."""
    return tuple(reduction.resolve(names) for reduction in reductions), None if stop is None else stop.resolve(names)
