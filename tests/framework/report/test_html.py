"""The report: all panels from a run with every status, by itself, in a browser without a network."""

from __future__ import annotations

import csv
import io
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import squeezebench as sb
from squeezebench.cli.main import main
from squeezebench.execution import STATUSES
from squeezebench.report import write_report
from squeezebench.report.html.plots import DARK, LIGHT

from ...browser import Browser, Page, needs_chromium
from .conftest import ATTACK
from .pages import data_of, elements

PANELS = (
    "verdict",
    "agreement",
    "expected",
    "squeezing",
    "deviations",
    "validity",
    "sweep",
    "work",
    "scaling",
    "statuses",
    "provenance",
)

#: Every element of the page and of the shadow trees that bokeh keeps its own in.
WHOLE = """(function every(root) {
    return [...root.querySelectorAll('*')].flatMap((e) => [e, ...(e.shadowRoot ? every(e.shadowRoot) : [])]);
})(document)"""


@pytest.fixture(scope="session")
def report(every_status: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(every_status, tmp_path_factory.mktemp("page") / "report.html")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with Browser() as opened:
        yield opened


@pytest.fixture
def page(report: Path, browser: Browser) -> Iterator[Page]:
    opened = browser.open(report)
    opened.wait_for("document.documentElement.dataset.ready")
    yield opened
    assert opened.errors == []
    assert opened.requests == []


# -------------------------------------------------------------------- the file


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


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, two: str) -> float:
    """Contrast ratio of the Web Content Accessibility Guidelines."""
    low, high = sorted((_luminance(one), _luminance(two)))
    return (high + 0.05) / (low + 0.05)


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


# -------------------------------------------------------------------- in a browser


@needs_chromium
def test_the_page_draws_every_panel_offline_without_a_word_on_the_console(page: Page) -> None:
    assert page.evaluate("[...document.querySelectorAll('section')].map((s) => s.id)") == list(PANELS)
    drawn = page.evaluate(f"{WHOLE}.filter((e) => e.tagName === 'CANVAS' && e.width > 100).length")
    assert drawn >= 6


@needs_chromium
def test_the_browser_would_have_noticed_an_error_and_a_request(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "bad.html").write_text("<script>fetch('http://example.com/').catch(() => 0); late()</script>")
    page = browser.open(tmp_path / "bad.html")
    page.wait_for("true")
    assert any("late is not defined" in error for error in page.errors)
    assert page.requests == ["http://example.com/"]


@needs_chromium
def test_an_attack_is_text(page: Page) -> None:
    assert page.evaluate("window.attacked === undefined")
    assert page.evaluate("document.querySelector('h1').textContent") == f"Spins that turn {ATTACK}"
    assert page.evaluate(f"{WHOLE}.filter((e) => e.tagName === 'IMG').length") == 0


@needs_chromium
def test_hovering_over_a_line_shows_its_values_and_an_attack_in_them_as_text(page: Page) -> None:
    place = page.evaluate(
        """(() => {
            const doc = Bokeh.documents.find((d) => [...d.all_models].some((m) => m.name === 'plot xi2'));
            const plot = [...doc.all_models].find((m) => m.name === 'plot xi2');
            const source = [...doc.all_models].find((m) => m.name === 'course xi2 0');
            const find = (view) => view.model === plot ? view : [...view.children()].map(find).find((v) => v);
            const view = [...Bokeh.index.roots].map(find).find((v) => v);
            view.el.scrollIntoView({block: 'center'});
            const box = view.el.getBoundingClientRect();
            const k = Math.floor(source.data.t.length / 2);
            return [box.x + view.frame.x_scale.compute(source.data.t[k]),
                    box.y + view.frame.y_scale.compute(source.data.xi2[k]), source.data.xi2[k]];
        })()"""
    )
    tooltip = f"{WHOLE}.filter((e) => e.shadowRoot && /Tooltip/.test(e.className))"
    tooltip += ".map((e) => e.shadowRoot.textContent).join()"
    end, shown = time.monotonic() + 20, ""
    while time.monotonic() < end and "fine" not in shown:
        page.move(place[0] - 3, place[1])
        page.move(place[0], place[1])
        time.sleep(0.1)
        shown = page.evaluate(tooltip)
    assert f"fine {ATTACK}" in shown
    assert f"{place[2]:.4f}"[:5] in shown
    assert page.evaluate("window.attacked === undefined")


@needs_chromium
def test_the_legend_toggles_by_click_and_by_keyboard(page: Page) -> None:
    visible = (
        "Bokeh.documents.flatMap((d) => [...d.all_models]).filter((m) => m.name === 'solver 2').map((m) => m.visible)"
    )
    assert all(page.evaluate(visible))
    page.evaluate("document.querySelector('[data-solver=\"2\"]').focus()")
    page.press(" ")
    assert not any(page.evaluate(visible))
    page.evaluate(
        "Bokeh.documents.flatMap((d) => [...d.all_models]).find((m) => m.name === 'solver 2').visible = true"
    )  # as a click on bokeh's own legend does
    assert all(page.evaluate(visible))
    assert page.evaluate("document.querySelector('[data-solver=\"2\"]').checked")


