"""The dashboard: complete without a network, from asv's results, and honest about what is not there."""

from __future__ import annotations

import functools
import http.server
import json
import math
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from squeezebench.dashboard import build
from squeezebench.dashboard.results import curves, peers, read, tiers
from squeezebench.dashboard.vendor import localise, manifest, sha384
from squeezebench.errors import InvalidOptionError, SqueezebenchError, StoreError

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

#: Benchmark → parameters, their names, unit, and value as a function of the parameters and the number of the commit.
SUITE = {
    "bench_a.Solve.time_solve": ([["10", "100", "1000"]], ["N"], "seconds", lambda c, N: 1e-4 * int(N) ** 1.5),
    # The last three of eight commits are slower by a half.
    "bench_a.Tiers.time_solve": (
        [["'fast'", "'tight'"]],
        ["tier"],
        "seconds",
        lambda c, tier: (0.01 if "fast" in tier else 0.04) * (1.5 if c > 4 else 1.0),
    ),
    "bench_a.Tiers.track_error": (
        [["'fast'", "'tight'"]],
        ["tier"],
        "relative error of xi2",
        lambda c, tier: 1e-4 if "fast" in tier else 1e-9,
    ),
    "bench_a.Peers.track_slowdown_to_peer": ([["'a'", "'b'"]], ["solver"], "ours / theirs", lambda c, s: 0.25),
}


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false", *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A repository of eight commits with results of each, as asv writes them."""
    root = tmp_path_factory.mktemp("checkout")
    git(root, "init", "-q", "-b", "main")
    config = {"version": 1, "project": "thing", "repo": ".", "branches": ["main"], "environment_type": "virtualenv"}
    config |= {"results_dir": ".asv/results", "html_dir": ".asv/html", "benchmark_dir": "benchmarks"}
    (root / "asv.conf.json").write_text("// a comment\n" + json.dumps(config | {"project_url": "#"}))
    results = root / ".asv" / "results"
    (results / "box").mkdir(parents=True)
    machine = {"machine": "box", "arch": "a", "cpu": "c", "num_cpu": "2", "os": "o", "ram": "1", "version": 1}
    (results / "box" / "machine.json").write_text(json.dumps(machine))
    suite = {"version": 2}
    for name, (params, names, unit, _) in SUITE.items():
        kind = "track" if ".track_" in name else "time"
        suite[name] = {"name": name, "params": params, "param_names": names, "unit": unit, "type": kind, "code": ""}
        suite[name] |= {"version": "1", "timeout": 60.0}
    (results / "benchmarks.json").write_text(json.dumps(suite))
    for index in range(8):
        (root / "count").write_text(str(index))
        git(root, "add", "count")
        git(root, "commit", "-q", "-m", str(index), "--date", f"2026-01-{index + 1:02d}T12:00:00Z")
        commit = git(root, "rev-parse", "HEAD")
        values = {
            name: [[value(index, item) for item in params[0]], params, "1", 0, 0]
            for name, (params, _, _, value) in SUITE.items()
        }
        run = {"commit_hash": commit, "env_name": "e", "date": 1767268800000 + index * 86400000, "python": "3.11"}
        run |= {"params": machine | {"python": "3.11"}, "requirements": {}, "env_vars": {}, "durations": {}}
        run |= {"result_columns": ["result", "params", "version", "started_at", "duration"], "results": values}
        (results / "box" / f"{commit[:8]}-e.json").write_text(json.dumps(run | {"version": 2}))
    return root


@pytest.fixture(scope="module")
def site(checkout, tmp_path_factory):
    page = build(tmp_path_factory.mktemp("site"), checkout / "asv.conf.json")
    return page.parent


# -------------------------------------------------------------------- what is brought along


def test_the_files_brought_along_are_those_of_the_manifest():
    folder = Path(sys.modules[localise.__module__].__file__).with_name("vendor")
    named = {entry["file"] for entry in manifest()}
    assert {path.name for path in folder.glob("*.*s")} == named
    for entry in manifest():
        assert sha384((folder / entry["file"]).read_bytes()) == entry["sha384"]
        assert entry["licence"]
        assert entry["licence_file"] is None or (folder / entry["licence_file"]).is_file()


def test_no_page_loads_anything_from_elsewhere(site):
    for page in site.rglob("*.html"):
        for tag in re.findall(r"<(?:script|link|img)\b[^>]*>", page.read_text(encoding="utf-8")):
            assert not re.search(r'(?:src|href)="(?:https?:)?//', tag), f"{page}: {tag}"
    loaded = re.findall(r'"(vendor/[^"]+)" data-integrity="(sha384-[^"]+)"', (site / "asv" / "index.html").read_text())
    assert len(loaded) == 10
    for name, integrity in loaded:
        assert sha384((site / "asv" / name).read_bytes()) == integrity


