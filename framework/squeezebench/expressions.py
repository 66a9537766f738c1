"""Numbers in scenario files that are written as text: "12/gamma_s", "pi/2", "6/(N*Gamma)"."""

from __future__ import annotations

import ast
import keyword
import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from .errors import InvalidScenarioError
from .validate import nearest, shown

__all__ = ["CONSTANTS", "FUNCTIONS", "RESERVED", "Names", "evaluate", "names_in", "shown"]

Number = int | float

#: Names that every expression knows.
CONSTANTS: Mapping[str, float] = {"pi": math.pi}

#: Functions that every expression knows; angles in radians.
FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "abs": abs,
    "acos": math.acos,
    "asin": math.asin,
    "atan": math.atan,
    "atan2": math.atan2,
    "ceil": math.ceil,
    "cos": math.cos,
    "exp": math.exp,
    "floor": math.floor,
    "hypot": math.hypot,
    "log": math.log,
    "log10": math.log10,
    "max": max,
    "min": min,
    "round": lambda x: round(x),  # without the number of digits, which may be of any size
    "sin": math.sin,
    "sqrt": math.sqrt,
    "tan": math.tan,
}

#: What no axis may be called, because an expression would not mean the axis.
RESERVED = frozenset({*CONSTANTS, *FUNCTIONS, "inf", "nan"}) | frozenset(keyword.kwlist)

#: Longer texts are no formulas; the bound also bounds the depth of the tree and the digits of whole numbers.
_MAX_LENGTH = 300
#: Whole numbers are exact in a float up to here; beyond they become floats.
_MAX_INTEGER = 2**53
_NO_EXPRESSION = "this is no expression of numbers, names, + - * / ** and functions"

#: A number with letters or a percent sign behind it, as people write quantities.
_WITH_UNIT = re.compile(r"\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\s*(?![jJ]\s*$)[A-Za-zµμ%]+\s*")
_UNIT = "this is a number with a unit: give the number alone; times are in the inverse of the rates' unit"

_TOKEN = re.compile(
    r"[ \t]*(?:(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)(?![A-Za-z0-9_.])"
    r"|(?P<name>[A-Za-z][A-Za-z0-9_]*)|(?P<other>\*\*|[-+*/(),]))"
)


def _power(base: Number, exponent: Number) -> Number:
    """Power in floats, which overflow instead of growing; whole where both are whole and the result is exact."""
    result = math.pow(base, exponent)
    whole = isinstance(base, int) and isinstance(exponent, int) and abs(result) <= _MAX_INTEGER and exponent >= 0
    return base**exponent if whole else result


_OPERATORS: Mapping[type, Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: _power,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}


class Names(Mapping[str, Any]):
    """Names for expressions, some of them expressions in the other names.

    Parameters
    ----------
    entries : mapping of str to number or str
        Values; a text is evaluated, with the other names, when it is first asked for.
    path : str
        Where the entries stand in the scenario, for messages.
    known : mapping, optional
        Further names, whose values are numbers; `entries` win over them.
    """

    def __init__(self, entries: Mapping[str, Any], path: str = "", known: Mapping[str, Any] | None = None) -> None:
        self._entries = {**(known or {}), **entries}
        self._path = path
        self._values: dict[str, Number] = {}
        self._open: list[str] = []

    def __getitem__(self, name: str) -> Number:
        if name in self._values:
            return self._values[name]
        if name not in self._entries:
            return CONSTANTS[name]
        where = f"{self._path}.{name}" if self._path else name
        if name in self._open:
            raise InvalidScenarioError(f"{where} depends on itself: {' → '.join([*self._open, name])}")
        self._open.append(name)
        try:
            value = evaluate(self._entries[name], self, where)
        finally:
            self._open.pop()
        self._values[name] = value
        return value

    def __iter__(self) -> Iterator[str]:
        return iter({**CONSTANTS, **self._entries})

    def __len__(self) -> int:
        return len({**CONSTANTS, **self._entries})


