"""`store`: what can be done with a folder of results."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .output import console

__all__ = ["add_to"]

_STORE = typer.Typer(help="Export and merge folders of results.", no_args_is_help=False)


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.add_typer(_STORE, name="store")


@_STORE.command()
def export(
    results: Annotated[Path, typer.Argument(help="Folder of results that `run -o` wrote.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write: .nc, .csv or .parquet.")],
    run: Annotated[str | None, typer.Option("--run", help="Scenario name or id, where there are several runs.")] = None,
) -> None:
    """Write a stored run as one file: a data set, or a table with one row a solver, point and time."""
    from squeezebench.export import check_target, write
    from squeezebench.harness.collect import load

    check_target(output)
    written = write(load(results, run), output)
    console(stderr=True).print(f"wrote {written}", markup=False)


@_STORE.command()
def merge(
    stores: Annotated[list[Path], typer.Argument(help="Folders of results to copy from; they stay as they are.")],
    into: Annotated[Path, typer.Option("--into", help="Folder of results to add to; made if there is none.")],
) -> None:
    """Copy everything of some folders of results into one."""
    from squeezebench.harness.collect import merge as merge_stores

    merged = merge_stores(*stores, into=into)
    console(stderr=True).print(f"merged into {merged}", markup=False)
