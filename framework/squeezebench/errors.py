"""Every exception and warning that squeezebench raises on purpose.

A message names the bad value, says what was expected and how to mend it; the command line prints it as one line.
"""

from __future__ import annotations

__all__ = [
    "InvalidModelError",
    "InvalidOptionError",
    "InvalidScenarioError",
    "PluginError",
    "SolverError",
    "SqueezebenchError",
    "SqueezebenchWarning",
    "SteadyStateNotUniqueError",
    "StoreError",
    "UnknownSolverError",
    "UnsupportedProblemError",
]


class SqueezebenchError(Exception):
    """Base class of every exception of this package; the message is kept on one line, whatever value it shows."""

    def __init__(self, message: object = "") -> None:
        super().__init__(" ".join(str(message).split()))


class InvalidModelError(SqueezebenchError, ValueError):
    """A model, state, schedule or time grid that is no physical problem."""


class InvalidScenarioError(SqueezebenchError, ValueError):
    """A scenario that cannot be read, or that says something impossible."""


class UnknownSolverError(SqueezebenchError, LookupError):
    """A solver name that no loaded plugin provides."""


class InvalidOptionError(SqueezebenchError, ValueError):
    """An option, tier or argument that is unknown or out of its bounds."""


class UnsupportedProblemError(SqueezebenchError):
    """A solver declines a problem; the message is its reason in words."""


class SolverError(SqueezebenchError):
    """A solver failed on a problem that it had accepted.

    Parameters
    ----------
    message : str
        What happened, in words.
    status : str
        The status of the cell that failed: ``"error"`` (the default), ``"diverged"``, ``"unphysical"``, ``"timeout"``,
        ``"out_of_memory"`` or ``"crashed"``.
    """

    def __init__(self, message: str, status: str = "error") -> None:
        super().__init__(message)
        self.status = status


class SteadyStateNotUniqueError(SolverError):
    """The Liouvillian has more than one stationary state for the given start."""


class StoreError(SqueezebenchError):
    """A result store that cannot be read or written."""


class PluginError(SqueezebenchError):
    """A plugin that could not be loaded, raised only where that is fatal (``--strict-plugins``)."""


class SqueezebenchWarning(UserWarning):
    """The one warning category of this package, so that one filter turns it off or into an error."""
