"""Jobs on a dask cluster: somebody else's by its address, or a small one on this machine.

Dask moves the bytes and decides where jobs go; what a job is, and the solver process that does it, are the same as on
local workers.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from typing import Any

from squeezebench.errors import InvalidOptionError, PluginError, SqueezebenchError, SqueezebenchWarning
from squeezebench.execution import SCHEMA, error_text
from squeezebench.host import Host
from squeezebench.validate import shown

from .executors import FuturesExecutor
from .limits import Limits
from .plan import Plan

__all__ = ["LOCAL", "dask_executor", "plugin_versions"]

LOCAL = "local"

#: Only this machine reaches a cluster that nobody gave an address: whoever can reach a scheduler can run code on it.
_LOOPBACK = "127.0.0.1"
_CONNECT = 30.0
_START = 120.0


def plugin_versions(names: list[str]) -> dict[str, Any]:
    """What a worker has of the given solvers: schema, and plugin, its version and interface of each."""
    from squeezebench.errors import UnknownSolverError
    from squeezebench.host import get_host

    found: dict[str, Any] = {"schema": SCHEMA}
    for name in names:
        try:
            solver = get_host().solver(name)
        except UnknownSolverError as error:
            found[name] = str(error)
        else:
            record = get_host().origin(solver)
            found[name] = [record.name, record.version, solver.api_version]
    return found


@contextlib.contextmanager
def dask_executor(
    address: Any, plan: Plan, host: Host, *, workers: int, seconds: float, nbytes: float
) -> Iterator[FuturesExecutor]:
    """Executor on a cluster, as long as the context lasts.

    Parameters
    ----------
    address : str, cluster or client
        ``"local"``; the address of a scheduler such as ``"tcp://10.0.0.1:8786"``; or a cluster or client of
        dask.distributed, dask_jobqueue and the like, which stays open.
    plan : Plan
        Its plugins must be on every worker in the versions that stand in its keys.
    host : Host
        Where solvers are found here.
    workers : int
        Workers of a local cluster.
    seconds, nbytes : float
        Limits of a cell; inf if there are none.

    Raises
    ------
    InvalidOptionError
        If dask.distributed is not installed, or nobody answers at the address.
    PluginError
        If a worker lacks a plugin, or has another version of it.
    """
    known = hasattr(address, "scheduler_address") or hasattr(address, "get_executor")
    if not known and not (isinstance(address, str) and address.strip()):
        raise InvalidOptionError(
            f"dask = {shown(address)}: give 'local', the address of a scheduler, or a cluster or client of dask"
        )
    try:
        import distributed
    except ImportError as error:
        raise InvalidOptionError("dask needs dask.distributed: python -m pip install 'squeezebench[dask]'") from error
    with contextlib.ExitStack() as stack:
        if isinstance(address, str) and address == LOCAL:
            limits = Limits.for_workers(seconds, nbytes, workers)
            client = stack.enter_context(_local_cluster(workers))
        elif hasattr(address, "get_executor"):
            limits, client = Limits(seconds, nbytes), address
        else:
            limits = Limits(seconds, nbytes)
            try:
                client = stack.enter_context(
                    distributed.Client(address, timeout=_CONNECT, set_as_default=False)  # type: ignore[no-untyped-call]
                )
            except (OSError, ValueError, TypeError) as error:
                raise InvalidOptionError(
                    f"dask = {shown(address)}: no scheduler answers there ({error_text(error)})"
                ) from error
        check_workers(client, plan, host)
        yield FuturesExecutor(host, client.get_executor(pure=False), limits=limits)


def check_workers(client: Any, plan: Plan, host: Host) -> None:
    """Raise unless every worker has the plugins of the plan, in the versions that stand in its keys."""
    names = sorted({spec.name for spec in plan.specs})
    expected: dict[str, Any] = {"schema": SCHEMA}
    for name in names:
        solver = host.solver(name)
        record = host.origin(solver)
        expected[name] = [record.name, record.version, solver.api_version]
    try:
        if not client.nthreads():
            text = "the cluster has no workers yet: waiting for the first one"
            warnings.warn(text, SqueezebenchWarning, stacklevel=2)
        client.wait_for_workers(1)
        answers = client.run(plugin_versions, names)
    except Exception as error:
        raise PluginError(
            f"the workers of the cluster cannot say which plugins they have ({error_text(error)}): install "
            "squeezebench and its plugins there, in the same versions as here"
        ) from error
    for worker, answer in sorted(answers.items()):
        for name, value in expected.items():
            if answer.get(name) != value:
                what = "the data model" if name == "schema" else f"solver {name!r}"
                raise PluginError(
                    f"worker {worker} has {shown(answer.get(name))} for {what}, this process {shown(value)}: install "
                    "the same versions there"
                )


@contextlib.contextmanager
def _local_cluster(workers: int) -> Iterator[Any]:
    """Client of a scheduler in this process and `workers` worker processes, all on the loopback interface.

    The workers are started as commands, not by multiprocessing, so that this works in a script without
    ``if __name__ == "__main__"`` and in a notebook. They end by themselves when their scheduler is gone.
    """
    import dask
    import distributed

    settings = {
        "distributed.scheduler.allowed-failures": 0,  # the run tries again, once, what a worker has died with
        "distributed.worker.daemon": False,
    }
    with contextlib.ExitStack() as stack:
        stack.enter_context(dask.config.set(settings))
        cluster = stack.enter_context(
            distributed.LocalCluster(  # type: ignore[no-untyped-call]
                n_workers=0, host=_LOOPBACK, protocol="tcp://", dashboard_address=f"{_LOOPBACK}:0", silence_logs=40
            )
        )
        client = stack.enter_context(distributed.Client(cluster, set_as_default=False))  # type: ignore[no-untyped-call]
        folder = stack.enter_context(
            tempfile.TemporaryDirectory(prefix="squeezebench-dask-", ignore_cleanup_errors=True)
        )
        environment = dict(os.environ)
        environment["PYTHONPATH"] = os.pathsep.join(os.path.abspath(entry or os.getcwd()) for entry in sys.path)
        command = [sys.executable, "-P", "-m", "distributed.cli.dask_worker", cluster.scheduler_address]
        command += ["--host", _LOOPBACK, "--nthreads", "1", "--no-dashboard", "--memory-limit", "0"]
        command += ["--death-timeout", "15", "--local-directory", folder]
        processes: list[subprocess.Popen[bytes]] = []
        stack.callback(_end, processes)
        log = stack.enter_context(open(os.path.join(folder, "log"), "wb"))
        for number in range(workers):
            processes.append(
                subprocess.Popen(
                    [*command, "--name", f"squeezebench-{number}"],
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            )
        try:
            client.wait_for_workers(workers, timeout=_START)
        except Exception as error:
            raise SqueezebenchError(f"no dask workers could be started on this machine: {error_text(error)}") from error
        yield client


def _end(processes: list[subprocess.Popen[bytes]]) -> None:
    """End the workers and what they have started."""
    import signal

    for process in processes:
        with contextlib.suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
        with contextlib.suppress(OSError):
            process.kill()
    for process in processes:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=5.0)
