"""Moments and observables as one labelled data set."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .block_variables import of_solution
from .content import canonical_json
from .errors import PluginError, SolverError, SqueezebenchWarning
from .moment_checks import check_moments, check_trajectories
from .moments import Moments, Samples
from .observables import Inputs, Observable, builtin, check_observable, time_unit, unit_text
from .saved_states import PREFIX, is_states, state_variables

if TYPE_CHECKING:
    import xarray as xr

    from .problem import Problem

__all__ = ["all_observables", "build", "check_moments", "empty"]

Array = NDArray[Any]

#: Observables that a data set also has for single trajectories.
_OF_TRAJECTORIES = ("xi2", "n_eff", "spin")
#: ⟨J⟩ of a sampled solution has a direction if it is longer than this many standard errors of the vector.
_DIRECTION = 3.0


def build(
    problem: Problem,
    moments: Moments,
    *,
    provenance: Mapping[str, Any],
    observables: Sequence[Observable] | None = None,
    keep: Collection[str] = frozenset(),
) -> xr.Dataset:
    """Data set of a solution.

    Parameters
    ----------
    problem : Problem
        What was solved.
    moments : Moments
        What the solver returned. Values after its ``valid_until`` become NaN, also where the solver gave any.
    provenance : mapping
        Everything needed to run it again; becomes the JSON text ``ds.attrs["squeezebench"]``.
    observables : sequence of Observable, optional
        Those of plugins, beside the built-in ones.
    keep : collection of str
        With ``"trajectories"``, single trajectories in ``moments.extra`` become variables ``<name>_trajectory``; with
        ``"states"``, states become variables ``state_<name>`` (see `squeezebench.saved_states`).

    Returns
    -------
    xarray.Dataset
        Coordinates ``time`` (T,), ``axis`` and ``axis_`` (x, y, z); a variable for each observable, with the attributes
        ``long_name``, ``units`` and ``ancillary_variables`` (the names of its errors); ``<name>_error`` for what the
        solver estimates; of sampled solutions ``<name>_stderr`` (jackknife over blocks), ``reliable`` (time) and the
        blocks themselves, ``block_weight``, ``block_spin`` and ``block_covariance`` (time, block, ...); the scalars
        ``valid_until`` and ``t_star``. Units: rates in the model's, times in its inverse.

    Raises
    ------
    SolverError
        If the moments break the rules of the solver interface.
    PluginError
        If one of `observables` breaks the rules of `Observable`.

    Notes
    -----
    An observable of a plugin that raises loses only itself: it is NaN, and a `SqueezebenchWarning` says why. In sampled
    solutions what depends on the direction of ⟨J⟩ is NaN where |⟨J⟩| is below 3 standard errors of ⟨J⟩ (the root of
    the sum of the squares of its components' errors).
    """
    check_moments(moments, problem)
    every = all_observables(observables)
    late = ~(problem.times <= moments.valid_until)
    spin, covariance = moments.spin, moments.covariance
    samples = moments.samples
    if samples is not None:
        from .sampling import pooled

        samples = replace(
            samples, spin=_without(samples.spin, late, 1), covariance=_without(samples.covariance, late, 1)
        )
        spin, covariance = pooled(samples)
    inputs = Inputs.of(
        problem,
        _without(np.array(spin, dtype=np.float64), late, 0),
        _without(np.array(covariance, dtype=np.float64), late, 0),
        samples,
        moments.extra,
    )
    available = [observable for observable in every if _has_what_it_requires(observable, moments)]
    content = _Content(problem, provenance, valid_until=float(moments.valid_until))
    for observable in available:
        if observable.name in _BUILTIN_NAMES:
            content.put(observable, observable.compute(inputs))
        else:
            values = _plugin_values(observable, partial(observable.compute, inputs), problem)
            content.put(observable, _masked(observable, values, late))
    if samples is not None:
        _add_statistics(content, available, inputs, late)
        for name, (dims, blocks, *about) in of_solution(samples).items():
            content.put_variable(name, dims, _without(blocks, late, 0), *about)
    _add_estimates(content, every, moments, late)
    if "trajectories" in keep and "trajectories" in moments.extra:
        _add_trajectories(content, moments.extra["trajectories"], inputs, late)
    if "states" in keep and is_states(moments.extra.get("states")):
        _add_states(content, moments.extra["states"], moments.valid_until)
    return content.dataset()


def empty(
    problem: Problem,
    provenance: Mapping[str, Any],
    *,
    observables: Sequence[Observable] | None = None,
    sampled: bool = False,
) -> xr.Dataset:
    """Data set without a value, for a cell that failed: as `build` makes it, all NaN, `reliable` False.

    Parameters
    ----------
    problem, provenance, observables
        As in `build`.
    sampled : bool
        Whether the solver would have given standard errors.
    """
    content = _Content(problem, provenance, valid_until=math.nan)
    for observable in all_observables(observables):
        if observable.requires <= {"moments"}:
            nothing = np.full(_shape(observable, problem), np.nan)
            content.put(observable, nothing)
            if sampled:
                content.put_error(observable, "stderr", nothing.copy())
    if sampled:
        T, none = len(problem.times), np.zeros(0, dtype=np.int64)
        content.put_reliable(np.zeros(T, dtype=np.bool_))
        for name, parts in of_solution(
            Samples(np.zeros((0, T)), np.zeros((0, T, 3)), np.zeros((0, T, 3, 3)), none, none)
        ).items():
            content.put_variable(name, *parts)
    return content.dataset()


def all_observables(further: Sequence[Observable] | None = None) -> list[Observable]:
    """The built-in observables and, after them, `further` ones.

    Raises
    ------
    PluginError
        If one of them breaks the rules, or its name is taken.
    """
    every = builtin()
    for observable in further or ():
        if any(observable is known for known in every):
            continue
        check_observable(observable)
        if any(observable.name == known.name for known in every):
            raise PluginError(f"name = {observable.name!r} of an observable is taken: give it another one")
        every.append(observable)
    return every


# ---------------------------------------------------------------- values

_BUILTIN_NAMES = frozenset(observable.name for observable in builtin())


def _without(array: Array, late: Array, axis: int) -> Array:
    """`array` with NaN at the times (along `axis`) that are late; a copy only if there are any."""
    if not late.any():
        return array
    array = np.array(array, dtype=np.float64)
    array[(slice(None),) * axis + (late,)] = np.nan
    return array


def _masked(observable: Observable, values: Array, late: Array) -> Array:
    return _without(values, late, 0) if observable.over_time else values


def _has_what_it_requires(observable: Observable, moments: Moments) -> bool:
    if "blocks" in observable.requires and moments.samples is None:
        return False
    return "trajectories" not in observable.requires or "trajectories" in moments.extra


def _shape(observable: Observable, problem: Problem) -> tuple[int, ...]:
    return (len(problem.times),) * observable.over_time + (3,) * len(observable.dims)


def _plugin_values(observable: Observable, compute: Callable[[], Any], problem: Problem, what: str = "value") -> Array:
    """What `compute` gives for a plugin's observable; NaN, and a warning, if it fails or has another shape."""
    shape = _shape(observable, problem)
    try:
        values = np.array(compute(), dtype=np.float64)
        if values.shape != shape:
            raise PluginError(f"its values have shape {values.shape} instead of {shape}")
    except Exception as error:
        message = f"observable {observable.name!r} has no {what}: {type(error).__name__}: {error}"
        warnings.warn(message, SqueezebenchWarning, stacklevel=4)
        return np.full(shape, np.nan)
    return values


def _add_statistics(content: _Content, available: Sequence[Observable], inputs: Inputs, late: Array) -> None:
    """Standard errors, `reliable`, and NaN where noise hides the direction of ⟨J⟩."""
    from .sampling import reliable, standard_errors

    assert inputs.samples is not None
    samples = inputs.samples
    with_errors = [observable for observable in available if observable.requires <= {"moments"}]
    own = [observable for observable in with_errors if observable.name in _BUILTIN_NAMES]
    errors = standard_errors(samples, own, inputs)
    for observable in with_errors:
        if observable in own:
            continue
        if np.isnan(content.values[observable.name]).all():  # it has no value: said already, and no error either
            errors[observable.name] = content.values[observable.name].copy()
            continue

        def error_of(observable: Observable = observable) -> Array:
            return standard_errors(samples, [observable], inputs)[observable.name]

        errors[observable.name] = _plugin_values(observable, error_of, inputs.problem, "standard error")
    # One block has no standard error: NaN compares as False, and the value stays.
    lost = np.linalg.norm(inputs.spin, axis=-1) < _DIRECTION * np.linalg.norm(errors["spin"], axis=-1)
    for observable in available:
        hidden = lost if observable.needs_direction and observable.over_time else np.zeros_like(lost)
        if hidden.any():
            content.put(observable, _without(content.values[observable.name], hidden, 0))
        if observable.name in errors:
            error_bar = _masked(observable, errors[observable.name], hidden | late)
            content.put_error(observable, "stderr", error_bar)
    content.put_reliable(reliable(samples) & ~late)


def _add_estimates(content: _Content, every: Sequence[Observable], moments: Moments, late: Array) -> None:
    """The solver's own error estimates."""
    known = {observable.name: observable for observable in every}
    for name, estimate in (moments.error_estimate or {}).items():
        if name not in known:
            message = f"error_estimate has an entry {name!r}, which is no observable: it is left out"
            warnings.warn(message, SqueezebenchWarning, stacklevel=3)
            continue
        observable = known[name]
        shape = _shape(observable, content.problem)
        values = np.array(estimate, dtype=np.float64)
        if values.shape != shape:
            raise SolverError(f"error_estimate[{name!r}] has shape {values.shape}: it must be {shape}")
        if name in content.values:
            content.put_error(observable, "error", _masked(observable, values, late))


def _add_trajectories(content: _Content, trajectories: Any, inputs: Inputs, late: Array) -> None:
    """Single trajectories: spin, ξ² and N_eff of each."""
    K = check_trajectories(trajectories, len(inputs.times))
    spin = _without(np.asarray(trajectories["spin"], dtype=np.float64), late, 1)
    single = inputs.with_moments(spin, _without(np.asarray(trajectories["covariance"], np.float64), late, 1))
    content.coordinates["trajectory"] = (("trajectory",), np.arange(K), {"long_name": "trajectory", "units": "1"})
    for observable in builtin():
        if observable.name in _OF_TRAJECTORIES:
            values = observable.compute(single)
            content.put_variable(
                f"{observable.name}_trajectory",
                ("trajectory", "time", *observable.dims),
                values,
                f"{observable.long_name} of single trajectories",
                observable.units,
            )


def _add_states(content: _Content, states: Mapping[str, Any], valid_until: float) -> None:
    """States that the solver kept; NaN after `valid_until`."""
    late = ~(np.asarray(states["time"], dtype=np.float64) <= valid_until)
    for name, (dims, values, long_name, units) in state_variables(states).items():
        over_time = dims[0] == "state" and name != f"{PREFIX}time"
        content.put_variable(name, dims, _without(values, late, 0) if over_time else values, long_name, units)


# ---------------------------------------------------------------- the data set


@dataclass
class _Content:
    """What the data set will consist of; it is made in one call, which is several times faster than adding to one."""

    problem: Problem
    provenance: Mapping[str, Any]
    valid_until: float
    values: dict[str, Array] = field(default_factory=dict)
    variables: dict[str, tuple[tuple[str, ...], Array, dict[str, str]]] = field(default_factory=dict)
    errors: dict[str, list[str]] = field(default_factory=dict)
    coordinates: dict[str, Any] = field(default_factory=dict)

    def put_variable(self, name: str, dims: tuple[str, ...], values: Array, long_name: str, units: str) -> None:
        rate_unit = getattr(self.problem.model, "rate_unit", "")
        self.variables[name] = (dims, values, {"long_name": long_name, "units": unit_text(units, rate_unit)})

    def put(self, observable: Observable, values: Array) -> None:
        self.values[observable.name] = values
        dims = ("time",) * observable.over_time + tuple(observable.dims)
        self.put_variable(observable.name, dims, values, observable.long_name, observable.units)

    def put_error(self, observable: Observable, kind: str, values: Array) -> None:
        what = {"stderr": "standard error", "error": "error estimate"}[kind]
        dims = ("time",) * observable.over_time + tuple(observable.dims)
        name = f"{observable.name}_{kind}"
        self.put_variable(name, dims, values, f"{what} of {observable.long_name}", observable.units)
        self.errors.setdefault(observable.name, []).append(name)

    def put_reliable(self, values: NDArray[np.bool_]) -> None:
        self.put_variable("reliable", ("time",), values, "whether the standard errors can be trusted", "1")
        for name in self.values:
            if name in self.errors and "time" in self.variables[name][0]:
                self.errors[name].append("reliable")

    def dataset(self) -> xr.Dataset:
        import xarray as xr

        self.put_variable("valid_until", (), np.array(self.valid_until), "last time at which the values hold", "time")
        for name, others in self.errors.items():
            self.variables[name][2]["ancillary_variables"] = " ".join(others)
        try:
            text = canonical_json(dict(self.provenance))
        except (TypeError, ValueError) as error:
            raise SolverError(f"provenance or diagnostics cannot be written as JSON: {error}") from error
        unit = time_unit(getattr(self.problem.model, "rate_unit", ""))
        time = (("time",), self.problem.times.copy(), {"long_name": "time", "units": unit})
        variables = {name: xr.Variable(*parts) for name, parts in self.variables.items()}
        coordinates = {"time": time, **_axes(), **self.coordinates}
        return xr.Dataset(variables, coordinates, {"squeezebench": text})


@lru_cache(maxsize=1)
def _axes() -> dict[str, Any]:
    """The coordinates that every data set has; an index takes longer to make than most data sets' numbers."""
    import xarray as xr

    labels = np.array(["x", "y", "z"])
    words = {"axis": "component of the collective spin", "axis_": "second component of the collective spin"}
    return {name: xr.Variable((name,), labels, {"long_name": text}).to_index_variable() for name, text in words.items()}
