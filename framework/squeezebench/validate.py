"""Strict checks of single values: no bool for a number, no text for a number, nothing that is not finite."""

from __future__ import annotations

import difflib
import math
import numbers
import os
from collections.abc import Iterable, Mapping, Set
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import InvalidModelError, InvalidOptionError

__all__ = [
    "LARGEST_RATE",
    "coupling",
    "finite_float",
    "half_integer",
    "hermitian_matrix",
    "nearest",
    "number_array",
    "positive_int",
    "positive_number",
    "rate",
    "real_path",
    "real_vector",
    "shown",
    "shown_path",
]

#: Asymmetry and negative eigenvalues up to this fraction of a matrix's largest entry are round-off, not content.
_MATRIX_TOLERANCE = 1e-10

#: Larger couplings have sums and products without a floating-point value; another unit mends that.
LARGEST_RATE = 1e250

#: Characters of a bad value that a message shows.
_MAX_SHOWN = 60
_MAX_PATH = 200

#: Beyond this float(N) and N differ.
_LARGEST_INT = 2**53


def shown(value: Any) -> str:
    """`value` as a message shows it: its repr on one line, shortened; of a data set only that it is one."""
    if hasattr(value, "data_vars"):
        return f"<{type(value).__name__}>"
    try:
        text = repr(value)
    except Exception:  # a structure of great depth, a whole number of thousands of digits, or a repr that fails
        text = type(value).__name__
    text = " ".join(text.split())
    return text if len(text) <= _MAX_SHOWN else text[: _MAX_SHOWN - 1] + "…"


def shown_path(path: Path) -> str:
    """`path` as a message shows it: as it is, if it is printable and not too long."""
    text = str(path)
    return text if text.isprintable() and len(text) <= _MAX_PATH else shown(text)


def positive_int(value: Any, name: str) -> int:
    """`value` as an int ≥ 1 that a float holds exactly; bools, floats and text are refused."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Integral):
        raise InvalidModelError(f"{name} = {shown(value)} is no whole number: give an int of at least 1")
    if value < 1:
        raise InvalidModelError(f"{name} = {value} is too small: give an int of at least 1")
    if int(value) > _LARGEST_INT:
        raise InvalidModelError(f"{name} is too large: give an int of at most 2^53")
    return int(value)


def finite_float(value: Any, name: str) -> float:
    """`value` as a finite float; bools, complex numbers and text are refused."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Real):
        raise InvalidModelError(f"{name} = {shown(value)} is no real number: give a finite number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise InvalidModelError(f"{name} = {shown(value)} is not finite: give a finite number")
    return number + 0.0


def rate(value: Any, name: str) -> float:
    """`value` as a finite float ≥ 0."""
    number = coupling(value, name)
    if number < 0:
        raise InvalidModelError(f"{name} = {number!r} is negative: a rate is 0 or more")
    return number


def coupling(value: Any, name: str) -> float:
    """`value` as a finite float that can be added and multiplied without overflow."""
    number = finite_float(value, name)
    if abs(number) > LARGEST_RATE:
        raise InvalidModelError(f"{name} = {number!r} is too large: give rates in a larger unit")
    return number


def positive_number(value: Any, name: str, what: str, *, zero: bool = False) -> float:
    """`value` as a finite float > 0, or ≥ 0 with `zero`; raises `InvalidOptionError` with `what` it should be."""
    try:
        number = finite_float(value, name)
    except InvalidModelError:
        number = -1.0
    if number < 0 or (number == 0 and not zero):
        least = "of at least 0" if zero else "above 0"
        raise InvalidOptionError(f"{name} = {shown(value)}: give {what} {least}")
    return number


def half_integer(value: Any, name: str) -> float:
    """`value` as a multiple of 1/2."""
    number = finite_float(value, name)
    if not (2 * number).is_integer():
        raise InvalidModelError(f"{name} = {shown(value)} is no multiple of 1/2: give 0, 0.5, 1, …")
    return number


def real_vector(value: Any, name: str) -> tuple[float, float, float]:
    """Three finite floats from a sequence of three numbers."""
    items = value.tolist() if isinstance(value, np.ndarray) else value
    if isinstance(items, str | bytes | Mapping | Set) or not isinstance(items, Iterable):
        raise InvalidModelError(f"{name} = {shown(value)} is no vector: give three numbers (x, y, z)")
    entries = list(items)
    if len(entries) != 3:
        raise InvalidModelError(f"{name} has {len(entries)} entries: give three numbers (x, y, z)")
    x, y, z = (finite_float(entry, f"{name}[{axis}]") for entry, axis in zip(entries, "xyz", strict=True))
    return x, y, z


def real_path(value: Any, name: str, what: str) -> Path:
    """`value` as a path, with ``~`` filled in; raises `InvalidOptionError` with `what`, such as "a folder"."""
    try:
        text = os.fspath(value)
        if not isinstance(text, str) or not text.strip() or "\0" in text:
            raise TypeError
        return Path(text).expanduser()
    except (TypeError, RuntimeError) as error:
        raise InvalidOptionError(
            f"{name} = {shown(str(value) if isinstance(value, os.PathLike) else value)} is no path: give {what}"
        ) from error


def number_array(value: Any, name: str, what: str) -> NDArray[np.complex128]:
    """`value` as a complex array; bools, text and ragged lists are refused. `what` says what was expected."""
    try:
        raw = np.array(value)
    except (TypeError, ValueError) as error:
        raise InvalidModelError(f"{name} = {shown(value)} is no {what}") from error
    if raw.dtype.kind not in "iufc":
        raise InvalidModelError(f"{name} = {shown(value)} is no {what}")
    return raw.astype(np.complex128)


def hermitian_matrix(value: Any, name: str, *, real: bool = False, positive: bool = False) -> NDArray[np.complex128]:
    """3×3 Hermitian matrix, symmetric real if `real`, positive semidefinite if `positive`."""
    matrix = number_array(value, name, "3x3 matrix of numbers")
    if matrix.shape != (3, 3):
        raise InvalidModelError(f"{name} has shape {matrix.shape}: give a 3x3 matrix over (x, y, z)")
    if not np.isfinite(matrix).all():
        raise InvalidModelError(f"{name} has an entry that is not finite: give finite numbers")
    scale = np.abs(np.ascontiguousarray(matrix).view(np.float64)).max()
    if scale > LARGEST_RATE:
        raise InvalidModelError(f"{name} has an entry of {scale:g}, which is too large: give rates in a larger unit")
    if np.abs(matrix - matrix.conj().T).max() > _MATRIX_TOLERANCE * scale:
        kind = "symmetric" if real else "Hermitian"
        raise InvalidModelError(f"{name} is not {kind}: entry (a, b) must be the conjugate of (b, a)")
    if real and np.abs(matrix.imag).max() > 0:
        raise InvalidModelError(f"{name} is complex: give a real symmetric 3x3 matrix")
    matrix = (matrix + matrix.conj().T) / 2
    if positive:
        lowest = float(np.linalg.eigvalsh(matrix)[0])
        if lowest < -_MATRIX_TOLERANCE * scale:
            raise InvalidModelError(
                f"{name} has the negative eigenvalue {lowest:.6g}: a Kossakowski matrix is positive semidefinite"
            )
    return matrix


def nearest(name: str, known: Iterable[str]) -> str:
    """`"; did you mean 'x'?"`, or a list of what is known when nothing is near."""
    names = sorted(known)
    close = difflib.get_close_matches(str(name), names, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; known: {', '.join(names)}" if names else ""
