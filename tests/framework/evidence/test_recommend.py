"""Recommendations: what evidence shows is recommended, what it does not show is refused, and files are whole."""

from __future__ import annotations

import dataclasses
import json
import math
import re
from pathlib import Path

import numpy as np
import pytest

import squeezebench as sb
from squeezebench.cli.main import main
from squeezebench.errors import StoreError
from squeezebench.recommendation.accuracy import HARDER, NEIGHBOURS, SAFETY, distance_outside, expected_error
from squeezebench.recommendation.advise import advise, question_of
from squeezebench.recommendation.cells import FRACTIONS, SHIPPED, Cell, Evidence, Point, header, line, read, shipped
from squeezebench.recommendation.collect import BOX, SPECS, design, measure, solve_cell, stored_problems
from squeezebench.recommendation.cost import CostModel
from squeezebench.recommendation.errors_of import judge
from squeezebench.recommendation.leave_out import leave_out, tally
from squeezebench.recommendation.machine import kernel_seconds
from squeezebench.recommendation.trial import TRIAL, questions, read_trial
from squeezebench.recommendation.user_store import cells_of_store, point_of


def ask(capsys: pytest.CaptureFixture[str], line: str) -> tuple[int, str]:
    with pytest.raises(SystemExit) as exit_:
        main(["recommend", *line.split()])
    return int(exit_.value.code or 0), capsys.readouterr().out


# -------------------------------------------------------------------- the answer


def test_the_command_answers_on_the_evidence_that_ships(capsys: pytest.CaptureFixture[str]) -> None:
    code, out = ask(capsys, "--N 50 --gamma-s 5 --upsilon-ratio 0.9 --chi 0 --observable xi2 --rtol 0.02 --stop 0.1")
    assert code == 0
    assert "recommended: " in out
    assert "evidence:" in out
    assert "not known:" in out


def test_json_has_every_part_of_the_answer(capsys: pytest.CaptureFixture[str]) -> None:
    code, out = ask(capsys, "-N 50 --gamma-s 5 --rtol 0.02 --max-seconds 60 --json")
    data = json.loads(out)
    assert code == 0
    assert not data["refused"]
    assert sb.Spec.parse(data["spec"]).name in {sb.Spec.parse(spec).name for spec in SPECS}
    low, high = data["seconds_interval"]
    assert 0 < low < data["seconds"] < high
    assert data["seconds"] <= 60
    assert 0 <= data["bytes_interval"][0] <= data["bytes"] <= data["bytes_interval"][1]
    assert data["error"] <= 0.02
    assert data["unknowns"]
    assert {"point", "distance", "error", "kind", "reference", "seconds", "source"} <= data["evidence"][0].keys()
    assert {other["spec"] for other in data["alternatives"]}.isdisjoint({data["spec"]})


@pytest.mark.parametrize(
    "outside",
    [
        {"N": 5},
        {"N": 3_000_000},
        {"gamma_s": 0.01},
        {"gamma_s": 5000.0},
        {"upsilon_ratio": 2.0},
        {"upsilon_ratio": 0.0},
        {"chi": -4.0},
        {"chi": 10.0},
    ],
)
def test_nothing_is_recommended_outside_of_what_was_measured(outside: dict[str, float]) -> None:
    where = {"N": 1000, "gamma_s": 10.0, "upsilon_ratio": 0.6, "chi": 0.0, **outside}
    answer = sb.recommend(**where)  # type: ignore[arg-type]
    assert answer.refused
    assert answer.spec is None
    assert "outside" in answer.reason
    assert all(other.verdict in ("outside evidence", "unsupported") for other in answer.alternatives)


def test_a_limit_of_time_is_kept_to_or_refused() -> None:
    free = sb.recommend(60, 5.0, 0.9, rtol=0.01)
    assert not free.refused
    short = sb.recommend(60, 5.0, 0.9, rtol=0.01, max_seconds=free.seconds / 100)
    assert short.refused
    assert "takes too much" in short.reason
    assert short.alternatives


