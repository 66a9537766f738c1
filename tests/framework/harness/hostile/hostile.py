"""A plugin of somebody else, wrong in every way that a process can be wrong; installed by the tests that use it."""

from __future__ import annotations

import ctypes
import faulthandler
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

import squeezebench as sb


def moments_of(problem: sb.Problem) -> sb.Moments:
    """Precession about z in closed form: what every solver here gives where it does not misbehave."""
    N, t = problem.N, problem.times
    s = problem.initial_state.bloch_vector(N)
    angle = problem.model.drive[2] * t
    x, y = s[0] * np.cos(angle) - s[1] * np.sin(angle), s[0] * np.sin(angle) + s[1] * np.cos(angle)
    vectors = np.stack([x, y, np.full_like(t, s[2])], axis=-1)
    return sb.Moments(N / 2 * vectors, N / 4 * (np.eye(3) - vectors[:, :, None] * vectors[:, None, :]))


class UnpicklableError(Exception):
    """Holds what no pickle takes, and cannot even say what it is."""

    def __init__(self) -> None:
        super().__init__()
        self.lock = __import__("threading").Lock()
        self.function = lambda: None

    def __reduce__(self) -> Any:
        raise TypeError("never")

    def __str__(self) -> str:
        raise RuntimeError("no words")


def segfault() -> None:
    ctypes.string_at(0)


def c_abort() -> None:
    ctypes.CDLL(None).abort()


def floating_point_trap() -> None:
    os.kill(os.getpid(), signal.SIGFPE)


def os_exit() -> None:
    os._exit(7)


def sys_exit() -> None:
    sys.exit(5)


def c_loop() -> None:
    """Hold the GIL in C for ever: no Python code of this process runs again."""
    ctypes.PyDLL(None).sleep(10_000)


def deaf_sleep() -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    time.sleep(10_000)


def python_loop() -> None:
    while True:
        pass


