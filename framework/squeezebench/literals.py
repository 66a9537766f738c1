"""Values written as text, in solver specs and reductions: ``order=3,label=my label``."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any

from .errors import InvalidScenarioError

__all__ = ["read_arguments", "read_value", "scenario_json", "split_outside", "write_value"]

_INTEGER = re.compile(r"[+-]?(0|[1-9](_?[0-9])*)")
_DIGITS = r"[0-9](_?[0-9])*"
_FLOAT = re.compile(rf"[+-]?({_DIGITS}(\.({_DIGITS})?)?|\.{_DIGITS})([eE][+-]?[0-9]+)?")
_WORDS = {"true": True, "True": True, "false": False, "False": False, "null": None}
#: Text that reads back as itself without quotes; everything else is written as a JSON string.
_BARE = re.compile(r"[A-Za-z_]([A-Za-z0-9_.+\- ]*[A-Za-z0-9_.+\-])?")
_OPEN, _CLOSE = "([{", ")]}"


def split_outside(text: str, separator: str) -> Iterator[str]:
    """Parts of `text` between separators that stand outside quotes and brackets.

    Raises
    ------
    ValueError
        If a quote or bracket is not closed.
    """
    start, depth, quote = 0, 0, ""
    k = 0
    while k < len(text):
        character = text[k]
        if quote:
            if character == "\\" and quote == '"':
                k += 1
            elif character == quote:
                quote = ""
        elif character in "\"'":
            quote = character
        elif character in _OPEN:
            depth += 1
        elif character in _CLOSE:
            depth -= 1
            if depth < 0:
                raise ValueError(f"{character!r} closes nothing")
        elif character == separator and depth == 0:
            yield text[start:k]
            start = k + 1
        k += 1
    if quote:
        raise ValueError(f"the quote {quote} is not closed")
    if depth:
        raise ValueError("a bracket is not closed")
    yield text[start:]


def read_arguments(text: str) -> dict[str, str]:
    """Split ``a=1,b="x, y"`` into names and the texts of their values.

    Raises
    ------
    ValueError
        Naming the part that is no ``name=value``, or that comes twice.
    """
    arguments: dict[str, str] = {}
    for part in split_outside(text, ","):
        key, equals, value = part.partition("=")
        key, value = key.strip(), value.strip()
        if not (equals and value) or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", key):
            raise ValueError(f"{part.strip()!r} is no name=value")
        if key in arguments:
            raise ValueError(f"{key!r} is given twice")
        arguments[key] = value
    return arguments


def read_value(text: str) -> Any:
    """Value that `text` stands for: a number, true, false, null, "quoted text", [a list], or the bare text itself.

    Raises
    ------
    ValueError
        If a quoted text or list is malformed, a number does not fit, or bare text holds a quote, ``=`` or ``,``.
    """
    if text in _WORDS:
        return _WORDS[text]
    if text.startswith(('"', "[")):
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{text!r} is no JSON text or list") from error
    if text.startswith("'"):
        if len(text) < 2 or not text.endswith("'") or "'" in text[1:-1]:
            raise ValueError(f"{text!r} is no quoted text")
        return text[1:-1]
    if _INTEGER.fullmatch(text):
        if len(text) > 25:
            raise ValueError(f"{text[:25] + '…'!r} has too many digits")
        return int(text)
    if _FLOAT.fullmatch(text):
        number = float(text)
        if not math.isfinite(number):
            raise ValueError(f"{text!r} is not finite")
        return number
    if any(character in "\"'=," or not character.isprintable() for character in text):
        raise ValueError(f'{text!r} needs double quotes: "…"')
    return text


def write_value(value: Any) -> str:
    """Text that `read_value` turns back into `value`."""
    if isinstance(value, str) and _BARE.fullmatch(value) and value not in _WORDS:
        return value
    return json.dumps(value)


def scenario_json(text: str) -> Any:
    """Value of a JSON text that is part of a scenario; `InvalidScenarioError` if it is none."""
    try:
        return json.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidScenarioError(f"not a JSON text: {error}") from error
