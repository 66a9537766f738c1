"""The data set of a run: every cell's observables side by side, NaN where a cell has no value."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from squeezebench.block_variables import DIM, of_run
from squeezebench.host import Host
from squeezebench.solver import TIERS

from .job import Record

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["MISSING", "assemble"]

#: Status of a cell that a run has planned and not done.
MISSING = "missing"

Arrays = dict[str, tuple[tuple[str, ...], np.ndarray[Any, Any], dict[str, Any]]]


def assemble(manifest: Mapping[str, Any], records: Mapping[str, Record], host: Host) -> xr.Dataset:
    """Data set of a run from its manifest and the records of its cells.

    Parameters
    ----------
    manifest : mapping
        See `make_manifest`.
    records : mapping of str to Record
        By key; cells that are not there have the status ``missing``.
    host : Host
        For observables from plugins.

    Returns
    -------
    xarray.Dataset
        Dims (solver, <axes>, time or step). ``time`` is a dim where all points share their times; otherwise ``step``
        is, with a coordinate ``time`` (<axes>, step).
    """
    import xarray as xr

    axes: dict[str, list[Any]] = manifest["axes"]
    keys = np.array(manifest["keys"], dtype=object)
    shape = (len(manifest["solvers"]), *(len(values) for values in axes.values()))
    cell_dims = ("solver", *axes)
    labels = [solver["label"] for solver in manifest["solvers"]]
    times = _times(manifest, records)
    time_dim = "time" if times is not None and times.ndim == 1 else "step"

    arrays: Arrays = {}
    _put_statuses(arrays, manifest, records, keys, cell_dims, shape)
    samples: dict[int, Any] = {}
    for flat, key in enumerate(keys.ravel()):
        record = records.get(key)
        if record is None:
            continue
        where = np.unravel_index(flat, shape)
        attrs = _reduction_attrs(record)
        for name, value in record.reductions.items():
            _put(arrays, name, cell_dims, where, shape, np.asarray(value), attrs.get(name, {}), ())
        if record.moments is not None:
            _put_observables(arrays, record, host, cell_dims, where, shape, time_dim)
            if record.moments.samples is not None and record.moments.series:
                samples[flat] = record.moments.samples
    arrays |= of_run(samples, shape, cell_dims, time_dim)

    coords: dict[str, Any] = {"solver": ("solver", labels, {"long_name": "solver"})}
    for name, values in axes.items():
        coords[name] = (name, np.array(values), {"long_name": name, "units": "1"})
    if times is not None:
        coords |= {"axis": ["x", "y", "z"], "axis_": ["x", "y", "z"]}
        about = {"long_name": "time", "units": _time_unit(records)}
        if time_dim == "time":
            coords["time"] = ("time", times, about)
        else:
            coords["time"] = ((*axes, "step"), times.reshape(*shape[1:], times.shape[-1]), about)
    story = {key: value for key, value in manifest.items() if key not in ("keys", "beyond")}
    story["kind"] = "run"
    return xr.Dataset(
        {name: (dims, values, attrs) for name, (dims, values, attrs) in arrays.items()},
        coords=coords,
        attrs={"title": manifest["title"], "squeezebench": json.dumps(story, sort_keys=True)},
    )


def _times(manifest: Mapping[str, Any], records: Mapping[str, Record]) -> np.ndarray[Any, Any] | None:
    """Times (T,) shared by all points, or (points, T) with NaN after a shorter point's end; None without any series."""
    if "series" not in manifest["keep"]:
        return None
    rows: list[np.ndarray[Any, Any] | None] = []
    for column in zip(*manifest["keys"], strict=True):
        record = next((records[key] for key in column if key in records), None)
        rows.append(None if record is None else record.problem.times)
    known = [row for row in rows if row is not None]
    if not known:
        return None
    if all(len(row) == len(known[0]) and (row == known[0]).all() for row in known):
        return known[0]
    times = np.full((len(rows), max(len(row) for row in known)), np.nan)
    for index, row in enumerate(rows):
        if row is not None:
            times[index, : len(row)] = row
    return times


def _rate_unit(record: Record) -> str:
    return str(getattr(record.problem.model, "rate_unit", ""))


def _time_unit(records: Mapping[str, Record]) -> str:
    from squeezebench.observables import time_unit

    units = {time_unit(_rate_unit(record)) for record in records.values()}
    return units.pop() if len(units) == 1 else "1"


def _reduction_attrs(record: Record) -> dict[str, dict[str, str]]:
    """Name → ``long_name`` and ``units`` of what the cell's reductions give."""
    from squeezebench.observables import builtin, unit_text
    from squeezebench.reductions import Reduction

    units = {observable.name: observable.units for observable in builtin()}
    attrs: dict[str, dict[str, str]] = {}
    for data in record.provenance.get("reductions", []):
        for output in Reduction.from_dict(data).outputs:
            own = output.units or units.get(output.variable, "1")
            attrs[output.name] = {"long_name": output.long_name, "units": unit_text(own, _rate_unit(record))}
    return attrs


