"""What a report is made of: a stored run's data set, its judgements, and how each number came about."""

from __future__ import annotations

import itertools
import math
import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from squeezebench.comparison import Judgement, judge
from squeezebench.execution import FAILED
from squeezebench.harness.collect import load_cells
from squeezebench.harness.job import Record
from squeezebench.validate import real_path

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["Material", "material_of", "number", "seconds", "timing_words"]


@dataclass(frozen=True)
class Material:
    """A run, judged.

    Attributes
    ----------
    ds : xarray.Dataset
        As `squeezebench.load` gives it.
    manifest : mapping
        What was asked for.
    records : mapping of str to Record
        Cells by key.
    judgements : list of Judgement
        Points in order, solvers within.
    store : Path
        Where it comes from.
    """

    ds: xr.Dataset
    manifest: Mapping[str, Any]
    records: Mapping[str, Record]
    judgements: list[Judgement]
    store: Path
    axes: dict[str, list[Any]] = field(default_factory=dict)

    @property
    def labels(self) -> list[str]:
        """Labels of the solvers."""
        return [str(solver["label"]) for solver in self.manifest["solvers"]]

    @property
    def points(self) -> list[str]:
        """Words for each point."""
        names = list(self.axes)
        values = itertools.product(*self.axes.values())
        return [", ".join(f"{n} = {plain(v)}" for n, v in zip(names, point, strict=True)) for point in values]

    def index(self, point: int) -> dict[str, int]:
        """Axis → position of a point."""
        shape = tuple(len(values) for values in self.axes.values())
        return dict(zip(self.axes, (int(i) for i in np.unravel_index(point, shape)), strict=True)) if shape else {}

    def at(self, point: int) -> list[Judgement]:
        """Judgements of a point, in the order of the solvers."""
        count = len(self.labels)
        return self.judgements[point * count : (point + 1) * count]

    def record(self, solver: int, point: int) -> Record | None:
        """Record of a cell, if it is there."""
        return self.records.get(self.manifest["keys"][solver][point])

    def critical(self, point: int) -> float:
        """N_c = 2Ω/Υ_c of a point whose drive does not change; NaN elsewhere."""
        for solver in range(len(self.labels)):
            record = self.record(solver, point)
            if record is not None:
                try:
                    return float(record.problem.model.critical_n_eff) if record.problem.is_plain else math.nan
                except (AttributeError, TypeError, ValueError):  # a model type of a plugin's own
                    return math.nan
        return math.nan

    @property
    def answered(self) -> bool:
        """Whether any cell ended with a result."""
        return any(j.claim and j.status not in ("unsupported", *FAILED) for j in self.judgements)

    @property
    def has_courses(self) -> bool:
        """Whether ξ² over time was kept anywhere."""
        time = next((dim for dim in ("time", "step") if dim in self.ds.dims), None)
        return time is not None and self.ds.sizes[time] > 1 and "xi2" in self.ds and time in self.ds["xi2"].dims

    # ---------------------------------------------------------------- commands

    @property
    def folder(self) -> str:
        """The store, as a shell takes it."""
        return shlex.quote(str(self.store))

    def command(self, *words: str) -> str:
        """A command on this run, with ``{}`` for the store."""
        text = " ".join(word if word != "{}" else self.folder for word in words)
        return f"squeezebench {text} --run {self.manifest['id'][:12]}"

    @property
    def run_command(self) -> str:
        """What computes the cells again."""
        from squeezebench.scenario import builtin, builtin_names
        from squeezebench.spec import Spec

        name = str(self.manifest["name"])
        known = name in builtin_names() and builtin(name).to_dict() == self.manifest["scenario"]
        what = name if known else f"{name or 'scenario'}.toml"
        specs = [str(Spec.from_dict(spec)) for spec in self.manifest["specs"]]
        words = ["squeezebench", "run", what, *(word for spec in specs for word in ("-s", spec))]
        words += ["--seed", str(self.manifest["seed"])]
        words += [word for keep in self.manifest["keep"] for word in ("--keep", keep)]
        return " ".join(shlex.quote(word) for word in words) + f" -o {self.folder}"


def material_of(results: str | os.PathLike[str], run: str | None = None) -> Material:
    """Material of a run in a store; arguments and errors as of `squeezebench.load`."""
    from squeezebench.harness.assemble import assemble
    from squeezebench.host import get_host

    manifest, records = load_cells(results, run)
    ds = assemble(manifest, records, get_host())
    store = real_path(results, "results", "a folder")
    return Material(ds, manifest, records, judge(ds), store, {name: list(v) for name, v in manifest["axes"].items()})


def plain(value: Any) -> str:
    """A coordinate in a few characters."""
    return f"{value:.6g}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


def number(value: float, digits: int = 3) -> str:
    """Short text of a number; a dash for NaN."""
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    return f"{value:.{digits}g}".replace("-", "−")


def seconds(value: float) -> str:
    """Short text of a duration."""
    if math.isnan(value):
        return "–"
    if value < 1e-3:
        return f"{value * 1e6:.3g} µs"
    return f"{value * 1e3:.3g} ms" if value < 1 else f"{value:.4g} s"


def timing_words(timing: Mapping[str, Any]) -> str:
    """How a time was taken, in words."""
    grade = str(timing.get("timing_grade", ""))
    machine = timing.get("machine") or {}
    where = (
        f"{machine.get('processor') or machine.get('machine') or 'machine unknown'}, {machine.get('cores', '?')} cores"
    )
    threads = f"{timing.get('n_threads', '?')} threads"
    if grade == "exclusive":
        repeats = len(timing.get("repeats") or ())
        cores = ", ".join(str(core) for core in timing.get("cores") or ())
        pinned = f", pinned to core {cores}" if cores else ""
        return f"measured: median of {repeats}, alone, warm{pinned}; {threads}; {where}"
    if grade == "batch":
        return f"noted in passing: share of a batch of {timing.get('cells', '?')} points; {threads}; {where}"
    if grade == "shared":
        return f"noted in passing, other jobs may have run; {threads}; {where}"
    return "not known how it was taken"
