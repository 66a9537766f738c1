"""What a solver process may use, and what it is found to use."""

from __future__ import annotations

import contextlib
import math
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

__all__ = ["Limits", "MemoryGauge", "limit_address_space", "physical_memory", "resident_memory"]

#: Share of the machine's memory that all solver processes may use together, where nobody says anything.
_SHARE = 0.9
#: Address space that libraries reserve without using it, beyond what a solver may use.
_RESERVED = 2 << 30
#: Cells of a batch that get the time of one: a batch of points takes far less than its points one by one.
_CELLS_A_SHARE = 64


@dataclass(frozen=True)
class Limits:
    """Limits of one cell.

    Attributes
    ----------
    seconds : float
        Wall time; inf if there is none.
    bytes : float
        Memory beyond the interpreter's; inf if there is no limit.
    """

    seconds: float = math.inf
    bytes: float = math.inf

    @classmethod
    def for_workers(cls, seconds: float, max_memory: float, workers: int) -> Self:
        """Limits of a run; without a limit on memory each worker gets its share of 90 % of the machine's."""
        if math.isinf(max_memory):
            max_memory = _SHARE * physical_memory() / workers
        return cls(seconds, max_memory)

    def seconds_of(self, cells: int) -> float:
        """Time of a job: of one cell for every 64 of a batch."""
        return self.seconds * math.ceil(cells / _CELLS_A_SHARE)

    def to_dict(self) -> dict[str, float]:
        """Content as numbers."""
        return {"seconds": self.seconds, "bytes": self.bytes}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Inverse of `to_dict`."""
        return cls(float(data["seconds"]), float(data["bytes"]))


def physical_memory() -> float:
    """Bytes of memory of this machine, or of the control group that holds this process; inf if nobody knows."""
    total = math.inf
    with contextlib.suppress(ValueError, OSError, AttributeError):
        total = float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    for file in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        with contextlib.suppress(ValueError, OSError):  # "max", or no such file
            total = min(total, float(Path(file).read_text()))
    return total


def resident_memory(pid: int) -> int:
    """Bytes of memory that a process holds now; 0 where that cannot be found out."""
    try:
        with open(f"/proc/{pid}/statm", "rb") as file:
            return int(file.read().split()[1]) * _PAGE
    except (OSError, ValueError, IndexError):
        return 0


_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


class MemoryGauge:
    """Peak memory of this process since the gauge was made, where the system tells (Linux)."""

    def __init__(self) -> None:
        self._resettable = True
        try:
            with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
                file.write("5")  # sets the high-water mark back to what is in use now
        except OSError:
            self._resettable = False
        self.before = resident_memory(os.getpid())

    def peak(self) -> float:
        """Bytes beyond those in use at the start; NaN if nobody knows."""
        if not self._resettable:
            return math.nan
        try:
            with open("/proc/self/status", "rb") as lines:
                for line in lines:
                    if line.startswith(b"VmHWM:"):
                        return float(max(0, int(line.split()[1]) * 1024 - self.before))
        except (OSError, ValueError):
            pass
        return math.nan


def limit_address_space(nbytes: float) -> None:
    """Make one large allocation beyond the limit fail at once, before a page of it is touched.

    What libraries reserve and never touch does not count, so this is wider than the limit itself, which the run watches
    from outside.
    """
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.RLIM_INFINITY, resource.getrlimit(resource.RLIMIT_AS)[1]
    if math.isfinite(nbytes):
        try:
            with open("/proc/self/statm", "rb") as file:
                used = int(file.read().split()[0]) * _PAGE
        except (OSError, ValueError):
            return
        soft = int(used + nbytes + _RESERVED)
    if hard != resource.RLIM_INFINITY:
        soft = hard if soft == resource.RLIM_INFINITY else min(soft, hard)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
