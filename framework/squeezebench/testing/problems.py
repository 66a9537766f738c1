"""Problems that the conformance checks pose."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from squeezebench.model import SpinModel
from squeezebench.problem import Problem
from squeezebench.states import CoherentSpinState, DickeState

__all__ = ["TERMS", "catalogue", "first_supported", "random_model", "random_problems", "term_problems", "tilted"]

#: Name of a check → couplings of its model, at N spins.
TERMS: dict[str, dict[str, Any]] = {
    "drive_x": {"drive": (1.3, 0.0, 0.0)},
    "drive_y": {"drive": (0.0, 1.1, 0.0)},
    "drive_z": {"drive": (0.0, 0.0, 0.9)},
    "exchange": {"chi": 0.7},
    "twisting": {"twisting": 0.8},
    "collective_emission": {"collective_emission": 0.9},
    "collective_pumping": {"collective_pumping": 0.6},
    "collective_dephasing": {"collective_dephasing": 0.8},
    "emission": {"emission": 1.1},
    "pumping": {"pumping": 0.7},
    "dephasing": {"dephasing": 1.2},
}
#: Of these the spins are independent.
FREE = {"drive_x", "drive_y", "drive_z", "emission", "pumping", "dephasing"}


def tilted() -> CoherentSpinState:
    """A product state in no plane of symmetry."""
    return CoherentSpinState(1.1, 0.7)


def times(stop: float = 1.0) -> Any:
    """Save points, two of them early."""
    return np.array([0.0, 0.002, 0.02, 0.2, 0.5, 1.0]) * stop


def term_problems(name: str) -> list[Problem]:
    """One coupling alone, and with a drive along x where there is none that it commutes with."""
    couplings = TERMS[name]
    found = [Problem(SpinModel(N=N, **couplings), tilted(), times()) for N in (1, 2, 3)]
    found.append(Problem(SpinModel(N=3, **couplings), CoherentSpinState(), times()))
    return found


def random_model(rng: np.random.Generator, N: int) -> SpinModel:
    """Every named coupling at random, of either sign where there are two."""
    x, y, z = map(float, rng.normal(size=3))
    chi, twisting = rng.normal(size=2) * 0.5
    a, b, c, d, e, f = map(float, rng.uniform(0.1, 0.8, size=6))
    return SpinModel(N, float(chi), (x, y, z), float(twisting), a, b, c, d, e, f)


def random_problems(N: int, count: int) -> tuple[Problem, ...]:
    """Models with every rate, from random product states, mixed ones among them."""
    rng = np.random.default_rng(1000 + N)
    found = []
    for k in range(count):
        length = 1.0 if k % 2 == 0 else 0.6
        start = CoherentSpinState(math.acos(rng.uniform(-1, 1)), rng.uniform(0, 2 * math.pi), length)
        found.append(Problem(random_model(rng, N), start, times()))
    return tuple(found)


def catalogue() -> list[Problem]:
    """Problems of many kinds, of which every solver should take one."""
    cavity = SpinModel.driven_cavity(N=3, upsilon_ratio=0.7, chi=0.3, gamma_s=0.5)
    pure = SpinModel.driven_cavity(N=4, upsilon_ratio=0.6)
    noisy = SpinModel(N=3, twisting=0.8, drive=(0, 0, 0.4), emission=0.3, pumping=0.2, dephasing=0.5)
    found = [
        Problem(cavity, CoherentSpinState(), times()),
        Problem(cavity, tilted(), times()),
        Problem(noisy, CoherentSpinState(math.pi / 2, 0.0), times()),
        Problem(noisy, tilted(), times()),
        Problem(pure, CoherentSpinState(), times()),
        Problem(pure, DickeState(2, -2), times()),
        *random_problems(3, 2),
        Problem(pure, DickeState(2, -2), [math.inf]),
        Problem(cavity, CoherentSpinState(), [math.inf]),
    ]
    for name in TERMS:
        found += term_problems(name)[1:3]
    return found


def first_supported(subject: Any, *, finite: bool = False) -> Problem:
    """The first of the catalogue that the solver takes."""
    problems = [problem for problem in catalogue() if not (finite and problem.is_steady)]
    return subject.supported(problems, "problems of the catalogue")[0]  # type: ignore[no-any-return]
