"""Checks of how a solver behaves in a run: cancellation, limits, threads, a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
import warnings

import numpy as np

from squeezebench.errors import SolverError, SqueezebenchWarning
from squeezebench.moments import Moments

from .problems import first_supported
from .registry import check
from .results import FailedCheckError, Measured, SkippedCheckError
from .subject import Subject, bits

__all__: list[str] = []

#: A solution that takes less need not look at the clock.
_MOMENT = 1.0


@check("interface")
def cancellation(subject: Subject) -> None:
    """A solver asks `context.cancelled` (or calls `context.check`), and stops when told to."""
    problem, asked = first_supported(subject, finite=subject.solver.times), 0
    subject.solve(problem)  # compiled by now

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return True

    started = time.perf_counter()
    try:
        with warnings.catch_warnings():  # a partial result may say that it is one
            warnings.simplefilter("ignore", SqueezebenchWarning)
            subject.solver.solve(problem, subject.options, subject.context(cancelled=cancelled))
    except SolverError:
        return
    if not asked:
        raise FailedCheckError("never asks whether it is cancelled: call context.check() now and then")
    seconds = time.perf_counter() - started
    if seconds > _MOMENT:
        raise FailedCheckError("goes on after it was cancelled", seconds, _MOMENT)


@check("interface")
def deadline(subject: Subject) -> None:
    """Past its deadline a solver raises `SolverError` ("timeout"), gives what it has, or is done in a second."""
    problem = first_supported(subject, finite=subject.solver.times)
    started = time.perf_counter()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SqueezebenchWarning)
            subject.solver.solve(problem, subject.options, subject.context(deadline=time.monotonic() - 1))
    except SolverError as error:
        if error.status != "timeout":
            raise FailedCheckError(f"past its deadline it fails with status {error.status!r}: {error}") from error
        return
    seconds = time.perf_counter() - started
    if seconds > _MOMENT:
        raise FailedCheckError("takes no notice of context.deadline", seconds, _MOMENT)


@check("interface")
def threads(subject: Subject) -> None:
    """The number of threads changes no bit of the result, and is not exceeded."""
    problem = first_supported(subject, finite=subject.solver.times)
    found = []
    for n_threads in (1, 2):
        before, most, done = set(threading.enumerate()), 0, threading.Event()

        def watch(before: set[threading.Thread] = before, done: threading.Event = done) -> None:
            nonlocal most
            while not done.wait(0.0005):
                alive = {thread for thread in threading.enumerate() if thread.is_alive()} - before
                most = max(most, len(alive) - 1)  # the watcher is one of them

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            found.append(bits(subject.solve(problem, n_threads=n_threads)))
        finally:
            done.set()
            watcher.join()
        if most > n_threads:
            raise FailedCheckError(f"{most} threads were started, and {n_threads} allowed", most, n_threads)
    if found[0] != found[1]:
        raise FailedCheckError("the result depends on the number of threads")


_SCRIPT = """
import json, sys
import numpy as np
from squeezebench.host import get_host
from squeezebench.problem import Problem
from squeezebench.solver import Context
name, tier, options, problem, seed = json.loads(sys.stdin.read())
solver = get_host().solver(name)
moments = solver.solve(Problem.from_dict(problem), solver.resolve_options(tier, options),
                       Context(seed=np.random.SeedSequence(seed), n_threads=1))
print("\\n" + json.dumps([moments.spin.tolist(), moments.covariance.tolist()]))
"""


@check("interface", "installed solvers")
def isolation(subject: Subject) -> Measured:
    """Found by its name in a process of its own, the solver gives the same numbers there."""
    from squeezebench.host import get_host

    solver = subject.solver
    host = get_host()
    if not host.installed or host.solvers.get(solver.name) is not solver:
        raise SkippedCheckError("the solver is not installed as a plugin: another process cannot find it")
    problem = first_supported(subject, finite=solver.times)
    message = json.dumps([solver.name, subject.tier, subject.given, problem.to_dict(), subject.seed])
    done = subprocess.run([sys.executable, "-c", _SCRIPT], input=message, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise FailedCheckError(f"fails in a process of its own: {last}")
    spin, covariance = map(np.array, json.loads(done.stdout.strip().splitlines()[-1]))
    error = subject.distance(problem, subject.solution(problem), Moments(spin, covariance))
    # Bitwise on one machine, but for libraries that choose their kernels by what else is loaded.
    if error > 1e-12:
        raise FailedCheckError(f"a process of its own gives other numbers, by {error:.3g}", error, 1e-12)
    return Measured(error, 1e-12)
