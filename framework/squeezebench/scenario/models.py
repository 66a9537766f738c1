"""The types of [model] table: their parameters, and the spin model that they stand for."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from squeezebench.errors import InvalidScenarioError
from squeezebench.expressions import Names, evaluate, shown
from squeezebench.model import SpinModel
from squeezebench.model_types import model_tables
from squeezebench.validate import nearest

from .tables import Number, Table, at, join, keys_of, read

__all__ = ["MODEL_TYPES", "ModelPlan", "derived_names", "merged_model"]

_Row = list[Any]


class ModelTable(Table):
    """Base class of the model tables."""

    #: Entries that are vectors or matrices of numbers, with their shapes; `drive` may also be a number.
    arrays: ClassVar[Mapping[str, tuple[int, ...]]] = {}

    N: Number
    rate_unit: str = ""

    @staticmethod
    def build(**values: Any) -> Any:
        """Model of the evaluated entries."""
        raise NotImplementedError  # pragma: no cover - abstract


class _Extras(ModelTable):
    """Couplings beyond the paper's that its parametrisations take as well."""

    drive_z: Number = 0.0
    twisting: Number = 0.0
    collective_pumping: Number = 0.0
    collective_dephasing: Number = 0.0
    pumping: Number = 0.0
    dephasing: Number = 0.0


def _with_extras(model: SpinModel, *, drive_z: float, **extras: Any) -> SpinModel:
    return dataclasses.replace(model, drive=(*model.drive[:2], drive_z), **extras)


class DrivenCavity(_Extras):
    """``SpinModel.driven_cavity``: the parameters of the paper."""

    type: Literal["driven_cavity"]
    upsilon_ratio: Number
    chi: Number = 0.0
    gamma_s: Number = 0.0
    Gamma: Number = 1.0

    @staticmethod
    def build(**values: Any) -> SpinModel:
        """Model of the evaluated entries."""
        own = {key: values.pop(key) for key in ("N", "upsilon_ratio", "chi", "gamma_s", "Gamma")}
        return _with_extras(SpinModel.driven_cavity(**own), **values)


class FromCavity(_Extras):
    """``SpinModel.from_cavity``: the numbers of a cavity, with its field eliminated."""

    type: Literal["from_cavity"]
    g: Number
    kappa: Number
    delta_c: Number
    gamma_s: Number
    upsilon_ratio: Number
    rate_unit: str = "1/s"

    @staticmethod
    def build(**values: Any) -> SpinModel:
        """Model of the evaluated entries."""
        own = {key: values.pop(key) for key in ("N", "g", "kappa", "delta_c", "gamma_s", "upsilon_ratio")}
        return _with_extras(SpinModel.from_cavity(**own), **values)


class Spin(ModelTable):
    """``SpinModel``: the nine named couplings, and what `general` could not reduce to them."""

    arrays: ClassVar[Mapping[str, tuple[int, ...]]] = {
        "drive": (3,),
        "quadratic": (3, 3),
        "collective_matrix": (3, 3),
        "single_matrix": (3, 3),
    }

    type: Literal["spin"]
    chi: Number = 0.0
    drive: Any = 0.0
    twisting: Number = 0.0
    collective_emission: Number = 0.0
    collective_pumping: Number = 0.0
    collective_dephasing: Number = 0.0
    emission: Number = 0.0
    pumping: Number = 0.0
    dephasing: Number = 0.0
    quadratic: list[_Row] | None = None
    collective_matrix: list[_Row] | None = None
    single_matrix: list[_Row] | None = None

    @staticmethod
    def build(**values: Any) -> SpinModel:
        """Model of the evaluated entries."""
        return SpinModel(**values)


class General(ModelTable):
    """``SpinModel.general``: linear and quadratic form and two Kossakowski matrices."""

    arrays: ClassVar[Mapping[str, tuple[int, ...]]] = {"h": (3,), "K": (3, 3), "collective": (3, 3), "single": (3, 3)}

    type: Literal["general"]
    h: list[Any]
    K: list[_Row] | None = None
    collective: list[_Row] | None = None
    single: list[_Row] | None = None

    @staticmethod
    def build(**values: Any) -> SpinModel:
        """Model of the evaluated entries."""
        return SpinModel.general(**values)


MODEL_TYPES: Mapping[str, type[ModelTable]] = {
    "driven_cavity": DrivenCavity,
    "spin": Spin,
    "from_cavity": FromCavity,
    "general": General,
}


