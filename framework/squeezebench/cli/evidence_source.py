"""What the commands about evidence share: a stored run, or a scenario that is run first."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from squeezebench.errors import InvalidOptionError
from squeezebench.harness.observer import RunObserver

from .progress import Progress

if TYPE_CHECKING:
    import xarray as xr

__all__ = [
    "Fresh",
    "Observable",
    "Output",
    "Reference",
    "Run",
    "Seed",
    "Solver",
    "Threads",
    "Workers",
    "point_text",
    "results_of",
]

Solver = Annotated[
    list[str] | None, typer.Option("--solver", "-s", help="Solver spec, such as cumulant:order=3; may be repeated.")
]
Observable = Annotated[str, typer.Option("--observable", help="xi2, n_eff, spin or covariance.")]
Reference = Annotated[
    str | None, typer.Option("--reference", help="Solver to compare with; the strongest claim by default.")
]
Run = Annotated[str | None, typer.Option("--run", help="Scenario name or id, where a folder has several runs.")]
Output = Annotated[
    str | None,
    typer.Option("--output", "-o", metavar="<path>", help="Folder of results; the user's cache by default."),
]
Workers = Annotated[int, typer.Option("--workers", "-w", help="Jobs at a time.")]
Threads = Annotated[int | None, typer.Option("--threads", help="Threads of each solver.")]
Seed = Annotated[int, typer.Option("--seed", help="Seed of sampled solvers.")]
Fresh = Annotated[bool, typer.Option("--fresh", help="Compute everything again, whatever is stored.")]


def results_of(
    source: str,
    *,
    solvers: list[str] | None,
    run: str | None,
    output: str | None,
    workers: int,
    threads: int | None,
    seed: int,
    fresh: bool,
    quiet: bool,
    timing: int = 0,
) -> xr.Dataset:
    """Data set of the stored run in a folder, or of the scenario of that name or path.

    Raises
    ------
    InvalidOptionError
        If options about running are given with a folder, where nothing is run.
    """
    from squeezebench.harness import load
    from squeezebench.harness import run as run_scenario
    from squeezebench.harness.store import default_store

    if source and Path(source).is_dir():
        given = {"--solver": solvers, "--output": output, "--fresh": fresh}
        for option, value in given.items():
            if value:
                raise InvalidOptionError(f"{option} says how to run a scenario; {source} is a folder of results")
        return load(source, run)
    if run is not None:
        raise InvalidOptionError(f"--run {run} chooses among the runs of a folder; {source!r} is none")
    observer = RunObserver() if quiet else Progress()
    try:
        return run_scenario(
            source,
            solvers or None,
            store=default_store() if output is None else output,
            workers=workers,
            n_threads=threads,
            seed=seed,
            fresh=fresh,
            keep=["series"],
            timing=timing,
            observer=observer,
        )
    finally:
        if isinstance(observer, Progress):
            observer.stop()


def point_text(axes: list[str], ds: Any) -> str:
    """`N = 30, gamma_s = 4` of a data set of one point."""
    values = ((axis, ds[axis].item()) for axis in axes)
    text = ((axis, f"{value:g}" if isinstance(value, int | float) else str(value)) for axis, value in values)
    return ", ".join(f"{axis} = {value}" for axis, value in text)
