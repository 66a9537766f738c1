"""How a solver process can end, told apart."""

from __future__ import annotations

import signal
from dataclasses import dataclass, field
from typing import Any

__all__ = ["JobCancelledError", "ProcessDiedError", "death"]


class JobCancelledError(Exception):
    """The run does not want the result any more."""


@dataclass
class ProcessDiedError(Exception):
    """A solver process ended, or was ended, before it had an answer.

    Attributes
    ----------
    status : str
        ``crashed``, ``timeout`` or ``out_of_memory``.
    reason : str
        In words.
    ended : dict
        ``signal`` (name, or ""), ``exit_code`` (or None) and ``limit`` ("wall time", "memory" or "").
    output : str
        The last of what it printed.
    """

    status: str
    reason: str
    ended: dict[str, Any] = field(default_factory=dict)
    output: str = ""


def death(
    code: int | None, *, limit: str, output: str, garbled: bool, peak: float, nbytes: float, seconds: float
) -> ProcessDiedError:
    """What a process's end means for its cell.

    Parameters
    ----------
    code : int or None
        Its exit code, −s for the signal s; None if it had to be ended because it had closed its pipe.
    limit : str
        The limit for which it was ended; empty if it ended by itself.
    output : str
        The last of what it printed.
    garbled : bool
        Whether it sent what is no message.
    peak, nbytes, seconds : float
        Memory that it was seen to hold, and its limits.
    """
    name = _signal_name(-code) if code is not None and code < 0 else ""
    ended = {"signal": name, "exit_code": code if code is not None and code >= 0 else None, "limit": limit}
    lines = output.strip().splitlines()
    says = f"; it last said: {lines[-1][:200]}" if lines else ""
    if limit == "wall time":
        reason = f"the solver's process was ended: {seconds:g} s of wall time were over"
        return ProcessDiedError("timeout", reason, ended, output)
    if limit == "memory":
        held = f"{peak / 2**20:.0f} MiB, {nbytes / 2**20:.0f} MiB more than at the start are the limit"
        return ProcessDiedError("out_of_memory", f"the solver's process was ended: it held {held}", ended, output)
    if garbled:
        return ProcessDiedError(
            "crashed", f"the solver's process sent what is no message, and was ended{says}", ended, output
        )
    if code is None:
        return ProcessDiedError("crashed", f"the solver's process closed its pipe, and was ended{says}", ended, output)
    if name == "SIGKILL":
        ended["limit"] = "system"
        reason = "the system ended the solver's process (SIGKILL), as it does when memory runs out"
        return ProcessDiedError("out_of_memory" if peak > nbytes / 2 else "crashed", reason, ended, output)
    how = f"by {name}" if name else f"with exit code {code}"
    return ProcessDiedError("crashed", f"the solver's process ended {how}{says}", ended, output)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