class ModelPlan:
    """A model table that has been checked, ready to be evaluated at many points.

    Parameters
    ----------
    entries : mapping
        The table, complete but for what the axes set.
    path : str
        Where it stands, for messages.
    axes : mapping of str to number
        First value of each axis, for the check; axes named like a parameter set it.
    locked : set of str
        Parameters that no axis sets here.
    """

    def __init__(
        self, entries: Mapping[str, Any], path: str, axes: Mapping[str, Any], locked: frozenset[str] = frozenset()
    ) -> None:
        kind = entries.get("type")
        if kind is None:
            raise InvalidScenarioError(f"{path}.type is missing: give one of {', '.join(sorted(MODEL_TYPES))}")
        self.table = _table_of(kind, path)
        self.path = path
        self._swept = {name for name in axes if name in self.parameters and name not in locked}
        checked = read(self.table, {**entries, **{name: axes[name] for name in self._swept}}, path)
        self._entries = {key: value for key, value in checked.model_dump().items() if key != "type"}

    @property
    def parameters(self) -> list[str]:
        """Parameters that an axis can set."""
        return [key for key in keys_of(self.table) if key not in ("type", "rate_unit") and not self._is_matrix(key)]

    def _is_matrix(self, key: str) -> bool:
        return key != "drive" and key in self.table.arrays

    def build(self, axes: Mapping[str, Any]) -> tuple[Any, Names]:
        """Model at one point, and the names that everything else of the point may ask for.

        Raises
        ------
        InvalidScenarioError
            If an expression or the model is not valid.
        """
        raw = {**self._entries, **{name: axes[name] for name in self._swept}}
        scalars = {
            key: value for key, value in raw.items() if key != "rate_unit" and not isinstance(value, list | type(None))
        }
        names = Names(scalars, self.path, known=axes)
        values: dict[str, Any] = {}
        for key, value in raw.items():
            if key in scalars:
                values[key] = whole(names[key], join(self.path, key)) if key == "N" else names[key]
            elif isinstance(value, list):
                values[key] = _array(value, names, join(self.path, key), self.table.arrays[key])
            else:
                values[key] = value
        with at(self.path):
            model = self.table.build(**values)
        return model, Names({}, known={**derived_names(model), **{key: names[key] for key in scalars}, **axes})


def merged_model(base: Mapping[str, Any] | None, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Model table with some entries changed; one that names a type of its own stands alone."""
    return dict(changes) if base is None or "type" in changes else {**base, **changes}


def whole(value: float, path: str) -> int:
    """`value` as an int, if it is whole."""
    if isinstance(value, float) and not value.is_integer():
        raise InvalidScenarioError(f"{path} = {value!r}: expected a whole number")
    return int(value)


def _table_of(kind: Any, path: str) -> type[ModelTable]:
    """The table of a ``type``; plugins are loaded only for one that is not built in."""
    if isinstance(kind, str) and kind in MODEL_TYPES:
        return MODEL_TYPES[kind]
    others = model_tables()
    if not isinstance(kind, str) or kind not in others:
        known = [*MODEL_TYPES, *others]
        raise InvalidScenarioError(f"{path}.type = {shown(kind)}: unknown type{nearest(str(kind), known)}")
    table: type[ModelTable] = others[kind]
    return table


def derived_names(model: Any) -> dict[str, float]:
    """What a model offers to expressions beyond its own parameters, by the names of both vocabularies."""
    names: dict[str, float] = {"N": model.N}
    if not isinstance(model, SpinModel) or not model.is_named:
        return names
    for name in ("chi", "twisting", "emission", "pumping", "dephasing"):
        names[name] = getattr(model, name)
    for name in ("collective_emission", "collective_pumping", "collective_dephasing"):
        names[name] = getattr(model, name)
    names |= {"Gamma": model.collective_emission, "gamma_s": model.emission, "Omega": math.hypot(*model.drive[:2])}
    names |= {f"Omega_{axis}": value for axis, value in zip("xyz", model.drive, strict=True)}
    for name in ("upsilon_ratio", "upsilon_c", "critical_n_eff"):
        value = getattr(model, name)
        if math.isfinite(value):
            names[name] = value
    return names


def _array(value: list[Any], names: Names, path: str, shape: tuple[int, ...]) -> Any:
    """Vector or matrix with its entries evaluated; {re, im} is a complex number."""
    if len(value) != shape[0]:
        raise InvalidScenarioError(f"{path} has {len(value)} entries: expected {shape[0]}")
    if len(shape) == 1:
        return [float(evaluate(entry, names, join(path, k))) for k, entry in enumerate(value)]
    rows = []
    for k, row in enumerate(value):
        if len(row) != shape[1]:
            raise InvalidScenarioError(f"{join(path, k)} has {len(row)} entries: expected {shape[1]}")
        rows.append([_entry(entry, names, f"{path}[{k}][{m}]") for m, entry in enumerate(row)])
    return rows


def _entry(entry: Any, names: Names, path: str) -> complex:
    if not isinstance(entry, Mapping):
        return float(evaluate(entry, names, path))
    if set(entry) != {"re", "im"}:
        raise InvalidScenarioError(f"{path} = {shown(entry)}: a complex number is written {{re = …, im = …}}")
    return complex(*(evaluate(entry[part], names, join(path, part)) for part in ("re", "im")))
