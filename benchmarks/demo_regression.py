"""See that the suite reports what it is for: ``python benchmarks/demo_regression.py``.

In a clone that is thrown away, a commit is made on top of the one that is checked out. It makes one solver take half
as long again as before, and gives another, silently, the tolerances of a coarser tier. ``asv continuous`` then builds
both commits, in an environment of its own, and measures them. Exit status 0: it reported both, and ended with 1; 1: it
missed one of them; 2: something else went wrong. Takes two to five minutes, most of it for pip, and writes nothing
outside its folder, which ``--folder`` names and keeps.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

#: Appended to a file each: nothing in them depends on how the solvers are written.
FAULTS = {
    "plugins/squeezebench_one_axis_twisting/solver.py": '''

def _slower(solve: Any) -> Any:
    """Wait after each call for half the time that it took."""
    import time

    def call(self: Any, problem: Any, options: Any, context: Any) -> Any:
        started = time.perf_counter()
        moments = solve(self, problem, options, context)
        end = started + 1.5 * (time.perf_counter() - started)
        while time.perf_counter() < end:
            pass
        return moments

    return call


OneAxisTwisting.solve = _slower(OneAxisTwisting.solve)
''',
    "plugins/squeezebench_mean_field/solver.py": """

MeanField.tiers = {**MeanField.tiers, "default": MeanField.tiers["fast"]}
""",
}

#: What must be reported as worse, and what else is measured: the same solvers' other sides, which are no worse.
SLOWER = "bench_one_axis_twisting.Solve.time_solve"
WRONGER = "bench_mean_field.Accuracy.track_error('default')"
BENCH = r"bench_one_axis_twisting\.(Solve|Unitary)|bench_mean_field\.Accuracy"

#: A line of asv's table: mark, before, after, ratio, benchmark with its parameters.
ROW = re.compile(
    r"^\| (?P<mark>[+-]) +\| (?P<before>[^|]+)\| (?P<after>[^|]+)\| +(?P<ratio>\S+) +\| (?P<name>[^|]+?) +\|"
)


def main() -> int:
    """Clone, break, measure, look."""
    parser = argparse.ArgumentParser(description="see that asv continuous reports a slow-down and a loss of accuracy")
    parser.add_argument("--folder", type=Path, help="new folder for the clone, which is kept; default: a temporary one")
    parser.add_argument("--factor", default="1.2", help="ratio from which on a benchmark counts as changed")
    arguments = parser.parse_args()
    if arguments.folder is not None:
        if arguments.folder.exists():
            parser.error(f"{str(arguments.folder)!r} exists already: name a new folder")
        return demonstrate(arguments.folder.resolve(), arguments.factor)
    with tempfile.TemporaryDirectory(prefix="squeezebench-asv-") as name:
        return demonstrate(Path(name) / "clone", arguments.factor)


def demonstrate(clone: Path, factor: str) -> int:
    """Everything, in the folder `clone`; the exit status."""
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    break_solvers(clone)
    environment = {key: value for key, value in os.environ.items() if key != "NUMBA_CACHE_DIR"}
    environment["HOME"] = str(clone / ".asv")  # where asv looks for its list of machines
    asv = [sys.executable, "-m", "asv"]
    (clone / ".asv").mkdir()
    subprocess.run([*asv, "machine", "--yes"], cwd=clone, env=environment, check=True, stdout=subprocess.DEVNULL)
    command = ["continuous", "--interleave-rounds", "--factor", factor, "--bench", BENCH, "HEAD~1", "HEAD"]
    print("$ python -m asv", *(f"'{word}'" if "|" in word else word for word in command), flush=True)
    with subprocess.Popen([*asv, *command], cwd=clone, env=environment, text=True, stdout=subprocess.PIPE) as process:
        lines = []
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            lines.append(line)
    complaints, measured = check(lines, process.returncode)
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    if not measured:
        return 2
    print("missed something" if complaints else "both are reported")
    return 1 if complaints else 0


def break_solvers(clone: Path) -> None:
    """Commit both faults in the clone."""
    for name, text in FAULTS.items():
        path = clone / name
        path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")
    who = ["-c", "user.name=demonstration", "-c", "user.email=demonstration@example.invalid"]
    message = "slower and less accurate, on purpose"
    subprocess.run(["git", *who, "commit", "--quiet", "--all", "--message", message], cwd=clone, check=True)


def check(lines: list[str], status: int) -> tuple[list[str], bool]:
    """What asv did not report, and whether it measured at all.

    Parameters
    ----------
    lines : list of str
        What ``asv continuous`` printed.
    status : int
        Its exit status.
    """
    found = [match.groupdict() for match in map(ROW.match, lines) if match is not None]
    worse = {row["name"]: float(row["ratio"]) for row in found if row["mark"] == "+"}
    slower = {name: ratio for name, ratio in worse.items() if name.startswith(SLOWER)}
    complaints = []
    if not slower:
        complaints.append(f"{SLOWER}: 1.5 times slower, and not reported")
    complaints += [
        f"{name}: reported as {ratio:g} times slower, which is not near 1.5"
        for name, ratio in slower.items()
        if not 1.2 < ratio < 2.0
    ]
    if WRONGER not in worse:
        complaints.append(f"{WRONGER}: less accurate, and not reported")
    complaints += [
        f"{name}: reported as worse, and nothing was done to it" for name in worse if name not in {*slower, WRONGER}
    ]
    if status != 1:
        complaints.append(f"asv continuous ended with {status}; expected 1, which says that something got worse")
    return complaints, bool(found)


if __name__ == "__main__":
    sys.exit(main())
