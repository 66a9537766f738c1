"""Job files: records of one job as netCDF, written once and atomically, with a checksum at the end.

The checksum follows what HDF5 calls the end of the file, where its readers do not look: any netCDF reader opens a job
file as it is, and a byte that has changed since it was written is found before a number of it is believed.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from squeezebench.content import canonical_json
from squeezebench.errors import StoreError
from squeezebench.execution import SCHEMA
from squeezebench.moments import Moments, Samples
from squeezebench.validate import shown_path

from .job import Record
from .netcdf import Writer

__all__ = ["read_heads", "read_job", "write_atomically", "write_job", "write_json"]

KIND = "squeezebench job"
_SEAL = b"\nsqueezebench sha256 "

_SAMPLES = {
    "weight": ("block", "step"),
    "spin": ("block", "step", "axis"),
    "covariance": ("block", "step", "axis", "axis_"),
    "count": ("block",),
    "index0": ("block",),
    "doubt": ("block", "step"),
}


def write_atomically(path: Path, write: Any, *, durable: bool = True) -> None:
    """Call ``write(temporary path)`` and move the file to `path`, so that readers see all of it or nothing.

    Whatever happens, and be it a loss of power, `path` is the old file or the whole new one.

    Raises
    ------
    StoreError
        If the disk is full or the folder cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(temporary)
        if durable:
            with open(temporary, "rb+") as file:
                os.fsync(file.fileno())
        os.replace(temporary, path)
        if durable:
            _sync_folder(path.parent)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)  # h5py's own text names the temporary file
        raise StoreError(f"cannot write {shown_path(path)}: {reason}; free space or choose another place") from error
    finally:
        with contextlib.suppress(OSError):  # not made, because the folder is none, or its name is too long
            temporary.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Have the new name on disk, too, where folders can be opened."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def write_json(path: Path, data: Any, *, durable: bool = True) -> None:
    """Write plain JSON types atomically; without `durable` a loss of power may lose the file, but never half of it."""
    text = canonical_json(data)
    write_atomically(path, lambda temporary: temporary.write_text(text, encoding="utf-8"), durable=durable)


def write_job(path: Path, records: Sequence[Record]) -> None:
    """Write the records of one job, which have the same number of times, to `path`.

    Raises
    ------
    StoreError
        If it cannot be written.
    """
    # In memory first: HDF5 has many ways to say that a disk is full, and Python has one.
    content = io.BytesIO()
    _write(content, records)
    data = content.getvalue()
    write_atomically(path, lambda temporary: temporary.write_bytes(data + _seal(data)))


def _seal(data: bytes) -> bytes:
    return _SEAL + hashlib.sha256(data).hexdigest().encode() + b"\n"


def _write(content: Any, records: Sequence[Record]) -> None:
    import h5py

    stories = []
    times = np.array([record.problem.times for record in records])
    for record in records:
        story = dict(record.provenance)
        story["problem"] = {key: value for key, value in story["problem"].items() if key != "times"}
        stories.append(canonical_json(story))
    with h5py.File(content, "w") as file:
        file.attrs["squeezebench"] = canonical_json({"kind": KIND, "schema": SCHEMA})
        writer = Writer(file)
        for name, texts in (
            ("key", [record.key for record in records]),
            ("status", [record.status for record in records]),
            ("reason", [record.reason for record in records]),
            ("provenance", stories),
        ):
            writer.put(name, ("cell",), np.array(texts, dtype=h5py.string_dtype()))
        writer.put("time", ("cell", "step"), times)
        for name in sorted({name for record in records for name in record.reductions}):
            reduced = np.array([record.reductions.get(name, np.nan) for record in records])
            writer.put(f"reduction_{name}", ("cell",), reduced)
        if any(record.moments is not None for record in records):
            _write_series(writer, records, times.shape[1])


def _write_series(writer: Writer, records: Sequence[Record], steps: int) -> None:
    spin = np.full((len(records), steps, 3), np.nan)
    covariance = np.full((len(records), steps, 3, 3), np.nan)
    has_moments = np.zeros(len(records), dtype=np.int8)
    for index, record in enumerate(records):
        if record.moments is not None:
            spin[index], covariance[index] = record.moments.spin, record.moments.covariance
            has_moments[index] = 1
    writer.put("has_moments", ("cell",), has_moments)
    writer.put("spin", ("cell", "step", "axis"), spin)
    writer.put("covariance", ("cell", "step", "axis", "axis_"), covariance)
    for index, record in enumerate(records):
        if record.moments is not None:
            _write_own(writer, f"cell_{index}", record.moments)


def _write_own(writer: Writer, name: str, moments: Moments) -> None:
    """What only some cells have, in a group of the cell's own."""
    arrays = _flatten(moments.error_estimate or {}, "error") | _flatten(moments.extra, "extra")
    if moments.samples is None and not arrays:
        return
    group = writer.group(name)
    if moments.samples is not None:
        for part, dims in _SAMPLES.items():
            values = np.asarray(getattr(moments.samples, part))
            if part != "doubt" or values.any():
                group.put(f"samples_{part}", dims, values)
    for path, array in arrays.items():
        group.put(path, tuple(f"{path}_{axis}" for axis in range(array.ndim)), array)


