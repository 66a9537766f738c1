"""`validate` accepts what `build` makes and names every fault of what something else made."""

import numpy as np
import pytest
import xarray as xr

import squeezebench as sb
from squeezebench.dataset import build
from squeezebench.testing import validate


@pytest.fixture
def ds():
    """A sampled data set with trajectories and estimates: every kind of variable that there is."""
    rng = np.random.default_rng(0)
    B, T = 12, 4
    spin = rng.normal(size=(B, T, 3)) + np.array([30, 0, 0])
    covariance = np.tile(np.diag([1.0, 2, 3]), (B, T, 1, 1))
    samples = sb.Samples(np.ones((B, T)), spin, covariance, np.ones(B, dtype=int), np.arange(B))
    extra = {"trajectories": {"spin": spin[:2], "covariance": covariance[:2]}}
    moments = sb.Moments.from_samples(samples, extra=extra, error_estimate={"n_eff": np.ones(T)})
    problem = sb.Problem(sb.SpinModel(N=80, drive=1.0), times=np.arange(float(T)))
    return build(problem, moments, provenance={"solver": "x"}, keep={"trajectories"})


def test_what_the_framework_builds_is_valid(ds):
    validate(ds)


def test_variables_of_others_are_welcome_if_they_are_labelled(ds):
    validate(ds.assign(mine=("time", np.zeros(4), {"long_name": "mine", "units": "1"})))


def with_attrs(ds, name, **attrs):
    ds = ds.copy()
    ds[name].attrs.update(attrs)
    return ds


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda ds: ds.drop_vars("time"), "not a coordinate: time"),
        (lambda ds: ds.assign_coords(axis=["a", "b", "c"]), "axis is .* instead of"),
        (lambda ds: ds.isel(time=[2, 1]), "time does not increase"),
        (lambda ds: ds.assign_coords(time=np.arange(4)), "time has the type int64"),
        (lambda ds: ds.drop_vars("xi2"), "no variable xi2"),
        (lambda ds: ds.drop_vars("valid_until"), "no variable valid_until"),
        (lambda ds: ds.drop_vars("reliable"), "no variable reliable"),
        (lambda ds: ds.assign(xi2=ds.xi2.astype("float32")), "xi2 has the type float32"),
        (lambda ds: ds.assign(reliable=ds.reliable.astype(int)), "reliable has the type int64"),
        (lambda ds: ds.assign(spin=ds.spin.transpose().assign_attrs(ds.spin.attrs)), "spin has the dimensions"),
        (lambda ds: ds.assign(t_star=ds.xi2), "t_star has the dimensions"),
        (lambda ds: ds.assign(xi2_trajectory=ds.xi2_trajectory.T), "xi2_trajectory has the dimensions"),
        (lambda ds: with_attrs(ds, "n_eff", units=""), "n_eff has no units"),
        (lambda ds: with_attrs(ds, "axis", long_name=3), "axis has no long_name"),
        (lambda ds: ds.assign(mine=("time", np.zeros(4))), "mine has no long_name; mine has no units"),
        (lambda ds: with_attrs(ds, "xi2", ancillary_variables="nothing"), "xi2 names nothing as ancillary"),
        (lambda ds: with_attrs(ds, "xi2", ancillary_variables=""), "xi2 does not name xi2_stderr as ancillary"),
        (lambda ds: with_attrs(ds, "xi2_stderr", units="dB"), "xi2_stderr has other units than xi2"),
        (lambda ds: ds.drop_attrs(deep=False), "no provenance"),
        (lambda ds: ds.assign_attrs(squeezebench="{"), "the provenance is no JSON:"),
        (lambda ds: ds.assign_attrs(squeezebench='{"a": NaN}'), "NaN is not allowed"),
        (lambda ds: ds.assign_attrs(squeezebench="[]"), "the provenance is no JSON object"),
    ],
)
def test_a_fault_is_named(ds, change, message):
    with pytest.raises(sb.SqueezebenchError, match=message):
        validate(change(ds))


def test_all_faults_are_named_at_once(ds):
    with pytest.raises(sb.SqueezebenchError, match=r"no variable xi2; no variable n_eff.*no provenance"):
        validate(ds.drop_vars(["xi2", "n_eff"]).drop_attrs(deep=False))


@pytest.mark.parametrize("what", [None, {}, xr.DataArray(1.0)])
def test_what_is_no_data_set_is_not_valid(what):
    with pytest.raises(sb.SqueezebenchError, match=r"is no xarray\.Dataset"):
        validate(what)
