"""The solver interface: options and tiers, what attributes refuse, batches, context, and the modules' own examples."""

from __future__ import annotations

import doctest
import importlib
import math
import subprocess
import sys
import time
from typing import Literal

import numpy as np
import pytest
from pydantic import Field

import squeezebench as sb
from squeezebench.solver import API_VERSION, TIERS, checked_keep
from squeezebench.threads import available_threads

PLAIN = sb.Problem(sb.SpinModel(N=2), times=[0, 1])
STEADY = sb.Problem(sb.SpinModel(N=2), times=[np.inf])
SCHEDULE = sb.Problem(schedule=[sb.Segment(sb.SpinModel(N=2), 1)], times=[0, 1])


class Least(sb.Solver):
    """What a plugin must write, and nothing more."""

    name = "least"

    def claim(self, problem, options):
        return sb.Claim()

    def solve(self, problem, options, context):
        T = len(problem.times)
        return sb.Moments(np.zeros((T, 3)), np.zeros((T, 3, 3)))


class KnobOptions(sb.Options):
    order: int = Field(2, ge=1, le=6, description="order of the expansion")
    method: Literal["a", "b"] = Field("a", description="which")
    rtol: float = Field(1e-6, gt=0, description="tolerance")


class Knobs(Least):
    name = "knobs"
    Options = KnobOptions
    tiers = {"fast": {"order": 1}, "default": {}, "tight": {"order": 4, "rtol": 1e-9}}  # as plugins do


# ---------------------------------------------------------------- options


def test_options_of_a_tier_come_before_defaults_and_after_what_is_given():
    solver = Knobs()
    assert solver.resolve_options() == KnobOptions()
    assert solver.resolve_options("tight") == KnobOptions(order=4, rtol=1e-9)
    assert solver.resolve_options("tight", {"order": 5}) == KnobOptions(order=5, rtol=1e-9)


@pytest.mark.parametrize(
    ("tier", "options", "message"),
    [
        ("tigth", {}, "solver 'knobs' has no tier 'tigth'; did you mean 'tight'"),
        ("default", {"ordr": 2}, "solver 'knobs' has no option 'ordr'; did you mean 'order'"),
        ("default", {"order": 0}, "solver 'knobs': order = 0: input should be greater than or equal to 1"),
        ("default", {"order": "3"}, "order = '3': input should be a valid integer"),
        ("default", {"order": 2.0}, "order = 2.0: input should be a valid integer"),
        ("default", {"order": True}, "order = True: input should be a valid integer"),
        ("default", {"method": "c"}, "method = 'c': input should be 'a' or 'b'"),
        ("default", {"rtol": math.nan}, "rtol = nan: input should be a finite number"),
        ("default", {"rtol": math.inf}, "rtol = inf: input should be a finite number"),
        ("default", {"rtol": 0}, "rtol = 0: input should be greater than 0"),
    ],
)
def test_options_that_are_unknown_or_out_of_bounds_are_refused(tier, options, message):
    with pytest.raises(sb.InvalidOptionError, match=message):
        Knobs().resolve_options(tier, options)


def test_a_solver_without_options_says_so():
    with pytest.raises(sb.InvalidOptionError, match="solver 'least' has no option 'order'; it has no options"):
        Least().resolve_options(options={"order": 2})


def test_options_are_frozen():
    options = Knobs().resolve_options()
    with pytest.raises(ValueError, match="frozen"):
        options.order = 3


# ---------------------------------------------------------------- what attributes say


def test_the_least_solver_takes_every_plain_problem_of_its_model_type():
    solver = Least()
    assert solver.api_version == API_VERSION == 1
    assert solver.full_support(PLAIN, None)
    assert not solver.batches
    assert math.isnan(solver.estimate(PLAIN, None).seconds)


@pytest.mark.parametrize(
    ("attributes", "problem", "reason"),
    [
        ({}, STEADY, "has no steady-state method"),
        ({}, SCHEDULE, "no schedule"),
        ({"times": False, "steady": True}, PLAIN, "gives the steady state only"),
        ({"model_types": (int,)}, PLAIN, "solves no SpinModel"),
    ],
)
def test_attributes_refuse_with_a_reason(attributes, problem, reason):
    support = type("Special", (Least,), attributes)().full_support(problem, None)
    assert not support
    assert reason in support.reason


