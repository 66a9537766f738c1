"""Many trajectories: on threads, each with a random stream of its own, put together in an order that is fixed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import numpy as np
from numpy.typing import NDArray

import squeezebench as sb

from .following import follow
from .scores import Score, no_score
from .starts import Start, capacity, make_start
from .stepping import STAGE_COUNT
from .tables import Tables, make_tables
from .trajectory import COUNTS, REAL, WHOLE, begin

__all__ = ["NUMBERS", "Runner", "Workspace", "trajectory_words"]

Array = NDArray[np.float64]

#: Numbers that a trajectory gives at each time: ⟨J⟩ and the covariances xx, yy, zz, xy, xz, yz.
NUMBERS = 9
#: Seconds between two looks at whether to go on.
_LOOK = 0.05


def trajectory_words(seed: np.random.SeedSequence, index: int) -> NDArray[np.uint64]:
    """State of trajectory `index`'s generator, from the child (…, index) of `seed`."""
    child = np.random.SeedSequence(seed.entropy, spawn_key=(*seed.spawn_key, index), pool_size=seed.pool_size)
    return child.generate_state(4, np.uint64).astype(np.uint64, copy=False)


class Workspace:
    """The arrays that one thread needs for trajectories of N spins; about 26 (N + 25) numbers."""

    def __init__(self, N: int) -> None:
        length = capacity(N)
        self.place, self.whole = np.zeros(3, np.int64), np.zeros(WHOLE, np.int64)
        self.real, self.R = np.zeros(REAL), np.zeros((3, 3))
        self.x = np.zeros((2, length))
        self.A, self.n = np.zeros(length), np.zeros(length)
        self.k = np.zeros((STAGE_COUNT, 2, length))
        self.point, self.y = np.zeros((2, length)), np.zeros((2, length))
        self.counts = np.zeros(COUNTS, np.int64)


class Runner:
    """Trajectories of one problem under one unravelling.

    Parameters
    ----------
    problem : Problem
        With finite times and named couplings.
    unraveling : str
        See `squeezebench_mcwf.tables.make_tables`.
    seed : SeedSequence
        Trajectory i takes its random numbers from the child with spawn key (…, i).
    n_threads : int
        Threads to run them on; the numbers do not depend on it.
    """

    def __init__(self, problem: sb.Problem, unraveling: str, seed: np.random.SeedSequence, n_threads: int) -> None:
        self.N = problem.N
        self.tables: Tables = make_tables(problem, unraveling)
        self.start: Start = make_start(problem)
        self._arguments = self.tables.arguments()
        self.seed = seed
        times = len(self.tables.times)
        self.score: Score = no_score(times)
        #: Weights (n, T) of what `run` gave last; None where all are 1.
        self.weights: Array | None = None
        self._flag = np.zeros(1, np.uint8)
        self._spaces = [Workspace(problem.N) for _ in range(n_threads)]
        self._lock = threading.Lock()

    @property
    def counts(self) -> NDArray[np.int64]:
        """Steps, rejected steps, jumps, jumps that changed J, and the widest window, so far."""
        every = np.array([space.counts for space in self._spaces])
        return np.concatenate([every[:, :4].sum(axis=0), every[:, 4:].max(axis=0)])

    def one(self, index: int, space: Workspace, out: Array) -> bool:
        """Run trajectory `index` into `out` (T, 9); False if it was stopped on its way."""
        words = self.begin(index, space)
        return self.carry_on(space, words, out) == 1

    def begin(self, index: int, space: Workspace) -> NDArray[np.uint64]:
        """Put trajectory `index` at its start into `space`; gives its generator's state."""
        words = trajectory_words(self.seed, index)
        self.start.draw(words, space.whole, space.R, space.x)
        begin(words, space.real, 1e300)
        space.place[:] = 0
        return words

    def carry_on(self, space: Workspace, words: NDArray[np.uint64], out: Array) -> int:
        """Carry on what stands in `space`; see `squeezebench_mcwf.following.follow`."""
        trajectory = (space.place, space.whole, space.real, space.R, words, space.x)
        workspace = (space.A, space.n, space.k, space.point, space.y, space.counts, self._flag, out)
        compiled: Any = follow  # its many arguments stand in the order of these tuples
        return int(compiled(self.N, *self._arguments, *self.score.arguments(), *trajectory, *workspace))

    def run(self, first: int, last: int, look: Callable[[int], bool]) -> tuple[Array, NDArray[np.bool_], bool]:
        """Trajectories first … last − 1.

        Parameters
        ----------
        first, last : int
            Range of indices.
        look : callable
            ``look(finished)``, called now and then from this thread: False to stop. What it raises is raised here
            after the threads have ended, and the trajectories under way with it.

        Returns
        -------
        ndarray (n, T, 9), ndarray (n,), bool
            The numbers, which of the trajectories were finished, and whether Ctrl-C ended it.
        """
        total = last - first
        out = np.empty((total, len(self.tables.times), NUMBERS))
        finished = np.zeros(total, dtype=np.bool_)
        if total == 0:
            return out, finished, False
        self._flag[0] = 0
        following = iter(range(total))

        def work(space: Workspace) -> None:
            while self._flag[0] == 0:
                with self._lock:
                    i = next(following, -1)
                if i < 0:
                    return
                finished[i] = self.one(first + i, space, out[i])

        interrupted = False
        with ThreadPoolExecutor(len(self._spaces), thread_name_prefix="mcwf") as pool:
            waiting = {pool.submit(work, space) for space in self._spaces[: min(total, len(self._spaces))]}
            try:
                while waiting:
                    done, waiting = wait(waiting, timeout=_LOOK)
                    for future in done:
                        future.result()
                    if waiting and not look(int(np.count_nonzero(finished))):
                        self._flag[0] = 1
            except KeyboardInterrupt:
                # Leaving the block waits for the threads, which end at their next step.
                self._flag[0] = 1
                interrupted = True
            except BaseException:
                self._flag[0] = 1
                raise
        return out, finished, interrupted
