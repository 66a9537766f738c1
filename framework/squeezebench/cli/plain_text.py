"""Output where characters beyond ASCII, or Latin, cannot be shown: the nearest that can, never an exception."""

from __future__ import annotations

import codecs
import sys
import unicodedata

__all__ = ["nearest_text", "tolerant_streams"]

#: What the tables and plots use, and what stands for it.
_NEAREST = {
    "ξ": "xi",
    "χ": "chi",
    "γ": "gamma",
    "Γ": "Gamma",
    "Υ": "Y",
    "Δ": "d",
    "π": "pi",
    "µ": "u",
    "⟨": "<",
    "⟩": ">",
    "²": "^2",
    "³": "^3",
    "†": "+",
    "–": "-",
    "−": "-",
    "—": "-",
    "─": "-",
    "━": "-",
    "│": "|",
    "┤": "|",
    "└": "+",
    "·": ".",
    "…": "..",
    "≠": "!=",
    "≤": "<=",
    "≥": ">=",
    "≈": "~",
    "≲": "<~",
    "×": "x",
    "✓": "ok",
    "✗": "x",
    "∞": "inf",
    "±": "+-",
    "∝": "~",
    "∈": "in",
    "→": "->",
    "’": "'",
    "“": '"',
    "”": '"',
}
#: Unicode's Braille patterns, which the plot of the terminal is made of: blank, then all others.
_BLANK, _LAST = 0x2800, 0x28FF


def nearest_text(character: str) -> str:
    """ASCII for a character: a name, a look-alike, its letter without accents; a question mark for others."""
    if character in _NEAREST:
        return _NEAREST[character]
    if _BLANK <= ord(character) <= _LAST:
        return " " if ord(character) == _BLANK else "*"
    plain = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode("ascii")
    return plain or "?"


def _handle(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(nearest_text(c) for c in error.object[error.start : error.end]), error.end


def tolerant_streams() -> None:
    """Let standard output and standard error write the nearest that they can."""
    codecs.register_error("squeezebench", _handle)
    for stream in (sys.stdout, sys.stderr):
        encoding = str(getattr(stream, "encoding", None) or "utf-8").lower().replace("-", "").replace("_", "")
        if not encoding.startswith("utf") and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="squeezebench")
