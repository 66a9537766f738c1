"""The timing pass: alone, warm, pinned, repeated, and records of its own."""

from __future__ import annotations

import json
import math
import os
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import squeezebench as sb
from squeezebench.harness.timing import timing_lock

from .conftest import turning


def records(store: Path) -> list[dict[str, Any]]:
    return [entry for file in (store / "timings").glob("*.json") for entry in json.loads(file.read_text())["records"]]


def test_times_are_taken_apart_and_kept_beside_those_of_the_run(tmp_path: Path) -> None:
    scenario = turning(axes={"N": [4, 9]}, solvers=["cumulant:order=2", "permutational", "steady_state"])
    shared = sb.run(scenario, store=tmp_path, n_threads=1)
    assert set(shared.timing_grade.values.ravel()) <= {"shared", "batch", ""}
    assert "peak_memory" not in shared
    timed = sb.run(scenario, store=tmp_path, n_threads=1, timing=4)
    assert timed.timing_grade.values.tolist() == [["exclusive"] * 2] * 2 + [["shared"] * 2]
    assert (timed.peak_memory.isel(solver=slice(2)) >= 0).all()
    exclusive = [entry for entry in records(tmp_path) if entry["timing_grade"] == "exclusive"]
    assert len(exclusive) == 4
    for entry in exclusive:
        assert len(entry["repeats"]) == 4
        assert min(entry["repeats"]) <= entry["seconds"] <= max(entry["repeats"])
        assert len(entry["cores"]) == 1
        assert entry["n_threads"] == 1
        assert entry["machine"]["cores"] >= 1
        assert "compile_seconds" in entry
    # a later look quotes the exclusive ones, and the numbers are those of the run
    later = sb.load(tmp_path)
    assert later.timing_grade.values.tolist() == timed.timing_grade.values.tolist()
    np.testing.assert_array_equal(later.spin, shared.spin)
    assert len(list((tmp_path / "jobs").glob("*.nc"))) == 5  # the two cells of `cumulant` are a batch


@pytest.mark.slow
@pytest.mark.usefixtures("hostile")
def test_the_solver_really_is_pinned_and_warm(tmp_path: Path) -> None:
    results = sb.run(turning(axes={"N": [4]}, solvers=[f"hostile:count={tmp_path}"]), timing=3, n_threads=1)
    assert results.timing_grade.values.tolist() == [["exclusive"]]
    calls = [file.name.split("-")[1] for file in sorted(tmp_path.iterdir(), key=lambda file: file.name.split("-")[2])]
    assert len(calls) == 1 + 1 + 3  # the run, one that is not timed, and three
    assert len(set(calls[1:])) == 1
    cores = [file.name.split("-")[3] for file in tmp_path.iterdir() if file.name.split("-")[1] == calls[-1]]
    assert cores == ["1"] * 4


@pytest.mark.slow
@pytest.mark.usefixtures("hostile")
def test_cells_without_a_value_are_not_timed() -> None:
    results = sb.run(turning(solvers=["hostile:fault=os_exit"]), timing=2)
    assert results.timing_grade.values.tolist() == [["exclusive", "shared", "exclusive"]]
    assert math.isnan(float(results.seconds.sel(N=13).values[0])) or float(results.seconds.sel(N=13).values[0]) == 0


def test_in_this_process_the_affinity_is_given_back() -> None:
    before = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
    sb.run(turning(axes={"N": [4]}, solvers=["mean_field"]), timing=1, n_threads=1, isolate=False)
    assert (os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()) == before


def test_one_timing_pass_waits_for_another() -> None:
    order: list[str] = []

    def other() -> None:
        with timing_lock():
            order.append("second")

    with timing_lock():
        thread = threading.Thread(target=other)
        thread.start()
        time.sleep(0.3)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


@pytest.mark.slow
@pytest.mark.usefixtures("hostile")
def test_the_peak_memory_of_a_cell_is_what_it_took(tmp_path: Path) -> None:
    sb.run(turning(axes={"N": [4, 13]}, solvers=["hostile:fault=peak"]), store=tmp_path)
    peaks = {}
    for entry in records(tmp_path):
        peaks[entry["key"]] = float(entry["peak_memory"])
    keys = sb.load(tmp_path).key.sel(N=[4, 13]).values.ravel()
    assert peaks[keys[0]] < 40 * 2**20
    assert 199 * 2**20 < peaks[keys[1]] < 240 * 2**20
