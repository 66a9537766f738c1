"""Whether a data set is one of squeezebench's: names, dimensions, types, units and provenance."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from squeezebench.errors import SqueezebenchError
from squeezebench.observables import builtin

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["validate"]

_ERRORS = ("_stderr", "_error")


def validate(ds: xr.Dataset) -> None:
    """Check the schema of a data set as `squeezebench.solve` returns it.

    Parameters
    ----------
    ds : xarray.Dataset
        What to check. Variables beyond the known ones (a plugin's observables) need ``long_name`` and ``units`` only.

    Raises
    ------
    SqueezebenchError
        With every problem that was found, one after the other.

    Examples
    --------
    >>> import xarray as xr
    >>> from squeezebench.testing import validate
    >>> validate(xr.Dataset())  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    squeezebench.errors.SqueezebenchError: no valid data set: not a coordinate: time; ...
    """
    import xarray as xr

    if not isinstance(ds, xr.Dataset):
        raise SqueezebenchError(f"no valid data set: {type(ds).__name__} is no xarray.Dataset")
    problems = [*_coordinates(ds), *_known_variables(ds), *_all_variables(ds), *_provenance(ds)]
    if problems:
        raise SqueezebenchError("no valid data set: " + "; ".join(problems))


def _coordinates(ds: xr.Dataset) -> list[str]:
    problems = []
    for name in ("time", "axis", "axis_"):
        if name not in ds.coords:
            problems.append(f"not a coordinate: {name}")
        elif ds[name].dims != (name,):
            problems.append(f"{name} has the dimensions {ds[name].dims} instead of ({name!r},)")
        elif name == "time":
            problems += _wrong_time(ds[name])
        elif ds[name].values.tolist() != ["x", "y", "z"]:
            problems.append(f"{name} is {ds[name].values.tolist()} instead of ['x', 'y', 'z']")
    return problems


def _wrong_time(time: xr.DataArray) -> list[str]:
    values = time.values
    if values.dtype.kind != "f":
        return [f"time has the type {values.dtype} instead of float64"]
    if not len(values) or not (values[1:] > values[:-1]).all():
        return ["time does not increase"]
    return []


def _known_variables(ds: xr.Dataset) -> list[str]:
    """Problems of the variables that squeezebench itself defines, and of their errors."""
    expected: dict[str, tuple[str, ...]] = {}
    for observable in builtin():
        dims = ("time",) * observable.over_time + observable.dims
        expected[observable.name] = dims
        expected |= {observable.name + ending: dims for ending in _ERRORS if observable.name + ending in ds}
        single = f"{observable.name}_trajectory"
        if single in ds:
            expected[single] = ("trajectory", *dims)
    expected["valid_until"] = ()
    if "reliable" in ds or "spin_stderr" in ds:
        expected["reliable"] = ("time",)
    problems = []
    for name, dims in expected.items():
        if name not in ds.data_vars:
            problems.append(f"no variable {name}")
            continue
        dtype = "bool" if name == "reliable" else "float64"
        if ds[name].dims != dims:
            problems.append(f"{name} has the dimensions {ds[name].dims} instead of {dims}")
        if ds[name].dtype != dtype:
            problems.append(f"{name} has the type {ds[name].dtype} instead of {dtype}")
    return problems


def _all_variables(ds: xr.Dataset) -> list[str]:
    """Problems of labels, units and the links from values to their errors."""
    problems = []
    for name in map(str, ds.variables):
        attrs = ds[name].attrs
        wanted = ("long_name",) if name in ("axis", "axis_") else ("long_name", "units")
        problems += [f"{name} has no {key}" for key in wanted if not _is_text(attrs.get(key))]
        linked = str(attrs.get("ancillary_variables", "")).split()
        problems += [f"{name} names {other} as ancillary, which is not there" for other in linked if other not in ds]
        for ending in _ERRORS:
            error = name + ending
            if error in ds:
                if error not in linked:
                    problems.append(f"{name} does not name {error} as ancillary")
                if ds[error].attrs.get("units") != attrs.get("units"):
                    problems.append(f"{error} has other units than {name}")
    return problems


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _provenance(ds: xr.Dataset) -> list[str]:
    text = ds.attrs.get("squeezebench")
    if not isinstance(text, str):
        return ["no provenance: attrs['squeezebench'] is a JSON text"]
    try:
        content = json.loads(text, parse_constant=_refuse)
    except ValueError as error:
        return [f"the provenance is no JSON: {error}"]
    return [] if isinstance(content, dict) else ["the provenance is no JSON object"]


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not allowed in JSON")
