"""The file of a report: all panels from a run with every status, their data, and nothing of anybody else's."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

import squeezebench as sb
from squeezebench.cli.main import main
from squeezebench.execution import STATUSES
from squeezebench.report import write_report
from squeezebench.report.html.plots import DARK, LIGHT

from .conftest import ATTACK
from .pages import PANELS, contrast, data_of, elements


def test_the_page_has_every_panel_with_data_and_the_command_that_makes_them_again(report: Path) -> None:
    found = elements(report)
    assert [attrs.get("id") for tag, attrs in found if tag == "section"] == list(PANELS)
    text = report.read_text(encoding="utf-8")
    assert text.count("Again: <code>squeezebench ") == len(PANELS)
    for panel in PANELS:
        assert data_of(report, panel), panel


def test_nothing_in_the_page_points_outside_of_it(report: Path) -> None:
    for tag, attrs in elements(report):
        assert tag not in ("iframe", "object", "embed", "base", "form", "img")
        for name in ("src", "href"):
            address = attrs.get(name)
            assert address is None or address.startswith(("#", "data:")), (tag, address)
    assert report.stat().st_size < 5e6


def test_text_of_plugins_and_files_is_escaped(report: Path) -> None:
    text = report.read_text(encoding="utf-8")
    assert ATTACK not in text
    assert "<img" not in text.split("<script>")[0]
    assert "&lt;img src=x onerror=" in text
    assert not any(name.startswith("on") for _, attrs in elements(report) for name in attrs)


def test_the_csv_does_not_hand_formulas_to_a_spreadsheet() -> None:
    from squeezebench.report.html.markup import to_csv

    assert to_csv([["=HYPERLINK(1)", "+1", "@x", "fine", -1.5, float("nan")]]) == "'=HYPERLINK(1),'+1,'@x,fine,-1.5,\n"


def test_every_status_is_there_with_its_reason(report: Path) -> None:
    rows = data_of(report, "statuses")
    assert {row["status"] for row in rows} == set(STATUSES)
    for row in rows:
        assert row["status"] == "ok" or row["reason"], row
    assert any("exit code 7" in row["reason"] for row in rows)


def test_the_verdict_comes_first_and_names_the_broken_claim(report: Path) -> None:
    text = report.read_text(encoding="utf-8")
    assert text.index('id="verdict"') < text.index('id="agreement"')
    assert "A claim is broken" in text
    broken = {row["solver"] for row in data_of(report, "verdict") if row["broken"] == "true"}
    assert "wrong" in broken
    assert "mean_field" not in broken


def test_the_numbers_of_the_page_are_those_of_the_store(report: Path, every_status: Path) -> None:
    results = sb.load(every_status)
    rows = data_of(report, "squeezing")
    for k, label in enumerate(results.solver.values):
        for n, N in enumerate(results.N.values):
            mine = [row for row in rows if row["solver"] == label and row["point"] == f"N = {N}"]
            stored = results.xi2.values[k, n]
            if np.isfinite(results.spin.values[k, n]).any():
                shown = [float(row["xi2"]) if row["xi2"] else np.nan for row in mine]
                np.testing.assert_allclose(shown, stored, rtol=1e-9)
            else:
                assert mine == []


def test_deviations_are_from_the_reference(report: Path, every_status: Path) -> None:
    results = sb.load(every_status).isel(N=0)
    rows = [row for row in data_of(report, "deviations") if row["point"] == "N = 3" and row["solver"] == "wrong"]
    verdicts = data_of(report, "verdict")
    reference = next(
        row["solver"] for row in verdicts if row["verdict"] in ("reference", "differ") and row["point"] == "N = 3"
    )
    xi2 = results.xi2.sel(solver="wrong").values / results.xi2.sel(solver=reference).values
    shown = [float(row["xi2_deviation"]) if row["xi2_deviation"] else 0.0 for row in rows]
    np.testing.assert_allclose(shown, np.abs(xi2 - 1), atol=1e-9)


def test_the_same_run_gives_the_same_verdicts_as_the_command(report: Path, every_status: Path, capsys) -> None:
    with pytest.raises(SystemExit) as done:
        main(["compare", str(every_status), "--json"])
    assert done.value.code == 1
    said = json.loads(capsys.readouterr().out)["verdicts"]
    shown = data_of(report, "verdict")
    assert [row["verdict"] for row in shown] == [row["verdict"] for row in said]


def test_the_command_writes_a_report_and_says_how_large(every_status: Path, tmp_path: Path, capsys) -> None:
    target = tmp_path / "r.html"
    with pytest.raises(SystemExit) as done:
        main(["report", str(every_status), "-o", str(target), "--json"])
    assert not done.value.code
    assert json.loads(capsys.readouterr().out)["bytes"] == target.stat().st_size


def test_lines_stand_out_from_the_page_and_text_even_more() -> None:
    from squeezebench.report.html.page import _own

    assert all(contrast(colour, "#ffffff") >= 3 for colour in LIGHT)
    assert all(contrast(colour, "#14171a") >= 3 for colour in DARK)
    for block in re.findall(r":root[^{]*{([^}]*)}", _own("report.css")):
        colours = dict(re.findall(r"--([\w-]+): (#\w+)", block))
        for ink, back in (("ink", "page"), ("soft", "page"), ("link", "page"), ("ink", "panel"), ("soft", "panel")):
            assert contrast(colours[ink], colours[back]) >= 4.5, (ink, back)
        for kind in ("good", "bad", "open"):
            assert contrast(colours[kind], colours[f"{kind}-back"]) >= 4.5, kind


def test_a_hundred_cells_make_less_than_five_megabytes(tmp_path: Path) -> None:
    scenario = sb.Scenario(
        name="hundred",
        model={"type": "driven_cavity", "N": 20, "gamma_s": 1.0},
        axes={"upsilon_ratio": [float(u) for u in np.linspace(0.3, 1.2, 25)]},
        times={"stop": 1.0, "num": 1001},
        solvers=["mean_field", "cumulant:order=2", "cumulant:order=3", "cumulant:order=2,tier=fast"],
        keep=["series"],
    )
    results = sb.run(scenario, store=tmp_path / "results")
    assert results.status.size == 100
    assert write_report(tmp_path / "results", tmp_path / "report.html").stat().st_size < 5e6


@pytest.mark.parametrize(
    ("changes", "panels", "absent"),
    [
        (
            {"axes": {"upsilon_ratio": [0.3, 0.9], "chi": [0.0, 1.0]}, "keep": [], "reductions": ["minimum_xi2"]},
            ("sweep",),
            ("squeezing", "deviations", "work"),
        ),
        ({"axes": {"N": [4, 8]}, "times": [float("inf")], "solvers": ["steady_state"]}, ("sweep",), ("squeezing",)),
        ({"axes": {}, "keep": ["series"]}, ("squeezing",), ("sweep", "scaling")),
    ],
    ids=["a map of reductions", "steady states", "one point"],
)
def test_a_report_has_the_panels_for_which_there_are_data(changes, panels, absent, tmp_path: Path) -> None:
    entries = {
        "name": "some",
        "model": {"type": "driven_cavity", "N": 6, "upsilon_ratio": 0.8},
        "times": {"stop": 1.0, "num": 11},
        "solvers": ["mean_field", "cumulant:order=2"],
    }
    for axis in changes["axes"]:
        entries["model"].pop(axis, None)
    results = sb.run(sb.Scenario(**{**entries, **changes}), store=tmp_path / "results")
    target = write_report(tmp_path / "results", tmp_path / "report.html")
    found = [attrs.get("id") for tag, attrs in elements(target) if tag == "section"]
    assert set(panels) <= set(found)
    assert not set(absent) & set(found)
    choices = any("data-solver" in attrs for _, attrs in elements(target))
    assert choices == (len(changes["axes"]) < 2)  # maps have no lines that could be hidden
    if "sweep" in found:
        name = "minimum_xi2" if "minimum_xi2" in results else "xi2"
        for row in data_of(target, "sweep"):
            where = {axis: type(results[axis].values[0])(row[axis]) for axis in changes["axes"]}
            stored = float(results[name].sel(solver=row["solver"], **where).squeeze())
            assert float(row[name]) == pytest.approx(stored, rel=1e-9)
