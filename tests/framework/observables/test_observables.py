"""The objects around the kernels: batches, units, what the model gives, and the rules for plugins' own."""

import math

import numpy as np
import pytest

import squeezebench as sb
from squeezebench.observables import Inputs, Observable, builtin, check_observable, kernels, time_unit, unit_text

BY_NAME = {observable.name: observable for observable in builtin()}


def problem(T=4, **changes):
    values = {"N": 30, "drive": 9.0, "collective_emission": 0.7, "chi": -0.4, "emission": 1.0, "rate_unit": "1/s"}
    return sb.Problem(sb.SpinModel(**(values | changes)), times=np.linspace(0, 1, T))


def random_moments(shape, seed=0):
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(*shape, 3, 3))
    return 10 * rng.normal(size=(*shape, 3)), A @ A.swapaxes(-1, -2)


def test_the_data_set_has_these_observables_in_this_order():
    names = "spin covariance j_squared xi2 xi2_db n_eff upsilon_eff mean_direction squeezed_axis squeezing_angle"
    assert list(BY_NAME) == [*names.split(), "xi2_ku", "contrast", "emission_rate", "t_star"]


@pytest.mark.parametrize("name", list(BY_NAME))
def test_a_batch_is_the_same_as_one_at_a_time(name):
    observable, T = BY_NAME[name], 4
    spin, covariance = random_moments((2, 5, T))
    inputs = Inputs.of(problem(T), spin, covariance)
    values = observable.compute(inputs)
    assert values.shape == (2, 5, *(T,) * observable.over_time, *(3,) * len(observable.dims))
    for i, j in np.ndindex(2, 5):
        single = observable.compute(inputs.with_moments(spin[i, j], covariance[i, j]))
        np.testing.assert_array_equal(values[i, j], single)


def test_values_are_those_of_the_scalar_kernels():
    spin, covariance = random_moments((4,))
    inputs = Inputs.of(problem(), spin, covariance)
    for k in range(4):
        s, c = spin[k], covariance[k]
        n_eff = kernels.n_eff(s, c, 30)
        expected = {
            "spin": s,
            "covariance": c,
            "j_squared": kernels.j_squared(s, c),
            "xi2": kernels.xi2_wineland(s, c, 30),
            "xi2_db": 10 * math.log10(kernels.xi2_wineland(s, c, 30)),
            "n_eff": n_eff,
            "upsilon_eff": 18 / n_eff,
            "mean_direction": s / np.linalg.norm(s),
            "squeezed_axis": kernels.squeezed_axis(s, c, 30),
            "squeezing_angle": kernels.squeezing_angle(s, c, 30),
            "xi2_ku": kernels.xi2_kitagawa_ueda(s, c, 30),
            "contrast": np.linalg.norm(s) / 15,
            "emission_rate": kernels.emission_rate(s, c, 0.7),
        }
        for name, value in expected.items():
            np.testing.assert_allclose(BY_NAME[name].compute(inputs)[k], value, rtol=1e-13, err_msg=name)


def test_read_only_and_strided_arrays_are_taken():
    spin, covariance = random_moments((4, 2))
    spin, covariance = spin[:, 0], covariance[:, 0]
    expected = BY_NAME["xi2"].compute(Inputs.of(problem(), spin.copy(), covariance.copy()))
    spin.flags.writeable = False
    np.testing.assert_array_equal(BY_NAME["xi2"].compute(Inputs.of(problem(), spin, covariance)), expected)


@pytest.mark.parametrize("chi", [-2.0, 0.0, 1.5])
def test_critical_atom_number_and_t_star_are_the_models(chi):
    model = sb.SpinModel.driven_cavity(N=1000, upsilon_ratio=0.8, chi=chi, gamma_s=2.0)
    times = np.linspace(0, 1, 101)
    J = 500 * np.exp(-times)
    spin = np.stack([0 * J, 0 * J, -J], axis=-1)
    covariance = np.zeros((101, 3, 3))
    covariance[:, 0, 0] = covariance[:, 1, 1] = J / 2
    inputs = Inputs.of(sb.Problem(model, times=times), spin, covariance)
    np.testing.assert_allclose(inputs.n_c, model.critical_n_eff)
    # N_eff = 2J = 800 at t = ln(1000/800), up to the interpolation's h²/8
    assert BY_NAME["t_star"].compute(inputs) == pytest.approx(math.log(1.25), abs=2e-5)
    np.testing.assert_allclose(BY_NAME["upsilon_eff"].compute(inputs)[0], model.upsilon)


