"""Bad input of every kind: one clear line with an exception of our own, and nothing is written."""

from __future__ import annotations

import os
import re
import shlex
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import squeezebench as sb
from squeezebench import export
from squeezebench.cli.main import main
from squeezebench.host import get_host, set_host

from .bad_input.commands import COMMANDS, ENVIRONMENT
from .bad_input.page import CALLS, PAGE, render
from .bad_input.workspace import listing, make_names, make_workspace

ROWS = [row for rows in CALLS.values() for row in rows]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_workspace(tmp_path_factory.mktemp("work"))


@pytest.fixture(scope="module")
def names() -> dict[str, Any]:
    return make_names()


@pytest.fixture(autouse=True)
def _in_the_workspace(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Work in the folder, and find it as it was afterwards; nor may the user's own store be made."""
    before = listing(workspace)
    monkeypatch.chdir(workspace)
    yield
    assert listing(workspace) == before
    assert not (Path(os.environ["XDG_CACHE_HOME"]) / "squeezebench").exists()


def matches(message: str, found: str) -> bool:
    """Whether a message is the one in the table, in which ``...`` stands for anything."""
    return re.fullmatch(".*".join(re.escape(part) for part in message.split("...")), found) is not None


@pytest.mark.parametrize(("call", "error", "message"), ROWS, ids=[call[:80] for call, _, _ in ROWS])
def test_a_wrong_call_raises_one_clear_line(call: str, error: str, message: str, names: dict[str, Any]) -> None:
    with pytest.raises(sb.SqueezebenchError) as caught:
        eval(call, dict(names))
    assert type(caught.value).__name__ == error
    assert matches(message, str(caught.value)), str(caught.value)


@pytest.mark.parametrize(("line", "code", "message"), COMMANDS, ids=[line for line, _, _ in COMMANDS])
def test_a_wrong_command_prints_one_line_and_exits(
    line: str, code: int, message: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    with pytest.raises(SystemExit) as exit_:
        main(shlex.split(line))
    out, err = capsys.readouterr()
    assert out == ""
    assert matches(f"error: {message}\n", err), err
    assert exit_.value.code == code


@pytest.mark.parametrize(("variable", "value", "error", "message"), ENVIRONMENT, ids=[row[0] for row in ENVIRONMENT])
def test_a_wrong_environment_variable_is_named(
    variable: str, value: str, error: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    set_host(None)
    try:
        if error == "SqueezebenchWarning":
            with pytest.warns(sb.SqueezebenchWarning) as caught:
                get_host()
            assert [str(item.message) for item in caught] == [message]
        else:
            with pytest.raises(getattr(sb, error)) as raised:
                get_host()
            assert str(raised.value) == message
    finally:
        set_host(None)


def denied(*_: Any, **__: Any) -> None:
    raise PermissionError(13, "Permission denied")


@pytest.mark.parametrize(
    ("method", "call", "error", "message"),
    [
        ("read_bytes", 'run("good.toml")', "InvalidScenarioError", "good.toml: cannot be read as UTF-8 text: ..."),
        (
            "read_text",
            'load("store")',
            "StoreError",
            "store is no store that can be read: store.json: Permission denied",
        ),
        ("is_dir", 'write(ds, "out.nc")', "InvalidOptionError", "out.nc: Permission denied; give another name"),
        ("exists", 'run(scenario, store="new")', "StoreError", "new cannot be read: Permission denied"),
        (
            "mkdir",
            'run(scenario, store="new")',
            "StoreError",
            "cannot write new/store.json: Permission denied; free space or choose another place",
        ),
    ],
)
def test_what_may_not_be_read_or_written_is_named(
    method: str, call: str, error: str, message: str, names: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Path, method, denied)
        with pytest.raises(sb.SqueezebenchError) as caught:
            eval(call, dict(names))
    assert type(caught.value).__name__ == error
    assert matches(message, str(caught.value)), str(caught.value)


def test_a_file_that_cannot_be_replaced_is_not_left_behind_in_part(
    names: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", denied)
        for suffix in ("nc", "csv", "parquet"):
            with pytest.raises(sb.StoreError, match=rf"cannot write out\.{suffix}: Permission denied"):
                export.write(names["ds"], f"out.{suffix}")


class Unprintable:
    """A value whose repr fails, as that of an object in repair may."""

    def __repr__(self) -> str:
        raise RuntimeError("no repr")


@pytest.mark.parametrize("call", ["SpinModel(N=x)", "SpinModel(2, drive=x)", "solve(problem, x)", "run(x)", "load(x)"])
def test_a_value_that_cannot_be_shown_is_named_by_its_type(call: str, names: dict[str, Any]) -> None:
    with pytest.raises(sb.SqueezebenchError, match="Unprintable"):
        eval(call, {**names, "x": Unprintable()})


def test_no_message_is_longer_than_three_lines_of_a_terminal() -> None:
    assert max(len(message) for *_, message in (*ROWS, *COMMANDS, *ENVIRONMENT)) < 240


def test_every_exception_that_bad_input_can_meet_is_in_the_table() -> None:
    assert {error for _, error, _ in ROWS} >= {
        "InvalidModelError",
        "InvalidOptionError",
        "InvalidScenarioError",
        "SolverError",
        "StoreError",
        "UnknownSolverError",
        "UnsupportedProblemError",
    }


def test_every_command_has_a_row() -> None:
    from typer.main import get_command

    commands = getattr(get_command(__import__("squeezebench.cli.main", fromlist=["app"]).app), "commands")  # noqa: B009
    assert set(commands) <= {shlex.split(line)[0] for line, _, _ in COMMANDS if shlex.split(line)}


def test_the_page_of_the_documentation_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(), "run python -m tests.bad_input.page"