def test_rates_are_in_units_of_gamma() -> None:
    one = sb.recommend(100, 5.0, 0.8, 0.3, stop=0.1)
    other = sb.recommend(100, 10.0, 0.8, 0.6, stop=0.05, Gamma=2.0)
    assert (one.spec, one.seconds) == (other.spec, pytest.approx(other.seconds))


def test_what_is_recommended_can_be_run_and_meets_the_tolerance() -> None:
    for N, gamma_s, rtol in ((30, 20.0, 0.05), (40, 60.0, 0.01)):
        answer = sb.recommend(N, gamma_s, 0.6, rtol=rtol, max_seconds=5)
        assert answer.spec is not None
        problem = Point(N, gamma_s, 0.6, 0.0, 1 / gamma_s).problem()
        mine = sb.solve(problem, answer.spec).xi2.values
        exact = sb.solve(problem, "permutational", tier="tight").xi2.values
        counts = exact < 1.5
        assert np.abs(mine / exact - 1)[counts].max() <= rtol


def test_a_method_that_stops_when_content_is_promised_to_be_no_better_than_that() -> None:
    strict, content = (sb.recommend(1798, 205.0, 0.641, stop=0.004, rtol=rtol) for rtol in (0.01, 0.03))
    auto = next(other for other in strict.alternatives if "order=auto" in other.spec)
    assert max(cell.error for cell in auto.evidence) < 0.001
    assert (auto.verdict, auto.error) == ("not accurate enough", 0.02)
    assert content.spec == "cumulant:order=auto"
    assert strict.spec != "cumulant:order=auto"


# -------------------------------------------------------------------- what it rests on


def toy(N: int, error: float, *, seconds: float = 1e-3, spec: str = "mean_field", u: float = 0.6) -> Cell:
    return Cell(
        Point(N, 10.0, u, 0.0, 0.4),
        spec,
        "ok",
        seconds=seconds,
        peak_bytes=0.0,
        estimate_seconds=1e-4 * N,
        estimate_bytes=1e4,
        kind="exact",
        reference="permutational",
        errors={"xi2": (error,) * len(FRACTIONS)},
    )


def around(N: int, error: float, **more: float | str) -> list[Cell]:
    """Cells all around a point."""
    cells = []
    for factor in (0.5, 0.7, 1.4, 2.0):
        for u in (0.5, 0.7):
            for gamma_s, chi in ((9.0, 0.0), (11.0, 0.0), (10.0, -0.1), (10.0, 0.1)):
                cell = toy(round(N * factor), error, u=u, **more)  # type: ignore[arg-type]
                point = dataclasses.replace(cell.point, gamma_s=gamma_s, chi=chi, stop=4 / gamma_s)
                cells.append(dataclasses.replace(cell, point=point))
    return cells


def test_the_cheapest_that_meets_the_tolerance_is_taken() -> None:
    cells = around(100, 0.001, spec="cumulant", seconds=0.01) + around(
        100, 0.0001, spec="cumulant:order=3", seconds=0.1
    )
    cells += around(100, 0.3, seconds=0.001)
    evidence = Evidence(tuple(cells), {})
    point = Point(100, 10.0, 0.6, 0.0, 0.1)

    def recommended(rtol: float) -> str | None:
        return advise(point, question_of(point, rtol), evidence).spec

    assert recommended(1.0) == "mean_field"
    assert recommended(0.01) == "cumulant"
    assert recommended(0.001) == "cumulant:order=3"
    assert recommended(0.0001) is None


def test_one_bad_neighbour_is_enough_to_refuse() -> None:
    cells = around(100, 0.001)
    point = Point(100, 10.0, 0.6, 0.0, 0.1)
    assert expected_error(cells, point, "xi2").error == pytest.approx(SAFETY * 0.001)
    near = expected_error(cells, point, "xi2").cells[2]
    worse = [dataclasses.replace(c, errors={"xi2": (math.inf,) * len(FRACTIONS)}) if c is near else c for c in cells]
    assert expected_error(worse, point, "xi2").error == math.inf
    assert expected_error(cells[: NEIGHBOURS - 1], point, "xi2").error == math.inf


