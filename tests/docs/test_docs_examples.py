"""Whatever the pages show, works: their examples, their scenario files, and what they say of each solver's options."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

import squeezebench as sb
from squeezebench.host import Host

ROOT = Path(__file__).parents[2]
PAGES = {
    str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
    for path in sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
    if "_build" not in path.parts
}
HOST = Host()
BUILT_IN = sorted(name for name in HOST.solvers if HOST.origin(HOST.solvers[name]).distribution == "squeezebench")

_FENCE = re.compile(r"^\s*```.*$", re.MULTILINE)


def _blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", [page for page, text in PAGES.items() if ">>>" in text])
def test_every_example_gives_what_the_page_says(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    # a fence would be taken for output; an empty line in its place ends the output and keeps the line numbers
    text = _FENCE.sub("", PAGES[page])
    examples = doctest.DocTestParser().get_doctest(text, {}, page, page, 0)
    results = doctest.DocTestRunner().run(examples)
    assert results.attempted
    assert not results.failed, capsys.readouterr().out


@pytest.mark.parametrize("page", [page for page, text in PAGES.items() if "schema = 1" in text])
def test_every_whole_scenario_of_a_page_is_valid(page: str) -> None:
    scenarios = [block for block in _blocks(PAGES[page], "toml") if "schema = 1" in block]
    assert scenarios
    for text in scenarios:
        assert sb.Scenario.from_text(text, page).points()


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_builtin_solver_has_a_page_that_names_its_tiers_and_options(name: str) -> None:
    solver = HOST.solver(name)
    text = PAGES[f"docs/solvers/{name}.md"]
    missing = [word for word in (*solver.Options.model_fields, *solver.tiers) if f"`{word}`" not in text]
    assert not missing


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_page_of_a_solver_gives_the_defaults_of_its_options(name: str) -> None:
    rows = re.findall(r"^\| `(\w+)` \| `?([^`|]*)`? \|", PAGES[f"docs/solvers/{name}.md"], re.MULTILINE)
    given = {option: default.strip() for option, default in rows}
    for option, info in HOST.solver(name).Options.model_fields.items():
        shown = given[option]
        expected = str(info.default)
        assert shown == expected or float(shown) == float(expected)
