"""`claims`: what the solvers find of each statement of the paper."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .output import console, print_json, printable

__all__ = ["add_to"]

_STYLES = {"confirmed": "green", "not reproduced": "bold red", "out of reach": "yellow"}


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(claims)


def claims(
    names: Annotated[list[str] | None, typer.Argument(help="Which claims; all by default.")] = None,
    recompute: Annotated[
        bool, typer.Option("--recompute", help="Examine them now, in some minutes, instead of reading what is stored.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="<path>", help="Write findings and provenance as JSON.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Say of each statement of the paper whether it is confirmed, by which solvers, and how sure that is."""
    from squeezebench.claims import PAPER, as_document, stored
    from squeezebench.claims import recompute as compute

    if recompute:

        def progress(done: int, total: int, name: str) -> None:
            console(stderr=True).print(f"{done + 1} of {total}: {name}", markup=False)

        document = as_document(compute(names or None, progress))
        source = "computed now"
    else:
        found, provenance = stored(names or None)
        document = {"paper": PAPER, "provenance": provenance, "findings": [finding.to_dict() for finding in found]}
        source = f"a stored answer, computed {provenance['created']}; --recompute computes it anew"
    document["source"] = source
    if output is not None:
        import json as json_module

        from squeezebench.harness.files import write_atomically
        from squeezebench.validate import real_path

        text = json_module.dumps(
            {key: document[key] for key in ("paper", "provenance", "findings")}, ensure_ascii=False
        )
        write_atomically(real_path(output, "output", "a file"), lambda temporary: temporary.write_text(text + "\n"))
    if json:
        print_json(document)
        return
    out = console()
    out.print(f"{PAPER}: {source}", markup=False, style="bold")
    for finding in document["findings"]:
        out.print()
        out.print(f"{finding['name']}: {finding['verdict']}", markup=False, style=_STYLES[finding["verdict"]])
        out.print(f"  paper   {printable(finding['statement'])} ({finding['place']})", markup=False)
        out.print(f"  found   {printable(finding['found'])}", markup=False)
        if finding["uncertainty"]:
            out.print(f"  sure    {printable(finding['uncertainty'])}", markup=False)
        out.print(f"  from    {', '.join(finding['solvers'])}; {len(finding['cells'])} cells", markup=False)
