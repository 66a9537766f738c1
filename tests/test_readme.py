"""What the README says is so."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import squeezebench as sb
from squeezebench.comparison import judge

README = Path(__file__).parent.parent / "README.md"


def test_the_table_of_the_readme_is_the_one_that_the_main_job_prints() -> None:
    text = README.read_text(encoding="utf-8")
    block = text.split("N = 30: compared with permutational")[1].split("```")[0]
    shown = {}
    for line in block.splitlines()[3:]:
        cells = re.split(r"\s{2,}", line.strip())
        if len(cells) > 1:
            shown[cells[0]] = cells
    rows = {row.solver: row for row in judge(sb.run("quickstart")) if row.point == {"N": 30}}
    assert shown.keys() == rows.keys()
    for name, row in rows.items():
        if row.status == "unsupported":
            assert "unsupported" in shown[name]
            continue
        assert row.claim.replace("_", " ") in shown[name]
        assert row.verdict.replace("_", " ") in shown[name]
        if row.deviations:
            deviation = row.deviations["xi2"]["relative_deviation"]
            # the last digits depend on the processor
            assert 0.5 < float(shown[name][2]) / deviation < 2 or deviation < 1e-5


def test_the_python_example_of_the_readme_runs_and_prints_what_it_promises() -> None:
    code = README.read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(code, "README.md", "exec"), {})
    lines = out.getvalue().splitlines()
    low, steady = (float(line.rsplit(" ", 1)[1]) for line in lines[:2])
    assert low < steady  # the paper's point: single-particle decay helps
    assert abs(steady - 0.436) < 1e-3
    assert "no_claim" in lines[2]
