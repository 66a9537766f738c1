"""The doors to the list of conformance checks: a function, a decorator for pytest, and what the command line uses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from squeezebench.errors import InvalidOptionError
from squeezebench.solver import Solver
from squeezebench.validate import nearest, shown

from .registry import CHECKS_VERSION, Check, checks
from .results import CheckReport, CheckResult
from .subject import Subject

__all__ = ["check_solver", "parametrize_with_checks", "solver_of"]

LEVELS = ("interface", "physics")


def solver_of(solver: Any) -> Solver:
    """`solver` as an instance: one itself, a class that needs no arguments, or the name of an installed one.

    Raises
    ------
    UnknownSolverError, InvalidOptionError
        If there is none.
    """
    if isinstance(solver, Solver):
        return solver
    if isinstance(solver, str):
        from squeezebench.host import get_host

        return get_host().solver(solver)
    if isinstance(solver, type) and issubclass(solver, Solver):
        return solver()
    raise InvalidOptionError(f"solver = {shown(solver)}: give a squeezebench.Solver, or the name of an installed one")


def _expectations(expected_failed: Any) -> dict[str, str]:
    if expected_failed is None:
        return {}
    known = [entry.name for entry in checks()]
    if not isinstance(expected_failed, Mapping):
        raise InvalidOptionError(
            f"expected_failed = {shown(expected_failed)}: give a mapping of names of checks to reasons in words"
        )
    for name, reason in expected_failed.items():
        if name not in known:
            raise InvalidOptionError(f"expected_failed names no check: {shown(name)}{nearest(str(name), known)}")
        if not isinstance(reason, str) or not reason.strip():
            raise InvalidOptionError(f"expected_failed[{name!r}] = {shown(reason)}: give the reason in words")
    return dict(expected_failed)


def selected(level: str | None = None, names: Iterable[str] | None = None) -> tuple[Check, ...]:
    """Checks of a level, or of the given names, in the order of the list."""
    if level is not None and level not in LEVELS:
        raise InvalidOptionError(f"level = {shown(level)}: give 'interface', 'physics' or None for both")
    entries = checks(level)
    if names is None:
        return entries
    wanted, known = list(names), [entry.name for entry in entries]
    for name in wanted:
        if name not in known:
            raise InvalidOptionError(f"there is no check {shown(name)}{nearest(str(name), known)}")
    return tuple(entry for entry in entries if entry.name in wanted)


def check_solver(
    solver: Any,
    expected_failed: Mapping[str, str] | None = None,
    *,
    level: str | None = None,
    only: Iterable[str] | None = None,
    tier: str = "default",
    options: Mapping[str, Any] | None = None,
    progress: Callable[[CheckResult], None] | None = None,
) -> CheckReport:
    """Run the conformance checks on a solver.

    Parameters
    ----------
    solver : Solver, type or str
        The solver, its class, or the name of an installed one.
    expected_failed : mapping of str to str, optional
        Name of a check → why the solver fails it; such a failure is ``xfailed``.
    level : {"interface", "physics"}, optional
        Only the checks of this level.
    only : iterable of str, optional
        Only the checks of these names.
    tier : str
        Tier at which the solver is asked.
    options : mapping, optional
        Options of the solver on top of the tier's.
    progress : callable, optional
        Called with each result.

    Returns
    -------
    CheckReport
        A sequence of results with `name`, `status`, `reason`, `measured`, `allowed`, `seconds`; `passed` says whether
        all is well. Nothing is raised for a check that fails; `CheckReport.raise_if_failed` does that.

    Raises
    ------
    InvalidOptionError
        If there is no such solver, level, check, tier or option.

    Examples
    --------
    >>> import squeezebench as sb
    >>> report = sb.testing.check_solver("one_axis_twisting", only=["twisting", "pure_decay", "one_spin"])
    >>> [(result.name, result.status) for result in report]
    [('twisting', 'passed'), ('one_spin', 'skipped'), ('pure_decay', 'passed')]
    >>> report.passed
    True
    """
    subject = Subject(solver_of(solver), tier, options)
    expected, results = _expectations(expected_failed), []
    if options:
        _ = subject.options  # a wrong option is the caller's mistake, and no failure of a check
    for entry in selected(level, only):
        results.append(entry.run(subject, expected.get(entry.name)))
        if progress is not None:
            progress(results[-1])
    return CheckReport(str(getattr(subject.solver, "name", "")), CHECKS_VERSION, tuple(results))


def parametrize_with_checks(
    solvers: Iterable[Any], expected_failed: Mapping[str, str] | None = None, *, level: str | None = None
) -> Callable[[Any], Any]:
    """Decorator of a pytest test that is run once for each solver and check.

    Parameters
    ----------
    solvers : iterable of Solver, type or str
        Solvers under test.
    expected_failed : mapping of str to str, optional
        Name of a check → why the solvers fail it: the test then counts as xfailed.
    level : {"interface", "physics"}, optional
        Only the checks of this level.

    Examples
    --------
    >>> import squeezebench as sb
    >>> @sb.testing.parametrize_with_checks(["one_axis_twisting"])
    ... def test_conformance(solver, check):
    ...     check(solver)
    """
    import pytest

    expected = _expectations(expected_failed)
    cases = []
    for item in solvers:
        solver = solver_of(item)
        subject = Subject(solver)
        for entry in selected(level):
            cases.append(
                pytest.param(
                    solver,
                    _Call(entry, subject, expected.get(entry.name)),
                    id=f"{getattr(solver, 'name', type(solver).__name__)}-{entry.name}",
                )
            )
    return pytest.mark.parametrize(("solver", "check"), cases)


class _Call:
    """One check as a function of a solver, which speaks pytest."""

    def __init__(self, entry: Check, subject: Subject, expected: str | None) -> None:
        self.check, self._subject, self._expected = entry, subject, expected
        self.__name__ = entry.name

    def __call__(self, solver: Any) -> CheckResult:
        import pytest

        subject = self._subject if solver is self._subject.solver else Subject(solver_of(solver))
        result = self.check.run(subject, self._expected)
        if result.status == "skipped":
            pytest.skip(result.reason)
        if result.status == "xfailed":
            pytest.xfail(result.reason)
        if result.status == "failed":
            pytest.fail(str(result), pytrace=False)
        return result

    def __repr__(self) -> str:
        return self.check.name
