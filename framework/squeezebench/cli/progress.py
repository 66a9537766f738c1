"""What `run` shows while it goes on: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from squeezebench.execution import FAILED
from squeezebench.harness.observer import RunObserver

from .output import console, printable

if TYPE_CHECKING:
    from squeezebench.harness.job import Record
    from squeezebench.harness.plan import Cell, Job, Plan

__all__ = ["Progress", "duration"]

#: Seconds between two plain lines on a job that goes on, so that a log of a night stays readable.
_LINE_EVERY = 30.0


@dataclass
class _Solver:
    """What is known of one solver's cells."""

    total: int = 0
    stored: int = 0
    done: int = 0
    failed: int = 0
    seconds: float = 0.0
    running: dict[int, tuple[int, float]] = field(default_factory=dict)  # job → cells, fraction
    text: str = ""

    @property
    def left(self) -> float:
        """Cells to go, those that run counted by what is missing of them."""
        open_cells = self.total - self.stored - self.done
        return max(0.0, open_cells - sum(cells * fraction for cells, fraction in self.running.values()))


class Progress(RunObserver):
    """Progress on standard error.

    Parameters
    ----------
    live : bool, optional
        Whether to draw a table that changes; by default whether standard error is a terminal.
    """

    def __init__(self, live: bool | None = None) -> None:
        self._console = console(stderr=True)
        self._live_wanted = sys.stderr.isatty() if live is None else live
        self._live: Any = None
        self._lock = threading.RLock()
        self._solvers: dict[str, _Solver] = {}
        self._title = ""
        self._begun = time.monotonic()
        self._last_line = self._begun
        self._timing = ""

    # ---------------------------------------------------------------- what the run tells

    def planned(self, plan: Plan, stored: int, jobs: Sequence[Job]) -> None:
        """See `RunObserver`."""
        self._title = plan.scenario.title or plan.scenario.name
        todo: dict[str, int] = {}
        for job in jobs:
            todo[job.spec.label] = todo.get(job.spec.label, 0) + len(job.cells)
        for spec, row in zip(plan.specs, plan.cells, strict=True):
            cells = len({cell.key for cell in row if not cell.beyond})
            there = cells - min(cells, todo.get(spec.label, 0))
            if plan.first:  # a further part of a map
                self._solvers[spec.label].stored += there
            else:
                self._solvers[spec.label] = _Solver(total=plan.total if plan.is_part else cells, stored=there)
        if not plan.first:
            self._begun = time.monotonic()
        if self._live_wanted and jobs and self._live is None:
            from rich.live import Live

            self._live = Live(console=self._console, get_renderable=self.table, refresh_per_second=4, transient=True)
            self._live.start()

    def progress(self, job: Job, fraction: float, text: str) -> None:
        """See `RunObserver`."""
        with self._lock:
            solver = self._solvers[job.spec.label]
            solver.running[id(job)] = (len(job.cells), min(1.0, max(0.0, fraction)))
            solver.text = text
            if not self._live_wanted and fraction > 0 and time.monotonic() - self._last_line > _LINE_EVERY:
                self._line(f"{job.spec.label} {where(job)}: {fraction:.0%} {text}".rstrip())

    def finished(self, job: Job, records: Sequence[Record]) -> None:
        """See `RunObserver`."""
        with self._lock:
            solver = self._solvers[job.spec.label]
            solver.running.pop(id(job), None)
            solver.done += len(records)
            solver.failed += sum(record.status in FAILED for record in records)
            solver.text = ""
            if not self._live_wanted:
                done = sum(item.done for item in self._solvers.values())
                total = sum(item.total - item.stored for item in self._solvers.values())
                statuses = ", ".join(sorted({record.status for record in records}))
                self._line(f"[{done}/{total}] {job.spec.label} {where(job)}: {statuses}")

    def timed(self, cell: Cell | None, done: int, total: int) -> None:
        """See `RunObserver`."""
        with self._lock:
            if self._live is None and self._live_wanted and cell is not None:
                from rich.live import Live

                self._live = Live(
                    console=self._console, get_renderable=self.table, refresh_per_second=4, transient=True
                )
                self._live.start()
            self._timing = "" if cell is None else f"timing {done + 1} of {total}: {cell.spec.label}"
            if not self._live_wanted and cell is not None:
                point = cell.point.label
                self._line(f"timing [{done + 1}/{total}] {cell.spec.label} {point}".rstrip())

    def stop(self) -> None:
        """Take the table away."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    # ---------------------------------------------------------------- what is shown

    def _line(self, text: str) -> None:
        self._last_line = time.monotonic()
        # Text of plugins and files is text: no markup, no control characters.
        self._console.print(printable(text), markup=False, highlight=False)

    def table(self) -> Any:
        """The table as it is now."""
        from rich.box import SIMPLE_HEAD
        from rich.table import Table
        from rich.text import Text

        with self._lock:
            table = Table(title=Text(printable(self._title)), box=SIMPLE_HEAD, title_justify="left", pad_edge=False)
            table.add_column("solver")
            for name in ("done", "running", "failed", "of"):
                table.add_column(name, justify="right")
            table.add_column("now")
            for label, solver in self._solvers.items():
                fractions = [fraction for _, fraction in solver.running.values()]
                now = f"{sum(fractions) / len(fractions):.0%} {solver.text}" if fractions else ""
                table.add_row(
                    Text(printable(label)),
                    str(solver.stored + solver.done),
                    str(sum(cells for cells, _ in solver.running.values())) if fractions else "–",
                    Text(str(solver.failed), style="bold red") if solver.failed else "–",
                    str(solver.total),
                    Text(printable(now)[:60]),
                )
            table.caption = Text(self._timing or f"{duration(time.monotonic() - self._begun)} so far, {self._left()}")
            table.caption_justify = "left"
        return table

    def _left(self) -> str:
        """Time left, if the cells to come take as long as those that are done."""
        left = sum(solver.left for solver in self._solvers.values())
        work = sum(solver.total - solver.stored for solver in self._solvers.values()) - left
        if work <= 0:
            return "time left unknown"
        return f"about {duration((time.monotonic() - self._begun) / work * left)} left"


def where(job: Job) -> str:
    """Which points a job is about."""
    if len(job.cells) > 1:
        return f"({len(job.cells)} points)"
    coords = job.cells[0].point.coords
    return " ".join(f"{name}={value}" for name, value in coords.items())


def duration(seconds: float) -> str:
    """`"1 h 02 min"`, `"3 min 20 s"` or `"12 s"`."""
    whole = round(seconds)
    if whole >= 3600:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 60} min {whole % 60:02d} s" if whole >= 60 else f"{whole} s"
