"""Scenarios: what a file or an object says, and the points that it stands for."""

from __future__ import annotations

import itertools
import math
import pickle

import numpy as np
import pytest

import squeezebench as sb
from squeezebench import InvalidScenarioError, Scenario
from squeezebench.reductions import Reduction, StopRule
from squeezebench.scenario import load_scenario

CAVITY = {"type": "driven_cavity", "N": 10, "upsilon_ratio": 0.9, "gamma_s": 4.0}
TIMES = {"stop": 1, "num": 5}

EVERYTHING = """
schema = 1
name = "everything"
title = "All entries"
source = "nowhere"
description = "Two lines,\\nwith ünïcödé and a DEL \\u007f"
solvers = ["mean_field", "cumulant:order=3", {name = "cumulant", order = 4, tier = "tight", label = "fourth"}]
tolerance = 0.01
reductions = ['minimum_xi2(after="6/(N*Gamma)")', "t_star", {name = "maximum", variable = "spin", axis = "z"}]
keep = ["series"]

[model]
type = "driven_cavity"
upsilon_ratio = 0.9
chi = "detuning*Gamma/2"
gamma_s = "r*N*Gamma"
Gamma = 0.5
rate_unit = "1/s"

[axes]
N = [10, 20]
r = {start = 0.01, stop = 0.1, num = 3, spacing = "log"}
detuning = [-1, 0, "1/2"]

[initial]
type = "coherent"
theta = "pi/2"
phi = "pi"

[times]
start = "0.01/gamma_s"
stop = "2/gamma_s"
num = 11
spacing = "log"

[stop]
rule = "squeezing_lost"
threshold = "1 + 1/N"

[[expected]]
quantity = "minimum_xi2"
at = {N = 10, r = 0.1}
value = 0.5
tolerance = 1e-3
source = "nowhere"
"""


def test_a_file_with_every_entry_makes_the_points_that_it_says():
    scenario = Scenario.from_text(EVERYTHING)
    assert scenario.name == "everything"
    assert scenario.title == "All entries"
    assert scenario.tolerance == 0.01
    assert scenario.keep == ("series",)
    assert [spec.label for spec in scenario.solvers] == ["mean_field", "cumulant(order=3)", "fourth"]
    assert scenario.expected[0].at == {"N": 10.0, "r": 0.1}
    assert scenario.expected[0].value == 0.5
    assert scenario.shape == (2, 3, 3)
    assert scenario.axes["N"] == [10, 20]
    assert scenario.axes["r"] == pytest.approx([0.01, 0.1**1.5, 0.1])
    assert scenario.axes["detuning"] == [-1.0, 0.0, 0.5]
    points = scenario.points()
    assert [point.index for point in points] == list(itertools.product(range(2), range(3), range(3)))
    for point in points:
        N, r, detuning = (point.coords[name] for name in ("N", "r", "detuning"))
        gamma_s = r * N * 0.5
        expected = sb.SpinModel.driven_cavity(N, 0.9, chi=detuning / 4, gamma_s=gamma_s, Gamma=0.5)
        model = point.problem.model
        assert model.N == N
        assert model.rate_unit == "1/s"
        for name in ("chi", "drive", "collective_emission", "emission"):
            assert getattr(model, name) == pytest.approx(getattr(expected, name), rel=1e-14)
        assert point.problem.times == pytest.approx([0, *np.geomspace(0.01 / gamma_s, 2 / gamma_s, 10)])
        assert point.problem.times[-1] == pytest.approx(2 / gamma_s, rel=1e-15)
        assert point.reductions == (
            Reduction("minimum_xi2", after=6 / (N * 0.5)),
            Reduction("t_star"),
            Reduction("maximum", variable="spin", axis="z"),
        )
        assert point.stop == StopRule("squeezing_lost", 1 + 1 / N, 0.0)


@pytest.mark.parametrize(
    "scenario",
    [
        Scenario.from_text(EVERYTHING),
        Scenario(model=CAVITY, times=TIMES),
        Scenario(model=sb.SpinModel(N=3, drive=1.0), times=[0, 0.5, 2], initial=sb.DickeState(0.5, -0.5)),
        Scenario(model=CAVITY, times="steady", variants=[{"label": "a"}, {"label": "b", "model": {"chi": 1}}]),
        Scenario(problem=sb.Problem(sb.SpinModel(N=2), times=[0.0, 1.0])),
        Scenario(problems={"one": sb.Problem(sb.SpinModel(N=2), times=[math.inf])}, name="fixed"),
        Scenario(
            model=sb.SpinModel.general(2, (0, 0, 1), np.diag([1, 2, 3]), single=[[1, 1j, 0], [-1j, 2, 0], [0, 0, 1]]),
            times=np.linspace(0, 1, 3),
            schedule=[sb.Segment(sb.SpinModel(N=2), 0.5), sb.Rotation((1, 2, 2), 0.3), {"duration": 1}],
            keep=[],
        ),
    ],
    ids=lambda scenario: scenario.name,
)
def test_every_scenario_reads_back_from_toml_json_and_pickle(scenario):
    for again in (
        Scenario.from_text(scenario.to_toml()),
        Scenario.from_json(scenario.to_json()),
        Scenario.from_dict(scenario.content),
        pickle.loads(pickle.dumps(scenario)),
        scenario.replace(),
    ):
        assert again == scenario
        assert again.content == scenario.content
        assert again.content_hash() == scenario.content_hash()
        assert again.points() == scenario.points()


