"""What an observable is, and what it is computed from."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from squeezebench.errors import PluginError
from squeezebench.moments import Samples

if TYPE_CHECKING:
    from squeezebench.problem import Problem

__all__ = ["Inputs", "Observable", "check_observable", "time_unit", "unit_text"]

Array = NDArray[np.float64]

REQUIREMENTS = frozenset({"moments", "blocks", "trajectories"})
AXES = ("axis", "axis_")
#: Names that the data set itself uses.
RESERVED = frozenset({"time", "axis", "axis_", "trajectory", "valid_until", "reliable"})


@dataclass(frozen=True)
class Inputs:
    """What observables are computed from: moments over time, with any leading batch axes, and the problem.

    Attributes
    ----------
    N : int
        Number of spins.
    times : ndarray (T,)
        In the inverse of the model's rate unit.
    spin : ndarray (..., T, 3)
        ⟨J⟩. The leading axes are jackknife replicates, trajectories, …; an observable treats each on its own.
    covariance : ndarray (..., T, 3, 3)
        Symmetrised covariances.
    Gamma, Omega, upsilon_c : ndarray (T,)
        Collective emission, drive and Υ_c of the model that acts at each time; NaN where it has none.
    problem : Problem
        What was solved.
    samples : Samples, optional
        Blocks of a sampled solution, for observables that require ``"blocks"``.
    extra : mapping
        ``Moments.extra``; ``extra["trajectories"]`` is for observables that require ``"trajectories"``.
    """

    N: int
    times: Array
    spin: Array
    covariance: Array
    Gamma: Array
    Omega: Array
    upsilon_c: Array
    problem: Problem
    samples: Samples | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        problem: Problem,
        spin: Array,
        covariance: Array,
        samples: Samples | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> Inputs:
        """Inputs of a problem's moments, with Γ, Ω and Υ_c taken from the model that acts at each time.

        Parameters
        ----------
        problem : Problem
            What was solved; T is the number of its times.
        spin, covariance : ndarray (..., T, 3), (..., T, 3, 3)
            The moments.
        samples, extra
            As in `Moments`.
        """
        Gamma, Omega, upsilon_c = (np.empty(len(problem.times)) for _ in range(3))
        for step in problem.segments():
            here = slice(step.first, step.last)
            Gamma[here], Omega[here], upsilon_c[here] = _paper_parameters(step.model)
        return cls(
            problem.N, problem.times, spin, covariance, Gamma, Omega, upsilon_c, problem, samples, dict(extra or {})
        )

    def with_moments(self, spin: Array, covariance: Array) -> Inputs:
        """The same problem with other moments, for example replicates with a leading batch axis."""
        return dataclasses.replace(self, spin=spin, covariance=covariance)

    @property
    def n_c(self) -> Array:
        """Critical atom number N_c = 2Ω/Υ_c at each time, shape (T,); NaN where Υ_c = 0 or the model has none."""
        critical = np.full(len(self.times), np.nan)
        np.divide(2 * self.Omega, self.upsilon_c, out=critical, where=self.upsilon_c > 0)
        return critical

    def row(self, name: str) -> Array:
        """One of the kernels' quantities, shape (..., T), or (..., T, 3) for a vector.

        Parameters
        ----------
        name : str
            A key of `squeezebench.observables.kernels.ROWS`. All rows are computed together, once.
        """
        from .kernels import ROWS

        first, count = ROWS[name]
        shape = self.spin.shape[:-1]
        rows = self._table[first : first + count]
        return rows[0].reshape(shape) if count == 1 else np.ascontiguousarray(rows.T).reshape(*shape, count)

    @cached_property
    def _table(self) -> Array:
        from .kernels import HEIGHT, observe

        # Writable, C-ordered arrays only: numba would compile once more for each other kind.
        spin = np.require(self.spin.reshape(-1, 3), np.float64, ["C", "W"])
        covariance = np.require(self.covariance.reshape(-1, 3, 3), np.float64, ["C", "W"])
        table = np.empty((HEIGHT, len(spin)))
        observe(spin, covariance, float(self.N), self.Gamma, self.Omega, table)
        return table


class Observable:
    """A quantity computed from moments. Subclass it, set the attributes and write `compute`.

    Attributes
    ----------
    name : str
        ``[a-z][a-z0-9_]*``: its variable in the data set.
    units : str
        ``"1"``, ``"rate"`` (the model's rate unit), ``"time"`` (its inverse), or any unit as text.
    long_name : str
        In words, for labels.
    dims : tuple of str
        Dimensions after time: ``()``, ``("axis",)`` or ``("axis", "axis_")``.
    over_time : bool
        Whether it has a value at each time; otherwise one for the whole course.
    requires : frozenset of str
        Of {"moments", "blocks", "trajectories"}; without what it requires the data set does not have it. Only what
        requires nothing but moments gets standard errors.
    needs_direction : bool
        Whether it has no value where ⟨J⟩ does not differ from 0 by three standard errors.

    Examples
    --------
    >>> from squeezebench.observables import Observable
    >>> class Inversion(Observable):
    ...     name, long_name = "inversion", "inversion 2⟨J_z⟩/N"
    ...     def compute(self, inputs):
    ...         return 2 * inputs.spin[..., 2] / inputs.N
    """

    name: ClassVar[str]
    units: ClassVar[str] = "1"
    long_name: ClassVar[str]
    dims: ClassVar[tuple[str, ...]] = ()
    over_time: ClassVar[bool] = True
    requires: ClassVar[frozenset[str]] = frozenset({"moments"})
    needs_direction: ClassVar[bool] = False

    def compute(self, inputs: Inputs) -> Array:
        """Values, shape (..., T, ...dims), or (..., ...dims) if not `over_time`.

        ``...`` are the leading axes of ``inputs.spin``, which must be kept: standard errors come from replicates.
        """
        raise NotImplementedError

    def difference(self, value: Array, reference: Array) -> Array:
        """`value` − `reference`, as it is meant; an axis without a sign, or an angle, says it differently."""
        return value - reference

    def __repr__(self) -> str:
        return f"<observable {self.name}>"


def check_observable(observable: Any) -> Observable:
    """Return `observable` if it keeps the rules of `Observable`.

    Raises
    ------
    PluginError
        If it does not, in words.
    """
    if not isinstance(observable, Observable):
        raise PluginError(f"{observable!r} is no Observable: give an instance of a subclass of it")
    name = getattr(observable, "name", None)
    if not isinstance(name, str) or not re.fullmatch("[a-z][a-z0-9_]*", name):
        raise PluginError(f"name = {name!r} of an observable: give lower-case letters, digits and _")
    if name in RESERVED or name.endswith(("_stderr", "_error", "_trajectory")):
        raise PluginError(f"name = {name!r} of an observable is one that every data set keeps for itself: rename it")
    for key in ("units", "long_name"):
        text = getattr(observable, key, None)
        if not isinstance(text, str) or not text:
            raise PluginError(f"{key} = {text!r} of observable {name!r}: give a text")
    requires = observable.requires
    if isinstance(requires, str) or not requires <= REQUIREMENTS:
        raise PluginError(f"requires = {requires!r} of observable {name!r}: give a set of {sorted(REQUIREMENTS)}")
    if tuple(observable.dims) not in ((), AXES[:1], AXES):
        raise PluginError(f"dims = {observable.dims!r} of observable {name!r}: give (), ('axis',) or ('axis', 'axis_')")
    return observable


def time_unit(rate_unit: str) -> str:
    """Inverse of a rate unit, as text: ``"1/s"`` → ``"s"``, ``"Hz"`` → ``"1/Hz"``, none → ``"1"``.

    Examples
    --------
    >>> time_unit("1/ms"), time_unit("s^-1"), time_unit("MHz"), time_unit("")
    ('ms', 's', '1/MHz', '1')
    """
    unit = rate_unit.strip()
    if unit in ("", "1"):
        return "1"
    power = re.fullmatch(r"(\w*[^\W\d])\s*(?:\^|\*\*)?\s*-1", unit)
    if power:
        return power[1]
    if re.fullmatch(r"1\s*/\s*\w+", unit):
        return unit.split("/")[1].strip()
    return f"1/{unit}" if re.fullmatch(r"\w+", unit) else f"1/({unit})"


def unit_text(units: str, rate_unit: str) -> str:
    """Units of an observable as text, with ``"rate"`` and ``"time"`` filled in from the model's rate unit."""
    if units == "rate":
        return rate_unit.strip() or "1"
    return time_unit(rate_unit) if units == "time" else units


def _paper_parameters(model: Any) -> tuple[float, float, float]:
    """Γ, Ω and Υ_c of a model; NaN where it has none (another type, or light that is not emitted by J₋ alone)."""
    Gamma = getattr(model, "collective_emission", np.nan)
    if getattr(model, "collective_matrix", None) is not None:
        Gamma = np.nan
    upsilon = getattr(model, "upsilon", np.nan)
    return Gamma, upsilon * model.N / 2, getattr(model, "upsilon_c", np.nan)
