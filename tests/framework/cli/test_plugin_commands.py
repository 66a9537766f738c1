"""`check-solver` and `new-plugin`, and plugins that are hostile or slow."""

from __future__ import annotations

import importlib.util
import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import squeezebench as sb
from squeezebench.cli.main import main
from squeezebench.cli.new_plugin import write_plugin
from squeezebench.host import Host, get_host

from ..toys import EntryPoint, Precession, plugin_with


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as exited:
        main(list(arguments))
    captured = capsys.readouterr()
    return int(exited.value.code or 0), captured.out, captured.err


def test_check_solver_prints_json(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(
        capsys, "check-solver", "one_axis_twisting", "--check", "twisting", "--check", "drive_x", "--json"
    )
    report = json.loads(out)
    assert code == 0
    assert report["passed"]
    assert [(r["name"], r["status"]) for r in report["results"]] == [("drive_x", "skipped"), ("twisting", "passed")]


def test_check_solver_exits_with_1_if_a_check_fails(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    host = Host([EntryPoint("toy", plugin_with(Precession()))])
    monkeypatch.setattr("squeezebench.host._HOST", host)
    code, out, _ = run(capsys, "check-solver", "precession", "--check", "emission")
    assert code == 1
    assert "failed" in out
    code, out, _ = run(
        capsys, "check-solver", "precession", "--check", "emission", "--expected-failed", "emission=a toy"
    )
    assert code == 0
    assert "xfailed" in out


@pytest.mark.parametrize(
    "arguments",
    [
        ["no_such_solver"],
        ["qutip", "--check", "no_such"],
        ["qutip", "--level", "all"],
        ["qutip", "--expected-failed", "x"],
    ],
)
def test_check_solver_names_what_is_wrong(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    code, _, err = run(capsys, "check-solver", *arguments)
    assert code == 2
    assert err.startswith("error: ")


def test_new_plugin_writes_a_solver_that_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = write_plugin("my_first", tmp_path / "plugin")
    assert {"pyproject.toml", "README.md", "tests/test_conformance.py", ".github/workflows/ci.yml"} <= set(files)
    assert not any("@" in (tmp_path / "plugin" / file).read_text().replace("actions/", "").replace("@v", "")
                   .replace("@sb.", "") for file in files)  # fmt: skip
    import tomllib

    project = tomllib.loads((tmp_path / "plugin" / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["squeezebench"] == {"my_first": "squeezebench_my_first"}
    monkeypatch.syspath_prepend(str(tmp_path / "plugin" / "src"))
    module = importlib.import_module("squeezebench_my_first")
    try:
        host = Host([EntryPoint("my_first", module)])
        assert host.plugins[0].status == "loaded"
        report = sb.testing.check_solver(host.solver("my_first"))
        assert not report.failed, [str(result) for result in report.failed]
        assert report["pure_decay"].status == "passed"
    finally:
        for name in [name for name in sys.modules if name.startswith("squeezebench_my_first")]:
            del sys.modules[name]


@pytest.mark.parametrize(
    "name", ["qutip", "cumulant", "My", "1st", "a-b", "../x", "a/b", "<script>", "class", "", "a" * 99]
)
def test_new_plugin_refuses_names_that_are_taken_or_none(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, err = run(capsys, "new-plugin", "--", name)
    assert code == 2
    assert "name" in err
    assert not list(tmp_path.iterdir())


def test_new_plugin_overwrites_nothing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    code, _, err = run(capsys, "new-plugin", "fresh_name", "-o", str(tmp_path))
    assert code == 2
    assert "exists" in err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


class Slow(EntryPoint):
    def load(self) -> Any:
        time.sleep(0.05)
        return super().load()


def test_a_plugin_that_is_slow_to_import_is_warned_of_and_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("squeezebench.host._SLOW", 0.02)
    with pytest.warns(sb.SqueezebenchWarning, match=r"'slow' took .* to load"):
        host = Host([Slow("slow", plugin_with(Precession()))])
    assert host.plugins[0].status == "loaded"
    assert host.plugins[0].seconds > 0.05
    assert "took" in host.plugins[0].error
    with pytest.warns(sb.SqueezebenchWarning), pytest.raises(sb.PluginError, match="took"):
        Host([Slow("slow", plugin_with(Precession()))], strict=True)


def test_a_slow_plugin_that_is_blocked_costs_nothing() -> None:
    host = Host([Slow("slow", plugin_with(Precession()))], disabled=["slow"])
    assert host.plugins[0].status == "blocked"
    assert host.plugins[0].seconds == 0


@pytest.mark.parametrize("name", ["a/b", "<script>alert(1)</script>", "a b", "\x1b[31m"])
def test_hostile_names_of_plugins_are_shown_and_harm_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    hostile = type("Hostile", (Precession,), {"name": name})()
    host = Host([EntryPoint(name, plugin_with(hostile)), EntryPoint("good", plugin_with(Precession()))])
    monkeypatch.setattr("squeezebench.host._HOST", host)
    assert {record.name: record.status for record in host.plugins} == {name: "broken", "good": "loaded"}
    code, out, _ = run(capsys, "plugins")
    assert code == 0
    assert "\x1b[31m" not in out
    assert "broken" in out
    code, out, _ = run(capsys, "plugins", "--json")
    assert {entry["name"] for entry in json.loads(out)} == {name, "good"}


def test_the_pytest_plugin_imports_nothing_of_the_package() -> None:
    import subprocess

    script = "import sys, squeezebench_pytest; print([m for m in sys.modules if m in ('numpy', 'squeezebench')])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_built_in_plugins_are_all_loaded() -> None:
    assert {record.status for record in get_host().plugins if record.distribution == "squeezebench"} == {"loaded"}
