"""asv's result files, and what they say of solvers: ratios to peers, errors beside times, growth with N."""

from __future__ import annotations

import ast
import itertools
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from squeezebench.errors import StoreError

__all__ = ["Curve", "Results", "TierRow", "Value", "curves", "peers", "read", "tiers"]


@dataclass(frozen=True)
class Value:
    """One number: a benchmark with one combination of parameters."""

    benchmark: str
    parameters: dict[str, Any]
    value: float
    unit: str


@dataclass(frozen=True)
class Results:
    """Newest number of each benchmark on one machine, and where they are from."""

    machine: str
    commits: tuple[str, ...]
    description: dict[str, Any]
    values: tuple[Value, ...]

    def named(self, end: str) -> Iterator[Value]:
        """Values of the benchmarks whose name ends so."""
        return (value for value in self.values if value.benchmark.endswith(end))


@dataclass(frozen=True)
class TierRow:
    """A solver at a tier."""

    benchmark: str
    parameters: dict[str, Any]
    seconds: float
    error: float


@dataclass(frozen=True)
class Curve:
    """A benchmark over N, the other parameters fixed."""

    benchmark: str
    parameters: dict[str, Any]
    N: tuple[float, ...]
    values: tuple[float, ...]
    unit: str

    @property
    def exponent(self) -> float:
        """Slope of log value over log N between the last two sizes."""
        (a, b), (x, y) = self.N[-2:], self.values[-2:]
        return math.log(y / x) / math.log(b / a)


def read(folder: Path | str, machine: str | None = None) -> Results:
    """Read the folder of results that asv writes (``.asv/results``).

    Parameters
    ----------
    folder : path
        Holds ``benchmarks.json`` and a folder for each machine.
    machine : str, optional
        Needed where there are several.

    Raises
    ------
    StoreError
        If there are no results, or several machines and none is named.
    """
    root = Path(folder)
    try:
        suite = json.loads((root / "benchmarks.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StoreError(
            f"{str(root)!r} holds no results of asv ({error}); expected the folder that `asv run` writes, .asv/results"
        ) from None
    machines = sorted(path.parent.name for path in root.glob("*/machine.json"))
    if machine is None and len(machines) != 1:
        raise StoreError(f"{str(root)!r} holds results of {len(machines)} machines: {machines}; name one of them")
    chosen = machine or machines[0]
    files = [path for path in (root / chosen).glob("*.json") if path.name != "machine.json"]
    runs = sorted((json.loads(path.read_text(encoding="utf-8")) for path in files), key=lambda run: run["date"])
    if not runs:
        raise StoreError(f"{str(root)!r} holds no results of machine {chosen!r}; expected one of {machines}")
    newest: dict[str, tuple[list[Any], str]] = {}
    for run in runs:
        for name, row in run["results"].items():
            description = suite.get(name)
            if not isinstance(description, dict):
                continue  # a benchmark that is no more
            entry = dict(zip(run["result_columns"], row, strict=False))
            if entry.get("version") == description["version"] and entry.get("result") is not None:
                newest[name] = entry["result"], run["commit_hash"]
    values: list[Value] = []
    for name, (numbers, _) in sorted(newest.items()):
        description = suite[name]
        combinations = itertools.product(*description["params"])
        for combination, number in zip(combinations, numbers, strict=False):
            if isinstance(number, int | float) and math.isfinite(number):
                parameters = dict(zip(description["param_names"], map(_literal, combination), strict=False))
                values.append(Value(name, parameters, float(number), description["unit"]))
    commits = tuple(dict.fromkeys(commit[:10] for _, commit in newest.values()))
    about = json.loads((root / chosen / "machine.json").read_text(encoding="utf-8"))
    return Results(chosen, commits, about, tuple(values))


def peers(results: Results) -> list[Value]:
    """Time of a solver over that of its peer, the best first."""
    return sorted(results.named(".track_slowdown_to_peer"), key=lambda value: value.value)


def tiers(results: Results) -> list[TierRow]:
    """Error beside speed, where a class of benchmarks has both at the same parameters."""
    errors = {(v.benchmark.rsplit(".", 1)[0], _key(v.parameters)): v.value for v in results.named(".track_error")}
    rows = []
    for value in results.named(".time_solve"):
        family = value.benchmark.rsplit(".", 1)[0]
        error = errors.get((family, _key(value.parameters)))
        if error is not None:
            rows.append(TierRow(value.benchmark, value.parameters, value.value, error))
    return rows


def curves(results: Results, kind: str) -> list[Curve]:
    """Every benchmark of a kind that has two sizes or more; `kind` is ``time`` or ``peakmem``.

    Among times are those that a benchmark takes itself, as ``track_seconds``.
    """
    ends = {"time": ("time_solve", "track_seconds")}.get(kind, (f"{kind}_solve",))
    groups: dict[tuple[str, str], list[Value]] = {}
    for value in results.values:
        if value.benchmark.rsplit(".", 1)[-1] in ends and isinstance(value.parameters.get("N"), int | float):
            others = {name: item for name, item in value.parameters.items() if name != "N"}
            groups.setdefault((value.benchmark, _key(others)), []).append(value)
    found = []
    for (name, _), members in groups.items():
        members.sort(key=lambda value: value.parameters["N"])
        if len(members) >= 2:
            others = {key: item for key, item in members[0].parameters.items() if key != "N"}
            sizes, numbers = tuple(v.parameters["N"] for v in members), tuple(v.value for v in members)
            found.append(Curve(name, others, sizes, numbers, members[0].unit))
    return found


def _key(parameters: dict[str, Any]) -> str:
    return json.dumps(parameters, sort_keys=True, default=str)


def _literal(text: str) -> Any:
    """Value of a parameter, of which asv keeps the representation."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
