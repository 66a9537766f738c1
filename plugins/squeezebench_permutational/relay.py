"""Threads that follow one another through the same steps."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from threading import Condition

import squeezebench as sb

__all__ = ["Relay"]


class Relay:
    """Blocks of work, of which each may do a step only after the block before it.

    Parameters
    ----------
    blocks : int
        How many.
    edges : list of int
        Steps at which a block says how far it is, increasing.
    """

    def __init__(self, blocks: int, edges: list[int]) -> None:
        self._edges = edges
        self._reached = [-1] * blocks
        self._failed = False
        self._changed = Condition()

    def run(self, block: int, work: Callable[[int, int], None]) -> None:
        """Do one block's steps by calls of ``work(begin, end)``.

        Raises
        ------
        SolverError
            If the block before this one has failed.
        """
        try:
            for begin, end in pairwise(self._edges):
                self._wait(block - 1, end)
                work(begin, end)
                self._tell(block, end)
        except BaseException:
            with self._changed:
                self._failed = True
                self._changed.notify_all()
            raise

    def _wait(self, block: int, end: int) -> None:
        if block < 0 or self._reached[block] >= end:
            return
        with self._changed:
            self._changed.wait_for(lambda: self._failed or self._reached[block] >= end)
            if self._failed:
                raise sb.SolverError("another thread of this product has failed")

    def _tell(self, block: int, end: int) -> None:
        with self._changed:
            self._reached[block] = end
            self._changed.notify_all()
