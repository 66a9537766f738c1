"""What a run shows while it goes on."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import squeezebench as sb
from squeezebench.cli.progress import Progress, duration
from squeezebench.cli.run import size_in_bytes
from squeezebench.harness.job import Record
from squeezebench.harness.plan import jobs_of, make_plan
from squeezebench.host import get_host


def planned() -> tuple[Any, Any]:
    scenario = sb.Scenario(
        name="three",
        title="Three \x1b[31m[bold]sizes[/bold]",
        model={"type": "spin", "drive": [0, 0, 2.0]},
        axes={"N": [2, 3, 4]},
        times={"stop": 1.0, "num": 3},
    )
    plan = make_plan(scenario, [sb.Spec("mean_field"), sb.Spec("qutip", label="[red]q[/red]")], get_host(), seed=0)
    keys = {cell.key for cell in plan.all_cells()} - {plan.cells[1][0].key}
    return plan, jobs_of(plan, get_host(), keys, 1)


def drawn(progress: Progress) -> str:
    from rich.console import Console

    page = io.StringIO()
    Console(file=page, width=120, force_terminal=False).print(progress.table())
    return page.getvalue()


def test_the_table_counts_done_running_and_failed_cells_and_the_time_left() -> None:
    plan, jobs = planned()
    progress = Progress(live=False)
    progress._console.quiet = True
    progress.planned(plan, 1, jobs)
    assert "time left unknown" in drawn(progress)
    ours = [job for job in jobs if job.spec.name == "qutip"]
    progress.progress(ours[0], 0.0, "")
    progress.progress(ours[0], 0.5, "half\x1b[2J way")
    text = drawn(progress)
    row = next(line for line in text.splitlines() if "[red]q[/red]" in line).split()
    assert row[1:] == ["1", "1", "–", "3", "50%", "half", "[2J", "way"]
    progress._begun = time.monotonic() - 10
    for job, status in zip(ours, ("ok", "timeout"), strict=True):
        progress.finished(job, [Record(job.cells[0].key, status, "", {})])
    text = drawn(progress)
    row = next(line for line in text.splitlines() if "[red]q[/red]" in line).split()
    assert row[1:] == ["3", "–", "1", "3"]
    assert "about 15 s left" in text  # 2 of 5 cells took 10 s
    assert "\x1b" not in text
    assert "[bold]sizes[/bold]" in text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (59.4, "59 s"), (61, "1 min 01 s"), (3600, "1 h 00 min"), (90061, "25 h 01 min")],
)
def test_durations_read_well(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("text", "size"), [("4GiB", 4 * 2**30), ("500 MB", 5e8), ("2g", 2e9), ("1e9", 1e9), ("1.5Ki", 1536), ("7", 7)]
)
def test_sizes_are_read(text: str, size: float) -> None:
    assert size_in_bytes(text) == size


@pytest.mark.parametrize("text", ["", "much", "4 gigs", "GiB", "-1GB", "1..2G"])
def test_what_is_no_size_is_told(text: str) -> None:
    with pytest.raises(sb.InvalidOptionError, match="give a size such as 4GiB"):
        size_in_bytes(text)


TOML = (
    'name = "pair"\naxes.N = [2, 3]\nmodel = {type = "spin", drive = [0, 0, 2.0]}\ntimes = {stop = 1.0, num = 3}\n'
    'solvers = ["qutip"]\n'
)


def call(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "squeezebench", "run", "pair.toml", "-o", "r", *arguments]
    return subprocess.run(command, cwd=folder, env=dict(os.environ), capture_output=True, text=True, check=False)


def test_plain_lines_where_there_is_no_terminal_and_none_with_quiet(tmp_path: Path) -> None:
    (tmp_path / "pair.toml").write_text(TOML)
    done = call(tmp_path, "--timing", "2", "--time-limit", "60", "--max-memory", "1GiB")
    assert done.returncode == 0, done.stderr
    lines = done.stderr.splitlines()
    assert lines[:2] == ["[1/2] qutip N=2: ok", "[2/2] qutip N=3: ok"]
    assert lines[2:4] == ["timing [1/2] qutip N = 2", "timing [2/2] qutip N = 3"]
    assert "\x1b" not in done.stderr
    assert "~" not in done.stdout.replace("~:", "")
    quiet = call(tmp_path, "--quiet", "--fresh", "--json", "--in-process")
    assert quiet.returncode == 0
    assert quiet.stderr == ""
    assert [row["timing_grade"] for row in json.loads(quiet.stdout)["verdicts"]] == ["shared"] * 2


def test_a_live_table_on_a_terminal(tmp_path: Path) -> None:
    import pty

    (tmp_path / "pair.toml").write_text(TOML)
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "squeezebench", "run", "pair.toml", "-o", "r"],
        cwd=tmp_path,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        shown += piece
    assert process.wait() == 0
    text = shown.decode()
    for word in ("solver", "done", "running", "failed", "qutip", "left"):
        assert word in text
