"""The command `squeezebench`, and how its errors are shown."""

from __future__ import annotations

import logging
import os
import shlex
import sys
import warnings
from collections.abc import Callable
from typing import Annotated, Any, NoReturn

import typer

from squeezebench.errors import SolverError, SqueezebenchError, UnsupportedProblemError

from . import (
    check_solver,
    claims,
    compare,
    dashboard,
    figure,
    lists,
    new_plugin,
    recommend,
    report,
    run,
    solve,
    store,
    validity,
    work_precision,
)
from .output import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_USAGE, error_line, printable
from .plain_text import tolerant_streams

__all__ = ["app", "main"]

app = typer.Typer(
    name="squeezebench",
    help="Which solver can you trust for your ensemble of N driven-dissipative spins, and what does it cost?",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(value: bool) -> None:
    if value:
        from squeezebench import __version__

        typer.echo(__version__)
        raise typer.Exit


@app.callback(invoke_without_command=True)
def common(
    context: typer.Context,
    debug: Annotated[bool, typer.Option("--debug", help="Show the whole traceback of an error.")] = False,
    strict_plugins: Annotated[
        bool, typer.Option("--strict-plugins", help="A plugin that does not load is an error.")
    ] = False,
    verbose: Annotated[
        int,
        typer.Option("--verbose", "-v", count=True, help="Say what is done, on standard error; -vv: all of it."),
    ] = 0,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Options before the command's name."""
    if debug:
        os.environ["SQUEEZEBENCH_DEBUG"] = "1"
    if strict_plugins:
        os.environ["SQUEEZEBENCH_STRICT_PLUGINS"] = "1"
    if verbose:
        context.call_on_close(_log_to_standard_error(logging.INFO if verbose == 1 else logging.DEBUG))
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


class _StandardError(logging.StreamHandler):  # type: ignore[type-arg]  # generic in the type stubs only
    """Writes to what standard error is at the moment: a progress bar puts itself in its place while it is shown."""

    def emit(self, record: logging.LogRecord) -> None:
        self.setStream(sys.stderr)
        super().emit(record)


def _log_to_standard_error(level: int) -> Callable[[], None]:
    """Show the package's log messages of at least `level`; call what is returned to stop."""
    logger, handler = logging.getLogger("squeezebench"), _StandardError()
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(level)

    def stop() -> None:
        logger.removeHandler(handler)
        logger.setLevel(before)

    return stop


lists.add_to(app)
solve.add_to(app)
run.add_to(app)
compare.add_to(app)
store.add_to(app)
figure.add_to(app)
claims.add_to(app)
report.add_to(app)
check_solver.add_to(app)
new_plugin.add_to(app)
validity.add_to(app)
work_precision.add_to(app)
recommend.add_to(app)
dashboard.add_to(app)


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and exit.

    Exit codes: 0 done; 1 a claim is broken; 2 wrong usage or input; 3 a cell failed, or a solver named on the command
    line has no value at all.
    """
    warnings.showwarning = _show_warning
    tolerant_streams()
    given = sys.argv[1:] if arguments is None else arguments
    try:
        code = app(args=given, prog_name="squeezebench", standalone_mode=False)
    except (SolverError, UnsupportedProblemError) as error:
        _fail(error, EXIT_FAILED)
    except SqueezebenchError as error:
        _fail(error, EXIT_USAGE)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader has gone: so do we, quietly
        sys.exit(0)
    except Exception as error:
        if not hasattr(error, "format_message"):
            raise  # a mistake of ours, to be seen whole
        error_line(_usage_message(error, given))
        sys.exit(EXIT_USAGE)
    if code == EXIT_INTERRUPTED:
        error_line(_interrupted(given))
    sys.exit(code or 0)


def _interrupted(given: list[str]) -> str:
    """What an interruption has left, and the command that goes on from there."""
    if "run" not in given:
        return "interrupted"
    command = shlex.join(["squeezebench", *(word for word in given if word != "--fresh")])
    return f"interrupted; what is finished is kept; to go on: {command}"


def _usage_message(error: Any, given: list[str]) -> str:
    """What the command line's parser complains of, with the value that it leaves out."""
    message = str(error.format_message())
    for name in getattr(getattr(error, "param", None), "opts", ()):
        if name in given[:-1]:
            value = given[given.index(name) + 1]
            if value not in message:
                message = f"{message} (got {value!r})"
    command = getattr(getattr(error, "ctx", None), "command_path", "")
    if not command:  # an option at the end without its value: the parser does not say whose
        known = typer.main.get_command(app)
        words = ["squeezebench"]
        for word in (word for word in given if not word.startswith("-")):
            if word not in getattr(known, "commands", {}):
                break
            known = known.commands[word]  # type: ignore[attr-defined]  # a group has them
            words.append(word)
        command = " ".join(words)
    return f"{message.rstrip('.')}; see {command} --help"


def _fail(error: SqueezebenchError, code: int) -> NoReturn:
    if _debugging():
        raise error
    error_line(str(error))
    sys.exit(code)


def _debugging() -> bool:
    return os.environ.get("SQUEEZEBENCH_DEBUG", "") not in ("", "0")


def _show_warning(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, file: Any = None, line: Any = None
) -> None:
    """One line on standard error; where it came from is for developers only."""
    where = f" ({category.__name__}, {filename}:{lineno})" if _debugging() else ""
    print(printable(f"warning: {message}{where}"), file=sys.stderr)
