"""What makes a run's data set out of cells: labels, axes, and which key stands where."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from squeezebench.content import content_hash, to_plain
from squeezebench.execution import SCHEMA
from squeezebench.host import Host
from squeezebench.versions import versions

from .plan import Plan

__all__ = ["make_manifest"]


def make_manifest(plan: Plan, host: Host, keys: Sequence[Sequence[str]] | None = None) -> dict[str, Any]:
    """Manifest of a run, as plain JSON types.

    Parameters
    ----------
    plan : Plan
        What is run.
    host : Host
        Whose solvers.
    keys : sequence of sequence of str, optional
        Keys of all cells, where the plan holds a slab of a map; the plan's by default.

    Returns
    -------
    dict
        ``id`` is a hash of what was asked for; ``keys[solver][point]`` are the cells, with the points in the order of
        the product of ``axes``.
    """
    solvers = []
    for spec, row in zip(plan.specs, plan.cells, strict=True):
        solver = host.solver(spec.name)
        record = host.origin(solver)
        solvers.append(
            {
                "label": spec.label,
                "spec": spec.to_dict(),
                "plugin": record.name,
                "plugin_version": record.version,
                "options": row[0].options.model_dump(mode="json") if row else {},
                "summary": solver.summary,
            }
        )
    asked = {
        "scenario": plan.scenario.to_dict(),
        "specs": [spec.to_dict() for spec in plan.specs],
        "seed": plan.seed,
        "keep": sorted(plan.keep),
    }
    manifest = {
        "schema": SCHEMA,
        "id": content_hash(asked),
        **asked,
        "name": plan.scenario.name,
        "title": plan.scenario.title,
        "tolerance": plan.scenario.tolerance,
        "axes": {name: list(values) for name, values in plan.scenario.axes.items()},
        # The keys are in the order of the axes, and a JSON file has its entries sorted by name.
        "axis_order": list(plan.scenario.axes),
        "solvers": solvers,
        "beyond": {cell.key: cell.beyond for row in plan.cells for cell in row if cell.beyond},
        "versions": versions(),
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="microseconds"),
    }
    plain: dict[str, Any] = to_plain(manifest)
    plain["keys"] = [[cell.key for cell in row] for row in plan.cells] if keys is None else keys
    return plain
