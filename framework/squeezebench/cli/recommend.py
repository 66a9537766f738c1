"""`recommend`: the cheapest solver spec that stored measurements show to meet a tolerance."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from squeezebench.errors import InvalidOptionError

from .output import console, number, print_json, print_table

if TYPE_CHECKING:
    from squeezebench.recommendation.answer import Recommendation

__all__ = ["add_to"]


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(recommend)


def recommend(
    N: Annotated[int | None, typer.Option("--N", "-N", help="Number of spins.")] = None,
    gamma_s: Annotated[float | None, typer.Option("--gamma-s", help="Emission rate γ_s of each spin.")] = None,
    upsilon_ratio: Annotated[float, typer.Option("--upsilon-ratio", "-u", help="Drive Υ/Υ_c along x.")] = 0.9,
    chi: Annotated[float, typer.Option("--chi", help="Exchange interaction χ.")] = 0.0,
    Gamma: Annotated[float, typer.Option("--Gamma", "--gamma", help="Collective emission rate Γ.")] = 1.0,
    observable: Annotated[str, typer.Option("--observable", help="xi2, n_eff, spin or covariance.")] = "xi2",
    rtol: Annotated[float, typer.Option("--rtol", help="Error that is allowed; 0.02 is 2 % of xi2.")] = 0.02,
    stop: Annotated[float | None, typer.Option("--stop", help="Last time; 1/γ_s by default.")] = None,
    max_seconds: Annotated[
        float | None, typer.Option("--max-seconds", help="Longest time of the solution; no limit by default.")
    ] = None,
    max_memory: Annotated[
        float | None, typer.Option("--max-memory", metavar="<MiB>", help="Most memory; no limit by default.")
    ] = None,
    store: Annotated[
        list[Path] | None,
        typer.Option("--store", metavar="<path>", help="Folder of runs of yours to learn from; may be repeated."),
    ] = None,
    collect: Annotated[
        bool, typer.Option("--collect", help="Measure evidence on this machine instead, into --output.")
    ] = False,
    validate: Annotated[
        bool, typer.Option("--validate", help="Try the recommendations at new points instead, into --output.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="<path>", help="File of --collect or --validate.")
    ] = None,
    points: Annotated[int, typer.Option("--points", help="Points to measure or to try.")] = 200,
    seed: Annotated[int, typer.Option("--seed", help="Seed that draws these points.")] = 1,
    limit: Annotated[float, typer.Option("--limit", help="Seconds that a measured solution may take.")] = 6.0,
    budget: Annotated[
        float, typer.Option("--budget", help="Seconds after which to stop; the same command goes on later.")
    ] = math.inf,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress on standard error.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Recommend the cheapest solver that stored measurements show to meet a tolerance.

    Nothing is solved. Rates are in units of Γ = 1 unless --Gamma is given.
    """
    if collect or validate:
        _measure(collect, validate, output, points, seed, limit, budget, quiet)
        return
    if output is not None:
        raise InvalidOptionError(
            f"--output {output} is for --collect and --validate; an answer goes to standard output"
        )
    for option, value in (("--N", N), ("--gamma-s", gamma_s)):
        if value is None:
            raise InvalidOptionError(
                f"{option} is missing: a recommendation is for one ensemble; see squeezebench recommend --help"
            )
    from squeezebench.recommendation.advise import recommend as recommend_for

    answer = recommend_for(
        N,  # type: ignore[arg-type]  # not None, as seen above
        gamma_s,  # type: ignore[arg-type]
        upsilon_ratio,
        chi,
        Gamma=Gamma,
        observable=observable,
        rtol=rtol,
        stop=stop,
        max_seconds=max_seconds,
        max_memory=None if max_memory is None else max_memory * 2**20,
        stores=store or (),
    )
    if json:
        print_json(answer.to_dict())
        return
    _print(answer)


def _print(answer: Recommendation) -> None:
    from squeezebench.recommendation.answer import duration, size

    console().print(answer.text(alternatives=False), markup=False, soft_wrap=True)
    rows = [
        [
            other.spec,
            other.verdict,
            number(other.error, 2),
            duration(other.seconds),
            size(other.bytes),
            other.reason,
        ]
        for other in answer.alternatives
    ]
    columns = [("spec", "left"), ("verdict", "left"), ("error ≤", "right"), ("time", "right"), ("memory", "right")]
    if rows:
        print_table("other specs" if answer.spec else "specs", [*columns, ("why", "left")], rows)


def _measure(
    collect: bool,
    validate: bool,
    output: Path | None,
    points: int,
    seed: int,
    limit: float,
    budget: float,
    quiet: bool,
) -> None:
    from squeezebench.recommendation.collect import check_collection
    from squeezebench.recommendation.collect import collect as collect_into

    if collect and validate:
        raise InvalidOptionError("--collect and --validate are two things to do: give one of them")
    option = "--collect" if collect else "--validate"
    if output is None:
        raise InvalidOptionError(f"{option} writes a file: name it with --output")
    check_collection(points, limit, budget, output)

    def tell(text: str) -> None:
        if not quiet:
            console(stderr=True).print(text, markup=False)

    if collect:
        evidence = collect_into(output, points=points, seed=seed, limit=limit, budget=budget, tell=tell)
        tell(f"{output}: {len(evidence.points)} points, {len(evidence.cells)} cells")
        return
    from squeezebench.recommendation.trial import try_out

    try_out(output, points=points, seed=seed, budget=budget, tell=tell)