def _flatten(tree: Mapping[str, Any], prefix: str) -> dict[str, np.ndarray[Any, Any]]:
    """Numeric arrays of a nested mapping under dotted names; complex ones as two."""
    flat: dict[str, np.ndarray[Any, Any]] = {}
    for key, value in tree.items():
        name = f"{prefix}.{key}"
        if isinstance(value, Mapping):
            flat |= _flatten(value, name)
            continue
        array = np.asarray(value)
        if array.dtype.kind == "c":
            flat[f"{name}.re"], flat[f"{name}.im"] = array.real, array.imag
        elif array.dtype.kind in "iuf":
            flat[name] = array
        elif array.dtype.kind == "b":
            flat[name] = array.astype(np.int8)
    return flat


def _unflatten(flat: Mapping[str, Any]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for name, value in flat.items():
        *path, last = name.split(".")
        node = tree
        for part in path:
            node = node.setdefault(part, {})
        node[last] = value
    return tree


# -------------------------------------------------------------------- reading


def _open(path: Path) -> Any:
    import h5py

    content = _content(path)
    try:
        file = h5py.File(content, "r")
        _refuse_links(file, path)
    except (OSError, ValueError, KeyError, RuntimeError, TypeError) as error:
        raise StoreError(f"{path} is damaged or no job file: {error}") from error
    try:
        head = json.loads(file.attrs["squeezebench"])
        if head["kind"] != KIND:
            raise ValueError("it is of another kind")
        if head["schema"] != SCHEMA:
            raise ValueError(f"it has schema {head['schema']}; this squeezebench reads schema {SCHEMA}")
    except (KeyError, TypeError, ValueError) as error:
        file.close()
        raise StoreError(f"{path} is no job file: {error}") from error
    return file


def _content(path: Path) -> io.BytesIO:
    """What is in a job file, after checking that it is what was written."""
    try:
        if path.is_symlink():
            raise StoreError(f"{path} is a link: a store holds its own files only")
        data = path.read_bytes()
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror or error}") from error
    size = len(_SEAL) + 65
    body, seal = data[:-size], data[-size:]
    if not seal.startswith(_SEAL):
        raise StoreError(f"{path} is damaged or no job file: its checksum is missing")
    if seal != _seal(body):
        raise StoreError(f"{path} is damaged: its checksum is another one")
    return io.BytesIO(body)


def _refuse_links(group: Any, path: Path) -> None:
    """Refuse a file that would have other files read: HDF5 knows links, external and virtual data."""
    import h5py

    for name in group:
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise StoreError(f"{path} holds a link, {name!r}: it is no job file of squeezebench")
        item = group[name]
        if isinstance(item, h5py.Group):
            _refuse_links(item, path)
        elif isinstance(item, h5py.Dataset) and (item.is_virtual or item.external):
            raise StoreError(f"{path} takes {name!r} from another file: it is no job file of squeezebench")


def _texts(file: Any, name: str) -> list[str]:
    return [value.decode() if isinstance(value, bytes) else str(value) for value in file[name][...]]


def read_heads(path: Path) -> dict[str, str]:
    """Key → status of the cells in a job file."""
    with _open(path) as file:
        try:
            return dict(zip(_texts(file, "key"), _texts(file, "status"), strict=True))
        except (KeyError, OSError, ValueError, RuntimeError, TypeError) as error:
            raise StoreError(f"{path} is damaged: {error}") from error


def read_job(path: Path) -> list[Record]:
    """Records of a job file.

    Raises
    ------
    StoreError
        If the file is damaged, or no job file.
    """
    with _open(path) as file:
        try:
            return _read(file)
        except (KeyError, OSError, ValueError, TypeError, AttributeError, RuntimeError) as error:
            raise StoreError(f"{path} is damaged: {type(error).__name__}: {error}") from error


def _read(file: Any) -> list[Record]:
    variables = file
    times = variables["time"][...]
    names = [name for name in variables if name.startswith("reduction_")]
    reductions = {name.removeprefix("reduction_"): variables[name][...] for name in names}
    series = "spin" in variables
    if series:
        spin, covariance = variables["spin"][...], variables["covariance"][...]
        has_moments = variables["has_moments"][...]
    records = []
    heads = zip(_texts(file, "key"), _texts(file, "status"), _texts(file, "reason"), strict=True)
    stories = _texts(file, "provenance")
    for index, (key, status, reason) in enumerate(heads):
        story = json.loads(stories[index])
        steady = bool(np.isinf(times[index, -1]))
        story["problem"]["times"] = ["inf"] if steady else times[index].tolist()
        moments = None
        if series and has_moments[index]:
            moments = _moments(file, index, story, spin[index], covariance[index])
        reduced = {name: float(values[index]) for name, values in reductions.items()}
        records.append(Record(key, status, reason, story, moments, reduced))
    return records


def _moments(file: Any, index: int, story: dict[str, Any], spin: Any, covariance: Any) -> Moments:
    name = f"cell_{index}"
    own = file.get(name)
    # Dimensions are data sets, too, but hold nothing.
    arrays = {} if own is None else {key: own[key][...] for key in own if not own[key].is_scale}
    samples = None
    if "samples_count" in arrays:
        samples = Samples(**{part: arrays[f"samples_{part}"] for part in _SAMPLES if f"samples_{part}" in arrays})
    tree = _unflatten({key: value for key, value in arrays.items() if not key.startswith("samples_")})
    return Moments(
        spin=spin,
        covariance=covariance,
        valid_until=float(story["valid_until"]),
        stopped=float(story.get("stopped", "inf")),
        status=story["status"],
        reason=story["reason"],
        error_estimate=tree.get("error"),
        diagnostics=story["diagnostics"],
        samples=samples,
        extra=tree.get("extra", {}),
    )
