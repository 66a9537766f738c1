"""Loading of plugins: each entry point on its own, so that a broken one costs only itself."""

from __future__ import annotations

import importlib.metadata
import logging
import os
import re
import time
import traceback
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import pluggy

from . import hookspecs
from .errors import PluginError, SqueezebenchWarning, UnknownSolverError
from .solver import API_VERSION, Solver
from .validate import nearest, shown

if TYPE_CHECKING:
    from .observables import Observable
    from .scenario import Scenario

__all__ = ["ENTRY_POINT_GROUP", "Host", "PluginRecord", "get_host", "set_host"]

ENTRY_POINT_GROUP = "squeezebench"

Status = Literal["loaded", "blocked", "broken", "incompatible", "duplicate"]

_LOG = logging.getLogger(__name__)

_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")

#: Seconds above which loading a plugin is worth a warning: built-in ones take some 0.01.
_SLOW = 10.0


@dataclass
class PluginRecord:
    """What became of one entry point.

    Attributes
    ----------
    name : str
        Name of the entry point.
    status : str
        ``loaded``, ``blocked`` (by a block or allow list), ``broken`` (does not import, a misspelt hook, a hook that
        fails), ``incompatible`` (written for another API version) or ``duplicate`` (a solver name that is taken).
    target, distribution, version : str
        What the entry point names, and the distribution it came with.
    solvers, scenarios, observables : list of str
        What it brought.
    error : str
        Why it is not loaded, in one line.
    traceback : str
        The whole story, for the plugin's author.
    seconds : float
        Time that loading took.
    """

    name: str
    status: Status = "loaded"
    target: str = ""
    distribution: str = ""
    version: str = ""
    solvers: list[str] = field(default_factory=list)
    scenarios: list[str] = field(default_factory=list)
    observables: list[str] = field(default_factory=list)
    error: str = ""
    traceback: str = ""
    seconds: float = 0.0

    def fail(self, status: Status, error: str) -> None:
        """Note the first failure; later ones do not hide it."""
        if self.status == "loaded":
            self.status, self.error = status, " ".join(error.split())


