"""`store`: what can be done with a folder of results."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .output import EXIT_BROKEN, console, print_json, print_table, printable

__all__ = ["add_to"]

_STORE = typer.Typer(help="Check, merge and export folders of results.", no_args_is_help=False)


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
def verify(
    results: Annotated[Path, typer.Argument(help="Folder of results.")],
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    delete: Annotated[bool, typer.Option("--delete", help="Delete the damaged and temporary files.")] = False,
) -> None:
    """Look at every file of a folder of results, and say which are damaged or do not belong there."""
    from squeezebench.harness.verify import verify as verify_store

    findings = verify_store(results)
    deleted = [item for item in findings if delete and item.kind != "foreign"]
    for item in deleted:
        item.path.unlink(missing_ok=True)
    if json:
        print_json({"store": str(results), "findings": [item.to_dict() for item in findings]})
    elif findings:
        rows = [(item.kind, str(item.path), item.detail) for item in findings]
        print_table("what is not as it should be", [("kind", "left"), ("file", "left"), ("detail", "left")], rows)
    if not json:
        count = f"{len(findings)} files are not as they should be" if findings else "all files are as they should be"
        note = f"; {len(deleted)} deleted, run again to compute what they held" if deleted else ""
        console(stderr=True).print(count + note, markup=False)
    bad = [item for item in findings if item.kind != "temporary" and item not in deleted]
    raise typer.Exit(EXIT_BROKEN if bad else 0)


@_STORE.command()
def failures(
    results: Annotated[Path, typer.Argument(help="Folder of results.")],
    run: Annotated[str | None, typer.Option("--run", help="Scenario name or id, where there are several runs.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Show every failed cell of a stored run: how it ended, and the last of what its solver printed."""
    from squeezebench.harness.collect import failures as failed_cells

    found = failed_cells(results, run)
    if json:
        print_json({"store": str(results), "failures": found})
        return
    out = console()
    for item in found:
        out.print(
            f"{item['solver']} at {item['point'] or 'the only point'}: {item['status']}", markup=False, style="bold"
        )
        out.print(f"  {printable(item['reason'])}", markup=False)
        for line in item["output"].splitlines():
            out.print(f"  | {printable(line)}", markup=False)
    console(stderr=True).print(f"{len(found)} cells have failed", markup=False)


@_STORE.command()
def merge(
    stores: Annotated[list[Path], typer.Argument(help="Folders of results to copy from; they stay as they are.")],
    into: Annotated[Path, typer.Option("--into", help="Folder of results to add to; made if there is none.")],
) -> None:
    """Copy everything of some folders of results into one."""
    from squeezebench.harness.collect import merge as merge_stores

    merged = merge_stores(*stores, into=into)
    console(stderr=True).print(f"merged into {merged}", markup=False)
