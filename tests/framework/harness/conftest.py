"""A hostile plugin, really installed: solver processes find it as they would find anybody's."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import squeezebench as sb
from squeezebench.harness.pool import pool
from squeezebench.host import set_host

HERE = Path(__file__).parent


def install(folder: Path, version: str = "1.0") -> Path:
    """Put the hostile plugin into `folder`, as pip would."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(HERE / "hostile" / "hostile.py", folder)
    info = folder / f"hostile-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: hostile\nVersion: {version}\n")
    (info / "entry_points.txt").write_text("[squeezebench]\nhostile = hostile\n")
    return folder


@pytest.fixture(scope="session")
def _plugin_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install(tmp_path_factory.mktemp("site"))


@pytest.fixture
def hostile(_plugin_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The hostile plugin, loaded here and to be found by solver processes; gives its folder."""
    monkeypatch.syspath_prepend(str(_plugin_folder))
    set_host(None)
    yield _plugin_folder
    set_host(None)


@pytest.fixture(scope="session", autouse=True)
def _no_process_is_left() -> Iterator[None]:
    yield
    pool().close()


def turning(**changes: Any) -> sb.Scenario:
    """Spins that turn about z, whose every number is known."""
    values: dict[str, Any] = {
        "name": "turning",
        "model": {"type": "spin", "drive": [0, 0, 2.0]},
        "axes": {"N": [4, 13, 20]},
        "initial": {"type": "coherent", "theta": 1.0, "phi": 0.3},
        "times": {"stop": 1.0, "num": 9},
        "reductions": ["minimum_xi2"],
        "solvers": ["hostile"],
    }
    return sb.Scenario(**{**values, **changes})
