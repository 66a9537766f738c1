"""Settings and helpers for all tests."""

from __future__ import annotations

import hashlib
import importlib.util
import os
from pathlib import Path

import pytest


def _kernel_hash() -> str:
    """Hash of every source file of the installed packages.

    numba's disk cache notices an edit only in the file of the function itself, not in what it calls, so a cache folder
    that outlives an edit can make tests pass on old code. A folder of its own for each state of the sources cannot.
    """
    digest = hashlib.sha256()
    framework = importlib.util.find_spec("squeezebench")
    assert framework is not None
    assert framework.origin is not None
    roots = {Path(framework.origin).parent}
    for name in (
        "mean_field",
        "cumulant",
        "steady_state",
        "qutip",
        "piqs",
        "one_axis_twisting",
        "permutational",
        "mcwf",
        "stored",
    ):
        plugin = importlib.util.find_spec(f"squeezebench_{name}")
        if plugin is not None and plugin.origin is not None:
            roots.add(Path(plugin.origin).parent)
    for root in sorted(roots):
        for file in sorted(root.rglob("*.py")):
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


if "NUMBA_CACHE_DIR" not in os.environ:  # before numba is imported; workers of pytest-xdist inherit it
    os.environ["NUMBA_CACHE_DIR"] = str(Path(__file__).parent.parent / ".numba_cache" / _kernel_hash())


@pytest.fixture(autouse=True)
def _private_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the user's own store out of the tests, and the tests out of it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
