"""Jobs and records as messages, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from squeezebench.execution import SCHEMA
from squeezebench.moments import Moments, Samples

from .wire import ProtocolError, only_arrays

if TYPE_CHECKING:
    from squeezebench.host import Host

    from .job import Record
    from .limits import Limits
    from .plan import Job

__all__ = ["halves", "job_message", "job_of", "joined", "record_of", "record_tree"]

_SAMPLES = ("weight", "spin", "covariance", "count", "index0", "doubt")


def job_message(job: Job, host: Host, limits: Limits) -> dict[str, Any]:
    """Everything that a solver process needs to do a job.

    The plugin's version goes along: it stands in the cells' keys, and a process that has another one must refuse.
    """
    solver = host.solver(job.spec.name)
    origin = host.origin(solver)
    cells = []
    for cell in job.cells:
        problem = cell.problem.to_dict()
        problem.pop("times")
        cells.append(
            {
                "key": cell.key,
                "problem": problem,
                "reductions": [reduction.to_dict() for reduction in cell.point.reductions],
                "stop": None if cell.point.stop is None else cell.point.stop.to_dict(),
                "seed": cell.seed,
            }
        )
    return {
        "what": "job",
        "schema": SCHEMA,
        "plugin": origin.name,
        "plugin_version": origin.version,
        "builtin": origin.distribution == "squeezebench",
        "api_version": solver.api_version,
        "spec": job.spec.to_dict(),
        "options": job.cells[0].options.model_dump_json(),
        "cells": cells,
        "times": np.array([cell.problem.times for cell in job.cells]),
        "n_threads": job.n_threads,
        "keep": sorted(job.keep),
        "blocks": None if job.blocks is None else list(job.blocks),
        "checkpoint": job.checkpoint,
        "limits": limits.to_dict(),
    }


def job_of(message: Mapping[str, Any], host: Host) -> Job:
    """Job of a message, in the process that is to do it.

    Raises
    ------
    UnknownSolverError
        If the solver is not there.
    """
    from squeezebench.problem import Problem
    from squeezebench.reductions import Reduction, StopRule
    from squeezebench.scenario.points import Point
    from squeezebench.spec import Spec

    from .plan import Cell, Job

    spec = Spec(**message["spec"])
    options = host.solver(spec.name).Options.model_validate_json(message["options"])
    cells = []
    for data, times in zip(message["cells"], message["times"], strict=True):
        steady = bool(np.isinf(times[-1]))
        problem = Problem.from_dict({**data["problem"], "times": ["inf"] if steady else times.tolist()})
        reductions = tuple(Reduction.from_dict(item) for item in data["reductions"])
        stop = None if data["stop"] is None else StopRule.from_dict(data["stop"])
        point = Point((), {}, problem, reductions, stop)
        cells.append(Cell(data["key"], spec, options, point, data["seed"]))
    blocks = message["blocks"]
    return Job(
        tuple(cells),
        message["n_threads"],
        frozenset(message["keep"]),
        blocks=None if blocks is None else (blocks[0], blocks[1]),
        checkpoint=message["checkpoint"],
    )


def halves(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The two halves of a job of at least two cells."""
    middle = len(message["cells"]) // 2
    parts = (slice(None, middle), slice(middle, None))
    return [{**message, "cells": message["cells"][part], "times": message["times"][part]} for part in parts]


# -------------------------------------------------------------------- records


def record_tree(record: Record) -> dict[str, Any]:
    """A record as a message; of its extras only numeric arrays, as in a store."""
    return {
        "key": record.key,
        "status": record.status,
        "reason": record.reason,
        "provenance": record.provenance,
        "reductions": record.reductions,
        "timing": record.timing,
        "moments": None if record.moments is None else _moments_tree(record.moments),
    }


def _moments_tree(moments: Moments) -> dict[str, Any]:
    samples = moments.samples
    return {
        "spin": np.asarray(moments.spin, dtype=np.float64),
        "covariance": np.asarray(moments.covariance, dtype=np.float64),
        "valid_until": float(moments.valid_until),
        "stopped": float(moments.stopped),
        "status": moments.status,
        "reason": str(moments.reason),
        "error_estimate": None if moments.error_estimate is None else only_arrays(moments.error_estimate),
        "diagnostics": dict(moments.diagnostics),
        "samples": None if samples is None else {name: np.asarray(getattr(samples, name)) for name in _SAMPLES},
        "extra": only_arrays(moments.extra),
    }


def record_of(tree: Mapping[str, Any], steps: int) -> Record:
    """Record of a message, after checking its form: what sent it may have been damaged.

    Raises
    ------
    ProtocolError
        If it has not the form of a record with `steps` times.
    """
    from .job import Record

    try:
        moments = tree["moments"]
        if moments is not None:
            moments = _moments_of(moments, steps)
        reductions = {str(name): float(value) for name, value in tree["reductions"].items()}
        story, timing = dict(tree["provenance"]), dict(tree["timing"])
        return Record(str(tree["key"]), str(tree["status"]), str(tree["reason"]), story, moments, reductions, timing)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ProtocolError(f"no record: {type(error).__name__}: {error}") from error


def _moments_of(tree: Mapping[str, Any], steps: int) -> Moments:
    for name, shape in (("spin", (steps, 3)), ("covariance", (steps, 3, 3))):
        if tree[name].shape != shape or tree[name].dtype != np.float64:
            raise ValueError(f"{name} has shape {tree[name].shape}, {tree[name].dtype}")
    samples = tree["samples"]
    return Moments(**{**tree, "samples": None if samples is None else Samples(**{n: samples[n] for n in _SAMPLES})})


def joined(parts: Sequence[Moments]) -> Moments:
    """One solution out of the blocks of trajectories that were computed apart.

    The blocks are put side by side and pooled in the order of `index0`, as they would have been in one piece, so that
    the result is the same to the last bit.
    """
    parts = sorted(parts, key=lambda part: int(np.min(part.samples.index0)) if part.samples is not None else 0)
    every = [part.samples for part in parts if part.samples is not None]
    samples = Samples(**{name: np.concatenate([getattr(item, name) for item in every]) for name in _SAMPLES})
    early = min(parts, key=lambda part: part.valid_until)
    return Moments.from_samples(
        samples,
        valid_until=early.valid_until,
        stopped=min(part.stopped for part in parts),
        status=early.status,
        reason=early.reason,
        diagnostics={"parts": [dict(part.diagnostics) for part in parts]},
        extra=_joined_extra([part.extra for part in parts]),
    )


def _joined_extra(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Single trajectories one after another, as many as a data set takes; other extras belong to a part alone."""
    from squeezebench.moment_checks import MAX_TRAJECTORIES

    kept = [part["trajectories"] for part in parts if "trajectories" in part]
    if not kept:
        return {}
    names = set.intersection(*(set(item) for item in kept))
    return {"trajectories": {name: np.concatenate([item[name] for item in kept])[:MAX_TRAJECTORIES] for name in names}}
