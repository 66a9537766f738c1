"""Checks of how a solver behaves in a run: cancellation, limits, threads, a process of its own."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from squeezebench.errors import SolverError, SqueezebenchWarning
from squeezebench.model import SpinModel
from squeezebench.moment_checks import check_moments, check_trajectories
from squeezebench.moments import Moments
from squeezebench.observables import Inputs, builtin
from squeezebench.problem import Problem
from squeezebench.reductions import StopRule
from squeezebench.solver import TIERS
from squeezebench.states import CoherentSpinState

from .problems import catalogue, first_supported
from .registry import check
from .results import FailedCheckError, Measured, SkippedCheckError
from .subject import Subject, bits

__all__: list[str] = []

#: A solution that takes less need not look at the clock.
_MOMENT = 1.0


def _ended(subject: Subject, problem: Problem, moments: Any, why: str) -> None:
    """Fail if what a solver gave when it was to stop is not the part of its answer that it says it is."""
    check_moments(moments, problem)
    error = subject.distance(problem, moments, subject.solution(problem))
    allowed = 20 * TIERS[subject.tier] + 10 * subject.claim(problem).floor
    # Of a sampled answer there may be fewer trajectories.
    if moments.samples is not None:
        for index, name in enumerate(("spin", "covariance")):
            bars = [float(subject._standard_error(m, name).max()) for m in (moments, subject.solution(problem))]
            allowed += 6.0 * math.hypot(*bars) / (problem.N / 2) ** (index + 1)
    if error > allowed:
        raise FailedCheckError(
            f"{why} it returns moments that are none, by {error:.3g}: raise SolverError (context.check does), or set "
            "valid_until to the last time that is sound",
            error,
            allowed,
        )


@check("interface")
def cancellation(subject: Subject) -> None:
    """A solver asks `context.cancelled` (or calls `context.check`), and stops when told to, at once or half way."""
    problem, asked = first_supported(subject, finite=subject.solver.times), 0
    subject.solve(problem)  # compiled by now

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked >= after

    for after in (1, 2):
        asked = 0
        started = time.perf_counter()
        try:
            with warnings.catch_warnings():  # a partial result may say that it is one
                warnings.simplefilter("ignore", SqueezebenchWarning)
                moments = subject.solver.solve(problem, subject.options, subject.context(cancelled=cancelled))
        except SolverError:
            continue
        if not asked:
            raise FailedCheckError("never asks whether it is cancelled: call context.check() now and then")
        seconds = time.perf_counter() - started
        if asked >= after and seconds > _MOMENT:
            raise FailedCheckError("goes on after it was cancelled", seconds, _MOMENT)
        _ended(subject, problem, moments, "cancelled,")


@check("interface")
def deadline(subject: Subject) -> None:
    """Past its deadline a solver raises `SolverError` ("timeout"), gives what it has, or is done in a second."""
    problem = first_supported(subject, finite=subject.solver.times)
    subject.solution(problem)
    started = time.perf_counter()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SqueezebenchWarning)
            moments = subject.solver.solve(problem, subject.options, subject.context(deadline=time.monotonic() - 1))
    except SolverError as error:
        if error.status != "timeout":
            raise FailedCheckError(f"past its deadline it fails with status {error.status!r}: {error}") from error
        return
    seconds = time.perf_counter() - started
    if seconds > _MOMENT:
        raise FailedCheckError("takes no notice of context.deadline", seconds, _MOMENT)
    _ended(subject, problem, moments, "past its deadline")


@check("interface")
def kept_and_resumed(subject: Subject) -> None:
    """What is kept beside the moments, and a folder to resume from, change no bit of them; trajectories are in form."""
    problem = first_supported(subject, finite=subject.solver.times)
    plain = bits(subject.solution(problem))
    kept = subject.solve(problem, keep=frozenset({"series", "trajectories", "states"}))
    if bits(kept) != plain:
        raise FailedCheckError("the result depends on what is kept")
    if "trajectories" in kept.extra:
        check_trajectories(kept.extra["trajectories"], len(problem.times))
    with tempfile.TemporaryDirectory() as folder:
        for what in ("with", "resumed from"):
            if bits(subject.solve(problem, checkpoint=Path(folder))) != plain:
                raise FailedCheckError(f"the result is another one {what} a checkpoint")


@check("interface")
def stop_rule(subject: Subject) -> None:
    """A scenario's stop rule changes no value before the time at which it holds, and ends nothing before that."""
    model = SpinModel.driven_cavity(N=4, upsilon_ratio=1.5, gamma_s=0.5)
    grid = np.linspace(0.0, 2.0, 11)
    candidates = [Problem(model, CoherentSpinState(), grid), *(p for p in catalogue() if not p.is_steady)]
    problem = subject.supported(candidates, "problems of this check")[0]
    plain = subject.solution(problem)
    never = StopRule(threshold=1e6).to_dict()
    early = StopRule(threshold=1e-6).to_dict()
    for rule in (never, early):
        moments = subject.solve(problem, stop=rule, stops=(rule,))
        error = subject.distance(problem, moments, plain)
        if error > 1e-9 and moments.samples is None:
            allowed = 20 * TIERS[subject.tier] + 10 * subject.claim(problem).floor
            if error > allowed:
                raise FailedCheckError(f"a stop rule changes values before it holds, by {error:.3g}", error, allowed)
        if math.isinf(moments.stopped):
            continue
        inputs = Inputs.of(problem, plain.spin, plain.covariance)
        found = {item.name: item.compute(inputs) for item in builtin() if item.name in ("xi2", "n_eff")}
        critical = getattr(problem.model, "critical_n_eff", math.inf)
        # Between two save points a solver may see it sooner than they do.
        k = StopRule.from_dict(rule).holds(problem.times, found["xi2"], found["n_eff"], critical)
        before = problem.times[max(k - 1, 0)] if k >= 0 else math.inf
        if moments.stopped < before:
            raise FailedCheckError(
                f"stopped at t = {moments.stopped:.4g}, and the rule holds "
                + (f"after {before:.4g}" if k >= 0 else "never"),
                moments.stopped,
                before,
            )


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
