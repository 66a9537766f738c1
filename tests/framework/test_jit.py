"""How kernels are compiled: wide vectors are used where there are any, and change no digit."""

from __future__ import annotations

import numba
import numpy as np
import pytest
from llvmlite.binding import get_host_cpu_features

from squeezebench.jit import fma, wide


@numba.njit(error_model="numpy")
def usual(x, y, out):
    for i in range(len(x)):
        out[i] = fma(x[i], y[i], x[i])


@numba.njit(error_model="numpy")
def widest(x, y, out):
    wide()
    for i in range(len(x)):
        out[i] = fma(x[i], y[i], x[i])


def _vectors(function) -> str:
    (assembler,) = function.inspect_asm().values()
    return str(assembler)


def test_wide_vectors_change_no_digit_and_are_used_where_the_processor_has_them():
    x, y = np.random.default_rng(1).normal(size=(2, 1003))
    one, other = np.empty_like(x), np.empty_like(x)
    usual(x, y, one)
    widest(x, y, other)
    assert np.array_equal(one, other)
    if get_host_cpu_features().get("avx512f"):
        assert "zmm" in _vectors(widest)
    else:
        pytest.skip("this processor has no vectors of 512 bits")
