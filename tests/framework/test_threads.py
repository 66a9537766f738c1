"""One place decides how many threads a solution uses, and leaves things as they were."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_info

import squeezebench as sb
from squeezebench.threads import available_threads, preload, thread_limit

from .toys import Precession, coherent_moments, precession_problem


def pools() -> list[int]:
    np.eye(2) @ np.eye(2)  # BLAS is there
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


def test_the_pools_are_held_and_given_back() -> None:
    before = pools()
    assert before
    with thread_limit(1):
        assert set(pools()) == {1}
    assert pools() == before


def test_solutions_on_threads_of_one_process_leave_no_limit_behind() -> None:
    before = pools()

    def solve() -> None:
        with thread_limit(1):
            pass

    with thread_limit(1):  # as the executor does that starts them
        threads = [threading.Thread(target=solve, daemon=True) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert set(pools()) == {1}
    assert pools() == before


@pytest.mark.parametrize(("parallel", "expected"), [(False, 1), (True, 2)])
def test_a_solver_that_does_not_gain_from_threads_gets_one(parallel: bool, expected: int) -> None:
    seen: list[int] = []

    class Looks(Precession):
        def solve(self, problem: sb.Problem, options: Any, context: sb.Context) -> sb.Moments:
            seen.extend(pools())
            return coherent_moments(problem)

    Looks.parallel = parallel
    sb.solve(precession_problem(), Looks(), n_threads=2)
    assert max(seen) <= expected
    assert max(seen) == min(expected, max(pools()))


def test_libraries_are_imported_before_the_clock_and_missing_ones_are_the_solvers_to_report() -> None:
    preload(["json", "no_such_library_anywhere"])
    assert available_threads() >= 1
