"""The benchmark suite: asv finds it, every benchmark runs, its references are right, and its check sees failures."""

from __future__ import annotations

import importlib.util
import json
import math
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted(file.stem for file in (ROOT / "benchmarks").glob("bench_*.py"))

#: Compilation, and the ladder of tolerances, take longer than a test may; `benchmarks/check_quick.py` runs them.
LONG = ("bench_compile", "bench_peer_lsoda")

# As asv runs a benchmark with its first parameters, which are the cheapest, in a quick run.
RUN_FIRST = """
import json, sys, traceback
from asv_runner.discovery import disc_benchmarks, get_benchmark_from_name, update_sys_path

folder, long = sys.argv[1], tuple(sys.argv[2:])
update_sys_path(folder)
quick = {"number": 1, "repeat": 1, "warmup_time": 0, "rounds": 1}
values, caches = {}, {}

def value(name, benchmark):
    key = benchmark.setup_cache_key
    if key is not None and key not in caches:
        caches[key] = benchmark.do_setup_cache()
    benchmark.set_cache(caches.get(key))
    assert not benchmark.do_setup(), name + " is left out"
    result = benchmark.do_run()
    benchmark.do_teardown()
    return result["samples"][0] if isinstance(result, dict) else result

for found in disc_benchmarks(folder):
    values[found.name] = None
    if found.name.split(".")[0] not in long:
        try:
            name = found.name + "-0" * bool(found.params)
            values[found.name] = value(name, get_benchmark_from_name(folder, name, extra_params=quick))
        except Exception:
            values[found.name] = traceback.format_exc()
print(json.dumps(values))
"""