class Host:
    """The plugins of one process and what they brought.

    Parameters
    ----------
    entry_points : iterable, optional
        Objects with ``name``, ``value``, ``load()`` and ``dist``; those of the group "squeezebench" by default.
    disabled, allowed : iterable of str, optional
        Entry points not to load, and the only ones to load (all if None).
    strict : bool
        Whether anything but ``loaded`` and ``blocked`` raises `PluginError`.
    """

    def __init__(
        self,
        entry_points: Iterable[Any] | None = None,
        *,
        disabled: Iterable[str] = (),
        allowed: Iterable[str] | None = None,
        strict: bool = False,
    ) -> None:
        #: Whether another process finds the same plugins by itself.
        self.installed = entry_points is None
        self.plugins: list[PluginRecord] = []
        self.solvers: dict[str, Solver] = {}
        self.scenarios: dict[str, Scenario] = {}
        self.observables: list[Observable] = []
        self._origin: dict[str, PluginRecord] = {}
        self._slow: list[str] = []
        self._manager = pluggy.PluginManager(hookspecs.PROJECT)
        self._manager.add_hookspecs(hookspecs)
        found = importlib.metadata.entry_points(group=ENTRY_POINT_GROUP) if entry_points is None else entry_points
        found = sorted(found, key=_load_order)
        blocked, chosen = set(disabled), None if allowed is None else set(allowed)
        names = {entry_point.name for entry_point in found}
        for name in sorted((blocked | (chosen or set())) - names):
            text = f"there is no plugin {shown(name)} to allow or block{nearest(name, names)}"
            _LOG.warning("%s", text)
            warnings.warn(text, SqueezebenchWarning, stacklevel=2)
        for entry_point in found:
            record = _record_of(entry_point)
            self.plugins.append(record)
            if entry_point.name in blocked or (chosen is not None and entry_point.name not in chosen):
                record.status = "blocked"
                _LOG.debug("plugin %r is blocked", record.name)
                continue
            self._load(entry_point, record)
        if strict:
            self._raise_if_any_failed()

    # ---------------------------------------------------------------- looking things up

    def solver(self, name: str) -> Solver:
        """Solver of the given name; `UnknownSolverError` names the nearest one."""
        if name in self.solvers:
            return self.solvers[name]
        for record in self.plugins:
            if record.status != "loaded" and name in (record.name, *record.solvers):
                detail = f": {record.error}" if record.error else ""
                raise UnknownSolverError(f"solver {shown(name)}: its plugin {record.name!r} is {record.status}{detail}")
        raise UnknownSolverError(f"unknown solver {shown(name)}{nearest(name, self.solvers)}")

    def origin(self, solver: Solver) -> PluginRecord:
        """Record of the plugin that brought `solver`; a nameless one for a solver that came by no plugin."""
        if self.solvers.get(solver.name) is solver:
            return self._origin[solver.name]
        return PluginRecord(name="", target=f"{type(solver).__module__}:{type(solver).__qualname__}")

    # ---------------------------------------------------------------- loading

    def _load(self, entry_point: Any, record: PluginRecord) -> None:
        started = time.perf_counter()
        try:
            plugin = entry_point.load()
            self._manager.register(plugin, name=entry_point.name)
            self._manager.check_pending()
        except (Exception, SystemExit) as error:
            self._drop(entry_point.name)
            _note(record, error)
        else:
            for hook, take in (
                ("squeezebench_solvers", self._take_solver),
                ("squeezebench_scenarios", self._take_scenario),
                ("squeezebench_observables", self._take_observable),
            ):
                try:
                    for item in self._call(hook, plugin):
                        take(item, record)
                except (Exception, SystemExit) as error:
                    _note(record, error)
        record.seconds = time.perf_counter() - started
        # Those of this package itself are slow on a machine that is busy, and nobody's fault.
        if record.seconds > _SLOW and record.distribution != "squeezebench":
            text = (
                f"plugin {shown(record.name)} took {record.seconds:.1f} s to load: it should import heavy libraries "
                "inside methods; SQUEEZEBENCH_DISABLED_PLUGINS leaves it out"
            )
            record.error = record.error or text
            self._slow.append(text)
            _LOG.warning("%s", text)
            warnings.warn(text, SqueezebenchWarning, stacklevel=2)
        if record.status == "loaded":
            brought = [*record.solvers, *record.scenarios, *record.observables]
            _LOG.debug("plugin %r loaded in %.3g s: %s", record.name, record.seconds, ", ".join(brought) or "nothing")
        else:
            _LOG.warning("plugin %r is %s: %s", record.name, record.status, record.error)

    def _drop(self, name: str) -> None:
        if self._manager.has_plugin(name):
            self._manager.unregister(name=name)

    def _call(self, hook: str, plugin: Any) -> Iterator[Any]:
        """What one plugin's implementation of `hook` returns; pluggy's own call would mix all plugins' failures."""
        for implementation in getattr(self._manager.hook, hook).get_hookimpls():
            if implementation.plugin is plugin:
                result = implementation.function()
                if not isinstance(result, list | tuple):
                    raise TypeError(f"{hook} returned {type(result).__name__}, not a list")
                yield from result

    def _take_solver(self, solver: Any, record: PluginRecord) -> None:
        if not isinstance(solver, Solver):
            record.fail(
                "broken", f"squeezebench_solvers gave {shown(solver)}, which is no instance of squeezebench.Solver"
            )
            return
        name = getattr(solver, "name", None)
        if not isinstance(name, str) or not _NAME.match(name):
            record.fail("broken", f"solver name {name!r} is not of the form [a-z][a-z0-9_]*")
        elif solver.api_version != API_VERSION:
            record.fail(
                "incompatible",
                f"solver {name!r} is written for API version {solver.api_version!r}; this package has {API_VERSION}",
            )
        elif name in self.solvers:
            record.fail("duplicate", f"the solver name {name!r} is taken by plugin {self._origin[name].name!r}")
        elif "default" not in solver.tiers:
            record.fail("broken", f"solver {name!r} has no tier 'default'")
        else:
            self.solvers[name] = solver
            self._origin[name] = record
            record.solvers.append(name)

    def _take_scenario(self, scenario: Any, record: PluginRecord) -> None:
        from .scenario import Scenario, builtin_names

        if not isinstance(scenario, Scenario):
            record.fail("broken", f"squeezebench_scenarios gave {shown(scenario)}, which is no squeezebench.Scenario")
        elif scenario.name in self.scenarios or scenario.name in builtin_names():
            record.fail("duplicate", f"the scenario name {scenario.name!r} is taken")
        else:
            self.scenarios[scenario.name] = scenario
            record.scenarios.append(scenario.name)

    def _take_observable(self, observable: Any, record: PluginRecord) -> None:
        from .observables import builtin, check_observable

        check_observable(observable)
        if observable.name in {item.name for item in (*builtin(), *self.observables)}:
            record.fail("duplicate", f"the observable name {observable.name!r} is taken")
        else:
            self.observables.append(observable)
            record.observables.append(observable.name)

    def _raise_if_any_failed(self) -> None:
        failed = [record for record in self.plugins if record.status not in ("loaded", "blocked")]
        complaints = [f"plugin {r.name!r} is {r.status}: {r.error}" for r in failed] + self._slow
        if complaints:
            raise PluginError("; ".join(complaints))


