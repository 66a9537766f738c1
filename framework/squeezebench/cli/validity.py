"""`validity`: where each solver stays within a tolerance of the reference, and until when."""

from __future__ import annotations

import json as json_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from squeezebench.errors import InvalidOptionError

from .evidence_source import (
    Fresh,
    Observable,
    Output,
    Reference,
    Run,
    Seed,
    Solver,
    Threads,
    Workers,
    point_text,
    results_of,
)
from .output import console, number, print_json, print_table

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["add_to"]


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(validity)


def validity(
    source: Annotated[
        str, typer.Argument(metavar="[SCENARIO|STORE]", help="Name or path of a scenario, or a folder of results.")
    ] = "validity_size",
    tolerance: Annotated[float, typer.Option("--tolerance", help="Error that is allowed; 0.05 is 5 % of xi2.")] = 0.05,
    observable: Observable = "xi2",
    reference: Reference = None,
    solver: Solver = None,
    run: Run = None,
    output: Output = None,
    data: Annotated[
        Path | None, typer.Option("--data", metavar="<path>", help="Write the map: .nc, .csv or .parquet.")
    ] = None,
    figure: Annotated[
        Path | None, typer.Option("--figure", metavar="<path>", help="Draw the map: .pdf, .png or .svg.")
    ] = None,
    stored: Annotated[
        bool,
        typer.Option("--stored", help="The map that comes with the package; nothing is run."),
    ] = False,
    workers: Workers = 1,
    threads: Threads = None,
    seed: Seed = 0,
    fresh: Fresh = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress on standard error.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Map where each solver stays within a tolerance of the reference, and until when."""
    from squeezebench.evidence import validity as validity_of
    from squeezebench.evidence.holds import check_tolerance
    from squeezebench.evidence.points import check_observable
    from squeezebench.export import check_target, write

    check_tolerance(tolerance)
    check_observable(observable)
    if stored:
        _check_stored(solver=solver, run=run, output=output, reference=reference, fresh=fresh)
    if data is not None:
        check_target(data)
    if figure is not None:
        from squeezebench.report import check_figure_file

        check_figure_file(figure)
    if stored:
        from squeezebench.evidence import stored_map

        ds = stored_map(source)
        story = json_module.loads(ds.attrs["squeezebench"])
        tolerance, observable = story["tolerance"], story["observable"]
    else:
        results = results_of(
            source,
            solvers=solver,
            run=run,
            output=output,
            workers=workers,
            threads=threads,
            seed=seed,
            fresh=fresh,
            quiet=quiet,
        )
        ds = validity_of(results, tolerance, reference, observable=observable)
    if data is not None:
        write(ds, data)
    if figure is not None:
        from squeezebench.report import save
        from squeezebench.report.validity_map import validity_figure

        save(validity_figure(ds), figure)
    if json:
        print_json(ds.to_dict())
        return
    _print(ds, tolerance, observable)
    for path in (data, figure):
        if path is not None and not quiet:
            console(stderr=True).print(f"wrote {path}", markup=False)


def _check_stored(**given: object) -> None:
    """Refuse what cannot be said of a map that is there already."""
    for name, value in given.items():
        if value:
            raise InvalidOptionError(f"--{name} says how to make a map; with --stored it is there already")


def _print(ds: xr.Dataset, tolerance: float, observable: str) -> None:
    import numpy as np

    axes = [str(dim) for dim in ds["reference"].dims]
    rows = []
    for index in np.ndindex(*ds["reference"].shape):
        point = ds.isel(dict(zip(axes, index, strict=True)))
        name = point_text(axes, point)
        for k, label in enumerate(ds["solver"].values):
            cell = point.isel(solver=k)
            numbers = (number(float(cell[key]), 3) for key in ("max_error", "good_until", "beyond_from"))
            rows.append([name, str(label), str(cell["verdict"].values).replace("_", " "), *numbers])
            name = ""
    columns = [("point", "left"), ("solver", "left"), ("verdict", "left")]
    columns += [(head, "right") for head in ("largest error", "good until", "beyond from")]
    print_table(f"{ds.attrs['title']} ({observable}, tolerance {tolerance:g})", columns, rows)
