"""The canonical form of a model: Kossakowski matrices, and which of them the named couplings express."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import InvalidModelError
from .validate import hermitian_matrix

__all__ = ["complex_matrix", "kossakowski", "reduced_couplings"]


def kossakowski(emission: float, pumping: float, dephasing: float) -> NDArray[np.complex128]:
    """Kossakowski matrix of L(J₋), L(J₊), L(J_z) with the given rates: c_ab = Σ rate v_a v_b*, O = v·J."""
    total, difference = emission + pumping, emission - pumping
    return np.array([[total, 1j * difference, 0], [-1j * difference, total, 0], [0, 0, dephasing]], dtype=np.complex128)


def reduced_couplings(K: Any, collective: Any, single: Any) -> dict[str, Any]:
    """Arguments of a spin model for a quadratic form and two Kossakowski matrices, named couplings where they do.

    Parameters
    ----------
    K : array_like (3, 3) or None
        Quadratic form of H.
    collective, single : array_like (3, 3) or None
        Kossakowski matrices over J_a and σ_a/2.

    Raises
    ------
    InvalidModelError
        If a shape, symmetry or sign is wrong.
    """
    values: dict[str, Any] = {}
    if K is not None:
        quadratic = hermitian_matrix(K, "K", real=True).real
        if _same(quadratic, np.diag([quadratic[0, 0], quadratic[0, 0], quadratic[2, 2]])):
            values |= {"chi": float(quadratic[0, 0]), "twisting": float(quadratic[2, 2])}
        else:
            values["quadratic"] = quadratic
    for name, matrix, prefix in (("collective", collective, "collective_"), ("single", single, "")):
        if matrix is None:
            continue
        dissipator = hermitian_matrix(matrix, name, positive=True)
        named = _named_rates(dissipator)
        if named is None:
            values[f"{name}_matrix"] = dissipator
        else:
            values |= {prefix + key: value for key, value in named.items()}
    return values


def _named_rates(matrix: NDArray[np.complex128]) -> dict[str, float] | None:
    """Rates whose `kossakowski` is `matrix` up to round-off, or None."""
    total, difference = float(matrix[0, 0].real), float(matrix[0, 1].imag)
    rates = {
        "emission": max(0.0, (total + difference) / 2),
        "pumping": max(0.0, (total - difference) / 2),
        "dephasing": max(0.0, float(matrix[2, 2].real)),
    }
    return rates if _same(kossakowski(**rates), matrix) else None


def _same(a: NDArray[Any], b: NDArray[Any]) -> bool:
    """Whether two matrices differ by no more than a few units in the last place of the largest entry."""
    return bool(np.abs(a - b).max() <= 1e-15 * np.abs(b).max())


def complex_matrix(rows: Any, name: str) -> Any:
    """Matrix from its JSON form, in which complex entries are {"re": …, "im": …}."""
    try:
        return [
            [complex(entry["re"], entry["im"]) if isinstance(entry, dict) else entry for entry in row] for row in rows
        ]
    except (KeyError, TypeError) as error:
        raise InvalidModelError(f"{name} is no 3x3 matrix of numbers or {{re, im}} pairs") from error
