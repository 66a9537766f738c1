"""`compare`: the verdicts on a stored run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .output import EXIT_BROKEN, print_json
from .verdicts import print_expected, print_matrix, print_verdicts, verdict_json

__all__ = ["add_to"]


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(compare)


def compare(
    results: Annotated[Path, typer.Argument(help="Folder of results that `run -o` wrote.")],
    run: Annotated[str | None, typer.Option("--run", help="Scenario name or id, where there are several runs.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Compare the solvers of a stored run; exit code 1 if a claim is broken or an expected value missed."""
    from squeezebench.comparison import check_expected, judge
    from squeezebench.comparison import compare as compare_results
    from squeezebench.harness.collect import load

    loaded = load(results, run)
    judgements, expectations = judge(loaded), check_expected(loaded)
    pairs = compare_results(loaded)
    if json:
        print_json({**verdict_json(loaded, judgements, expectations), "pairs": pairs.to_dict()})
    else:
        print_verdicts(loaded, judgements)
        print_matrix(pairs)
        print_expected(expectations)
    broken = bool(pairs["broken"].any()) or any(judgement.broken for judgement in judgements)
    broken = broken or any(each.failed for each in expectations)
    raise typer.Exit(EXIT_BROKEN if broken else 0)
