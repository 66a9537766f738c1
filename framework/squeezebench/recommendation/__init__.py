"""Which solver to take, from stored measurements, and what it will cost."""

from __future__ import annotations