def python(code: str, *arguments: str) -> object:
    """What `code` prints last, as JSON. The suite sets thread counts on import: it gets a process of its own."""
    command = [sys.executable, "-c", code, *arguments]
    completed = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert completed.returncode == 0, completed.stderr
    return json.loads(completed.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def first_values():
    """Value of each benchmark that asv finds, with its first parameters: None if it takes long, or what it raised."""
    return python(RUN_FIRST, str(ROOT / "benchmarks"), *LONG)


def test_asv_finds_benchmarks_in_every_file(first_values):
    assert {name.split(".")[0] for name in first_values} == set(FILES)


def test_each_solver_has_a_time_a_memory_and_an_error(first_values):
    for solver in (
        "mean_field",
        "cumulant",
        "steady_state",
        "qutip",
        "piqs",
        "one_axis_twisting",
        "permutational",
        "mcwf",
    ):
        kinds = {name.split(".")[2].split("_")[0] for name in first_values if name.startswith(f"bench_{solver}.")}
        assert kinds >= {"time", "peakmem", "track"}, solver


@pytest.mark.parametrize("file", [file for file in FILES if file not in LONG], ids=lambda file: file[6:])
def test_each_benchmark_runs_with_its_first_parameters(file, first_values):
    values = {name: value for name, value in first_values.items() if name.startswith(f"{file}.")}
    failed = {name: value for name, value in values.items() if not isinstance(value, int | float)}
    assert not failed, "\n".join(f"{name}: {text}" for name, text in failed.items())
    assert values
    assert all(math.isfinite(value) for value in values.values()), values


@pytest.mark.parametrize(("N", "best"), [(100, 0.06294626), (2000, 0.00732552)])
def test_reference_of_unitary_twisting_has_the_known_minimum(N, best):
    """Kitagawa and Ueda's squeezing, optimised over time on a fine grid."""
    code = f"""
import json, numpy as np
from benchmarks.bench_one_axis_twisting import kitagawa_ueda
print(json.dumps(float(kitagawa_ueda({N}, np.linspace(0, 2.4 * {N} ** (-2 / 3), 20001)).min())))
"""
    assert python(code) == pytest.approx(best, abs=2e-8)


@pytest.mark.parametrize("u", [0.1, 0.5, 0.9, 0.98, 1.2])
def test_the_two_references_of_the_steady_state_agree(u):
    """Null vector of the Liouvillian and sums in decimal arithmetic share nothing."""
    code = f"""
import json
from benchmarks.bench_steady_state import xi2_of_null_vector, xi2_of_sums
print(json.dumps([[xi2_of_null_vector(N, {u}), xi2_of_sums(N, {u})] for N in (1, 2, 7, 12)]))
"""
    pairs = np.array(python(code))
    np.testing.assert_allclose(pairs[:, 0], pairs[:, 1], rtol=1e-9)


def test_a_thread_count_that_the_user_set_stands():
    code = """
import json, os
os.environ["OMP_NUM_THREADS"] = "2"
os.environ.pop("OPENBLAS_NUM_THREADS", None)
import benchmarks
print(json.dumps([os.environ["OMP_NUM_THREADS"], os.environ["OPENBLAS_NUM_THREADS"]]))
"""
    assert python(code) == ["2", "1"]


def test_stored_references_are_what_scipy_gives():
    code = """
import json
from benchmarks.references import FILE, compute
print(json.dumps([compute(), json.loads(FILE.read_text())]))
"""
    anew, stored = python(code)
    assert anew.keys() == stored.keys()
    for name, values in stored.items():
        np.testing.assert_allclose(anew[name], values, rtol=1e-11, err_msg=name)


def test_every_built_in_solver_is_measured_side_by_side_and_has_a_peer():
    code = """
import json
from benchmarks import bench_peers, solvers
from squeezebench.host import get_host
print(json.dumps([
    [spec.split(":")[0] for spec in solvers.BUILT_IN], bench_peers.Peers.params[0], sorted(get_host().solvers)
]))
"""
    measured, peers, installed = python(code)
    assert set(peers) == set(measured)
    assert set(measured) <= set(installed)
    computing = set(installed) - {"stored"}  # which reads a file
    assert {entry.name for entry in metadata.entry_points(group="squeezebench")} & computing == set(measured)


@pytest.mark.parametrize(
    ("value", "specs"),
    [
        ("", []),
        ("mine", ["mine"]),
        (" mine  yours ", ["mine", "yours"]),
        ("mine, yours:order=2,tier=tight,theirs", ["mine", "yours:order=2,tier=tight", "theirs"]),
        ("mine mine permutational", ["mine"]),
    ],
)
def test_an_environment_variable_names_solvers_of_third_parties(value, specs):
    code = f"""
import json, os
os.environ["SQUEEZEBENCH_BENCH_SOLVERS"] = {value!r}
from benchmarks import solvers
print(json.dumps([solvers.third_party(), solvers.SPECS[: len(solvers.BUILT_IN)] == tuple(solvers.BUILT_IN)]))
"""
    assert python(code) == [specs, True]


# -------------------------------------------------------------------- the check


@pytest.fixture(scope="module")
def check_quick():
    spec = importlib.util.spec_from_file_location("check_quick", ROOT / "benchmarks" / "check_quick.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def suite_and_result(check_quick):
    """A suite of two benchmarks beside those left out, and the result of a run in which all went well."""
    suite = {"version": 2, "a.time_x": {"params": [["1", "2"], ["'s'"]]}, "a.track_y": {"params": []}}
    results = {"a.time_x": [[0.1, 0.2], "hash"], "a.track_y": [[3.0], "hash"]}
    for name in {name for name, _ in check_quick.LEFT_OUT}:
        rows = sorted(parameters for other, parameters in check_quick.LEFT_OUT if other == name)
        suite[name] = {"params": [sorted(set(column)) for column in zip(*rows, strict=True)]}
        results[name] = [[math.nan] * len(rows), "hash"]
    return suite, {"result_columns": ["result", "version"], "results": results}


def test_check_is_content_when_all_values_are_there(check_quick, suite_and_result):
    assert check_quick.check(*suite_and_result) == ([], 3)


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        (None, "a.time_x(2, 's'): failed"),
        (math.nan, "a.time_x(2, 's'): left out, but not on the list LEFT_OUT"),
        (math.inf, "a.time_x(2, 's'): gave inf"),
    ],
)
def test_check_names_what_failed(check_quick, suite_and_result, value, complaint):
    suite, result = suite_and_result
    result["results"]["a.time_x"][0][1] = value
    assert check_quick.check(suite, result) == ([complaint], 2)


def test_check_misses_a_benchmark_that_did_not_run(check_quick, suite_and_result):
    suite, result = suite_and_result
    del result["results"]["a.time_x"]
    complaints, values = check_quick.check(suite, result)
    assert complaints == ["a.time_x(1, 's'): failed", "a.time_x(2, 's'): failed"]
    assert values == 1


def test_check_takes_a_benchmark_of_which_all_parameters_failed(check_quick, suite_and_result):
    """Asv writes one null for the whole list then."""
    suite, result = suite_and_result
    result["results"]["a.time_x"][0] = None
    assert check_quick.check(suite, result)[0] == ["a.time_x(1, 's'): failed", "a.time_x(2, 's'): failed"]


def test_check_notices_a_value_that_should_be_left_out_and_an_entry_without_benchmark(check_quick, suite_and_result):
    suite, result = suite_and_result
    given, gone = ("bench_piqs.Evolution.time_solve",), ("bench_piqs.Memory.peakmem_solve",)
    result["results"][given[0]][0][0] = 1.0
    del suite[gone[0]]
    complaints = check_quick.check(suite, result)[0]
    assert len(complaints) == 2
    assert "gave 1.0, but is on the list LEFT_OUT" in complaints[0]
    assert "on the list LEFT_OUT only" in complaints[1]


