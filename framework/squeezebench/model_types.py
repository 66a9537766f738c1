"""The kinds of model that problems can hold; plugins add their own."""

from __future__ import annotations

from typing import Any

from .errors import InvalidModelError
from .model import SpinModel
from .validate import nearest, shown

__all__ = ["check_model", "model_from_dict", "register_model_type"]

#: JSON `type` → model class; a plugin that brings a model type of its own adds it here with `register_model_type`.
_MODEL_TYPES: dict[str, Any] = {"spin_model": SpinModel}


def register_model_type(name: str, model_type: Any) -> None:
    """Let problems of a plugin's own model type be read back from JSON.

    Parameters
    ----------
    name : str
        The ``type`` entry that the model's ``to_dict`` writes.
    model_type : type
        Has ``N``, ``to_dict`` and ``from_dict``.
    """
    taken = _MODEL_TYPES.get(name)
    if taken is not None and taken is not model_type:
        raise InvalidModelError(f"the model type {name!r} is taken by {taken.__module__}.{taken.__qualname__}")
    _MODEL_TYPES[name] = model_type


def model_from_dict(data: Any) -> Any:
    """Model of the given content, of whichever registered type it names."""
    if not isinstance(data, dict):
        raise InvalidModelError(f"a model is a table, not {shown(data)}")
    kind = data.get("type", "spin_model")
    if not isinstance(kind, str) or kind not in _MODEL_TYPES:
        raise InvalidModelError(f"unknown type of model {shown(kind)}{nearest(str(kind), _MODEL_TYPES)}")
    return _MODEL_TYPES[kind].from_dict(data)


def check_model(model: Any) -> None:
    """Raise `InvalidModelError` unless `model` is of a registered type."""
    if not isinstance(model, tuple(_MODEL_TYPES.values())):
        raise InvalidModelError(f"model = {shown(model)} is no SpinModel: give squeezebench.SpinModel(N=…)")
