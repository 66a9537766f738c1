"""Run every command of the pages, page by page: ``python docs/run_commands.py [PAGE…] [--limit SECONDS] [--list]``.

Commands stand in blocks marked `console`, `bash` or `sh`. Each page gets a copy of the repository of its own, with the
files of `STAND_INS`, in which its commands run one after another. What is left out, and why, is in `LEFT_OUT`. Exit
status 1 if one of them fails. A test parses the same commands without running them.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

__all__ = ["LEFT_OUT", "STAND_INS", "Command", "commands", "made_by", "pages", "why_not"]

ROOT = Path(__file__).resolve().parent.parent
_BLOCK = re.compile(r"^```(?:console|bash|sh)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

_SCENARIO = """schema = 1
name = "mine"
title = "A few spins"
solvers = ["cumulant:order=2", "permutational"]

[model]
type = "driven_cavity"
upsilon_ratio = 0.8
gamma_s = 4

[axes]
N = [4, 8]

[times]
stop = "1/gamma_s"
num = 21
"""
#: What a reader is meant to have already: text of a file, or the command that makes it.
STAND_INS: dict[str, str] = {
    "my_scenario.toml": _SCENARIO,
    "my_sweep.toml": _SCENARIO,
    "mine.toml": _SCENARIO,
    "million.toml": _SCENARIO,
    "results/": "squeezebench run quickstart -o results/",
}

#: Beginning of a command, or a pattern for the whole of it → why it is not run.
LEFT_OUT: dict[str, str] = {
    r"python -m pip install": "installs; continuous integration runs the README's two commands in a new environment",
    r"python -m venv": "installs",
    r"\. \.venv": "enters that environment",
    r"pre-commit install": "changes the checkout's hooks",
    r"nox ": "runs everything, in environments of its own",
    r"python -m pytest": "the test suite",
    r"pytest --pyargs": "wants a plugin of the reader's; tests/framework/cli makes one",
    r"(SQUEEZEBENCH_BENCH_SOLVERS=.* )?python -m asv": "minutes to hours, and environments of its own",
    r"python docs/update_performance\.py": "wants results of asv",
    r"python benchmarks/check_quick\.py": "minutes; the continuous integration runs it",
    r"python benchmarks/demo_regression\.py": "builds two environments",
    r"python -m benchmarks\.noise": "minutes, and wants a quiet machine",
    r"squeezebench dashboard": "wants results of asv",
    r"python -m sphinx": "the continuous integration builds the site",
    r"for name in": "all runs of the benchmark set: hours",
    r"python docs/update_benchmark_set\.py": "wants those runs",
    r"squeezebench run docs/choosing\.toml": "measures for a quarter of an hour, and wants a quiet machine",
    r"python docs/make_figures\.py choosing/": "wants that run",
    r"squeezebench report choosing/": "wants that run",
    r"squeezebench check-solver dtwa": "wants the example installed; tests/examples runs it",
    r"squeezebench run fig2a -s dtwa": "wants the example installed",
    r"python -c \"\nimport numpy as np, squeezebench as sb\nfor N, n, exact": "16384 trajectories: minutes",
    r"squeezebench run fig3a": "minutes on two cores; ten thousand points",
    r"squeezebench figure fig3a": "wants that run",
    r"squeezebench validity validity_size --figure": "computes the stored map again: a quarter of an hour",
    r"squeezebench (check-solver|run .*-s) my_solver": "wants a plugin of the reader's; tests/framework/cli makes one",
}


class Command(NamedTuple):
    """A command of a page.

    Attributes
    ----------
    page : str
        Path of the page below the repository.
    line : int
        Where the command begins, from 1.
    text : str
        What to give to a shell.
    """

    page: str
    line: int
    text: str


def pages() -> list[Path]:
    """All pages: those beside the README and those of the site."""
    return [path for path in sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]) if "_build" not in path.parts]


def commands(path: Path) -> Iterator[Command]:
    """Commands of a page in their order; those that are joined by ``&&`` one by one."""
    text = path.read_text(encoding="utf-8")
    for block in _BLOCK.finditer(text):
        first = text.count("\n", 0, block.start(1)) + 1
        for line, command in _split(block[1]):
            for part in command.split(" && ") if "\n" not in command else [command]:
                yield Command(str(path.relative_to(ROOT)), first + line, part.strip())


def _split(block: str) -> Iterator[tuple[int, str]]:
    """Commands of a block with their lines: where there are prompts, each begins at one and goes on to the next."""
    prompts = re.search(r"^\$ ", block, re.MULTILINE) is not None
    gathered, start = "", 0
    for number, line in enumerate(block.splitlines()):
        begins = line.startswith("$ ") if prompts else not gathered.endswith("\\")
        if begins:
            if gathered:
                yield start, _tidy(gathered)
            gathered, start = line.removeprefix("$ "), number
        elif gathered.endswith("\\"):
            gathered = gathered[:-1].rstrip() + " " + line.strip()
        else:
            gathered += "\n" + line
    if gathered:
        yield start, _tidy(gathered)


def _tidy(command: str) -> str:
    return re.sub(r"\s{2,}# .*$", "", command)


def why_not(command: Command) -> str:
    """Why a command is not run; empty if it is."""
    return next((why for pattern, why in LEFT_OUT.items() if re.match(pattern, command.text)), "")


def made_by(text: str) -> set[str]:
    """Files and folders that a command writes, without a slash at the end."""
    options = r"(?:-o|--output|--figure|--data|--into|-m venv|>)"
    return {name.rstrip("/") for name in re.findall(rf"(?:^|\s){options}[ =]+(\S+)", text)}


def main() -> int:
    """Run the pages that are asked for, or list their commands."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("pages", nargs="*", help="such as docs/quickstart.md; all without")
    parser.add_argument("--limit", type=float, default=600.0, help="seconds that one command may take")
    parser.add_argument("--list", action="store_true", help="only say what would be run, and what would not and why")
    given = parser.parse_args()
    chosen = [ROOT / name for name in given.pages] or pages()
    failed, total = [], time.perf_counter()
    for path in chosen:
        listed = list(commands(path))
        if given.list:
            for command in listed:
                print(f"{command.page}:{command.line}: {command.text.splitlines()[0]}  [{why_not(command) or 'run'}]")
        elif any(not why_not(command) for command in listed):
            failed += _run_page(listed, given.limit)
    if not given.list:
        print(f"{len(failed)} failed; {time.perf_counter() - total:.0f} s")
    return 1 if failed else 0


