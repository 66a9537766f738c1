"""A store under fire: kill -9 at any moment, two runs at once, damaged and foreign files, a full disk."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import squeezebench as sb
from squeezebench.harness.files import read_job
from squeezebench.harness.store import Store
from squeezebench.harness.verify import verify

from .conftest import turning

#: What tells how a number was computed, not which number it is.
PROVENANCE = ("seconds", "compile_seconds", "timing_grade", "peak_memory")


def numbers(results: xr.Dataset) -> xr.Dataset:
    """Results without provenance."""
    return results.drop_vars([name for name in PROVENANCE if name in results]).drop_attrs(deep=False)


SCRIPT = """
import json, sys
import squeezebench as sb
scenario = sb.Scenario.from_dict(json.loads(sys.argv[1]))
sb.run(scenario, store=sys.argv[2], workers=2)
"""


def start(scenario: sb.Scenario, store: Path, folder: Path) -> subprocess.Popen[bytes]:
    """The run as a program of its own."""
    command = [sys.executable, "-c", SCRIPT, json.dumps(scenario.to_dict()), str(store)]
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    return subprocess.Popen(command, env=environment, start_new_session=True, stderr=subprocess.DEVNULL)


def many(cells: int, solver: str = "hostile") -> sb.Scenario:
    return turning(axes={"N": list(range(20, 20 + cells))}, solvers=[solver])


def killed_at_random(scenario: sb.Scenario, store: Path, folder: Path, times: int, seed: int) -> list[int]:
    """Kill the run `times` times; the number of finished cells after each."""
    luck, finished = random.Random(seed), []
    for _ in range(times):
        process = start(scenario, store, folder)
        there = len(list((store / "jobs").glob("*.nc"))) if store.exists() else 0
        # Let it get going again, then strike at a random moment.
        for _ in range(6000):
            jobs = len(list((store / "jobs").glob("*.nc"))) if store.exists() else 0
            if jobs > there or process.poll() is not None:
                break
            time.sleep(0.01)
        time.sleep(luck.uniform(0.0, 0.4))
        process.kill()
        process.wait()
        finished.append(len(list((store / "jobs").glob("*.nc"))))
    return finished


@pytest.mark.parametrize(
    ("cells", "kills"), [(40, 2), pytest.param(240, 10, marks=pytest.mark.slow)], ids=["quick", "240 cells, 10 kills"]
)
def test_a_run_that_is_killed_again_and_again_ends_as_one_that_was_not(
    hostile: Path, tmp_path: Path, cells: int, kills: int
) -> None:
    scenario = many(cells)
    finished = killed_at_random(scenario, tmp_path / "store", hostile, kills, seed=cells)
    assert finished == sorted(finished)  # nothing that was finished is lost
    assert finished[0] < cells, "it was over before it was killed"
    resumed = sb.run(scenario, store=tmp_path / "store", workers=2)
    undisturbed = sb.run(scenario, store=tmp_path / "other", workers=2)
    assert (resumed.status == "ok").all()
    xr.testing.assert_identical(numbers(resumed), numbers(undisturbed))
    xr.testing.assert_identical(numbers(sb.load(tmp_path / "store")), numbers(sb.load(tmp_path / "other")))
    assert {finding.kind for finding in verify(tmp_path / "store")} <= {"temporary"}
    # the job files hold the same, provenance apart
    names = sorted(file.name for file in (tmp_path / "store" / "jobs").glob("*.nc"))
    assert names == sorted(file.name for file in (tmp_path / "other" / "jobs").glob("*.nc"))
    for name in names[:10]:
        a, b = (read_job(tmp_path / store / "jobs" / name)[0] for store in ("store", "other"))
        assert a.moments is not None
        assert b.moments is not None
        np.testing.assert_array_equal(a.moments.spin, b.moments.spin)
        np.testing.assert_array_equal(a.moments.covariance, b.moments.covariance)


def test_the_processes_of_a_killed_run_end_with_it(hostile: Path, tmp_path: Path) -> None:
    process = start(turning(axes={"N": [4, 13]}, solvers=["hostile:fault=c_loop"]), tmp_path / "store", hostile)
    children: list[int] = []
    for _ in range(6000):
        if len(list((tmp_path / "store").glob("jobs/*.nc"))) == 1:  # the other one is in its C loop
            break
        time.sleep(0.01)
    children = [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]
    for thread in Path(f"/proc/{process.pid}/task").iterdir():
        children += [int(pid) for pid in (thread / "children").read_text().split()]
    assert children
    process.kill()
    process.wait()
    for _ in range(500):
        left = [pid for pid in set(children) if _runs(pid)]
        if not left:
            break
        time.sleep(0.01)
    assert not left


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.usefixtures("hostile")
def test_two_runs_share_one_store(tmp_path: Path) -> None:
    scenario, found = many(30), {}

    def run(name: str) -> None:
        found[name] = sb.run(scenario, store=tmp_path / "store")

    threads = [threading.Thread(target=run, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    xr.testing.assert_identical(numbers(found["a"]), numbers(found["b"]))
    assert verify(tmp_path / "store") == []
    assert len(list((tmp_path / "store" / "jobs").glob("*.nc"))) == 30


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    sb.run(turning(axes={"N": [4, 20]}, solvers=["mean_field", "cumulant:order=2"]), store=tmp_path / "store")
    return tmp_path / "store"


def test_a_sound_store_verifies(filled: Path) -> None:
    assert verify(filled) == []


def test_every_changed_byte_of_a_job_file_is_found_and_costs_its_own_cells(filled: Path) -> None:
    file = sorted((filled / "jobs").glob("*.nc"))[0]
    data, before = file.read_bytes(), sb.load(filled)
    luck = random.Random(3)
    for place in [0, len(data) // 2, len(data) - 1, *(luck.randrange(len(data)) for _ in range(40))]:
        changed = bytearray(data)
        changed[place] ^= 1 << luck.randrange(8)
        file.write_bytes(changed)
        assert [(finding.kind, finding.path) for finding in verify(filled)] == [("damaged", file)]
    with pytest.warns(sb.SqueezebenchWarning, match="left out"):
        after = sb.load(filled)
    assert sorted(after.status.values.ravel().tolist()).count("missing") == len(read_heads(data))
    scenario = turning(axes={"N": [4, 20]}, solvers=["mean_field", "cumulant:order=2"])
    with pytest.warns(sb.SqueezebenchWarning, match="left out"):
        mended = sb.run(scenario, store=filled)
    xr.testing.assert_identical(numbers(mended), numbers(before))
    assert verify(filled) == []


def read_heads(data: bytes) -> list[str]:
    import io

    import h5netcdf

    with h5netcdf.File(io.BytesIO(data), "r") as file:
        return list(file.variables["key"][...])


def test_foreign_files_are_told(filled: Path) -> None:
    job = sorted((filled / "jobs").glob("*.nc"))[0]
    run = next((filled / "runs").glob("*.json"))
    (filled / "jobs" / ("0" * 64 + ".nc")).write_bytes(job.read_bytes())  # sound, under another cell's name
    (filled / "jobs" / "notes.txt").write_text("mine")
    (filled / "holiday.jpg").write_bytes(b"jpg")
    (filled / "jobs" / ("1" * 64 + ".nc")).symlink_to("/etc/passwd")
    (filled / "runs" / ("2" * 64 + ".json")).write_text(run.read_text())
    (filled / "timings" / "late.json").write_text("{}")
    (filled / "jobs" / ".x.nc.1-ab.tmp").write_bytes(b"half")
    found = {finding.path.name: finding.kind for finding in verify(filled)}
    assert found == {
        "0" * 64 + ".nc": "foreign",
        "1" * 64 + ".nc": "foreign",
        "2" * 64 + ".json": "foreign",
        "notes.txt": "foreign",
        "holiday.jpg": "foreign",
        "late.json": "foreign",
        ".x.nc.1-ab.tmp": "temporary",
    }


def test_a_record_whose_provenance_was_edited_is_told(filled: Path) -> None:
    from squeezebench.harness.files import write_job

    file = sorted((filled / "jobs").glob("*.nc"))[0]
    records = read_job(file)
    records[0].provenance["options"] = {**records[0].provenance["options"], "rtol": 0.5}
    write_job(file, records)
    (finding,) = verify(filled)
    assert finding.kind == "foreign"
    assert "provenance of another cell" in finding.detail


def test_merging_leaves_out_what_does_not_verify_and_takes_results_for_failures(filled: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad"
    shutil.copytree(filled, bad)
    files = sorted((bad / "jobs").glob("*.nc"))
    files[0].write_bytes(files[0].read_bytes()[:-1000])
    (bad / "jobs" / ("1" * 64 + ".nc")).symlink_to("/etc/passwd")
    with pytest.warns(sb.SqueezebenchWarning, match="not merged"):
        sb.merge(bad, into=tmp_path / "half")
    assert len(list((tmp_path / "half" / "jobs").iterdir())) == len(files) - 1
    sb.merge(tmp_path / "half", filled, into=tmp_path / "whole")
    xr.testing.assert_identical(numbers(sb.load(tmp_path / "whole")), numbers(sb.load(filled)))


@pytest.mark.usefixtures("hostile")
def test_a_failure_never_hides_a_result(tmp_path: Path) -> None:
    scenario = turning(axes={"N": [13]}, solvers=["hostile:fault=os_exit"])
    failed = sb.run(scenario, store=tmp_path / "a")
    assert failed.status.values.tolist() == [["crashed"]]
    store = Store(tmp_path / "a")
    (record,) = store.read([str(failed.key.values[0, 0])]).values()
    record.status = "ok"
    (tmp_path / "b").mkdir()
    good = Store(tmp_path / "b", create=True)
    good.write(record.key, [record])
    sb.merge(tmp_path / "a", tmp_path / "b", into=tmp_path / "c")
    assert Store(tmp_path / "c").done([record.key]) == {record.key}
    sb.merge(tmp_path / "b", tmp_path / "a", into=tmp_path / "d")
    assert Store(tmp_path / "d").done([record.key]) == {record.key}


LIMITED = """
import resource, signal, sys
import squeezebench as sb
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
from squeezebench.harness.store import Store
Store(sys.argv[1], create=True)
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))  # no file grows beyond this: the first job file does not fit
try:
    sb.run("quickstart", ["mean_field"], store=sys.argv[1], isolate=False)
