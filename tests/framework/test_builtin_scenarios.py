"""The scenarios that come with the program."""

from __future__ import annotations

import numpy as np
import pytest

import squeezebench as sb
from squeezebench import InvalidScenarioError, Scenario
from squeezebench.scenario import builtin, builtin_names


@pytest.mark.parametrize("name", builtin_names())
def test_every_built_in_scenario_makes_all_its_problems(name):
    scenario = builtin(name)
    points = scenario.points()
    assert scenario.name == name
    assert scenario.title != name
    assert scenario.source
    assert scenario.solvers
    assert len(points) == int(np.prod(scenario.shape))
    assert len({len(point.problem.times) for point in points}) == 1
    assert Scenario.from_text(scenario.to_toml()) == scenario
    assert Scenario.from_json(scenario.to_json()).points() == points


def test_a_built_in_scenario_is_found_by_its_exact_name():
    assert {"oat_decoherence", "quickstart", "small_exact"} <= set(builtin_names())
    with pytest.raises(InvalidScenarioError) as caught:
        builtin("small_exacd")
    assert str(caught.value) == "there is no built-in scenario 'small_exacd'; did you mean 'small_exact'?"


def test_small_exact_exercises_every_term_and_every_kind_of_start():
    problems = [point.problem for point in builtin("small_exact").points()]
    models = [model for problem in problems for model in problem.models_at_times()]
    assert {problem.N for problem in problems} == {1, 2, 3, 4, 5, 6}
    for name in (
        "collective_emission",
        "collective_pumping",
        "collective_dephasing",
        "emission",
        "pumping",
        "dephasing",
    ):
        assert any(getattr(model, name) > 0 for model in models)
    for name in ("chi", "twisting"):
        assert any(getattr(model, name) > 0 for model in models)
        assert any(getattr(model, name) < 0 for model in models)
    assert any(model.quadratic for model in models)
    assert any(model.collective_matrix for model in models)
    assert any(model.single_matrix for model in models)
    assert {bool(component) for model in models for component in model.drive} == {True, False}
    starts = [problem.initial for problem in problems]
    assert any(isinstance(start, sb.MeanFieldSteadyState) for start in starts)
    assert any(getattr(start, "bloch_length", 1.0) < 1 for start in starts)
    assert any(isinstance(p.initial, sb.DickeState) and p.initial.J < p.N / 2 for p in problems)
    assert any(isinstance(entry, sb.Rotation) for problem in problems for entry in problem.schedule or ())


def one_axis_twisting_xi2(N, emission, dephasing, times):
    """ξ² from +x under H = J_z², in closed form (Foss-Feig et al., Phys. Rev. A 87, 042101, 2013).

    With v_m the populations of another spin under coherence order m, every pair average is a power of sums of v_m.
    """
    result = []
    for t in times:
        decay = np.exp(-(emission + dephasing) * t / 2)

        def population(m, t=t):
            rate = emission - 2j * m
            up = 0.5 * np.exp((-emission + 1j * m) * t)
            fed = 0.5 * emission * t if rate == 0 else 0.5 * emission * (1 - np.exp(-rate * t)) / rate
            return up, 0.5 * np.exp(-1j * m * t) + fed * np.exp(-1j * m * t)

        (up1, down1), (up2, down2), (up0, down0) = population(1), population(2), population(0)
        raising = 0.5 * decay * (up1 + down1) ** (N - 1)
        raising_z = 0.5 * decay * (up1 + down1) ** (N - 2) * (up1 - down1)
        two = 0.25 * decay**2 * (up2 + down2) ** (N - 2)
        exchange = 0.25 * decay**2
        z = (up0 - down0).real
        s = np.array([2 * raising.real, 2 * raising.imag, z])
        pairs = np.array(
            [
                [2 * (two.real + exchange), 2 * two.imag, 2 * raising_z.real],
                [2 * two.imag, 2 * (exchange - two.real), 2 * raising_z.imag],
                [2 * raising_z.real, 2 * raising_z.imag, z**2],
            ]
        )
        covariance = N * (N - 1) / 4 * pairs + N / 4 * np.eye(3) - N**2 / 4 * np.outer(s, s)
        plane = np.linalg.svd(s[None])[2][1:]
        result.append(4 * np.linalg.eigvalsh(plane @ covariance @ plane.T)[0] / (N * (s @ s)))
    return np.array(result)


@pytest.mark.parametrize("index", range(9))
def test_one_axis_twisting_has_its_expected_minima_inside_its_times(index):
    scenario = builtin("oat_decoherence")
    point = scenario.points()[index]
    model, times = point.problem.model, point.problem.times
    (expected,) = (entry for entry in scenario.expected if entry.at == point.coords)
    xi2 = one_axis_twisting_xi2(model.N, model.emission, model.dephasing, times)
    values = point.reductions[0].compute({"time": times, "xi2": xi2})
    assert values["minimum_xi2"] == pytest.approx(expected.value, rel=expected.tolerance)
    assert times[40] < values["minimum_xi2_time"] < times[-40]


def test_quickstart_is_the_parameters_of_figure_2a():
    for point in builtin("quickstart").points():
        assert point.problem.model == sb.SpinModel.driven_cavity(point.problem.N, 0.9, gamma_s=4.0)
        assert point.problem.initial == sb.CoherentSpinState()
