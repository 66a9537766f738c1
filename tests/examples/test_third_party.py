"""The whole story of a third party: the built wheel in a fresh environment, plugins beside it, and what users do."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"

pytestmark = pytest.mark.slow


def call(*command: Any, cwd: Path) -> str:
    done = subprocess.run(list(map(str, command)), cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of programs of an environment with the built wheel, squeezebench-dtwa and a new plugin."""
    folder = tmp_path_factory.mktemp("third-party")
    call(
        sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", folder, ROOT, cwd=folder
    )
    wheel = next(folder.glob("squeezebench-*.whl"))
    call(sys.executable, "-m", "venv", folder / "venv", cwd=folder)
    programs = folder / "venv" / ("Scripts" if sys.platform == "win32" else "bin")
    call(programs / "python", "-m", "pip", "install", "-q", wheel, "pytest", cwd=folder)
    call(programs / "python", "-m", "pip", "install", "-q", EXAMPLES / "squeezebench-dtwa", cwd=folder)
    call(programs / "squeezebench", "new-plugin", "my_solver", "-o", folder / "mine", cwd=folder)
    call(programs / "python", "-m", "pip", "install", "-q", folder / "mine", cwd=folder)
    return programs


def test_plugins_are_listed(environment: Path, tmp_path: Path) -> None:
    found = json.loads(call(environment / "squeezebench", "--strict-plugins", "solvers", "--json", cwd=tmp_path))
    assert {"dtwa", "my_solver", "permutational"} <= {entry["name"] for entry in found}


def test_the_new_plugin_passes_its_own_tests(environment: Path, tmp_path: Path) -> None:
    output = call(environment / "python", "-m", "pytest", "-q", environment.parents[1] / "mine", cwd=tmp_path)
    assert "passed" in output
    assert "failed" not in output


def test_dtwa_conforms(environment: Path, tmp_path: Path) -> None:
    report = json.loads(call(environment / "squeezebench", "check-solver", "dtwa", "--json", cwd=tmp_path))
    assert report["passed"]


def test_pytest_finds_the_suite_by_its_name(environment: Path, tmp_path: Path) -> None:
    command = ["-m", "pytest", "-q", "--pyargs", "squeezebench.testing", "--solver", "one_axis_twisting"]
    assert "passed" in call(environment / "python", *command, cwd=tmp_path)


def test_dtwa_takes_part_in_a_cross_validation(environment: Path, tmp_path: Path) -> None:
    command = ["run", "quickstart", "-s", "dtwa", "-s", "permutational", "-o", tmp_path / "results"]
    assert "dtwa" in call(environment / "squeezebench", *command, cwd=tmp_path)
