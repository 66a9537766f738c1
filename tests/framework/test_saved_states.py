"""States that a solver kept: in data sets, in runs, in stores and in files."""

from __future__ import annotations

import numpy as np
import pytest

import squeezebench as sb
from squeezebench.export import to_frame, write
from squeezebench.testing import validate

from .. import brute_force

MODEL = sb.SpinModel(3, chi=0.4, drive=(1.0, 0.5, 0.0), collective_emission=0.7, emission=0.6)
TIMES = [0.0, 0.2, 0.5]


@pytest.fixture(scope="module")
def ds():
    problem = sb.Problem(MODEL, sb.CoherentSpinState(), times=TIMES)
    return sb.solve(problem, "permutational", tier="tight", keep={"states"}, states="all")


def check_against_2_to_the_n(states):
    for index, t in enumerate(TIMES):
        rho = brute_force.evolved(MODEL, brute_force.density_matrix(sb.CoherentSpinState(), 3), t)
        mean, covariance = brute_force.moments_of(rho, 3)
        kept = sb.state_at(states, index)
        again = sb.solve(sb.Problem(MODEL, kept, times=[0.0]), "qutip")
        assert again.spin[0].values == pytest.approx(mean, abs=1e-9)
        assert again.covariance[0].values == pytest.approx(covariance, abs=1e-9)


def test_a_data_set_has_the_states_with_trace_purity_and_distribution_over_j(ds):
    validate(ds)
    assert ds.state_time.values.tolist() == TIMES
    assert ds.state_J.values.tolist() == [1.5, 0.5]
    assert ds.state_matrix_re.dims == ("state", "entry")
    assert ds.state_trace.values == pytest.approx(1.0, abs=1e-10)
    assert ds.state_weight.sum("block").values == pytest.approx(1.0, abs=1e-10)
    for index, t in enumerate(TIMES):
        rho = brute_force.evolved(MODEL, brute_force.density_matrix(sb.CoherentSpinState(), 3), t)
        assert float(ds.state_purity[index]) == pytest.approx(np.trace(rho @ rho).real, abs=1e-9)
    check_against_2_to_the_n(ds)


def test_without_being_asked_it_has_none():
    problem = sb.Problem(MODEL, sb.CoherentSpinState(), times=TIMES)
    plain = sb.solve(problem, "permutational")
    assert not [name for name in plain.data_vars if str(name).startswith("state_")]
    with pytest.raises(sb.InvalidModelError, match=r"keep=\{'states'\}"):
        sb.state_at(plain)


def test_a_file_keeps_them_and_a_table_leaves_them_out(ds, tmp_path):
    import xarray as xr

    with xr.open_dataset(write(ds, tmp_path / "states.nc"), engine="h5netcdf") as back:
        check_against_2_to_the_n(back)
    table = to_frame(ds)
    assert len(table) == 3
    assert not [name for name in table.columns if name.startswith("state_")]


def test_a_run_has_the_states_of_every_cell_whatever_their_size(tmp_path):
    scenario = sb.Scenario(
        name="sizes",
        model={"type": "spin", "drive": 0.8, "collective_emission": 1.0, "emission": 0.6},
        axes={"N": [1, 2, 5]},
        times=TIMES,
        keep=["series", "states"],
        solvers=["permutational:states=all", "mean_field"],
    )
    sb.run(scenario, store=tmp_path / "store")
    for results in (sb.run(scenario), sb.load(tmp_path / "store")):
        for N in (1, 2, 5):
            cell = results.isel(solver=0).sel(N=N)
            alone = sb.Problem(scenario.points()[(1, 2, 5).index(N)].problem.model, times=TIMES)
            own = sb.solve(alone, "permutational", keep={"states"}, states="all")
            assert sb.husimi(cell, 1, 1.0, 0.5) == pytest.approx(sb.husimi(own, 1, 1.0, 0.5), abs=1e-12)
            assert sb.state_at(cell, 2).bloch_vector(N) == pytest.approx(sb.state_at(own, 2).bloch_vector(N), abs=1e-12)
        with pytest.raises(sb.InvalidModelError, match="there are no states"):
            sb.state_at(results.isel(solver=1).sel(N=5), 2)
        with pytest.raises(sb.InvalidModelError, match="choose one cell"):
            sb.state_at(results)


def test_states_after_valid_until_are_not_given():
    from squeezebench.dataset import build

    problem = sb.Problem(MODEL, sb.CoherentSpinState(), times=TIMES)
    states = {
        "time": np.array([0.2, 0.5]), "J": np.array([1.5]), "weight": np.ones((2, 1)), "trace": np.ones(2),
        "purity": np.ones(2), "population": np.eye(4)[:2],
    }  # fmt: skip
    moments = sb.Moments(
        np.zeros((3, 3)), np.zeros((3, 3, 3)), valid_until=0.3, status="diverged", extra={"states": states}
    )
    cut = build(problem, moments, provenance={}, keep={"states"})
    assert sb.state_at(cut, 0).bloch_vector(3)[2] == pytest.approx(-1)
    assert cut.state_time.values.tolist() == [0.2, 0.5]
    with pytest.raises(sb.InvalidModelError, match="valid_until"):
        sb.state_at(cut, 1)


def test_what_a_solver_keeps_in_another_form_stays_out_of_the_data_set():
    from squeezebench.dataset import build

    problem = sb.Problem(MODEL, sb.CoherentSpinState(), times=TIMES)
    moments = sb.Moments(np.zeros((3, 3)), np.zeros((3, 3, 3)), extra={"states": {"psi": np.ones(4)}})
    assert "state_time" not in build(problem, moments, provenance={}, keep={"states"})


@pytest.mark.parametrize("index", [3, -4, 1.0, True, None, "last"])
def test_an_index_that_there_is_not_is_named(ds, index):
    with pytest.raises(sb.InvalidModelError, match="there are 3 states"):
        sb.state_at(ds, index)


def test_states_and_blocks_of_samples_stand_side_by_side_in_a_run(tmp_path):
    """Dicke blocks and blocks of trajectories are different things with dimensions of their own."""
    scenario = sb.Scenario(
        name="both",
        title="States beside trajectories",
        source="these tests",
        solvers=["permutational", "mcwf:n_trajectories=32"],
        keep=["series", "states"],
        model={"type": "driven_cavity", "N": 4, "upsilon_ratio": 0.9, "chi": 0, "gamma_s": 4, "Gamma": 1},
        times={"stop": 0.1, "num": 3},
    )
    for ds in (sb.run(scenario, store=tmp_path / "store"), sb.load(tmp_path / "store")):
        cell = ds.isel(solver=0)
        assert float(cell.state_weight.sum("block").values[-1]) == pytest.approx(1.0, abs=1e-9)
        assert np.isfinite(cell.state_J).all()
        assert ds.block_weight.dims[1] == "sample_block"
        assert ds.sizes["sample_block"] != ds.sizes["block"]
