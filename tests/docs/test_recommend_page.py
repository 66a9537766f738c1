"""The page about recommendations prints what is stored."""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path
from types import ModuleType

import pytest

from squeezebench.recommendation.cells import Point, shipped
from squeezebench.recommendation.leave_out import Tally
from squeezebench.recommendation.trial import Trial, read_trial

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("update_recommend", DOCS / "update_recommend.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_has_the_tables_of_the_stored_evidence_and_trial(script: ModuleType) -> None:
    page = (DOCS / "recommend.md").read_text(encoding="utf-8")
    made = {"evidence": script.evidence_section(shipped()), "trial": script.trial_section(*read_trial())}
    assert script.updated(page, made) == page
    assert page.count("<!-- measured:") == 3
    assert "| left out |" in page


def test_refused_questions_count_as_neither_met_nor_missed(script: ModuleType) -> None:
    point = Point(10, 1.0, 0.9, 0.0, 1.0)
    trials = [
        Trial(point, 0.01, "mean_field", error=0.001, kind="exact", predicted=1.0, low=0.5, high=2.0, taken=1.5),
        Trial(point, 0.01, "mcwf:n_trajectories=64", error=0.1, kind="statistics", predicted=1.0, taken=9.0),
        Trial(point, 0.01, None, "what meets the tolerance takes too much: mcwf"),
        Trial(point, 0.01, "cumulant", error=math.inf, kind="timeout", predicted=1.0),
    ]
    head = {"command": "c", "machine": {"processor": "p"}, "created": "2026-01-01"}
    text = script.trial_section(head, trials)
    assert "Refused were 25 % (1 of 4): 1 since what meets" in text
    assert "| all | 3 | 33 % (1 of 3) | 50 % (1 of 2) | 50 % (1 of 2) |" in text
    assert "| `mcwf` | 1 | 0 % (0 of 1) |" in text


def test_regions_show_what_is_known(script: ModuleType) -> None:
    text = script.region_section(
        [("N < 100", Tally(asked=10, answered=4, known=3, met=3, timed=2, within=1, inside=1))]
    )
    assert "| N < 100 | 10 | 60 % (6 of 10) | 100 % (3 of 3) | 50 % (1 of 2) |" in text
