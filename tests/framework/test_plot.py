"""sb.plot: what is on the axes is what is in the data set; and the small plot of the terminal shows the same curve."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import squeezebench as sb
from squeezebench import InvalidOptionError
from squeezebench.cli.chart import xi2_chart
from squeezebench.plot.data import plain


@pytest.fixture(autouse=True)
def _no_window(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    import matplotlib.pyplot as plt

    before = plt.get_backend()
    plt.switch_backend("agg")
    yield
    plt.close("all")
    plt.switch_backend(before)


MODEL = sb.SpinModel.driven_cavity(N=6, upsilon_ratio=0.9, gamma_s=1.0)
PROBLEM = sb.Problem(MODEL, times=np.linspace(0, 1, 21))


@pytest.fixture(scope="module")
def few():
    return sb.solve(PROBLEM, "qutip")


@pytest.fixture(scope="module")
def results():
    scenario = sb.Scenario(
        name="few",
        model={"type": "driven_cavity", "gamma_s": 1.0, "upsilon_ratio": 0.9},
        axes={"N": [4, 6]},
        times={"stop": 1.0, "num": 21},
        solvers=["mean_field", "cumulant:order=2", "qutip", "steady_state"],
        keep=["series"],
    )
    return sb.run(scenario)


def test_squeezing_and_n_eff_show_the_numbers_of_the_data_set(few) -> None:
    axes = sb.plot.squeezing(few)
    np.testing.assert_array_equal(axes.get_lines()[0].get_xdata(), few.time)
    np.testing.assert_array_equal(axes.get_lines()[0].get_ydata(), few.xi2)
    axes = sb.plot.n_eff(few)
    np.testing.assert_array_equal(axes.get_lines()[0].get_ydata(), few.n_eff)
    assert axes.get_lines()[-1].get_ydata()[0] == pytest.approx(MODEL.critical_n_eff)


def test_the_right_axis_shows_the_same_in_decibels(few) -> None:
    axes = sb.plot.squeezing(few)
    right = next(other for other in axes.figure.axes if other is not axes)
    np.testing.assert_allclose(right.get_ylim(), 10 * np.log10(axes.get_ylim()))


def test_further_data_sets_go_on_the_same_axes_with_other_colours(few) -> None:
    axes = sb.plot.squeezing(few)
    assert sb.plot.squeezing(sb.solve(PROBLEM, "mean_field"), ax=axes, label="no squeezing") is axes
    lines = [line for line in axes.get_lines() if len(line.get_xdata()) > 2]
    assert len({line.get_color() for line in lines}) == 2
    assert len(axes.figure.axes) == 2
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["qutip", "no squeezing"]


def test_a_run_has_a_line_for_each_solver_with_values_and_one_point_must_be_chosen(results) -> None:
    axes = sb.plot.squeezing(results.sel(N=6))
    assert [t.get_text() for t in axes.get_legend().get_texts()] == ["mean_field", "cumulant(order=2)", "qutip"]
    with pytest.raises(InvalidOptionError, match=r"2 points along 'N': choose one, such as ds.sel\(N=4\)"):
        sb.plot.squeezing(results)


def test_spin_is_in_units_of_half_n(few) -> None:
    axes = sb.plot.spin(few)
    for k, line in enumerate(axes.get_lines()):
        np.testing.assert_allclose(line.get_ydata(), few.spin[:, k] / 3)


def test_deviations_are_from_the_strongest_claim_or_the_given_one(results, few) -> None:
    point = results.sel(N=6)
    axes = sb.plot.deviations(point)
    assert axes.get_title() == "against qutip"
    expected = np.abs(point.xi2.sel(solver="mean_field") / point.xi2.sel(solver="qutip") - 1)
    np.testing.assert_allclose(axes.get_lines()[0].get_ydata()[1:], expected[1:])
    assert sb.plot.deviations(point, "mean_field").get_title() == "against mean_field"
    other = sb.solve(PROBLEM, "mean_field")
    np.testing.assert_allclose(sb.plot.deviations(other, few).get_lines()[0].get_ydata()[1:], expected[1:], rtol=1e-6)
    with pytest.raises(InvalidOptionError, match="reference = 'nobody': the data set has mean_field"):
        sb.plot.deviations(point, "nobody")
    with pytest.raises(InvalidOptionError, match="give reference="):
        sb.plot.deviations(few)


def test_agreement_writes_each_deviation_into_its_field(results) -> None:
    axes = sb.plot.agreement(results.sel(N=6))
    pairs = sb.compare(results).sel(N=6, observable="xi2")
    shown = {text.get_position(): text.get_text() for text in axes.texts}
    assert shown[(2, 0)].endswith(f"{float(pairs.relative_deviation[0, 2]):.1g}")
    assert (3, 0) not in shown  # steady_state has no course
    with pytest.raises(InvalidOptionError, match="there are xi2, n_eff, spin, covariance"):
        sb.plot.agreement(results.sel(N=6), "contrast")


def test_husimi_integrates_to_one_over_the_axes_that_it_is_drawn_on() -> None:
    axes = sb.plot.husimi(sb.CoherentSpinState(1.0, 0.5).dicke_blocks(10), 0)
    values = axes.collections[0].get_array()
    area = (2 / (values.shape[0] - 1)) * (2 * np.pi / (values.shape[1] - 1))
    sums = np.trapezoid(np.trapezoid(values, axis=1), axis=0)
    assert float(sums * area) == pytest.approx(1, rel=1e-3)


def test_trajectories_are_drawn_with_the_ensemble_over_them() -> None:
    ds = sb.solve(PROBLEM, "mcwf", n_trajectories=64, seed=1, keep={"trajectories"})
    axes = sb.plot.trajectories(ds, number=5)
    lines = axes.get_lines()
    assert len(lines) == 6
    np.testing.assert_array_equal(lines[2].get_ydata(), ds.xi2_trajectory.transpose("trajectory", "time")[2])
    np.testing.assert_array_equal(lines[5].get_ydata(), ds.xi2)
    bands = sb.plot.squeezing(ds).collections
    assert len(bands) == 1
    with pytest.raises(InvalidOptionError, match="no trajectories"):
        sb.plot.trajectories(sb.solve(PROBLEM, "mean_field"))


def test_a_label_is_never_mathematics_nor_hidden() -> None:
    assert plain("a$b$") == r"a\$b\$"
    assert plain("_a") == " _a"


@pytest.mark.parametrize("what", [3, sb.steady_state(sb.SpinModel.driven_cavity(N=4, upsilon_ratio=0.5))])
def test_what_cannot_be_drawn_is_said(what) -> None:
    with pytest.raises(InvalidOptionError, match=r"no course of xi2 over time|no data set"):
        sb.plot.squeezing(what)


@pytest.fixture(scope="module")
def swept():
    scenario = sb.Scenario(
        name="swept",
        model={"type": "driven_cavity", "gamma_s": 1.0},
        axes={"N": [4, 6], "upsilon_ratio": [0.5, 0.9]},
        times={"stop": 1.0, "num": 11},
        solvers=["mean_field", "cumulant:order=2", "qutip"],
        keep=["series"],
    )
    return sb.run(scenario)


ALL = (sb.plot.squeezing, sb.plot.n_eff, sb.plot.spin, sb.plot.deviations, sb.plot.agreement, sb.plot.trajectories)


@pytest.mark.parametrize("draw", ALL, ids=lambda draw: draw.__name__)
def test_a_sweep_is_refused_with_a_selection_of_every_axis_that_works(draw, swept) -> None:
    with pytest.raises(InvalidOptionError, match=r"2 x 2 points along 'N', 'upsilon_ratio'") as said:
        draw(swept)
    selection = str(said.value).split("such as ")[1]
    assert selection == "ds.sel(N=4, upsilon_ratio=0.5)"
    if draw is not sb.plot.trajectories:  # nobody here is sampled
        draw(eval(selection, {"ds": swept}))


@pytest.mark.parametrize("draw", ALL[:5], ids=lambda draw: draw.__name__)
def test_a_course_that_ends_early_is_drawn_on_the_given_axes_up_to_its_end(draw, swept) -> None:
    import matplotlib.pyplot as plt

    point = swept.sel(N=6, upsilon_ratio=0.9).copy(deep=True)
    for name in ("xi2", "n_eff", "spin", "covariance"):
        point[name][{"solver": 1, "time": slice(6, None)}] = np.nan
    axes = plt.subplots()[1]
    assert draw(point, ax=axes) is axes
    if draw is not sb.plot.agreement:
        assert {int(np.isfinite(line.get_ydata()).sum()) for line in axes.get_lines()} & {5, 6}
        assert all(np.isfinite(axes.get_ylim()))


def test_two_times_make_a_line_and_the_next_one_has_another_colour() -> None:
    problem = sb.Problem(MODEL, times=[0, 1])
    axes = sb.plot.squeezing(sb.solve(problem, "mean_field"))
    sb.plot.squeezing(sb.solve(problem, "qutip"), ax=axes)
    first, second = (line for line in axes.get_lines() if not str(line.get_label()).startswith("_"))
    assert first.get_color() != second.get_color()


def test_every_public_function_has_an_example() -> None:
    assert all(">>>" in getattr(sb.plot, name).__doc__ for name in sb.plot.__all__)


# -------------------------------------------------------------------- in a terminal


def dots(chart: str) -> np.ndarray:
    """Dots (rows from below, columns) of a chart."""
    lines = [line.split("┤")[1] for line in chart.splitlines() if "┤" in line]
    width = max(len(line) for line in lines)
    bits = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
    picture = np.zeros((4 * len(lines), 2 * width), dtype=bool)
    for i, line in enumerate(lines):
        for k, character in enumerate(line):
            for row in range(4):
                for column in range(2):
                    picture[4 * i + row, 2 * k + column] = ord(character) - 0x2800 & bits[row][column]
    return picture[::-1]


def test_the_chart_has_a_dot_wherever_the_curve_is() -> None:
    t = np.linspace(0, 2, 301)
    xi2 = 10 ** (0.1 * (-3 * np.sin(2 * t)))
    picture = dots(xi2_chart(t, xi2))
    db = 10 * np.log10(xi2)
    low, high = min(db.min(), 0), max(db.max(), 0)
    low, high = low - 0.05 * (high - low), high + 0.05 * (high - low)
    rows = (np.interp(np.linspace(0, 2, 120), t, db) - low) / (high - low) * 39
    for column, row in enumerate(rows):
        assert picture[round(row), column]


@pytest.mark.parametrize(
    ("t", "xi2"), [([0, 1], [np.nan, np.nan]), ([0], [1]), ([np.inf], [0.4]), ([0, 1], [-1, 0]), ([], [])]
)
def test_where_there_is_nothing_to_draw_there_is_no_chart(t, xi2) -> None:
    assert xi2_chart(t, xi2) == ""


def test_a_constant_and_a_wide_range_make_a_chart_too() -> None:
    assert "0 ┤" in xi2_chart([0, 1], [1, 1])
    assert len(xi2_chart([0, 1, 2], [1, 1e-9, 1e9]).splitlines()) == 13


SOLVE = ("solve", "-s", "mean_field", "-N", "20", "--gamma-s", "4", "--stop", "0.2", "--num", "11")


def solve(*more: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """The command in a process of its own, its output into a pipe."""
    command = [sys.executable, "-m", "squeezebench", *SOLVE, *more]
    return subprocess.run(command, capture_output=True, check=True, env={**os.environ, **environment})


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_without_utf8_gets_the_nearest_characters(encoding: str) -> None:
    done = solve(PYTHONIOENCODING=encoding, PYTHONUTF8="0")
    text = done.stdout.decode(encoding)
    assert "min xi" in text
    assert "1.0767" in text
    assert "********" in text
    assert "?" not in text


def test_a_pipe_gets_no_control_characters() -> None:
    text = solve(PYTHONIOENCODING="utf-8").stdout.decode("utf-8")
    assert "ξ² over time" in text
    assert all(character.isprintable() or character == "\n" for character in text)


def test_json_is_all_of_standard_output_and_has_null_where_there_is_no_number(tmp_path: Path) -> None:
    done = solve("--json", "-o", str(tmp_path / "ds.nc"), PYTHONIOENCODING="ascii")
    data = json.loads(done.stdout, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert data["t_star"] is None  # N_eff stays above N_c
    with xr.open_dataset(tmp_path / "ds.nc", engine="h5netcdf") as ds:
        np.testing.assert_array_equal(ds.xi2, data["xi2"])
    assert [path.name for path in tmp_path.iterdir()] == ["ds.nc"]


def test_numbers_are_whole_on_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    from rich.console import Console

    from squeezebench.cli import output

    monkeypatch.setattr(output, "console", lambda *, stderr=False: Console(width=20, highlight=False))
    output.print_table(
        "a title", [("words", "left"), ("n", "right"), ("m", "right")], [["two words", "1.07671", "19.3456"]]
    )
    text = capsys.readouterr().out
    assert "1.07671" in text
    assert "19.3456" in text


def test_what_stands_for_a_character_is_ascii() -> None:
    from squeezebench.cli.plain_text import nearest_text

    for character in "ξ²⟨J⟩ΔχγΓΥ·–−…≠✓✗∞±→⠀⣿éüπ":
        assert nearest_text(character).isascii()
    assert nearest_text("é") == "e"
    assert nearest_text("\u4e2d") == "?"
