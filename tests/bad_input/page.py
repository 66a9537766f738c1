"""The page of the documentation that lists what bad input answers."""

from __future__ import annotations

from pathlib import Path

from .commands import COMMANDS, ENVIRONMENT
from .physics import MODELS, PROBLEMS, STATES
from .runs import RUNS
from .solving import SOLVING, SPECS

__all__ = ["CALLS", "PAGE", "render"]

PAGE = Path(__file__).parents[2] / "docs" / "bad_input.md"

#: Heading → calls, exceptions, messages.
CALLS = {
    "Models": MODELS,
    "States": STATES,
    "Problems and schedules": PROBLEMS,
    "Solving one problem": SOLVING,
    "Solver specs, claims and scenarios": SPECS,
    "Runs, stores and files": RUNS,
}

_HEAD = """# Bad input, and what answers it

Every line here is tried by the tests: the exception and the message are these, nothing is computed, and no file is
written or changed. `...` stands for words that come from elsewhere: Python's own JSON and TOML readers, the
command line's parser, or the list of what is installed. A keyword that a class or function does not have is Python's
own `TypeError`.

In the calls, `model` is a driven cavity with four spins, `problem` has it and three times, `ds` is a solution of it,
`scenario` is the same as a scenario, `results` is a run of it with the axis `N` = 3, 4, and `values` that run without
its series. `good.toml` holds that scenario; the other files are broken in the way that the answer says. `write` is
`squeezebench.export.write`.
"""


def render() -> str:
    """The page as Markdown text."""
    parts = [_HEAD]
    for title, rows in CALLS.items():
        parts.append(f"## {title}\n")
        parts.append(_table("call", [(call, f"{_code(error)}: {_text(message)}") for call, error, message in rows]))
    parts.append("## Command line\n\nThe answer stands on standard error, after `error: `.\n")
    commands = [(f"squeezebench {line}", f"exit code {code}: {_text(message)}") for line, code, message in COMMANDS]
    parts.append(_table("command", commands))
    parts.append("## Environment variables\n")
    variables = [(f"{name}={value}", f"{_code(error)}: {_text(text)}") for name, value, error, text in ENVIRONMENT]
    parts.append(_table("variable", variables))
    return "\n".join(parts)


def _table(head: str, rows: list[tuple[str, str]]) -> str:
    lines = [f"| {head} | answer |", "|---|---|", *(f"| {_code(given)} | {answer} |" for given, answer in rows)]
    return "\n".join(lines) + "\n"


def _code(text: str) -> str:
    return f"`{text}`".replace("|", "\\|")


def _text(text: str) -> str:
    """Plain text in which Markdown sees no markup."""
    for mark in "\\`*_[]<>|{}$~#":
        text = text.replace(mark, f"\\{mark}")
    return text


if __name__ == "__main__":  # python -m tests.bad_input.page, in the folder of the repository
    PAGE.write_text(render(), encoding="utf-8")
