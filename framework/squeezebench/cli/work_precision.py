"""`work-precision`: what each solver's accuracy costs, and how the cost grows with N."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

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
from .output import console, number, print_json, print_table, seconds

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["add_to"]


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command("work-precision")(work_precision)


def work_precision(
    source: Annotated[
        str, typer.Argument(metavar="SCENARIO|STORE", help="Name or path of a scenario, or a folder of results.")
    ],
    observable: Observable = "xi2",
    reference: Reference = None,
    solver: Solver = None,
    timing: Annotated[
        int, typer.Option("--timing", metavar="<n>", help="Time each cell alone, warm and pinned, n times.", min=1)
    ] = 3,
    run: Run = None,
    output: Output = None,
    data: Annotated[
        Path | None, typer.Option("--data", metavar="<path>", help="Write errors and costs: .nc, .csv or .parquet.")
    ] = None,
    figure: Annotated[
        Path | None, typer.Option("--figure", metavar="<path>", help="Draw error against cost: .pdf, .png or .svg.")
    ] = None,
    workers: Workers = 1,
    threads: Threads = 1,
    seed: Seed = 0,
    fresh: Fresh = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress on standard error.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Show each solver's error against its seconds and memory, the Pareto fronts, and scaling in N."""
    import numpy as np

    from squeezebench.evidence import scaling
    from squeezebench.evidence import work_precision as work_precision_of
    from squeezebench.evidence.points import check_observable
    from squeezebench.export import check_target, write

    check_observable(observable)
    if data is not None:
        check_target(data)
    if figure is not None:
        from squeezebench.report import check_figure_file

        check_figure_file(figure)
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
        timing=timing,
    )
    ds = work_precision_of(results, observable, reference=reference)
    if data is not None:
        write(ds, data)
    if figure is not None:
        from squeezebench.report import save
        from squeezebench.report.work_precision_plot import work_precision_figure

        save(work_precision_figure(ds), figure)
    timed = bool(np.isfinite(ds["seconds"].values).any())
    laws = scaling(results) if timed and results.sizes.get("N", 0) > 1 else None
    if json:
        print_json({"work_precision": ds.to_dict(), "scaling": None if laws is None else laws.to_dict()})
        return
    _print_costs(ds, observable)
    if laws is not None:
        _print_laws(laws)
    for path in (data, figure):
        if path is not None and not quiet:
            console(stderr=True).print(f"wrote {path}", markup=False)


def _print_costs(ds: xr.Dataset, observable: str) -> None:
    import numpy as np

    axes = [str(dim) for dim in ds["reference"].dims]
    rows = []
    for index in np.ndindex(*ds["reference"].shape):
        point = ds.isel(dict(zip(axes, index, strict=True)))
        name, reference = point_text(axes, point), str(point["reference"].values)
        for k, label in enumerate(ds["solver"].values):
            cell = point.isel(solver=k)
            is_reference = str(label) == reference
            error = "reference" if is_reference else number(float(cell["error"]), 3)
            fronts = [text for key, text in _FRONTS.items() if bool(cell[key])]
            peak = number(float(cell["peak_bytes"]) / 2**20, 3)
            rows.append([name, str(label), error, seconds(float(cell["seconds"])), peak, ", ".join(fronts)])
            name = ""
    columns = [("point", "left"), ("solver", "left"), ("largest error", "right"), ("wall time", "right")]
    columns += [("MiB", "right"), ("Pareto front", "left")]
    print_table(f"{ds.attrs['title']} ({observable})", columns, rows)


_FRONTS = {"on_front": "time", "on_memory_front": "memory"}


def _print_laws(laws: xr.Dataset) -> None:
    import numpy as np

    others = [str(dim) for dim in laws["exponent"].dims if dim not in ("quantity", "solver")]
    rows = []
    for k, quantity in enumerate(laws["quantity"].values):
        for j, label in enumerate(laws["solver"].values):
            part = laws.isel(quantity=k, solver=j)
            for index in np.ndindex(*(laws.sizes[dim] for dim in others)):
                law = part.isel(dict(zip(others, index, strict=True)))
                if np.isnan(float(law["exponent"])):
                    continue
                low, high = float(law["exponent_low"]), float(law["exponent_high"])
                interval = "–" if np.isnan(low) else f"{low:.2f} … {high:.2f}"
                rows.append(
                    [
                        str(quantity).replace("_", " "),
                        str(label),
                        point_text(others, law),
                        f"{float(law['exponent']):.2f}",
                        interval,
                        f"{float(law['local_exponent']):.2f}",
                        f"{float(law['N_min']):g} … {float(law['N_max']):g} ({int(law['points'])})",
                    ]
                )
    heads = ("cost", "solver", "at", "exponent", "95 %", "largest two", "N (sizes)")
    print_table("scaling: cost ∝ N^exponent", [(head, "left") for head in heads], rows)