def one_allocation() -> None:
    np.ones(30 * 2**30 // 8)


def memory_hog() -> None:
    """30 GiB, piece by piece, each of them touched."""
    held = []
    for _ in range(30 * 16):
        held.append(np.ones(2**26 // 8))


def unpicklable() -> None:
    raise UnpicklableError


def deep_recursion() -> None:
    """Overflow the stack of C."""
    import json

    faulthandler.disable()
    sys.setrecursionlimit(10**9)
    nested: list[Any] = []
    for _ in range(3 * 10**5):
        nested = [nested]
    json.dumps(nested)


def pipe_closed() -> None:
    os.closerange(3, 256)
    time.sleep(10_000)


def pipe_fouled() -> None:
    """Write rubbish to every open file, as code with a wrong descriptor does."""
    for number in range(3, 64):
        try:
            os.write(number, b"garbage " * 64)
        except OSError:
            continue
    time.sleep(10_000)


def keyboard_interrupt() -> None:
    raise KeyboardInterrupt


def talkative() -> None:
    print("a line on standard output [bold red]not markup[/]", flush=True)
    print("a line on standard error", file=sys.stderr, flush=True)
    os.write(1, b"a line of C code\n")
    raise ValueError("said enough")


def flood() -> None:
    line = b"x" * 4095 + b"\n"
    for _ in range(30_000):
        os.write(1, line)


def peak() -> None:
    """Take 200 MiB for a moment, and go on."""
    np.ones(200 * 2**20 // 8)


def child_left_behind() -> None:
    """Start a process of its own and die: nothing of either may stay."""
    import subprocess

    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(10_000)"])
    print(f"child {child.pid}", flush=True)
    time.sleep(10_000)


FAULTS = {
    function.__name__: function
    for function in (
        segfault,
        c_abort,
        floating_point_trap,
        os_exit,
        sys_exit,
        c_loop,
        deaf_sleep,
        python_loop,
        one_allocation,
        memory_hog,
        unpicklable,
        deep_recursion,
        pipe_closed,
        pipe_fouled,
        keyboard_interrupt,
        talkative,
        flood,
        peak,
        child_left_behind,
    )
}


def wrong_result(name: str, problem: sb.Problem) -> Any:
    """What a solver may hand back by mistake."""
    m = moments_of(problem)
    T = len(problem.times)
    late = problem.times[T // 2]
    bad = np.where((problem.times >= late)[:, None], 1.3 * m.spin, m.spin)
    negative = m.covariance.copy()
    negative[problem.times >= late] = -np.eye(3)
    samples = sb.Samples(np.ones((2, T)), np.zeros((3, T, 3)), np.zeros((2, T, 3, 3)), np.ones(2, int), np.arange(2))
    return {
        "wrong_shape": lambda: sb.Moments(m.spin[:-1], m.covariance),
        "transposed": lambda: sb.Moments(m.spin.T, m.covariance),
        "no_moments": lambda: None,
        "not_finite": lambda: sb.Moments(m.spin * np.nan, m.covariance),
        "objects": lambda: sb.Moments(m.spin.astype(object), m.covariance),
        "asymmetric": lambda: sb.Moments(m.spin, m.covariance + np.triu(np.ones((3, 3)), 1)),
        "wrong_samples": lambda: sb.Moments(m.spin, m.covariance, samples=samples),
        "odd_diagnostics": lambda: sb.Moments(m.spin, m.covariance, diagnostics={"handle": object()}),
        "odd_extra": lambda: sb.Moments(m.spin, m.covariance, extra={"handle": object(), "a": {"b": lambda: 0}}),
        "too_long": lambda: sb.Moments(bad, m.covariance),
        "negative": lambda: sb.Moments(m.spin, negative),
        "impossible": lambda: sb.Moments(2 * m.spin, m.covariance),
        "false_word": lambda: sb.Moments(2 * m.spin, m.covariance, status="ok", reason="all is well"),
    }[name]()


WRONG = (
    "wrong_shape",
    "transposed",
    "no_moments",
    "not_finite",
    "objects",
    "asymmetric",
    "wrong_samples",
    "odd_diagnostics",
    "odd_extra",
    "too_long",
    "negative",
    "impossible",
    "false_word",
)


class Hostile(sb.Solver):
    """Misbehaves where N is `at`, and is exact elsewhere."""

    name = "hostile"
    summary = "[link=file:///etc/passwd]click[/link] \x1b[31mred"

    class Options(sb.Options):
        fault: str = Field(default="", description="What to do wrong.")
        at: int = Field(default=13, description="N at which it is done.")
        checkpoint: bool = Field(default=False, description="Whether to misbehave once only, and then resume.")
        count: str = Field(default="", description="Folder that gets a file for each solution.")

    tiers = {"default": {}}

    def claim(self, problem: sb.Problem, options: Any) -> sb.Claim:
        return sb.Claim("exact")

    def solve(self, problem: sb.Problem, options: Any, context: sb.Context) -> sb.Moments:
        if options.count:
            cores = len(os.sched_getaffinity(0))
            (Path(options.count) / f"{problem.N}-{os.getpid()}-{time.monotonic_ns()}-{cores}").touch()
        if options.checkpoint:
            assert context.checkpoint is not None
            if (context.checkpoint / "half").exists():
                return moments_of(problem)
            context.checkpoint.mkdir(parents=True)
            (context.checkpoint / "half").touch()
        if options.fault and options.at == problem.N:
            if options.fault in WRONG:
                return wrong_result(options.fault, problem)
            FAULTS[options.fault]()
        return moments_of(problem)


class HostileBatches(Hostile):
    """The same, many points in one call."""

    name = "hostile_batches"

    def solve_batch(self, problems: Any, options: Any, context: sb.Context) -> Any:
        return [self.solve(problem, options, context) for problem in problems]


class Blocks(Hostile):
    """A sampled solver whose blocks of trajectories can be computed apart."""

    name = "blocks"

    class Options(Hostile.Options):
        trajectories: int = Field(default=240, ge=1, description="Number of trajectories.")
        a_block: int = Field(default=10, ge=1, description="Trajectories in a block.")
        seconds: float = Field(default=0.0, ge=0, description="Time that a block takes.")

    def claim(self, problem: sb.Problem, options: Any) -> sb.Claim:
        return sb.Claim("exact", sampled=True)

    def sample_blocks(self, problem: sb.Problem, options: Any) -> int:
        return -(-options.trajectories // options.a_block)

    def solve(self, problem: sb.Problem, options: Any, context: sb.Context) -> sb.Moments:
        first, last = context.blocks or (0, self.sample_blocks(problem, options))
        entropy, T = context.seed.entropy, len(problem.times)
        spin, covariance, count = [], [], []
        kept: list[Any] = []
        for block in range(first, last):
            indices = range(block * options.a_block, min((block + 1) * options.a_block, options.trajectories))
            if options.fault and 0 in indices:
                FAULTS[options.fault]()
            rows = []
            for index in indices:
                rng = np.random.default_rng(np.random.SeedSequence(entropy, spawn_key=(index,)))
                angle = problem.model.drive[2] * problem.times + 0.3 * np.cumsum(rng.normal(size=T)) / np.sqrt(T)
                rows.append(problem.N / 2 * np.stack([np.cos(angle), np.sin(angle), np.zeros(T)], axis=-1))
            vectors = np.array(rows)
            units = vectors / (problem.N / 2)
            own = problem.N / 4 * (np.eye(3) - units[..., :, None] * units[..., None, :])
            mean = vectors.mean(axis=0)
            apart = vectors - mean
            spin.append(mean)
            covariance.append((own + apart[..., :, None] * apart[..., None, :]).mean(axis=0))
            count.append(len(indices))
            kept += [(row, one) for row, one in zip(vectors, own, strict=True)]
            time.sleep(options.seconds)
            context.progress((block + 1 - first) / (last - first))
        counts = np.array(count)
        samples = sb.Samples(
            weight=np.repeat(counts[:, None].astype(float), T, axis=1),
            spin=np.array(spin),
            covariance=np.array(covariance),
            count=counts,
            index0=np.arange(first, last) * options.a_block,
        )
        extra: dict[str, Any] = {}
        if "trajectories" in context.keep:
            kept = kept[:200]
            extra["trajectories"] = {
                "spin": np.array([row for row, _ in kept]),
                "covariance": np.array([one for _, one in kept]),
            }
        return sb.Moments.from_samples(samples, extra=extra)


@sb.hookimpl
def squeezebench_solvers() -> list[sb.Solver]:
    return [Hostile(), HostileBatches(), Blocks()]
