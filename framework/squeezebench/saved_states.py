"""States that a solver kept: what they look like, and how one of them is read back.

A solver that is asked to ``keep={"states"}`` puts a mapping into ``Moments.extra["states"]``; data sets have the same
arrays as variables ``state_<name>``:

===========  ==================  =================================================================================
``time``     (T,)                when
``J``        (B,)                total spin of each block, the same blocks at all times
``weight``   (T, B)              probability of the multiplets of each J
``trace``    (T,)                Σ of the weights
``purity``   (T,)                Tr ρ² on 2^N
``matrix``   (T, Σ(2J+1)²)       weighted blocks ⟨J, M|P_J|J, M'⟩, Tr P_J = weight, one after the other, row by row,
                                 M = −J … J; complex (two arrays ``re`` and ``im`` in a store and in data sets)
===========  ==================  =================================================================================

or, where populations are all there is, ``population`` (T, Σ(2J+1)) instead of ``matrix``.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .errors import InvalidModelError
from .states import DickeBlocks
from .validate import shown

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["PREFIX", "STATE_DIMS", "SavedState", "chosen_state", "is_states", "state_at", "state_variables"]

Array = NDArray[np.float64]

#: Variables of a data set that hold states begin like this.
PREFIX = "state_"
#: Their dimensions.
STATE_DIMS = ("state", "block", "entry")
#: Blocks that hold less are left out of a state that is read back: round-off may be all that they are.
_NEGLIGIBLE = 1e-12


@dataclass(frozen=True)
class SavedState:
    """One state.

    Attributes
    ----------
    spins : list of float
        J of each of its B blocks.
    real, imaginary : sequence of B arrays
        Weighted blocks P_J, (2J+1, 2J+1) each; or populations ⟨J, M|P_J|J, M⟩, (2J+1,) each, if `full` is False
        (`imaginary` is empty then).
    full : bool
        Whether there are blocks, or populations only.
    """

    spins: list[float]
    real: Sequence[Array]
    imaginary: Sequence[Array]
    full: bool

    def blocks(self) -> Iterator[tuple[float, NDArray[np.complex128]]]:
        """(J, weighted block) of each J."""
        for b, J in enumerate(self.spins):
            yield J, self.real[b] + 1j * self.imaginary[b] if self.full else np.diag(self.real[b]).astype(np.complex128)


def is_states(states: Any) -> bool:
    """Whether this is a mapping of the form above."""
    return (
        isinstance(states, Mapping)
        and {"time", "J", "weight", "trace", "purity"} <= set(states)
        and bool({"matrix", "population"} & set(states))
    )


def state_variables(states: Mapping[str, Any]) -> dict[str, tuple[tuple[str, ...], Array, str, str]]:
    """Variables of a data set for a mapping of the form above: name → (dims, values, long name, units)."""
    variables: dict[str, tuple[tuple[str, ...], Array, str, str]] = {}

    def put(name: str, values: Any, dims: tuple[str, ...], long_name: str, units: str = "1") -> None:
        variables[PREFIX + name] = (dims, np.array(values, dtype=np.float64), long_name, units)

    put("time", states["time"], ("state",), "times of the kept states", "time")
    put("J", states["J"], ("block",), "total spin J of each block of the kept states")
    put("weight", states["weight"], ("state", "block"), "probability of the multiplets of each J")
    put("trace", states["trace"], ("state",), "trace of the kept states")
    put("purity", states["purity"], ("state",), "purity Tr ρ² of the kept states")
    if "matrix" in states:
        real, imaginary = _parts(states["matrix"])
        put("matrix_re", real, ("state", "entry"), "blocks of the kept states, real parts")
        put("matrix_im", imaginary, ("state", "entry"), "blocks of the kept states, imaginary parts")
    else:
        put("population", states["population"], ("state", "entry"), "populations of the kept states")
    return variables


def state_at(states: Any, index: int = -1) -> DickeBlocks:
    """One of the states that a solver kept, as a state to start from.

    Parameters
    ----------
    states : xarray.Dataset or mapping
        Data set of `squeezebench.solve` with ``keep={"states"}``, or ``Moments.extra["states"]``, from a run or a
        store.
    index : int
        Which of its T states; negative ones count from the last.

    Returns
    -------
    DickeBlocks
        Blocks that hold less than 1e-12 are left out, and the trace is made 1.

    Raises
    ------
    InvalidModelError
        If there are no states, or not so many.

    Examples
    --------
    >>> import squeezebench as sb
    >>> decay = sb.Problem(sb.SpinModel(N=2, emission=1.0), sb.DickeState(1, 1), times=[0.0, 0.5])
    >>> ds = sb.solve(decay, "permutational", keep={"states"})
    >>> sb.state_at(ds).bloch_vector(2).round(4).tolist() == (ds.spin[-1] / 1.0).values.round(4).tolist()
    True
    """
    blocks = []
    for J, matrix in chosen_state(states, index).blocks():
        share = float(np.trace(matrix).real)
        if share > _NEGLIGIBLE:
            blocks.append((J, share, matrix / share))
    total = math.fsum(share for _, share, _ in blocks)
    if not blocks or not math.isfinite(total):
        raise InvalidModelError(f"state {index} has the trace {total:.3g}: there is no such state (see valid_until)")
    return DickeBlocks([(J, share / total, matrix) for J, share, matrix in blocks])


def chosen_state(states: Any, index: int) -> SavedState:
    """State `index` of a data set, of a mapping as above, or of a state or list of blocks by itself (then 0 or −1)."""
    if isinstance(states, DickeBlocks):
        states = states.blocks
    if isinstance(states, Sequence) and not isinstance(states, str | bytes):
        _check_index(index, 1)
        return _of_blocks(states)
    entries = _entries(states)
    spins = np.asarray(entries["J"], dtype=np.float64)
    spins = spins[np.isfinite(spins)]  # data sets of a run are padded
    full = "matrix" in entries
    parts = _parts(entries["matrix"]) if full else (np.asarray(entries["population"], dtype=np.float64),)
    sizes = np.rint(2 * spins).astype(np.int64) + 1
    edges = np.concatenate([[0], np.cumsum(sizes**2 if full else sizes)])
    for part in parts:
        if part.ndim != 2 or part.shape[1] < edges[-1]:
            raise InvalidModelError(
                f"states with arrays of shape {part.shape}: expected (T, {edges[-1]}), one row a time"
                + (": choose one cell of the run with .sel or .isel" if part.ndim > 2 else "")
            )
    _check_index(index, len(parts[0]))
    shapes = [(size, size) if full else (size,) for size in sizes.tolist()]
    split = [
        [part[index, first:last].reshape(shape) for first, last, shape in zip(edges, edges[1:], shapes, strict=False)]
        for part in parts
    ]
    return SavedState(spins.tolist(), split[0], split[1] if full else (), full)


def _entries(states: Any) -> Mapping[str, Any]:
    """The mapping above, out of whatever the user has."""
    found: dict[str, Any] = {}
    if hasattr(states, "data_vars"):
        found = _of_dataset(states)
    elif isinstance(states, Mapping):
        found = dict(states)
    if "J" not in found or not ({"matrix", "population"} & set(found)):
        what = f"states with the entries {sorted(map(str, found))}" if found else f"states = {shown(states)}"
        raise InvalidModelError(f"{what}: there are no states; solve with keep={{'states'}} to have some")
    return found


def _of_dataset(ds: xr.Dataset) -> dict[str, Any]:
    names = [str(name) for name in ds.data_vars if str(name).startswith(PREFIX)]
    found: dict[str, Any] = {name.removeprefix(PREFIX): ds[name].values for name in names}
    if "J" in found and np.isnan(found["J"]).all():  # a cell of a run without states, beside cells that have some
        return {}
    if "matrix_re" in found and not np.isnan(found["matrix_re"]).all():
        found["matrix"] = {"re": found["matrix_re"], "im": found["matrix_im"]}
    return found


def _of_blocks(blocks: Sequence[Any]) -> SavedState:
    spins, real, imaginary = [], [], []
    for block in blocks:
        try:
            J, weight, matrix = block
            weighted = np.asarray(weight * np.asarray(matrix), dtype=np.complex128)
        except (TypeError, ValueError) as error:
            raise InvalidModelError(f"block {shown(block)} is no (J, weight, matrix)") from error
        if weighted.shape != (round(2 * J) + 1,) * 2:
            raise InvalidModelError(
                f"block J = {J!r} has shape {weighted.shape}: expected ({2 * J + 1:g}, {2 * J + 1:g})"
            )
        spins.append(float(J))
        real.append(np.ascontiguousarray(weighted.real))
        imaginary.append(np.ascontiguousarray(weighted.imag))
    return SavedState(spins, real, imaginary, True)


def _parts(matrix: Any) -> tuple[Array, Array]:
    """Real and imaginary parts; a store keeps them apart."""
    if isinstance(matrix, Mapping):
        return np.asarray(matrix["re"], dtype=np.float64), np.asarray(matrix["im"], dtype=np.float64)
    array = np.asarray(matrix)
    return np.asarray(array.real, dtype=np.float64), np.asarray(array.imag, dtype=np.float64)


def _check_index(index: Any, count: int) -> None:
    if isinstance(index, bool) or not isinstance(index, numbers.Integral) or not -count <= int(index) < count:
        raise InvalidModelError(f"index = {shown(index)}: there are {count} states, give a whole number below {count}")