@pytest.mark.parametrize(("attributes", "problem"), [({"steady": True}, STEADY), ({"schedules": True}, SCHEDULE)])
def test_attributes_open_what_the_default_refuses(attributes, problem):
    assert type("Special", (Least,), attributes)().full_support(problem, None)


def test_a_solver_has_the_last_word_on_support():
    class Picky(Least):
        def supports(self, problem, options):
            return sb.Support(problem.N > 5, "" if problem.N > 5 else f"N = {problem.N} is too small")

    assert Picky().full_support(PLAIN, None).reason == "N = 2 is too small"
    assert bool(Picky().full_support(sb.Problem(sb.SpinModel(N=6), times=[0]), None)) is True


def test_abstract_solvers_cannot_be_made():
    with pytest.raises(TypeError, match="abstract"):
        type("Incomplete", (sb.Solver,), {"name": "incomplete"})()


def test_claims_cover_all_observables_unless_they_say_which():
    assert sb.Claim().covers("xi2")
    assert sb.Claim(observables=("spin",)).covers("spin")
    assert not sb.Claim(observables=("spin",)).covers("xi2")
    with pytest.raises(sb.InvalidOptionError, match="accuracy = 'good'"):
        sb.Claim(accuracy="good")


# ---------------------------------------------------------------- batches and context


def test_a_failure_in_a_batch_takes_its_own_place_only():
    class Moody(Least):
        def solve(self, problem, options, context):
            match problem.N:
                case 1:
                    raise sb.SolverError("no luck", status="diverged")
                case 2:
                    raise ZeroDivisionError("oops")
                case 3:
                    raise MemoryError("big")
            return super().solve(problem, options, context)

    problems = [sb.Problem(sb.SpinModel(N=N), times=[0]) for N in (1, 4, 2, 3, 5)]
    failed, good, bug, memory, last = Moody().solve_batch(problems, None, sb.Context())
    assert isinstance(good, sb.Moments)
    assert isinstance(last, sb.Moments)
    assert (str(failed), failed.status) == ("no luck", "diverged")
    assert (str(bug), bug.status) == ("ZeroDivisionError: oops", "error")
    assert (str(memory), memory.status) == ("out of memory: big", "out_of_memory")


def test_check_raises_once_cancelled_or_late():
    sb.Context(deadline=time.monotonic() + 100).check()
    with pytest.raises(sb.SolverError, match="cancelled"):
        sb.Context(cancelled=lambda: True).check()
    with pytest.raises(sb.SolverError, match="time limit") as caught:
        sb.Context(deadline=time.monotonic() - 1).check()
    assert caught.value.status == "timeout"


def test_keep_is_a_set_of_known_things():
    assert checked_keep("series") == checked_keep(["series"]) == {"series"}
    assert checked_keep([]) == frozenset()
    with pytest.raises(sb.InvalidOptionError, match="did you mean 'trajectories'"):
        checked_keep(["trajectory"])


def test_there_is_at_least_one_thread():
    assert available_threads() >= 1


def test_tiers_get_tighter():
    values = [TIERS[name] for name in ("fast", "default", "tight", "reference")]
    assert values == sorted(values, reverse=True)


# ---------------------------------------------------------------- the package


@pytest.mark.parametrize("name", ["model", "states", "angular", "problem", "moments", "solver", "content", "interop"])
def test_examples_in_docstrings_are_true(name):
    module = importlib.import_module(f"squeezebench.{name}")
    result = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert result.failed == 0


def test_importing_the_package_loads_nothing_heavy():
    program = (
        "import sys, squeezebench, squeezebench_qutip, squeezebench_steady_state;"
        "print([name for name in ('numba', 'qutip', 'scipy', 'xarray', 'matplotlib') if name in sys.modules])"
    )
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert output.strip() == "[]"


def test_public_names_are_all_there_and_others_are_not():
    for name in sb.__all__:
        assert getattr(sb, name) is not None
    assert dir(sb) == sorted(sb.__all__)
    with pytest.raises(AttributeError, match="no attribute 'solves'"):
        sb.solves  # noqa: B018
