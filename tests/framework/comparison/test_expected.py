"""Expected values: who has them, who misses them, and what cannot be said."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

import squeezebench as sb
from squeezebench.cli.main import main


def decay(expected, **changes):
    """Three spins that decay from all up: ⟨J_z⟩ = 1.5 (2 exp(−t) − 1)."""
    entries = {
        "name": "decay",
        "model": {"type": "spin", "emission": 1.0},
        "axes": {"N": [3, 5]},
        "initial": {"type": "coherent", "theta": 0},
        "times": {"stop": "log(2)", "num": 5},
        "reductions": ["final(variable=spin, axis=z)", "minimum(variable=n_eff)"],
        "solvers": ["permutational", "cumulant:order=2"],
        "expected": expected,
    }
    return sb.Scenario(**{**entries, **changes})


def entry(value, **changes):
    return {
        "quantity": "final_spin_z",
        "at": {"N": 3},
        "value": value,
        "tolerance": 1e-4,
        "source": "by hand",
        **changes,
    }


def outcome(expected, **changes):
    return sb.check_expected(sb.run(decay(expected, **changes)))


def test_a_value_is_met_inside_its_tolerance_and_differs_outside():
    times = {"stop": "log(4)", "num": 5}  # 1.5 (2/4 − 1)
    met = outcome([entry(-0.75)], times=times)
    assert [(e.solver, e.result, e.failed) for e in met] == [
        ("permutational", "met", False),
        ("cumulant(order=2)", "met", False),
    ]
    assert met[0].measured == pytest.approx(-0.75, rel=1e-7)
    assert met[0].deviation < 1e-7
    apart = outcome([entry(-0.76)], times=times)
    assert [(e.result, e.failed) for e in apart] == [("differs", True), ("differs", False)]
    assert apart[0].deviation == pytest.approx(0.01 / 0.76, rel=1e-6)


def test_the_tolerance_of_zero_is_absolute():
    assert [e.result for e in outcome([entry(0.0, tolerance=1e-6)])] == ["met", "met"]
    assert outcome([entry(0.0, tolerance=0.0)], solvers=["cumulant"])[0].result == "differs"


def test_an_exact_solver_answers_for_its_tier_and_a_sampled_one_for_three_standard_errors():
    times = {"stop": "log(4)", "num": 5}
    slightly = -0.75 * (1 + 5e-4)
    (fast,) = outcome([entry(slightly)], times=times, solvers=["permutational:tier=fast"])
    assert (fast.result, fast.failed) == ("within_errors", False)
    expected = [entry(-0.75, tolerance=1e-6)]
    (sampled,) = outcome(expected, times=times, solvers=["mcwf:n_trajectories=100"])
    assert sampled.stderr > 0.01  # three spins, a hundred times
    assert sampled.result == ("within_errors" if abs(sampled.measured + 0.75) <= 3 * sampled.stderr else "differs")
    assert sampled.claim == "exact, sampled"
    wrong = [entry(-0.75 - 10 * sampled.stderr, tolerance=1e-6)]
    assert outcome(wrong, times=times, solvers=["mcwf:n_trajectories=100"])[0].result == "differs"


def test_the_time_of_a_sampled_extremum_is_not_judged():
    burst = sb.Scenario(
        model={"type": "spin", "N": 6, "collective_emission": 1.0},
        initial={"type": "coherent", "theta": 0},
        times={"stop": 1.0, "num": 51},
        reductions=["maximum(variable=emission_rate)"],
        solvers=["mcwf:n_trajectories=50"],
        expected=[{"quantity": "maximum_emission_rate_time", "value": 0.5}],
    )
    (only,) = sb.check_expected(sb.run(burst))
    assert only.result == "not_judged"
    assert math.isnan(only.stderr)


def test_a_distance_is_the_largest_over_the_times_from_the_strongest_claim():
    expected = [{"quantity": "spin", "at": {"N": 3, "axis": "z"}, "against": {"N": 5}, "value": 1.0, "tolerance": 1e-6}]
    rows = outcome([{"quantity": "j_squared", "at": {"N": 3}, "against": {"N": 5}, "value": 5.0, "tolerance": 1e-6}])
    assert [row.result for row in rows] == ["met", "met"]  # 35/4 − 15/4 at the start, less later
    assert [row.result for row in outcome(expected)] == ["met", "met"]  # 2.5 − 1.5 at the start
    apart = sb.check_expected(sb.run(decay(expected, times={"stop": "1/N", "num": 5})))
    assert [row.reason for row in apart] == ["N = 5 has other times"] * 2


def test_what_cannot_be_looked_up_says_why():
    reasons = {
        "the expected value does not say for which N it is": entry(0.0, at={}),
        "the results have no point N = 7": entry(0.0, at={"N": 7}),
        "the results have no quantity 'final_spin_y'": entry(0.0, quantity="final_spin_y"),
        "xi2 is a series here": entry(0.0, quantity="xi2"),
        "the results have no point N = 9": entry(0.0, against={"N": 9}),
    }
    rows = outcome(list(reasons.values()), solvers=["cumulant"])
    assert [row.result for row in rows] == ["no_value"] * len(reasons)
    for row, reason in zip(rows, reasons, strict=True):
        assert row.reason.startswith(reason)
        assert not row.failed


def test_an_observable_at_a_time_or_in_the_steady_state_is_a_quantity():
    at_time = entry(1.5, quantity="spin", at={"N": 3, "time": 0.0, "axis": "z"})
    assert [row.result for row in outcome([at_time], axes={"N": [3]})] == ["met", "met"]
    steady = sb.Scenario(
        model={"type": "driven_cavity", "N": 2000, "upsilon_ratio": 0.8},
        initial={"type": "dicke", "J": 1000, "M": -1000},
        times="steady",
        solvers=["steady_state"],
        expected=[{"quantity": "xi2", "value": 0.6, "tolerance": 1e-3, "source": "√(1 − u²) at large N"}],
    )
    assert [row.result for row in sb.check_expected(sb.run(steady))] == ["met"]


def test_only_results_of_runs_are_checked():
    with pytest.raises(sb.InvalidOptionError, match=r"results = 3 are no data set of squeezebench.run"):
        sb.check_expected(3)
    assert sb.check_expected(sb.run(decay([]))) == []


def command(*arguments: str) -> int:
    with pytest.raises(SystemExit) as done:
        main(list(arguments))
    return int(done.value.code or 0)


def test_run_and_compare_print_and_count_them(tmp_path: Path, capsys):
    file, store = tmp_path / "decay.toml", str(tmp_path / "results")
    file.write_text(decay([entry(0.0, tolerance=1e-6), entry(0.25, at={"N": 5})]).to_toml())
    assert (
        command("run", str(file), "-q", "-o", store) == 1
    )  # the second is wrong, and permutational claims to be exact
    printed = capsys.readouterr().out
    assert "values that the scenario expects" in printed
    assert "permutational!: " in printed
    assert "!: claims to be exact, and differs by more than it answers for." in printed
    assert "expected from: by hand." in printed
    assert command("compare", store, "--json") == 1
    rows = json.loads(capsys.readouterr().out)["expected"]
    assert [row["result"] for row in rows] == ["met", "met", "differs", "differs"]
    assert [row["failed"] for row in rows] == [False, False, True, False]
    assert command("run", str(file), "-q", "-s", "cumulant", "-o", store) == 0  # an approximation may differ
    assert command("scenarios", str(tmp_path / "decay.toml"), "--json") == 0
    capsys_out = capsys.readouterr().out
    assert '"against"' not in capsys_out
    assert '"tolerance": 0.0001' in capsys_out


def test_beyond_its_reach_a_solver_is_not_asked(tmp_path: Path):
    scenario = decay([entry(0.0)], reach={"permutational": 3})
    results = sb.run(scenario, store=tmp_path)
    assert results.status.values.tolist() == [["ok", "unsupported"], ["ok", "ok"]]
    assert "up to N = 3 only" in str(results.reason.values[0, 1])
    assert np.isnan(results.spin.values[0, 1]).all()
    assert sb.load(tmp_path).identical(results) or sb.load(tmp_path).status.equals(results.status)
    # the cell's own place in the store stays free for a run that does ask
    again = sb.run(decay([entry(0.0)]), store=tmp_path)
    assert (again.status == "ok").all()


def test_a_reach_of_a_solver_that_is_not_there_names_the_nearest():
    with pytest.raises(sb.UnknownSolverError, match="did you mean 'permutational'"):
        sb.run(decay([], reach={"permutationl": 3}))
