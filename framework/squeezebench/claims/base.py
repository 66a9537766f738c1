"""What a claim of a paper is, and what is found of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["CONFIRMED", "NOT_REPRODUCED", "OUT_OF_REACH", "Evidence", "Finding", "PaperClaim"]

CONFIRMED, NOT_REPRODUCED, OUT_OF_REACH = "confirmed", "not reproduced", "out of reach"


@dataclass(frozen=True)
class Finding:
    """What is found of one claim.

    Attributes
    ----------
    name, statement, place : str
        The claim: its short name, what the paper states, and where.
    verdict : str
        ``confirmed``, ``not reproduced`` or ``out of reach`` of the methods at hand.
    found : str
        What we find, in words with numbers.
    uncertainty : str
        How sure that is, and from what.
    solvers : list of str
        Which solvers gave it.
    numbers : dict
        The numbers that decide.
    cells : list of dict
        Every solution that was used: solver, model, start, last time, number of times, status.
    """

    name: str
    statement: str
    place: str
    verdict: str
    found: str
    uncertainty: str
    solvers: list[str]
    numbers: dict[str, Any]
    cells: list[dict[str, Any]]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        from squeezebench.content import to_plain

        plain: dict[str, Any] = to_plain(asdict(self))
        return plain


@dataclass
class Evidence:
    """Solves for a claim, and notes each cell that was used."""

    cells: list[dict[str, Any]] = field(default_factory=list)

    def solve(self, model: Any, times: Any, solver: str, initial: Any = None, **arguments: Any) -> xr.Dataset:
        """`squeezebench.solve`, noted; a partial result is what it is, and its status is noted."""
        import warnings

        from squeezebench.api import solve
        from squeezebench.errors import SqueezebenchWarning
        from squeezebench.problem import Problem

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SqueezebenchWarning)
            ds = solve(Problem(model, initial, times=np.asarray(times)), solver, **arguments)
        self.note(ds)
        return ds

    def steady(self, model: Any, solver: str = "steady_state", **arguments: Any) -> xr.Dataset:
        """`squeezebench.steady_state`, noted."""
        from squeezebench.api import steady_state

        ds = steady_state(model, solver, **arguments)
        self.note(ds)
        return ds

    def note(self, ds: xr.Dataset) -> None:
        """Add a cell."""
        import json

        story = json.loads(ds.attrs["squeezebench"])
        times = ds["time"].values
        defaults = (0, 0.0, "", None)
        model = {key: value for key, value in story["problem"]["model"].items() if value not in defaults}
        self.cells.append(
            {
                "solver": story["label"],
                "options": story["options"],
                "model": model,
                "initial": story["problem"].get("initial"),
                "stop": "steady state" if np.isinf(times[-1]) else float(times[-1]),
                "times": len(times),
                "status": story["status"],
            }
        )

    @property
    def solvers(self) -> list[str]:
        """Labels of the solvers used, in order."""
        return list(dict.fromkeys(str(cell["solver"]) for cell in self.cells))


@dataclass(frozen=True)
class PaperClaim:
    """One statement of a paper and how it is examined.

    Attributes
    ----------
    name, statement, place : str
        Short name, what the paper states, and where.
    examine : callable
        ``examine(evidence)`` → (verdict, found, uncertainty, numbers); every solution is made by `evidence`.
    quick : bool
        Whether it takes no more than a few seconds.
    """

    name: str
    statement: str
    place: str
    examine: Callable[[Evidence], tuple[str, str, str, Mapping[str, Any]]]
    quick: bool = True

    def compute(self) -> Finding:
        """Examine it now."""
        evidence = Evidence()
        verdict, found, uncertainty, numbers = self.examine(evidence)
        return Finding(
            self.name,
            self.statement,
            self.place,
            verdict,
            found,
            uncertainty,
            evidence.solvers,
            dict(numbers),
            evidence.cells,
        )
