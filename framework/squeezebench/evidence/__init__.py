"""What comparisons and exclusive timings add up to: where a solver holds, and what its accuracy costs."""

from __future__ import annotations

from .cost import scaling, work_precision
from .holds import validity
from .stored import stored_map, stored_maps

__all__ = ["scaling", "stored_map", "stored_maps", "validity", "work_precision"]