def _run_page(listed: list[Command], limit: float) -> list[Command]:
    """Run the commands of one page in a copy of the repository; give those that fail."""
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "squeezebench"
        hidden = shutil.ignore_patterns(".*", "_build", "__pycache__", "dist", "results")
        shutil.copytree(ROOT, place, ignore=hidden)
        environment = os.environ | {"XDG_CACHE_HOME": f"{folder}/cache", "MPLBACKEND": "agg"}
        environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment.get('PATH', '')}"
        made = {name for command in listed for name in made_by(command.text)}
        for name, text in STAND_INS.items():
            wanted = any(name.rstrip("/") in command.text and not why_not(command) for command in listed)
            if not wanted or name.rstrip("/") in made:
                continue
            if name.endswith(".toml"):
                (place / name).write_text(text, encoding="utf-8")
            else:
                subprocess.run(text, shell=True, cwd=place, env=environment, check=True, capture_output=True)
        for command in listed:
            if why_not(command):
                continue
            started = time.perf_counter()
            try:
                done = subprocess.run(
                    ["bash", "-c", f"set -o pipefail; {command.text}"],
                    cwd=place,
                    env=environment,
                    timeout=limit,
                    capture_output=True,
                    encoding="utf-8",
                    check=False,
                )
                code, said = str(done.returncode), done.stderr
            except subprocess.TimeoutExpired:
                code, said = f"more than {limit:g} s", ""
            seconds = time.perf_counter() - started
            good = code == "0"
            print(f"{'ok  ' if good else 'FAIL'} {seconds:6.1f} s  {command.page}:{command.line}: {command.text}")
            if not good:
                failed.append(command)
                print("     " + "\n     ".join([f"exit {code}", *said.strip().splitlines()[-8:]]))
            sys.stdout.flush()
    return failed


if __name__ == "__main__":
    sys.exit(main())
