"""A reduction as scenarios write it: a name with arguments."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from squeezebench.content import Content
from squeezebench.errors import InvalidScenarioError
from squeezebench.expressions import evaluate, shown
from squeezebench.literals import read_arguments, read_value, scenario_json, write_value
from squeezebench.validate import nearest

from .kinds import AXES, KINDS, Output

__all__ = ["Reduction", "describe", "reduction_names"]

_VARIABLE = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
#: Arguments that are numbers or expressions; the others are words.
_NUMERIC = ("after", "n_eff")
_FORM = re.compile(r"\s*([A-Za-z][A-Za-z0-9_]*)\s*(?:\((.*)\))?\s*", re.DOTALL)


@dataclass(frozen=True, eq=False, init=False, repr=False)
class Reduction(Content):
    """A reduction of a point's time series to one or two numbers.

    Parameters
    ----------
    name : str
        ``minimum_xi2``, ``minimum_n_eff``, ``minimum``, ``maximum``, ``final`` or ``t_star``.
    **arguments
        ``after``: only times later than this, a number or an expression. ``variable`` and ``axis`` ("x", "y", "z"):
        what ``minimum``, ``maximum`` and ``final`` reduce, ξ² by default for the latter. ``n_eff``: the level that
        ``t_star`` waits for, the critical atom number N_c by default. ``label``: what the result is called, such as
        ``"second_minimum"``.

    Raises
    ------
    InvalidScenarioError
        If the name or an argument is unknown or of the wrong kind.

    Notes
    -----
    Extrema are refined below the grid of saved times by the parabola through the three points around them (for
    ``minimum_xi2``, in log ξ²). ``final`` is the last finite value.

    Examples
    --------
    >>> import numpy as np
    >>> from squeezebench.reductions import Reduction
    >>> reduction = Reduction.parse('minimum_xi2(after="6/(N*Gamma)")').resolve({"N": 100, "Gamma": 1.0})
    >>> t = np.linspace(0, 1, 11)
    >>> {key: round(value, 12) for key, value in reduction.compute({"time": t, "xi2": np.exp((t - 0.42) ** 2)}).items()}
    {'minimum_xi2': 1.0, 'minimum_xi2_time': 0.42}
    """

    name: str
    _arguments: tuple[tuple[str, Any], ...]

    def __init__(self, /, name: str, **arguments: Any) -> None:
        if not isinstance(name, str) or name not in KINDS:
            raise InvalidScenarioError(f"unknown reduction {shown(name)}{nearest(str(name), KINDS)}")
        known = KINDS[name].known
        for key, value in arguments.items():
            if key not in known:
                raise InvalidScenarioError(f"reduction {name} has no argument {shown(key)}{nearest(str(key), known)}")
            _check_argument(name, key, value)
        for key in KINDS[name].required:
            if key not in arguments:
                raise InvalidScenarioError(f"reduction {name} needs {key}: write {name}({key}=…)")
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "_arguments", tuple(sorted(arguments.items())))

    # ---------------------------------------------------------------- text and content

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reduction of a text such as ``minimum_xi2(after="6/(N*Gamma)")``."""
        match = _FORM.fullmatch(text) if isinstance(text, str) else None
        if match is None:
            raise InvalidScenarioError(f"{shown(text)} is no reduction: write name or name(argument=value)")
        name, inner = match.groups()
        arguments: dict[str, Any] = {}
        if inner and inner.strip():
            try:
                texts = read_arguments(inner)
                # an expression needs no quotes: the parser of expressions checks it
                arguments = {
                    key: value if key in _NUMERIC and value[0] not in "\"'" else read_value(value)
                    for key, value in texts.items()
                }
                for key in _NUMERIC:
                    arguments |= {key: _number_of(arguments[key])} if key in arguments else {}
            except ValueError as error:
                raise InvalidScenarioError(f"reduction {shown(text)}: {error}") from error
        if "name" in arguments:
            raise InvalidScenarioError(f"reduction {name} has no argument 'name'{nearest('name', ['label'])}")
        return cls(name, **arguments)

    @classmethod
    def coerce(cls, value: Any) -> Self:
        """Reduction of whatever says one: a reduction, a text, or a table as `to_dict` gives it."""
        if isinstance(value, cls):
            return value
        return cls.from_dict(value) if isinstance(value, Mapping) else cls.parse(value)

    def __str__(self) -> str:
        inner = ", ".join(f"{k}={json.dumps(v) if k in _NUMERIC else write_value(v)}" for k, v in self._arguments)
        return f"{self.name}({inner})" if inner else self.name

    def __repr__(self) -> str:
        return f"Reduction({', '.join([repr(self.name), *(f'{k}={v!r}' for k, v in self._arguments)])})"

    def to_dict(self) -> dict[str, Any]:
        """Content as plain JSON types: ``name`` and the arguments."""
        return {"name": self.name, **self.arguments}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Reduction of the given content; the inverse of `to_dict`."""
        if not isinstance(data, Mapping) or "name" not in data or not all(isinstance(key, str) for key in data):
            raise InvalidScenarioError(f"{shown(data)} is no table of a reduction's name and arguments")
        return cls(**data)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Reduction of a JSON text; the inverse of `to_json`."""
        return cls.from_dict(scenario_json(text))

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments that are given, by name; a new dictionary each time."""
        return dict(self._arguments)

    # ---------------------------------------------------------------- what it gives

    @property
    def variable(self) -> str:
        """The variable that it reduces."""
        return KINDS[self.name].variable or str(self.arguments.get("variable", "xi2"))

    @property
    def label(self) -> str:
        """Name of its first output."""
        given = self.arguments.get("label")
        if given is not None:
            return str(given)
        if KINDS[self.name].variable:
            return self.name
        axis = self.arguments.get("axis")
        return f"{self.name}_{self.variable}" + (f"_{axis}" if axis else "")

    @property
    def outputs(self) -> tuple[Output, ...]:
        """The named numbers that it gives, in order."""
        kind = KINDS[self.name]
        axis = f", {self.arguments['axis']} component" if "axis" in self.arguments else ""
        words = kind.words.format(variable=self.variable) + axis
        if not kind.timed:
            return (Output(self.label, words, "time", self.variable),)
        units = "1" if self.variable in ("xi2", "n_eff") else ""
        value = Output(self.label, words, units, self.variable)
        return value, Output(f"{self.label}_time", f"time of the {words}", "time", self.variable)

    def resolve(self, names: Mapping[str, Any]) -> Self:
        """Reduction with its expressions evaluated.

        Parameters
        ----------
        names : mapping of str to number
            What expressions may ask for.
        """
        arguments = self.arguments
        for key in _NUMERIC:
            if key in arguments:
                arguments[key] = float(evaluate(arguments[key], names, f"reduction {self.name}: {key}"))
        return type(self)(self.name, **arguments)

    def compute(self, data: Mapping[str, Any]) -> dict[str, float]:
        """The named numbers of a point; NaN where there is none.

        Parameters
        ----------
        data : mapping or xarray.Dataset
            ``time`` (T,) and the variable that is reduced, (T,) or with `axis` (T, 3).

        Returns
        -------
        dict
            By the names of `outputs`.

        Raises
        ------
        InvalidScenarioError
            If the variable is not there or has another shape, or an expression is not resolved.
        """
        for key in _NUMERIC:
            if isinstance(self.arguments.get(key), str):
                raise InvalidScenarioError(f"reduction {self}: {key} is an expression; resolve the reduction first")
        values = KINDS[self.name].compute(self.arguments, self.variable, data)
        return {output.name: float(value) for output, value in zip(self.outputs, values, strict=True)}


def describe(name: str, reductions: Iterable[Reduction] = ()) -> dict[str, str]:
    """Attributes ``long_name`` and ``units`` of a result of a reduction, for a data set.

    Parameters
    ----------
    name : str
        Name of the output.
    reductions : iterable of Reduction, optional
        Where the name comes from; without them, what the default names say.

    Returns
    -------
    dict
        Times have the unit ``"1/rate"``, the inverse of the model's rate unit; what has the units of another variable,
        or is not known, has ``"1"``.
    """
    outputs = {output.name: output for reduction in reductions for output in reduction.outputs}
    for kind in KINDS:
        if name not in outputs and (name == kind or name.startswith(f"{kind}_")):
            arguments = (
                {} if KINDS[kind].variable else {"variable": name.removeprefix(kind).strip("_").removesuffix("_time")}
            )
            if all(_VARIABLE.fullmatch(value) for value in arguments.values()):
                outputs |= {output.name: output for output in Reduction(kind, **arguments).outputs}
    if name not in outputs:
        return {"long_name": name, "units": "1"}
    return {"long_name": outputs[name].long_name, "units": "1/rate" if outputs[name].units == "time" else "1"}


def reduction_names() -> list[str]:
    """Names of all reductions, sorted."""
    return sorted(KINDS)


def _number_of(value: Any) -> Any:
    """The number that a text is, or the text, which then is an expression."""
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _check_argument(name: str, key: str, value: Any) -> None:
    if key in _NUMERIC:
        if isinstance(value, bool) or not isinstance(value, int | float | str) or value != value:
            raise InvalidScenarioError(f"reduction {name}: {key} = {shown(value)} is no number or expression")
        if isinstance(value, int | float):
            evaluate(value, {}, f"reduction {name}: {key}")
    elif key == "axis" and value not in AXES:
        raise InvalidScenarioError(f"reduction {name}: axis = {shown(value)}: give x, y or z")
    elif not isinstance(value, str) or not _VARIABLE.fullmatch(value):
        raise InvalidScenarioError(f"reduction {name}: {key} = {shown(value)} is no name: letters, digits and _")
