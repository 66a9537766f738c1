"""Turn the exact results of a store into stored answers: ``python -m squeezebench_stored.add STORE [FOLDER]``.

Every cell of `permutational` that ended well becomes one file; FOLDER is the plugin's own unless given.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

import squeezebench as sb

from .library import DATA, Answer

__all__ = ["answers_of", "main"]


def answers_of(store: str) -> dict[str, Answer]:
    """File name → answer, of every exact cell of the last run of a store.

    Raises
    ------
    StoreError
        If there is no such cell.
    """
    results = sb.load(store)
    run = json.loads(results.attrs["squeezebench"])
    scenario = sb.Scenario.from_dict(run["scenario"])
    found = {}
    for point in scenario.points():
        here = results.sel({axis: point.coords[axis] for axis in scenario.axes})
        for index, solver in enumerate(run["solvers"]):
            cell = here.isel(solver=index)
            if solver["plugin"] != "permutational" or str(cell.status.item()) != "ok":
                continue
            provenance = {
                "solver": solver["plugin"],
                "plugin_version": solver["plugin_version"],
                "options": solver["options"],
                "command": f"squeezebench run {scenario.name} -o results/",
                "created": run["created"],
                "versions": run["versions"],
                "key": str(cell.key.item()),
                "seconds": float(cell.seconds.item()),
            }
            errors = {name: np.asarray(cell[f"{name}_error"].values) for name in ("spin", "covariance", "xi2")}
            label = "-".join([scenario.name, *(f"{axis}{value}" for axis, value in point.coords.items())])
            found[label] = Answer(point.problem, cell.spin.values, cell.covariance.values, errors, provenance)
    if not found:
        raise sb.StoreError(f"{store}: no cell of permutational that ended with status ok")
    return found


def main(arguments: list[str]) -> int:
    """The command."""
    usage = "usage: python -m squeezebench_stored.add STORE [FOLDER]"
    if {"-h", "--help"} & set(arguments):
        print(f"{usage}\n\nTurn the exact cells of a store into files of the plugin, or of a folder.")
        return 0
    if not 1 <= len(arguments) <= 2:
        print(usage, file=sys.stderr)
        return 2
    folder = Path(arguments[1]) if len(arguments) > 1 else DATA
    try:
        answers = answers_of(arguments[0])
    except sb.SqueezebenchError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for label, answer in answers.items():
        file = folder / f"{label}.json"
        text = json.dumps(answer.to_dict(), ensure_ascii=False, separators=(",", ":"))
        file.write_text(text + "\n", encoding="utf-8")
        print(f"{file}: {len(text) / 1024:.0f} kB, ξ² to {answer.floor:.1e}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
