"""The Husimi function of the states that the solver keeps: the framework's, which works on every state in blocks."""

from __future__ import annotations

from squeezebench.observables.husimi import husimi, husimi_by_J

__all__ = ["husimi", "husimi_by_J"]
