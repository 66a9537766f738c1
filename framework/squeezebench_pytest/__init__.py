"""pytest's option ``--solver NAME`` for ``pytest --pyargs squeezebench.testing``.

Loaded by every pytest of an environment with squeezebench in it: so it stands outside the package, imports nothing, and
leaves an option alone that somebody else has taken.
"""

from __future__ import annotations

import contextlib
from typing import Any

__all__ = ["pytest_addoption"]


def pytest_addoption(parser: Any) -> None:
    """Add ``--solver``."""
    group = parser.getgroup("squeezebench")
    with contextlib.suppress(ValueError):  # taken by another plugin
        group.addoption(
            "--solver",
            action="append",
            dest="squeezebench_solvers",
            metavar="NAME",
            help="solver whose conformance `--pyargs squeezebench.testing` tests; may be given several times",
        )
