"""Panels of the report that sum up: their numbers are those of the public functions for the same store."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

import squeezebench as sb
from squeezebench.cli.main import main
from squeezebench.report import write_report

from ...browser import Browser, needs_chromium
from .pages import data_of, panels_of

SIZES = [4, 8, 16]
LABELS = ["mean_field", "cumulant(order=2)", "permutational"]


def scenario(**changes) -> sb.Scenario:
    entries = {
        "name": "grown",
        "model": {"type": "driven_cavity", "upsilon_ratio": 0.9, "gamma_s": 4.0},
        "axes": {"N": SIZES},
        "times": {"stop": 0.25, "num": 21},
        "solvers": ["mean_field", "cumulant:order=2", "permutational"],
        "reductions": ["minimum_xi2"],
        "keep": ["series"],
    }
    return sb.Scenario(**{**entries, **changes})


@pytest.fixture(scope="module")
def timed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Store of three sizes, each cell timed alone."""
    folder = tmp_path_factory.mktemp("timed") / "results"
    sb.run(scenario(tolerance=0.05), store=folder, timing=1)
    return folder


@pytest.fixture(scope="module")
def page(timed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(timed, tmp_path_factory.mktemp("page") / "report.html")


def number(text: str) -> float:
    return float(text) if text else float("nan")


def test_validity_is_that_of_the_public_function_at_the_scenarios_tolerance(timed: Path, page: Path) -> None:
    found = sb.validity(sb.load(timed), 0.05)
    rows = {(row["point"], row["solver"]): row for row in data_of(page, "validity")}
    assert len(rows) == 9
    for N in SIZES:
        for label in LABELS:
            row, cell = rows[(f"N = {N}", label)], found.sel(N=N, solver=label)
            assert row["verdict"] == cell.verdict.item()
            assert row["reference"] == found.reference.sel(N=N).item()
            for name in ("max_error", "max_error_stderr", "good_until", "beyond_from"):
                np.testing.assert_allclose(number(row[name]), cell[name].item(), rtol=1e-9, err_msg=f"{label} {name}")
    assert {row["verdict"] for row in rows.values()} == {"within", "beyond", "reference"}


def test_the_command_under_the_map_gives_what_it_shows(page: Path, capsys) -> None:
    text = page.read_text(encoding="utf-8")
    section = text[text.index('<section id="validity"') :]
    command = re.search(r"Again: <code>squeezebench (validity [^<]*)</code>", section)
    assert command is not None
    with pytest.raises(SystemExit) as done:
        main([*command[1].split(), "--json"])
    assert not done.value.code
    said = json.loads(capsys.readouterr().out)["data_vars"]["max_error"]["data"]
    shown = {(row["solver"], row["point"]): number(row["max_error"]) for row in data_of(page, "validity")}
    for k, label in enumerate(LABELS[:2]):
        for i, N in enumerate(SIZES):
            assert shown[(label, f"N = {N}")] == pytest.approx(said[k][i], rel=1e-9)


def test_errors_costs_and_fronts_are_those_of_work_precision(timed: Path, page: Path) -> None:
    found = sb.work_precision(sb.load(timed))
    rows = {(row["point"], row["solver"]): row for row in data_of(page, "work")}
    assert len(rows) == 9
    for N in SIZES:
        for label in LABELS:
            row, cell = rows[(f"N = {N}", label)], found.sel(N=N, solver=label)
            for name in ("error", "error_stderr", "seconds", "peak_bytes", "error_floor"):
                np.testing.assert_allclose(number(row[name]), cell[name].item(), rtol=1e-9, err_msg=f"{label} {name}")
            for name in ("on_front", "on_memory_front"):
                assert row[name] == str(bool(cell[name])).lower()
            assert row["seconds_noted_in_passing"] == ""
            assert row["how_timed"].startswith("measured: ")
    assert any(row["on_front"] == "true" for row in rows.values())


def test_exponents_and_their_intervals_are_those_of_scaling(timed: Path, page: Path) -> None:
    found = sb.scaling(sb.load(timed)).transpose("quantity", "solver")
    rows = {(row["what"], row["solver"]): row for row in data_of(page, "scaling") if row["what"] != "cell"}
    fitted = [
        (q, s) for q in found.quantity.values for s in LABELS if np.isfinite(found.exponent.sel(quantity=q, solver=s))
    ]
    assert sorted(rows) == sorted((str(q), str(s)) for q, s in fitted)
    assert {("seconds", label) for label in LABELS} <= set(rows)
    for (quantity, label), row in rows.items():
        law = found.sel(quantity=quantity, solver=label)
        for name in ("exponent", "exponent_low", "exponent_high", "local_exponent", "prefactor", "points", "N_max"):
            np.testing.assert_allclose(number(row[name]), law[name].item(), rtol=1e-9, err_msg=f"{label} {name}")
    law = found.sel(quantity="seconds", solver="permutational")
    interval = f"{law.exponent_low.item():.2f} … {law.exponent_high.item():.2f}".replace("-", "−")
    assert interval in page.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def untimed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("untimed")
    sb.run(scenario(), store=folder / "results")
    return write_report(folder / "results", folder / "report.html")


def test_times_noted_in_passing_are_told_apart_and_are_on_no_front_and_in_no_fit(untimed: Path) -> None:
    rows = data_of(untimed, "work")
    assert all(row["seconds"] == "" and row["on_front"] == "false" for row in rows)
    assert all(float(row["seconds_noted_in_passing"]) > 0 for row in rows)
    assert all(row["how_timed"].startswith("noted in passing") for row in rows)
    assert {row["what"] for row in data_of(untimed, "scaling")} == {"cell"}
    text = untimed.read_text(encoding="utf-8")
    assert "No time was measured" in text
    assert "nothing is fitted to those" in text


EXPECTED = [
    {"quantity": "minimum_xi2", "at": {"N": 4}, "value": 0.5, "tolerance": 1e-3, "source": "a <b>wrong</b> number"},
    {"quantity": "n_eff", "at": {"N": 16, "time": 0.0}, "value": 16.0, "tolerance": 1e-9, "source": "the start"},
]


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("held")
    sb.run(scenario(expected=EXPECTED[:1]), store=folder / "results")
    write_report(folder / "results", folder / "report.html")
    return folder


def test_expected_values_stand_beside_what_was_found_as_compare_says(held: Path, capsys) -> None:
    with pytest.raises(SystemExit) as done:
        main(["compare", str(held / "results"), "--json"])
    assert done.value.code == 1
    said = json.loads(capsys.readouterr().out)["expected"]
    shown = data_of(held / "report.html", "expected")
    assert len(said) == len(shown) == 3
    for mine, theirs in zip(shown, said, strict=True):
        assert (mine["solver"], mine["result"]) == (theirs["solver"], theirs["result"])
        assert float(mine["found"]) == pytest.approx(theirs["measured"], rel=1e-9)
        assert float(mine["expected"]) == theirs["value"] == 0.5
        assert mine["failed"] == str(theirs["failed"]).lower()
        assert mine["source"] == "a <b>wrong</b> number"
    assert [row["solver"] for row in shown if row["failed"] == "true"] == ["permutational"]


def test_a_missed_value_is_said_with_the_verdict_and_its_source_is_text(held: Path) -> None:
    text = (held / "report.html").read_text(encoding="utf-8")
    verdict = text[text.index('<section id="verdict"') : text.index('<section id="agreement"')]
    assert "An expected value is missed by what claims to be exact: permutational." in verdict
    assert "a &lt;b&gt;wrong&lt;/b&gt; number" in text
    assert "<b>wrong" not in text


def test_a_single_answer_a_point_is_not_called_confirmed(tmp_path: Path) -> None:
    sb.run(scenario(solvers=["permutational"]), store=tmp_path / "results")
    text = write_report(tmp_path / "results", tmp_path / "report.html").read_text(encoding="utf-8")
    assert "One answer a point: there is nothing to hold it against." in text
    assert "No claim is broken" not in text


def test_the_headline_counts_who_agrees_with_the_reference(timed: Path, page: Path) -> None:
    rows = [row for row in data_of(page, "verdict") if row["verdict"] != "reference"]
    agree = sum(row["verdict"] == "agree" for row in rows)
    assert f"No claim is broken: {agree} of {len(rows)} answers agree with the reference." in page.read_text("utf-8")


def test_a_run_that_expects_nothing_has_no_such_panel(page: Path) -> None:
    assert "expected" not in panels_of(page)


@pytest.mark.parametrize(
    "wrong", [{"time_limit": 1e-9}, {"solvers": ["steady_state"]}], ids=["all failed", "all decline"]
)
def test_a_run_without_a_single_value_says_so_first_and_shows_no_empty_panels(wrong, tmp_path: Path) -> None:
    import warnings

    changes = {name: value for name, value in wrong.items() if name != "time_limit"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sb.run(scenario(**changes), store=tmp_path / "results", time_limit=wrong.get("time_limit"))
    target = write_report(tmp_path / "results", tmp_path / "report.html")
    assert panels_of(target) == ["verdict", "statuses", "provenance"]
    assert "No cell has a value" in target.read_text(encoding="utf-8")


@needs_chromium
def test_maps_of_two_axes_mark_what_is_beyond_and_draw_without_an_error(browser: Browser, tmp_path: Path) -> None:
    model = {"type": "driven_cavity", "gamma_s": 4.0}
    results = sb.run(scenario(model=model, axes={"N": [4, 16], "upsilon_ratio": [0.3, 0.6, 0.9]}), store=tmp_path / "r")
    opened = browser.open(write_report(tmp_path / "r", tmp_path / "report.html"))
    opened.wait_for("document.documentElement.dataset.ready")
    marks = opened.evaluate(
        """Bokeh.documents.flatMap((d) => [...d.all_models]).filter((m) => m.type === 'GlyphRenderer'
            && m.glyph.type === 'Scatter' && m.glyph.marker.value === 'x' && m.glyph.line_width.value === 2)
            .reduce((sum, m) => sum + m.data_source.data.x.length, 0)"""
    )
    beyond = int((sb.validity(results, 0.02).verdict.values == "beyond").sum())
    assert 0 < beyond == marks
    opened.size(400, 800)
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert opened.wait_for(f"{wide} === 0")
    assert opened.errors == []
    assert opened.requests == []
