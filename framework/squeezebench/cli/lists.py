"""`plugins`, `solvers`, `scenarios`: what there is."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .output import print_json, print_table, seconds

if TYPE_CHECKING:
    from squeezebench.scenario import Scenario

__all__ = ["add_to"]

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command()(plugins)
    app.command()(solvers)
    app.command()(scenarios)
    app.command()(versions)


def plugins(
    json: Json = False,
    tracebacks: Annotated[bool, typer.Option("--tracebacks", help="Show why a plugin failed, whole.")] = False,
) -> None:
    """List the plugins, and what became of each."""
    from squeezebench.host import get_host

    records = get_host().plugins
    if json:
        print_json([dataclasses.asdict(record) for record in records])
        return
    columns = [(name, "left") for name in ("plugin", "status", "from", "brings", "loaded in", "why not")]
    rows = [
        (
            record.name,
            record.status,
            f"{record.distribution} {record.version}".strip(),
            ", ".join([*record.solvers, *record.scenarios, *record.observables]),
            seconds(record.seconds),
            record.error,
        )
        for record in records
    ]
    print_table("plugins", columns, rows)
    if tracebacks:
        for record in records:
            if record.traceback:
                typer.echo(f"{record.name}:\n{record.traceback}")


def solvers(json: Json = False) -> None:
    """List the solvers with their options and tiers."""
    from squeezebench.host import get_host

    host = get_host()
    entries = [_solver_entry(host.solvers[name], host.origin(host.solvers[name]).name) for name in sorted(host.solvers)]
    if json:
        print_json(entries)
        return
    rows = [
        (
            entry["name"],
            entry["summary"],
            ", ".join(f"{name}={option['default']}" for name, option in entry["options"].items()),
            ", ".join(entry["tiers"]),
        )
        for entry in entries
    ]
    print_table("solvers", [(name, "left") for name in ("solver", "method", "options", "tiers")], rows)


def _solver_entry(solver: Any, plugin: str) -> dict[str, Any]:
    fields = solver.Options.model_fields
    return {
        "name": solver.name,
        "plugin": plugin,
        "summary": solver.summary,
        "api_version": solver.api_version,
        "model_types": [model_type.__name__ for model_type in solver.model_types],
        "schedules": solver.schedules,
        "times": solver.times,
        "steady": solver.steady,
        "options": {
            name: {"default": info.default, "type": _type_name(info.annotation), "help": info.description or ""}
            for name, info in fields.items()
        },
        "tiers": {tier: dict(options) for tier, options in solver.tiers.items()},
    }


def _type_name(annotation: Any) -> str:
    return annotation.__name__ if isinstance(annotation, type) else str(annotation).replace("typing.", "")


def scenarios(
    name: Annotated[str | None, typer.Argument(help="Print this scenario's file, to copy and change.")] = None,
    json: Json = False,
) -> None:
    """List the scenarios, built-in ones and those of plugins, or print one of them."""
    from squeezebench.host import get_host
    from squeezebench.scenario import builtin, builtin_names, load_scenario

    if name is not None:
        scenario = load_scenario(name, get_host().scenarios.values())
        if json:
            print_json(scenario.to_dict())
        else:
            typer.echo(_text_of(scenario), nl=False)
        return
    known = {name: builtin(name) for name in builtin_names()} | get_host().scenarios
    entries: list[dict[str, Any]] = [
        {
            "name": name,
            "title": scenario.title,
            "source": scenario.source,
            "axes": {axis: len(values) for axis, values in scenario.axes.items()},
            "solvers": [str(spec) for spec in scenario.solvers],
        }
        for name, scenario in sorted(known.items())
    ]
    if json:
        print_json(entries)
        return
    rows = [
        (
            entry["name"],
            entry["title"],
            " × ".join(f"{axis} ({count})" for axis, count in entry["axes"].items()) or "one point",
            ", ".join(entry["solvers"]),
        )
        for entry in entries
    ]
    print_table("scenarios", [(name, "left") for name in ("scenario", "title", "axes", "solvers")], rows)


def _text_of(scenario: Scenario) -> str:
    """Scenario file: a built-in one as it is written, comments and all."""
    from importlib import resources

    from squeezebench.scenario import builtin_names

    if scenario.name in builtin_names():
        return (resources.files("squeezebench") / "scenarios" / f"{scenario.name}.toml").read_text(encoding="utf-8")
    return scenario.to_toml()


def versions() -> None:
    """Print versions, machine and plugins: what to put into a bug report."""
    from squeezebench.versions import show_versions

    show_versions()
