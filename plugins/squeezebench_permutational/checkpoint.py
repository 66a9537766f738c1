"""Checkpoints: what a course needs to be taken up again where a process was killed, to the same last digit.

A file holds the state, the moments so far, and the numbers that the next step depends on. It is written beside its
place and moved there, so that a kill while writing leaves the one before. Arrays only, no objects: numpy reads it
without pickle.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import squeezebench as sb

from .layout import Layout
from .multipole_layout import MultipoleLayout
from .pictures import BlockPicture, Picture, PopulationPicture

__all__ = ["Checkpoint", "key_of"]

#: Seconds between two files.
_EVERY = 30.0
#: Changes with what is in a file, or with the arithmetic.
_FORMAT = 1
#: Of a multipole's and an aligned picture, beside layout and numbers.
_MULTIPOLES = ("limit", "_margin", "_least", "largest", "truncated")
_ALIGNED = ("_margin", "_least", "_now", "_judged", "_speed", "_leak", "_rate")
_WINDOW = ("leak", "narrowest", "_margin", "_jumps", "_now")


def key_of(problem: sb.Problem, options: Any) -> str:
    """What a checkpoint is good for: the same problem, options and version."""
    content = {
        "format": _FORMAT,
        "version": sb.__version__,
        "problem": problem.to_dict(),
        "options": options.model_dump(),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


class Checkpoint:
    """A file in a folder.

    Parameters
    ----------
    folder : Path or None
        Where; None writes and finds nothing.
    key : str
        Of the problem, as `key_of` makes it.
    """

    def __init__(self, folder: Path | None, key: str) -> None:
        self._path = None if folder is None else Path(folder) / f"permutational-{key[:16]}.npz"
        self._key = key
        self._written = time.monotonic()

    def load(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]] | None:
        """Numbers and arrays, if there is a whole file of this problem."""
        if self._path is None or not self._path.is_file():
            return None
        try:
            with self._path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            meta = json.loads(str(arrays.pop("meta")))
        except (OSError, ValueError, AttributeError, KeyError, EOFError, zipfile.BadZipFile):
            return None
        return (meta, arrays) if meta.get("key") == self._key else None

    @property
    def exists(self) -> bool:
        """Whether there is a file; it may turn out not to be a whole one."""
        return self._path is not None and self.load() is not None

    @property
    def due(self) -> bool:
        """Whether it is time for the next file."""
        return self._path is not None and time.monotonic() - self._written >= _EVERY

    def save(self, meta: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
        """Write the file.

        Raises
        ------
        SolverError
            If the folder cannot be written.
        """
        if self._path is None:
            return
        text = np.array(json.dumps({**meta, "key": self._key}))
        beside = self._path.with_name(f"{self._path.stem}.{os.getpid()}.part.npz")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            np.savez(beside, meta=text, **dict(arrays))  # type: ignore[arg-type]
            beside.replace(self._path)
        except OSError as error:
            beside.unlink(missing_ok=True)
            raise sb.SolverError(f"the checkpoint {self._path} cannot be written: {error}") from error
        self._written = time.monotonic()

    def remove(self) -> None:
        """The course is finished."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)


def packed(course: Any) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Numbers and arrays of a course."""
    picture = course.picture
    layout = picture.layout
    meta = {
        "picture": picture.name,
        "angle": picture.angle,
        "pace": dataclasses.asdict(course.pace),
        "window": {name: getattr(course._window, name) for name in _WINDOW},
        "names": course.names,
        "most_numbers": course.most_numbers,
        "layout": {"K": getattr(layout, "K", None), "planes": getattr(layout, "planes", None)},
        "depth": getattr(layout, "depth", None),
    }
    arrays = {
        "x": picture.x,
        "spins": np.array(layout.spins),
        "spin": course.spin,
        "covariance": course.covariance,
        "trace": course.trace,
        "errors": course.errors,
    }
    if picture.name in ("multipoles", "aligned"):
        names = _MULTIPOLES if picture.name == "multipoles" else _ALIGNED
        meta["numbers"] = {name: getattr(picture, name) for name in names}
        meta["extents"] = None if picture._extents is None else list(picture._extents[1:])
    if picture.name == "multipoles":
        arrays["tops"] = layout.tops
    if picture.name == "aligned":
        arrays["R"] = picture._R
    return meta, arrays


def unpack_into(
    course: Any, meta: dict[str, Any], arrays: dict[str, NDArray[Any]], model: sb.SpinModel, atol: float
) -> None:
    """Put a course where `packed` found it."""
    course.pace = type(course.pace)(**{**meta["pace"], "errors": tuple(meta["pace"]["errors"])})
    for name in _WINDOW:
        setattr(course._window, name, meta["window"][name])
    course.names, course.most_numbers = list(meta["names"]), meta["most_numbers"]
    for name in ("spin", "covariance", "trace", "errors"):
        getattr(course, name)[...] = arrays[name]
    course.picture = _picture(meta, arrays, course.picture.layout.N, course._spins, model, atol)


def _picture(
    meta: dict[str, Any],
    arrays: dict[str, NDArray[Any]],
    N: int,
    all_spins: list[float],
    model: sb.SpinModel,
    atol: float,
) -> Picture:
    spins, name = arrays["spins"].tolist(), meta["picture"]
    if name == "diagonal":
        from .layout import PopulationLayout

        return PopulationPicture(PopulationLayout(N, spins), arrays["x"], meta["angle"])
    if name == "blocks":
        return BlockPicture(Layout(N, spins), arrays["x"], meta["angle"])
    picture: Any
    if name == "multipoles":
        from .multipole_picture import MultipolePicture

        layout = MultipoleLayout(N, spins, meta["layout"]["K"], meta["layout"]["planes"], arrays["tops"])
        picture = MultipolePicture(layout, arrays["x"], meta["angle"], all_spins, meta["numbers"]["limit"])
    else:
        from .aligned import AlignedPicture

        picture = AlignedPicture(Layout(N, spins, meta["depth"]), arrays["x"], arrays["R"], atol)
    for key, value in meta["numbers"].items():
        setattr(picture, key, value)
    if meta["extents"] is not None:
        picture._extents = (model, *meta["extents"])
    restored: Picture = picture
    return restored