def evaluate(value: Any, names: Mapping[str, Any], where: str = "") -> Number:
    """Number that `value` stands for.

    Parameters
    ----------
    value : int, float or str
        A number, or an expression of numbers, names, + − * / ** ( ) and `FUNCTIONS`.
    names : mapping of str to number
        What names stand for, beside `CONSTANTS`.
    where : str
        Path of the value in the scenario, for messages.

    Returns
    -------
    int or float
        Finite; an int where only whole numbers went into it, and it is exact in a float.

    Raises
    ------
    InvalidScenarioError
        If the value is neither number nor expression, a name is unknown, or the result is no finite real number.

    Examples
    --------
    >>> from squeezebench.expressions import evaluate
    >>> evaluate("6/(N*Gamma)", {"N": 2000, "Gamma": 1.5})
    0.002
    """
    prefix = f"{where} = {shown(value)}" if where else shown(value)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise InvalidScenarioError(f"{prefix}: expected a number or an expression such as '12/gamma_s'")
    if isinstance(value, str):
        value = _evaluate_text(value, names if isinstance(names, Names) else Names(names), prefix)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidScenarioError(f"{prefix}: the result is no real number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise InvalidScenarioError(f"{prefix}: the result is not finite; give a finite number")
    return value if isinstance(value, int) and abs(value) <= _MAX_INTEGER else number + 0.0


def names_in(value: Any) -> set[str]:
    """Names (not functions) that an expression asks for; none for what is no expression."""
    if not isinstance(value, str) or _tokens(value) is None:
        return set()
    return {name for name in _tokens(value) or () if name not in FUNCTIONS}


def _evaluate_text(text: str, names: Mapping[str, Any], prefix: str) -> Any:
    from simpleeval import FunctionNotDefined, InvalidExpression, NameNotDefined, SimpleEval

    if text.strip().lstrip("+-").lower() in ("inf", "infinity", "nan"):
        raise InvalidScenarioError(f"{prefix}: this is not finite; give a finite number")
    try:
        tree = _tree(text)
    except ValueError as error:
        raise InvalidScenarioError(f"{prefix}: {error}") from error
    evaluator = SimpleEval(operators=_OPERATORS, functions=FUNCTIONS, names=names)
    try:
        return evaluator.eval(text, previously_parsed=tree)
    except InvalidScenarioError:
        raise
    except NameNotDefined as error:
        raise InvalidScenarioError(f"{prefix}: unknown name {error.name!r}{nearest(error.name, names)}") from error
    except FunctionNotDefined as error:
        hint = nearest(error.func_name, FUNCTIONS)
        raise InvalidScenarioError(f"{prefix}: unknown function {error.func_name!r}{hint}") from error
    except ZeroDivisionError as error:
        raise InvalidScenarioError(f"{prefix}: division by zero") from error
    except OverflowError as error:
        raise InvalidScenarioError(f"{prefix}: the result is too large") from error
    except TypeError as error:
        raise InvalidScenarioError(f"{prefix}: a function has the wrong number or kind of arguments") from error
    except (ValueError, ArithmeticError) as error:
        raise InvalidScenarioError(f"{prefix}: a function or power has no real value here") from error
    except (InvalidExpression, RecursionError, MemoryError) as error:
        raise InvalidScenarioError(f"{prefix}: {_NO_EXPRESSION}") from error


@lru_cache(maxsize=1024)
def _tokens(text: str) -> tuple[str, ...] | None:
    """The names in an expression, or None if a character belongs to no token."""
    found: list[str] = []
    text = text.rstrip()
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            return None
        if match["name"]:
            found.append(match["name"])
        position = match.end()
    return tuple(found)


@lru_cache(maxsize=1024)
def _tree(text: str) -> ast.expr:
    """Syntax tree of an expression that holds only what expressions may hold; ValueError otherwise."""
    if len(text) > _MAX_LENGTH:
        raise ValueError(f"an expression has at most {_MAX_LENGTH} characters")
    if _WITH_UNIT.fullmatch(text):
        raise ValueError(_UNIT)
    if not text.strip() or _tokens(text) is None:
        raise ValueError(_NO_EXPRESSION)
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ValueError("this is no well-formed expression") from error
    for node in ast.walk(tree):
        plain_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords
        number = isinstance(node, ast.Constant) and type(node.value) in (int, float)
        leaf = isinstance(node, ast.Name | ast.expr_context | ast.BinOp | ast.UnaryOp) or type(node) in _OPERATORS
        if not (plain_call or number or leaf):
            raise ValueError(_NO_EXPRESSION)
    return tree
