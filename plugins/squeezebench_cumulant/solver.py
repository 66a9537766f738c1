"""The solver `cumulant`."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

import squeezebench as sb

from .auto import choose, words
from .course import Course, collective_rate, follow, make_grid
from .guard import Verdict, believe, witness_until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .course import Grid

__all__ = ["Cumulant", "CumulantOptions"]

Array = NDArray[np.float64]

#: Error of the moments that integration leaves, in units of rtol: a step's tolerance adds up over the steps. Measured
#: against the tier "reference" (Υ/Υ_c = 0.9; N = 2000, γ_s/Γ = 4, order 2; N = 10⁴, γ_s/Γ = 50, χ/Γ = 1, order 3): at
#: most 60 in ξ²; the rest is for other problems.
_ODE_MARGIN = 1000.0


#: Seconds a right-hand side by generated code, with a twelfth of the step's own work; measured. Higher orders take
#: about 2 ns a product.
_SLOPE_SECONDS = {1: 5e-8, 2: 1e-7, 3: 3e-7, 4: 6e-7}

#: Largest relative tolerance of a step; and with order=auto, the smallest `rtol` that is meant for the orders.
_COARSEST, _AGREEMENT = 1e-2, 1e-4


class CumulantOptions(sb.Options):
    """Options of `cumulant`."""

    order: Annotated[int, Field(ge=1, le=12)] | Literal["auto"] = Field(
        default=2, description="largest order of the cumulants that are kept; auto: as orders agree"
    )
    rtol: float = Field(
        default=1e-8,
        ge=1e-14,
        le=0.5,
        description="relative tolerance of one integration step, at most 1e-2; from 1e-4 on, with auto, order_rtol",
    )
    atol: float = Field(
        default=1e-10, ge=1e-16, le=1e-2, description="absolute tolerance of the scaled cumulants a step"
    )
    max_steps: int = Field(default=1_000_000, ge=1, description="largest number of integration steps of one order")
    order_rtol: float = Field(
        default=0.02, ge=1e-8, le=0.5, description="with order=auto: within what orders must agree on ξ² and N_eff"
    )
    max_order: int = Field(default=8, ge=4, le=12, description="with order=auto: the largest order that is integrated")
    guard: Literal["orders", "physical", "none"] = Field(
        default="orders",
        description="what ends a solution: orders k, k+1, k+2 that part; unphysical moments only; or nothing",
    )

    @field_validator("order", mode="before")
    @classmethod
    def _number_or_auto(cls, value: Any) -> Any:
        """Say of another word that `auto` is the one there is."""
        if isinstance(value, str) and value != "auto":
            raise PydanticCustomError("order", "input should be a valid integer or 'auto'")
        return value

    @field_validator("rtol")
    @classmethod
    def _fine_enough(cls, value: float, info: ValidationInfo) -> float:
        """An integration step is no place for a coarse tolerance; an agreement of orders is."""
        if value > _COARSEST and info.data.get("order") != "auto":
            raise PydanticCustomError("coarse", f"input should be less than or equal to {_COARSEST:g}")
        return value

    @property
    def agreement(self) -> float:
        """Within what orders must agree, with order=auto."""
        return self.rtol if self.rtol >= _AGREEMENT else self.order_rtol

    @property
    def integration(self) -> float:
        """Relative tolerance of a step."""
        return 1e-8 if self.order == "auto" and self.rtol >= _AGREEMENT else self.rtol


class Cumulant(sb.Solver):
    """Permutation-symmetric cumulant hierarchy, closed by setting the cumulants of order k + 1 to zero.

    Exact for k ≥ N. Otherwise orders k + 1 and k + 2 are integrated too: their differences are the error estimate, and
    tell when order k must not be believed any more.

    Notes
    -----
    The equations are derived in `squeezebench_cumulant.equations`. Kubo, J. Phys. Soc. Jpn. 17, 1100 (1962), for
    cumulants; Fowler-Wright et al., Phys. Rev. Research 5, 033148 (2023), for how orders converge.
    """

    name = "cumulant"
    Options = CumulantOptions
    # A step's tolerance is 1000 times the tier's error: errors add up over the steps.
    tiers: ClassVar[dict[str, dict[str, Any]]] = {
        "fast": {"rtol": 1e-6, "atol": 1e-8},
        "default": {"rtol": 1e-8, "atol": 1e-10},
        "tight": {"rtol": 1e-11, "atol": 1e-13},
        "reference": {"rtol": 1e-13, "atol": 1e-15},
    }
    schedules = True
    summary = "permutation-symmetric cumulant expansion of any order"
    libraries: ClassVar[tuple[str, ...]] = ("squeezebench_cumulant.course", "squeezebench_cumulant.kernels")

    def claim(self, problem: sb.Problem, options: Any) -> sb.Claim:
        """Exact where the order reaches the number of spins, asymptotic below."""
        exact = problem.N <= 4 if options.order == "auto" else options.order >= problem.N
        return sb.Claim(accuracy="exact" if exact else "asymptotic")

    def estimate(self, problem: sb.Problem, options: Any) -> sb.Cost:
        """Steps are about a third of the inverse of the collective rate; a right-hand side's products set the pace."""
        orders = _orders(2 if options.order == "auto" else options.order, problem.N, options.guard)
        steps = sum(3 * collective_rate(step.model) * (step.stop - step.start) + 20 for step in problem.segments())
        seconds = sum(12 * _SLOPE_SECONDS.get(k, 4e-7 + 2e-9 * 3 * math.comb(k + 5, 6)) for k in orders) * steps
        points = len(make_grid(problem, dense=len(orders) > 1).times)
        variables = sum(math.comb(k + 3, 3) + 15 for k in orders)
        return sb.Cost(bytes=8.0 * points * variables + 1e6, seconds=seconds)

    def solve(self, problem: sb.Problem, options: Any, context: sb.Context) -> sb.Moments:
        """Moments of order k, up to the time to which it can be believed.

        Raises
        ------
        SolverError
            If an order takes more than `max_steps` steps.
        """
        if options.order == "auto":
            return _solve_auto(problem, options, context)
        if problem.is_plain and (context.stop is not None or context.reductions):
            (result,) = self.solve_batch([problem], options, context)
            if isinstance(result, sb.SolverError):
                raise result
            return result
        orders = _orders(options.order, problem.N, options.guard)
        grid = make_grid(problem, dense=len(orders) > 1)
        courses = _follow_all(problem, orders, grid, options, context)
        compared = [courses[k] for k in orders]
        verdict = believe(compared if options.guard == "orders" else compared[:1], grid, problem.N)
        return _moments(problem, compared, verdict, grid, options)

    def solve_batch(
        self, problems: Sequence[sb.Problem], options: Any, context: sb.Context
    ) -> list[sb.Moments | sb.SolverError]:
        """Results of many problems, each as `solve` gives it, followed in blocks on ``context.n_threads`` threads."""
        from .batch import solve_many

        if options.order == "auto":
            return _each(self, problems, options, context)
        whole = [i for i, problem in enumerate(problems) if problem.is_plain]
        others = super().solve_batch([p for p in problems if not p.is_plain], options, context)
        if not whole:
            return others
        inner = dataclasses.replace(
            context,
            reductions=tuple(context.reductions[i] for i in whole) if context.reductions else (),
            stops=tuple(context.stops[i] for i in whole) if context.stops else (),
        )

        def orders_of(N: int) -> list[int]:
            return _orders(options.order, N, options.guard)

        results = solve_many([problems[i] for i in whole], options, inner, orders_of, _moments)
        many = dict(zip(whole, results, strict=True))
        rest = iter(others)
        return [many[i] if i in many else next(rest) for i in range(len(problems))]


