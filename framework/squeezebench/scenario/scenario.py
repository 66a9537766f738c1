"""A scenario: what to compute, where, with which solvers, and what to keep."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

from squeezebench.content import Content, to_plain
from squeezebench.errors import InvalidScenarioError, SqueezebenchError
from squeezebench.expressions import shown
from squeezebench.literals import scenario_json
from squeezebench.model import SpinModel
from squeezebench.problem import Problem
from squeezebench.reductions import Reduction, StopRule
from squeezebench.spec import Spec
from squeezebench.states import State

from .axes import VARIANT
from .entries import names_asked, plain_entries, read_problems, read_reductions, read_specs, read_text
from .plans import check_axes_are_used, check_expected_places, check_times, plan_problems, plan_variants
from .points import Point, label_of, resolved
from .tables import SCHEMA, Document, ExpectedTable, keys_of, read, read_list
from .toml import to_toml

__all__ = ["Scenario"]


class Scenario(Content):
    """A model with sweep axes, a start, times, solvers, and what to keep of each point.

    Entries have the names and forms of the scenario file format. Numbers may be expressions such as ``"12/gamma_s"``
    in the axes and the model's parameters.

    Parameters
    ----------
    title, name, source, description : str
        For people: a heading, a short name, where the parameters come from, and anything else.
    model : SpinModel or mapping, optional
        ``{"type": "driven_cavity" | "spin" | "from_cavity" | "general", …}`` with the arguments of `SpinModel` and its
        class methods; parameters that are axes are left out.
    axes : mapping, optional
        Name → values, or ``{"start", "stop", "num", "spacing"}``. An axis named like a parameter of the model sets it;
        expressions may ask for any axis.
    variants : list of mappings, optional
        Named points ``{"label", "model", "initial", "times", "schedule"}`` that change the scenario's own entries; they
        form an axis called "variant".
    initial : State or mapping, optional
        ``{"type": "coherent" | "dicke" | "mean_field_steady_state", …}``; the coherent state along −x by default.
    times : mapping, array_like or "steady"
        ``{"stop", "num"}``; ``{"start", "stop", "num", "spacing": "log"}``, which puts 0 in front; a list that starts
        at 0; or the steady state. In the inverse of the model's rate unit.
    schedule : list, optional
        `Segment` and `Rotation`, or ``{"duration", "model"}`` (what differs from the model) and
        ``{"rotation", "angle"}``.
    problem, problems : Problem, and mapping of str to Problem, optional
        Instead of all these: one problem, or problems by label.
    solvers : list of str, Spec or mapping
        What to solve it with.
    tolerance : float
        Relative deviation of ξ² at which solvers count as apart.
    reductions : list of str or Reduction
        What to keep of each point, such as ``'minimum_xi2(after="6/(N*Gamma)")'``.
    keep : list of str, optional
        ``series``, ``trajectories``, ``states``: what to keep beyond reductions.
    stop : StopRule or mapping, optional
        When a solution may end early.
    expected : list of mappings
        ``{"quantity", "value", "at", "against", "over", "weights", "tolerance", "source"}``: values from elsewhere,
        which `squeezebench.check_expected` holds results against.
    reach : mapping of str to int, optional
        Name of a solver → most spins at which it is asked, where more would take it hours.
    schema : int
        Version of the format, 1.

    Raises
    ------
    InvalidScenarioError
        In one line: the entry's path, its value, and what is expected. The first point of each variant is made at once,
        so that most mistakes show here.

    Examples
    --------
    >>> import squeezebench as sb
    >>> scenario = sb.Scenario(
    ...     model={"type": "driven_cavity", "upsilon_ratio": 0.9, "gamma_s": 4.0}, axes={"N": [10, 20]},
    ...     times={"stop": "1/gamma_s", "num": 101}, solvers=["mean_field", "cumulant:order=3"])
    >>> [(point.label, float(point.problem.times[-1])) for point in scenario.points()]
    [('N = 10', 0.25), ('N = 20', 0.25)]
    """

    def __init__(
        self,
        *,
        title: str = "",
        name: str = "",
        source: str = "",
        description: str = "",
        model: SpinModel | Mapping[str, Any] | None = None,
        axes: Mapping[str, Any] | None = None,
        variants: Iterable[Mapping[str, Any]] = (),
        initial: State | Mapping[str, Any] | None = None,
        times: Any = None,
        schedule: Iterable[Any] | None = None,
        problem: Problem | None = None,
        problems: Mapping[str, Problem] | None = None,
        solvers: Iterable[Any] = (),
        tolerance: float = 0.02,
        reductions: Iterable[Any] = (),
        keep: Iterable[str] | None = None,
        stop: StopRule | Mapping[str, Any] | None = None,
        expected: Iterable[Mapping[str, Any]] = (),
        reach: Mapping[str, int] | None = None,
        schema: int = SCHEMA,
        **unknown: Any,
    ) -> None:
        entries = {key: value for key, value in locals().items() if key in keys_of(Document) and value is not None}
        self._read({**entries, **unknown}, "")

    # ---------------------------------------------------------------- reading

    def _read(self, entries: Mapping[str, Any], origin: str) -> None:
        """Check everything; `origin` is the file that messages name."""
        self._origin = origin
        try:
            plain = plain_entries(entries)
            fixed = {key: plain.pop(key) for key in ("problem", "problems") if plain.get(key) is not None}
            self._document = read(Document, {key: value for key, value in plain.items() if value is not None}, "")
            self._origin = origin or (f"scenario {self.name!r}" if self._document.name else "")
            self._solvers = read_specs(self._document.solvers)
            self._reductions = read_reductions(self._document.reductions)
            self._stop = None if self._document.stop is None else StopRule.from_dict(self._document.stop)
            self._expected = tuple(read_list(ExpectedTable, self._document.expected, "expected"))
            self._problems = read_problems(fixed, plain)
            if self._problems is None:
                self._plans, self._axes = plan_variants(self._document)
                asked = names_asked([self._document.stop, *(reduction.arguments for reduction in self._reductions)])
                check_axes_are_used(self._document, self._plans, self._axes, asked)
            else:
                self._plans, self._axes = plan_problems(self._problems)
            check_times(self._plans)
            check_expected_places(self._expected, self._axes)
            for index in range(len(self._axes.get(VARIANT, [0]))):
                self._point(tuple(index if name == VARIANT else 0 for name in self._axes))
        except SqueezebenchError as error:
            raise InvalidScenarioError(self._located(error)) from error

    def _located(self, error: object) -> str:
        text = " ".join(str(error).split())
        return f"{self._origin}: {text}" if self._origin else text

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], origin: str = "") -> Self:
        """Scenario of the given entries; the inverse of `to_dict`.

        Parameters
        ----------
        data : mapping
            Entries as of the class.
        origin : str
            File name for messages.
        """
        if not isinstance(data, Mapping) or not all(isinstance(key, str) for key in data):
            raise InvalidScenarioError(f"{shown(data)} is no table of a scenario's entries")
        scenario = cls.__new__(cls)
        scenario._read(data, origin)
        return scenario

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Scenario of a JSON text; the inverse of `to_json`."""
        return cls.from_dict(scenario_json(text))

    @classmethod
    def from_text(cls, text: str, source: str = "") -> Self:
        """Scenario of a TOML text.

        Parameters
        ----------
        text : str
            Its content.
        source : str
            File name for messages.
        """
        import tomllib

        if not isinstance(text, str):
            raise InvalidScenarioError(f"{shown(text)} is no text: give the content of a scenario file")
        try:
            data = tomllib.loads(text)
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            reason = " ".join(str(error).split())
            raise InvalidScenarioError(f"{source or 'scenario'}: not a TOML text: {reason}") from error
        return cls.from_dict(data, source)

    @classmethod
    def from_toml(cls, path: str | os.PathLike[str]) -> Self:
        """Scenario of a TOML file; its name is the file's unless it has one.

        Raises
        ------
        InvalidScenarioError
            If the file cannot be read, or its content is no scenario.
        """
        scenario = cls.from_text(read_text(path), str(path))
        if not scenario._document.name:
            stem = re.sub(r"[^A-Za-z0-9_.-]+", "_", Path(path).stem).lstrip("_.-") or "scenario"
            scenario._document = scenario._document.model_copy(update={"name": stem[:100]})
        return scenario

    def replace(self, **changes: Any) -> Self:
        """Scenario with some entries given anew; an entry of None is removed.

        Parameters
        ----------
        **changes
            As for the class; each replaces the whole entry.
        """
        return self.from_dict({key: value for key, value in {**self.to_dict(), **changes}.items() if value is not None})

    # ---------------------------------------------------------------- content

    @property
    def content(self) -> dict[str, Any]:
        """Entries as plain JSON types, the same for the same scenario."""
        return self.to_dict()

    def to_dict(self) -> dict[str, Any]:
        """Content as plain JSON types; entries that are not given are left out."""
        data = {"schema": SCHEMA, **self._document.model_dump(exclude={"version"}, exclude_unset=True)}
        data |= {"solvers": [str(spec) for spec in self._solvers], "reductions": [str(r) for r in self._reductions]}
        data["expected"] = [entry.model_dump(exclude_unset=True) for entry in self._expected]
        if self._problems is not None:
            contents = {label: problem.to_dict() for label, problem in self._problems.items()}
            data |= {"problem": contents[""]} if "" in contents else {"problems": contents}
        data |= {"name": self._document.name, "tolerance": self.tolerance}
        plain = {key: to_plain(data[key]) for key in keys_of(Document) if key in data}
        return {key: value for key, value in plain.items() if value not in (None, "", [], {}) or key == "keep"}

    def to_toml(self) -> str:
        """Content as TOML text."""
        return to_toml(self.to_dict())

    def __repr__(self) -> str:
        axes = ", ".join(f"{name}: {len(values)}" for name, values in self._axes.items())
        return f"Scenario({self.name!r}, axes={{{axes}}}, solvers={[spec.label for spec in self._solvers]})"

    # ---------------------------------------------------------------- parts

    @property
    def name(self) -> str:
        """Short name; ``"unnamed"`` if it has none."""
        return self._document.name or "unnamed"

    @property
    def title(self) -> str:
        """Heading; the name if it has none."""
        return self._document.title or self.name

    @property
    def source(self) -> str:
        """Where the parameters come from."""
        return self._document.source

    @property
    def description(self) -> str:
        """Anything else that a reader should know."""
        return self._document.description

    @property
    def solvers(self) -> tuple[Spec, ...]:
        """What to solve it with."""
        return self._solvers

    @property
    def tolerance(self) -> float:
        """Relative deviation of ξ² at which solvers count as apart."""
        return self._document.tolerance

    @property
    def reductions(self) -> tuple[Reduction, ...]:
        """What to keep of each point, expressions as they are written."""
        return self._reductions

    @property
    def keep(self) -> tuple[str, ...] | None:
        """What to keep beyond reductions; None leaves it to whoever runs the scenario."""
        return None if self._document.keep is None else tuple(self._document.keep)

    @property
    def stop(self) -> StopRule | None:
        """When a solution may end early, expressions as they are written."""
        return self._stop

    @property
    def expected(self) -> tuple[ExpectedTable, ...]:
        """Values from elsewhere, with `quantity`, `value`, `at`, `tolerance`, `source` and the like."""
        return self._expected

    @property
    def reach(self) -> dict[str, int]:
        """Name of a solver → most spins at which it is asked."""
        return dict(self._document.reach)

    @property
    def axes(self) -> dict[str, list[Any]]:
        """Name of each sweep axis → its values: floats, ints for N, labels for "variant"."""
        return {name: list(values) for name, values in self._axes.items()}

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each axis."""
        return tuple(len(values) for values in self._axes.values())

    # ---------------------------------------------------------------- points

    def point(self, index: tuple[int, ...]) -> Point:
        """The point at the given place along each axis.

        Raises
        ------
        InvalidScenarioError
            Naming the point, if its problem cannot be made.
        """
        try:
            return self._point(index)
        except InvalidScenarioError as error:
            raise InvalidScenarioError(self._located(error)) from error

    def _point(self, index: tuple[int, ...]) -> Point:
        good = isinstance(index, tuple | list) and len(index) == len(self._axes)
        if not good or not all(type(k) is int and -n <= k < n for k, n in zip(index, self.shape, strict=True)):
            raise InvalidScenarioError(f"index = {shown(index)} is no place in axes of lengths {self.shape}")
        coords = {name: values[k] for (name, values), k in zip(self._axes.items(), index, strict=True)}
        numbers = {name: value for name, value in coords.items() if name != VARIANT}
        try:
            problem, names = self._plans[coords.get(VARIANT, "")].build(numbers)
            reductions, stop = resolved(self._reductions, self._stop, names)
        except (ValueError, ArithmeticError) as error:
            where = f"at {label_of(coords)}: " if coords else ""
            raise InvalidScenarioError(f"{where}{error}") from error
        return Point(index, coords, problem, reductions, stop)

    def points(self, start: int = 0, stop: int | None = None) -> list[Point]:
        """All points, or those from one place on and before another; the last axis varies fastest.

        Raises
        ------
        InvalidScenarioError
            Naming the point whose problem cannot be made.
        """
        indices = itertools.product(*(range(length) for length in self.shape))
        return [self.point(index) for index in itertools.islice(indices, start, stop)]