def test_a_library_that_is_not_brought_along_is_an_error(tmp_path):
    (tmp_path / "index.html").write_text('<script src="https://example.org/new.js"></script>')
    with pytest.raises(SqueezebenchError, match=r"example\.org/new\.js, which .* does not bring along"):
        localise(tmp_path)


# -------------------------------------------------------------------- what the front page says


def test_numbers_come_from_the_newest_results(checkout):
    results = read(checkout / ".asv" / "results")
    assert [value.value for value in peers(results)] == [0.25, 0.25]
    assert {row.parameters["tier"]: (row.seconds, row.error) for row in tiers(results)} == {
        "fast": (pytest.approx(0.015), 1e-4),
        "tight": (pytest.approx(0.06), 1e-9),
    }
    (curve,) = curves(results, "time")
    assert curve.N == (10, 100, 1000)
    assert curve.exponent == pytest.approx(1.5)


def test_a_benchmark_whose_code_has_changed_is_not_shown(checkout, tmp_path):
    shutil.copytree(checkout / ".asv" / "results", tmp_path / "results")
    file = tmp_path / "results" / "benchmarks.json"
    suite = json.loads(file.read_text())
    suite["bench_a.Solve.time_solve"]["version"] = "2"
    file.write_text(json.dumps(suite))
    assert curves(read(tmp_path / "results"), "time") == []


def test_values_that_are_missing_are_left_out(checkout, tmp_path):
    shutil.copytree(checkout / ".asv" / "results", tmp_path / "results")
    for file in (tmp_path / "results" / "box").glob("*-e.json"):
        run = json.loads(file.read_text())
        run["results"]["bench_a.Peers.track_slowdown_to_peer"][0] = [math.nan, None]
        file.write_text(json.dumps(run))
    assert peers(read(tmp_path / "results")) == []


def test_the_front_page_has_its_four_parts(site):
    text = (site / "index.html").read_text(encoding="utf-8")
    for words in ("Against peers", "Error beside speed", "Work and precision", "Time over N", "0.25", "<svg"):
        assert words in text


# -------------------------------------------------------------------- errors


def test_a_folder_that_holds_something_else_is_left_alone(checkout, tmp_path):
    (tmp_path / "thesis.tex").write_text("years")
    with pytest.raises(InvalidOptionError, match="is not empty and is no dashboard"):
        build(tmp_path, checkout / "asv.conf.json")
    assert (tmp_path / "thesis.tex").read_text() == "years"


def test_a_dashboard_of_before_is_replaced(checkout, tmp_path):
    build(tmp_path / "site", checkout / "asv.conf.json")
    (tmp_path / "site" / "old").touch()
    build(tmp_path / "site", checkout / "asv.conf.json")
    assert not (tmp_path / "site" / "old").exists()


def test_missing_configuration_and_missing_results_are_named(tmp_path):
    with pytest.raises(InvalidOptionError, match="no configuration of asv at"):
        build(tmp_path / "site", tmp_path / "asv.conf.json")
    with pytest.raises(StoreError, match="holds no results of asv"):
        read(tmp_path)


def test_one_of_several_machines_must_be_named(checkout, tmp_path):
    shutil.copytree(checkout / ".asv" / "results", tmp_path / "results")
    shutil.copytree(tmp_path / "results" / "box", tmp_path / "results" / "other")
    with pytest.raises(StoreError, match=r"2 machines: \['box', 'other'\]"):
        read(tmp_path / "results")
    assert read(tmp_path / "results", "other").machine == "other"


# -------------------------------------------------------------------- in a browser without a network


@pytest.fixture(scope="module")
def address(site):
    """Of the site on this machine."""
    handler = functools.partial(_Quiet, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


def dom(url: str, profile: Path) -> str:
    """What a browser makes of a page, every name of a host but this machine's unknown to it."""
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}"]
    command += ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--virtual-time-budget=8000", "--dump-dom"]
    return subprocess.run([*command, url], check=True, capture_output=True, text=True, timeout=120).stdout


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium, of Debian's package chromium")
@pytest.mark.parametrize("how", ["served", "as a file"])
@pytest.mark.parametrize(
    ("page", "seen"),
    [
        ("#/", r'<canvas class="flot-(base|overlay)"|class="[^"]*btn[^"]*"[^>]*>[^<]*Solve|bench_a'),
        ("#/summarylist", r"<td[^>]*>(<[^>]*>)*bench_a\.Tiers\.time_solve"),
        ("#/regressions", r"bench_a\.Tiers\.time_solve"),
        ("#bench_a.Solve.time_solve?N=100", r'<canvas class="flot-overlay"'),
    ],
    ids=["grid", "list", "regressions", "graph"],
)
def test_pages_render_without_a_network(how, page, seen, address, site, tmp_path):
    base = address if how == "served" else site.as_uri()
    text = dom(f"{base}/asv/index.html{page}", tmp_path)
    body = text[text.index("<body") :]
    assert re.search(seen, body), body[-3000:]
    assert "airspeed velocity of an unladen thing" in text
