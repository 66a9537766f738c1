"""Tools for those who test data sets and solvers."""

from __future__ import annotations

from .schema import validate

__all__ = ["validate"]
