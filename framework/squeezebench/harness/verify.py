"""Whether everything in a store is what it says it is."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from squeezebench.content import content_hash
from squeezebench.errors import StoreError
from squeezebench.execution import STATUSES

from .files import read_job
from .plan import keys_of_story
from .store import Store, read_manifest

__all__ = ["Finding", "verify"]

_TIMING = re.compile(r"[0-9a-f]{16}-[0-9a-f]{12}\.json")


@dataclass(frozen=True)
class Finding:
    """One file that is not as it should be.

    Attributes
    ----------
    path : Path
        The file.
    kind : str
        ``damaged`` (not what was written), ``foreign`` (not of a run: another kind of file, or one whose content does
        not belong to its name) or ``temporary`` (left behind by a writer that was killed, or being written now).
    detail : str
        In words.
    """

    path: Path
    kind: str
    detail: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.path}: {self.detail}"

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {"path": str(self.path), "kind": self.kind, "detail": self.detail}


def verify(store: str | os.PathLike[str]) -> list[Finding]:
    """Look at every file of a store.

    A job file must have its checksum, be readable in full, and hold exactly the cells that its name says, each with the
    provenance that its key is the hash of. Manifests and timings must be readable, and a manifest be the one its name
    says.

    Parameters
    ----------
    store : path
        The folder.

    Returns
    -------
    list of Finding
        Sorted by path; empty if all is well.

    Raises
    ------
    StoreError
        If it is no store at all.
    """
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what opening the store warns of is found below, too
        path = Store(store).path
    return sorted(_findings(path), key=lambda finding: str(finding.path))


def _findings(path: Path) -> Iterator[Finding]:
    known = {"jobs": _job, "runs": _run, "timings": _timing}
    for item in sorted(path.iterdir()):
        if item.name in ("store.json", "index.json"):
            continue
        if item.name == "checkpoints" and item.is_dir() and not item.is_symlink():
            continue  # the solvers' own
        if item.name not in known or not item.is_dir() or item.is_symlink():
            yield _stray(item)
            continue
        for file in sorted(item.iterdir()):
            if file.name.startswith(".") and file.name.endswith(".tmp"):
                yield _stray(file)
            elif file.is_symlink() or not file.is_file():
                yield Finding(file, "foreign", "a store holds plain files of its own only")
            else:
                finding = known[item.name](file)
                if finding is not None:
                    yield finding


def _stray(item: Path) -> Finding:
    if item.name.startswith(".") and item.name.endswith(".tmp"):
        return Finding(item, "temporary", "left behind by a writer that was killed, or being written now")
    return Finding(item, "foreign", "no run writes a file of this name")


def _job(file: Path) -> Finding | None:
    if not re.fullmatch(r"[0-9a-f]{64}\.nc", file.name):
        return Finding(file, "foreign", "no run writes a file of this name")
    try:
        records = read_job(file)
        for record in records:
            assert record.problem is not None
    except Exception as error:
        return Finding(file, "damaged", str(error))
    keys = [record.key for record in records]
    if (keys[0] if len(keys) == 1 else content_hash(keys)) != file.stem:
        return Finding(file, "foreign", "its cells are not those that its name is the hash of")
    for record in records:
        try:
            expected = keys_of_story(record.provenance)
        except KeyError as error:
            return Finding(file, "foreign", f"the provenance of cell {record.key} lacks {error}")
        if record.key not in expected:
            return Finding(file, "foreign", f"cell {record.key} has the provenance of another cell")
        if record.status not in STATUSES:
            return Finding(file, "foreign", f"cell {record.key} has the unknown status {record.status!r}")
    return None


def _run(file: Path) -> Finding | None:
    if not re.fullmatch(r"[0-9a-f]{64}\.json", file.name):
        return Finding(file, "foreign", "no run writes a file of this name")
    try:
        manifest = read_manifest(file)
        asked = {name: manifest[name] for name in ("scenario", "specs", "seed", "keep")}
    except (StoreError, OSError, ValueError, KeyError, TypeError) as error:
        return Finding(file, "damaged", f"{type(error).__name__}: {error}")
    if content_hash(asked) != file.stem or manifest["id"] != file.stem:
        return Finding(file, "foreign", "what it asks for is not what its name is the hash of")
    return None


def _timing(file: Path) -> Finding | None:
    if not _TIMING.fullmatch(file.name):
        return Finding(file, "foreign", "no run writes a file of this name")
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        for entry in data["records"]:
            entry["key"], entry["timing_grade"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        return Finding(file, "damaged", f"{type(error).__name__}: {error}")
    return None
