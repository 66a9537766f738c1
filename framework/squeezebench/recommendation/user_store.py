"""Cells of the user's own runs."""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from squeezebench.errors import InvalidOptionError, SqueezebenchError
from squeezebench.validate import shown

from .cells import Cell, Point

if TYPE_CHECKING:
    from squeezebench.comparison.view import View
    from squeezebench.harness.job import Record

__all__ = ["cells_of_store", "cells_of_stores", "point_of"]

#: Options that say how many trajectories there are, and nothing else of a method.
_NUMBERS = ("n_trajectories", "target_rel_error", "max_trajectories")


def cells_of_stores(stores: Sequence[str | Path] | str | Path) -> list[Cell]:
    """Cells of every run of some folders.

    Raises
    ------
    InvalidOptionError, StoreError
        If one of them is no store.
    """
    if not isinstance(stores, str | Path | list | tuple):
        raise InvalidOptionError(f"stores = {shown(stores)}: give a folder of results, or a list of them")
    cells: list[Cell] = []
    for store in [stores] if isinstance(stores, str | Path) else list(stores):
        cells += cells_of_store(store)
    return cells


def cells_of_store(store: str | Path) -> list[Cell]:
    """Cells of the runs in a folder that are of the paper's model, started along −x, with their series kept.

    Seconds are those of exclusive timings (``--timing``); cells without one tell about accuracy only.
    """
    from squeezebench.harness.collect import load_cells
    from squeezebench.harness.store import Store

    cells: dict[str, Cell] = {}
    for manifest in Store(store).runs():
        rows = zip(manifest["solvers"], manifest["keys"], strict=True)
        specs = {key: dict(entry["spec"]) for entry, keys in rows for key in keys}
        _, records = load_cells(store, manifest["id"])
        for point, group in _by_problem(records.values()):
            cells |= _cells_of_point(point, group, specs, str(store))
    return list(cells.values())


def _by_problem(records: Iterable[Record]) -> list[tuple[Point, list[Record]]]:
    groups: dict[str, tuple[Point, list[Record]]] = {}
    for record in records:
        if record.moments is None or not record.moments.series:
            continue
        content = json.dumps(record.provenance["problem"], sort_keys=True)
        if content not in groups:
            point = point_of(record.problem)
            if point is None:
                continue
            groups[content] = (point, [])
        groups[content][1].append(record)
    return list(groups.values())


def point_of(problem: Any) -> Point | None:
    """Place of a problem; None if it is not of the paper's model, from the coherent state along −x, over time."""
    from squeezebench.model import SpinModel
    from squeezebench.states import CoherentSpinState

    if problem.is_steady or not problem.is_plain or not isinstance(problem.model, SpinModel):
        return None
    model = problem.model
    Gamma, u = model.collective_emission, model.upsilon_ratio
    if not Gamma > 0 or not math.isfinite(u) or not model.emission > 0:
        return None
    plain = SpinModel(
        N=model.N,
        chi=model.chi,
        drive=(model.drive[0], 0.0, 0.0),
        collective_emission=Gamma,
        emission=model.emission,
        rate_unit=model.rate_unit,
    )
    start = problem.initial_state.as_product(model.N)
    along = None if start is None else np.asarray(start.bloch_vector())
    if model != plain or model.drive[0] < 0 or along is None or np.abs(along - (-1.0, 0.0, 0.0)).max() > 1e-12:
        return None
    assert isinstance(start, CoherentSpinState)
    return Point(model.N, model.emission / Gamma, u, model.chi / Gamma, float(problem.times[-1]) * Gamma)


def _cells_of_point(
    point: Point, records: Sequence[Record], specs: Mapping[str, Mapping[str, Any]], store: str
) -> dict[str, Cell]:
    from squeezebench.comparison.view import view_of
    from squeezebench.dataset import build

    from .errors_of import judge

    views: dict[str, View] = {}
    taken: dict[str, Record] = {}
    for record in records:
        spec = _family(specs[record.key])
        assert record.moments is not None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            views[spec] = view_of(build(record.problem, record.moments, provenance=record.provenance), spec)
        taken[spec] = record
    judged = judge(views)
    return {f"{point}/{spec}": _cell(point, spec, taken[spec], judged, views[spec], store) for spec in taken}


def _cell(point: Point, spec: str, record: Record, judged: Any, view: View, store: str) -> Cell:
    from .errors_of import trajectories_of

    found = judged.get(spec)
    exclusive = record.timing.get("timing_grade") == "exclusive"
    seconds, nbytes = _estimate(record)
    return Cell(
        point,
        spec,
        record.status,
        seconds=float(record.timing["seconds"]) if exclusive else math.nan,
        peak_bytes=float(record.timing.get("peak_memory", math.nan)) if exclusive else math.nan,
        estimate_seconds=seconds,
        estimate_bytes=nbytes,
        kind="" if found is None else found.kind,
        reference="" if found is None else found.reference,
        errors={} if found is None else found.errors or {},
        samples=trajectories_of(view),
        deviation=math.nan if found is None else found.deviation,
        source=store,
    )


def _family(spec: Mapping[str, Any]) -> str:
    """Spec as evidence names it: of `mcwf` without the number of trajectories, which every question finds anew."""
    from squeezebench.spec import Spec

    content = {key: value for key, value in spec.items() if key != "label"}
    if content.get("name") == "mcwf":
        content = {key: value for key, value in content.items() if key not in (*_NUMBERS, "tier")}
    if content.get("name") == "cumulant" and content.get("order") == 2:
        del content["order"]  # the default
    return str(Spec.from_dict(content))


def _estimate(record: Record) -> tuple[float, float]:
    from squeezebench.host import get_host

    try:
        solver = get_host().solver(str(record.provenance["solver"]))
        options = solver.Options(**record.provenance["options"])
        cost = solver.estimate(record.problem, options)
    except (SqueezebenchError, ValueError):  # a solver that is not installed here, or another version of it
        return math.nan, math.nan
    return cost.seconds, cost.bytes
