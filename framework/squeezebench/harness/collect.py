"""Data sets out of stores: loading, merging, averaging."""

from __future__ import annotations

import os
import shutil
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from squeezebench.errors import InvalidOptionError, SqueezebenchWarning, StoreError
from squeezebench.execution import FAILED
from squeezebench.host import get_host
from squeezebench.validate import shown, shown_path

from .assemble import assemble
from .files import read_heads, write_atomically
from .slabs import assemble_slabs, is_map
from .store import Store
from .verify import verify

if TYPE_CHECKING:
    import xarray as xr

    from .job import Record

__all__ = ["average", "failures", "load", "load_cells", "merge"]


def load(store: str | os.PathLike[str], run: str | None = None) -> xr.Dataset:
    """Data set of a run in a store.

    Parameters
    ----------
    store : path
        Folder that `squeezebench.run` wrote to.
    run : str, optional
        Scenario name, or beginning of the run's id, where the store holds several; the latest by default.

    Returns
    -------
    xarray.Dataset
        As `squeezebench.run` gives it; cells that are not there yet have the status ``missing``.

    Raises
    ------
    StoreError
        If this is no store, or has no such run.
    """
    opened = Store(store)
    manifest = _chosen(opened, run)
    if is_map(manifest):
        return assemble_slabs(manifest, opened.read, get_host())
    return assemble(manifest, opened.read(key for row in manifest["keys"] for key in row), get_host())


def load_cells(store: str | os.PathLike[str], run: str | None = None) -> tuple[dict[str, Any], dict[str, Record]]:
    """Manifest and records by key of a run in a store, before they are made a data set; arguments as of `load`."""
    opened = Store(store)
    manifest = _chosen(opened, run)
    return manifest, opened.read(key for row in manifest["keys"] for key in row)


def _chosen(opened: Store, run: str | None) -> dict[str, Any]:
    """Manifest of the run that is asked for."""
    if run is not None and (not isinstance(run, str) or not run):
        raise InvalidOptionError(f"run = {shown(run)}: give a scenario's name, or the beginning of a run's id")
    runs = opened.runs()
    if run is not None:
        chosen = [manifest for manifest in runs if manifest["name"] == run or manifest["id"].startswith(run)]
        if not chosen:
            known = sorted({manifest["name"] for manifest in runs})
            raise StoreError(f"{shown_path(opened.path)} has no run {shown(run)}; it has {', '.join(known) or 'none'}")
        runs = chosen
    if not runs:
        raise StoreError(
            f"{shown_path(opened.path)} holds no run: 'squeezebench run … -o {shown_path(opened.path)}' adds one"
        )
    return runs[-1]


def failures(store: str | os.PathLike[str], run: str | None = None) -> list[dict[str, Any]]:
    """Every failed cell of a stored run, with what its solver printed.

    Parameters
    ----------
    store, run
        As for `load`.

    Returns
    -------
    list of dict
        ``solver``, ``point``, ``status``, ``reason``, ``signal``, ``exit_code``, ``limit``, ``output`` and ``key``.
    """
    import itertools

    opened = Store(store)
    manifest = _chosen(opened, run)
    records = opened.read(key for row in manifest["keys"] for key in row)
    points = list(itertools.product(*manifest["axes"].values()))
    found = []
    for solver, row in zip(manifest["solvers"], manifest["keys"], strict=True):
        for key, values in zip(row, points, strict=True):
            record = records.get(key)
            if record is None or record.status not in FAILED:
                continue
            ended = record.provenance.get("ended") or {}
            found.append(
                {
                    "solver": solver["label"],
                    "point": ", ".join(
                        f"{name} = {value}" for name, value in zip(manifest["axes"], values, strict=True)
                    ),
                    "status": record.status,
                    "reason": record.reason,
                    "signal": ended.get("signal") or "",
                    "exit_code": ended.get("exit_code"),
                    "limit": ended.get("limit") or "",
                    "output": str(record.provenance.get("output", "")),
                    "key": key,
                }
            )
    return found


def merge(*stores: str | os.PathLike[str], into: str | os.PathLike[str]) -> Path:
    """Copy everything of some stores into one.

    Parameters
    ----------
    *stores : path
        Stores to read; they stay as they are.
    into : path
        Store to add to; made if there is none.

    Returns
    -------
    Path
        `into`.
    """
    if not stores:
        raise InvalidOptionError("merge needs at least one store to copy from")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SqueezebenchWarning)  # what is wrong with their files is said below
        sources = [Store(store) for store in stores]
    target = Store(into, create=True)
    for source in sources:
        findings = [finding for finding in verify(source.path) if finding.kind != "temporary"]
        for finding in findings:
            warnings.warn(f"not merged: {finding}", SqueezebenchWarning, stacklevel=2)
        bad = {finding.path for finding in findings}
        for pattern in ("jobs/*.nc", "timings/*.json", "runs/*.json"):
            for file in sorted(source.path.glob(pattern)):
                destination = target.path / file.relative_to(source.path)
                if file not in bad and _better(file, destination):
                    write_atomically(destination, lambda temporary, file=file: shutil.copy2(file, temporary))
    target.refresh()
    return target.path


