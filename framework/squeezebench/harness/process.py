"""Solver processes as the run sees them: started, watched, killed and replaced."""

from __future__ import annotations

import contextlib
import math
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from squeezebench.errors import SqueezebenchError

from .deaths import JobCancelledError, ProcessDiedError, death
from .limits import resident_memory
from .wire import ProtocolError, decode, encode, read_frame, write_frame

__all__ = ["SolverProcess", "search_path"]

#: Seconds between two looks at a solver process: memory grows by some GB/s at most.
_LOOK = 0.02
#: A solver that keeps to its deadline by itself is given this long to say so before it is killed.
_GRACE = 1.0
#: Seconds that a process may take to import numba, xarray and all plugins, on a machine where others do the same.
_START = 300.0
#: What is kept of what solvers print, of each job and on disk.
_OUTPUT_KEPT = 8 << 10
_OUTPUT_ON_DISK = 1 << 20

_THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
)


class SolverProcess:
    """One solver process.

    Parameters
    ----------
    n_threads : int
        Set in its environment before it starts, because the pools of threads are made when libraries are loaded.
    cores : sequence of int, optional
        The only cores that it may use.
    """

    def __init__(self, n_threads: int, cores: Sequence[int] | None = None) -> None:
        self.n_threads = n_threads
        self._folder = _folder()
        self._log = self._folder / "output"
        environment = dict(os.environ)
        environment |= dict.fromkeys(_THREADS, str(n_threads))
        environment["PYTHONPATH"] = os.pathsep.join(search_path())
        environment.pop("PYTHONSTARTUP", None)
        command = [sys.executable, "-P", "-m", "squeezebench.harness.worker", str(os.getpid())]
        try:
            with open(self._log, "ab") as log:
                self._process = _spawn(
                    command,
                    env=environment,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    start_new_session=True,
                )
        except OSError as error:
            self._remove_folder()
            raise SqueezebenchError(
                f"no solver process could be started: {error.strerror or error}; isolate=False runs in this process"
            ) from error
        if cores and hasattr(os, "sched_setaffinity"):
            with contextlib.suppress(OSError):
                os.sched_setaffinity(self._process.pid, cores)
        self._frames: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, name="squeezebench-reader", daemon=True)
        self._reader.start()
        self._begun = 0
        self._limit = ""
        self._peak = 0
        try:
            self._wait("ready", math.inf, _START, lambda *_: None, threading.Event())
        except ProcessDiedError as died:
            self.kill()
            raise SqueezebenchError(
                f"no solver process could be started: {died.reason}; isolate=False runs in this process"
            ) from died
        except BaseException:
            self.kill()
            raise

    # ---------------------------------------------------------------- one job

    def request(
        self,
        message: Mapping[str, Any],
        *,
        seconds: float,
        nbytes: float,
        progress: Callable[..., None],
        cancelled: threading.Event,
    ) -> dict[str, Any]:
        """The process's reply to a job.

        Parameters
        ----------
        message : mapping
            From `job_message`.
        seconds, nbytes : float
            Wall time and memory (beyond what the process holds now) at which it is killed.
        progress : callable
            ``progress(fraction, text)``.
        cancelled : Event
            Set by whoever does not want the reply any more.

        Raises
        ------
        ProcessDiedError
            If there is no reply; the process is gone then.
        JobCancelledError
            If the event was set; the process is gone then.
        """
        self._begun = self._log_size()
        self._limit, self._peak = "", 0
        replied = False
        try:
            assert self._process.stdin is not None
            with contextlib.suppress(OSError):  # it has died in the meantime: waiting tells how
                write_frame(self._process.stdin, encode(message))
            reply = self._wait(
                "done failed refused", nbytes, seconds + max(_GRACE, 0.05 * seconds), progress, cancelled
            )
            replied = True
        finally:
            if not replied:
                self.kill()
        reply["output"] = self._output()
        return reply

    def _wait(
        self,
        kinds: str,
        nbytes: float,
        seconds: float,
        progress: Callable[..., None],
        cancelled: threading.Event,
    ) -> dict[str, Any]:
        # Until the process says that it has begun, it imports the solver's libraries.
        end = time.monotonic() + (_START if "done" in kinds else seconds)
        ceiling = resident_memory(self._process.pid) + nbytes
        while True:
            try:
                frame = self._frames.get(timeout=_LOOK)
            except queue.Empty:
                self._look(end, ceiling)
                if cancelled.is_set():
                    raise JobCancelledError from None
                continue
            if isinstance(frame, Exception) or frame is None:
                raise self._death(frame, nbytes, seconds)
            try:
                message = decode(frame)
                kind = message["what"]
                if kind in kinds.split():
                    return dict(message)
                if kind == "begun":
                    end = time.monotonic() + seconds
                    ceiling = resident_memory(self._process.pid) + nbytes
                if kind == "progress":
                    progress(min(1.0, max(0.0, float(message["fraction"]))), str(message["text"]))
            except (ProtocolError, KeyError, TypeError, ValueError) as error:
                raise self._death(error, nbytes, seconds) from error

    def _look(self, end: float, ceiling: float) -> None:
        """End the process where it breaks a limit; the reader then finds the end of its output."""
        held = resident_memory(self._process.pid)
        self._peak = max(self._peak, held)
        if not self._limit and held > ceiling:
            self._limit = "memory"
            self._signal_all()
        if not self._limit and time.monotonic() > end:
            self._limit = "wall time"
            self._signal_all()
        if self._log_size() > _OUTPUT_ON_DISK:
            with contextlib.suppress(OSError):
                os.truncate(self._log, 0)  # it appends: what it prints from now on begins the file again
                self._begun = 0

    def _death(self, what: Exception | None, nbytes: float, seconds: float) -> ProcessDiedError:
        """How the process ended, in the words of a cell's status."""
        try:
            code: int | None = self._process.wait(timeout=1.0)
        except subprocess.TimeoutExpired:
            code = None
        return death(
            code,
            limit=self._limit,
            output=self._output(),
            garbled=isinstance(what, ProtocolError),
            peak=self._peak,
            nbytes=nbytes,
            seconds=seconds - _GRACE if seconds <= 21 * _GRACE else seconds / 1.05,
        )

    # ---------------------------------------------------------------- what it prints

    def _log_size(self) -> int:
        try:
            return self._log.stat().st_size
        except OSError:
            return 0

    def _output(self) -> str:
        """The last of what the job has printed."""
        try:
            with open(self._log, "rb") as file:
                file.seek(max(min(self._begun, self._log_size()), self._log_size() - _OUTPUT_KEPT))
                return file.read(_OUTPUT_KEPT).decode(errors="replace")
        except OSError:
            return ""

    # ---------------------------------------------------------------- its end

    def _read(self) -> None:
        assert self._process.stdout is not None
        while True:
            try:
                frame: Any = read_frame(self._process.stdout)
            except (ProtocolError, OSError, ValueError, MemoryError) as error:
                frame = error
            self._frames.put(frame)
            if not isinstance(frame, bytes):
                return

    @property
    def alive(self) -> bool:
        """Whether it can take another job."""
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def _signal_all(self) -> None:
        """Kill it and what it has started: nothing weaker ends a solver that ignores signals."""
        if hasattr(os, "killpg"):
            with contextlib.suppress(OSError):
                os.killpg(self._process.pid, signal.SIGKILL)
        with contextlib.suppress(OSError):
            self._process.kill()

    def kill(self) -> None:
        """End it now."""
        self._signal_all()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=5.0)
        if threading.current_thread() is not self._reader:
            self._reader.join(timeout=1.0)
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None and not (stream is self._process.stdout and self._reader.is_alive()):
                with contextlib.suppress(OSError, ValueError):
                    stream.close()
        self._remove_folder()

    def _remove_folder(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)


