"""Conformance of installed solvers: ``pytest --pyargs squeezebench.testing --solver NAME``."""

from __future__ import annotations

from typing import Any


def pytest_generate_tests(metafunc: Any) -> None:
    """One test for each solver named on the command line and each check; skipped if none is named."""
    from squeezebench.testing import parametrize_with_checks

    names = metafunc.config.getoption("squeezebench_solvers", default=None) or []
    mark = parametrize_with_checks(names).mark  # type: ignore[attr-defined]
    metafunc.parametrize(*mark.args, **mark.kwargs)


def test_conformance(solver: Any, check: Any) -> None:
    """The solver does what the check asks for."""
    check(solver)
