"""Blocks of sampled solutions as variables of a data set: what error bars and comparisons are made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .moments import Samples

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["CELL_DIM", "DIM", "PREFIX", "merged", "of_run", "of_solution", "samples_of_cell", "samples_of_solution"]

#: Dimension of blocks (`block` is that of the Dicke blocks of kept states), of cells that have any, and how the
#: variables' names begin.
DIM, CELL_DIM, PREFIX = "sample_block", "sampled_cell", "block_"
#: Most blocks of a cell that a data set holds: neighbours are put together. The store keeps all of them.
MOST_BLOCKS = 512
#: Most numbers in all blocks of a run's data set, half a gigabyte. Fewer, larger blocks are kept of larger runs.
_MOST_NUMBERS = 2**26
#: With fewer blocks than this nobody can tell chance from error: then none are kept.
_FEWEST_BLOCKS = 16

_ABOUT = {
    "weight": ("weight of each block of trajectories", "1"),
    "spin": ("mean spin ⟨J⟩ in each block of trajectories", "1"),
    "covariance": ("covariance of J in each block of trajectories", "1"),
}
_TAILS: Mapping[str, tuple[str, ...]] = {"weight": (), "spin": ("axis",), "covariance": ("axis", "axis_")}

Array = NDArray[np.float64]


def merged(samples: Samples, most: int = MOST_BLOCKS) -> Samples:
    """At most `most` blocks, of neighbours put together: within plus between, as the framework pools them.

    Parameters
    ----------
    samples : Samples
        B blocks.
    most : int
        How many to keep; a whole number of neighbours goes into each.
    """
    order = np.argsort(samples.index0)
    size = -(-len(order) // most)
    if size <= 1:
        return samples
    first = np.arange(0, len(order), size)
    w, s, c = samples.weight[order], samples.spin[order], samples.covariance[order]
    s, c = np.where(w[..., None] > 0, s, 0.0), np.where(w[..., None, None] > 0, c, 0.0)
    weight = np.add.reduceat(w, first)
    safe = np.where(weight > 0, weight, 1.0)
    spin = np.add.reduceat(w[..., None] * s, first) / safe[..., None]
    apart = s - np.repeat(spin, size, axis=0)[: len(order)]
    total = w[..., None, None] * (c + apart[..., :, None] * apart[..., None, :])
    covariance = np.add.reduceat(total, first) / safe[..., None, None]
    return Samples(weight, spin, covariance, np.add.reduceat(samples.count[order], first), samples.index0[order][first])


def of_solution(samples: Samples) -> dict[str, tuple[tuple[str, ...], Array, str, str]]:
    """Name → dims, values, long name and units of one solution's blocks."""
    kept = merged(samples)
    return {
        PREFIX + part: (("time", DIM, *_TAILS[part]), np.array(getattr(kept, part).swapaxes(0, 1), np.float64), *about)
        for part, about in _ABOUT.items()
    }


def of_run(
    samples: Mapping[int, Samples], shape: tuple[int, ...], dims: tuple[str, ...], time_dim: str
) -> dict[str, tuple[tuple[str, ...], NDArray[Any], dict[str, str]]]:
    """Name → dims, values and attributes of the blocks of a run's sampled cells.

    Parameters
    ----------
    samples : mapping of int to Samples
        Flat index of the cell → its blocks.
    shape, dims : tuple
        Of the cells: solver and sweep axes.
    time_dim : str
        ``time`` or ``step``.
    """
    if not samples:
        return {}
    times = max(item.spin.shape[1] for item in samples.values())
    most = min(MOST_BLOCKS, _MOST_NUMBERS // (13 * times * len(samples)))
    if most < _FEWEST_BLOCKS:
        return {}
    every = [merged(item, most) for item in samples.values()]
    B = max(len(item.count) for item in every)
    where = np.full(int(np.prod(shape)), -1, dtype=np.int64)
    where[list(samples)] = np.arange(len(every))
    name = PREFIX + "cell"
    found: dict[str, tuple[tuple[str, ...], NDArray[Any], dict[str, str]]] = {
        name: (dims, where.reshape(shape), {"long_name": "place of the cell's blocks; -1: none", "units": "1"})
    }
    for part, (long_name, units) in _ABOUT.items():
        tail = (3,) * len(_TAILS[part])
        array = np.full((len(every), B, times, *tail), 0.0 if part == "weight" else np.nan)
        for k, item in enumerate(every):
            values = getattr(item, part)
            array[k, : values.shape[0], : values.shape[1]] = values
        attrs = {"long_name": long_name, "units": units}
        found[PREFIX + part] = ((CELL_DIM, DIM, time_dim, *_TAILS[part]), array, attrs)
    return found


def samples_of_solution(ds: xr.Dataset) -> Samples | None:
    """Blocks that a data set of one solution holds."""
    if PREFIX + "weight" not in ds or CELL_DIM in ds[PREFIX + "weight"].dims:
        return None
    return _samples([ds[PREFIX + part].values.swapaxes(0, 1) for part in _ABOUT])


def samples_of_cell(cell: xr.Dataset) -> Samples | None:
    """Blocks of one cell of a run's data set, of which solver and axes are chosen."""
    place = int(cell[PREFIX + "cell"]) if PREFIX + "cell" in cell else -1
    if place < 0:
        return None
    return _samples([cell[PREFIX + part].values[place] for part in _ABOUT])


def _samples(parts: Sequence[Array]) -> Samples | None:
    weight, spin, covariance = parts
    there = (weight > 0).any(axis=1)
    if not there.any():
        return None
    B = int(there.sum())
    return Samples(weight[there], spin[there], covariance[there], np.ones(B, np.int64), np.arange(B))
