"""Reductions of time series, and the stop rule."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from squeezebench import InvalidScenarioError
from squeezebench.reductions import Reduction, StopRule, describe, reduction_names

TEXTS = [
    "minimum_xi2",
    'minimum_xi2(after="6/(N*Gamma)")',
    "minimum_xi2(after=0.25, label=second_minimum)",
    "minimum_n_eff",
    "minimum(axis=z, variable=spin)",
    "maximum(variable=emission_rate)",
    'maximum(after="1/Gamma", axis=x, label=peak, variable=spin)',
    "final",
    "final(variable=n_eff)",
    "t_star",
    "t_star(n_eff=17.5)",
]


def xi2_model(t):
    """A squeezing curve with minima near 0.21, 0.76, 1.31 and 1.87, the last one lowest."""
    return np.exp(0.3 * np.cos(2 * np.pi * t / 0.55 + 0.7) - 0.8 * t * np.exp(-0.4 * t))


@pytest.mark.parametrize("text", TEXTS)
def test_every_form_of_a_reduction_reads_back_as_the_same_reduction(text):
    reduction = Reduction.parse(text)
    assert str(reduction) == text
    assert Reduction.from_dict(reduction.to_dict()) == reduction
    assert Reduction.from_json(reduction.to_json()) == reduction
    assert eval(repr(reduction), {"Reduction": Reduction}) == reduction
    assert hash(Reduction.coerce(text)) == hash(Reduction.coerce(reduction))


def test_expressions_may_stand_without_quotes():
    assert Reduction.parse("minimum_xi2(after=6/(N*Gamma))") == Reduction("minimum_xi2", after="6/(N*Gamma)")
    assert Reduction.parse("minimum_xi2( after = max(1, N) )") == Reduction("minimum_xi2", after="max(1, N)")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "'' is no reduction: write name or name(argument=value)"),
        ("minimum_xi", "unknown reduction 'minimum_xi'; did you mean 'minimum_xi2'?"),
        ("minimum_xi2(afte=3)", "reduction minimum_xi2 has no argument 'afte'; did you mean 'after'?"),
        ("minimum_xi2(after)", "reduction 'minimum_xi2(after)': 'after' is no name=value"),
        ("minimum_xi2(after=3", "'minimum_xi2(after=3' is no reduction: write name or name(argument=value)"),
        ("minimum_xi2(after=nan)", "reduction minimum_xi2: after = nan is no number or expression"),
        ("maximum", "reduction maximum needs variable: write maximum(variable=…)"),
        ("maximum(variable='a b')", "reduction maximum: variable = 'a b' is no name: letters, digits and _"),
        ("final(axis=q)", "reduction final: axis = 'q': give x, y or z"),
        ("t_star(name=a)", "reduction t_star has no argument 'name'; known: label"),
        (4, "4 is no reduction: write name or name(argument=value)"),
    ],
)
def test_unknown_names_and_arguments_are_refused(text, message):
    with pytest.raises(InvalidScenarioError) as caught:
        Reduction.parse(text)
    assert str(caught.value) == message


@given(
    st.one_of(
        st.text(),
        st.lists(
            st.sampled_from(
                [*reduction_names(), "(", ")", "after", "variable", "=", ",", '"', "3", "N", "label", "x", "["]
            )
        ).map("".join),
    )
)
def test_arbitrary_text_is_a_reduction_or_an_invalid_scenario(text):
    try:
        reduction = Reduction.parse(text)
        assert Reduction.parse(str(reduction)) == reduction
        reduction.resolve({"N": 3})
    except InvalidScenarioError as error:
        message = str(error)
    else:
        message = ""
    assert "\n" not in message


def test_the_minimum_is_found_below_the_grid():
    t = np.linspace(0, 2, 81)
    reduction = Reduction("minimum_xi2")
    values = reduction.compute({"time": t, "xi2": xi2_model(t)})
    lowest = int(np.argmin(xi2_model(t)))
    bracket = (t[lowest - 1], t[lowest + 1])
    exact = minimize_scalar(xi2_model, bounds=bracket, method="bounded", options={"xatol": 1e-12})
    assert abs(values["minimum_xi2"] - exact.fun) < 0.05 * abs(xi2_model(t).min() - exact.fun)
    assert abs(values["minimum_xi2_time"] - exact.x) < 1e-3


def test_the_parabola_is_exact_for_an_exponential_of_one_on_any_grid():
    t = np.array([0.0, 0.1, 0.35, 0.5, 0.9, 1.0])
    xi2 = 0.3 * np.exp(2.0 * (t - 0.42) ** 2)
    values = Reduction("minimum_xi2").compute({"time": t, "xi2": xi2})
    assert values == pytest.approx({"minimum_xi2": 0.3, "minimum_xi2_time": 0.42}, rel=1e-12)


def test_the_maximum_is_found_below_the_grid():
    t = np.linspace(0, 1, 11)
    data = {"time": t, "emission_rate": 5 - (t - 0.37) ** 2}
    values = Reduction("maximum", variable="emission_rate").compute(data)
    assert values == pytest.approx({"maximum_emission_rate": 5.0, "maximum_emission_rate_time": 0.37})


def test_only_times_after_the_given_one_count():
    t = np.linspace(0, 2, 201)
    data = {"time": t, "xi2": xi2_model(t)}
    late = Reduction("minimum_xi2", after=0.5, label="late").compute(data)
    early = Reduction("minimum_xi2").compute({key: value[t < 0.5] for key, value in data.items()})
    assert 0.15 < early["minimum_xi2_time"] < 0.3
    assert 1.8 < late["late_time"] < 1.9
    assert late["late"] < early["minimum_xi2"]
    at_the_edge = Reduction("minimum_xi2", after=1.6).compute({"time": t, "xi2": np.exp(t)})
    assert at_the_edge["minimum_xi2_time"] == t[161]


@pytest.mark.parametrize("after", np.linspace(0.0, 1.9, 39))
def test_a_refined_minimum_never_lies_before_the_allowed_times(after):
    t = np.linspace(0, 2, 21)
    values = Reduction("minimum_xi2", after=after).compute({"time": t, "xi2": xi2_model(t)})
    assert values["minimum_xi2_time"] > after
    assert values["minimum_xi2"] <= xi2_model(t)[t > after].min()


@pytest.mark.parametrize("gap", [2, 4])
def test_a_minimum_beside_a_gap_stays_on_the_grid(gap):
    t = np.linspace(0, 1, 7)
    xi2 = 1 + (t - 0.52) ** 2
    xi2[gap] = math.nan
    values = Reduction("minimum_xi2").compute({"time": t, "xi2": xi2})
    assert values == {"minimum_xi2": xi2[3], "minimum_xi2_time": t[3]}


@pytest.mark.parametrize("xi2", [[3.0, 2.0, 1.0], [1.0, 2.0, 3.0], [2.0, 2.0, 2.0], [1.0, -1.0, 1.0]])
def test_ends_flat_curves_and_negative_values_are_not_refined(xi2):
    values = Reduction("minimum_xi2").compute({"time": [0.0, 1.0, 2.0], "xi2": xi2})
    assert values == {"minimum_xi2": min(xi2), "minimum_xi2_time": float(np.argmin(xi2))}


@pytest.mark.parametrize("text", TEXTS)
def test_no_finite_value_gives_nan_without_a_warning(text):
    nothing = np.full(5, math.nan)
    reduction = Reduction.parse(text).resolve({"N": 10, "Gamma": 1.0, "critical_n_eff": 9.0})
    data = {"time": np.arange(5.0), "xi2": nothing, "n_eff": nothing, "emission_rate": nothing}
    data["spin"] = np.full((5, 3), math.nan)
    values = reduction.compute(data)
    assert set(values) == {output.name for output in reduction.outputs}
    assert all(math.isnan(value) for value in values.values())


@pytest.mark.parametrize("text", TEXTS)
def test_a_steady_state_is_a_series_of_one(text):
    reduction = Reduction.parse(text).resolve({"N": 10, "Gamma": 1.0})
    data = {"time": [math.inf], "xi2": [0.5], "n_eff": [8.0], "emission_rate": [2.0], "spin": [[1.0, 2.0, 3.0]]}
    values = reduction.compute(data)
    first = values[reduction.label]
    expected = {"spin": {"x": 1.0, "z": 3.0}.get(reduction.arguments.get("axis", ""))}
    if reduction.name == "t_star":
        assert math.isnan(first)
    else:
        assert first == expected.get(
            reduction.variable, {"xi2": 0.5, "n_eff": 8.0, "emission_rate": 2.0}.get(reduction.variable)
        )


def test_final_is_the_last_finite_value():
    values = Reduction("final").compute({"time": [0.0, 1.0, 2.0], "xi2": [1.0, 0.5, math.nan]})
    assert values == {"final_xi2": 0.5, "final_xi2_time": 1.0}


def test_t_star_is_where_n_eff_falls_to_the_critical_number():
    t = np.linspace(0, 1, 6)
    data = {"time": t, "n_eff": 100 - 30 * t}
    assert Reduction("t_star", n_eff=91.0).compute(data) == {"t_star": pytest.approx(0.3)}
    assert Reduction("t_star", n_eff="0.91*N").resolve({"N": 100}).compute(data) == {"t_star": pytest.approx(0.3)}
    assert Reduction("t_star").compute({**data, "critical_n_eff": 91.0}) == {"t_star": pytest.approx(0.3)}
    moving = {**data, "critical_n_eff": np.where(t < 0.5, 50.0, 82.0)}
    assert Reduction("t_star").compute(moving) == {"t_star": pytest.approx(0.6)}
    assert Reduction("t_star").compute({**data, "t_star": 0.123}) == {"t_star": 0.123}


def test_t_star_is_nan_where_n_eff_never_falls_to_the_level():
    t = np.linspace(0, 1, 6)
    data = {"time": t, "n_eff": 100 - 30 * t}
    gap = {"time": t, "n_eff": np.where(t == t[1], math.nan, data["n_eff"])}
    cases = [({"n_eff": 50.0}, data), ({}, data), ({"n_eff": 100.0}, data), ({"n_eff": 120.0}, data)]
    for arguments, series in [*cases, ({"n_eff": 95.0}, gap), ({}, {**data, "critical_n_eff": math.inf})]:
        assert math.isnan(Reduction("t_star", **arguments).compute(series)["t_star"])


def test_reductions_take_data_sets():
    xarray = pytest.importorskip("xarray")
    t = np.linspace(0, 1, 11)
    ds = xarray.Dataset(
        {"xi2": ("time", 1 + (t - 0.5) ** 2), "spin": (("time", "axis"), np.outer(t, [1.0, 2.0, 3.0]))},
        coords={"time": t, "axis": ["x", "y", "z"]},
    )
    assert Reduction("minimum_xi2").compute(ds)["minimum_xi2"] == pytest.approx(1.0)
    assert Reduction("maximum", variable="spin", axis="z").compute(ds)["maximum_spin_z"] == 3.0


def test_a_variable_that_is_not_there_or_no_series_is_refused():
    data = {"time": [0.0, 1.0], "xi2": [1.0, 1.0], "spin": np.zeros((2, 3))}
    with pytest.raises(InvalidScenarioError) as caught:
        Reduction("final", variable="xi3").compute(data)
    assert str(caught.value) == "there is no variable 'xi3' to reduce; did you mean 'xi2'?"
    with pytest.raises(InvalidScenarioError, match="is no series over time"):
        Reduction("final", variable="spin").compute(data)
    with pytest.raises(InvalidScenarioError, match="has no axis z"):
        Reduction("final", variable="xi2", axis="z").compute(data)


def test_an_expression_must_be_resolved_before_it_is_used():
    reduction = Reduction("minimum_xi2", after="6/(N*Gamma)")
    with pytest.raises(InvalidScenarioError, match="resolve the reduction first"):
        reduction.compute({"time": [0.0], "xi2": [1.0]})
    with pytest.raises(InvalidScenarioError) as caught:
        reduction.resolve({"N": 3, "gamma": 1.0})
    assert str(caught.value) == (
        "reduction minimum_xi2: after = '6/(N*Gamma)': unknown name 'Gamma'; did you mean 'gamma'?"
    )


@pytest.mark.parametrize(
    ("name", "long_name", "units"),
    [
        ("minimum_xi2", "minimum squeezing parameter ξ²", "1"),
        ("minimum_xi2_time", "time of the minimum squeezing parameter ξ²", "1/rate"),
        ("final_xi2", "last xi2", "1"),
        ("maximum_emission_rate_time", "time of the maximum emission_rate", "1/rate"),
        ("t_star", "time at which N_eff falls to its critical value", "1/rate"),
        ("something_else", "something_else", "1"),
    ],
)
def test_results_are_described_by_name(name, long_name, units):
    assert describe(name) == {"long_name": long_name, "units": units}


def test_labelled_results_are_described_by_their_reduction():
    late = Reduction("minimum_xi2", label="late")
    assert describe("late_time", [late])["units"] == "1/rate"
    assert describe("late", [late])["long_name"] == "minimum squeezing parameter ξ²"


TIMES = np.arange(6.0)


@pytest.mark.parametrize(
    ("xi2", "n_eff", "n_c", "rule", "index"),
    [
        ([1, 0.5, 0.4, 0.9, 1.1, 2], [20, 19, 18, 17, 16, 15], 18, StopRule(), 4),
        ([1, 0.5, 0.4, 1.9, 2.1, 3], [20, 19, 19, 19, 17, 15], 18, StopRule(), 4),
        ([1, 0.5, 0.4, 1.9, 2.1, 3], [20, 19, 19, 19, 17, 15], 18, StopRule(threshold=2.5), 5),
        ([2, 2, 2, 2, 2, 2], [1, 1, 1, 1, 1, 1], 18, StopRule(after=2.0), 3),
        ([1, 0.5, 0.4, 0.9, 0.9, 1], [20, 19, 18, 17, 16, 15], 18, StopRule(), -1),
        ([2, 2, 2, 2, 2, 2], [20, 20, 20, 20, 20, 20], 18, StopRule(), -1),
        ([2, 2, 2, math.nan, 2, 2], [20, 20, math.nan, 1, 1, 1], 18, StopRule(), 4),
        ([2] * 6, [1] * 6, math.inf, StopRule(), -1),
        ([2] * 6, [1] * 6, math.nan, StopRule(), -1),
        ([2] * 6, [10] * 6, [5, 5, 5, 5, 5, 11], StopRule(), 5),
        ([math.nan] * 6, [math.nan] * 6, 18, StopRule(), -1),
    ],
)
def test_squeezing_is_lost_when_xi2_is_high_and_n_eff_is_below_critical(xi2, n_eff, n_c, rule, index):
    assert rule.holds(TIMES, xi2, n_eff, n_c) == index


def test_a_stop_rule_resolves_and_reads_back():
    rule = StopRule(threshold="1 + 1/N", after="6/(N*Gamma)")
    assert rule.resolve({"N": 4, "Gamma": 1.5}) == StopRule("squeezing_lost", 1.25, 1.0)
    assert StopRule.from_json(rule.to_json()) == rule
    assert StopRule.from_dict({}) == StopRule()
    with pytest.raises(InvalidScenarioError, match="resolve the rule first"):
        rule.holds([0.0], [2.0], [1.0], 2.0)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"rul": 1}, "stop: unknown key 'rul'; did you mean 'rule'?"),
        ({"rule": "squeezing_los"}, "stop: unknown rule 'squeezing_los'; did you mean 'squeezing_lost'?"),
        ({"threshold": math.inf}, "stop.threshold = inf: the result is not finite; give a finite number"),
        ({"after": True}, "stop.after = True: expected a number or an expression such as '12/gamma_s'"),
        (3, "stop = 3 is no table: write rule, threshold and after"),
    ],
)
def test_a_malformed_stop_rule_is_refused(data, message):
    with pytest.raises(InvalidScenarioError) as caught:
        StopRule.from_dict(data)
    assert str(caught.value) == message
