"""A report in a browser without a network: drawn, usable by mouse and keyboard, readable, and deaf to attacks."""

from __future__ import annotations

import csv
import io
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ...browser import Browser, Page, needs_chromium
from .conftest import ATTACK
from .pages import PANELS, contrast, data_of

#: Every element of the page and of the shadow trees that bokeh keeps its own in.
WHOLE = """(function every(root) {
    return [...root.querySelectorAll('*')].flatMap((e) => [e, ...(e.shadowRoot ? every(e.shadowRoot) : [])]);
})(document)"""


@pytest.fixture
def page(report: Path, browser: Browser) -> Iterator[Page]:
    opened = browser.open(report)
    opened.wait_for("document.documentElement.dataset.ready")
    yield opened
    assert opened.errors == []
    assert opened.requests == []


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
