"""The list of conformance checks."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from .results import CheckResult, FailedCheckError, Measured, SkippedCheckError

if TYPE_CHECKING:
    from .subject import Subject

__all__ = ["CHECKS_VERSION", "Check", "check", "checks"]

#: Raised whenever a check is added, removed, or becomes stricter.
CHECKS_VERSION = 2

#: Where the checks are, in the order of the list.
_MODULES = ("interface", "answers", "runs", "sampled", "terms", "physics", "closed", "symmetries")

Level = Literal["interface", "physics"]


@dataclass(frozen=True)
class Check:
    """One check.

    Attributes
    ----------
    name : str
        How results and `expected_failed` call it.
    level : {"interface", "physics"}
        What it is about.
    holds_for : str
        The claims that it holds for, in words.
    function : callable
        Takes the solver under test; raises `FailedCheckError` or `SkippedCheckError`.
    """

    name: str
    level: Level
    holds_for: str
    function: Callable[[Subject], Measured | None]

    @property
    def summary(self) -> str:
        """What it tests, in a line."""
        return " ".join((self.function.__doc__ or "").split("\n\n")[0].split())

    def run(self, subject: Subject, expected: str | None = None) -> CheckResult:
        """Outcome for one solver; whatever the solver raises is a failure.

        Parameters
        ----------
        subject : Subject
            The solver under test.
        expected : str, optional
            Why the check is expected to fail.
        """
        started, status, reason, measured = time.perf_counter(), "passed", "", Measured()
        try:
            measured = self.function(subject) or measured
        except SkippedCheckError as skipped:
            status, reason = "skipped", str(skipped)
        except FailedCheckError as failure:
            status, reason = "failed", str(failure)
            measured = Measured(failure.measured, failure.allowed)
        except (Exception, SystemExit) as error:
            status, reason = "failed", f"{type(error).__name__}: {' '.join(str(error).split())}"
        if expected is not None:
            if status == "failed":
                status, reason = "xfailed", f"{expected} [{reason}]"
            elif status == "passed":
                reason = f"was expected to fail ({expected}) and passes: take it off the list"
        return CheckResult(
            name=self.name,
            status=status,
            reason=reason,
            measured=float(measured.measured),
            allowed=float(measured.allowed),
            seconds=time.perf_counter() - started,
            level=self.level,
        )


_CHECKS: dict[str, Check] = {}


def check(
    level: Level, holds_for: str = "all", name: str = ""
) -> Callable[[Callable[[Subject], Measured | None]], Callable[[Subject], Measured | None]]:
    """Put a function on the list, under its own name if no other is given."""

    def register(function: Callable[[Subject], Measured | None]) -> Callable[[Subject], Measured | None]:
        entry = Check(name or function.__name__, level, holds_for, function)
        _CHECKS[entry.name] = entry
        return function

    return register


def checks(level: str | None = None) -> tuple[Check, ...]:
    """All checks, or those of one level, in a fixed order."""
    for name in _MODULES:  # they fill the list
        importlib.import_module(f"{__package__}.{name}")
    order = {"interface": 0, "physics": 1}
    entries = sorted(_CHECKS.values(), key=lambda entry: order[entry.level])
    return tuple(entry for entry in entries if level in (None, entry.level))
