"""Solver specs: a solver's name with tier and options, so that variants of one solver stand side by side."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from .content import Content
from .errors import InvalidOptionError
from .literals import read_arguments, read_value, write_value
from .validate import shown

__all__ = ["MAX_LABEL", "Spec"]

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_OPTION = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_RESERVED = ("name", "tier", "label")
#: A label is a coordinate in tables and figures; more than this does not fit there.
MAX_LABEL = 200
#: Whole numbers in options stay within what every format that stores them can hold.
_MAX_INTEGER = 2**63 - 1


@dataclass(frozen=True, eq=False, init=False, repr=False)
class Spec(Content):
    """A solver's name, tier, options and label.

    Parameters
    ----------
    name : str
        The solver's name, ``[a-z][a-z0-9_]*``; whether there is such a solver is found out when it is used.
    tier : str
        One of the solver's tiers.
    label : str, optional
        What tables and figures call it; by default its name and options, such as ``"cumulant(order=3)"``.
    **options
        Single options, which win over the tier's: numbers, texts, bools, None or lists of these.

    Raises
    ------
    InvalidOptionError
        If a name is malformed, or a value is of another kind.

    Examples
    --------
    >>> from squeezebench import Spec
    >>> spec = Spec.parse("cumulant:order=3,tier=tight")
    >>> spec == Spec("cumulant", tier="tight", order=3)
    True
    >>> spec.label
    'cumulant(order=3, tier=tight)'
    >>> str(Spec("mcwf", trajectories=400, label="quantum trajectories"))
    'mcwf:trajectories=400,label=quantum trajectories'
    """

    name: str
    tier: str
    _label: str | None
    _options: tuple[tuple[str, Any], ...]

    def __init__(self, /, name: str, tier: str = "default", label: str | None = None, **options: Any) -> None:
        _check_name(name, "solver name")
        _check_name(tier, "tier")
        for key in options:
            if key in _RESERVED or not isinstance(key, str) or not _OPTION.fullmatch(key):
                raise InvalidOptionError(f"solver {name!r}: {key!r} is no name of an option: letters, digits and _")
        checked = {key: _checked_value(options[key], key, name) for key in sorted(options)}
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "tier", tier)
        object.__setattr__(self, "_options", tuple(checked.items()))
        if label is not None:
            _check_label(label, name)
        # A label that says no more than the default one is the default one, so that equal specs are equal.
        object.__setattr__(self, "_label", None if label == self._default_label() else label)

    # ---------------------------------------------------------------- parts

    @property
    def options(self) -> dict[str, Any]:
        """The single options, by name; a new dictionary each time."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in self._options}

    @property
    def label(self) -> str:
        """What tables and figures call it."""
        return self._default_label() if self._label is None else self._label

    def _default_label(self) -> str:
        inner = [f"{key}={write_value(value)}" for key, value in self.options.items()]
        if self.tier != "default":
            inner.append(f"tier={self.tier}")
        return f"{self.name}({', '.join(inner)})" if inner else self.name

    def replace(self, **changes: Any) -> Self:
        """Spec with other name, tier, label or options; the rest stays.

        Parameters
        ----------
        **changes
            As for the class.
        """
        return type(self)(**{**self.to_dict(), **changes})

    # ---------------------------------------------------------------- text

    @classmethod
    def parse(cls, text: str) -> Self:
        """Spec of a text such as ``"cumulant:order=3,tier=tight,label=my label"``.

        Parameters
        ----------
        text : str
            ``name`` or ``name:key=value,…``. A value is a whole number, a number, ``true``, ``false``, ``null``,
            ``"quoted text"``, ``[a, list]`` as in JSON, or bare text without quotes, commas and ``=``.

        Raises
        ------
        InvalidOptionError
            Naming the part that is malformed.
        """
        if not isinstance(text, str):
            raise InvalidOptionError(f"{shown(text)} is no solver spec: give a text such as 'cumulant:order=3'")
        name, colon, rest = text.strip().partition(":")
        name = name.strip()
        _check_name(name, "solver name")
        try:
            values = {key: read_value(value) for key, value in read_arguments(rest).items()} if colon else {}
        except ValueError as error:
            message = f"solver spec {shown(text)}: {error}; write name:key=value,key=value"
            raise InvalidOptionError(message) from error
        if "name" in values:
            raise InvalidOptionError(f"solver spec {shown(text)}: 'name' stands before the colon and is no option")
        for key in ("tier", "label"):  # a bare word that happens to look like a number is still a label
            if key in values and not isinstance(values[key], str):
                values[key] = read_arguments(rest)[key]
        return cls(name, **values)

    def __str__(self) -> str:
        parts = [f"{key}={write_value(value)}" for key, value in self.options.items()]
        if self.tier != "default":
            parts.append(f"tier={self.tier}")
        if self._label is not None:
            parts.append(f"label={write_value(self._label)}")
        return f"{self.name}:{','.join(parts)}" if parts else self.name

    def __repr__(self) -> str:
        shown = {key: value for key, value in self.to_dict().items() if (key, value) != ("tier", "default")}
        return f"Spec({', '.join(repr(v) if k == 'name' else f'{k}={v!r}' for k, v in shown.items())})"

    # ---------------------------------------------------------------- content

    def to_dict(self) -> dict[str, Any]:
        """Content as plain JSON types: ``name``, ``tier``, ``label`` if it is not the default one, and the options."""
        data: dict[str, Any] = {"name": self.name, "tier": self.tier}
        if self._label is not None:
            data["label"] = self._label
        return data | self.options

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Spec of the given content; the inverse of `to_dict`."""
        if not isinstance(data, Mapping) or not all(isinstance(key, str) for key in data):
            raise InvalidOptionError(f"{shown(data)} is no table of a solver's name and options")
        if "name" not in data:
            raise InvalidOptionError(
                f"solver {shown(dict(data))} has no 'name': write {{name = 'cumulant', order = 3}}"
            )
        return cls(**data)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Spec of a JSON text; the inverse of `to_json`."""
        try:
            data = json.loads(text)
        except (TypeError, ValueError, RecursionError) as error:
            raise InvalidOptionError(f"not a JSON text: {error}") from error
        return cls.from_dict(data)

    @classmethod
    def coerce(cls, value: Any) -> Self:
        """Spec of whatever says one: a spec, a text or a table.

        Parameters
        ----------
        value : Spec, str or mapping
            A mapping is as `to_dict` gives it.

        Raises
        ------
        InvalidOptionError
            If it is none of these, or malformed.
        """
        if isinstance(value, cls):
            return value
        if isinstance(value, str):
            return cls.parse(value)
        if isinstance(value, Mapping):
            return cls.from_dict(value)
        raise InvalidOptionError(
            f"{shown(value)} is no solver spec: give a name, a text such as 'cumulant:order=3' or a Spec"
        )


