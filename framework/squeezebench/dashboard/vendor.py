"""The libraries that asv's pages load from other people's servers, brought along."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from importlib import resources
from pathlib import Path
from typing import Any

from squeezebench.errors import SqueezebenchError

__all__ = ["localise", "manifest"]

#: A tag that loads a script or a style sheet from elsewhere: what is before the address, the address, what is after it.
_REMOTE = re.compile(r'<(?P<tag>script|link)\b[^>]*?\b(?P<key>src|href)="(?P<url>(?:https?:)?//[^"]+)"[^>]*>')


def manifest() -> list[dict[str, Any]]:
    """What is brought along: file, npm package, version, path in it, licence, the address it replaces, SHA-384.

    ``identical`` says whether it is the very file that asv's page names, by asv's own integrity hash; the others are
    the same version unminified (flot), or a later one (stupidtable).
    """
    text = (_folder() / "manifest.json").read_text(encoding="utf-8")
    found: list[dict[str, Any]] = json.loads(text)["files"]
    return found


def localise(site: Path) -> list[str]:
    """Make the pages of `site` load the libraries from its own folder ``vendor``.

    Parameters
    ----------
    site : Path
        What ``asv publish`` wrote; its ``index.html`` is rewritten.

    Returns
    -------
    list of str
        The addresses that are no longer loaded.

    Raises
    ------
    SqueezebenchError
        If the page loads something that is not brought along, or a file is not what its hash says.
    """
    page = site / "index.html"
    known = {entry["replaces"]: entry for entry in manifest()}
    target = site / "vendor"
    target.mkdir()
    replaced: list[str] = []

    def local(match: re.Match[str]) -> str:
        url = match["url"]
        if url not in known:
            raise SqueezebenchError(
                f"asv's page loads {url}, which this version of squeezebench does not bring along; "
                "expected the page of asv 0.6.6: install that version"
            )
        entry = known[url]
        data = (_folder() / entry["file"]).read_bytes()
        if sha384(data) != entry["sha384"]:
            raise SqueezebenchError(f"{entry['file']} is not the file of the manifest: install squeezebench again")
        (target / entry["file"]).write_bytes(data)
        replaced.append(url)
        # Not "integrity", which browsers hold against every script of a page that is opened as a file; checked above.
        source = f'vendor/{entry["file"]}" data-integrity="{entry["sha384"]}'
        if match["tag"] == "link":
            return f'<link rel="stylesheet" href="{source}">'
        return f'<script src="{source}" onerror="js_load_failure()">'

    text = _REMOTE.sub(local, page.read_text(encoding="utf-8"))
    page.write_text(text, encoding="utf-8")
    for item in _folder().iterdir():
        if item.name.startswith("LICENSE") or item.name == "manifest.json":
            (target / item.name).write_bytes(item.read_bytes())
    return replaced


def sha384(data: bytes) -> str:
    """Hash in the form that browsers check."""
    return "sha384-" + base64.b64encode(hashlib.sha384(data).digest()).decode()


def _folder() -> Any:
    return resources.files(__package__) / "vendor"
