"""A solver process: ``python -m squeezebench.harness.worker``, started and stopped by a run.

It reads jobs from standard input and writes records to standard output, in the frames of `wire`. What solvers print
goes to standard error, which the run gives to a file.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping
from typing import IO, Any

__all__ = ["main"]

#: Shortest time between two messages on progress.
_PROGRESS_EVERY = 0.1


def main() -> int:
    """Do jobs until the run closes the pipe."""
    parent = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    requests, replies = _take_over()
    _die_with(parent)
    faulthandler.enable()
    with contextlib.suppress(ValueError, OSError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the run decides what an interruption means
    from squeezebench.host import get_host

    from .wire import decode, encode, read_frame, write_frame

    host = get_host()
    _warm_up()
    lock = threading.Lock()

    def send(message: Mapping[str, Any]) -> None:
        with lock:
            write_frame(replies, encode(message))

    send({"what": "ready", "pid": os.getpid()})
    while (frame := read_frame(requests)) is not None:
        message = decode(frame)
        try:
            reply = _do(message, host, send)
        except BaseException as error:  # whatever a plugin throws, the next job finds this process as it was
            reply = {"what": "failed", "reason": _text(error)}
        with contextlib.suppress(Exception):  # a plugin may have closed or replaced them
            sys.stdout.flush()
            sys.stderr.flush()
        send(reply)
    return 0


def _take_over() -> tuple[IO[bytes], IO[bytes]]:
    """The pipes to the run, out of reach of whatever prints or reads."""
    requests = os.fdopen(os.dup(0), "rb")
    replies = os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    return requests, replies


def _warm_up() -> None:
    """Load what every job needs, so that no cell's time limit pays for it."""
    import numpy as np

    from squeezebench import Moments, Problem, SpinModel
    from squeezebench.dataset import build

    moments = Moments(np.array([[0.0, 0.0, -1.0]]), np.diag([0.5, 0.5, 0.0])[None])
    build(Problem(SpinModel(N=2), times=[0.0]), moments, provenance={})


def _die_with(parent: int) -> None:
    """Have the system end this process with the run, even if the run is killed and this process is in a C loop."""
    if sys.platform.startswith("linux"):
        import ctypes

        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        if parent and os.getppid() != parent:
            os._exit(1)


def _do(message: Mapping[str, Any], host: Any, send: Any) -> dict[str, Any]:
    from squeezebench.threads import preload

    from .job import execute
    from .limits import Limits, limit_address_space
    from .messages import job_of, record_tree

    refusal = _refusal(message, host)
    if refusal:
        return {"what": "refused", "reason": refusal}
    job = job_of(message, host)
    preload(host.solver(job.spec.name).libraries)
    send({"what": "begun"})  # the clock of the time limit starts now
    limits = Limits.from_dict(message["limits"])
    deadline = time.monotonic() + limits.seconds_of(len(job.cells))
    limit_address_space(limits.bytes)
    try:
        records = execute(job, host, progress=_Reporter(send), deadline=deadline, max_memory=limits.bytes)
    finally:
        limit_address_space(float("inf"))
    return {"what": "done", "records": [record_tree(record) for record in records]}


def _refusal(message: Mapping[str, Any], host: Any) -> str:
    """Why this process must not do the job: its plugin is not the one whose version stands in the keys."""
    from squeezebench.errors import UnknownSolverError
    from squeezebench.execution import SCHEMA

    name = message["spec"]["name"]
    try:
        solver = host.solver(name)
    except UnknownSolverError as error:
        return f"{error}, in the process that was to solve it"
    record = host.origin(solver)
    expected = (message["schema"], message["plugin"], message["plugin_version"], message["api_version"])
    here = (SCHEMA, record.name, record.version, solver.api_version)
    if here != expected:
        return (
            f"solver {name!r} comes from plugin {record.name!r} {record.version!r} (interface {solver.api_version}, "
            f"schema {SCHEMA}) in the process that was to solve it; the run has {message['plugin']!r} "
            f"{message['plugin_version']!r} (interface {message['api_version']}, schema {message['schema']}): "
            "install the same version there"
        )
    return ""


class _Reporter:
    """Passes progress on, now and then."""

    def __init__(self, send: Any) -> None:
        self._send = send
        self._last = 0.0

    def __call__(self, fraction: float, text: str = "") -> None:
        now = time.monotonic()
        if now - self._last >= _PROGRESS_EVERY:
            self._last = now
            self._send({"what": "progress", "fraction": float(fraction), "text": str(text)[:200]})


def _text(error: BaseException) -> str:
    from squeezebench.execution import error_text

    return error_text(error)


if __name__ == "__main__":
    code = main()
    # Threads that a plugin has left behind must not keep the process.
    os._exit(code)