def test_the_python_form_and_the_file_form_are_the_same_scenario():
    text = """
    solvers = ["cumulant:order=3"]
    reductions = ["t_star"]
    [model]
    type = "driven_cavity"
    upsilon_ratio = 0.9
    [axes]
    N = [10, 20]
    [times]
    stop = 1
    num = 5
    """
    scenario = Scenario(
        model={"type": "driven_cavity", "upsilon_ratio": 0.9},
        axes={"N": np.array([10, 20])},
        times={"stop": 1, "num": 5},
        solvers=[sb.Spec("cumulant", order=3)],
        reductions=[Reduction("t_star")],
    )
    assert Scenario.from_text(text) == scenario


@pytest.mark.parametrize(
    ("table", "model"),
    [
        (
            {"type": "driven_cavity", "N": 7, "upsilon_ratio": 0.5, "chi": -1.0, "gamma_s": 2, "Gamma": 0.5},
            sb.SpinModel.driven_cavity(7, 0.5, chi=-1.0, gamma_s=2.0, Gamma=0.5),
        ),
        (
            {
                "type": "driven_cavity",
                "N": 7,
                "upsilon_ratio": 0.5,
                "drive_z": 0.25,
                "twisting": -0.5,
                "collective_pumping": 0.1,
                "collective_dephasing": 0.2,
                "pumping": 0.3,
                "dephasing": "Gamma/2",
            },
            sb.SpinModel(
                N=7,
                drive=(1.75, 0.0, 0.25),
                twisting=-0.5,
                collective_emission=1.0,
                collective_pumping=0.1,
                collective_dephasing=0.2,
                pumping=0.3,
                dephasing=0.5,
            ),
        ),
        (
            {
                "type": "from_cavity",
                "N": 10_000,
                "g": "2*pi*4",
                "kappa": "2*pi*150e3",
                "delta_c": "kappa",
                "gamma_s": 0.1,
                "upsilon_ratio": 0.9,
            },
            sb.SpinModel.from_cavity(10_000, 8 * np.pi, 2 * np.pi * 150e3, 2 * np.pi * 150e3, 0.1, 0.9),
        ),
        (
            {"type": "spin", "N": 3, "chi": 0.1, "drive": ["2*chi", 0, -1], "emission": 1, "rate_unit": "1/s"},
            sb.SpinModel(N=3, chi=0.1, drive=(0.2, 0.0, -1.0), emission=1.0, rate_unit="1/s"),
        ),
        ({"type": "spin", "N": "2**3", "drive": 1.5}, sb.SpinModel(N=8, drive=(1.5, 0.0, 0.0))),
        ({"type": "spin", "N": 1e4}, sb.SpinModel(N=10_000)),
        (
            {
                "type": "general",
                "N": 3,
                "h": [0, "N/3", 2],
                "K": [[1, 0.5, 0], [0.5, 2, 0], [0, 0, 3]],
                "collective": [[1, {"re": 0, "im": 0.5}, 0], [{"re": 0, "im": "-1/2"}, 1, 0], [0, 0, 0]],
                "single": [[2, 0, 0], [0, 1, 0], [0, 0, 0]],
            },
            sb.SpinModel.general(
                3,
                (0, 1, 2),
                [[1, 0.5, 0], [0.5, 2, 0], [0, 0, 3]],
                [[1, 0.5j, 0], [-0.5j, 1, 0], [0, 0, 0]],
                np.diag([2, 1, 0]),
            ),
        ),
    ],
)
def test_each_type_of_model_is_the_class_method_of_its_name(table, model):
    assert Scenario(model=table, times=TIMES).point(()).problem.model == model


def test_a_spin_model_object_can_be_swept():
    scenario = Scenario(model=sb.SpinModel(N=3, chi=1.0, emission=2.0), axes={"emission": [0, 1]}, times=TIMES)
    models = [point.problem.model for point in scenario.points()]
    assert models == [sb.SpinModel(N=3, chi=1.0, emission=rate) for rate in (0.0, 1.0)]


