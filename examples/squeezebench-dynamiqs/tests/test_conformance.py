"""The solver does what squeezebench asks of every solver."""

from squeezebench_dynamiqs import DynamiqsSolver

import squeezebench as sb


@sb.testing.parametrize_with_checks([DynamiqsSolver()])
def test_conformance(solver, check):
    """One test a check."""
    check(solver)
