r"""A model's numbers as one flat array, for the generated right-hand sides; and which of them always go together.

In a model of the nine named couplings most of the numbers are zero, and the others are equal up to a sign or a factor
2, because such a model looks the same along x and y but for its drive. `named_links` finds this from the tables of each
coupling by itself; nothing of it is written down here.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

import squeezebench as sb
from squeezebench.pauli import pauli_tables

from .series import PAIRS

if TYPE_CHECKING:
    from squeezebench.pauli import PauliTables

__all__ = ["PLACES", "Links", "flat_coefficients", "is_named", "named_links"]

Array = NDArray[np.float64]

#: Name of each coefficient, in the order of `flat_coefficients`: ``inv_n`` is 1/N; ``t_ac`` is T_ac, ``t_a`` is T_a0;
#: the others carry a factor N and are summed over the orders of their index pairs: ``o_a_cd`` is N O_acd, ``i_ab_cd``
#: is ½N I_abcd, ``e_ab_c`` and ``c_ab`` the same with one and two identities for c and d.
_AXES = "xyz"
_PAIR_NAMES = tuple(_AXES[c] + _AXES[d] for c, d in PAIRS)
PLACES: dict[str, int] = {
    name: place
    for place, name in enumerate(
        (
            "inv_n",
            *(f"t_{a}{c}" for a in _AXES for c in _AXES),
            *(f"t_{a}" for a in _AXES),
            *(f"o_{a}_{cd}" for a in _AXES for cd in _PAIR_NAMES),
            *(f"i_{ab}_{cd}" for ab in _PAIR_NAMES for cd in _PAIR_NAMES),
            *(f"e_{ab}_{c}" for ab in _PAIR_NAMES for c in _AXES),
            *(f"c_{ab}" for ab in _PAIR_NAMES),
        )
    )
}
_SINGLE = slice(PLACES["t_xx"], PLACES["o_x_xx"])
_COUPLED = slice(PLACES["o_x_xx"], len(PLACES))

_FIRST = np.array([c for c, _ in PAIRS])
_SECOND = np.array([d for _, d in PAIRS])
_BOTH = np.where(_FIRST == _SECOND, 1.0, 2.0)

_COUPLINGS = (
    "chi",
    "twisting",
    "collective_emission",
    "collective_pumping",
    "collective_dephasing",
    "emission",
    "pumping",
    "dephasing",
)

#: Entries that should be linked may differ by this fraction of their table's largest one: round-off of the tables.
_ROUND_OFF = 1e-15


def flat_coefficients(tables: PauliTables, N: int) -> Array:
    """Coefficients in the order of `PLACES`, shape (91,).

    Parameters
    ----------
    tables : PauliTables
        Of the model, in its rate unit.
    N : int
        Number of spins.
    """
    pairs = tables.inside[_FIRST, _SECOND] * (N / 2 * _BOTH)[:, None, None]
    return np.concatenate(
        (
            [1.0 / N],
            tables.single[:, 1:].ravel(),
            tables.single[:, 0],
            (N * _BOTH * tables.outside[:, _FIRST + 1, _SECOND + 1]).ravel(),
            (pairs[:, _FIRST + 1, _SECOND + 1] * _BOTH).ravel(),
            (2.0 * pairs[:, 1:, 0]).ravel(),
            pairs[:, 0, 0],
        )
    )


class Links(NamedTuple):
    """Coefficient i is ``factor[i]`` times coefficient ``source[i]``; zero where the factor is 0.

    Attributes
    ----------
    source : ndarray (91,)
        Places; a coefficient that others are linked to is its own source.
    factor : ndarray (91,)
        Numbers; 1 at such a coefficient.
    """

    source: NDArray[np.int64]
    factor: Array


@lru_cache(maxsize=1)
def named_links() -> Links:
    """What the coefficients of every model of named couplings have in common."""
    size = len(PLACES)
    # The coefficients are linear in the couplings: one column each.
    forms = np.stack([flat_coefficients(pauli_tables(model), 2) for model in _unit_models()], axis=-1)
    forms[PLACES["inv_n"]] = 0.0
    source, factor = np.arange(size), np.zeros(size)
    factor[0] = 1.0
    for i in range(size):
        if not forms[i].any():
            continue
        factor[i] = 1.0
        at = int(np.flatnonzero(forms[i])[0])
        # Numbers without and with the factor N are not comparable.
        for j in range((_SINGLE if i < _SINGLE.stop else _COUPLED).start, i):
            if source[j] == j and forms[j, at] and np.array_equal(forms[i] * forms[j, at], forms[j] * forms[i, at]):
                source[i], factor[i] = j, forms[i, at] / forms[j, at]
                break
    return Links(source, factor)


def is_named(coefficients: Array) -> bool:
    """Whether the coefficients have the pattern of `named_links`, up to round-off.

    Parameters
    ----------
    coefficients : ndarray (91,)
        From `flat_coefficients`.
    """
    source, factor = named_links()
    off = np.abs(coefficients - factor * coefficients[source])
    size = np.abs(coefficients)
    return all(bool(off[part].max() <= _ROUND_OFF * size[part].max()) for part in (_SINGLE, _COUPLED))


def _unit_models() -> list[sb.SpinModel]:
    """One model for each axis of the drive and each named coupling."""
    drives = [sb.SpinModel(N=2, drive=(float(a == 0), float(a == 1), float(a == 2))) for a in range(3)]
    return drives + [sb.SpinModel.from_dict({"N": 2, name: 1.0}) for name in _COUPLINGS]
