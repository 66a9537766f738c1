"""The solver does what squeezebench asks of every solver."""

import squeezebench as sb
from squeezebench_dynamiqs import DynamiqsSolver


@sb.testing.parametrize_with_checks([DynamiqsSolver()])
def test_conformance(solver, check):
    """One test a check."""
    check(solver)
