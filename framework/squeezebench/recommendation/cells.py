"""Evidence: what solver specs were measured to do at parameter points, and files of it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from squeezebench.errors import StoreError

__all__ = ["FRACTIONS", "SHIPPED", "Cell", "Evidence", "Point", "read", "shipped"]

Array = NDArray[np.float64]

#: The evidence that comes with the package.
SHIPPED = Path(__file__).parent / "data" / "evidence.jsonl"
#: Parts of a cell's last time at which its errors so far are kept.
FRACTIONS = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
_SCHEMA = 1


@dataclass(frozen=True)
class Point:
    """An ensemble of the paper's model, started along −x, in units of Γ.

    Attributes
    ----------
    N : int
        Number of spins.
    gamma_s : float
        γ_s/Γ.
    upsilon_ratio : float
        Υ/Υ_c.
    chi : float
        χ/Γ.
    stop : float
        Last time, times Γ.
    """

    N: int
    gamma_s: float
    upsilon_ratio: float
    chi: float
    stop: float

    @property
    def decay(self) -> float:
        """γ_s times the last time: how far single-particle emission has gone."""
        return self.gamma_s * self.stop

    @property
    def collective_time(self) -> float:
        """N Υ_c times the last time: what collective motion makes of the course."""
        return self.N * math.hypot(1.0, 2 * self.chi) * self.stop

    def problem(self, num: int = 201) -> Any:
        """The problem, with `num` times."""
        from squeezebench.model import SpinModel
        from squeezebench.problem import Problem
        from squeezebench.states import CoherentSpinState

        model = SpinModel.driven_cavity(self.N, self.upsilon_ratio, self.chi, self.gamma_s)
        return Problem(model, CoherentSpinState(), np.linspace(0.0, self.stop, num))

    def __str__(self) -> str:
        return (
            f"N = {self.N}, γ_s/Γ = {self.gamma_s:.3g}, Υ/Υ_c = {self.upsilon_ratio:.3g}, χ/Γ = {self.chi:.3g}, "
            f"Γt ≤ {self.stop:.3g}"
        )


@dataclass(frozen=True, eq=False)
class Cell:
    """One spec at one point.

    Attributes
    ----------
    point : Point
        Where.
    spec : str
        Which; of sampled solvers without the number of trajectories, which is in `samples`.
    status : str
        As of a run's cell, or ``"skipped"``: its solver's own estimate was far above the limit.
    seconds : float
        Wall time, alone on the machine and warm, on one thread, in seconds of the evidence's machine; NaN if none.
    peak_bytes : float
        Memory beyond what the process held before; NaN if nobody knows.
    estimate_seconds, estimate_bytes : float
        What the solver's own estimate said beforehand.
    kind : str
        What errors are measured against: ``"exact"`` (a solution of the master equation), ``"own"`` (the exact
        solver's own estimate), ``"bounded"`` (differences of orders, and trajectories within their errors),
        ``"sampled"`` (relative standard error of one trajectory) or ``""`` (unknown).
    reference : str
        Who that is.
    errors : dict of str to tuple of float
        Observable → largest error up to each of `FRACTIONS` of the last time, relative for ξ², in units of N, N/2,
        N²/4 for the others; inf where the course has ended, or nothing is known. Of kind ``"sampled"``: relative
        standard error times the root of the number of trajectories.
    samples : int
        Trajectories; 0 if it is not sampled.
    deviation : float
        Of kind ``"sampled"``: the largest distance of ξ² from the reference in standard errors; NaN if there is none.
    source : str
        ``"shipped"``, or the folder that it is from.
    """

    point: Point
    spec: str
    status: str
    seconds: float = math.nan
    peak_bytes: float = math.nan
    estimate_seconds: float = math.nan
    estimate_bytes: float = math.nan
    kind: str = ""
    reference: str = ""
    errors: Mapping[str, Sequence[float]] = field(default_factory=dict)
    samples: int = 0
    deviation: float = math.nan
    source: str = "shipped"

    def error(self, observable: str, decay: float) -> float:
        """Largest error up to the time at which γ_s t = `decay`; inf beyond the cell's own last time."""
        if observable not in self.errors or decay > self.point.decay * (1 + 1e-9):
            return math.inf
        part = decay / self.point.decay
        # The next kept fraction: errors so far only grow, so that this is the safe one.
        return float(self.errors[observable][int(np.searchsorted(FRACTIONS, part * (1 - 1e-9)))])

    def to_dict(self) -> dict[str, Any]:
        """What a file holds; errors as rounded decimal logarithms."""
        data: dict[str, Any] = {"spec": self.spec, "status": self.status}
        for name in ("seconds", "peak_bytes", "estimate_seconds", "estimate_bytes", "deviation"):
            value = getattr(self, name)
            if math.isfinite(value):
                data[name] = float(f"{value:.4g}")
        for name in ("kind", "reference", "samples"):
            if getattr(self, name):
                data[name] = getattr(self, name)
        if self.errors:
            data["log10_errors"] = {name: [_log(value) for value in row] for name, row in self.errors.items()}
        return data

    @classmethod
    def from_dict(cls, point: Point, data: Mapping[str, Any], source: str = "shipped") -> Cell:
        """Inverse of `to_dict`."""
        values = {key: value for key, value in data.items() if key != "log10_errors"}
        errors = {
            str(name): tuple(math.inf if value is None else 10.0**value for value in row)
            for name, row in data.get("log10_errors", {}).items()
        }
        return cls(point=point, errors=errors, source=source, **values)


def _log(value: float) -> float | None:
    """Decimal logarithm, rounded upwards to two places; None for inf."""
    if not math.isfinite(value):
        return None
    return math.ceil(100 * math.log10(max(value, 1e-12)) - 1e-6) / 100


@dataclass(frozen=True)
class Evidence:
    """Cells, and how they came to be.

    Attributes
    ----------
    cells : tuple of Cell
        All of them.
    about : dict
        Command, machine, versions, date and ``kernel_seconds``, what the reference kernel took on that machine.
    """

    cells: tuple[Cell, ...]
    about: Mapping[str, Any]

    @property
    def points(self) -> tuple[Point, ...]:
        """Points, each once, in the order of the cells."""
        return tuple(dict.fromkeys(cell.point for cell in self.cells))

    @property
    def specs(self) -> tuple[str, ...]:
        """Specs, each once."""
        return tuple(dict.fromkeys(cell.spec for cell in self.cells))

    def of(self, spec: str) -> tuple[Cell, ...]:
        """Cells of one spec."""
        return tuple(cell for cell in self.cells if cell.spec == spec)

    def with_cells(self, more: Iterable[Cell]) -> Evidence:
        """Evidence with further cells."""
        return Evidence((*self.cells, *more), self.about)

    def where(self, wanted: Any) -> Evidence:
        """Evidence of the points for which `wanted` (a function of a point) is true."""
        return Evidence(tuple(cell for cell in self.cells if wanted(cell.point)), self.about)


def header(about: Mapping[str, Any]) -> str:
    """First line of a file."""
    return json.dumps({"kind": "squeezebench evidence", "schema": _SCHEMA, "fractions": FRACTIONS, **about})


def line(point: Point, cells: Sequence[Cell]) -> str:
    """One further line of a file: a point with all its cells."""
    where = [point.N, point.gamma_s, point.upsilon_ratio, point.chi, point.stop]
    return json.dumps({"point": where, "cells": [cell.to_dict() for cell in cells]}, separators=(",", ":"))


def read(file: Path, source: str = "shipped") -> Evidence:
    """Evidence of a file.

    Raises
    ------
    StoreError
        If it is no such file.
    """
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
        about = json.loads(lines[0])
        if about.pop("kind") != "squeezebench evidence" or about.pop("schema") != _SCHEMA:
            raise ValueError(f"this version reads evidence of schema {_SCHEMA}")
        if tuple(about.pop("fractions")) != FRACTIONS:
            raise ValueError("its errors are kept at other times")
        cells = []
        for text in lines[1:]:
            entry = json.loads(text)
            point = Point(*entry["point"])
            cells += [Cell.from_dict(point, data, source) for data in entry["cells"]]
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise StoreError(
            f"{file} is no evidence: {error}; make it anew with squeezebench recommend --collect -o {file.name}"
        ) from error
    return Evidence(tuple(cells), about)


@lru_cache(maxsize=1)
def shipped() -> Evidence:
    """The evidence that comes with the package."""
    return read(SHIPPED)
