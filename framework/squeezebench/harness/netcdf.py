"""NetCDF-4 files written with h5py: named dimensions as HDF5's dimension scales, and nothing else.

h5netcdf writes the same, and takes ten times as long (27 ms against 2.7 for the file of a small cell): most of what
such a cell would cost.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["Writer"]

#: What netCDF writes into a dimension that is no variable; the number is its length.
_NO_VARIABLE = "This is a netCDF dimension but not a netCDF variable. {:10d}"


class Writer:
    """Variables with named dimensions in one group of an HDF5 file.

    Parameters
    ----------
    group : h5py.Group
        Where they go.
    outer : Writer, optional
        That of the group around it, whose dimensions are known here.
    """

    def __init__(self, group: Any, outer: Writer | None = None) -> None:
        self._group = group
        self._outer = outer
        self._scales: dict[str, Any] = {}
        self._count: list[int] = [0] if outer is None else outer._count

    def group(self, name: str) -> Writer:
        """Writer for a new group in this one."""
        return Writer(self._group.create_group(name), self)

    def put(self, name: str, dims: tuple[str, ...], values: np.ndarray[Any, Any]) -> None:
        """Write one variable, and its dimensions where they are new.

        Parameters
        ----------
        name : str
            The variable.
        dims : tuple of str
            One a dimension of the array, none of them the name of a variable.
        values : ndarray
            Numbers, or texts of h5py's own type.
        """
        variable = self._group.create_dataset(name, data=values)
        for axis, dim in enumerate(dims):
            variable.dims[axis].attach_scale(self._scale(dim, values.shape[axis]))

    def _scale(self, dim: str, size: int) -> Any:
        writer: Writer | None = self
        while writer is not None:
            if dim in writer._scales:
                return writer._scales[dim]
            writer = writer._outer
        scale = self._group.create_dataset(dim, shape=(size,), dtype=">f4")
        scale.make_scale(_NO_VARIABLE.format(size))
        scale.attrs["_Netcdf4Dimid"] = np.int32(self._count[0])
        self._count[0] += 1
        self._scales[dim] = scale
        return scale
