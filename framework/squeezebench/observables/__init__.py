"""Observables: what a data set says about moments, one quantity a file, all defined by the kernels in one place."""

from __future__ import annotations

from .base import Inputs, Observable, check_observable, time_unit, unit_text
from .contrast import Contrast
from .covariance import Covariance
from .emission_rate import EmissionRate
from .j_squared import JSquared
from .mean_direction import MeanDirection
from .n_eff import NEff
from .spin import Spin
from .squeezed_axis import SqueezedAxis
from .squeezing_angle import SqueezingAngle
from .t_star import TStar
from .upsilon_eff import UpsilonEff
from .xi2 import Xi2
from .xi2_db import Xi2Db
from .xi2_ku import Xi2Ku

__all__ = ["Inputs", "Observable", "builtin", "check_observable", "time_unit", "unit_text"]

_BUILTIN: tuple[Observable, ...] = (
    Spin(),
    Covariance(),
    JSquared(),
    Xi2(),
    Xi2Db(),
    NEff(),
    UpsilonEff(),
    MeanDirection(),
    SqueezedAxis(),
    SqueezingAngle(),
    Xi2Ku(),
    Contrast(),
    EmissionRate(),
    TStar(),
)


def builtin() -> list[Observable]:
    """Observables that every data set has, in the order of its variables."""
    return list(_BUILTIN)
