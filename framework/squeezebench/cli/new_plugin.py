"""`new-plugin`: a small installable package to begin with."""

from __future__ import annotations

import keyword
import re
from pathlib import Path
from typing import Annotated

import typer

from .output import print_json

__all__ = ["add_to"]

#: Template → its place in the package; both with {…} for the names.
_FILES = {
    "pyproject.toml.txt": "pyproject.toml",
    "README.md.txt": "README.md",
    "init.py.txt": "src/{package}/__init__.py",
    "solver.py.txt": "src/{package}/solver.py",
    "test_conformance.py.txt": "tests/test_conformance.py",
    "ci.yml.txt": ".github/workflows/ci.yml",
}


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command("new-plugin")(new_plugin)


def new_plugin(
    name: Annotated[str, typer.Argument(help="Name of the solver: lower-case letters, digits and _.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Folder to make; squeezebench-NAME by default.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the files that were written as JSON.")] = False,
) -> None:
    """Write a small installable package with a solver of your own, its tests and its entry point."""
    folder = Path(f"squeezebench-{checked_name(name).replace('_', '-')}") if output is None else output
    files = write_plugin(name, folder)
    if json:
        print_json({"name": name, "folder": str(folder), "files": files})
        return
    for file in files:
        typer.echo(folder / file)
    typer.echo(f"next: python -m pip install -e {folder} && squeezebench check-solver {name}", err=True)


def checked_name(name: str) -> str:
    """`name`, if a solver can have it.

    Raises
    ------
    InvalidOptionError
        If it is not of the form [a-z][a-z0-9_]*, a keyword of Python, or taken by a solver, plugin or package.
    """
    import importlib.util

    from squeezebench.errors import InvalidOptionError
    from squeezebench.host import get_host
    from squeezebench.validate import shown

    if not re.fullmatch(r"[a-z][a-z0-9_]{0,63}", name) or keyword.iskeyword(name):
        raise InvalidOptionError(
            f"name = {shown(name)}: give lower-case letters, digits and _, beginning with a letter, as in 'my_solver'"
        )
    host = get_host()
    if name in host.solvers or name in {record.name for record in host.plugins}:
        raise InvalidOptionError(f"the name {name!r} is taken by an installed plugin: squeezebench plugins lists them")
    if importlib.util.find_spec(f"squeezebench_{name}") is not None:
        raise InvalidOptionError(f"a package squeezebench_{name} is installed already: give another name")
    return name


def write_plugin(name: str, folder: Path) -> list[str]:
    """Write the package of solver `name` into the new folder `folder`; the paths of its files, relative to it.

    Raises
    ------
    InvalidOptionError
        If the name cannot be had, or the folder exists and is not empty, or cannot be written.
    """
    from importlib import resources

    from squeezebench import API_VERSION, __version__
    from squeezebench.errors import InvalidOptionError

    checked_name(name)
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise InvalidOptionError(f"{folder} exists already: give another folder with -o")
        words = {
            "@NAME@": name,
            "@PACKAGE@": f"squeezebench_{name}",
            "@DISTRIBUTION@": f"squeezebench-{name.replace('_', '-')}",
            "@CLASS@": "".join(word.capitalize() for word in name.split("_")) + "Solver",
            "@API_VERSION@": str(API_VERSION),
            "@VERSION@": __version__,
        }
        written = []
        templates = resources.files("squeezebench.cli") / "templates"
        for template, target in _FILES.items():
            text = (templates / template).read_text(encoding="utf-8")
            for mark, word in words.items():
                text = text.replace(mark, word)
            path = target.format(package=f"squeezebench_{name}")
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
            written.append(path)
    except OSError as error:
        raise InvalidOptionError(f"{folder} cannot be written: {error.strerror}") from error
    return written
