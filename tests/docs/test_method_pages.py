"""Every method has a page with the same headings, and the glossary has every symbol of the paper."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import squeezebench as sb

DOCS = Path(__file__).parents[2] / "docs"
#: It reads answers of another solver, which has the equations.
NO_METHOD = {"stored"}
PAGES = sorted(path.stem for path in (DOCS / "solvers").glob("*.md") if path.stem not in {"index", *NO_METHOD})
SYMBOLS = [
    *(
        "N",
        "J",
        "H",
        "ρ",
        "ρ_ss",
        "L(O)",
        "L_c, L_s",
        "Γ",
        "χ",
        "Ω",
        "γ_s",
        "ξ²",
        "t*",
        "N_c = 2Ω/Υ_c",
        "Υ = 2Ω/N",
        "Υ/Υ_c",
    ),
    *(
        "Υ_c = √(Γ² + 4χ²)",
        "Υ_c′ = Υ_c/√2",
        "N^eff",
        "⟨**J**⟩",
        "**n**_⊥",
        "(ΔJ_n)²",
        "CSS",
        "g, κ, Δ_c",
        "σ_i^α, σ_i^−",
    ),
    *("NΓ/γ_s", "J_x, J_y, J_z, J_±"),
]


@pytest.mark.parametrize("name", PAGES)
def test_a_method_has_equations_claim_cost_limits_and_sources(name: str) -> None:
    text = (DOCS / "solvers" / f"{name}.md").read_text(encoding="utf-8")
    for heading in ("Equations", "Claim", "Cost", "Limits", "Sources"):
        (part,) = re.findall(rf"^## {heading}[^\n]*\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
        assert len(part.split()) >= 3, f"{name}: {heading} says nothing"


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_the_glossary_has_the_symbol(symbol: str) -> None:
    text = (DOCS / "glossary.md").read_text(encoding="utf-8")
    assert f"\n| {symbol} |" in text


def test_names_of_the_glossary_exist() -> None:
    text = (DOCS / "glossary.md").read_text(encoding="utf-8")
    model = sb.SpinModel.driven_cavity(N=4, upsilon_ratio=0.5)
    for name in (
        "upsilon",
        "upsilon_c",
        "upsilon_ratio",
        "critical_n_eff",
        "emission",
        "collective_emission",
        "chi",
        "drive",
    ):
        assert f"`{name}" in text
        assert hasattr(model, name)


def test_every_page_is_two_clicks_from_the_first() -> None:
    """The first page's own table of contents has every page, or the index of a section that it names."""
    pages = {str(path.relative_to(DOCS).with_suffix("")) for path in DOCS.rglob("*.md") if "_build" not in path.parts}

    def toctree(name: str) -> set[str]:
        blocks = re.findall(r"```{toctree}\n(.*?)```", (DOCS / f"{name}.md").read_text(encoding="utf-8"), re.DOTALL)
        folder = name.rpartition("/")[0]
        prefix = f"{folder}/" if folder else ""
        lines = [line for block in blocks for line in block.splitlines() if line and not line.startswith(":")]
        entries = [prefix + line.strip() for line in lines]
        return {page for entry in entries for page in pages if re.fullmatch(entry.replace("*", ".*"), page)}

    first = toctree("index")
    second = set().union(*(toctree(page) for page in first))
    assert pages - {"index"} <= first | second
