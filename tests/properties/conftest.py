"""One profile for all property tests: the same examples in every run, no time limit an example."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile(
    "squeezebench",
    derandomize=True,
    deadline=None,  # the first example compiles kernels
    max_examples=15,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("squeezebench")
