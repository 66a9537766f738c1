"""The solver does what squeezebench asks of every solver."""

import squeezebench as sb
from squeezebench_dtwa import DtwaSolver


@sb.testing.parametrize_with_checks([DtwaSolver()])
def test_conformance(solver, check):
    """One test a check."""
    check(solver)
