"""Maps that are planned, computed and put together in slabs of points."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

import squeezebench as sb
from squeezebench.harness.runner import prepare
from squeezebench.host import Host, get_host, set_host

from ..toys import EntryPoint, plugin_with
from .test_run import TIMINGS, Batching


@pytest.fixture
def small_slabs(monkeypatch):
    """Plan so few points at a time that a small map is a large one."""
    monkeypatch.setattr("squeezebench.harness.plan.SLAB", 4)
    monkeypatch.setattr("squeezebench.harness.slabs.SLAB", 4)


def _map(**changes: Any) -> sb.Scenario:
    entries: dict[str, Any] = {
        "name": "map",
        "model": {"type": "driven_cavity", "Gamma": 1.0, "gamma_s": 4.0},
        "axes": {"N": [40, 10, 20], "upsilon_ratio": [0.6, 0.8, 0.9]},
        "times": {"stop": 0.3, "num": 4},
        "reductions": ["minimum_xi2"],
        "keep": [],
        "solvers": ["mean_field", "cumulant:order=2,guard=none"],
    }
    return sb.Scenario(**{**entries, **changes})


def _same(one: xr.Dataset, other: xr.Dataset) -> None:
    # Keys, 120 bytes each, are in the list of runs only.
    one, other = (ds.drop_vars("key", errors="ignore") for ds in (one, other))
    assert set(one.data_vars) == set(other.data_vars)
    for name in set(one.data_vars) - {*TIMINGS, "timing_grade"}:
        assert one[name].dims == other[name].dims
        assert one[name].attrs == other[name].attrs
        assert equal_or_missing(one[name].values, other[name].values), name
    assert list(one.coords) == list(other.coords)
    assert one.attrs["title"] == other.attrs["title"]


def equal_or_missing(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> bool:
    missing = (one != one) & (other != other)
    return bool(((one == other) | missing).all())


def test_a_map_in_slabs_is_the_map(request, tmp_path):
    whole = sb.run(_map(), isolate=False)
    request.getfixturevalue("small_slabs")
    _same(sb.run(_map(), isolate=False), whole)
    _same(sb.run(_map(), isolate=False, store=tmp_path / "store"), whole)
    loaded = sb.load(tmp_path / "store", "map")
    _same(loaded, whole)
    assert float(loaded.minimum_xi2.sel(solver="mean_field", N=20, upsilon_ratio=0.8)) == float(
        whole.minimum_xi2.sel(solver="mean_field", N=20, upsilon_ratio=0.8)
    )


def test_a_map_in_slabs_is_continued_from_its_store(small_slabs, tmp_path):
    first = sb.run(_map(), isolate=False, store=tmp_path / "store")
    files = sorted(path.name for path in (tmp_path / "store" / "jobs").iterdir())
    again = sb.run(_map(), isolate=False, store=tmp_path / "store")
    assert sorted(path.name for path in (tmp_path / "store" / "jobs").iterdir()) == files
    assert (again.seconds.values == first.seconds.values).all()  # read, not measured again


def test_failures_in_some_slabs_only(small_slabs):
    """What a late slab has to say of its failures is as wide as it needs, and the others say nothing."""
    scenario = _map(axes={"N": list(range(5, 17)), "upsilon_ratio": [0.9]}, solvers=["batching"])
    set_host(Host([EntryPoint("toys", plugin_with(Batching()))]))
    try:
        results = sb.run(scenario, isolate=False)
    finally:
        set_host(None)
    reasons = dict(zip(results.N.values.tolist(), results.reason.values[0, :, 0].tolist(), strict=True))
    statuses = dict(zip(results.N.values.tolist(), results.status.values[0, :, 0].tolist(), strict=True))
    assert statuses[13] == "diverged"
    assert "blew up" in reasons[13]
    assert "no luck" in reasons[14]
    assert statuses[15] == "unsupported"
    assert all(reasons[N] == "" for N in (5, 12, 16))


def test_a_map_in_slabs_has_no_timing_pass_and_plans_a_slab_at_a_time(small_slabs):

    plan, _ = prepare(_map(), None, workers=1, seed=0, n_threads=1, keep=None, host=get_host())
    assert (len(plan.points), plan.total, plan.is_part) == (4, 9, True)
    assert len(plan.slab(8, get_host()).points) == 1
    with pytest.raises(sb.InvalidOptionError, match="timing"):
        sb.run(_map(), timing=2)