def _solve_auto(problem: sb.Problem, options: Any, context: sb.Context) -> sb.Moments:
    """Moments of the order whose neighbours agree with it, up to when they do."""
    N = problem.N
    grid = make_grid(problem, dense=True)
    settings = options.model_copy(update={"rtol": options.integration, "guard": "physical"})
    courses: dict[int, Course] = {}

    def course_of(k: int) -> Course:
        context.progress(0.0, f"order {k}")
        courses[k] = follow(problem, k, grid, settings, lambda _: context.check(), float(problem.times[-1]))
        return courses[k]

    choice = choose(course_of, N, options.agreement, options.max_order, len(grid.times))
    main = courses[choice.order]
    verdict = Verdict(choice.length, math.nan, "ok", "")
    if choice.length < len(grid.times):
        time = float(grid.times[choice.length - 1]) if choice.length else math.nan
        alone = len(choice.compared) == 1 or choice.order == N
        reason = main.fault if alone else words(choice, options.agreement, time)
        verdict = Verdict(choice.length, time, main.status if alone else "diverged", reason)
    higher = courses[max(courses)]
    compared = [main] if choice.order == N else [main, courses[choice.compared[-1]], higher]
    moments = _moments(problem, compared, verdict, grid, settings)
    return dataclasses.replace(
        moments,
        diagnostics={**moments.diagnostics, "order": choice.order, "compared": choice.compared, "tried": choice.tried},
    )


