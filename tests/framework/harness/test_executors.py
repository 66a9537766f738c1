"""Results do not depend on where jobs run: in process, on local workers, on dask with a worker that is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import squeezebench as sb

from .conftest import turning
from .test_store import numbers

SOLVERS = ["hostile", "blocks", "hostile_batches", "mean_field", "cumulant:order=2", "permutational"]


def scenario() -> sb.Scenario:
    model = {"type": "spin", "drive": [0, 0, 2.0], "emission": 0.0}
    return turning(axes={"N": [3, 4, 6, 9]}, model=model, solvers=SOLVERS)


def alike(a: xr.Dataset, b: xr.Dataset) -> None:
    xr.testing.assert_identical(numbers(a), numbers(b))


@pytest.mark.usefixtures("hostile")
def test_in_process_local_workers_and_other_executors_give_identical_data() -> None:
    here = sb.run(scenario(), isolate=False, keep=["series", "trajectories"])
    assert (here.status == "ok").all()
    alike(here, sb.run(scenario(), workers=2, keep=["series", "trajectories"]))
    with ThreadPoolExecutor(2) as executor:
        alike(here, sb.run(scenario(), executor=executor, keep=["series", "trajectories"]))


@pytest.mark.usefixtures("hostile")
def test_dask_gives_identical_data_although_a_worker_is_killed() -> None:
    here = sb.run(scenario(), isolate=False)
    slow = "blocks:trajectories=240,seconds=0.02"
    expected = sb.run(turning(axes={"N": [4]}, solvers=[slow]), isolate=False)
    killed: list[int] = []

    def strike() -> None:
        """Kill the worker process of one of the two nannies, as soon as it has a solver process of its own."""
        for _ in range(3000):
            for pid, command in processes():
                if "harness.worker" in command and (parent := parent_of(pid)) is not None:
                    name = dict(processes()).get(parent, "")
                    if "multiprocessing" in name or "dask_worker" in name or "spawn" in name:
                        os.kill(parent, signal.SIGKILL)
                        killed.append(parent)
                        return
            time.sleep(0.01)

    assassin = threading.Thread(target=strike)
    assassin.start()
    shared = sb.run(turning(axes={"N": [4]}, solvers=[slow]), dask="local", workers=2)
    assassin.join()
    assert killed
    alike(expected, shared)
    alike(here, sb.run(scenario(), dask="local", workers=2))


@pytest.mark.slow
@pytest.mark.usefixtures("hostile")
def test_clusters_clients_and_addresses_are_taken_and_left_open(monkeypatch: pytest.MonkeyPatch) -> None:
    from squeezebench.harness.dask import _local_cluster
    from squeezebench.host import get_host

    small = turning(axes={"N": [4, 5]}, solvers=["mean_field", "hostile"])
    here = sb.run(small)
    with _local_cluster(1) as client:
        for dask in (client, client.cluster, client.scheduler_info()["address"]):
            alike(here, sb.run(small, dask=dask))
        alike(here, sb.run(small, executor=client.get_executor(pure=False)))
        assert client.nthreads()
        # a worker that has another version of a plugin is told before anything is computed
        monkeypatch.setattr(get_host().origin(get_host().solver("hostile")), "version", "2.0")
        with pytest.raises(sb.PluginError, match=r"solver 'hostile', this process .* install the same versions there"):
            sb.run(small, dask=client)


def processes() -> list[tuple[int, str]]:
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                found.append((int(folder.name), (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()))
            except OSError:
                continue
    return found


def parent_of(pid: int) -> int | None:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    except OSError:
        return None


class Losing(Executor):
    """Loses the first tries of each job, as a cluster does whose workers die."""

    _max_workers = 2

    def __init__(self, losses: int) -> None:
        self._threads = ThreadPoolExecutor(2)
        self._losses = losses
        self.tries: dict[bytes, int] = {}

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        (payload,) = args
        self.tries[payload] = self.tries.get(payload, 0) + 1
        if self.tries[payload] <= self._losses:
            lost: Future[Any] = Future()
            lost.set_exception(RuntimeError("worker tcp://127.0.0.1:1 died"))
            return lost
        return self._threads.submit(function, *args, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._threads.shutdown(wait, cancel_futures=cancel_futures)


@pytest.mark.usefixtures("hostile")
def test_a_lost_job_is_tried_once_more_and_then_recorded() -> None:
    small = turning(axes={"N": [4, 5]})
    with Losing(1) as once:
        alike(sb.run(small, executor=once), sb.run(small))
        assert set(once.tries.values()) == {2}
    with Losing(9) as always:
        results = sb.run(small, executor=always)
        assert set(always.tries.values()) == {2}
    assert (results.status == "crashed").all()
    assert "lost, twice: RuntimeError: worker tcp" in str(results.reason.values[0, 0])


class Broken(Executor):
    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        raise BrokenProcessPool("a child process terminated abruptly")


@pytest.mark.usefixtures("hostile")
def test_an_executor_that_takes_no_jobs_stops_the_run_with_one_clear_line() -> None:
    with pytest.raises(sb.SqueezebenchError, match=r"the executor takes no more jobs .* run again to go on"):
        sb.run(turning(), executor=Broken())


@pytest.mark.usefixtures("hostile")
@pytest.mark.parametrize("workers", [2, pytest.param(5, marks=pytest.mark.slow)])
def test_a_sampled_cell_is_shared_out_over_all_workers_and_pooled_to_the_last_bit(workers: int) -> None:
    class Counting(ThreadPoolExecutor):
        jobs: list[Any] = []

        def submit(self, function: Any, /, *args: Any, **kwargs: Any) -> Any:
            from squeezebench.harness.wire import decode

            self.jobs.append(decode(args[0])["blocks"])
            return super().submit(function, *args, **kwargs)

    Counting.jobs = []
    one = turning(axes={"N": [10]}, solvers=["blocks:trajectories=235"])
    whole = sb.run(one, keep=["series", "trajectories"])
    with Counting(workers) as executor:
        executor._max_workers = workers
        parts = sb.run(one, executor=executor, keep=["series", "trajectories"])
    assert sorted(Counting.jobs)[0][0] == 0
    assert sorted(Counting.jobs)[-1][1] == 24
    assert len(Counting.jobs) == min(workers, 24)
    alike(whole, parts)
    assert "xi2_stderr" in parts
    np.testing.assert_array_equal(whole.xi2_stderr, parts.xi2_stderr)


@pytest.mark.usefixtures("hostile")
@pytest.mark.parametrize("trajectories", [1, 10, 11, 95, 240])
def test_pooling_is_exact_for_every_number_of_shares_in_whatever_order_they_come(trajectories: int) -> None:
    from squeezebench.harness.job import execute
    from squeezebench.harness.plan import jobs_of, make_plan
    from squeezebench.harness.shares import pooled_record, shares
    from squeezebench.host import get_host

    host = get_host()
    spec = sb.Spec("blocks", trajectories=trajectories)
    plan = make_plan(turning(axes={"N": [10]}), [spec], host, seed=5)
    (job,) = jobs_of(plan, host, {plan.cells[0][0].key}, 1)
    (whole,) = execute(job, host)
    assert whole.moments is not None
    for number in (2, 3, 7, 24, 100):
        parts = shares(job, host, number)
        blocks = -(-trajectories // 10)
        assert len(parts) == min(number, blocks)
        if len(parts) == 1:
            assert parts == [job]
            continue
        records = [execute(part, host)[0] for part in parts]
        pooled = pooled_record(job, records[::-1], host)
        assert pooled.moments is not None
        np.testing.assert_array_equal(pooled.moments.spin, whole.moments.spin)
        np.testing.assert_array_equal(pooled.moments.covariance, whole.moments.covariance)
        assert pooled.reductions == whole.reductions


@pytest.mark.usefixtures("hostile")
def test_shares_that_are_finished_survive_the_run(tmp_path: Path) -> None:
    one = turning(axes={"N": [10]}, solvers=["blocks:trajectories=40"])
    asked: list[Any] = []

    class Stopping(Executor):
        """Does the job in this thread, and is interrupted at the third."""

        _max_workers = 4

        def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            from squeezebench.harness.wire import decode

            asked.append(decode(args[0])["blocks"])
            done: Future[Any] = Future()
            if len(asked) == 3:
                done.set_exception(KeyboardInterrupt())
            else:
                done.set_result(function(*args, **kwargs))
            return done

    with pytest.raises(KeyboardInterrupt):
        sb.run(one, executor=Stopping(), store=tmp_path)
    (folder,) = (tmp_path / "checkpoints").iterdir()
    kept = {file.name for file in folder.iterdir()}
    assert kept == {"blocks-0-1.nc", "blocks-1-2.nc"}
    asked_before, asked[:] = list(asked), [[0, 0]] * 10  # never the third again
    resumed = sb.run(one, executor=Stopping(), store=tmp_path)
    again = asked[10:]
    assert again == [[2, 3], [3, 4]]
    assert asked_before[0] == [0, 1]
    assert not folder.exists()
    alike(resumed, sb.run(one, isolate=False))


@pytest.mark.usefixtures("hostile")
def test_a_share_that_dies_is_the_failure_of_its_cell() -> None:
    with ThreadPoolExecutor(3) as executor:
        one = turning(axes={"N": [10]}, solvers=["blocks:fault=os_exit"])
        results = sb.run(one, executor=executor)
    assert results.status.values.tolist() == [["crashed"]]
    assert float(results.exit_code.values[0, 0]) == 7


UNGUARDED = """
import json, sys
import squeezebench as sb
results = sb.run("small_exact" if False else sb.Scenario(
    name="pair", model={"type": "spin", "drive": [0, 0, 2.0]}, axes={"N": [2, 3]}, times={"stop": 1.0, "num": 3}),
    ["hostile:fault=segfault,at=3", "mean_field"], workers=2, dask="local" if len(sys.argv) > 1 else None)