def _put_statuses(
    arrays: Arrays,
    manifest: Mapping[str, Any],
    records: Mapping[str, Record],
    keys: np.ndarray[Any, Any],
    dims: tuple[str, ...],
    shape: tuple[int, ...],
) -> None:
    """Status, reason and what judging needs, for every cell."""
    flat = [records.get(key) for key in keys.ravel()]
    claims = [{} if record is None else record.provenance["claim"] for record in flat]
    tiers = [TIERS.get(str(solver["spec"].get("tier")), np.nan) for solver in manifest["solvers"]]
    per_solver = int(np.prod(shape[1:]))

    def put(name: str, values: list[Any], long_name: str, units: str | None = None) -> None:
        attrs: dict[str, Any] = {"long_name": long_name} | ({} if units is None else {"units": units})
        arrays[name] = (dims, np.array(values).reshape(shape), attrs)

    beyond = manifest.get("beyond", {})
    ends = [
        (record.status, record.reason)
        if record is not None
        else ("unsupported", f"this scenario asks it up to N = {beyond[key]} only")
        if key in beyond
        else (MISSING, "")
        for key, record in zip(keys.ravel(), flat, strict=True)
    ]
    put("status", [status for status, _ in ends], "how the cell ended")
    put("reason", [reason for _, reason in ends], "why it did not end ok")
    put("key", list(keys.ravel()), "key of the cell in its store")
    put(
        "claim",
        [claim.get("accuracy", "") for claim in claims],
        "what the solver claims: exact, asymptotic, mean_field",
    )
    put(
        "sampled",
        [bool(claim.get("sampled", False)) for claim in claims],
        "whether the numbers carry statistical errors",
    )
    put(
        "claim_observables",
        [" ".join(claim.get("observables", ())) for claim in claims],
        "what the claim is about, if not all",
    )
    put("closed_form", [bool(claim.get("closed_form", False)) for claim in claims], "whether it is a closed form")
    put("n_spins", [np.nan if record is None else record.problem.N for record in flat], "number of spins", "1")
    put("claim_floor", [float(claim.get("floor", np.nan)) for claim in claims], "relative error no option removes", "1")
    put("tier_error", [tier for tier in tiers for _ in range(per_solver)], "relative error aimed for", "1")
    _put_ends(put, flat)

    def timing(name: str) -> list[float]:
        return [np.nan if record is None else float(record.timing.get(name, np.nan)) for record in flat]

    put("seconds", timing("seconds"), "wall time of the solution", "s")
    put("compile_seconds", timing("compile_seconds"), "time spent on compilation", "s")
    grades = ["" if record is None else str(record.timing.get("timing_grade", "")) for record in flat]
    put("timing_grade", grades, "how the time was taken: exclusive, shared or batch")
    if "exclusive" in grades:
        put("peak_memory", timing("peak_memory"), "peak memory of the solution, beyond what was in use before", "bytes")


def _put_ends(put: Any, flat: Sequence[Record | None]) -> None:
    """What tells failures apart: how a process ended, which limit it met, which law a result breaks."""
    stories = [{} if record is None else record.provenance for record in flat]
    ends = [story.get("ended") or {} for story in stories]
    codes = [end.get("exit_code") for end in ends]
    put("signal", [str(end.get("signal") or "") for end in ends], "signal that ended the solver's process")
    put(
        "exit_code",
        [np.nan if code is None else float(code) for code in codes],
        "exit code of the solver's process",
        "1",
    )
    put("limit", [str(end.get("limit") or "") for end in ends], "limit that was met: wall time, memory or system")
    laws = [str((story.get("violation") or {}).get("law", "")) for story in stories]
    put("broken_law", laws, "law of spin states that the result breaks")


def _put_observables(
    arrays: Arrays,
    record: Record,
    host: Host,
    cell_dims: tuple[str, ...],
    where: tuple[Any, ...],
    shape: tuple[int, ...],
    time_dim: str,
) -> None:
    from squeezebench.dataset import build

    assert record.moments is not None
    keep = frozenset({"trajectories", "states"} & set(record.moments.extra))
    ds = build(record.problem, record.moments, provenance={}, observables=host.observables, keep=keep)
    for name, variable in ds.data_vars.items():
        if DIM in variable.dims:  # put together by `of_run`
            continue
        dims = tuple(time_dim if dim == "time" else str(dim) for dim in variable.dims)
        _put(arrays, str(name), cell_dims, where, shape, variable.values, variable.attrs, dims)


def _put(
    arrays: Arrays,
    name: str,
    cell_dims: tuple[str, ...],
    where: tuple[Any, ...],
    shape: tuple[int, ...],
    values: np.ndarray[Any, Any],
    attrs: Mapping[str, Any],
    dims: tuple[str, ...],
) -> None:
    """Write one cell's values into the array of all cells, which grows where this cell is longer than those before."""
    empty: Any = False if values.dtype.kind == "b" else np.nan
    dtype = values.dtype if values.dtype.kind == "b" else np.float64
    if name not in arrays:
        arrays[name] = ((*cell_dims, *dims), np.full((*shape, *values.shape), empty, dtype), dict(attrs))
    known_dims, array, known_attrs = arrays[name]
    inner = array.shape[len(shape) :]
    if any(new > old for new, old in zip(values.shape, inner, strict=True)):
        larger = np.full((*shape, *np.maximum(values.shape, inner)), empty, dtype)
        larger[tuple(slice(size) for size in array.shape)] = array
        arrays[name] = (known_dims, larger, known_attrs)
        array = larger
    array[(*where, *(slice(size) for size in values.shape))] = values