@pytest.mark.parametrize(
    ("initial", "state"),
    [
        (None, sb.CoherentSpinState()),
        ({"type": "coherent"}, sb.CoherentSpinState()),
        (
            {"type": "coherent", "theta": "pi/4", "phi": 0, "bloch_length": "1/2"},
            sb.CoherentSpinState(math.pi / 4, 0, 0.5),
        ),
        ({"type": "dicke", "J": "N/2", "M": "-N/2 + 1"}, sb.DickeState(5, -4)),
        ({"type": "mean_field_steady_state"}, sb.MeanFieldSteadyState()),
        (sb.DickeState(3, 1), sb.DickeState(3, 1)),
        (sb.DickeBlocks([(5, 1.0, np.eye(11) / 11)]), sb.DickeBlocks([(5, 1.0, np.eye(11) / 11)])),
    ],
)
def test_each_type_of_start_is_the_state_of_its_name(initial, state):
    assert Scenario(model=CAVITY, times=TIMES, initial=initial).point(()).problem.initial == state


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ({"stop": 1, "num": 3}, [0, 0.5, 1]),
        ({"stop": "2/gamma_s", "num": 2}, [0, 0.5]),
        ({"start": 0.01, "stop": 1, "num": 4, "spacing": "log"}, [0, 0.01, 0.1, 1]),
        ([0, "1/N", "10/critical_n_eff"], [0, 0.1, 10 / 9]),
        ([0, 1, 3.5], [0, 1, 3.5]),
        (np.array([0.0, 0.25]), [0, 0.25]),
        ("steady", [math.inf]),
        ([math.inf], [math.inf]),
    ],
)
def test_times_are_a_range_a_list_or_steady(times, expected):
    assert Scenario(model=CAVITY, times=times).point(()).problem.times == pytest.approx(expected, rel=1e-15)


def test_a_schedule_overrides_parameters_of_the_model():
    scenario = Scenario(
        model={**CAVITY, "chi": 0.5},
        axes={"chi": [0.0, 1.0]},
        times={"stop": 1.5, "num": 4},
        schedule=[
            {"duration": "4/gamma_s", "model": {"gamma_s": "2*chi"}},
            {"rotation": "x", "angle": "pi/2"},
            {"rotation": [0, "N", 0], "angle": -1},
            {"duration": 0.5, "model": {"upsilon_ratio": 0, "chi": -3}},
        ],
    )
    for point, chi in zip(scenario.points(), (0.0, 1.0), strict=True):
        first, turn, second_turn, second = point.problem.schedule
        assert first == sb.Segment(sb.SpinModel.driven_cavity(10, 0.9, chi=chi, gamma_s=2 * chi), 1.0)
        assert turn == sb.Rotation("x", math.pi / 2)
        assert second_turn == sb.Rotation("y", -1.0)
        assert second == sb.Segment(sb.SpinModel.driven_cavity(10, 0.0, chi=-3.0, gamma_s=4.0), 0.5)


def test_variants_form_an_axis_before_the_others():
    scenario = Scenario(
        model={"type": "spin", "twisting": 1},
        axes={"N": [4, 6]},
        times=TIMES,
        variants=[
            {"label": "plain"},
            {"label": "noisy", "model": {"emission": 1}, "initial": {"type": "coherent", "theta": 0}},
            {"label": "other", "model": {"type": "driven_cavity", "upsilon_ratio": 0.5}, "times": [0, 1, 2, 3, "N"]},
            {"label": "held", "schedule": [{"duration": 1}]},
        ],
    )
    assert list(scenario.axes) == ["variant", "N"]
    assert scenario.shape == (4, 2)
    points = {(point.coords["variant"], point.coords["N"]): point.problem for point in scenario.points()}
    assert points["plain", 4].model == sb.SpinModel(N=4, twisting=1.0)
    assert points["noisy", 6].model == sb.SpinModel(N=6, twisting=1.0, emission=1.0)
    assert points["noisy", 6].initial == sb.CoherentSpinState(0.0)
    assert points["other", 6].model == sb.SpinModel.driven_cavity(6, 0.5)
    assert points["other", 6].times[-1] == 6
    assert points["held", 4].schedule == (sb.Segment(sb.SpinModel(N=4, twisting=1.0), 1.0),)
    chosen = scenario.replace(axes={"N": [4], "variant": ["noisy", "plain"]})
    assert chosen.axes == {"N": [4], "variant": ["noisy", "plain"]}
    assert [point.label for point in chosen.points()] == ["N = 4, variant = noisy", "N = 4, variant = plain"]