def _folder() -> Path:
    """A folder of its own for what a process prints."""
    try:
        return Path(tempfile.mkdtemp(prefix="squeezebench-"))
    except OSError as error:
        raise SqueezebenchError(
            f"no solver process could be started: no folder in {tempfile.gettempdir()}: {error.strerror or error}; "
            "free space there or set TMPDIR"
        ) from error


def search_path() -> list[str]:
    """Where this process finds modules; the solver process must find the same plugins."""
    return [os.path.abspath(entry or os.getcwd()) for entry in sys.path]


_SPAWNER: ThreadPoolExecutor | None = None
_SPAWNER_PID = 0


def _spawn(command: list[str], **arguments: Any) -> subprocess.Popen[bytes]:
    """Start a process from a thread that lives as long as this process.

    On Linux solver processes ask to be killed with their parent, and by that the system means the thread that started
    them: one that ends with a pool of workers would take warm processes with it.
    """
    global _SPAWNER, _SPAWNER_PID
    with _LOCK:
        if _SPAWNER is None or os.getpid() != _SPAWNER_PID:
            _SPAWNER = ThreadPoolExecutor(1, thread_name_prefix="squeezebench-spawner")
            _SPAWNER_PID = os.getpid()
        spawner = _SPAWNER

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(command, **arguments)

    return spawner.submit(start).result()


_LOCK = threading.Lock()