def test_settings_of_asv_are_json_but_for_whole_lines_of_comment(check_quick):
    settings = json.loads(check_quick.without_comments((ROOT / "asv.conf.json").read_text()))
    assert settings["benchmark_dir"] == "benchmarks"
    # asv's own command builds the wheels of all dependencies too, and then finds several.
    assert settings["build_command"] == ["python -m build --wheel -o {build_cache_dir} {build_dir}"]


# -------------------------------------------------------------------- the demonstration


@pytest.fixture(scope="module")
def demonstration():
    spec = importlib.util.spec_from_file_location("demo_regression", ROOT / "benchmarks" / "demo_regression.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


#: As asv 0.6.6 prints it.
TABLE = """
| Change   | Before [468533b4] <main~1>   | After [a0cda28c] <main>   |   Ratio | Benchmark (Parameter)                                  |
|----------|------------------------------|---------------------------|---------|--------------------------------------------------------|
| +        | 1.6150292214689443e-10       | 2.1506656788794487e-08    |  133.17 | bench_mean_field.Accuracy.track_error('default')       |
| +        | 462±20μs                     | 684±40μs                  |    1.48 | bench_one_axis_twisting.Solve.time_solve(1000000, 101) |
"""  # noqa: E501


def test_demonstration_is_content_when_both_faults_are_reported(demonstration):
    assert demonstration.check(TABLE.splitlines(), 1) == ([], True)


@pytest.mark.parametrize(
    ("old", "new", "status", "complaint"),
    [
        ("| +        | 1.6", "| -        | 1.6", 1, "less accurate, and not reported"),
        ("| +        | 462", "| -        | 462", 1, "1.5 times slower, and not reported"),
        ("    1.48 |", "    1.08 |", 1, "reported as 1.08 times slower, which is not near 1.5"),
        ("Accuracy.track_error('default')", "Accuracy.track_error('tight')  ", 1, "nothing was done to it"),
        ("", "", 0, "asv continuous ended with 0"),
    ],
)
def test_demonstration_sees_what_is_not_reported(demonstration, old, new, status, complaint):
    complaints, measured = demonstration.check(
        TABLE.replace(old, new).splitlines() if old else TABLE.splitlines(), status
    )
    assert any(complaint in text for text in complaints), complaints
    assert measured


@pytest.mark.slow
def test_asv_continuous_reports_a_slow_down_and_a_loss_of_accuracy():
    """Two commits in a clone, built and measured by asv: minutes, and pip needs an index."""
    command = [sys.executable, str(ROOT / "benchmarks" / "demo_regression.py")]
    completed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert completed.returncode == 0, completed.stdout + completed.stderr


# -------------------------------------------------------------------- noise, thresholds, bounds


def test_noise_is_the_largest_distance_from_the_median_by_kind():
    code = """
import json
from benchmarks.noise import deviations
runs = [{"a.T.time_x(1)": t, "a.T.peakmem_x(1)": 100.0, "a.T.track_error": e, "a.T.track_slowdown_to_peer('s')": 0.5}
        for t, e in ((1.0, 0.0), (1.2, 0.0), (0.9, 0.0))]
print(json.dumps(deviations(runs)))
"""
    found = python(code)
    assert found["times"] == [pytest.approx(0.2)]
    assert (found["memory"], found["errors"], found["ratios to peers"]) == ([0.0], [0.0], [0.0])


def test_thresholds_of_regressions_are_for_benchmarks_that_exist(check_quick, first_values):
    settings = json.loads(check_quick.without_comments((ROOT / "asv.conf.json").read_text()))
    thresholds = settings["regressions_thresholds"]
    for pattern in thresholds:
        assert any(re.match(pattern, name) for name in first_values), pattern
    for name in first_values:
        if name.split(".")[-1].startswith(("time_", "timeraw_", "peakmem_")):
            assert any(re.match(pattern, name) for pattern in thresholds), name


@pytest.mark.parametrize(("N", "u"), [(1000, 0.9), (30_000, 0.5), (10_000, 0.98)])
def test_terms_of_the_closed_form_are_counted_as_they_are_visited(N, u):
    """By walking as the kernel does, which stops at the first weight below 1e-60 and counts it."""
    alpha = u * N / 2
    peak = math.floor(N * math.sqrt((1 - u) * (1 + u)) + 0.5)
    count = 0
    for indices, up in ((range(peak + 1, N + 1), True), (range(peak - 1, -1, -1), False)):
        weight = 1.0
        for n in indices:
            m = n if up else n + 1
            ratio = (N + m + 1) * (N - m + 1) * m / ((4 * m + 2) * alpha**2)
            weight *= ratio if up else 1 / ratio
            count += 1
            if weight <= 1e-60:
                break
    assert abs(python(f"from benchmarks.bench_bounds import terms\nprint(terms({N}, {u}))") - count) <= 2
