"""Data sets as files: netCDF, CSV and Parquet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .block_variables import CELL_DIM, DIM, PREFIX
from .errors import InvalidOptionError
from .saved_states import STATE_DIMS
from .validate import real_path, shown, shown_path

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

__all__ = ["check_target", "to_frame", "write"]

SUFFIXES = (".nc", ".csv", ".parquet")


def check_target(path: str | Path) -> Path:
    """`path`, if a data set can be written there.

    Raises
    ------
    InvalidOptionError
        If the suffix is unknown or the folder is not there.
    """
    target = real_path(path, "path", "a file")
    if target.suffix not in SUFFIXES:
        raise InvalidOptionError(
            f"{shown_path(target)}: unknown suffix {target.suffix!r}; give one of {', '.join(SUFFIXES)}"
        )
    try:
        if not target.parent.is_dir():
            raise InvalidOptionError(
                f"{shown_path(target)}: there is no folder {shown_path(target.parent)}; make it first"
            )
        if target.is_dir():
            raise InvalidOptionError(f"{target} is a folder: give a file")
    except OSError as error:
        raise InvalidOptionError(f"{shown_path(target)}: {error.strerror or error}; give another name") from error
    return target


def to_frame(ds: xr.Dataset) -> pd.DataFrame:
    """Table of a data set: one row a point of its outer dims, one column a component.

    Parameters
    ----------
    ds : xarray.Dataset
        From `squeezebench.solve`, `run` or `compare`.

    Returns
    -------
    pandas.DataFrame
        ``spin`` becomes ``spin_x``, ``spin_y``, ``spin_z``, ``covariance`` ``covariance_xx`` …; values without time are
        repeated on each row. Kept states and the blocks of sampled solutions are left out.
    """
    import xarray as xr

    flat: dict[str, xr.DataArray] = {}
    for name, variable in ds.data_vars.items():
        if set(STATE_DIMS) & set(map(str, variable.dims)):  # whole states are no columns
            continue
        if {DIM, CELL_DIM} & set(map(str, variable.dims)) or str(name) == f"{PREFIX}cell":
            continue
        rows = [""] if "axis" not in variable.dims else [str(v) for v in ds["axis"].values]
        columns = [""] if "axis_" not in variable.dims else [str(v) for v in ds["axis_"].values]
        for row in rows:
            for column in columns:
                chosen = {dim: label for dim, label in (("axis", row), ("axis_", column)) if label}
                part = variable.sel(chosen).drop_vars(list(chosen), errors="ignore")
                flat[f"{name}_{row}{column}" if chosen else str(name)] = part
    frame: pd.DataFrame = xr.Dataset(flat).to_dataframe().reset_index()
    return frame


def write(ds: xr.Dataset, path: str | Path) -> Path:
    """Write a data set to a file; its suffix says how.

    Parameters
    ----------
    ds : xarray.Dataset
        From `squeezebench.solve`, `run` or `compare`.
    path : path
        ``.nc`` keeps everything, units and provenance too; ``.csv`` and ``.parquet`` hold the table of `to_frame`.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InvalidOptionError
        If the suffix is unknown, or Parquet is asked for without pyarrow.
    StoreError
        If it cannot be written.
    """
    from .harness.files import write_atomically

    if not hasattr(ds, "data_vars") or not hasattr(ds, "to_netcdf") or not ds.data_vars:
        raise InvalidOptionError(f"ds = {shown(ds)} is no data set of squeezebench.solve, run or compare")
    target = check_target(path)
    if target.suffix == ".parquet":
        try:
            import pyarrow  # noqa: F401 - only to say what is missing before pandas does it at length
        except ImportError as error:
            message = f"{target}: Parquet needs pyarrow: python -m pip install 'squeezebench[parquet]'"
            raise InvalidOptionError(message) from error

    def save(temporary: Path) -> None:
        if target.suffix == ".nc":
            ds.to_netcdf(temporary, engine="h5netcdf")
        elif target.suffix == ".csv":
            to_frame(ds).to_csv(temporary, index=False)
        else:
            to_frame(ds).to_parquet(temporary, index=False)

    write_atomically(target, save)
    return target