def test_neighbours_that_are_all_easier_vouch_for_nothing() -> None:
    point = Point(100, 10.0, 0.6, 0.0, 0.1)
    easy = [cell for cell in around(100, 0.001) if cell.point.N < 100]
    assert len(easy) >= NEIGHBOURS
    assert expected_error(easy, point, "xi2").error == math.inf
    harder = [toy(400, error, u=u) for u, error in ((0.6, 0.002), (0.7, 0.003), (0.8, 0.5))]
    found = expected_error([*easy, *harder], point, "xi2")
    # The nearest two of those that are as hard count, however many easy ones are nearer.
    assert found.error == pytest.approx(SAFETY * 0.003)
    assert len(found.cells) == NEIGHBOURS + HARDER
    assert expected_error([*easy, harder[0]], point, "xi2").error == math.inf


def test_an_error_is_read_at_the_same_stage_of_decay_and_never_beyond_the_course() -> None:
    errors = {"xi2": tuple(float(k) for k in range(len(FRACTIONS)))}
    cell = dataclasses.replace(toy(10, 0.0), errors=errors)
    assert cell.error("xi2", cell.point.decay) == len(FRACTIONS) - 1
    assert cell.error("xi2", 0.5 * cell.point.decay) == FRACTIONS.index(0.5)
    assert cell.error("xi2", 0.45 * cell.point.decay) == FRACTIONS.index(0.5)
    assert cell.error("xi2", 1.01 * cell.point.decay) == math.inf
    assert cell.error("n_eff", 0.1) == math.inf


def test_the_distance_from_the_hull_is_that_of_geometry() -> None:
    corners = [Point(N, g, u, c, 1.0) for N in (10, 1000) for g in (1.0, 100.0) for u in (0.4, 1.0) for c in (0.0, 2.0)]
    assert distance_outside(corners, Point(100, 10.0, 0.7, 1.0, 1.0)) < 1e-6
    assert distance_outside(corners, Point(100, 10.0, 0.7, 3.0, 1.0)) == pytest.approx(1.0, rel=1e-3)
    assert distance_outside(corners, Point(10_000, 10.0, 0.7, 1.0, 1.0)) == pytest.approx(1.0, rel=1e-3)


def test_the_cost_model_finds_a_power_law_and_knows_how_well() -> None:
    rng = np.random.default_rng(3)
    cells = []
    for _ in range(60):
        N = round(10 ** rng.uniform(1, 4))
        cell = toy(N, 0.0, seconds=float(1e-6 * N**1.5 * 10 ** rng.normal(0, 0.05)), u=float(rng.uniform(0.3, 1.2)))
        cells.append(dataclasses.replace(cell, point=dataclasses.replace(cell.point, gamma_s=float(rng.uniform(1, 9)))))
    model = CostModel(cells)
    inside = 0
    for _ in range(100):
        N = round(10 ** rng.uniform(1.2, 3.8))
        truth = 1e-6 * N**1.5 * 10 ** rng.normal(0, 0.05)
        cost = model(Point(N, float(rng.uniform(1, 9)), 0.7, 0.0, 0.4), 1e-4 * N)
        assert cost.value == pytest.approx(truth, rel=0.6)
        inside += cost.low <= truth <= cost.high
    assert inside >= 80
    assert math.isnan(CostModel(cells[:3])(cells[0].point, 1.0).value)


# -------------------------------------------------------------------- files


def test_the_evidence_that_ships_is_whole() -> None:
    evidence = shipped()
    assert {"command", "created", "machine", "versions", "kernel_seconds"} <= evidence.about.keys()
    assert set(evidence.specs) == set(SPECS)
    assert len(evidence.points) >= 100
    for cell in evidence.cells:
        assert cell.kind in ("exact", "own", "bounded", "sampled", "")
        for row in cell.errors.values():
            assert len(row) == len(FRACTIONS)
            assert list(row) == sorted(row)
    # The corners make every point of the box one of the inside.
    rng = np.random.default_rng(0)
    for log_N, log_gamma, u, chi in rng.uniform(*np.array(BOX).T, size=(20, 4)):
        point = Point(round(10**log_N), 10**log_gamma, u, chi, 1.0)
        assert distance_outside(evidence.points, point) < 0.02


