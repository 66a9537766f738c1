"""The solver does what squeezebench asks of every solver."""

from squeezebench_dtwa import DtwaSolver

import squeezebench as sb


@sb.testing.parametrize_with_checks([DtwaSolver()])
def test_conformance(solver, check):
    """One test a check."""
    check(solver)
