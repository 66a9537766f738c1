"""Values by content: canonical JSON, hashes and equality of the frozen physics objects."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from .errors import InvalidModelError

__all__ = ["Content", "canonical_json", "content_hash", "to_plain", "without_labels"]


def to_plain(value: Any) -> Any:
    """Reduce `value` to what JSON knows, losing nothing.

    Complex numbers become ``{"re": ..., "im": ...}``, infinities and NaN the strings ``"inf"``, ``"-inf"``, ``"nan"``,
    arrays nested lists, sets sorted lists, and ``-0.0`` becomes ``0.0``, because no physics depends on that sign.
    """
    if isinstance(value, Content):
        return to_plain(value.to_dict())
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        number = float(value)
        return number + 0.0 if math.isfinite(number) else str(number)
    if isinstance(value, complex | np.complexfloating):
        return {"re": to_plain(value.real), "im": to_plain(value.imag)}
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, np.ndarray):
        return to_plain(value.tolist())
    if isinstance(value, dict):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(to_plain(item) for item in value)
    if isinstance(value, list | tuple):
        # A map has thousands of problems with hundreds of times each: too many to look at one by one.
        if set(map(type, value)) == {float} and math.isfinite(sum(value)):
            return [number + 0.0 for number in value]
        return [to_plain(item) for item in value]
    msg = f"{type(value).__name__} has no JSON form"
    raise TypeError(msg)


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no white space: the same text for the same content on every platform."""
    return json.dumps(to_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def content_hash(value: Any) -> str:
    """SHA-256 (64 hexadecimal digits) of the canonical JSON of `value`."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def without_labels(data: Any) -> Any:
    """A problem's content without the rate unit, which labels axes and changes no number."""
    if isinstance(data, Mapping):
        return {key: without_labels(value) for key, value in data.items() if key != "rate_unit"}
    if isinstance(data, list):
        return data if set(map(type, data)) == {float} else [without_labels(item) for item in data]
    return data


class Content:
    """Base class of frozen objects that are equal, and hash alike, when their content is the same."""

    def to_dict(self) -> dict[str, Any]:
        """Content as plain JSON types, with a ``type`` entry that says what it is."""
        raise NotImplementedError  # pragma: no cover - abstract

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Object of the given content; the inverse of `to_dict`."""
        raise NotImplementedError  # pragma: no cover - abstract

    def to_json(self, indent: int | None = None) -> str:
        """Content as JSON text."""
        return json.dumps(to_plain(self.to_dict()), indent=indent, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Object of the content of a JSON text; the inverse of `to_json`.

        Raises
        ------
        InvalidModelError
            If the text is no JSON object, or its content is not valid.
        """
        try:
            data = json.loads(text)
        except (TypeError, ValueError, RecursionError) as error:
            raise InvalidModelError(f"not a JSON text: {error}") from error
        if not isinstance(data, dict):
            raise InvalidModelError(f"expected a JSON object for {cls.__name__}, got {type(data).__name__}")
        return cls.from_dict(data)

    def content_hash(self) -> str:
        """SHA-256 of the content, the same in every process and on every platform."""
        return content_hash(self.to_dict())

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return canonical_json(self) == canonical_json(other)

    def __hash__(self) -> int:
        return int(self.content_hash()[:15], 16)
