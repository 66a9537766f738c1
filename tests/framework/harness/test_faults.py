"""Fault injection: every way to die, hang, swell or lie costs its own cell, and is told apart."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import squeezebench as sb

from .conftest import turning

MEMORY = 2**28

#: Fault → status, signal, exit code, limit, and what the reason says.
DEATHS: dict[str, tuple[str, str, float, str, str]] = {
    "segfault": ("crashed", "SIGSEGV", np.nan, "", "SIGSEGV"),
    "c_abort": ("crashed", "SIGABRT", np.nan, "", "SIGABRT"),
    "floating_point_trap": ("crashed", "SIGFPE", np.nan, "", "SIGFPE"),
    "deep_recursion": ("crashed", "SIGSEGV", np.nan, "", "SIGSEGV"),
    "os_exit": ("crashed", "", 7, "", "exit code 7"),
    "sys_exit": ("crashed", "", 5, "", "sys.exit"),
    "c_loop": ("timeout", "SIGKILL", np.nan, "wall time", "1 s of wall time"),
    "deaf_sleep": ("timeout", "SIGKILL", np.nan, "wall time", "1 s of wall time"),
    "python_loop": ("timeout", "SIGKILL", np.nan, "wall time", "1 s of wall time"),
    "child_left_behind": ("timeout", "SIGKILL", np.nan, "wall time", "1 s of wall time"),
    "one_allocation": ("out_of_memory", "", np.nan, "memory", "out of memory"),
    "memory_hog": ("out_of_memory", "SIGKILL", np.nan, "memory", "MiB"),
    "unpicklable": ("error", "", np.nan, "", "its message cannot be shown"),
    "keyboard_interrupt": ("error", "", np.nan, "", "KeyboardInterrupt"),
    "talkative": ("error", "", np.nan, "", "ValueError: said enough"),
    "pipe_closed": ("crashed", "", np.nan, "", "closed its pipe"),
    "pipe_fouled": ("crashed", "", np.nan, "", "what is no message"),
}


def cells(results: xr.Dataset, fault: str) -> Any:
    return results.sel(solver=f"hostile(fault={fault})")


def run(*faults: str, **arguments: Any) -> xr.Dataset:
    limits: dict[str, Any] = {"time_limit": 1.0, "max_memory": MEMORY}
    return sb.run(turning(), [f"hostile:fault={fault}" for fault in faults], **{**limits, **arguments})


#: Those that show what the others show, too, by another road.
ALIKE = ("floating_point_trap", "deep_recursion", "python_loop", "child_left_behind", "pipe_closed")


@pytest.mark.usefixtures("hostile")
@pytest.mark.parametrize(
    "faults",
    [tuple(fault for fault in DEATHS if fault not in ALIKE), pytest.param(ALIKE, marks=pytest.mark.slow)],
    ids=["each kind", "others"],
)
def test_every_death_is_the_status_of_its_own_cell_and_is_told_apart(faults: tuple[str, ...]) -> None:
    results = run(*faults, workers=2)
    good = turning(solvers=["hostile"])
    expected = sb.run(good).isel(solver=0)
    for fault in faults:
        status, signal, code, limit, words = DEATHS[fault]
        here = cells(results, fault)
        bad = here.sel(N=13)
        found = (str(bad.status.values), str(bad.signal.values), float(bad.exit_code), str(bad.limit.values))
        assert found[:2] + found[3:] == (status, signal, limit), (fault, found, str(bad.reason.values))
        np.testing.assert_equal(found[2], code, err_msg=fault)
        assert words in str(bad.reason.values), (fault, str(bad.reason.values))
        assert np.isnan(bad.spin).all()
        for N in (4, 20):  # the run goes on, with the right numbers
            assert str(here.sel(N=N).status.values) == "ok"
            np.testing.assert_array_equal(here.sel(N=N).spin, expected.sel(N=N).spin)


@pytest.mark.usefixtures("hostile")
def test_a_solver_that_floods_its_output_neither_blocks_nor_fills_the_disk() -> None:
    results = run("flood", time_limit=60.0)
    assert (results.status == "ok").all()


@pytest.mark.usefixtures("hostile")
def test_what_a_solver_prints_is_kept_with_its_cell(tmp_path: Path) -> None:
    from squeezebench.harness.store import Store

    results = run("talkative", store=tmp_path)
    key = str(cells(results, "talkative").sel(N=13).key.values)
    story = Store(tmp_path).read([key])[key].provenance
    for line in ("on standard output", "on standard error", "of C code"):
        assert f"a line {line}" in story["output"]
    other = str(cells(results, "talkative").sel(N=20).key.values)
    assert "output" not in Store(tmp_path).read([other])[other].provenance


WRONG = {
    "wrong_shape": ("error", "spin has shape"),
    "transposed": ("error", "spin has shape"),
    "no_moments": ("error", "returned NoneType"),
    "not_finite": ("error", "not finite"),
    "objects": ("error", "give real numbers"),
    "asymmetric": ("error", "asymmetric"),
    "wrong_samples": ("error", "samples.spin has shape"),
    "odd_diagnostics": ("error", "has no JSON form"),
    "odd_extra": ("ok", ""),
    "too_long": ("unphysical", "|⟨J⟩| ≤ N/2"),
    "negative": ("unphysical", "positive semidefinite"),
    "impossible": ("unphysical", "|⟨J⟩| ≤ N/2"),
    "false_word": ("unphysical", "|⟨J⟩| ≤ N/2"),
}


@pytest.mark.usefixtures("hostile")
@pytest.mark.parametrize("isolate", [True, False])
def test_wrong_results_are_refused_and_impossible_ones_cut_off(isolate: bool) -> None:
    results = run(*WRONG, isolate=isolate, time_limit=60.0)
    times = results.time.values
    for fault, (status, words) in WRONG.items():
        bad = cells(results, fault).sel(N=13)
        assert str(bad.status.values) == status, (fault, str(bad.reason.values))
        assert words in str(bad.reason.values), (fault, str(bad.reason.values))
        assert cells(results, fault).status.sel(N=[4, 20]).values.tolist() == ["ok", "ok"]
        if fault in ("too_long", "negative"):
            kept = np.isfinite(bad.spin).all("axis").values
            assert kept.tolist() == (times < times[4]).tolist()
            assert float(bad.valid_until) == times[3]
            assert str(bad.broken_law.values) in ("spin_length", "positive_covariance", "uncertainty", "j_squared")
            assert f"at t = {times[4]:.6g} by" in str(bad.reason.values)
        elif status != "ok":
            assert np.isnan(bad.spin).all()


@pytest.mark.usefixtures("hostile")
@pytest.mark.parametrize(
    "fault",
    [
        "os_exit",
        "unpicklable",
        *(pytest.param(f, marks=pytest.mark.slow) for f in ("segfault", "c_loop", "one_allocation")),
    ],
)
def test_a_batch_that_dies_is_halved_until_one_point_is_left(fault: str, tmp_path: Path) -> None:
    scenario = turning(axes={"N": list(range(9, 17))}, solvers=[f"hostile_batches:fault={fault},count={tmp_path}"])
    results = sb.run(scenario, time_limit=0.5, max_memory=MEMORY)
    statuses = results.status.isel(solver=0)
    assert str(statuses.sel(N=13).values) == DEATHS[fault][0]
    assert (statuses.drop_sel(N=13) == "ok").all()
    calls = [int(file.name.split("-")[0]) for file in tmp_path.iterdir()]
    assert calls.count(13) <= 4  # once, and once a halving of 8 points
    assert len(calls) <= 8 * 4


@pytest.mark.slow
@pytest.mark.usefixtures("hostile")
def test_children_of_a_solver_die_with_it(tmp_path: Path) -> None:
    from squeezebench.harness.store import Store

    results = run("child_left_behind", store=tmp_path)
    key = str(cells(results, "child_left_behind").sel(N=13).key.values)
    output = Store(tmp_path).read([key])[key].provenance["output"]
    pid = int(output.split("child ")[1].split()[0])
    for _ in range(100):
        if not _runs(pid):
            break
        time.sleep(0.05)
    assert not _runs(pid)


def _runs(pid: int) -> bool:
    """Whether a process is there and no mere entry that nobody has collected."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.slow
@pytest.mark.usefixtures("hostile")
def test_a_warm_process_is_used_again_and_plugins_do_not_share_one() -> None:
    first = sb.run(turning(solvers=["hostile"], axes={"N": [4]}), keep=["series"])
    assert (first.status == "ok").all()
    start = time.perf_counter()
    sb.run(turning(solvers=["hostile"], axes={"N": [5]}))
    assert time.perf_counter() - start < 60
    from squeezebench.harness.pool import pool

    key, mine = pool().take(os.cpu_count() or 1, "hostile")
    other_key, other = pool().take(os.cpu_count() or 1, "")
    assert mine.pid != other.pid
    pool().give(key, mine)
    pool().give(other_key, other)
    assert pool().take(os.cpu_count() or 1, "hostile")[1].pid == mine.pid
    mine.kill()


@pytest.mark.usefixtures("hostile")
def test_a_plugin_of_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from squeezebench.host import get_host

    get_host().origin(get_host().solver("hostile")).version = "2.0"
    results = sb.run(turning(axes={"N": [4]}))
    assert results.status.values.tolist() == [["error"]]
    assert "install the same version there" in str(results.reason.values[0, 0])
