"""A stored answer of a run that was ended before its last time, from its checkpoint.

    python benchmarks/unfinished_record.py STORE plugins/squeezebench_stored/data/record_n2000_gamma4.json

The moments that a course has passed are in its checkpoint with their error estimates. What is written ends at the last
saved time before the checkpoint's, and says so; a finished run is added by ``python -m squeezebench_stored.add``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import squeezebench as sb
from squeezebench.host import get_host
from squeezebench_permutational.checkpoint import Checkpoint, key_of
from squeezebench_permutational.solver import error_estimate
from squeezebench_stored.library import Answer


def main(store: str, target: str) -> None:
    """Write the answer of the only run in `store`."""
    run = json.loads(next((Path(store) / "runs").glob("*.json")).read_text(encoding="utf-8"))
    scenario = sb.Scenario.from_dict(run["scenario"])
    solver, spec, key = get_host().solver("permutational"), scenario.solvers[0], run["keys"][0][0]
    options = solver.resolve_options(spec.tier, spec.options)
    problem = next(iter(scenario.points())).problem
    found = Checkpoint(Path(store) / "checkpoints" / key, key_of(problem, options)).load()
    if found is None:
        raise SystemExit(f"{store} has no checkpoint of {scenario.name}")
    meta, arrays = found
    done = int(meta["done"])
    until = float(problem.times[done - 1])
    part = sb.Problem(problem.model, problem.initial, problem.times[:done])
    spin, covariance = arrays["spin"][:done], arrays["covariance"][:done]
    errors = error_estimate(problem.N, spin, covariance, arrays["errors"][:done])
    provenance = {
        "solver": "permutational",
        "plugin_version": sb.__version__,
        "options": options.model_dump(),
        "command": f"squeezebench run {scenario.name} -o results/ --threads 2",
        "ended": f"at t = {until:g} of {problem.times[-1]:g}, before it was finished; taken from its checkpoint",
        "created": run["created"],
        "versions": run.get("versions", {"squeezebench": sb.__version__}),
        "key": key,
    }
    answer = Answer(part, spin, covariance, errors, provenance)
    Path(target).write_text(
        json.dumps(answer.to_dict(), ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8"
    )
    print(f"{target}: {done} times to {until:g}, ξ² to {answer.floor:.1e}")


if __name__ == "__main__":
    main(*sys.argv[1:3])