def test_given_problems_are_kept_as_they_are():
    problems = {
        "a": sb.Problem(sb.SpinModel.driven_cavity(4, 0.5), times=[0.0, 1.0]),
        "b": sb.Problem(schedule=[sb.Segment(sb.SpinModel(N=3), 5.0)], times=[0.0, 2.0]),
    }
    scenario = Scenario(problems=problems, reductions=["minimum_xi2(after=1/N)"])
    assert scenario.axes == {"variant": ["a", "b"]}
    assert [point.problem for point in scenario.points()] == list(problems.values())
    assert [point.reductions[0].arguments["after"] for point in scenario.points()] == [1 / 4, 1 / 3]
    alone = Scenario(problem=problems["a"])
    assert alone.axes == {}
    assert [point.index for point in alone.points()] == [()]
    assert alone.points()[0].coords == {}
    assert alone.points()[0].label == ""


def test_an_axis_of_whole_numbers_stays_whole_on_a_range():
    scenario = Scenario(
        model={"type": "spin"}, axes={"N": {"start": 10, "stop": 10_000, "num": 7, "spacing": "log"}}, times=TIMES
    )
    assert scenario.axes["N"] == [10, 32, 100, 316, 1000, 3162, 10_000]
    assert all(type(value) is int for value in scenario.axes["N"])


def test_an_axis_wins_over_the_model_so_that_replace_can_sweep_anything():
    scenario = Scenario(model=CAVITY, times={"stop": "1/gamma_s", "num": 3}, title="t")
    swept = scenario.replace(axes={"gamma_s": [1, 2], "N": [3]}, title=None)
    assert [point.problem.model.emission for point in swept.points()] == [1.0, 2.0]
    assert [point.problem.times[-1] for point in swept.points()] == [1.0, 0.5]
    assert swept.title == "unnamed"
    assert scenario.axes == {}


def test_points_are_found_by_index_too():
    scenario = Scenario.from_text(EVERYTHING)
    points = scenario.points()
    assert scenario.point((1, 0, 2)) == points[1 * 9 + 0 * 3 + 2]


def test_expressions_know_both_vocabularies():
    model = sb.SpinModel(N=8, chi=0.5, drive=(0.0, 3.0, 0.0), collective_emission=2.0, emission=1.0, pumping=0.25)
    names = {
        "N": 8,
        "chi": 0.5,
        "Gamma": 2.0,
        "collective_emission": 2.0,
        "gamma_s": 1.0,
        "emission": 1.0,
        "pumping": 0.25,
        "Omega": 3.0,
        "Omega_y": 3.0,
        "upsilon_c": model.upsilon_c,
        "upsilon_ratio": model.upsilon_ratio,
        "critical_n_eff": model.critical_n_eff,
    }
    for name, value in names.items():
        scenario = Scenario(model=model, times=[0, f"1 + {name}"])
        assert scenario.point(()).problem.times[-1] == pytest.approx(1 + value)


def test_a_map_has_a_problem_of_its_own_at_every_point():
    axis = {"start": 1, "stop": 1000, "num": 40, "spacing": "log"}
    scenario = Scenario(
        model={"type": "driven_cavity", "N": 10_000},
        axes={"upsilon_ratio": {"start": 0.1, "stop": 1.0, "num": 40}, "gamma_s": axis},
        times={"stop": "12/gamma_s", "num": 201},
        reductions=["minimum_xi2(after=6/(N*Gamma))"],
    )
    assert len({point.problem for point in scenario.points()}) == 1600


def test_a_file_lends_its_name(tmp_path):
    path = tmp_path / "my scan.toml"
    path.write_text(Scenario(model=CAVITY, times=TIMES).to_toml(), encoding="utf-8")
    scenario = load_scenario(path)
    assert scenario.name == "my_scan"
    assert scenario.content["name"] == "my_scan"
    assert load_scenario(str(path)) == scenario


def test_scenarios_are_found_by_name_among_built_in_ones_and_plugins(monkeypatch, tmp_path):
    mine = Scenario(model=CAVITY, times=TIMES, name="mine")
    assert load_scenario("quickstart").name == "quickstart"
    assert load_scenario("mine", [mine]) is mine
    assert load_scenario(mine) is mine
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plain_name").write_text(mine.to_toml(), encoding="utf-8")
    assert load_scenario("plain_name") == mine
    for name, message in [
        ("quikstart", "there is no scenario 'quikstart', and no such file; did you mean 'quickstart'?"),
        ("mien", "there is no scenario 'mien', and no such file; did you mean 'mine'?"),
        ("gone.toml", "gone.toml: there is no such scenario file"),
        (3, "3 is no scenario: give a name, a path or a Scenario"),
    ]:
        with pytest.raises(InvalidScenarioError) as caught:
            load_scenario(name, [mine])
        assert str(caught.value) == message
