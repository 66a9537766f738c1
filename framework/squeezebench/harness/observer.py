"""What a run tells whoever watches it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .job import Record
    from .plan import Job, Plan

__all__ = ["RunObserver"]


class RunObserver:
    """What a run tells about itself while it goes on; does nothing by itself."""

    def planned(self, plan: Plan, stored: int, jobs: Sequence[Job]) -> None:
        """All names are checked; `stored` cells are there already, `jobs` are to do."""

    def progress(self, job: Job, fraction: float, text: str) -> None:
        """A job in progress."""

    def finished(self, job: Job, records: Sequence[Record]) -> None:
        """A job is done and stored."""