def test_points_whose_exact_answers_are_stored_are_measured_on_the_times_of_those() -> None:
    known = stored_problems()
    assert {point.N for point in known} == {1000, 2000}
    assert {*known} <= {*shipped().points}
    for point in known:
        cell = next(cell for cell in shipped().of("cumulant:order=3") if cell.point == point)
        assert (cell.kind, cell.reference) == ("exact", "stored")
    point = next(point for point in known if point.gamma_s == 50.0)
    (cell,) = measure(point, specs=("cumulant:order=3",), problem=known[point])
    assert (cell.kind, cell.reference) == ("exact", "stored")
    # As far as `validity` finds it, and what the stored answer does not know of itself.
    assert 2.42e-4 < cell.errors["xi2"][-1] < 2.42e-4 + 1e-4


def test_a_refusal_says_what_would_be_enough() -> None:
    answer = sb.recommend(10_000, 50.0, 0.9, rtol=0.02, stop=0.05, max_seconds=60)
    assert answer.refused
    seconds, looser = (float(re.search(f"{name} = ([0-9.e+]+)", answer.reason)[1]) for name in ("max_seconds", "rtol"))  # type: ignore[index]
    assert not sb.recommend(10_000, 50.0, 0.9, rtol=0.02, stop=0.05, max_seconds=seconds).refused
    assert not sb.recommend(10_000, 50.0, 0.9, rtol=looser, stop=0.05, max_seconds=60).refused


def test_evidence_survives_its_file(tmp_path: Path) -> None:
    evidence = shipped()
    point = evidence.points[-1]
    cells = [cell for cell in evidence.cells if cell.point == point]
    file = tmp_path / "evidence.jsonl"
    file.write_text(f"{header({'kernel_seconds': 1.0})}\n{line(point, cells)}\n", encoding="utf-8")
    again = read(file)
    assert [cell.to_dict() for cell in again.cells] == [cell.to_dict() for cell in cells]
    assert again.points == (point,)
    file.write_text(SHIPPED.read_text(encoding="utf-8")[:-200], encoding="utf-8")
    with pytest.raises(StoreError, match="is no evidence"):
        read(file)


def test_points_are_drawn_anew_alike_and_more_of_them_have_the_fewer_among_them() -> None:
    assert {*design(10, 4)} < {*design(30, 4)}
    assert design(30, 4) != design(30, 5)
    assert {point for point, _ in questions(40, 1)}.isdisjoint(shipped().points)


def test_a_cell_measured_now_has_the_error_that_a_run_finds() -> None:
    point = Point(14, 20.0, 0.7, 0.0, 0.1)
    cells = {cell.spec: cell for cell in measure(point, specs=("cumulant", "permutational"))}
    problem = point.problem()
    exact, order2 = (sb.solve(problem, spec).xi2.values for spec in ("permutational", "cumulant"))
    error = np.abs(order2 / exact - 1)[(exact < 1.5) | (order2 < 1.5)].max()
    assert cells["cumulant"].kind == "exact"
    assert cells["cumulant"].errors["xi2"][-1] == pytest.approx(error, rel=0.01)
    assert cells["permutational"].kind == "own"
    assert cells["cumulant"].seconds > 0


def test_a_store_of_the_users_adds_cells(tmp_path: Path) -> None:
    scenario = sb.Scenario(
        model={"type": "driven_cavity", "upsilon_ratio": 0.6, "gamma_s": 10.0},
        axes={"N": [12, 14]},
        times={"stop": 0.1, "num": 51},
    )
    sb.run(scenario, ["cumulant:order=2", "permutational", "mcwf:n_trajectories=64"], store=tmp_path / "mine", timing=1)
    cells = {(cell.point.N, cell.spec): cell for cell in cells_of_store(tmp_path / "mine")}
    assert set(cells) == {(N, spec) for N in (12, 14) for spec in ("cumulant", "permutational", "mcwf")}
    assert cells[12, "cumulant"].kind == "exact"
    assert 0 < cells[12, "cumulant"].errors["xi2"][-1] < 0.5
    assert cells[12, "cumulant"].seconds > 0
    assert cells[12, "mcwf"].samples == 64
    answer = sb.recommend(13, 10.0, 0.6, stop=0.1, stores=[tmp_path / "mine"])
    everything = [answer, *answer.alternatives]
    assert any(cell.source == str(tmp_path / "mine") for part in everything for cell in part.evidence)
    assert answer.about["points"] == len(shipped().points) + 2


