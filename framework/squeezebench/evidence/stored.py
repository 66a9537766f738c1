"""Validity maps that come with the package: what took from minutes to hours to compute, as small files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from squeezebench.errors import InvalidOptionError, StoreError
from squeezebench.validate import nearest, shown

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["keep_map", "stored_map", "stored_maps"]

_DATA = Path(__file__).parent / "data"


def stored_maps() -> list[str]:
    """Names of the maps: those of the scenarios that they are of."""
    return sorted(file.stem for file in _DATA.glob("*.nc"))


def stored_map(name: str) -> xr.Dataset:
    """Validity map that comes with the package, as `squeezebench.validity` gave it.

    Parameters
    ----------
    name : str
        ``"validity_size"``, ``"validity_drive"`` or ``"validity_large"``.

    Returns
    -------
    xarray.Dataset
        Its ``attrs["squeezebench"]`` has the tolerance and the run; ``attrs["command"]`` makes it anew.

    Raises
    ------
    InvalidOptionError
        If there is no such map.
    StoreError
        If its file cannot be read.

    Examples
    --------
    >>> from squeezebench.evidence import stored_map
    >>> ds = stored_map("validity_size")
    >>> ds.verdict.sel(solver="permutational", N=100, gamma_s=3).item()
    'reference'
    """
    import xarray as xr

    names = stored_maps()
    if name not in names:
        raise InvalidOptionError(f"there is no stored map {shown(name)}{nearest(str(name), names)}")
    try:
        return xr.load_dataset(_DATA / f"{name}.nc", engine="h5netcdf")
    except (OSError, ValueError) as error:
        raise StoreError(f"the stored map {name} cannot be read: {error}; install the package again") from error


def keep_map(store: str | Path, name: str) -> Path:
    """Make the file of a map from a run of its scenario in a folder; for those who make the package.

    ``squeezebench run validity_size --threads 1 -o maps/``, and then
    ``python -m squeezebench.evidence.stored maps/ validity_size``.
    """
    from squeezebench.harness import load

    from .holds import validity

    ds = validity(load(store, name))
    ds.attrs["command"] = f"squeezebench validity {name} --data {name}.nc"
    file = _DATA / f"{name}.nc"
    # One block of text or numbers a variable, compressed: the map is read whole.
    encoding = {key: {"zlib": True} for key, variable in ds.data_vars.items() if variable.dtype.kind == "f"}
    ds.to_netcdf(file, engine="h5netcdf", encoding=encoding)
    return file


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("python -m squeezebench.evidence.stored FOLDER validity_size|validity_drive|validity_large")
    print(keep_map(sys.argv[1], sys.argv[2]))
