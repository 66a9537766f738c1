"""`report`: a stored run as one HTML file."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from .output import console, print_json

__all__ = ["add_to"]


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(report)


def report(
    results: Annotated[Path, typer.Argument(help="Folder of results that `run -o` wrote.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="<path>", help="File to write: .html.")] = Path(
        "report.html"
    ),
    run: Annotated[str | None, typer.Option("--run", help="Scenario name or id, where there are several runs.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing on standard error.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON: the file and its size.")] = False,
) -> None:
    """Write a stored run as one interactive HTML file that needs no network."""
    from squeezebench.report.html import check_report_file, write_report

    started = time.perf_counter()
    check_report_file(output)
    if json or quiet:
        written = write_report(results, output, run)
    else:
        with console(stderr=True).status("writing the report …"):
            written = write_report(results, output, run)
    size, took = written.stat().st_size, time.perf_counter() - started
    if json:
        print_json({"report": str(written), "bytes": size, "seconds": took})
    elif not quiet:
        console(stderr=True).print(f"wrote {written}, {size / 1e6:.1f} MB, in {took:.1f} s", markup=False)
