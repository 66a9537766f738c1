"""The parts of the Runge-Kutta integrator, against closed forms and the order that they claim."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate._ivp import dop853_coefficients as published

from squeezebench import integrate
from squeezebench.dop853 import DENSE, ERROR_3, ERROR_5, STAGES
from squeezebench.integrate import N_DENSE, N_SLOPES, STEP


def step(f, y, h):
    """One step of the kernels about a Python right-hand side: new value and all slopes."""
    k, point = np.zeros((N_SLOPES, len(y))), np.empty_like(y)
    k[0] = f(y)
    new = y
    for s in range(1, N_SLOPES):
        integrate.stage_point(y, k, s, h, point)
        if s == STEP:
            new = point.copy()
        k[s] = f(point)
    return new, k


def pendulum(y):
    return np.array([y[1], -np.sin(y[0])])


def exact_pendulum(y, h):
    from scipy.integrate import solve_ivp

    return solve_ivp(lambda _, y: pendulum(y), (0, h), y, method="DOP853", rtol=3e-14, atol=1e-15).y[:, -1]


START = np.array([1.0, 0.5])


@pytest.mark.parametrize(
    ("rows", "matrix"),
    [
        (STAGES, published.A),
        (ERROR_5, published.E5[None]),
        (ERROR_3, published.E3[None]),
        (DENSE, published.D),
    ],
)
def test_coefficients_are_the_published_ones(rows, matrix):
    full = np.zeros(matrix.shape)
    for r, row in enumerate(rows):
        full[r, list(row)] = list(row.values())
    np.testing.assert_array_equal(full, matrix)


def test_steps_are_of_order_8():
    def error(n):
        y = START
        for _ in range(n):
            y, _ = step(pendulum, y, 8.0 / n)
        return np.abs(y - exact_pendulum(START, 8.0)).max()

    coarse, middle, fine = error(8), error(16), error(32)
    assert 7.5 < np.log2(coarse / middle) < 9.5
    assert 7.5 < np.log2(middle / fine) < 9.5


def test_dense_output_is_of_order_7():
    def error(h):
        new, k = step(pendulum, START, h)
        dense, out = np.empty((N_DENSE, 2)), np.empty(2)
        integrate.dense_coefficients(START, new, k, h, dense)
        worst = 0.0
        for x in (0.2, 0.5, 0.8):
            integrate.dense_value(START, dense, x, out)
            worst = max(worst, np.abs(out - exact_pendulum(START, x * h)).max())
        return worst

    assert np.log2(error(1.6) / error(0.8)) > 7.5


def test_dense_output_meets_both_ends_of_the_step():
    new, k = step(pendulum, START, 0.7)
    dense, out = np.empty((N_DENSE, 2)), np.empty(2)
    integrate.dense_coefficients(START, new, k, 0.7, dense)
    integrate.dense_value(START, dense, 0.0, out)
    np.testing.assert_allclose(out, START, rtol=1e-15)
    integrate.dense_value(START, dense, 1.0, out)
    np.testing.assert_allclose(out, new, rtol=1e-14)


def test_error_norm_is_that_of_the_worst_variable_and_scales_with_the_tolerance():
    new, k = step(pendulum, START, 1.0)
    loose = integrate.error_norm(START, new, k, 1.0, 1e-4, 0.0)
    assert integrate.error_norm(START, new, k, 1.0, 1e-6, 0.0) == pytest.approx(100 * loose)
    wide = np.concatenate((START, np.ones(50)))
    wide_new = np.concatenate((new, np.ones(50)))
    wide_k = np.concatenate((k, np.zeros((N_SLOPES, 50))), axis=1)
    assert integrate.error_norm(wide, wide_new, wide_k, 1.0, 1e-4, 0.0) == pytest.approx(loose)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_step_that_is_not_finite_is_an_infinite_error(bad):
    new, k = step(pendulum, START, 1.0)
    k[5, 1] = bad
    assert integrate.error_norm(START, new, k, 1.0, 1e-6, 1e-8) == np.inf


@pytest.mark.parametrize("error", [0.0, 1e-12, 1e-3, 0.5, 1.0])
def test_an_accepted_step_never_changes_beyond_bounds(error):
    factor = integrate.step_factor(error, 1e-4, False)
    assert 1 / 3 <= factor <= 6
    assert integrate.step_factor(error, 1e-4, True) <= 1


@pytest.mark.parametrize("error", [1.5, 100.0, np.inf, np.nan])
def test_a_rejected_step_shrinks(error):
    assert 1 / 3 <= integrate.step_factor(error, 1.0, False) < 1


def test_the_first_step_is_small_and_inside_the_interval():
    y, slope = np.array([1.0]), np.array([-50.0])
    assert integrate.first_step(y, slope, 1e-8, 1e-10, 10.0) == pytest.approx(0.01 / 50)
    assert integrate.first_step(y, slope, 1e-8, 1e-10, 1e-6) == 1e-6
    assert integrate.first_step(y, np.zeros(1), 1e-8, 1e-10, 10.0) == pytest.approx(0.01)