print(json.dumps(results.status.values.tolist()))
"""


@pytest.mark.slow
@pytest.mark.parametrize("dask", [False, True])
def test_a_script_without_a_guard_for_main_works(hostile: Path, tmp_path: Path, dask: bool) -> None:
    (tmp_path / "script.py").write_text(UNGUARDED)
    environment = {**os.environ, "PYTHONPATH": str(hostile)}
    command = [sys.executable, "script.py", *(["dask"] if dask else [])]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [["ok", "crashed"], ["ok", "ok"]]


@pytest.mark.slow
def test_code_from_standard_input_works_as_in_a_notebook(hostile: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(hostile)}
    done = subprocess.run(
        [sys.executable, "-"], input=UNGUARDED, env=environment, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == [["ok", "crashed"], ["ok", "ok"]]


@pytest.mark.usefixtures("hostile")
def test_inside_a_running_event_loop_as_in_a_notebook() -> None:
    import asyncio

    async def cell() -> xr.Dataset:
        return sb.run(turning(axes={"N": [4]}))

    assert asyncio.run(cell()).status.values.tolist() == [["ok"]]


@pytest.mark.parametrize("address", ["", "tcp://127.0.0.1:1", "nonsense"])
def test_a_cluster_that_is_not_there_is_said_in_one_line(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from squeezebench.harness import dask

    monkeypatch.setattr(dask, "_CONNECT", 0.5)
    with pytest.raises(sb.InvalidOptionError, match="dask = "):
        sb.run(turning(solvers=["mean_field"]), dask=address)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"isolate": 1}, "isolate = 1: give True or False"),
        ({"time_limit": 0}, "time_limit = 0"),
        ({"max_memory": -1}, "max_memory = -1"),
        ({"timing": 1.5}, "timing = 1.5"),
        ({"timing": -1}, "timing = -1"),
        ({"dask": "local", "isolate": False}, "exclude each other"),
        ({"dask": 8786}, "dask = 8786"),
    ],
    ids=str,
)
def test_bad_arguments_are_told_before_anything_is_written(
    tmp_path: Path, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(sb.InvalidOptionError, match=message):
        sb.run(turning(solvers=["mean_field"]), store=tmp_path / "store", **arguments)
    assert not (tmp_path / "store").exists()
