"""`solve` and `steady-state`: one problem, from options on the command line."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any

import typer

from squeezebench.errors import InvalidModelError, InvalidOptionError

from .chart import xi2_chart
from .output import console, number, print_json, print_table, seconds

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["add_to"]

#: More times than this are a mistake; their data set would not fit in memory.
MAX_TIMES = 1_000_000

#: Rows of the table that `solve` prints; the data set itself has them all.
TABLE_ROWS = 21

Number = Annotated[int, typer.Option("--N", "-N", help="Number of spins.")]
Ratio = Annotated[float, typer.Option("--upsilon-ratio", "-u", help="Drive Υ/Υ_c along x, with Υ_c² = Γ² + 4χ².")]
GammaS = Annotated[float, typer.Option("--gamma-s", help="Emission rate γ_s of each spin.")]
Chi = Annotated[float, typer.Option("--chi", help="Exchange interaction χ.")]
Gamma = Annotated[float, typer.Option("--Gamma", help="Collective emission rate Γ.")]
Pumping = Annotated[float, typer.Option("--pumping", help="Pumping rate of each spin.")]
Dephasing = Annotated[float, typer.Option("--dephasing", help="Dephasing rate of each spin.")]
Detuning = Annotated[float, typer.Option("--detuning", help="Coefficient of J_z.")]
Twisting = Annotated[float, typer.Option("--twisting", help="Coefficient of J_z².")]
Tier = Annotated[str | None, typer.Option("--tier", help="fast, default, tight or reference.")]
Threads = Annotated[int | None, typer.Option("--threads", help="Threads of the solver; all cores by default.")]
Seed = Annotated[int, typer.Option("--seed", help="Seed of sampled solvers.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Output = Annotated[
    str | None, typer.Option("--output", "-o", metavar="<path>", help="Write the data set: .nc, .csv or .parquet.")
]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command()(solve)
    app.command(name="steady-state")(steady_state)


def solve(
    solver: Annotated[str, typer.Option("--solver", "-s", help="Solver spec, such as cumulant:order=3.")],
    N: Number,
    stop: Annotated[float, typer.Option("--stop", help="Last time, in the inverse of the rates' unit.")],
    upsilon_ratio: Ratio = 0.9,
    gamma_s: GammaS = 0.0,
    chi: Chi = 0.0,
    Gamma: Gamma = 1.0,
    pumping: Pumping = 0.0,
    dephasing: Dephasing = 0.0,
    detuning: Detuning = 0.0,
    twisting: Twisting = 0.0,
    num: Annotated[int, typer.Option("--num", help="Number of times, the start included.")] = 201,
    theta: Annotated[float | None, typer.Option("--theta", help="Polar angle of the start; π/2 by default.")] = None,
    phi: Annotated[float | None, typer.Option("--phi", help="Azimuth of the start; π by default.")] = None,
    bloch_length: Annotated[
        float | None, typer.Option("--bloch-length", help="Bloch length of the start, 0 to 1; 1 by default.")
    ] = None,
    mean_field_start: Annotated[
        bool, typer.Option("--mean-field-start", help="Start along the γ_s = 0 mean-field fixed point.")
    ] = False,
    tier: Tier = None,
    seed: Seed = 0,
    threads: Threads = None,
    json: Json = False,
    output: Output = None,
) -> None:
    """Follow ξ² and N_eff of one ensemble over time with one solver.

    The start is the coherent state along −x unless angles are given.
    """
    import numpy as np

    from squeezebench import api
    from squeezebench.problem import Problem
    from squeezebench.states import CoherentSpinState, MeanFieldSteadyState

    if not (math.isfinite(stop) and stop > 0):
        raise InvalidModelError(f"--stop {stop!r}: give a time after 0")
    if not 2 <= num <= MAX_TIMES:
        raise InvalidOptionError(f"--num {num}: give at least 2 times and at most {MAX_TIMES}")
    _check_output(output)
    model = _model(N, upsilon_ratio, gamma_s, chi, Gamma, pumping, dephasing, detuning, twisting)
    angles = {"theta": theta, "phi": phi, "bloch_length": bloch_length}
    given = {name: value for name, value in angles.items() if value is not None}
    if mean_field_start and given:
        option = f"--{next(iter(given)).replace('_', '-')}"
        raise InvalidOptionError(f"{option} and --mean-field-start: the mean field decides the start; give one of them")
    initial = MeanFieldSteadyState() if mean_field_start else CoherentSpinState(**given)
    problem = Problem(model, initial, np.linspace(0.0, stop, num))
    with console(stderr=True).status(f"solving with {solver} …"):
        ds = api.solve(problem, solver, tier=tier, seed=seed, n_threads=threads)
    _show(ds, json=json, output=output)


def steady_state(
    N: Number,
    solver: Annotated[str, typer.Option("--solver", "-s", help="Solver spec.")] = "steady_state",
    upsilon_ratio: Ratio = 0.9,
    gamma_s: GammaS = 0.0,
    chi: Chi = 0.0,
    Gamma: Gamma = 1.0,
    pumping: Pumping = 0.0,
    dephasing: Dephasing = 0.0,
    detuning: Detuning = 0.0,
    twisting: Twisting = 0.0,
    J: Annotated[float | None, typer.Option("--J", help="Total spin, where it is conserved; N/2 by default.")] = None,
    tier: Tier = None,
    threads: Threads = None,
    json: Json = False,
    output: Output = None,
) -> None:
    """Give ξ² and N_eff in the steady state of one ensemble."""
    from squeezebench import api

    _check_output(output)
    model = _model(N, upsilon_ratio, gamma_s, chi, Gamma, pumping, dephasing, detuning, twisting)
    ds = api.steady_state(model, solver, J=J, tier=tier, n_threads=threads)
    _show(ds, json=json, output=output)


def _model(
    N: int,
    upsilon_ratio: float,
    gamma_s: float,
    chi: float,
    Gamma: float,
    pumping: float,
    dephasing: float,
    detuning: float,
    twisting: float,
) -> Any:
    import dataclasses

    from squeezebench.model import SpinModel

    model = SpinModel.driven_cavity(N=N, upsilon_ratio=upsilon_ratio, chi=chi, gamma_s=gamma_s, Gamma=Gamma)
    drive = (model.drive[0], 0.0, detuning)
    return dataclasses.replace(model, drive=drive, pumping=pumping, dephasing=dephasing, twisting=twisting)


def _check_output(output: str | None) -> None:
    """Refuse a file that could not be written, before anything is computed."""
    if output is None:
        return
    from squeezebench.export import check_target

    check_target(output)


def _show(ds: xr.Dataset, *, json: bool, output: str | None) -> None:
    from squeezebench.export import write

    if output is not None:
        write(ds, output)
    if json:
        print_json(_plain(ds))
        return
    import json as json_module

    import numpy as np

    story = json_module.loads(ds.attrs["squeezebench"])
    times = ds["time"].values
    step = max(1, -(-len(times) // TABLE_ROWS))
    rows = []
    for k in sorted({*range(0, len(times), step), len(times) - 1}):
        rows.append(
            (
                number(float(times[k]), 4),
                number(float(ds["xi2"].values[k]), 5),
                number(float(ds["xi2_db"].values[k]), 4),
                number(float(ds["n_eff"].values[k]), 6),
                number(float(ds["contrast"].values[k]), 4),
            )
        )
    room = console().width - 12  # for the numbers beside the plot
    chart = xi2_chart(times, ds["xi2"].values, width=max(10, min(60, room)))
    columns = [("t", "right"), ("ξ²", "right"), ("ξ² / dB", "right"), ("N_eff", "right"), ("2|⟨J⟩|/N", "right")]
    print_table(f"{story['label']}: {story['status']}, {seconds(story['timings']['seconds'])}", columns, rows)
    if chart:
        console().print(chart, markup=False, no_wrap=True, crop=False, overflow="ignore")
    xi2 = ds["xi2"].values
    if np.isfinite(xi2).any():
        best = int(np.nanargmin(xi2))
        found = f"min ξ² = {float(xi2[best]):.6g} ({float(ds['xi2_db'][best]):.3g} dB) at t = {float(times[best]):.6g}"
        console().print(found, markup=False)
    if story["status"] != "ok":
        console().print(f"{story['status']} at t = {story['valid_until']}: {story['reason']}", markup=False)


def _plain(ds: xr.Dataset) -> dict[str, Any]:
    import json as json_module

    from squeezebench.block_variables import DIM

    story = json_module.loads(ds.attrs["squeezebench"])
    data: dict[str, Any] = {"solver": story["solver"], "status": story["status"], "reason": story["reason"]}
    data["time"] = ds["time"].values
    for name, variable in ds.data_vars.items():
        if DIM not in variable.dims:  # a thousand blocks are nothing to read
            data[str(name)] = variable.values
    data["provenance"] = story
    return data