def _load_order(entry_point: Any) -> tuple[bool, str]:
    """Built-in plugins first, so that nobody else can take their names; then by name, so that the order is fixed."""
    return _distribution_of(entry_point)[0] != "squeezebench", entry_point.name


def _distribution_of(entry_point: Any) -> tuple[str, str]:
    distribution = getattr(entry_point, "dist", None)
    return ("", "") if distribution is None else (distribution.name, distribution.version)


def _record_of(entry_point: Any) -> PluginRecord:
    distribution, version = _distribution_of(entry_point)
    target = str(getattr(entry_point, "value", ""))
    return PluginRecord(name=entry_point.name, target=target, distribution=distribution, version=version)


def _note(record: PluginRecord, error: BaseException) -> None:
    record.fail("broken", f"{type(error).__name__}: {error}")
    record.traceback = record.traceback or "".join(traceback.format_exception(error))


_HOST: Host | None = None


def _names(variable: str) -> list[str] | None:
    text = os.environ.get(variable, "").strip()
    return [name.strip() for name in text.split(",") if name.strip()] if text else None


def _switch(variable: str) -> bool:
    text = os.environ.get(variable, "").strip()
    if text not in ("", "0", "1"):
        raise PluginError(f"{variable} = {shown(text)}: give 1 or 0")
    return text == "1"


def get_host() -> Host:
    """The process's host, made on first use.

    ``SQUEEZEBENCH_DISABLED_PLUGINS`` and ``SQUEEZEBENCH_PLUGINS`` (comma-separated entry points) block and allow;
    ``SQUEEZEBENCH_STRICT_PLUGINS=1`` makes a plugin that fails to load fatal.
    """
    global _HOST
    if _HOST is None:
        _HOST = Host(
            disabled=_names("SQUEEZEBENCH_DISABLED_PLUGINS") or (),
            allowed=_names("SQUEEZEBENCH_PLUGINS"),
            strict=_switch("SQUEEZEBENCH_STRICT_PLUGINS"),
        )
    return _HOST


def set_host(host: Host | None) -> None:
    """Use `host` from now on; None makes a new one on next use."""
    global _HOST
    _HOST = host