@needs_chromium
def test_another_point_shows_its_own_numbers(page: Page) -> None:
    n_eff = "Bokeh.documents.flatMap((d) => [...d.all_models]).find((m) => m.name === 'course n 0').data.n[0]"
    assert page.evaluate(n_eff) == pytest.approx(3, rel=1e-6)
    page.evaluate(
        "(() => { const c = document.getElementById('point'); c.value = '1'; c.dispatchEvent(new Event('change')); })()"
    )
    assert page.evaluate(n_eff) == pytest.approx(4, rel=1e-6)
    shown = (
        "[...document.querySelectorAll('[data-point]')].filter((e) => !e.hidden).every((e) => e.dataset.point === '1')"
    )
    assert page.evaluate(shown)


@needs_chromium
def test_zoom_works_without_a_mouse_and_resets(page: Page) -> None:
    span = (
        "(() => { const p = Bokeh.documents.flatMap((d) => [...d.all_models]).find((m) => m.name === 'plot xi2');"
        "return p.x_range.end - p.x_range.start; })()"
    )
    press = "document.querySelector('[data-zoom=squeezing][data-by=\"{}\"]').click()"
    assert page.evaluate(span) == pytest.approx(1)
    page.evaluate(press.format("0.5"))
    assert page.evaluate(span) == pytest.approx(0.5)
    page.evaluate(press.format("0"))
    assert page.evaluate(span) == pytest.approx(1)


@needs_chromium
def test_dark_mode_follows_the_system_and_the_button(page: Page) -> None:
    back = "getComputedStyle(document.body).backgroundColor"
    plot = "Bokeh.documents.flatMap((d) => [...d.all_models]).find((m) => m.name === 'plot xi2').background_fill_color"
    assert page.evaluate(back) == "rgb(255, 255, 255)"
    page.media(dark=True)
    assert page.wait_for(f"{back} === 'rgb(20, 23, 26)'")
    assert page.evaluate(plot) == "#14171a"
    page.evaluate("document.getElementById('theme').click()")
    assert page.evaluate(back) == "rgb(255, 255, 255)"


@needs_chromium
def test_a_csv_button_saves_the_data_that_the_page_holds(page: Page, report: Path) -> None:
    page.evaluate(
        "(() => { window.saved = []; URL.createObjectURL = (blob) => { window.saved.push(blob); return '#'; }; })()"
    )
    page.evaluate("document.querySelector('[data-file=statuses]').click()")
    page.wait_for("window.saved.length === 1")
    text = page.evaluate("window.saved[0].text()")
    assert list(csv.DictReader(io.StringIO(text))) == data_of(report, "statuses")


@needs_chromium
def test_every_control_has_a_name(page: Page) -> None:
    nameless = page.evaluate(
        """[...document.querySelectorAll('button, select, input')].filter((e) =>
            !(e.textContent.trim() || e.ariaLabel || (e.labels && e.labels[0].textContent.trim()))).length"""
    )
    assert nameless == 0
    assert page.evaluate("document.documentElement.lang") == "en"
    assert page.evaluate("document.querySelectorAll('h1').length") == 1


@needs_chromium
def test_a_keyboard_reaches_every_control_and_whatever_scrolls(page: Page) -> None:
    reached = page.evaluate("document.querySelectorAll('a, button, select, input, summary, [tabindex]').length")
    page.evaluate(
        "(() => { window.seen = new Set(); document.addEventListener('focusin', (e) => window.seen.add(e.target)); })()"
    )
    for _ in range(reached + 60):  # bokeh's own tools come in between
        page.press("Tab")
    missed = page.evaluate(
        """[...document.querySelectorAll('a[href], button, select, input, summary, .scroll, pre')].filter((e) =>
            e.checkVisibility() && !window.seen.has(e)).map((e) => e.outerHTML.slice(0, 80))"""
    )
    assert missed == []
    style = "getComputedStyle(document.querySelector('#theme')).outlineStyle"
    page.evaluate("document.getElementById('theme').focus()")
    assert page.evaluate(style) == "solid"


@needs_chromium
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_text_stands_out_from_what_is_behind_it(browser: Browser, report: Path, dark: bool) -> None:
    opened = browser.open(report, dark=dark)
    opened.wait_for("document.documentElement.dataset.ready")
    pairs = opened.evaluate(
        """[...document.querySelectorAll('body *')].filter((e) => e.checkVisibility() && !e.closest('svg')
            && [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())).map((e) => {
            let back = e;
            while (back && /, 0\\)$/.test(getComputedStyle(back).backgroundColor)) back = back.parentElement;
            return [getComputedStyle(e).color, getComputedStyle(back || document.body).backgroundColor];
        })"""
    )
    assert len(pairs) > 300
    for ink, back in {tuple(pair) for pair in pairs}:
        one, two = ("#" + "".join(f"{int(c):02x}" for c in re.findall(r"\d+", rgb)[:3]) for rgb in (ink, back))
        assert contrast(one, two) >= 4.5, (ink, back)
    assert opened.errors == []


@needs_chromium
def test_it_prints(page: Page, tmp_path: Path) -> None:
    page.pdf(tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").read_bytes()[:5] == b"%PDF-"
    assert (tmp_path / "report.pdf").stat().st_size > 20_000


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
    if "sweep" in found:
        name = "minimum_xi2" if "minimum_xi2" in results else "xi2"
        for row in data_of(target, "sweep"):
            where = {axis: type(results[axis].values[0])(row[axis]) for axis in changes["axes"]}
            stored = float(results[name].sel(solver=row["solver"], **where).squeeze())
            assert float(row[name]) == pytest.approx(stored, rel=1e-9)
