"""Running many cells: plan, jobs, store, and the data set that comes out."""

from __future__ import annotations

from .collect import average, load, merge
from .runner import run

__all__ = ["average", "load", "merge", "run"]