def _better(file: Path, destination: Path) -> bool:
    """Whether a file is to be copied: nothing is there yet, or only failures that it does not share."""
    if not destination.exists():
        return True
    if file.suffix != ".nc":
        return False
    try:
        there = sum(status in FAILED for status in read_heads(destination).values())
    except StoreError:
        return True
    return sum(status in FAILED for status in read_heads(file).values()) < there


def average(results: xr.Dataset, over: str, weights: Any = None) -> xr.Dataset:
    """Observables of a mixture over one sweep axis, such as an ensemble whose atom number fluctuates.

    The raw moments ⟨J_a⟩ and ½⟨J_aJ_b + J_bJ_a⟩ are mixed with the given weights, and every quantity is formed from the
    mixture, ξ² with the mean N: an average of ξ² itself would be of no state.

    Parameters
    ----------
    results : xarray.Dataset
        From `squeezebench.run`, with the series kept.
    over : str
        The axis.
    weights : array_like, DataArray or mapping of coordinate to weight, optional
        One weight a point, ≥ 0, normalised here; equal by default.

    Returns
    -------
    xarray.Dataset
        ``spin``, ``covariance``, ``xi2``, ``xi2_db``, ``n_eff`` and ``contrast`` without the dim `over`.

    Raises
    ------
    InvalidOptionError
        If there is no such axis, the weights do not fit it, or the points do not share their times.
    """
    import xarray as xr

    if "status" not in getattr(results, "data_vars", ()):
        raise InvalidOptionError(f"results = {shown(results)} are no data set of squeezebench.run or .load")
    axes = [str(dim) for dim in results["status"].dims if dim != "solver"]
    if not isinstance(over, str) or over not in axes:
        known = ", ".join(axes) or "none"
        raise InvalidOptionError(f"over = {shown(over)} is no sweep axis of these results; they have {known}")
    if "spin" not in results or "time" not in results.dims:
        raise InvalidOptionError("averaging needs the series at times that all points share: keep=['series']")
    factors = _weights(results[over].values, weights)
    share = xr.DataArray(factors, dims=[over])
    spin = (results.spin * share).sum(over, skipna=False)
    other = results.spin.rename(axis="axis_")
    raw = ((results.covariance + results.spin * other) * share).sum(over, skipna=False)
    covariance = raw - spin * spin.rename(axis="axis_")
    N = (results.n_spins * share).sum(over, skipna=False)
    return _mixture(spin, covariance, N)


def _mixture(spin: xr.DataArray, covariance: xr.DataArray, N: xr.DataArray) -> xr.Dataset:
    """Observables of mixed moments; N, the mean number of spins, may differ from cell to cell."""
    import xarray as xr

    from squeezebench.observables import kernels

    spin = spin.transpose(..., "axis")
    covariance = covariance.transpose(*spin.dims, "axis_")
    sizes = N.broadcast_like(spin.isel(axis=0, drop=True)).values
    names: dict[str, tuple[str, Callable[..., float]]] = {
        "xi2": ("Wineland squeezing parameter ξ² with the mean N", lambda s, c, n: kernels.xi2_wineland(s, c, n)),
        "n_eff": ("effective atom number N_eff", lambda s, c, n: kernels.n_eff(s, c, n)),
        "contrast": ("contrast 2|⟨J⟩|/N", lambda s, c, n: kernels.contrast(s, n)),
    }
    values = {name: np.full(sizes.shape, np.nan) for name in names}
    s, c = np.ascontiguousarray(spin.values), np.ascontiguousarray(covariance.values)
    for index in np.ndindex(*sizes.shape):
        if np.isfinite(s[index]).all() and np.isfinite(c[index]).all():
            for name, (_, function) in names.items():
                values[name][index] = function(s[index], c[index], float(sizes[index]))
    data = {"spin": spin, "covariance": covariance, "n_spins": N}
    for name, (long_name, _) in names.items():
        data[name] = xr.DataArray(values[name], dims=spin.dims[:-1], attrs={"long_name": long_name, "units": "1"})
    ds = xr.Dataset(data)
    ds["xi2_db"] = 10 * np.log10(ds["xi2"].where(ds["xi2"] > 0))
    ds["xi2_db"].attrs = {"long_name": "10 log10 of ξ²: negative is squeezed", "units": "dB"}
    return ds


def _weights(values: np.ndarray[Any, Any], weights: Any) -> np.ndarray[Any, Any]:
    expected = f"weights = {shown(weights)}: give {len(values)} numbers ≥ 0, not all 0"
    given: Any = np.ones(len(values)) if weights is None else weights
    if isinstance(given, Mapping):
        known = values.tolist()
        for key in given:
            if key not in known:
                raise InvalidOptionError(f"weights: {shown(key)} is none of the axis' values {shown(known)}")
        given = [given.get(value, 0.0) for value in known]
    try:
        factors = np.asarray(given)
    except (TypeError, ValueError) as error:
        raise InvalidOptionError(expected) from error
    if factors.dtype.kind not in "iuf" or factors.shape != values.shape or not np.isfinite(factors).all():
        raise InvalidOptionError(expected)
    if (factors < 0).any() or not factors.any():
        raise InvalidOptionError(expected)
    factors = factors / factors.max()  # so that the sum does not overflow
    normalised: np.ndarray[Any, Any] = factors / factors.sum()
    return normalised
