"""`dashboard`: a site of the benchmarks' results that opens without a network."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .output import console, print_json

__all__ = ["add_to"]


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(dashboard)


def dashboard(
    output: Annotated[Path, typer.Option("--output", "-o", metavar="<path>", help="Folder to write the site to.")],
    config: Annotated[Path, typer.Option("--config", metavar="<path>", help="asv's configuration.")] = Path(
        "asv.conf.json"
    ),
    machine: Annotated[
        str | None, typer.Option("--machine", help="Machine of the front page, where there are results of several.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON: the front page.")] = False,
) -> None:
    """Make a site of asv's results: a summary in front, and asv's own pages, complete without a network."""
    from squeezebench.dashboard import build

    page = build(output, config, machine)
    if json:
        print_json({"page": str(page)})
    else:
        console(stderr=True).print(f"wrote {page}", markup=False)
