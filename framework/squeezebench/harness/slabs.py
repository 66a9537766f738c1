"""Maps of many points: planned, computed and put together a slab of points at a time.

What a run knows of a point (problem, key, record) takes kilobytes; what a map keeps of it is a few numbers. A plan of
more points than `SLAB` that keeps no series therefore holds the first slab only; each is planned when the one before
it is done, and leaves its columns behind.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from squeezebench.host import Host

from .assemble import assemble
from .executors import Executor
from .manifest import make_manifest
from .observer import RunObserver
from .plan import SLAB, Plan
from .store import Store

if TYPE_CHECKING:
    import xarray as xr

    from .job import Record

__all__ = ["assemble_slabs", "compute_slabs", "is_map"]

#: Text wider than this is kept as Python strings, of which equal ones are one.
_WIDE = 64

Slab = tuple[Mapping[str, Any], Mapping[str, "Record"]]


def is_map(manifest: Mapping[str, Any]) -> bool:
    """Whether a stored run is to be put together in slabs."""
    return "series" not in manifest["keep"] and bool(manifest["keys"]) and len(manifest["keys"][0]) > SLAB


def compute_slabs(
    plan: Plan,
    host: Host,
    *,
    store: Store | None,
    fresh: bool,
    n_threads: int,
    executor: Executor,
    observer: RunObserver,
) -> tuple[xr.Dataset, int, int]:
    """Compute all points of a plan that holds the first slab of them.

    The run's manifest, which names the cells of all points, is written when all are done; each slab's cells are in the
    store before, and a run that is begun again takes them from there.

    Returns
    -------
    (xarray.Dataset, int, int)
        The map, the number of its cells, and how many came from the store.
    """
    from .runner import compute

    keys: list[list[str]] = [[] for _ in plan.specs]
    beyond: dict[str, int] = {}
    stored = 0

    def slabs() -> Iterator[Slab]:
        nonlocal stored
        end = 0
        while end < plan.total:
            part = plan if end == 0 else plan.slab(end, host)
            records, found = compute(
                part,
                host,
                store=store,
                fresh=fresh,
                n_threads=n_threads,
                executor=executor,
                observer=observer,
                listed=False,
            )
            stored += found
            end = part.end
            if store is not None:
                for row, cells in zip(keys, part.cells, strict=True):
                    row += [cell.key for cell in cells]
            own = make_manifest(part, host)
            beyond.update(own["beyond"])
            yield own, records
            del part, own, records  # before the next are made

    columns = _Columns(host)
    columns.take(slabs())
    manifest = {**make_manifest(plan, host, keys), "beyond": beyond}
    if store is not None:
        store.write_run(manifest)
    return columns.dataset(manifest), len(plan.specs) * plan.total, stored


def assemble_slabs(
    manifest: Mapping[str, Any], read: Callable[[Iterable[str]], Mapping[str, Record]], host: Host
) -> xr.Dataset:
    """Data set of a stored map; `read` gives the records of some keys."""

    def slabs() -> Iterator[Slab]:
        for first in range(0, len(manifest["keys"][0]), SLAB):
            keys = [row[first : first + SLAB] for row in manifest["keys"]]
            yield {**manifest, "keys": keys}, read(key for row in keys for key in row)

    columns = _Columns(host)
    columns.take(slabs())
    return columns.dataset(manifest)


class _Columns:
    """The variables of a map, grown slab by slab, each (solver, point)."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._parts: dict[str, list[tuple[int, np.ndarray[Any, Any]]]] = {}
        self._attrs: dict[str, dict[Any, Any]] = {}
        self._texts: dict[str, str] = {}
        self._sizes: list[int] = []

    def take(self, slabs: Iterable[Slab]) -> None:
        """Add slabs, in the order of the points."""
        for manifest, records in slabs:
            count = len(manifest["keys"][0])
            flat = {**manifest, "axes": {"point": list(range(count))}}
            part = assemble(flat, records, self._host)
            index = len(self._sizes)
            self._sizes.append(count)
            for name, variable in part.data_vars.items():
                if name == "key":  # 120 bytes each, which a store has in its list of runs
                    continue
                values = variable.values
                if values.dtype.kind == "U" and values.dtype.itemsize > _WIDE:
                    values = self._shared(values)
                self._parts.setdefault(str(name), []).append((index, values))
                self._attrs.setdefault(str(name), dict(variable.attrs))
            del manifest, flat, part, records, variable, values  # before the next slab is made

    def _shared(self, values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        known = self._texts
        return np.array([[known.setdefault(text, text) for text in row] for row in values.tolist()], dtype=object)

    def _whole(self, name: str) -> np.ndarray[Any, Any]:
        """One variable at all points; what is held of it in slabs is let go."""
        parts = dict(self._parts.pop(name))
        some = next(iter(parts.values()))
        if any(part.dtype.kind == "O" for part in parts.values()):
            parts = {index: part if part.dtype.kind == "O" else self._shared(part) for index, part in parts.items()}
            some = next(iter(parts.values()))
        for index, count in enumerate(self._sizes):
            if index not in parts:  # a quantity that only some slabs have
                empty: Any = {"b": False, "U": "", "O": ""}.get(some.dtype.kind, np.nan)
                parts[index] = np.full((some.shape[0], count), empty, dtype=some.dtype)
        return np.concatenate([parts[index] for index in sorted(parts)], axis=1)

    def dataset(self, manifest: Mapping[str, Any]) -> xr.Dataset:
        """The map, with its axes."""
        import xarray as xr

        axes: Mapping[str, Any] = manifest["axes"]
        shape = (len(manifest["solvers"]), *(len(values) for values in axes.values()))
        variables = {}
        for name in list(self._parts):
            values = self._whole(name)
            variables[name] = (("solver", *axes), values.reshape(shape), self._attrs[name])
        labels = [solver["label"] for solver in manifest["solvers"]]
        coords: dict[str, Any] = {"solver": ("solver", labels, {"long_name": "solver"})}
        for name, values in axes.items():
            coords[name] = (name, np.array(values), {"long_name": name, "units": "1"})
        story = {key: value for key, value in manifest.items() if key not in ("keys", "beyond")}
        story["kind"] = "run"
        attrs = {"title": manifest["title"], "squeezebench": json.dumps(story, sort_keys=True)}
        return xr.Dataset(variables, coords=coords, attrs=attrs)
