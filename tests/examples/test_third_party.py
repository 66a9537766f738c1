"""The whole story of a third party: the built wheel in a fresh environment, plugins beside it, and what users do."""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"

pytestmark = pytest.mark.slow


def call(*command: Any, cwd: Path, **variables: str) -> str:
    environment = {**os.environ, **variables}
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
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
    call(programs / "python", "-m", "pip", "install", "-q", wheel, "pytest", "asv", cwd=folder)
    call(programs / "python", "-m", "pip", "install", "-q", EXAMPLES / "squeezebench-dtwa", cwd=folder)
    call(programs / "squeezebench", "new-plugin", "my_solver", "-o", folder / "mine", cwd=folder)
    call(programs / "python", "-m", "pip", "install", "-q", folder / "mine", cwd=folder)
    return programs


def test_plugins_are_listed(environment: Path, tmp_path: Path) -> None:
    found = json.loads(call(environment / "squeezebench", "--strict-plugins", "solvers", "--json", cwd=tmp_path))
    assert {"dtwa", "my_solver", "permutational"} <= {entry["name"] for entry in found}
    where = call(environment / "python", "-c", "import squeezebench; print(squeezebench.__file__)", cwd=tmp_path)
    assert Path(where.strip()).is_relative_to(environment.parent)  # the wheel's, not the checkout's


def test_the_new_plugin_passes_its_own_tests(environment: Path, tmp_path: Path) -> None:
    output = call(environment / "python", "-m", "pytest", "-q", environment.parents[1] / "mine", cwd=tmp_path)
    assert "passed" in output
    assert "failed" not in output


def test_dtwa_conforms(environment: Path, tmp_path: Path) -> None:
    report = json.loads(call(environment / "squeezebench", "check-solver", "dtwa", "--json", cwd=tmp_path))
    assert report["passed"]
    assert not [result["name"] for result in report["results"] if result["status"] == "xfailed"]
    # what it refuses (schedules, general matrices) and what is for exact claims
    assert sum(result["status"] == "passed" for result in report["results"]) > 45


def test_dtwa_is_as_accurate_as_its_tests_say(environment: Path, tmp_path: Path) -> None:
    command = ["-m", "pytest", "-q", EXAMPLES / "squeezebench-dtwa" / "tests" / "test_accuracy.py"]
    output = call(environment / "python", *command, "-p", "no:cacheprovider", cwd=tmp_path)
    assert "11 passed" in output


def test_pytest_finds_the_suite_by_its_name(environment: Path, tmp_path: Path) -> None:
    command = ["-m", "pytest", "-q", "--pyargs", "squeezebench.testing", "--solver", "one_axis_twisting"]
    assert "passed" in call(environment / "python", *command, cwd=tmp_path)


def test_dtwa_takes_part_in_a_cross_validation(environment: Path, tmp_path: Path) -> None:
    program, store = environment / "squeezebench", tmp_path / "results"
    command = ["run", "quickstart", "-s", "dtwa", "-s", "permutational", "-o", store]
    assert "dtwa" in call(program, *command, cwd=tmp_path)
    pairs = json.loads(call(program, "compare", store, "--json", cwd=tmp_path))
    text = json.dumps(pairs)
    assert "dtwa" in text
    assert "permutational" in text
    assert '"broken"' not in json.dumps([row.get("verdict") for row in rows(pairs)])


def rows(found: Any) -> list[dict[str, Any]]:
    """The comparisons in what ``compare --json`` prints."""
    if isinstance(found, dict):
        found = next(value for value in found.values() if isinstance(value, list))
    assert found
    return list(found)


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="asv measures commits: this is no checkout")
def test_asv_measures_dtwa_beside_the_built_in_solvers(environment: Path, tmp_path: Path) -> None:
    settings = json.loads(
        "\n".join(
            line for line in (ROOT / "asv.conf.json").read_text().splitlines() if not line.strip().startswith("//")
        )
    )
    settings |= {"repo": str(ROOT), "benchmark_dir": str(ROOT / "benchmarks")}
    settings |= {key: str(tmp_path / key.removesuffix("_dir")) for key in ("env_dir", "results_dir", "html_dir")}
    configuration = tmp_path / "asv.conf.json"
    configuration.write_text(json.dumps(settings))
    machine = {"machine": "here", "arch": "", "cpu": "", "num_cpu": "", "os": "", "ram": ""}
    (tmp_path / ".asv-machine.json").write_text(json.dumps({"here": machine, "version": 1}))
    shutil.copy(Path.home() / ".gitconfig", tmp_path) if (Path.home() / ".gitconfig").exists() else None
    command = ["--config", configuration, "run", "--quick", "-E", f"existing:{environment / 'python'}"]
    command += ["--set-commit-hash", "HEAD", "--machine", "here", "--bench", r"bench_solvers\.Tiers\..*(dtwa|twisting)"]
    variables = {"SQUEEZEBENCH_BENCH_SOLVERS": "dtwa", "HOME": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    call(environment / "python", "-m", "asv", *command, cwd=ROOT, **variables)
    file = next(file for file in (tmp_path / "results" / "here").glob("*.json") if file.name != "machine.json")
    found = json.loads(file.read_text())
    column = found["result_columns"].index("result")
    for name, allowed in (("time_solve", 60.0), ("track_error", 0.5)):
        entry = found["results"][f"bench_solvers.Tiers.{name}"]
        solvers, tiers = entry[found["result_columns"].index("params")]
        for solver in ("dtwa", "one_axis_twisting"):
            first = solvers.index(repr(solver)) * len(tiers)
            values = entry[column][first : first + len(tiers)]
            assert all(math.isfinite(value) and 0 <= value < allowed for value in values), (solver, name, values)
