"""The page about the paper has the verdicts that the program gives, and its numbers are those of the runs."""

from __future__ import annotations

import importlib.util
import re
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import squeezebench as sb

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("update_paper", DOCS / "update_paper.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def findings(script: ModuleType) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = script.findings()
    assert len(found) > 10
    return found


def test_the_page_has_the_verdict_of_every_claim(script: ModuleType, findings: list[dict[str, Any]]) -> None:
    page = (DOCS / "paper.md").read_text(encoding="utf-8")
    assert script.updated(page, findings) == page, "run python docs/update_paper.py"
    assert all(f"`{row['name']}`" in page for row in findings)


def test_the_table_of_claims_says_what_was_found(findings: list[dict[str, Any]]) -> None:
    page = (DOCS / "claims.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` (\|.*\|)$", page, re.MULTILINE))
    assert rows.keys() == {row["name"] for row in findings}
    for row in findings:
        text = rows[row["name"]]
        for part in ("statement", "place", "verdict", "found", "uncertainty"):
            assert str(row[part]) in text, f"{row['name']}: {part}"


def test_numbers_of_the_page_that_cost_little_are_those_of_today() -> None:
    page = (DOCS / "paper.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"ξ² = (\d\.\d+) at N = 100, along e_φ", page)
    steady = sb.steady_state(sb.SpinModel.driven_cavity(N=100, upsilon_ratio=0.9))
    assert float(shown) == pytest.approx(float(steady.xi2[0]), abs=5e-4)
    assert abs(float(steady.squeezing_angle[0])) < 0.1
    (least, last) = re.findall(r"least ξ² from (\d\.\d+) at χ = 0 to (\d\.\d+) at 3 Γ", page)[0]
    for shown, chi in ((least, 0.0), (last, 3.0)):
        model = sb.SpinModel.driven_cavity(N=10_000, upsilon_ratio=0.9, chi=chi, gamma_s=50.0)
        problem = sb.Problem(model, sb.MeanFieldSteadyState(), np.linspace(0, 0.8 / 50.0, 121))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", sb.SqueezebenchWarning)  # orders part later on
            ds = sb.solve(problem, "cumulant", order=2)
        assert float(shown) == pytest.approx(float(ds.xi2.min()), abs=5e-3)


@pytest.mark.slow
def test_order_3_is_within_3_percent_of_trajectories_up_to_the_least_xi2() -> None:
    """Figure 2(a), at N = 2000: all five rates, every saved time at which both can be trusted."""
    page = (DOCS / "paper.md").read_text(encoding="utf-8")
    minima = dict(zip((0, 4, 16), re.findall(r"(0\.\d{3})(?:\(\d\))? at (?:γ_s = 0|4 Γ|16 Γ)", page), strict=False))
    results = sb.run("fig2a", ["cumulant:order=3", "mcwf:n_trajectories=128,splitting=true"])
    order_3, sampled = (results.sel(solver=name) for name in results.solver.values)
    for rate in results.gamma_s.values:
        a, b = order_3.sel(gamma_s=rate), sampled.sel(gamma_s=rate)
        both = np.isfinite(a.xi2.values) & b.reliable.values
        assert both.sum() > 8
        deviation = a.xi2.values / b.xi2.values - 1
        error = np.hypot(b.xi2_stderr.values, 1e-2 * b.xi2.values)  # the page's 3 % and the noise
        assert (np.abs(deviation) * b.xi2.values / error)[both].max() < 4
        before = both & (np.arange(len(both)) <= int(np.nanargmin(b.xi2.values)))
        assert np.abs(deviation[before]).max() < 0.03
        if rate in minima:
            assert float(b.xi2.min()) == pytest.approx(float(minima[rate]), abs=6e-4)