@pytest.mark.parametrize("changes", [{"twisting": 1.0}, {"drive": (1, 0, 2)}, {"collective_emission": 0.0, "chi": 0.0}])
def test_without_a_critical_drive_there_is_no_t_star(changes):
    spin, covariance = random_moments((4,))
    inputs = Inputs.of(problem(**changes), spin, covariance)
    assert np.isnan(inputs.n_c).all()
    assert math.isnan(BY_NAME["t_star"].compute(inputs))


def test_of_a_schedule_the_model_that_acts_at_each_time_counts():
    bright = sb.SpinModel.driven_cavity(N=10, upsilon_ratio=0.5, Gamma=2.0)
    dark = sb.SpinModel(N=10, collective_emission=3.0)
    schedule = [sb.Segment(bright, 1.0), sb.Segment(dark, 1.0)]
    two = sb.Problem(schedule=schedule, times=[0, 0.5, 1.0, 1.5])
    inputs = Inputs.of(two, *random_moments((4,)))
    np.testing.assert_array_equal(inputs.Gamma, [2, 2, 3, 3])
    np.testing.assert_array_equal(inputs.Omega, [5, 5, 0, 0])
    np.testing.assert_array_equal(inputs.n_c, [5, 5, 0, 0])


def test_a_general_collective_dissipator_has_no_photon_rate():
    model = sb.SpinModel.general(4, (0, 0, 0), collective=np.diag([1.0, 0, 0]))
    inputs = Inputs.of(sb.Problem(model, times=[0.0]), *random_moments((1,)))
    assert np.isnan(BY_NAME["emission_rate"].compute(inputs)).all()


def test_axes_differ_up_to_their_sign_and_angles_up_to_half_a_turn():
    axis, angle = BY_NAME["squeezed_axis"], BY_NAME["squeezing_angle"]
    n, m = np.array([[0.6, -0.8, 0]]), np.array([[-0.6, 0.8, 1e-3]])
    np.testing.assert_allclose(axis.difference(m, n), [[0, 0, -1e-3]], atol=1e-15)
    np.testing.assert_allclose(axis.difference(n, n), 0)
    assert angle.difference(np.array(1.57), np.array(-1.57)) == pytest.approx(3.14 - math.pi)
    assert angle.difference(np.array(-1.57), np.array(1.57)) == pytest.approx(math.pi - 3.14)
    assert angle.difference(np.array(0.3), np.array(0.1)) == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("rate", "time"),
    [
        ("1/s", "s"),
        ("", "1"),
        ("1", "1"),
        ("Hz", "1/Hz"),
        ("s^-1", "s"),
        ("s-1", "s"),
        ("ms**-1", "ms"),
        ("1 / µs", "µs"),
        ("2 pi kHz", "1/(2 pi kHz)"),
    ],
)
def test_times_have_the_inverse_of_the_rate_unit(rate, time):
    assert time_unit(rate) == time
    assert unit_text("time", rate) == time
    assert unit_text("rate", rate) == (rate or "1")
    assert unit_text("dB", rate) == "dB"


class Good(Observable):
    name, long_name = "good", "something good"

    def compute(self, inputs):
        return inputs.spin[..., 2]


def test_a_plugins_observable_that_keeps_the_rules_passes():
    good = Good()
    assert check_observable(good) is good
    assert repr(good) == "<observable good>"


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"name": "Xi2"}, "lower-case"),
        ({"name": 3}, "name = 3"),
        ({"name": "xi2_stderr"}, "rename it"),
        ({"name": "time"}, "rename it"),
        ({"long_name": ""}, "long_name = ''"),
        ({"units": None}, "units = None"),
        ({"requires": frozenset({"states"})}, "requires = .*states"),
        ({"requires": "moments"}, "requires = 'moments'"),
        ({"dims": ("time",)}, r"dims = \('time',\)"),
        ({"dims": ("axis_",)}, r"dims = \('axis_',\)"),
    ],
)
def test_a_plugins_observable_that_breaks_a_rule_is_told_which(attributes, message):
    with pytest.raises(sb.PluginError, match=message):
        check_observable(type("Bad", (Good,), attributes)())


def test_what_is_no_observable_is_refused():
    with pytest.raises(sb.PluginError, match="is no Observable"):
        check_observable(Good)


def test_importing_observables_imports_no_compiler():
    import subprocess
    import sys

    code = "import sys, squeezebench.observables; sys.exit('numba' in sys.modules or 'xarray' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