def test_only_ensembles_of_the_paper_become_evidence() -> None:
    model = sb.SpinModel.driven_cavity(10, 0.9, gamma_s=2.0, Gamma=2.0)
    assert point_of(sb.Problem(model, times=[0, 1])) == Point(10, 1.0, 0.9, 0.0, 2.0)
    for other in (
        sb.Problem(dataclasses.replace(model, dephasing=1.0), times=[0, 1]),
        sb.Problem(dataclasses.replace(model, drive=(9.0, 0.0, 1.0)), times=[0, 1]),
        sb.Problem(model, sb.CoherentSpinState(theta=0.0), times=[0, 1]),
        sb.Problem(model, times=[np.inf]),
    ):
        assert point_of(other) is None


def test_the_kernel_takes_a_time_that_is_remembered() -> None:
    taken = kernel_seconds(fresh=True)
    assert 1e-4 < taken < 10
    assert kernel_seconds() == taken


# -------------------------------------------------------------------- how good it is


def test_the_trial_that_is_printed_keeps_what_is_promised() -> None:
    _, trials = read_trial(TRIAL)
    answered = [trial for trial in trials if trial.spec is not None]
    assert len(trials) >= 40
    assert sum(trial.met for trial in answered) >= 0.9 * len(answered)
    assert sum(1 / 3 <= trial.ratio <= 3 for trial in answered) >= 0.8 * len(answered)


@pytest.mark.slow
def test_points_left_out_are_answered_well() -> None:
    evidence = shipped()
    every = evidence.points[::10]
    counts = tally(leave_out(evidence, lambda p: lambda q: q == p, only=every))
    assert counts.answered >= 0.3 * counts.asked
    assert counts.met >= 0.9 * counts.known
    assert counts.within >= 0.8 * counts.timed


def bounds_and_errors(number: int, seed: int) -> list[tuple[float, float]]:
    """Bounds without a reference beside the errors against the master equation, of two orders at random points."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(number):
        log_N, log_gamma, u, chi = (float(rng.uniform(*ends)) for ends in ((1, 1.8), BOX[1], BOX[2], BOX[3]))
        point = Point(round(10**log_N), 10**log_gamma, u, chi, min(2 / 10**log_gamma, 100 / 10**log_N))
        problem = point.problem()
        specs = ("permutational", "cumulant", "cumulant:order=3", "cumulant:order=4", "mcwf:n_trajectories=32")
        views = {spec: view for spec in specs if (view := solve_cell(point, problem, spec, 60.0)[1]) is not None}
        exact = judge(views)
        bounded = judge({spec: view for spec, view in views.items() if spec != "permutational"})
        for spec in ("cumulant", "cumulant:order=3"):
            if spec in views:
                assert exact[spec].kind == "exact"
                assert bounded[spec].kind == "bounded"
                truth, bound = exact[spec].errors, bounded[spec].errors
                assert truth is not None
                assert bound is not None
                found += [(b, t) for b, t in zip(bound["xi2"], truth["xi2"], strict=True) if b < 0.1]
    return found


@pytest.mark.parametrize(("number", "seed"), [(4, 1), pytest.param(40, 2, marks=pytest.mark.slow)])
def test_bounds_without_a_reference_hold_against_the_master_equation(number: int, seed: int) -> None:
    found = bounds_and_errors(number, seed)
    assert len(found) > 10 * number
    # Below 1e-4 an error is as good as none for a recommendation.
    held = [truth <= 1.5 * bound + 1e-4 for bound, truth in found]
    assert sum(held) >= 0.97 * len(held)
