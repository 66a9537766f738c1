"""The kinds of model that problems can hold; plugins add their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .errors import InvalidModelError
from .model import SpinModel
from .validate import nearest, shown

__all__ = ["check_model", "model_from_dict", "model_tables", "model_type_named", "register_model_type"]

#: JSON `type` → model class; a plugin that brings a model type of its own adds it here with `register_model_type`.
_MODEL_TYPES: dict[str, Any] = {"spin_model": SpinModel}
#: `type` of a scenario's [model] table → table class, of the types that plugins brought.
_TABLES: dict[str, Any] = {}


def register_model_type(name: str, model_type: Any, table: tuple[str, Any] | None = None) -> None:
    """Let problems of a plugin's own model type be read back from JSON, and be written in scenarios.

    Parameters
    ----------
    name : str
        The ``type`` entry that the model's ``to_dict`` writes.
    model_type : type
        Has ``N``, ``to_dict`` and ``from_dict``. Its name becomes an attribute of `squeezebench`.
    table : (str, type), optional
        ``type`` of its table in scenarios, and the table: a subclass of `squeezebench.scenario.models.ModelTable`.
    """
    taken = _MODEL_TYPES.get(name)
    if taken is not None and not _same(taken, model_type):
        raise InvalidModelError(f"the model type {name!r} is taken by {taken.__module__}.{taken.__qualname__}")
    _MODEL_TYPES[name] = model_type
    if table is not None:
        kind, table_type = table
        other = _TABLES.get(kind)
        if other is not None and not _same(other, table_type):
            raise InvalidModelError(f"the model table {kind!r} is taken by {other.__module__}.{other.__qualname__}")
        _TABLES[kind] = table_type


def _same(one: Any, two: Any) -> bool:
    """Whether two classes are one, or the same one imported again."""
    return one is two or (one.__module__, one.__qualname__) == (two.__module__, two.__qualname__)


def _load_plugins() -> None:
    """Give plugins the chance to register their model types."""
    from .host import get_host

    get_host()


def model_tables() -> Mapping[str, Any]:
    """Tables of the model types that plugins brought, by their ``type`` in scenarios; loads the plugins."""
    _load_plugins()
    return _TABLES


def model_type_named(name: str) -> Any:
    """The model type of a plugin whose class has this name, or None; loads the plugins."""
    _load_plugins()
    return next((kind for kind in _MODEL_TYPES.values() if kind.__name__ == name), None)


def model_from_dict(data: Any) -> Any:
    """Model of the given content, of whichever registered type it names."""
    if not isinstance(data, dict):
        raise InvalidModelError(f"a model is a table, not {shown(data)}")
    kind = data.get("type", "spin_model")
    if isinstance(kind, str) and kind not in _MODEL_TYPES:
        _load_plugins()
    if not isinstance(kind, str) or kind not in _MODEL_TYPES:
        raise InvalidModelError(f"unknown type of model {shown(kind)}{nearest(str(kind), _MODEL_TYPES)}")
    return _MODEL_TYPES[kind].from_dict(data)


def check_model(model: Any) -> None:
    """Raise `InvalidModelError` unless `model` is of a registered type."""
    if not isinstance(model, tuple(_MODEL_TYPES.values())):
        raise InvalidModelError(f"model = {shown(model)} is no SpinModel: give squeezebench.SpinModel(N=…)")
