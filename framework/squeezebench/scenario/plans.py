"""What makes a problem out of the axes' values: one plan for each variant or given problem."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from squeezebench.errors import InvalidScenarioError
from squeezebench.expressions import Names, names_in, shown
from squeezebench.model import SpinModel
from squeezebench.problem import Problem
from squeezebench.validate import nearest

from .axes import VARIANT, read_axes
from .course import InitialPlan, SchedulePlan, TimesPlan
from .entries import names_asked
from .models import ModelPlan, derived_names, merged_model
from .tables import Document, ExpectedTable, VariantTable, join, read_list

__all__ = [
    "FixedProblem",
    "VariantPlan",
    "check_axes_are_used",
    "check_expected_places",
    "check_times",
    "plan_problems",
    "plan_variants",
]


class VariantPlan:
    """Everything of a scenario (of one of its variants) that makes a problem out of the axes' values.

    Parameters
    ----------
    document : Document
        The scenario's tables.
    variant : VariantTable, optional
        What the variant has instead.
    path : str
        Where the variant stands, for messages.
    axes : mapping of str to number
        First value of each numeric axis, for the check.
    """

    def __init__(self, document: Document, variant: VariantTable | None, path: str, axes: Mapping[str, Any]) -> None:
        changes = (variant.model if variant else None) or {}
        for name in changes:
            if name in axes:
                raise InvalidScenarioError(f"{join(path, 'model')}.{name} is also an axis: only one of them can set it")
        base = merged_model(document.model, changes)
        own = {
            key for key in ("model", "initial", "times", "schedule") if variant and getattr(variant, key) is not None
        }

        def part(key: str) -> tuple[Any, str]:
            return (getattr(variant, key), join(path, key)) if key in own else (getattr(document, key), key)

        schedule, where = part("schedule")
        self._schedule = None if schedule is None else SchedulePlan(schedule, base or None, where, axes)
        if self._schedule is not None and "type" not in base and self._schedule.first is not None:
            self._model = self._schedule.first
        elif not base:
            raise InvalidScenarioError("model is missing: give a table with a type, or a problem")
        else:
            self._model = ModelPlan(base, join(path, "model") if "model" in own else "model", axes)
        self._initial = InitialPlan(*part("initial"))
        self._times = TimesPlan(*part("times"))

    @property
    def parameters(self) -> list[str]:
        """Parameters of the model that an axis can set."""
        return self._model.parameters

    @property
    def n_times(self) -> int:
        """Number of times to report."""
        return len(self._times)

    @property
    def is_steady(self) -> bool:
        """Whether the steady state is asked for."""
        return self._times.steady

    def build(self, axes: Mapping[str, Any]) -> tuple[Problem, Names]:
        """Problem at one point, and the names that reductions may ask for."""
        # numbers may be of any size here: what overflows is found by the checks of model and problem
        with np.errstate(all="ignore"):
            model, names = self._model.build(axes)
            initial, times = self._initial.build(names), self._times.build(names)
            if self._schedule is None:
                return Problem(model, initial, times), names
            return Problem(None, initial, times, schedule=self._schedule.build(names, axes)), names


class FixedProblem:
    """A problem that was given as such."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self.parameters: list[str] = []
        self.n_times = len(problem.times)
        self.is_steady = problem.is_steady

    def build(self, axes: Mapping[str, Any]) -> tuple[Problem, Names]:
        """The problem, and the names that reductions may ask for."""
        model = self._problem.model
        return self._problem, Names({}, known=derived_names(model) if isinstance(model, SpinModel) else {})


Plans = Mapping[str, VariantPlan | FixedProblem]
Axes = dict[str, list[Any]]


def plan_problems(problems: Mapping[str, Problem]) -> tuple[Plans, Axes]:
    """Plans by label, and the axis that several labels form."""
    return {label: FixedProblem(p) for label, p in problems.items()}, read_axes({}, [x for x in problems if x])


def plan_variants(document: Document) -> tuple[Plans, Axes]:
    """Plans by the variants' labels ("" if there are none), and the axes."""
    variants = read_list(VariantTable, document.variants, "variants")
    labels = [variant.label for variant in variants]
    for index, label in enumerate(labels):
        if label in labels[:index]:
            raise InvalidScenarioError(f"variants[{index}].label = {label!r} comes twice")
    axes = read_axes(document.axes, labels)
    first = {name: values[0] for name, values in axes.items() if name != VARIANT}
    plans = {
        variant.label: VariantPlan(document, variant, join("variants", index), first)
        for index, variant in enumerate(variants)
        if variant.label in axes[VARIANT]
    }
    return plans or {"": VariantPlan(document, None, "", first)}, axes


def check_axes_are_used(document: Document, plans: Plans, axes: Axes, asked: set[str]) -> None:
    """Raise `InvalidScenarioError` if an axis changes nothing; `asked` are the names that other expressions ask for."""
    parameters = {name for plan in plans.values() for name in plan.parameters}
    tables = [document.model, document.variants, document.initial, document.times, document.schedule]
    for name in axes:
        if name not in parameters | asked | names_asked(tables) | {VARIANT}:
            hint = nearest(name, parameters)
            raise InvalidScenarioError(f"axes.{name}: no parameter of the model, and no expression asks for it{hint}")


def check_times(plans: Plans) -> None:
    """Raise `InvalidScenarioError` unless all plans report the same number of times, of one kind."""
    (first_label, first), *others = plans.items()
    for label, plan in others:
        if plan.is_steady != first.is_steady:
            raise InvalidScenarioError(
                f"{first_label!r} and {label!r}: one asks for the steady state, the other does not"
            )
        if plan.n_times != first.n_times:
            raise InvalidScenarioError(
                f"{first_label!r} has {first.n_times} times and {label!r} has {plan.n_times}: give all the same number"
            )


def check_expected_places(expected: Sequence[ExpectedTable], axes: Axes) -> None:
    """Raise `InvalidScenarioError` if an expected value is at a coordinate that no result has.

    A value that is not on its axis is no error: a copy of a scenario with a shorter axis expects less.
    """
    known = [*axes, "time", "axis"]
    for index, entry in enumerate(expected):
        where = join("expected", index)
        if entry.over is not None and (entry.over not in axes or entry.over in entry.at or entry.over == VARIANT):
            hint = nearest(entry.over, [name for name in axes if name != VARIANT and name not in entry.at])
            raise InvalidScenarioError(
                f"{where}.over = {shown(entry.over)} is no numeric axis that `at` leaves open{hint}"
            )
        if entry.weights is not None and entry.over is None:
            raise InvalidScenarioError(f"{where}.weights: say with `over` which axis they are for")
        for name in sorted(names_in(entry.weights) - set(axes)):
            raise InvalidScenarioError(f"{where}.weights: unknown name {shown(name)}{nearest(name, axes)}")
        for key, table in (("at", entry.at), ("against", entry.against or {})):
            for name, value in table.items():
                path = join(join(where, key), name)
                if name not in known:
                    raise InvalidScenarioError(f"{path}: the scenario has no axis of this name{nearest(name, known)}")
                if isinstance(value, str) != (name in (VARIANT, "axis")):
                    kind = "a label" if name in (VARIANT, "axis") else "a number"
                    raise InvalidScenarioError(f"{path} = {value!r}: expected {kind}")