def _each(
    solver: Cumulant, problems: Sequence[sb.Problem], options: Any, context: sb.Context
) -> list[sb.Moments | sb.SolverError]:
    """One after another on each thread, which the kernels use without Python's lock."""
    from squeezebench.lanes.batch import in_threads

    def one(problem: sb.Problem) -> sb.Moments | sb.SolverError:
        try:
            return solver.solve(problem, options, context)
        except sb.SolverError as error:
            return error

    return in_threads(one, problems, context.n_threads)


def _orders(order: int, N: int, guard: str) -> list[int]:
    """Orders to integrate: k alone if it is exact, else k, k + 1, k + 2 (none beyond N, where nothing is added)."""
    k = min(order, N)
    return [k] if k == N else [k, k + 1, min(k + 2, N)]


def _follow_all(
    problem: sb.Problem, orders: list[int], grid: Grid, options: Any, context: sb.Context
) -> dict[int, Course]:
    """Courses by order; those that are compared stop where one of k and k + 1 has."""
    distinct = sorted(set(orders))
    # k + 1 first: with the guard on, nothing after its end is of interest.
    sequence = [distinct[1], distinct[0], *distinct[2:]] if len(distinct) > 1 else distinct
    weights = np.array([math.comb(k + 5, 6) for k in sequence], dtype=np.float64)
    shares = np.concatenate(([0.0], np.cumsum(weights) / weights.sum()))
    end = float(problem.times[-1])
    horizon = end
    courses: dict[int, Course] = {}
    for i, k in enumerate(sequence):

        def check(t: float, i: int = i, k: int = k) -> None:
            context.check()
            done = t / end if end > 0 else 1.0
            context.progress(float(shares[i] + done * (shares[i + 1] - shares[i])), f"order {k}")

        courses[k] = follow(problem, k, grid, options, check, horizon)
        if options.guard == "orders" and courses[k].status != "ok":
            # The third order may end early without ending the others, but nothing runs after it.
            horizon = min(horizon, courses[k].end)
    return courses


def _moments(problem: sb.Problem, courses: list[Course], verdict: Verdict, grid: Grid, options: Any) -> sb.Moments:
    main = courses[0]
    stands = grid.saved < verdict.length
    spin, covariance = main.spin[grid.saved], main.covariance[grid.saved]
    spin[~stands], covariance[~stands] = np.nan, np.nan
    valid_until = math.inf
    if verdict.status != "ok":
        valid_until = float(problem.times[stands][-1]) if stands.any() else 0.0
    estimates = _error_estimate(courses, problem.N, options.rtol)
    return sb.Moments(
        spin=spin,
        covariance=covariance,
        valid_until=valid_until,
        reason=verdict.reason,
        status=verdict.status,
        error_estimate={
            name: np.where(stands.reshape(-1, *[1] * (values.ndim - 1)), values[grid.saved], np.nan)
            for name, values in estimates.items()
        },
        diagnostics={
            "orders": [course.order for course in courses],
            "steps": [int(course.counts[1]) for course in courses],
            "rejected": [int(course.counts[2]) for course in courses],
            "right_hand_sides": [int(course.counts[3]) for course in courses],
            "ended": [None if course.status == "ok" else course.end for course in courses],
        },
    )


def _error_estimate(courses: list[Course], N: int, rtol: float) -> dict[str, Array]:
    """Absolute errors on the grid: truncation plus integration.

    Truncation is |order k − order k + 1| + |order k + 1 − order k + 2|, the running maximum over time, because errors
    accumulate while differences cross zero; of a vector or matrix, the largest component counts for all. Order k + 2
    counts until it parts from the other two (`guard.witness_until`); inf where order k + 1 has ended.
    """
    main = courses[0]
    scales = {
        "spin": np.broadcast_to(N / 2, main.spin.shape),
        "covariance": np.broadcast_to(
            (np.abs(main.covariance).max(axis=(1, 2)) + N / 4)[:, None, None], main.covariance.shape
        ),
        "xi2": main.xi2,
        "n_eff": np.broadcast_to(float(N), main.n_eff.shape),
    }
    result = {name: _ODE_MARGIN * rtol * np.abs(scale) for name, scale in scales.items()}
    if len(courses) == 1:
        return result
    second, third = courses[1:]
    witness = witness_until(main, second, third, N)
    for name in result:
        a, b, c = (getattr(course, name) for course in (main, second, third))
        flat = np.abs(a - b).reshape(len(a), -1).max(axis=1)
        flat[second.length :] = np.inf
        flat[:witness] += np.abs(b - c).reshape(len(a), -1).max(axis=1)[:witness]
        truncation = np.maximum.accumulate(np.nan_to_num(flat, nan=0.0, posinf=np.inf))
        result[name] = result[name] + truncation.reshape(-1, *[1] * (a.ndim - 1))
    return result
