"""The [model] table ``type = "tavis_cummings"`` of scenarios."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from squeezebench.scenario.models import ModelTable
from squeezebench.scenario.tables import Number

from .model import CavityModel

__all__ = ["CavityTable"]


class CavityTable(ModelTable):
    """`CavityModel`: its parameters, as numbers or expressions."""

    arrays: ClassVar[Mapping[str, tuple[int, ...]]] = {"drive": (3,)}

    type: Literal["tavis_cummings"]
    g: Number
    kappa: Number
    delta_c: Number = 0.0
    drive: Any = 0.0
    emission: Number = 0.0
    pumping: Number = 0.0
    dephasing: Number = 0.0

    @staticmethod
    def build(**values: Any) -> Any:
        """Model of the evaluated entries."""
        return CavityModel(**values)
