"""What a conformance check says."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, overload

__all__ = ["CheckReport", "CheckResult", "FailedCheckError", "Measured", "SkippedCheckError"]


@dataclass(frozen=True)
class Measured:
    """How far a check is from failing: what was measured, what is allowed, and where the largest came from."""

    measured: float = math.nan
    allowed: float = math.nan
    where: str = ""


class FailedCheckError(AssertionError):
    """The solver breaks what the check tests.

    Attributes
    ----------
    measured, allowed : float
        The number that was looked at, and its limit; NaN where the check is not about a number.
    """

    def __init__(self, reason: str, measured: float = math.nan, allowed: float = math.nan) -> None:
        super().__init__(reason)
        self.measured, self.allowed = measured, allowed


class SkippedCheckError(Exception):
    """The check does not apply to this solver; the message says why."""


@dataclass(frozen=True)
class CheckResult:
    """Outcome of one check.

    Attributes
    ----------
    name : str
        Of the check.
    status : str
        ``passed``, ``failed``, ``skipped`` (does not apply) or ``xfailed`` (fails, and was expected to).
    reason : str
        Why, in words; empty for what passes.
    measured, allowed : float
        Largest number that was looked at, and its limit; NaN where the check is not about a number.
    seconds : float
        What it took.
    level : str
        ``interface`` or ``physics``.
    """

    name: str
    status: str
    reason: str = ""
    measured: float = math.nan
    allowed: float = math.nan
    seconds: float = 0.0
    level: str = ""

    def __str__(self) -> str:
        return f"{self.name}: {self.status}" + (f" ({self.reason})" if self.reason else "")


@dataclass(frozen=True)
class CheckReport(Sequence[CheckResult]):
    """Outcome of the conformance suite for one solver: a sequence of results.

    Attributes
    ----------
    solver : str
        Its name.
    version : int
        Version of the list of checks.
    results : tuple of CheckResult
        In the order of the list.
    """

    solver: str
    version: int
    results: tuple[CheckResult, ...]

    @overload
    def __getitem__(self, index: int | str) -> CheckResult: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[CheckResult, ...]: ...
    def __getitem__(self, index: int | str | slice) -> CheckResult | tuple[CheckResult, ...]:
        if isinstance(index, str):
            for result in self.results:
                if result.name == index:
                    return result
            raise KeyError(index)
        return self.results[index]

    def __len__(self) -> int:
        return len(self.results)

    def __iter__(self) -> Iterator[CheckResult]:
        return iter(self.results)

    @property
    def passed(self) -> bool:
        """Whether no check failed that was not expected to."""
        return not self.failed

    @property
    def failed(self) -> tuple[CheckResult, ...]:
        """Results with the status ``failed``."""
        return tuple(result for result in self.results if result.status == "failed")

    def count(self, value: Any) -> int:
        """Number of results with the status `value`."""
        return sum(result.status == value for result in self.results)

    def raise_if_failed(self) -> None:
        """Raise `AssertionError` with every failure, if there is one."""
        if self.failed:
            raise AssertionError("\n".join([f"solver {self.solver!r}:", *map(str, self.failed)]))

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types; numbers that are not finite as they are."""
        return {
            "solver": self.solver,
            "version": self.version,
            "passed": self.passed,
            "results": [dataclasses.asdict(result) for result in self.results],
        }
