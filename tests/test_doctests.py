"""Every example in a docstring of the installed packages runs and gives what it says."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from collections.abc import Iterator

import pytest

PACKAGES = (
    "squeezebench",
    "squeezebench_cumulant",
    "squeezebench_mcwf",
    "squeezebench_mean_field",
    "squeezebench_one_axis_twisting",
    "squeezebench_permutational",
    "squeezebench_piqs",
    "squeezebench_qutip",
    "squeezebench_steady_state",
    "squeezebench_stored",
)


def _modules() -> Iterator[str]:
    for name in PACKAGES:
        yield name
        package = importlib.import_module(name)
        for info in pkgutil.walk_packages(package.__path__, prefix=f"{name}."):
            if not info.name.endswith("__main__"):
                yield info.name


@pytest.mark.parametrize("name", list(_modules()))
def test_examples_in_docstrings_are_true(name: str) -> None:
    module = importlib.import_module(name)
    failed, _ = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    assert failed == 0
