"""What comparisons and exclusive timings add up to: where a solver holds, and what its accuracy costs."""

from __future__ import annotations

from .cost import scaling, work_precision
from .holds import validity

__all__ = ["scaling", "validity", "work_precision"]