except sb.StoreError as error:
    print(error)
    sys.exit(9)
"""


def test_a_disk_that_takes_no_more_stops_the_run_with_one_clear_line(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", LIMITED, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 9, done.stderr
    assert "cannot write" in done.stdout
    assert "free space or choose another place" in done.stdout
    assert not list(tmp_path.rglob("*.tmp"))
    assert verify(tmp_path) == []


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="a full disk has to be mounted")
def test_a_full_disk_stops_the_run_and_loses_nothing_that_was_finished(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "none", str(disk)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("this container may not mount")
    try:
        scenario = many(60, "permutational")
        with pytest.raises(sb.StoreError, match="No space left on device"):
            sb.run(scenario, store=disk / "store", isolate=False)
        finished = len(list((disk / "store" / "jobs").glob("*.nc")))
        assert finished > 3
        assert not list(disk.rglob("*.tmp"))
        assert verify(disk / "store") == []
        subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
        results = sb.run(scenario, store=disk / "store", isolate=False)
        assert (results.status == "ok").all()
    finally:
        subprocess.run(["umount", str(disk)], check=False)


def test_a_solution_that_was_killed_resumes_from_its_checkpoint_folder(hostile: Path, tmp_path: Path) -> None:
    scenario = turning(axes={"N": [4]}, solvers=["hostile:checkpoint=true,fault=os_exit,at=4"])
    first = sb.run(scenario, store=tmp_path)
    assert first.status.values.tolist() == [["crashed"]]
    (folder,) = (tmp_path / "checkpoints").iterdir()
    assert (folder / "half").exists()
    again = sb.run(scenario, store=tmp_path)
    assert again.status.values.tolist() == [["ok"]]
    assert not folder.exists()


@pytest.mark.parametrize("name", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_an_interruption_keeps_what_is_finished_and_says_how_to_go_on(
    hostile: Path, tmp_path: Path, name: signal.Signals
) -> None:
    (tmp_path / "long.toml").write_text(
        'name = "long"\naxes.N = [4, 5, 13]\nmodel = {type = "spin", drive = [0, 0, 2.0]}\n'
        'times = {stop = 1.0, num = 5}\nsolvers = ["hostile:fault=deaf_sleep"]\n'
    )
    command = [sys.executable, "-m", "squeezebench", "run", "long.toml", "-o", "my results", "--fresh"]
    environment = {**os.environ, "PYTHONPATH": str(hostile)}
    # A shell that runs the tests in the background has them, and what they start, ignore Ctrl-C.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        process = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True)
    finally:
        signal.signal(signal.SIGINT, before)
    for _ in range(6000):
        if len(list((tmp_path / "my results").glob("jobs/*.nc"))) == 2:
            break
        time.sleep(0.01)
    time.sleep(0.3)
    process.send_signal(name)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "to go on: squeezebench run long.toml -o 'my results'\n" in said
    assert "--fresh" not in said
    assert "Traceback" not in said
    assert sorted(sb.load(tmp_path / "my results").status.values.ravel().tolist()) == ["missing", "ok", "ok"]


def test_what_was_there_before_is_not_touched(filled: Path) -> None:
    stamps = {file: file.stat().st_mtime_ns for file in filled.rglob("*.nc")}
    sb.run(turning(axes={"N": [4, 20, 30]}, solvers=["mean_field"]), store=filled)
    assert all(file.stat().st_mtime_ns == stamp for file, stamp in stamps.items())


def test_leftovers_of_killed_writers_are_swept_up_in_time(filled: Path) -> None:
    old, new = filled / "jobs" / ".a.nc.1-ab.tmp", filled / "jobs" / ".b.nc.1-ab.tmp"
    for file in (old, new):
        file.write_bytes(b"half")
    os.utime(old, (time.time() - 7200,) * 2)
    Store(filled, create=True)
    assert not old.exists()
    assert new.exists()


def test_a_loaded_run_has_each_number_where_the_run_had_it_whatever_the_order_of_its_axes(tmp_path) -> None:
    scenario = sb.Scenario(
        name="grid",
        model={"type": "driven_cavity", "gamma_s": 1.0, "N": 6},
        axes={"upsilon_ratio": [0.3, 0.6, 0.9], "chi": [0.0, 1.0]},  # not in the order of the alphabet
        times={"stop": 1.0, "num": 5},
        solvers=["mean_field"],
        reductions=["minimum_n_eff"],
    )
    results = sb.run(scenario, store=tmp_path)
    loaded = sb.load(tmp_path)
    assert loaded.status.dims == results.status.dims == ("solver", "upsilon_ratio", "chi")
    np.testing.assert_array_equal(loaded.minimum_n_eff, results.minimum_n_eff)
    np.testing.assert_array_equal(loaded.spin, results.spin)


def test_a_run_that_lost_the_order_of_its_axes_is_left_out_and_can_be_run_again(tmp_path) -> None:
    scenario = sb.Scenario(
        name="grid",
        model={"type": "driven_cavity", "N": 6},
        axes={"upsilon_ratio": [0.3, 0.6], "chi": [0.0, 1.0]},
        times={"stop": 1.0, "num": 5},
        solvers=["mean_field"],
    )
    sb.run(scenario, store=tmp_path)
    (file,) = (tmp_path / "runs").glob("*.json")
    manifest = json.loads(file.read_text())
    del manifest["axis_order"]
    file.write_text(json.dumps(manifest))
    with (
        pytest.warns(sb.SqueezebenchWarning, match="order its axes"),
        pytest.raises(sb.StoreError, match="holds no run"),
    ):
        sb.load(tmp_path)
