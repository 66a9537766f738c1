"""The command line: data on standard output, one-line errors, exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import squeezebench as sb
from squeezebench.cli.main import main

SMALL = """
schema = 1
name = "small"
title = "A small one"
source = "a test"
solvers = ["cumulant:order=4", "mean_field", "qutip"]
[model]
type = "driven_cavity"
N = 4
upsilon_ratio = 0.9
gamma_s = 4.0
[times]
stop = 0.2
num = 5
"""


def call(*arguments: str, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "squeezebench", *arguments],
        cwd=cwd,
        env={**os.environ, "COLUMNS": "100", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_solve_prints_json_that_a_script_can_read(tmp_path: Path) -> None:
    parameters = ("--N", "2000", "--upsilon-ratio", "0.9", "--gamma-s", "4", "--stop", "0.25")
    done = call("solve", "--solver", "cumulant", *parameters, "--json")
    assert done.returncode == 0, done.stderr
    data = json.loads(done.stdout)
    xi2 = np.array(data["xi2"], dtype=float)
    assert len(data["time"]) == len(xi2) == 201
    assert 0.30 < np.nanmin(xi2) < 0.32  # order 2 finds 0.310 there
    assert data["provenance"]["problem"]["model"]["N"] == 2000


def test_solve_shows_a_table_and_writes_files(tmp_path: Path) -> None:
    import xarray as xr

    common = ("solve", "-s", "cumulant:order=3", "-N", "3", "--stop", "0.5", "--num", "6", "-o")
    for suffix in ("nc", "csv", "parquet"):
        done = call(*common, str(tmp_path / f"a.{suffix}"))
        assert done.returncode == 0, done.stderr
        assert "min ξ²" in done.stdout
    with xr.open_dataset(tmp_path / "a.nc", engine="h5netcdf") as ds:
        assert ds.xi2.size == 6
        assert json.loads(ds.attrs["squeezebench"])["solver"] == "cumulant"
    header = (tmp_path / "a.csv").read_text().splitlines()[0].split(",")
    assert {"time", "xi2", "spin_x", "covariance_xy"} <= set(header)


def test_steady_state_on_the_command_line() -> None:
    done = call("steady-state", "-N", "2000", "-u", "0.9", "--json")
    assert done.returncode == 0, done.stderr
    data = json.loads(done.stdout)
    assert data["xi2"][0] == pytest.approx(0.4356, abs=5e-5)
    assert data["time"] == [None]


def test_a_scenario_of_ones_own_runs_is_stored_and_compared(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(SMALL)
    done = call("run", "mine.toml", "-o", "results", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = {row["solver"]: row for row in json.loads(done.stdout)["verdicts"]}
    assert rows["cumulant(order=4)"]["verdict"] in ("reference", "agree")
    assert rows["mean_field"]["verdict"] == "no_claim"
    assert not any(row["broken"] for row in rows.values())
    compared = call("compare", "results", "--json", cwd=tmp_path)
    assert compared.returncode == 0, compared.stderr
    assert json.loads(compared.stdout)["verdicts"] == json.loads(done.stdout)["verdicts"]
    again = call("run", "mine.toml", "-o", "results", cwd=tmp_path)
    assert again.returncode == 0
    assert "0 cells computed, 3 taken from the store" in again.stderr
    assert "agree" in again.stdout
    assert "makes no claim on ξ²" in again.stdout


def test_a_stored_run_is_exported_and_stores_are_merged(tmp_path: Path) -> None:
    import pandas as pd
    import xarray as xr

    (tmp_path / "mine.toml").write_text(SMALL)
    assert call("run", "mine.toml", "-s", "mean_field", "-s", "qutip", "-o", "a", cwd=tmp_path).returncode == 0
    merged = call("store", "merge", "a", "--into", "b", cwd=tmp_path)
    assert merged.returncode == 0, merged.stderr
    for suffix in ("nc", "csv", "parquet"):
        done = call("store", "export", "b", "-o", f"all.{suffix}", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    tables = [pd.read_csv(tmp_path / "all.csv"), pd.read_parquet(tmp_path / "all.parquet")]
    results = sb.load(tmp_path / "a")
    for table in tables:
        assert len(table) == 2 * 5
        chosen = table[table.solver == "qutip"]
        np.testing.assert_allclose(chosen.xi2, results.xi2.sel(solver="qutip"), rtol=1e-12)
        np.testing.assert_allclose(chosen.spin_x, results.spin.sel(solver="qutip", axis="x"), rtol=1e-12)
        assert set(chosen.status) == {"ok"}
    with xr.open_dataset(tmp_path / "all.nc", engine="h5netcdf") as ds:
        np.testing.assert_array_equal(ds.xi2, results.xi2)


def test_changing_one_parameter_in_a_copied_scenario_moves_the_answers(tmp_path: Path) -> None:
    from importlib import resources

    text = (resources.files("squeezebench") / "scenarios" / "quickstart.toml").read_text(encoding="utf-8")
    assert tomllib.loads(text)["model"]["gamma_s"] == 4
    changed = text.replace("gamma_s = 4\n", "gamma_s = 8\n")
    assert changed != text
    found = {}
    for name, content in (("copied", text), ("changed", changed)):
        (tmp_path / f"{name}.toml").write_text(content)
        found[name] = sb.run(tmp_path / f"{name}.toml", ["mean_field", "cumulant:order=3", "steady_state"])
    for solver in ("mean_field", "cumulant(order=3)"):
        minima = [found[name].minimum_xi2.sel(solver=solver).values for name in ("copied", "changed")]
        contrasts = [found[name].contrast.sel(solver=solver).values for name in ("copied", "changed")]
        assert np.isfinite(minima[0]).all()
        assert (np.abs(contrasts[0] - contrasts[1])[:, 1:].max(axis=1) > 0.01).all()
        if solver != "mean_field":
            assert (np.abs(minima[0] - minima[1]) > 1e-3).all()


def test_a_broken_claim_exits_with_1(tmp_path: Path) -> None:
    (tmp_path / "liar.py").write_text(
        "import numpy as np, squeezebench as sb\n"
        "class Liar(sb.Solver):\n"
        "    name = 'liar'\n"
        "    def claim(self, problem, options): return sb.Claim('exact')\n"
        "    def solve(self, problem, options, context):\n"
        "        T = len(problem.times)\n"
        "        spin = np.tile([0, 0, -problem.N / 2], (T, 1)).astype(float)\n"
        "        return sb.Moments(spin, np.tile(np.diag([1.0, 1.0, 0.0]) * problem.N / 8, (T, 1, 1)))\n"
        "@sb.hookimpl\n"
        "def squeezebench_solvers(): return [Liar()]\n"
    )
    info = tmp_path / "liar-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: liar\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[squeezebench]\nliar = liar\n")
    (tmp_path / "mine.toml").write_text(SMALL)
    environment = {"PYTHONPATH": str(tmp_path)}
    done = call("run", "mine.toml", "-s", "liar", "-s", "qutip", "-o", "r", cwd=tmp_path, **environment)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "BROKEN" in done.stdout
    assert call("compare", "r", cwd=tmp_path, **environment).returncode == 1


def test_a_named_solver_without_any_value_exits_with_3(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(SMALL)
    done = call("run", "mine.toml", "-s", "steady_state", "-s", "mean_field", "-o", "r", cwd=tmp_path)
    assert done.returncode == 3
    assert "solver steady_state has no value at any point: gives the steady state only" in done.stderr
    assert call("run", "mine.toml", "-o", "r", cwd=tmp_path).returncode == 0


SOLVE = ("solve", "-s", "mean_field", "--stop", "1")
BAD: list[tuple[tuple[str, ...], int, str]] = [
    (("solve", "-s", "mean_field", "-N", "0", "--stop", "1"), 2, "N = 0 is too small"),
    (("solve", "-s", "mean_field", "-N", "2.5", "--stop", "1"), 2, "2.5"),
    ((*SOLVE, "-N", "4", "--gamma-s", "-1"), 2, "gamma_s = -1.0 is negative"),
    ((*SOLVE, "-N", "4", "--gamma-s", "nan"), 2, "gamma_s = nan is not finite"),
    ((*SOLVE, "-N", "4", "--chi", "inf"), 2, "chi = inf is not finite"),
    ((*SOLVE, "-N", "4", "--bloch-length", "2"), 2, "bloch_length = 2.0"),
    (("solve", "-s", "mean_field", "-N", "4", "--stop", "-1"), 2, "--stop -1.0"),
    (("solve", "-s", "mean_field", "-N", "4", "--stop", "1", "--num", "1"), 2, "--num 1"),
    (("solve", "-s", "mean_feild", "-N", "4", "--stop", "1"), 2, "did you mean 'mean_field'"),
    (("solve", "-s", "cumulant:odrer=3", "-N", "4", "--stop", "1"), 2, "did you mean 'order'"),
    (("solve", "-s", "cumulant:order=0", "-N", "4", "--stop", "1"), 2, "order = 0"),
    (("solve", "-s", "cumulant:order", "-N", "4", "--stop", "1"), 2, "cumulant:order"),
    ((*SOLVE, "-N", "4", "--tier", "best"), 2, "no tier 'best'"),
    ((*SOLVE, "-N", "4", "--seed", "-1"), 2, "seed = -1"),
    ((*SOLVE, "-N", "4", "--threads", "0"), 2, "n_threads = 0"),
    ((*SOLVE, "-N", "4", "-o", "x.xlsx"), 2, "unknown suffix '.xlsx'"),
    ((*SOLVE, "-N", "4", "-o", "no/where/x.nc"), 2, "there is no folder"),
    ((*SOLVE, "-N", "4", "--mean-field-start", "--phi", "1"), 2, "--phi and --mean-field-start"),
    (("solve", "-s", "qutip", "-N", "40", "--stop", "1"), 3, "declines this problem"),
    (("solve", "-s", "steady_state", "-N", "4", "--stop", "1"), 3, "steady state only"),
    (("steady-state", "-N", "4", "--J", "1.5"), 2, "J = 1.5"),
    (("run", "quikstart"), 2, "did you mean 'quickstart'"),
    (("run", "missing.toml"), 2, "missing.toml"),
    (("run", "."), 2, "."),
    (("run", "bad.toml"), 2, "bad.toml"),
    (("run", "key.toml"), 2, "did you mean 'upsilon_ratio'"),
    (("run", "latin.toml"), 2, "latin.toml"),
    (("run", "quickstart", "-s", "mean_feild"), 2, "did you mean 'mean_field'"),
    (("run", "quickstart", "-w", "0"), 2, "workers = 0"),
    (("run", "quickstart", "--keep", "all"), 2, "keep = 'all'"),
    (("compare", "nowhere"), 2, "nowhere is no store"),
    (("store", "export", "nowhere", "-o", "x.csv"), 2, "nowhere is no store"),
    (("store", "export", "nowhere", "-o", "x.docx"), 2, "unknown suffix '.docx'"),
    (("store", "merge", "nowhere", "--into", "other"), 2, "nowhere is no store"),
    (("frobnicate",), 2, "frobnicate"),
]


@pytest.mark.parametrize(("arguments", "code", "message"), BAD, ids=[" ".join(a) for a, _, _ in BAD])
def test_bad_input_is_one_clear_line_and_nothing_is_written(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    code: int,
    message: str,
) -> None:
    (tmp_path / "bad.toml").write_text("schema = = 1")
    (tmp_path / "key.toml").write_text(SMALL.replace("upsilon_ratio", "upsilon_ration"))
    (tmp_path / "latin.toml").write_bytes("title = 'é'".encode("latin-1"))
    before = sorted(tmp_path.rglob("*"))
    cache = tmp_path.parent / f"{tmp_path.name}-cache"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    with pytest.raises(SystemExit) as exit_:
        main(list(arguments))
    out, err = capsys.readouterr()
    assert exit_.value.code == code, out + err
    assert message in err
    assert out == ""
    assert [line[:7] for line in err.splitlines()] == ["error: "]
    assert sorted(tmp_path.rglob("*")) == before
    assert not cache.exists()


def test_debug_shows_the_traceback() -> None:
    done = call("--debug", "solve", "-s", "mean_field", "-N", "0", "--stop", "1")
    assert "Traceback" in done.stderr
    assert "InvalidModelError" in done.stderr


@pytest.mark.parametrize("command", ["plugins", "solvers", "scenarios"])
def test_lists_are_there_as_tables_and_as_json(command: str) -> None:
    table, plain = call(command), call(command, "--json")
    assert table.returncode == plain.returncode == 0, table.stderr + plain.stderr
    entries: list[dict[str, Any]] = json.loads(plain.stdout)
    names = {entry["name"] for entry in entries}
    wanted = {"quickstart", "small_exact"} if command == "scenarios" else {"mean_field", "cumulant", "qutip"}
    assert wanted <= names
    assert all(name in table.stdout for name in wanted)


def test_a_scenario_is_printed_to_be_copied_and_changed(tmp_path: Path) -> None:
    from squeezebench.scenario import builtin

    text = call("scenarios", "quickstart").stdout
    assert sb.Scenario.from_text(text, "a copy") == builtin("quickstart")
    assert call("scenarios", "quikstart").returncode == 2


def test_version_and_bug_report() -> None:
    assert call("--version").stdout.strip() == sb.__version__
    assert "numpy" in call("versions").stdout


def test_import_and_help_load_nothing_heavy() -> None:
    code = (
        "import sys, squeezebench\n"
        "from squeezebench.cli.main import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "print([m for m in ('numba', 'qutip', 'xarray', 'pandas', 'scipy', 'matplotlib', 'dask') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
