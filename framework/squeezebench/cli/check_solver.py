"""`check-solver`: the conformance suite from the command line."""

from __future__ import annotations

import math
from typing import Annotated

import typer

from .output import EXIT_BROKEN, number, print_json, print_table

__all__ = ["add_to"]


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command("check-solver")(check_solver)


def check_solver(
    name: Annotated[str, typer.Argument(help="Solver, or a spec such as 'cumulant:order=3'.")],
    level: Annotated[str | None, typer.Option("--level", help="Only 'interface' or 'physics'.")] = None,
    only: Annotated[
        list[str] | None, typer.Option("--check", help="Only this check; may be given several times.")
    ] = None,
    expect: Annotated[
        list[str] | None,
        typer.Option("--expected-failed", help="CHECK=REASON: a failure that is known; may be given several times."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Run the conformance checks on an installed solver; exit code 1 if one fails."""
    import sys

    from squeezebench.errors import InvalidOptionError
    from squeezebench.spec import Spec
    from squeezebench.testing import CheckResult
    from squeezebench.testing import check_solver as run

    expected = {}
    for entry in expect or []:
        check, found, reason = entry.partition("=")
        if not found:
            raise InvalidOptionError(f"--expected-failed {entry!r}: give CHECK=REASON")
        expected[check.strip()] = reason

    def progress(result: CheckResult) -> None:
        if sys.stderr.isatty():
            print(f"{result.name}: {result.status} ({result.seconds:.1f} s)", file=sys.stderr)

    spec = Spec.coerce(name)
    report = run(
        spec.name,
        expected,
        level=level,
        only=only or None,
        tier=spec.tier,
        options=spec.options,
        progress=progress,
    )
    if json:
        print_json(report.to_dict())
    else:
        columns = [
            ("check", "left"),
            ("level", "left"),
            ("status", "left"),
            ("measured", "right"),
            ("allowed", "right"),
        ]
        rows = [
            (
                r.name,
                r.level,
                r.status,
                "" if math.isnan(r.measured) else number(r.measured),
                "" if math.isnan(r.allowed) else number(r.allowed),
                r.reason,
            )
            for r in report
        ]
        print_table(f"{report.solver}: conformance, list version {report.version}", [*columns, ("why", "left")], rows)
    if not report.passed:
        raise typer.Exit(EXIT_BROKEN)
