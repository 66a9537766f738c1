"""What a run tells whoever watches it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .job import Record
    from .plan import Cell, Job, Plan

__all__ = ["RunObserver"]


class RunObserver:
    """What a run tells about itself while it goes on; does nothing by itself."""

    def planned(self, plan: Plan, stored: int, jobs: Sequence[Job]) -> None:
        """All names are checked; `stored` cells are there already, `jobs` are to do."""

    def progress(self, job: Job, fraction: float, text: str) -> None:
        """A job in progress; with the fraction 0 when it begins. Called from any thread."""

    def finished(self, job: Job, records: Sequence[Record]) -> None:
        """A job is done and stored."""

    def timed(self, cell: Cell | None, done: int, total: int) -> None:
        """The timing pass has done some cells and turns to this one; None at its end."""
