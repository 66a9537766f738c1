"""The paper's claims: what ships is what is computed, and the command says where an answer comes from."""

from __future__ import annotations

import json

import pytest

import squeezebench as sb
from squeezebench.claims import CLAIMS, recompute, stored

VERDICTS = {"confirmed", "not reproduced", "out of reach"}


def test_every_claim_has_stored_evidence_with_its_cells() -> None:
    findings, provenance = stored()
    assert [finding.name for finding in findings] == [claim.name for claim in CLAIMS]
    assert {"created", "versions", "machine"} <= set(provenance)
    for finding in findings:
        assert finding.verdict in VERDICTS
        assert finding.cells
        assert finding.solvers
        assert finding.found


@pytest.mark.parametrize("name", ["squeezed_below", "time_scale", "dephasing"])
def test_what_is_stored_is_what_is_computed(name: str) -> None:
    (now,), ((then,), _) = recompute([name]), stored([name])
    assert (now.verdict, now.found, now.solvers) == (then.verdict, then.found, then.solvers)
    assert now.cells == then.cells


@pytest.mark.slow
def test_all_that_is_stored_is_what_is_computed() -> None:
    for now, then in zip(recompute(), stored()[0], strict=True):
        assert (now.verdict, now.found) == (then.verdict, then.found), now.name


def test_the_steady_state_claims_differ_as_they_should() -> None:
    found = {finding.name: finding for finding in stored()[0]}
    assert found["mean_field_fold"].verdict == "confirmed"
    assert found["unique_steady_state"].verdict == "not reproduced"
    assert found["strontium"].verdict == "not reproduced"


def test_an_unknown_claim_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(sb.InvalidOptionError, match="strontium"):
        stored(["strontum"])


def test_the_command_says_that_it_reads_a_stored_answer(capsys: pytest.CaptureFixture[str]) -> None:
    from squeezebench.cli.main import main

    with pytest.raises(SystemExit) as ended:
        main(["claims", "exchange", "--json"])
    assert ended.value.code == 0
    data = json.loads(capsys.readouterr().out)
    assert data["source"].startswith("a stored answer")
    assert [finding["name"] for finding in data["findings"]] == ["exchange"]
    with pytest.raises(SystemExit) as ended:
        main(["claims", "nothing"])
    assert ended.value.code == 2