def _check_name(value: Any, what: str) -> None:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        hint = "; options follow a colon, as in 'cumulant:order=3'" if isinstance(value, str) and "=" in value else ""
        raise InvalidOptionError(
            f"{what} {shown(value)} is malformed: small letters, digits and _, starting with a letter{hint}"
        )


def _check_label(label: Any, name: str) -> None:
    if not isinstance(label, str) or not label.strip() or not label.isprintable():
        raise InvalidOptionError(f"solver {name!r}: label = {shown(label)} is no text of one line")
    if len(label) > MAX_LABEL:
        raise InvalidOptionError(f"solver {name!r}: label = {label[:30]!r}… is longer than {MAX_LABEL} characters")


def _checked_value(value: Any, key: str, name: str) -> Any:
    """`value` as a plain, immutable Python value."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        if abs(value) > _MAX_INTEGER:
            raise InvalidOptionError(f"solver {name!r}: option {key} is a whole number beyond 2^63")
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise InvalidOptionError(f"solver {name!r}: option {key} = {value!r} is not finite")
        return value + 0.0
    if isinstance(value, list | tuple):
        if any(isinstance(item, list | tuple | np.ndarray) for item in value):
            raise InvalidOptionError(f"solver {name!r}: option {key} is a list of lists: give a plain list")
        return tuple(_checked_value(item, key, name) for item in value)
    kind = type(value).__name__
    raise InvalidOptionError(f"solver {name!r}: option {key} is a {kind}: give a number, text, bool or list of these")
