"""Solvers and plugins made for tests: small, and wrong in one way each where they are meant to be."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
from pydantic import Field

import squeezebench as sb


class Precession(sb.Solver):
    """Exact for a single term: precession about z of a coherent state, so tests know every number."""

    name = "precession"

    class Options(sb.Options):
        offset: float = Field(default=0.0, description="Relative error put into the covariance, to make it wrong.")

    tiers = {"default": {}, "tight": {}}

    def claim(self, problem: sb.Problem, options: Any) -> sb.Claim:
        return sb.Claim("exact")

    def solve(self, problem: sb.Problem, options: Any, context: sb.Context) -> sb.Moments:
        return coherent_moments(problem, factor=1 + options.offset)


def coherent_moments(problem: sb.Problem, factor: float = 1.0) -> sb.Moments:
    """Moments of the problem's coherent start under its z drive alone."""
    N, t = problem.N, problem.times
    s = problem.initial_state.bloch_vector(N)
    angle = problem.model.drive[2] * t
    x, y = s[0] * np.cos(angle) - s[1] * np.sin(angle), s[0] * np.sin(angle) + s[1] * np.cos(angle)
    vectors = np.stack([x, y, np.full_like(t, s[2])], axis=-1)
    covariance = N / 4 * (np.eye(3) - vectors[:, :, None] * vectors[:, None, :]) * factor
    return sb.Moments(N / 2 * vectors, covariance)


def precession_problem(N: int = 10, num: int = 5) -> sb.Problem:
    return sb.Problem(sb.SpinModel(N=N, drive=(0, 0, 2.0)), sb.CoherentSpinState(1.0, 0.3), np.linspace(0, 1, num))


@dataclass
class EntryPoint:
    """Stands in for importlib.metadata.EntryPoint."""

    name: str
    plugin: Any
    value: str = "toys:plugin"
    distribution: str = "some-plugin"

    @property
    def dist(self) -> Any:
        return SimpleNamespace(name=self.distribution, version="1.2.3")

    def load(self) -> Any:
        if isinstance(self.plugin, BaseException):
            raise self.plugin
        return self.plugin


def plugin_with(*solvers: Any) -> Any:
    """A plugin object whose hook gives the solvers."""

    class Plugin:
        @sb.hookimpl
        def squeezebench_solvers(self) -> list[Any]:
            return list(solvers)

    return Plugin()
