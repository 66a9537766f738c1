"""Runs: what is computed, what is stored, what is read back."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import squeezebench as sb
from squeezebench.harness.store import Store
from squeezebench.host import Host, set_host

from ..toys import EntryPoint, Precession, coherent_moments, plugin_with

TIMINGS = ["seconds", "compile_seconds"]


class Counting(Precession):
    """Counts its calls, so that tests see what was computed; fails where N is 13."""

    name = "counting"
    calls = 0
    working = True

    def solve(self, problem: sb.Problem, options: Any, context: sb.Context) -> sb.Moments:
        type(self).calls += 1
        if problem.N == 13 and not self.working:
            raise RuntimeError("unlucky")
        return coherent_moments(problem)


class Batching(Precession):
    """Solves batches; the point N = 13 diverges, N = 14 fails."""

    name = "batching"
    sizes: list[int] = []

    def supports(self, problem: sb.Problem, options: Any) -> sb.Support:
        return sb.Support(problem.N != 15, "N = 15 is not for me")

    def solve_batch(self, problems: Any, options: Any, context: sb.Context) -> Any:
        self.sizes.append(len(problems))
        results: list[Any] = []
        for problem in problems:
            moments = coherent_moments(problem)
            if problem.N == 13:
                ended = {"valid_until": 0.5, "reason": "blew up", "status": "diverged"}
                moments = sb.Moments(moments.spin, moments.covariance, **ended)
            results.append(sb.SolverError("no luck") if problem.N == 14 else moments)
        return results


class Sampling(Precession):
    """A sampled solver with a kept trajectory, error estimates and complex extras."""

    name = "sampling"

    def claim(self, problem: sb.Problem, options: Any) -> sb.Claim:
        return sb.Claim("exact", sampled=True)

    def solve(self, problem: sb.Problem, options: Any, context: sb.Context) -> sb.Moments:
        rng = np.random.default_rng(context.seed)
        mean = coherent_moments(problem)
        B, T = 16, len(problem.times)
        samples = sb.Samples(
            weight=np.full((B, T), 4.0),
            spin=mean.spin + 0.01 * rng.normal(size=(B, T, 3)),
            covariance=np.repeat(mean.covariance[None], B, axis=0),
            count=np.full(B, 4),
            index0=np.arange(0, 4 * B, 4),
        )
        extra: dict[str, Any] = {"amplitudes": np.arange(3) * 1j}
        if "trajectories" in context.keep:
            extra["trajectories"] = {"spin": samples.spin[:2], "covariance": samples.covariance[:2]}
        return sb.Moments.from_samples(samples, error_estimate={"xi2": np.full(T, 1e-3)}, extra=extra)


@pytest.fixture(autouse=True)
def _host() -> Iterator[None]:
    Counting.calls, Counting.working, Batching.sizes = 0, True, []
    plugin = plugin_with(Precession(), Counting(), Batching(), Sampling())
    set_host(Host([EntryPoint("toys", plugin)]))
    yield
    set_host(None)


def scenario(**changes: Any) -> sb.Scenario:
    values: dict[str, Any] = {
        "name": "turning",
        "title": "Spins that turn",
        "model": {"type": "spin", "drive": [0, 0, 2.0]},
        "axes": {"N": [4, 13]},
        "initial": {"type": "coherent", "theta": 1.0, "phi": 0.3},
        "times": {"stop": 1.0, "num": 5},
        "reductions": ["minimum_xi2", "final(variable=n_eff)"],
        "solvers": ["counting"],
    }
    return sb.Scenario(**{**values, **changes})


def same(a: xr.Dataset, b: xr.Dataset) -> None:
    """Equal but for timings and the time of the run."""
    xr.testing.assert_equal(a.drop_vars(TIMINGS), b.drop_vars(TIMINGS))
    for name in a.variables:
        assert a[name].attrs == b[name].attrs, name


def test_a_run_has_every_solver_at_every_point() -> None:
    mixed = {"type": "coherent", "theta": 1.0, "phi": 0.3, "bloch_length": 0.9}  # ⟨J²⟩ leaves room for more variance
    results = sb.run(scenario(initial=mixed), ["counting", "precession:offset=0.02"])
    assert dict(results.xi2.sizes) == {"solver": 2, "N": 2, "time": 5}
    assert results.solver.values.tolist() == ["counting", "precession(offset=0.02)"]
    # a product of spins of length s has ξ² = 1/s²
    np.testing.assert_allclose(results.xi2.sel(solver="counting"), 1 / 0.81, rtol=1e-12)
    np.testing.assert_allclose(results.xi2.isel(solver=1), 1.02 / 0.81, rtol=1e-12)
    np.testing.assert_allclose(results.minimum_xi2.values * 0.81, [[1, 1], [1.02, 1.02]], rtol=1e-12)
    assert (results.status == "ok").all()


def test_a_store_is_asked_before_anything_is_computed(tmp_path: Path) -> None:
    first = sb.run(scenario(), store=tmp_path / "store")
    assert Counting.calls == 2
    again = sb.run(scenario(), store=tmp_path / "store")
    assert Counting.calls == 2
    same(first, again)
    more = sb.run(scenario(axes={"N": [4, 5, 13]}), store=tmp_path / "store")
    assert Counting.calls == 3
    assert more.sizes["N"] == 3
    sb.run(scenario(), store=tmp_path / "store", fresh=True)
    assert Counting.calls == 5


def test_what_is_loaded_is_what_was_run(tmp_path: Path) -> None:
    for solver in ("counting", "sampling"):
        results = sb.run(scenario(), [solver], store=tmp_path / solver, keep={"series", "trajectories"}, seed=4)
        same(results, sb.load(tmp_path / solver))


def test_samples_errors_and_trajectories_survive_the_disk_bit_by_bit(tmp_path: Path) -> None:
    results = sb.run(scenario(), ["sampling"], store=tmp_path, keep={"series", "trajectories"})
    record = next(iter(Store(tmp_path).read(results.key.values.ravel()).values()))
    assert record.moments is not None
    fresh = Sampling().solve(record.problem, Precession.Options(), sb.Context(keep=frozenset({"trajectories"})))
    assert record.moments.samples is not None
    assert fresh.samples is not None
    for part in ("weight", "spin", "covariance", "count", "index0"):
        np.testing.assert_array_equal(getattr(record.moments.samples, part), getattr(fresh.samples, part))
    np.testing.assert_array_equal(record.moments.spin, fresh.spin)
    assert record.moments.error_estimate is not None
    np.testing.assert_array_equal(record.moments.error_estimate["xi2"], 1e-3)
    amplitudes = record.moments.extra["amplitudes"]
    np.testing.assert_array_equal(amplitudes["re"] + 1j * amplitudes["im"], np.arange(3) * 1j)
    assert {"xi2_stderr", "xi2_error", "reliable", "xi2_trajectory"} <= set(results.data_vars)


def test_a_failure_is_recorded_and_tried_again(tmp_path: Path) -> None:
    Counting.working = False
    broken = sb.run(scenario(), store=tmp_path)
    assert broken.status.values.tolist() == [["ok", "error"]]
    assert "unlucky" in str(broken.reason.values[0, 1])
    assert np.isnan(broken.xi2.sel(N=13)).all()
    Counting.working = True
    mended = sb.run(scenario(), store=tmp_path)
    assert Counting.calls == 3
    assert (mended.status == "ok").all()
    same(mended, sb.load(tmp_path))


def test_one_failure_in_a_batch_loses_only_itself(tmp_path: Path) -> None:
    results = sb.run(scenario(axes={"N": [4, 13, 14, 15, 16]}), ["batching"], store=tmp_path)
    assert Batching.sizes == [4]
    assert results.status.values.tolist() == [["ok", "diverged", "error", "unsupported", "ok"]]
    assert results.reason.values[0].tolist()[1:4] == ["blew up", "no luck", "N = 15 is not for me"]
    finite = np.isfinite(results.xi2.values[0])
    assert finite.sum(axis=1).tolist() == [5, 3, 0, 0, 5]
    same(results, sb.load(tmp_path))
    assert len(list((tmp_path / "jobs").glob("*.nc"))) == 1


def test_batches_and_single_cells_have_the_same_numbers() -> None:
    together = sb.run(scenario(axes={"N": [4, 5, 6]}), ["batching"])
    for N in (4, 5, 6):
        alone = sb.run(scenario(axes={"N": [N]}), ["batching"])
        np.testing.assert_array_equal(together.xi2.sel(N=N).values, alone.xi2.sel(N=N).values)


def test_points_of_different_horizon_share_a_step_dim() -> None:
    results = sb.run(scenario(times={"stop": "1/N", "num": 5}))
    assert results.xi2.dims == ("solver", "N", "step")
    assert results.time.dims == ("N", "step")
    np.testing.assert_allclose(results.time.values[:, -1], [1 / 4, 1 / 13])


def test_a_map_keeps_reductions_only_unless_it_says_otherwise(tmp_path: Path) -> None:
    reduced = sb.run(scenario(keep=[]), store=tmp_path)
    assert "xi2" not in reduced
    np.testing.assert_allclose(reduced.minimum_xi2, 1.0, rtol=1e-12)
    same(reduced, sb.load(tmp_path))
    assert "xi2" in sb.run(scenario(keep=["series"]))


@pytest.mark.parametrize("workers", [2, 3])
def test_results_do_not_depend_on_the_number_of_workers(workers: int) -> None:
    axes = {"N": [2, 3, 4, 5, 6]}
    one = sb.run(scenario(axes=axes), ["counting", "sampling"], seed=7)
    several = sb.run(scenario(axes=axes), ["counting", "sampling"], seed=7, workers=workers)
    same(one, several)


def test_the_seed_decides_sampled_results_and_their_keys_only() -> None:
    a = sb.run(scenario(), ["counting", "sampling"], seed=1)
    b = sb.run(scenario(), ["counting", "sampling"], seed=2)
    assert (a.key.sel(solver="counting") == b.key.sel(solver="counting")).all()
    assert (a.key.sel(solver="sampling") != b.key.sel(solver="sampling")).all()
    assert (a.spin.sel(solver="sampling") != b.spin.sel(solver="sampling")).any()


def test_labels_titles_threads_and_rate_units_are_not_in_the_key_but_options_and_times_are() -> None:
    base = sb.run(scenario()).key.values
    renamed = scenario(title="Other", model={"type": "spin", "drive": [0, 0, 2.0], "rate_unit": "1/s"})
    assert (sb.run(renamed, ["counting:label=mine"], n_threads=1).key.values == base).all()
    assert (sb.run(scenario(times={"stop": 1.0, "num": 6})).key.values != base).all()
    assert (sb.run(scenario(), ["counting:offset=0.1"]).key.values != base).all()
    assert (sb.run(scenario(reductions=["minimum_xi2"])).key.values != base).all()
    assert (sb.run(scenario(model={"type": "spin", "drive": [0, 0, 2.5]})).key.values != base).all()


def test_keys_are_the_same_in_every_process() -> None:
    code = (
        "import squeezebench as sb, json\n"
        "sc = sb.Scenario(name='k', model={'type': 'driven_cavity', 'upsilon_ratio': 0.9, 'gamma_s': 1.5},"
        " axes={'N': [2, 3]}, times={'stop': 0.1, 'num': 3})\n"
        "print(json.dumps(sb.run(sc, ['mean_field']).key.values.tolist()))"
    )
    import os

    keys = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert keys[0] == keys[1]


@pytest.mark.parametrize("damage", ["truncate", "garbage", "empty"])
def test_a_damaged_file_is_reported_and_its_cells_are_computed_again(tmp_path: Path, damage: str) -> None:
    first = sb.run(scenario(), store=tmp_path)
    file = sorted((tmp_path / "jobs").glob("*.nc"))[0]
    content = file.read_bytes()
    file.write_bytes({"truncate": content[: len(content) // 2], "garbage": b"x" * 5000, "empty": b""}[damage])
    with pytest.warns(sb.SqueezebenchWarning, match="left out"):
        again = sb.run(scenario(), store=tmp_path)
    assert Counting.calls == 3
    same(first, again)
    same(first, sb.load(tmp_path))


def test_the_index_is_only_a_copy(tmp_path: Path) -> None:
    first = sb.run(scenario(), store=tmp_path)
    (tmp_path / "index.json").unlink()
    same(first, sb.load(tmp_path))
    (tmp_path / "index.json").write_text("{]")
    same(first, sb.load(tmp_path))
    assert json.loads((tmp_path / "index.json").read_text())["files"]


def test_no_temporary_file_is_left_and_strays_are_not_trusted(tmp_path: Path) -> None:
    sb.run(scenario(), store=tmp_path)
    assert not list(tmp_path.rglob("*.tmp"))
    (tmp_path / "jobs" / ".half.nc.1-ab.tmp").write_bytes(b"half")
    sb.load(tmp_path)


def test_stores_merge_without_loss(tmp_path: Path) -> None:
    a = sb.run(scenario(axes={"N": [4]}), store=tmp_path / "a")
    sb.run(scenario(name="other", axes={"N": [5]}), store=tmp_path / "b")
    sb.merge(tmp_path / "a", tmp_path / "b", into=tmp_path / "c")
    same(a, sb.load(tmp_path / "c", run="turning"))
    assert sb.load(tmp_path / "c", run="other").N.values.tolist() == [5]
    calls = Counting.calls
    sb.run(scenario(axes={"N": [4, 5]}), store=tmp_path / "c")
    assert Counting.calls == calls


def test_a_run_that_is_not_finished_loads_with_missing_cells(tmp_path: Path) -> None:
    sb.run(scenario(), store=tmp_path)
    sorted((tmp_path / "jobs").glob("*.nc"))[0].unlink()
    statuses = sb.load(tmp_path).status.values.ravel().tolist()
    assert sorted(statuses) == ["missing", "ok"]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"solvers": ["contng"]}, sb.UnknownSolverError, "did you mean 'counting'"),
        ({"solvers": ["counting:ofset=1"]}, sb.InvalidOptionError, "did you mean 'offset'"),
        ({"solvers": ["counting", "counting"]}, sb.InvalidOptionError, "two solvers are called 'counting'"),
        ({"solvers": []}, sb.InvalidOptionError, "names no solvers"),
        ({"solvers": "counting"}, sb.InvalidOptionError, "give a list"),
        ({"workers": 0}, sb.InvalidOptionError, "workers = 0"),
        ({"seed": 1.5}, sb.InvalidOptionError, "seed = 1.5"),
        ({"keep": ["serie"]}, sb.InvalidOptionError, "did you mean 'series'"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_bad_input_writes_nothing(tmp_path: Path, arguments: dict[str, Any], error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        sb.run(scenario(), store=tmp_path / "store", **arguments)
    assert not (tmp_path / "store").exists()
    assert Counting.calls == 0


def test_what_is_no_store_is_not_loaded(tmp_path: Path) -> None:
    with pytest.raises(sb.StoreError, match="is no store"):
        sb.load(tmp_path)
    with pytest.raises(sb.StoreError, match="is no store"):
        sb.load(tmp_path / "nowhere")
    (tmp_path / "file").write_text("x")
    with pytest.raises(sb.StoreError, match="file"):
        sb.run(scenario(), store=tmp_path / "file")
    sb.run(scenario(), store=tmp_path / "good")
    with pytest.raises(sb.StoreError, match="has no run 'elsewhere'; it has turning"):
        sb.load(tmp_path / "good", run="elsewhere")


def test_a_store_that_cannot_be_written_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno
    import os

    store = Store(tmp_path, create=True)
    records = sb.run(scenario(), store=tmp_path / "other")
    assert records is not None

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(sb.StoreError, match="No space left on device"):
        sb.run(scenario(), store=store.path, fresh=True)
    assert not list(tmp_path.rglob("*.tmp"))


def test_averaging_mixes_moments_not_squeezing() -> None:
    results = sb.run(scenario(axes={"N": [10, 20]}), ["precession"])
    mixed = sb.average(results, over="N", weights=[0.25, 0.75])
    spin = 0.25 * results.spin.sel(N=10) + 0.75 * results.spin.sel(N=20)
    np.testing.assert_allclose(mixed.spin, spin, rtol=1e-12)
    raw = sum(
        w * (results.covariance.sel(N=N).values + np.einsum("sta,stb->stab", *(results.spin.sel(N=N).values,) * 2))
        for w, N in ((0.25, 10), (0.75, 20))
    )
    expected = raw - np.einsum("sta,stb->stab", spin.values, spin.values)
    np.testing.assert_allclose(mixed.covariance.transpose(..., "axis", "axis_"), expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(mixed.n_spins, 17.5)
    # the spread of N is along ⟨J⟩: it leaves the variance normal to it alone, which is N/4 for each N
    np.testing.assert_allclose(mixed.xi2, 1.0, rtol=1e-12)
    with pytest.raises(sb.InvalidOptionError, match="no sweep axis"):
        sb.average(results, over="chi")
    with pytest.raises(sb.InvalidOptionError, match="give 2 numbers"):
        sb.average(results, over="N", weights=[1.0])
