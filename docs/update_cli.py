"""Put the command line's own help into the command-line page: ``python docs/update_cli.py``."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).with_name("cli.md")

#: Columns that the help is set in, whatever the terminal.
WIDTH = 100

_BLOCK = re.compile(r"```text\n\$ squeezebench ?(?P<command>[\w -]*?) ?--help\n.*?^```$", re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    """Names of the commands, in the order of the program; first the empty one, the program itself.

    A command of a group stands behind it, with the group's name before its own.
    """
    import typer.main

    from squeezebench.cli.main import app

    names = [""]
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]  # a group has them
        names += [name, *(f"{name} {inner}" for inner in getattr(command, "commands", ()))]
    return names


def help_text(command: str) -> str:
    """What ``squeezebench COMMAND --help`` prints, without colours and without white space at the ends of lines."""
    # A terminal's, a CI service's and the user's own settings would change width or colours.
    keep = ("PATH", "HOME", "SYSTEMROOT", "VIRTUAL_ENV", "PYTHONPATH", "XDG_CACHE_HOME")
    environment = {name: os.environ[name] for name in keep if name in os.environ}
    environment |= {"COLUMNS": str(WIDTH), "TERM": "dumb", "NO_COLOR": "1", "PYTHONUTF8": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "squeezebench", *command.split(), "--help"],
        env=environment,
        capture_output=True,
        check=True,
        encoding="utf-8",
    )
    text = done.stdout.replace("python -m squeezebench", "squeezebench")
    return "\n".join(line.rstrip() for line in text.splitlines()).strip("\n")


def blocks(page: str) -> dict[str, str]:
    """Command → its help as a page has it."""
    found = {}
    for match in _BLOCK.finditer(page):
        lines = match[0].splitlines()
        found[match["command"]] = "\n".join(lines[2:-1]).strip("\n")
    return found


def updated(page: str) -> str:
    """The page with the help of every block made anew."""

    def block(match: re.Match[str]) -> str:
        command = match["command"]
        prompt = " ".join(["$ squeezebench", *command.split(), "--help"])
        return f"```text\n{prompt}\n\n{help_text(command)}\n```"

    return _BLOCK.sub(block, page)


if __name__ == "__main__":
    PAGE.write_text(updated(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    missing = sorted(set(commands()) - set(blocks(PAGE.read_text(encoding="utf-8"))))
    if missing:
        sys.exit(f"{PAGE.name} has no block for: {', '.join(missing)}")
