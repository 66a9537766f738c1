"""Every command of the pages is one that the program has, with files and solvers that a reader has by then."""

from __future__ import annotations

import importlib.util
import re
import shlex
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer.main

import squeezebench as sb
from squeezebench.cli.main import app
from squeezebench.host import Host
from squeezebench.report import figure_names
from squeezebench.scenario import builtin_names

ROOT = Path(__file__).parents[2]
#: Words that stand for the reader's own.
PLACEHOLDERS = {"my_solver", "dtwa"}
#: Arguments and options that name something which must exist.
SOURCES = {"scenario", "results", "source", "stores", "store"}
PROGRAM = typer.main.get_command(app)
HOST = Host()


def _script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("run_commands", ROOT / "docs" / "run_commands.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


script = _script()
PAGES = {str(path.relative_to(ROOT)): list(script.commands(path)) for path in script.pages()}


def parsed(words: list[str]) -> tuple[str, dict[str, Any]]:
    """Name of a command of the program and its arguments, by the program's own parser, which runs nothing."""
    command: Any = PROGRAM
    names: list[str] = []
    while hasattr(command, "commands"):
        assert words, "a command's name is missing"
        assert words[0] in command.commands, f"there is no command {words[0]!r}"
        names.append(words[0])
        command, words = command.commands[words[0]], words[1:]
    if {"--help", "--list"} & set(words):
        return " ".join(names), {}  # which answer at once, whatever else is said
    with command.make_context(" ".join(names), list(words)) as context:
        return " ".join(names), dict(context.params)


def check_own(words: list[str], there: set[str]) -> None:
    """A command of this program: options, solvers, scenarios and files."""
    try:
        name, values = parsed(words)
    except Exception as error:  # the parser's own, which newer versions of typer carry inside
        if not hasattr(error, "format_message"):
            raise
        pytest.fail(error.format_message())
    for key, value in values.items():
        given = [str(v) for v in value] if isinstance(value, list | tuple) else [str(value)]
        if value is None:
            continue
        if key == "solver":
            for spec in given:
                check_spec(spec)
        elif key in SOURCES or (key == "name" and name in ("figure", "scenarios")):
            for source in given:
                check_source(source, there)
        elif name in ("check-solver",):
            assert key != "name" or given[0] in {*PLACEHOLDERS, *HOST.solvers}


def check_spec(text: str) -> None:
    spec = sb.Spec.parse(text)
    if spec.name not in PLACEHOLDERS:
        HOST.solver(spec.name).resolve_options(spec.tier or "default", spec.options)


def check_source(text: str, there: set[str]) -> None:
    known = text.rstrip("/") in there or (ROOT / text).exists()
    assert known or text in builtin_names() or text in figure_names(), (
        f"{text}: no scenario, and nothing makes this file"
    )


def check(text: str, there: set[str]) -> None:
    """One command: ours is parsed; of others, files, modules, extras and sessions are looked for."""
    words = shlex.split(text.split(" | ")[0].split(" > ")[0])
    while words and re.fullmatch(r"[A-Z_]+=.*", words[0], re.DOTALL):
        words = words[1:]
    if words[:3] == ["python", "-m", "squeezebench"]:
        words = words[2:]
    match words:
        case ["squeezebench", *rest]:
            check_own(rest, there)
        case ["python", "-m", "pip", "install", *rest]:
            extras = re.findall(r"\[(\w+)\]", " ".join(rest))
            project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
            assert all(re.search(rf"^{extra} = \[", project, re.MULTILINE) for extra in extras)
        case ["python", "-m", module, *rest]:
            assert importlib.util.find_spec(module) or (ROOT / module.replace(".", "/")).with_suffix(".py").exists()
            files = [word for word in rest if word.startswith(("tests/", "docs", "benchmarks/"))]
            assert all((ROOT / word).exists() for word in files if "_build" not in word)
        case ["python", "-c", code]:
            compile(code, text, "exec")
        case ["python", path, *_]:
            assert (ROOT / path).is_file()
        case ["nox", "-s", *sessions]:
            known = (ROOT / "noxfile.py").read_text(encoding="utf-8")
            assert all(f"def {session}(" in known for session in sessions if not session.startswith("-"))
        case [("pytest" | "pre-commit" | "." | "for"), *_]:
            pass
        case _:
            pytest.fail(f"nobody checks such a command: {text}")


@pytest.mark.parametrize("page", [page for page, listed in PAGES.items() if listed])
def test_the_commands_of_a_page_are_those_of_the_program(page: str) -> None:
    there = {name.rstrip("/") for name in script.STAND_INS}
    for command in PAGES[page]:
        try:
            check(command.text, there)
        except (AssertionError, pytest.fail.Exception, sb.SqueezebenchError) as error:
            pytest.fail(f"{page}:{command.line}: {command.text}: {error}")
        there |= script.made_by(command.text)


def test_the_checker_sees_what_is_wrong() -> None:
    for text in (
        "squeezebench rum quickstart",
        "squeezebench run quickstart --solvr mcwf",
        "squeezebench run quickstar",
        "squeezebench run quickstart -s cumulant:odrer=3",
        "squeezebench run quickstart --workers two",
        "squeezebench report nowhere/ -o r.html",
        "python docs/no_such_script.py",
        "python -m no_such_module",
        "python -m pip install '.[tset]'",
        "nox -s tset",
        "somebody else",
    ):
        with pytest.raises((AssertionError, pytest.fail.Exception, sb.SqueezebenchError)):
            check(text, set())


def test_inline_commands_have_options_that_exist() -> None:
    """In running text `squeezebench NAME … --option` has placeholders, but its name and options are the program's."""
    seen = 0
    for path in script.pages():
        if path.name in ("bad_input.md", "CHANGELOG.md"):
            continue
        text = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
        for code in re.findall(r"`squeezebench ([a-z][^`]*)`", text):
            command: Any = PROGRAM
            for word in code.split():
                if not hasattr(command, "commands"):
                    break
                choice = word.split("|")[0]
                assert choice in command.commands, f"{path.name}: {code}"
                command = command.commands[choice]
            known = {option for p in command.params for option in (*p.opts, *p.secondary_opts)} | {"--help", "--json"}
            for option in re.findall(r"(?<![\w-])--?[a-zA-Z][\w-]*", code):
                assert option in known, f"{path.name}: {code}: there is no {option}"
            seen += 1
    assert seen > 30


def test_everything_that_is_left_out_stands_on_a_page() -> None:
    texts = [command.text for listed in PAGES.values() for command in listed]
    for pattern in script.LEFT_OUT:
        assert any(re.match(pattern, text) for text in texts), f"{pattern}: no page has such a command any more"


@pytest.mark.slow
def test_every_command_of_the_pages_runs() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "docs" / "run_commands.py")], capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stdout
