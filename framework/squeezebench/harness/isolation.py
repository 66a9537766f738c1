"""A job in a solver process: whatever happens there is the status of a cell, and one bad point costs itself only."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from squeezebench.execution import Attempt

from .deaths import ProcessDiedError
from .limits import Limits
from .messages import halves, job_message, record_of
from .pool import pool
from .wire import ProtocolError, decode, encode

if TYPE_CHECKING:
    from squeezebench.host import Host

    from .job import Record
    from .plan import Job

__all__ = ["records_of", "remote_job", "solve_apart"]


def solve_apart(
    message: Mapping[str, Any],
    *,
    progress: Callable[..., None] = lambda *_: None,
    cancelled: threading.Event | None = None,
) -> list[dict[str, Any]]:
    """Replies of a solver process to a job's cells, in order.

    A job of many cells whose process dies, or that the process gives up as a whole, is halved and done again, down to
    the one cell that is to blame.

    Parameters
    ----------
    message : mapping
        From `job_message`.
    progress : callable
        ``progress(fraction, text)``.
    cancelled : Event, optional
        Set by whoever does not want the result any more.

    Returns
    -------
    list of dict
        ``{"record": …}`` or ``{"died": {status, reason, ended}}`` for each cell, each with ``output``.

    Raises
    ------
    JobCancelledError
        If the event was set.
    """
    cancelled = cancelled or threading.Event()
    limits = Limits.from_dict(message["limits"])
    count = len(message["cells"])
    plugin = "" if message["builtin"] else str(message["plugin"])
    for attempt in (1, 2):
        try:
            key, process = pool().take(message["n_threads"], plugin)
            reply = process.request(
                message,
                seconds=limits.seconds_of(count),
                nbytes=limits.bytes,
                progress=progress,
                cancelled=cancelled,
            )
        except ProcessDiedError as died:
            if count > 1:
                return _halved(message, progress, cancelled)
            return [
                {"died": {"status": died.status, "reason": died.reason, "ended": died.ended}, "output": died.output}
            ]
        if reply["what"] == "done" and not _worn(reply):
            pool().give(key, process)
        else:
            process.kill()  # memory is not given back, or its plugins are of another day
        if reply["what"] == "refused" and attempt == 1:
            continue  # a warm process may be older than the plugin
        break
    output = str(reply["output"])
    if reply["what"] == "done" and len(reply["records"]) == count:
        return [{"record": record, "output": output} for record in reply["records"]]
    if count > 1 and reply["what"] != "refused":
        return _halved(message, progress, cancelled)
    reason = str(reply.get("reason", "the solver's process gave another number of results than of cells"))
    return [{"died": {"status": "error", "reason": reason, "ended": {}}, "output": output}] * count


def _halved(
    message: Mapping[str, Any], progress: Callable[..., None], cancelled: threading.Event
) -> list[dict[str, Any]]:
    return [reply for half in halves(message) for reply in solve_apart(half, progress=progress, cancelled=cancelled)]


def _worn(reply: Mapping[str, Any]) -> bool:
    """Whether the process had better not be used again."""
    return any(record.get("status") == "out_of_memory" for record in reply["records"])


def records_of(job: Job, replies: list[dict[str, Any]], host: Host) -> list[Record]:
    """Records of a job out of the replies of solver processes."""
    from .job import record_without_result

    records = []
    for cell, reply in zip(job.cells, replies, strict=True):
        outcome = Attempt("crashed", "the solver's process sent no record")
        died = reply.get("died")
        if died is not None:
            outcome = Attempt(str(died["status"]), str(died["reason"]), ended=dict(died["ended"]))
        else:
            try:
                record = record_of(reply["record"], len(cell.problem.times))
                if record.key != cell.key:
                    raise ProtocolError("it is of another cell")
                if reply["output"].strip():
                    record.provenance["output"] = reply["output"]
                records.append(record)
                continue
            except ProtocolError as error:
                outcome.reason += f": {error}"
        records.append(record_without_result(job, cell, outcome, host, output=reply["output"]))
    return records


def remote_job(payload: bytes) -> bytes:
    """A job somewhere else, in a solver process there: what is handed to executors of other libraries."""
    return encode(solve_apart(decode(payload)))


def payload_of(job: Job, host: Host, limits: Limits) -> bytes:
    """What `remote_job` takes."""
    return encode(job_message(job, host, limits))
