"""`figure`: a figure of the paper, or of any scenario or stored run, as a file."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from squeezebench.execution import FAILED
from squeezebench.harness.observer import RunObserver

from .output import EXIT_FAILED, console, error_line, print_json, print_table

if TYPE_CHECKING:
    from squeezebench.harness.job import Record
    from squeezebench.harness.plan import Job, Plan

__all__ = ["add_to"]


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(figure)


def _list(value: bool) -> None:
    """Print the figures and end."""
    if not value:
        return
    from squeezebench.report import figure_names, figure_spec

    rows = [(name, figure_spec(name).title, ", ".join(figure_spec(name).scenarios)) for name in figure_names()]
    print_table("figures", [(name, "left") for name in ("figure", "what it shows", "scenarios")], rows)
    raise typer.Exit


def figure(
    name: Annotated[
        str, typer.Argument(help="Name of a figure; name or path of any scenario; or a folder of results.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="<path>", help="File: .pdf, .png or .svg.")],
    results: Annotated[
        Path | None,
        typer.Option("--results", metavar="<path>", help="Draw what this folder holds, and compute nothing."),
    ] = None,
    store: Annotated[
        str | None,
        typer.Option("--store", metavar="<path>", help="Where results are kept; the user's cache by default."),
    ] = None,
    workers: Annotated[int, typer.Option("--workers", "-w", help="Jobs at a time.")] = 1,
    threads: Annotated[int | None, typer.Option("--threads", help="Threads of each solver.")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Compute everything again, whatever is stored.")] = False,
    run: Annotated[str | None, typer.Option("--run", help="Of a folder: scenario name or id.")] = None,
    dpi: Annotated[float, typer.Option("--dpi", help="Dots an inch of a .png.")] = 300.0,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress on standard error.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON: the file, and how the cells ended.")] = False,
    list_: Annotated[
        bool, typer.Option("--list", callback=_list, is_eager=True, help="List the figures and exit.")
    ] = False,
) -> None:
    """Draw a figure: its scenarios are run, or taken from the store where they have been run before."""
    from squeezebench.errors import InvalidOptionError
    from squeezebench.harness.runner import store_path
    from squeezebench.harness.store import default_store
    from squeezebench.report import check_figure_file, draw, save
    from squeezebench.report.drawing import data_of, is_store, spec_of
    from squeezebench.report.style import matplotlib_style
    from squeezebench.validate import positive_number

    started = time.perf_counter()
    target = check_figure_file(output)
    positive_number(dpi, "dpi", "dots an inch")
    if is_store(name):
        _draw_run(name, target, dpi, run=run, quiet=quiet, json=json, started=started)
        return
    if run is not None:
        raise InvalidOptionError("--run chooses a run in a folder of results: give the folder in the place of a name")
    spec = spec_of(name)
    with matplotlib_style():  # says what is missing before anything is computed
        pass
    if results is not None and (fresh or store is not None):
        other = "--fresh" if fresh else "--store"
        raise InvalidOptionError(f"--results and {other} exclude each other: with --results nothing is computed")
    data = data_of(
        spec,
        results=results,
        store=default_store() if store is None else store_path(store),
        fresh=fresh,
        workers=workers,
        n_threads=threads,
        observer=RunObserver() if quiet or json else _Lines(),
    )
    written = save(draw(name, data), target, dpi)
    statuses = {key: _counts(ds) for key, ds in data.items()}
    if json:
        print_json({"figure": name, "file": str(written), "cells": statuses, "seconds": time.perf_counter() - started})
    elif not quiet:
        console(stderr=True).print(f"wrote {written} in {time.perf_counter() - started:.1f} s", markup=False)
    failed = [(key, status) for key, counts in statuses.items() for status in counts if status in FAILED]
    for key, status in failed:
        error_line(f"scenario {key}: {statuses[key][status]} cells ended {status}")
    if failed:
        raise typer.Exit(EXIT_FAILED)


def _draw_run(
    folder: str, target: Path, dpi: float, *, run: str | None, quiet: bool, json: bool, started: float
) -> None:
    """The figure of a stored run; nothing is computed."""
    from squeezebench.harness.collect import load
    from squeezebench.report import draw, save

    ds = load(folder, run)
    written = save(draw(ds), target, dpi)
    if json:
        took = time.perf_counter() - started
        print_json({"figure": folder, "file": str(written), "cells": {folder: _counts(ds)}, "seconds": took})
    elif not quiet:
        console(stderr=True).print(f"wrote {written} in {time.perf_counter() - started:.1f} s", markup=False)


def _counts(ds: Any) -> dict[str, int]:
    """Status → number of cells."""
    import numpy as np

    statuses, counts = np.unique(ds["status"].values.astype(str), return_counts=True)
    return dict(zip(statuses.tolist(), counts.tolist(), strict=True))


class _Lines(RunObserver):
    """One line a finished job on standard error."""

    def planned(self, plan: Plan, stored: int, jobs: Sequence[Job]) -> None:
        cells = sum(len(job.cells) for job in jobs)
        stored_text = f", {stored} taken from the store" if stored else ""
        console(stderr=True).print(f"{plan.scenario.name}: {cells} cells to compute{stored_text}", markup=False)

    def finished(self, job: Job, records: Sequence[Record]) -> None:
        seconds = sum(float(record.timing.get("seconds", 0.0)) for record in records)
        where = job.cells[0].point.label if len(job.cells) == 1 else f"{len(job.cells)} points"
        statuses = ", ".join(sorted({record.status for record in records}))
        line = f"  {job.spec.label}, {where or 'the only point'}: {statuses} in {seconds:.3g} s"
        console(stderr=True).print(line, markup=False)
