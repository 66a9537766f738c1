"""The command-line page says what the program says."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

DOCS = Path(__file__).parents[2] / "docs"

#: Kinds of values: their spelling in a help text is the command-line library's, and changes with its version.
_KINDS = {"bool", "int", "integer", "float", "str", "text", "path", "list"}


def _script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("update_cli", DOCS / "update_cli.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


update_cli = _script()
PAGE = update_cli.blocks((DOCS / "cli.md").read_text(encoding="utf-8"))


def _words(text: str) -> set[str]:
    """Words of a help text, options included, whatever their layout."""
    words = {word.strip(".,;:()[]{}<>…*") for word in re.sub(r"[│╭╮╰╯─]", " ", text).lower().split()}
    return {word for word in words if word} - _KINDS


@pytest.mark.parametrize("command", update_cli.commands())
def test_the_page_has_the_help_of_every_command(command: str) -> None:
    assert command in PAGE, "add a block to docs/cli.md and run python docs/update_cli.py"
    assert _words(PAGE[command]) == _words(update_cli.help_text(command)), "run python docs/update_cli.py"


def test_the_page_has_no_command_that_the_program_has_not() -> None:
    assert set(PAGE) <= set(update_cli.commands())
