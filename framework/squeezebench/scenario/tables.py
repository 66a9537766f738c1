"""The tables of the scenario format, and how their errors are told."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from squeezebench.errors import InvalidModelError, InvalidScenarioError
from squeezebench.expressions import shown
from squeezebench.validate import nearest

__all__ = [
    "SCHEMA",
    "Document",
    "ExpectedTable",
    "Number",
    "RangeTable",
    "RotationTable",
    "SegmentTable",
    "Table",
    "TimesTable",
    "VariantTable",
    "at",
    "join",
    "read",
    "read_list",
]

#: Version of the format that this program reads.
SCHEMA = 1

#: Saved times of one point; more than this is no plot and no table any more.
MAX_TIMES = 1_000_000


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise PydanticCustomError("number", "expected a number or an expression such as '12/gamma_s'")
    return value


def _name(value: str) -> str:
    if value and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{,99}", value):
        raise PydanticCustomError("name", "expected at most 100 letters, digits, '_', '-' and '.'")
    return value


def _schema(value: Any) -> Any:
    if type(value) is int and value != 1:
        raise PydanticCustomError("schema", "this squeezebench reads scenarios of schema 1")
    return value


#: A number, or the text of an expression; which names it may ask for depends on where it stands.
Number = Annotated[Any, BeforeValidator(_number)]


class Table(BaseModel):
    """Base class of the format's tables: strict, frozen, and unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class RangeTable(Table):
    """Values of a sweep axis, both ends included."""

    start: Number
    stop: Number
    num: int = Field(ge=2, le=MAX_TIMES)
    spacing: Literal["linear", "log"] = "linear"


class TimesTable(Table):
    """Times to report: 0 … stop, or 0 and then start … stop on a logarithmic grid; `num` counts all of them."""

    stop: Number
    num: int = Field(ge=2, le=MAX_TIMES)
    spacing: Literal["linear", "log"] = "linear"
    start: Number | None = None


class VariantTable(Table):
    """A named point: what it has instead of the scenario's own."""

    label: str = Field(min_length=1, max_length=200)
    model: dict[str, Any] | None = None
    initial: dict[str, Any] | None = None
    times: Any = None
    schedule: list[Any] | None = None


class SegmentTable(Table):
    """A stretch of a schedule, with what its model has instead of the scenario's own."""

    duration: Number
    model: dict[str, Any] = Field(default_factory=dict)


class RotationTable(Table):
    """A collective rotation in a schedule."""

    rotation: str | list[Number]
    angle: Number


class ExpectedTable(Table):
    """A value from elsewhere that results are held against: at a point, or made of several points."""

    quantity: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")
    value: float
    at: dict[str, float | str] = Field(default_factory=dict)
    against: dict[str, float | str] | None = None
    over: str | None = None
    weights: str | None = None
    tolerance: float | None = Field(default=None, ge=0)
    source: str = ""


class Document(Table):
    """A scenario file."""

    version: Annotated[Literal[1], BeforeValidator(_schema)] = Field(default=1, alias="schema")
    name: Annotated[str, AfterValidator(_name)] = ""
    title: str = ""
    source: str = ""
    description: str = ""
    model: dict[str, Any] | None = None
    axes: dict[str, Any] = Field(default_factory=dict)
    variants: list[Any] = Field(default_factory=list)
    initial: dict[str, Any] | None = None
    times: Any = None
    schedule: list[Any] | None = None
    problem: dict[str, Any] | None = None
    problems: dict[str, Any] | None = None
    solvers: list[Any] = Field(default_factory=list)
    tolerance: float = Field(default=0.02, gt=0)
    reductions: list[Any] = Field(default_factory=list)
    keep: list[Literal["series", "trajectories", "states"]] | None = None
    stop: dict[str, Any] | None = None
    expected: list[Any] = Field(default_factory=list)
    reach: dict[str, Annotated[int, Field(ge=1)]] = Field(default_factory=dict)


T = TypeVar("T", bound=Table)


def join(path: str, key: Any) -> str:
    """Path of an entry of the table at `path`."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    name = str(key)
    plain = name.isascii() and name.replace("_", "").replace("-", "").isalnum()
    return f"{path}.{name if plain else shown(name)}".lstrip(".")


@contextmanager
def at(path: str) -> Iterator[None]:
    """Let errors of models, states and schedules name the entry that they come from."""
    try:
        yield
    except (InvalidModelError, ArithmeticError) as error:
        raise InvalidScenarioError(f"{path}: {error}") from error


def keys_of(table: type[Table]) -> list[str]:
    """Keys that a table may have, as they are written."""
    return [field.alias or name for name, field in table.model_fields.items()]


def read(table: type[T], data: Any, path: str) -> T:
    """Check `data` against a table of the format.

    Raises
    ------
    InvalidScenarioError
        One line with the path of the entry, its value and what is expected; for an unknown key, the nearest known one.
    """
    known = keys_of(table)
    if not isinstance(data, Mapping):
        raise InvalidScenarioError(f"{path} = {shown(data)}: expected a table of {', '.join(known)}")
    for key in data:
        if key not in known:
            raise InvalidScenarioError(f"{join(path, key)}: unknown key{nearest(str(key), known)}")
    try:
        return table.model_validate(dict(data))
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
    where = path
    for part in detail["loc"]:
        if isinstance(part, int) or part in known or where != path:
            where = join(where, part)
    if detail["type"] == "missing":
        raise InvalidScenarioError(f"{where} is missing")
    message = detail["msg"][0].lower() + detail["msg"][1:]
    raise InvalidScenarioError(f"{where} = {shown(detail['input'])}: {message}")


def read_list(table: type[T], data: list[Any], path: str) -> list[T]:
    """Check every entry of a list of tables."""
    return [read(table, entry, join(path, index)) for index, entry in enumerate(data)]
