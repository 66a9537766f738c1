"""The package says what it does to whoever listens to the logger ``squeezebench``, and nothing to anybody else."""

from __future__ import annotations

import logging
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import squeezebench as sb
from squeezebench.cli.main import main
from squeezebench.host import Host, set_host

from .toys import EntryPoint, Precession, plugin_with, precession_problem


class Failing(Precession):
    name = "failing"

    def solve(self, problem: sb.Problem, options: Any, context: sb.Context) -> sb.Moments:
        raise sb.SolverError("no luck", status="diverged" if problem.N == 3 else "error")


@pytest.fixture
def _toys() -> Iterator[None]:
    set_host(Host([EntryPoint("toys", plugin_with(Precession(), Failing()))]))
    yield
    set_host(None)


def scenario(**changes: Any) -> sb.Scenario:
    values: dict[str, Any] = {
        "name": "turning",
        "model": {"type": "spin", "N": 4, "drive": [0, 0, 2.0]},
        "times": {"stop": 1.0, "num": 3},
        "solvers": ["precession"],
    }
    return sb.Scenario(**{**values, **changes})


def lines(caplog: pytest.LogCaptureFixture, logger: str) -> list[tuple[str, str]]:
    """Level and text of what one logger said."""
    return [(r.levelname, r.getMessage()) for r in caplog.records if r.name == f"squeezebench.{logger}"]


def test_the_host_says_what_became_of_each_plugin(caplog: pytest.LogCaptureFixture) -> None:
    old = type("Old", (Precession,), {"name": "old", "api_version": 99})()
    caplog.set_level("DEBUG", logger="squeezebench")
    Host(
        [
            EntryPoint("good", plugin_with(Precession())),
            EntryPoint("bad", ImportError("gone")),
            EntryPoint("old", plugin_with(old)),
            EntryPoint("second", plugin_with(Precession())),
            EntryPoint("shut", plugin_with(Precession())),
        ],
        disabled=["shut"],
    )
    said = dict.fromkeys(("good", "bad", "old", "second", "shut"), "")
    levels = {}
    for level, text in lines(caplog, "host"):
        name = text.split("'")[1]
        said[name], levels[name] = text, level
    assert levels == {"good": "DEBUG", "shut": "DEBUG", "bad": "WARNING", "old": "WARNING", "second": "WARNING"}
    assert said["bad"] == "plugin 'bad' is broken: ImportError: gone"
    assert said["old"].startswith("plugin 'old' is incompatible: ")
    assert said["second"].startswith("plugin 'second' is duplicate: ")
    assert said["good"].endswith(": precession")


@pytest.mark.usefixtures("_toys")
def test_a_solution_is_said_at_debug_only(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="squeezebench")
    sb.solve(precession_problem(), "precession")
    assert caplog.records == []
    caplog.set_level("DEBUG", logger="squeezebench")
    sb.solve(precession_problem(), "precession")
    (first, start), (second, end) = lines(caplog, "api")
    assert first == second == "DEBUG"
    assert start.startswith("solving Problem(SpinModel(N=10")
    assert "with precession (" in start
    assert end.startswith("precession: ok in ")
    caplog.clear()
    with pytest.raises(sb.SolverError):
        sb.solve(precession_problem(), "failing")
    assert lines(caplog, "api")[-1][1].endswith(": no luck")


@pytest.mark.usefixtures("_toys")
def test_a_run_says_its_plan_each_job_and_each_failure(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    caplog.set_level("INFO", logger="squeezebench")
    axis = {"model": {"type": "spin", "drive": [0, 0, 2.0]}, "axes": {"N": [2, 3]}}
    sb.run(scenario(solvers=["precession", "failing"], **axis), store=tmp_path / "store")
    said = lines(caplog, "harness.runner")
    plan = "scenario 'turning': 2 solvers at 2 points, 0 cells from the store, 4 jobs to do"
    assert said[0] == ("INFO", plan)
    finished = [text.split(" in ")[0] for level, text in said[1:] if level == "INFO"]
    assert finished == [
        "precession, N = 2: ok",
        "precession, N = 3: ok",
        "failing, N = 2: error",
        "failing, N = 3: diverged",
    ]
    assert [text for level, text in said if level == "WARNING"] == ["failing at N = 2: error: no luck"]
    caplog.clear()
    sb.run(scenario(**axis), store=tmp_path / "store")
    assert lines(caplog, "harness.runner") == [
        ("INFO", "scenario 'turning': 1 solvers at 2 points, 2 cells from the store, 0 jobs to do")
    ]


@pytest.mark.usefixtures("_toys")
def test_files_that_a_store_leaves_out_are_said(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    sb.run(scenario(), store=tmp_path)
    (job,) = (tmp_path / "jobs").glob("*.nc")
    job.write_bytes(b"no job")
    (tmp_path / "runs" / "x.json").write_text("{")
    with pytest.warns(sb.SqueezebenchWarning, match="left out"):
        sb.load(tmp_path)
    said = lines(caplog, "harness.store")
    assert {level for level, _ in said} == {"WARNING"}
    assert any(job.name in text for _, text in said)
    assert any("x.json is no run" in text for _, text in said)


def test_nobody_hears_anything_who_does_not_listen() -> None:
    code = (
        "import logging, squeezebench as sb\n"
        "from squeezebench.host import get_host\n"
        "get_host()\n"
        "logging.getLogger('squeezebench.host').warning('something')\n"
        "print([type(handler).__name__ for handler in logging.getLogger('squeezebench').handlers])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert done.stdout == "['NullHandler']\n"


SOLVE = ["solve", "-s", "mean_field", "-N", "4", "--stop", "1", "--num", "3", "--json"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], set()),
        (["-v"], set()),
        (["-vv"], {"DEBUG squeezebench.host", "DEBUG squeezebench.api"}),
        (["--verbose", "--verbose"], {"DEBUG squeezebench.host", "DEBUG squeezebench.api"}),
    ],
    ids=["silent", "-v", "-vv", "--verbose --verbose"],  # a set's order differs between the processes that run tests
)
def test_verbose_shows_the_messages_on_standard_error(
    options: list[str],
    expected: set[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_host(None)
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    logger = logging.getLogger("squeezebench")
    before = list(logger.handlers), logger.level
    with pytest.raises(SystemExit) as exit_:
        main([*options, *SOLVE])
    assert exit_.value.code == 0
    out, err = capsys.readouterr()
    assert out.startswith("{")
    assert {line.split(":")[0] for line in err.splitlines()} == expected
    assert (list(logger.handlers), logger.level) == before


def test_verbose_shows_the_jobs_of_a_run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    (tmp_path / "mine.toml").write_text(scenario(solvers=["mean_field"]).to_toml(), encoding="utf-8")
    for _ in range(2):  # the second call must not say everything twice
        with pytest.raises(SystemExit):
            main(["-v", "run", str(tmp_path / "mine.toml"), "-o", str(tmp_path / "store"), "--quiet", "--fresh"])
        err = capsys.readouterr().err.splitlines()
        assert len(err) == 2
        assert err[0].endswith("scenario 'turning': 1 solvers at 1 points, 0 cells from the store, 1 jobs to do")
        assert err[1].startswith("INFO squeezebench.harness.runner: mean_field, the only point: ok in ")
