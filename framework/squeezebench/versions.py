"""What a result was computed with: packages and machine."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
from functools import lru_cache
from typing import Any

from .threads import available_threads

__all__ = ["machine", "show_versions", "versions"]

_PACKAGES = (
    "squeezebench",
    "numpy",
    "scipy",
    "numba",
    "llvmlite",
    "qutip",
    "xarray",
    "h5netcdf",
    "h5py",
    "pluggy",
    "pydantic",
)
_OPTIONAL = ("matplotlib", "bokeh", "distributed", "asv", "pyarrow")


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


@lru_cache(maxsize=1)
def _versions() -> tuple[tuple[str, str], ...]:
    return (("python", platform.python_version()), *((package, _version(package)) for package in _PACKAGES))


def versions() -> dict[str, str]:
    """Version of Python and of every package that decides numbers."""
    return dict(_versions())


@lru_cache(maxsize=1)
def _machine() -> tuple[tuple[str, Any], ...]:
    return (
        ("system", platform.system()),
        ("machine", platform.machine()),
        ("processor", _processor()),
        ("cores", available_threads()),
    )


def machine() -> dict[str, Any]:
    """Operating system, architecture, processor and usable cores of this machine."""
    return dict(_machine())


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass  # not Linux: platform knows something
    return platform.processor()


def show_versions(file: Any = None) -> None:
    """Print what to put into a bug report: versions, machine and the state of every plugin.

    Parameters
    ----------
    file : text stream, optional
        Where to print; standard output by default.
    """
    from .host import get_host

    out = sys.stdout if file is None else file
    rows: list[tuple[str, Any]] = [*versions().items(), *((package, _version(package)) for package in _OPTIONAL)]
    rows += list(machine().items())
    rows += [(name, os.environ[name]) for name in sorted(os.environ) if name.startswith(("SQUEEZEBENCH_", "NUMBA_"))]
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        print(f"{name:<{width}}  {value}", file=out)
    for record in get_host().plugins:
        print(f"plugin {record.name}: {record.status} {record.error}".rstrip(), file=out)
