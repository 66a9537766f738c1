"""The folder and the names that the examples of bad input refer to."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import numpy as np

import squeezebench as sb
from squeezebench import export
from squeezebench.harness.store import Store

__all__ = ["listing", "make_names", "make_workspace"]

SCENARIO = """
name = "small"
solvers = ["mean_field"]
times = {stop = 1, num = 3}
[model]
type = "driven_cavity"
N = 4
upsilon_ratio = 0.9
"""


def make_workspace(folder: Path) -> Path:
    """Files and folders that are not what they should be, and a store and a scenario that are good."""
    texts = {
        "good.toml": SCENARIO,
        "syntax.toml": "schema = = 1",
        "empty.toml": "",
        "typo.toml": SCENARIO.replace("upsilon_ratio", "upsilon_ration"),
        "negative.toml": SCENARIO + "gamma_s = -1\n",
        "nosolver.toml": SCENARIO.replace('solvers = ["mean_field"]', ""),
        "units.toml": SCENARIO + 'gamma_s = "4 MHz"\n',
        "newscenario.toml": "schema = 2\n" + SCENARIO,
        "indented.toml": SCENARIO.replace("times = {stop = 1, num = 3}", "[times]\n\tstop = 1\n\tnum = 3\n\tx = 1"),
        "unordered.toml": SCENARIO.replace("{stop = 1, num = 3}", "[0, 2, 1]"),
        "half.toml": SCENARIO.replace("N = 4", "") + "[axes]\nN = [1.5]\n",
        "file": "x",
        "badstore/store.json": "{",
        "newstore/store.json": '{"kind": "squeezebench store", "schema": 99}',
        "otherstore/store.json": "[]",
    }
    for name, text in texts.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "latin.toml").write_bytes("title = 'é'".encode("latin-1"))
    for name in ("empty", "folder.nc"):
        (folder / name).mkdir()
    Store(folder / "emptystore", create=True)
    sb.run(folder / "good.toml", store=folder / "store")
    return folder


def make_names() -> dict[str, Any]:
    """What the calls are evaluated with."""
    model = sb.SpinModel.driven_cavity(N=4, upsilon_ratio=0.9)
    problem = sb.Problem(model, times=[0, 0.5, 1])
    scenario = sb.Scenario.from_text(SCENARIO)
    sizes = scenario.replace(model={"type": "driven_cavity", "upsilon_ratio": 0.9}, axes={"N": [3, 4]})
    names = {name: getattr(sb, name) for name in sb.__all__ if name != "__version__"}
    return names | {
        "CavityModel": sb.CavityModel,
        "sb": sb,
        "np": np,
        "nan": math.nan,
        "inf": math.inf,
        "write": export.write,
        "model": model,
        "problem": problem,
        "other": sb.Problem(sb.SpinModel(N=5), times=[0, 1]),
        "ds": sb.solve(problem, "mean_field"),
        "scenario": scenario,
        "results": sb.run(sizes),
        "values": sb.run(sizes.replace(keep=[], reductions=["minimum_xi2()"])),
    }


def listing(folder: Path) -> list[tuple[str, int]]:
    """Every file and folder below `folder`, with its time of change."""
    paths = (Path(root) / name for root, folders, files in os.walk(folder) for name in (*folders, *files))
    return sorted((str(path), path.stat().st_mtime_ns) for path in paths)
