"""A folder of job files, run manifests and timings; nothing in it is ever changed, only added."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import secrets
import time
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from squeezebench.errors import SqueezebenchWarning, StoreError
from squeezebench.execution import FAILED, SCHEMA
from squeezebench.validate import real_path, shown, shown_path

from .files import read_heads, read_job, write_job, write_json
from .job import Record

__all__ = ["Store", "default_store", "hash_name", "read_manifest"]

KIND = "squeezebench store"

#: Seconds after which a temporary file is nobody's any more.
_LEFT_BEHIND = 3600.0

_HASH = re.compile(r"[0-9a-f]{64}")

_LOG = logging.getLogger(__name__)


def default_store() -> Path:
    """The user's own store, in the platform's cache folder."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("squeezebench", appauthor=False)) / "store"


class Store:
    """Results on disk.

    ``jobs/`` holds the job files, ``runs/`` one manifest a run (which cells make its data set), ``timings/`` one record
    a job, and ``index.json`` a copy of what the job files say, which is made anew when it is missing or out of date.

    Parameters
    ----------
    path : path
        The folder.
    create : bool
        Whether to make it; otherwise it must be a store already.

    Raises
    ------
    StoreError
        If it cannot be made, or is no store.
    """

    def __init__(self, path: str | os.PathLike[str], *, create: bool = False) -> None:
        self.path = real_path(path, "store", "a folder")
        self._name = shown_path(self.path)
        marker = self.path / "store.json"
        if create and not self._is_there(marker):
            write_json(marker, {"kind": KIND, "schema": SCHEMA})
        if create:
            self._sweep()
        try:
            head = json.loads(marker.read_text(encoding="utf-8"))
            schema = head["schema"] if head["kind"] == KIND else None
        except FileNotFoundError as error:
            raise StoreError(f"{self._name} is no store: 'squeezebench run … -o {self._name}' makes one") from error
        except NotADirectoryError as error:
            raise StoreError(
                f"{self._name} is a file: a store is a folder, as 'squeezebench run … -o FOLDER' makes one"
            ) from error
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StoreError(f"{self._name} is no store that can be read: {marker.name}: {_reason(error)}") from error
        if schema != SCHEMA:
            raise StoreError(
                f"{self._name} has schema {schema!r}; this squeezebench reads schema {SCHEMA}: use the one that "
                "wrote it, or another folder"
            )
        self._index: dict[str, dict[str, Any]] = {}
        self._where: dict[str, str] = {}
        self._status: dict[str, str] = {}
        self.refresh()

    def _is_there(self, marker: Path) -> bool:
        try:
            if self.path.exists() and not self.path.is_dir():
                raise StoreError(f"{self._name} is a file: give a folder for a store")
            return marker.exists()
        except OSError as error:
            raise StoreError(f"{self._name} cannot be read: {error.strerror or error}") from error

    def _sweep(self) -> None:
        """Remove what writers that were killed have left behind."""
        for folder in ("", "jobs", "runs", "timings"):
            for file in (self.path / folder).glob(".*.tmp"):
                with contextlib.suppress(OSError):
                    if time.time() - file.stat().st_mtime > _LEFT_BEHIND:
                        file.unlink()

    # ---------------------------------------------------------------- index

    def refresh(self) -> None:
        """Take in what has been added since; read only files that are new or changed."""
        path = self.path / "index.json"
        if not self._index:
            try:
                self._index = json.loads(path.read_text(encoding="utf-8"))["files"]
            except (OSError, ValueError, KeyError, TypeError):
                self._index = {}  # a copy: it is made anew
        files: dict[str, dict[str, Any]] = {}
        changed = False
        for file in sorted((self.path / "jobs").glob("*.nc")):
            stat = file.stat()
            stamp = [stat.st_size, stat.st_mtime_ns]
            entry = self._index.get(file.name)
            if not isinstance(entry, dict) or entry.get("stamp") != stamp:
                changed = True
                try:
                    entry = {"stamp": stamp, "cells": read_heads(file)}
                except StoreError as error:
                    _left_out(error)
                    continue
            files[file.name] = entry
        changed |= files.keys() != self._index.keys()
        self._index = files
        self._where, self._status = {}, {}
        for name, entry in sorted(files.items(), key=lambda item: (item[1]["stamp"][1], item[0])):
            self._note(name, entry["cells"])
        if changed:
            self._save_index()

    def _save_index(self) -> None:
        try:
            write_json(self.path / "index.json", {"schema": SCHEMA, "files": self._index})
        except StoreError:
            return  # a read-only store is still readable; the index is only a copy

    # ---------------------------------------------------------------- cells

    def done(self, keys: Iterable[str]) -> set[str]:
        """Those of `keys` that need not be computed again: a failure is tried again."""
        return {key for key in keys if self._status.get(key, "error") not in FAILED}

    def has_new(self, name: str) -> bool:
        """Whether another run has added a job file of this name since the last look; if so, it is taken in."""
        file = self.path / "jobs" / f"{name}.nc"
        if file.name in self._index or not file.exists():
            return False
        try:
            stat = file.stat()
            cells = read_heads(file)
        except (StoreError, OSError):
            return False  # it is computed again, and its file replaced
        self._take_in(file.name, [stat.st_size, stat.st_mtime_ns], cells)
        return True

    def _take_in(self, name: str, stamp: list[int], cells: dict[str, str]) -> None:
        self._index[name] = {"stamp": stamp, "cells": cells}
        self._note(name, cells)

    def _note(self, name: str, cells: dict[str, str]) -> None:
        """Note where cells are; a later result takes the place of an earlier one, but no failure that of a result."""
        for key, status in cells.items():
            if status not in FAILED or self._status.get(key, "error") in FAILED:
                self._where[key], self._status[key] = name, status

    def read(self, keys: Iterable[str]) -> dict[str, Record]:
        """Records of the given cells; those that are missing are left out, and damaged files reported."""
        wanted = set(keys)
        records: dict[str, Record] = {}
        for name in sorted({self._where[key] for key in wanted if key in self._where}):
            try:
                found = read_job(self.path / "jobs" / name)
            except StoreError as error:
                _left_out(error)
                continue
            records |= {record.key: record for record in found if record.key in wanted}
        timings = self.timings(wanted & records.keys())
        for key, record in records.items():
            record.timing = timings.get(key, {})
        return records

    def write(self, name: str, records: Sequence[Record]) -> None:
        """Add one job's records, and their timings as a record of their own."""
        file = self.path / "jobs" / f"{hash_name(name)}.nc"
        write_job(file, records)
        stat = file.stat()
        cells = {record.key: record.status for record in records}
        self._take_in(file.name, [stat.st_size, stat.st_mtime_ns], cells)
        self.write_timings(name, [record.timing for record in records])

    def write_timings(self, name: str, timings: Sequence[dict[str, Any]]) -> None:
        """Add timing records of a job of the given name; they are no results, and never replace each other."""
        file = self.path / "timings" / f"{hash_name(name)[:16]}-{secrets.token_hex(6)}.json"
        write_json(file, {"schema": SCHEMA, "records": list(timings)}, durable=False)

    def flush(self) -> None:
        """Save the index."""
        self._save_index()

    def timings(self, keys: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Timing record of each of the given cells: the latest exclusive one, or else the latest."""
        wanted = set(keys)
        latest: dict[str, dict[str, Any]] = {}

        def rank(entry: dict[str, Any]) -> tuple[bool, str]:
            return entry.get("timing_grade") == "exclusive", str(entry.get("created", ""))

        for file in sorted((self.path / "timings").glob("*.json")):
            try:
                entries = json.loads(file.read_text(encoding="utf-8"))["records"]
            except (OSError, ValueError, KeyError, TypeError):
                continue  # a timing that cannot be read costs a number in a table, no result
            for entry in entries:
                key = entry.get("key")
                if key in wanted and rank(entry) >= rank(latest.get(key, {})):
                    latest[key] = entry
        return latest

    # ---------------------------------------------------------------- runs

    def write_run(self, manifest: dict[str, Any]) -> None:
        """Add the manifest of a run; the same run again replaces it."""
        write_json(self.path / "runs" / f"{hash_name(manifest['id'])}.json", manifest)

    def runs(self) -> list[dict[str, Any]]:
        """Manifests, oldest first."""
        manifests = []
        for file in (self.path / "runs").glob("*.json"):
            try:
                manifest = read_manifest(file)
            except (OSError, ValueError, KeyError, TypeError) as error:
                _left_out(f"{file} is no run: {error}")
                continue
            manifests.append(manifest)
        return sorted(manifests, key=lambda manifest: (manifest["created"], manifest["id"]))


def hash_name(name: str) -> str:
    """A name of a file in a store: 64 hexadecimal digits, and nothing that could climb out of it."""
    if not _HASH.fullmatch(name):
        raise StoreError(f"{shown(name)} is no name of a file in a store: it must be 64 hexadecimal digits")
    return name


def read_manifest(file: Path) -> dict[str, Any]:
    """Manifest of a run, with what reading it needs.

    Raises
    ------
    OSError, ValueError, KeyError, TypeError
        If it is none.
    """
    if file.is_symlink():
        raise ValueError("it is a link: a store holds its own files only")
    manifest: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    for name in ("created", "id", "name", "title", "axes", "solvers", "keep"):
        manifest[name]
    if not all(isinstance(key, str) and _HASH.fullmatch(key) for row in manifest["keys"] for key in row):
        raise ValueError("its keys are none")
    beyond = manifest.setdefault("beyond", {})
    if not isinstance(beyond, dict) or not all(isinstance(most, int) for most in beyond.values()):
        raise ValueError("it does not say which cells it leaves out")
    order = manifest.get("axis_order", list(manifest["axes"]) if len(manifest["axes"]) < 2 else None)
    if order is None or sorted(order) != sorted(manifest["axes"]):
        raise ValueError("it does not say in which order its axes are; run it again, what is stored is kept")
    manifest["axes"] = {name: manifest["axes"][name] for name in order}
    return manifest


def _left_out(what: object) -> None:
    """Say that a file does not count."""
    _LOG.warning("left out: %s", what)
    warnings.warn(f"left out: {what}", SqueezebenchWarning, stacklevel=4)


def _reason(error: Exception) -> str:
    """Why a store's own file cannot be read."""
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return "it is no JSON text" if isinstance(error, ValueError) else "it is of another kind"
