"""What tests read in a report: its elements, and the data behind each panel."""

from __future__ import annotations

import base64
import csv
import gzip
import io
import re
from html.parser import HTMLParser
from pathlib import Path

#: All that a report can have, in order.
PANELS = (
    "verdict",
    "agreement",
    "expected",
    "squeezing",
    "deviations",
    "validity",
    "sweep",
    "work",
    "scaling",
    "statuses",
    "provenance",
)


class Elements(HTMLParser):
    """Tags and their attributes, as a browser's parser sees them."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def elements(path: Path) -> list[tuple[str, dict[str, str | None]]]:
    parser = Elements()
    parser.feed(path.read_text(encoding="utf-8"))
    return parser.found


def panels_of(path: Path) -> list[str]:
    """Names of the panels, in order."""
    return [str(attrs["id"]) for tag, attrs in elements(path) if tag == "section"]


def data_of(path: Path, panel: str) -> list[dict[str, str]]:
    """Rows of the CSV inside the page."""
    found = re.search(rf'id="file-{panel}">([^<]*)<', path.read_text(encoding="utf-8"))
    assert found is not None
    text = gzip.decompress(base64.b64decode(found[1])).decode("utf-8")
    return list(csv.DictReader(io.StringIO(text)))


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, two: str) -> float:
    """Contrast ratio of the Web Content Accessibility Guidelines."""
    low, high = sorted((_luminance(one), _luminance(two)))
    return (high + 0.05) / (low + 0.05)
