"""Who waits for a compilation is told that it was one, and that it is over."""

from __future__ import annotations

from pathlib import Path

import pytest

from squeezebench.cli import run as command
from squeezebench.cli.main import main

SCENARIO = """
solvers = ["mean_field"]
times = {stop = 1, num = 3}
[model]
type = "driven_cavity"
N = 4
upsilon_ratio = 0.9
"""


@pytest.mark.parametrize(("limit", "told"), [(-1.0, True), (1e9, False)])
def test_a_long_compilation_is_told_once(
    limit: float, told: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.toml").write_text(SCENARIO, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(command, "_LONG_COMPILATION", limit)
    said = []
    for _ in range(2):
        with pytest.raises(SystemExit) as ended:
            main(["run", "mine.toml", "-o", "results", "--in-process"])
        assert ended.value.code == 0
        said.append("went into compiling kernels" in capsys.readouterr().err)
    assert said == [told, False]  # the second time it comes from the store
