"""Figures: found by name, drawn from data sets, written as files; what is wrong is said before anything is computed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import squeezebench as sb
from squeezebench import InvalidOptionError, StoreError
from squeezebench.cli.main import main
from squeezebench.report import FigureSpec, draw, figure_names, figure_spec, save
from squeezebench.report.style import COLOURS, add_db_axis, matplotlib_style, sequence
from squeezebench.scenario import builtin_names

HEAD = {".pdf": b"%PDF", ".png": b"\x89PNG", ".svg": b"<?xml"}


def scenario(**changes):
    entries = {
        "name": "few",
        "model": {"type": "driven_cavity", "N": 4, "gamma_s": 1.0},
        "axes": {"upsilon_ratio": [0.5, 0.9]},
        "times": {"stop": 0.5, "num": 6},
        "solvers": ["mean_field", "cumulant:order=4"],
        "reductions": ["minimum_xi2"],
    }
    return sb.Scenario(**{**entries, **changes})


def command(*arguments: str) -> int:
    with pytest.raises(SystemExit) as done:
        main(list(arguments))
    return int(done.value.code or 0)


@pytest.mark.parametrize("name", figure_names())
def test_every_figure_names_scenarios_that_are_there_and_its_own_first(name: str) -> None:
    spec = figure_spec(name)
    assert isinstance(spec, FigureSpec)
    assert spec.scenarios[0] == name
    assert set(spec.scenarios) <= set(builtin_names())
    assert spec.title
    assert 2 < spec.size[0] <= 7.1
    assert 1 < spec.size[1] < 10


def test_figures_do_not_import_matplotlib_before_they_are_drawn() -> None:
    code = (
        "import sys; from squeezebench.report import figure_names, figure_spec; "
        "[figure_spec(name) for name in figure_names()]; "
        "import squeezebench.cli.main; sys.exit('matplotlib' in sys.modules or 'numba' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("suffix", HEAD)
def test_the_command_writes_a_picture_of_each_kind(suffix: str, tmp_path: Path, capsys) -> None:
    (tmp_path / "few.toml").write_text(scenario().to_toml())
    target = tmp_path / f"a{suffix}"
    assert command("figure", str(tmp_path / "few.toml"), "-o", str(target), "--json") == 0
    assert target.read_bytes().startswith(HEAD[suffix])
    said = json.loads(capsys.readouterr().out)
    assert said["file"] == str(target)
    assert list(said["cells"].values()) == [{"ok": 4}]
    first = target.read_bytes()
    assert command("figure", str(tmp_path / "few.toml"), "-o", str(target), "--quiet") == 0
    assert target.read_bytes() == first


def test_a_figure_is_drawn_from_a_stored_run_without_computing(tmp_path: Path, monkeypatch) -> None:
    sb.run(scenario(), store=tmp_path / "results")
    (tmp_path / "few.toml").write_text(scenario().to_toml())
    monkeypatch.setattr("squeezebench.harness.runner.compute", None)  # anything that computes would fail now
    line = ("figure", str(tmp_path / "few.toml"), "--results", str(tmp_path / "results"), "-o", str(tmp_path / "a.svg"))
    assert command(*line) == 0
    with pytest.raises(StoreError, match=r"has no run 'fig1c'; it has few; 'squeezebench run fig1c -o .*' adds it"):
        draw("fig1c", results=tmp_path / "results")


def test_a_figure_shows_the_numbers_of_its_data() -> None:
    ds = sb.run(scenario())
    panels = [axes for axes in draw(ds).axes if axes.lines]
    drawn = [line.get_ydata() for line in panels[1].lines if len(line.get_ydata()) == 6]
    np.testing.assert_allclose(drawn, ds.xi2.sel(upsilon_ratio=0.9).values)


def test_a_sweep_is_drawn_as_a_line_or_a_map() -> None:
    many = np.linspace(0.1, 0.9, 13)
    lines = draw(sb.run(scenario(axes={"upsilon_ratio": many}), keep=[]))
    (axes,) = [axes for axes in lines.axes if len(axes.lines) >= 2]
    np.testing.assert_allclose(axes.lines[0].get_xdata(), many)
    both = {"gamma_s": np.geomspace(0.1, 10, 4), "upsilon_ratio": many}
    model = {"type": "driven_cavity", "N": 4}
    ds = sb.run(scenario(model=model, axes=both, solvers=["cumulant:order=4"]), keep=[])
    panel = draw(ds).axes[0]
    assert (panel.get_xscale(), panel.get_yscale()) == ("linear", "log")
    shown = panel.collections[0].get_array()
    np.testing.assert_allclose(np.ravel(shown), 10 * np.log10(ds.minimum_xi2.values).ravel())


def test_the_axis_in_db_follows_the_axis_of_xi2() -> None:
    with matplotlib_style():
        from matplotlib.figure import Figure

        for scale in ("log", "linear"):
            axes = Figure().subplots()
            axes.set_yscale(scale)
            axes.plot([0, 1], [0.25, 1.0])
            second = add_db_axis(axes)
            axes.set_ylim(0.1, 2.0)
            low, high = second.get_ylim()
            if scale == "log":
                assert (low, high) == pytest.approx((-10.0, 10 * np.log10(2.0)))
            else:
                assert (low, high) == (0.1, 2.0)
                assert second.get_yticks() == pytest.approx(
                    [10 ** (float(label.get_text().replace("−", "-")) / 10) for label in second.get_yticklabels()]
                )


def test_colours_differ_for_colour_blind_readers() -> None:
    """Under deuteranopia and protanopia (Viénot, Brettel and Mollon 1999) no two of the first six colours meet."""
    reds = {"protan": [[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.004, -0.004, 1]]}
    reds["deutan"] = [[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]]
    rgb = np.array([[int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)] for c in COLOURS[:6]]) ** 2.2
    for matrix in reds.values():
        seen = np.clip(rgb @ np.array(matrix).T, 0, 1) ** (1 / 2.2)
        apart = np.linalg.norm(seen[:, None] - seen[None, :], axis=-1)
        assert apart[~np.eye(6, dtype=bool)].min() > 0.12
    lightness = [np.dot(c[:3], [0.2126, 0.7152, 0.0722]) for c in sequence(5)]
    assert np.all(np.diff(lightness) > 0.05)


def test_saving_checks_its_arguments(tmp_path: Path) -> None:
    figure = draw(sb.run(scenario()))
    with pytest.raises(InvalidOptionError, match=r"dpi = 0: give dots an inch above 0"):
        save(figure, tmp_path / "a.png", dpi=0)
    with pytest.raises(InvalidOptionError, match=r"unknown ending '.tif' of a figure; give one of .pdf, .png, .svg"):
        save(figure, tmp_path / "a.tif")
    assert list(tmp_path.iterdir()) == []


def test_a_data_set_without_anything_to_draw_says_so() -> None:
    with pytest.raises(InvalidOptionError, match=r"neither courses over time nor a sweep|nothing to draw"):
        draw(sb.run(scenario(axes={"upsilon_ratio": [0.5]}), keep=[]))
    with pytest.raises(InvalidOptionError, match=r"needs a data set of the scenario 'fig1c_steady' too"):
        draw("fig1c", sb.run(scenario()))
    with pytest.raises(InvalidOptionError, match=r"data = 3: give data sets by the names of scenarios"):
        draw("fig1c", 3)


def test_without_matplotlib_the_command_says_how_to_get_it(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert command("figure", "fig1c", "-o", str(tmp_path / "a.pdf")) == 2
    said = capsys.readouterr().err
    assert said == (
        "error: figures need matplotlib, which is not installed: python -m pip install 'squeezebench[report]'\n"
    )


def test_a_failed_cell_is_told_and_the_rest_is_drawn(tmp_path: Path, capsys) -> None:
    small = scenario(solvers=["mean_field", "cumulant:order=2,max_steps=1"], times={"stop": 500.0, "num": 6})
    (tmp_path / "few.toml").write_text(small.to_toml())
    assert command("figure", str(tmp_path / "few.toml"), "-o", str(tmp_path / "a.png"), "-q") == 3
    assert "cells ended error" in capsys.readouterr().err
    assert (tmp_path / "a.png").exists()


def test_the_list_of_figures_is_printed(capsys) -> None:
    assert command("figure", "--list") == 0
    printed = capsys.readouterr().out
    assert all(name in printed for name in figure_names())
