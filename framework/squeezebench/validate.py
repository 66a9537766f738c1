"""Strict checks of single values: no bool for a number, no text for a number, nothing that is not finite."""

from __future__ import annotations

import difflib
import math
import numbers
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import InvalidModelError

__all__ = [
    "finite_float",
    "half_integer",
    "hermitian_matrix",
    "nearest",
    "number_array",
    "positive_int",
    "rate",
    "real_vector",
]

#: Asymmetry and negative eigenvalues up to this fraction of a matrix's largest entry are round-off, not content.
_MATRIX_TOLERANCE = 1e-10

#: Beyond this float(N) and N differ.
_LARGEST_INT = 2**53


def positive_int(value: Any, name: str) -> int:
    """`value` as an int ≥ 1 that a float holds exactly; bools, floats and text are refused."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Integral):
        raise InvalidModelError(f"{name} = {value!r} is no whole number: give an int of at least 1")
    if value < 1:
        raise InvalidModelError(f"{name} = {value} is too small: give an int of at least 1")
    if int(value) > _LARGEST_INT:
        raise InvalidModelError(f"{name} is too large: give an int of at most 2^53")
    return int(value)


def finite_float(value: Any, name: str) -> float:
    """`value` as a finite float; bools, complex numbers and text are refused."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Real):
        raise InvalidModelError(f"{name} = {value!r} is no real number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise InvalidModelError(f"{name} = {value!r} is not finite")
    return number + 0.0


def rate(value: Any, name: str) -> float:
    """`value` as a finite float ≥ 0."""
    number = finite_float(value, name)
    if number < 0:
        raise InvalidModelError(f"{name} = {number!r} is negative: a rate is 0 or more")
    return number


def half_integer(value: Any, name: str) -> float:
    """`value` as a multiple of 1/2."""
    number = finite_float(value, name)
    if not (2 * number).is_integer():
        raise InvalidModelError(f"{name} = {value!r} is no multiple of 1/2")
    return number


def real_vector(value: Any, name: str) -> tuple[float, float, float]:
    """Three finite floats from a sequence of three numbers."""
    items = value.tolist() if isinstance(value, np.ndarray) else value
    if isinstance(items, str | bytes) or not isinstance(items, Iterable):
        raise InvalidModelError(f"{name} = {value!r} is no vector: give three numbers (x, y, z)")
    entries = list(items)
    if len(entries) != 3:
        raise InvalidModelError(f"{name} has {len(entries)} entries: give three numbers (x, y, z)")
    x, y, z = (finite_float(entry, f"{name}[{axis}]") for entry, axis in zip(entries, "xyz", strict=True))
    return x, y, z


def number_array(value: Any, name: str, what: str) -> NDArray[np.complex128]:
    """`value` as a complex array; bools, text and ragged lists are refused. `what` says what was expected."""
    try:
        raw = np.array(value)
    except (TypeError, ValueError) as error:
        raise InvalidModelError(f"{name} = {value!r} is no {what}") from error
    if raw.dtype.kind not in "iufc":
        raise InvalidModelError(f"{name} = {value!r} is no {what}")
    return raw.astype(np.complex128)


def hermitian_matrix(value: Any, name: str, *, real: bool = False, positive: bool = False) -> NDArray[np.complex128]:
    """3×3 Hermitian matrix, symmetric real if `real`, positive semidefinite if `positive`."""
    matrix = number_array(value, name, "3x3 matrix of numbers")
    if matrix.shape != (3, 3):
        raise InvalidModelError(f"{name} has shape {matrix.shape}: give a 3x3 matrix over (x, y, z)")
    if not np.isfinite(matrix).all():
        raise InvalidModelError(f"{name} has an entry that is not finite")
    scale = np.abs(matrix).max()
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
