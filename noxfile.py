"""What continuous integration runs, and what a contributor runs before a push: ``nox`` or ``nox -s lint types``."""

from __future__ import annotations

import shutil
from pathlib import Path

import nox

nox.needs_version = ">=2024.10"
nox.options.sessions = ["lint", "types", "tests", "doctests", "docs"]


def _empty_numba_cache(session: nox.Session) -> None:
    """Give the session a cache folder of its own, empty: numba does not see an edit in a file that a kernel calls."""
    cache = Path(session.create_tmp()) / "numba"
    shutil.rmtree(cache, ignore_errors=True)
    session.env["NUMBA_CACHE_DIR"] = str(cache)


@nox.session
def lint(session: nox.Session) -> None:
    session.install("ruff>=0.8")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    session.install("-e", ".", "mypy>=1.13")
    session.run("mypy")


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests against the installed package; what stands after ``--`` goes to pytest."""
    session.install(".[test]")
    _empty_numba_cache(session)
    # 5 is "nothing selected": a marker or a name after -- may have no test yet.
    session.run("python", "-m", "pytest", *session.posargs, success_codes=[0, 5] if session.posargs else [0])


@nox.session
def doctests(session: nox.Session) -> None:
    """Run every example in the docstrings of the installed packages and in the pages under ``docs/``."""
    session.install(".[test]")
    _empty_numba_cache(session)
    session.run("python", "-m", "pytest", "tests/test_doctests.py", "tests/docs")


@nox.session
def docs(session: nox.Session) -> None:
    """Build the pages, with warnings as errors, and run their examples through Sphinx."""
    session.install(".[docs]")
    _empty_numba_cache(session)
    for builder in ("html", "doctest"):
        session.run("python", "-m", "sphinx", "-W", "--keep-going", "-b", builder, "docs", f"docs/_build/{builder}")


@nox.session
def build(session: nox.Session) -> None:
    """Build source archive and wheel, and see that the wheel works where the repository is not."""
    session.install("build>=1.2")
    shutil.rmtree("dist", ignore_errors=True)
    session.run("python", "-m", "build")
    wheel = next(Path("dist").glob("*.whl")).resolve()
    session.install(str(wheel))
    session.chdir(session.create_tmp())
    session.run("python", "-m", "squeezebench", "plugins")
    session.run("python", "-m", "squeezebench", "--strict-plugins", "solvers")
