"""dynamiqs (JAX) as a solver of squeezebench: the master equation on all 2^N states."""

import numpy as np
from pydantic import Field

import squeezebench as sb

__all__ = ["DynamiqsSolver", "squeezebench_solvers"]


class DynamiqsOptions(sb.Options):
    """Options of the solver."""

    rtol: float = Field(default=1e-8, gt=0, description="relative tolerance of the integrator")
    max_spins: int = Field(default=6, ge=1, le=8, description="largest N that is taken")


class DynamiqsSolver(sb.Solver):
    """`dynamiqs.mesolve` with the Hamiltonian and collapse operators of ``model.to_qutip()``."""

    name = "dynamiqs"
    api_version = 1
    summary = "brute force on 2^N, dynamiqs (JAX)"
    Options = DynamiqsOptions
    tiers = {"fast": {"rtol": 1e-6}, "default": {}, "tight": {"rtol": 1e-11}}  # noqa: RUF012
    libraries = ("dynamiqs",)

    def supports(self, problem, options):
        """Few spins, from product states."""
        if options.max_spins < problem.N:
            return sb.Support(False, f"N = {problem.N}: brute force is for N ≤ {options.max_spins} (option max_spins)")
        if problem.initial_state.as_product(problem.N) is None:
            return sb.Support(False, "starts from product states only")
        return sb.Support(True)

    def claim(self, problem, options):
        """Exact: the model itself, integrated to the tolerance."""
        return sb.Claim("exact", floor=1e-10)

    def solve(self, problem, options, context):
        """Moments from `dynamiqs.mesolve`; the integrator cannot be interrupted, so limits are looked at before."""
        import dynamiqs as dq
        import jax

        context.check()
        N, times = problem.N, problem.times
        J = spin_operators(N)
        # Precision is global in JAX: it is set for this call and put back, so that nobody else's is changed.
        with jax.enable_x64(True):
            H, jumps = problem.model.to_qutip()
            rho = product_state(problem.initial_state.bloch_vector(N), N)
            if len(times) == 1:
                states = rho[None]
            else:
                jumps = [dq.asqarray(c.full()) for c in jumps] or [dq.asqarray(np.zeros_like(rho))]
                method = dq.method.Tsit5(rtol=options.rtol, atol=options.rtol * 1e-2, max_steps=1_000_000)
                found = dq.mesolve(
                    dq.asqarray(H.full()), jumps, dq.asqarray(rho), times, method=method, progress_meter=False
                )
                states = np.asarray(found.states.to_jax())
        context.progress(1.0)
        spin = np.einsum("aij,tji->ta", J, states).real
        raw = np.einsum("aij,bjk,tki->tab", J, J, states, optimize=True).real
        covariance = (raw + raw.swapaxes(1, 2)) / 2 - spin[:, :, None] * spin[:, None, :]
        return sb.Moments(spin, covariance)


def spin_operators(N):
    """J_x, J_y, J_z on 2^N states, shape (3, 2^N, 2^N), in the order of ``SpinModel.to_qutip``."""
    half = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]]) / 2
    return np.array([sum(np.kron(np.kron(np.eye(2**i), s), np.eye(2 ** (N - 1 - i))) for i in range(N)) for s in half])


def product_state(bloch, N):
    """Density matrix of N spins with one Bloch vector."""
    x, y, z = bloch
    one, rho = np.array([[1 + z, x - 1j * y], [x + 1j * y, 1 - z]]) / 2, np.eye(1)
    for _ in range(N):
        rho = np.kron(rho, one)
    return rho


@sb.hookimpl
def squeezebench_solvers():
    """Solvers that this plugin brings."""
    return [DynamiqsSolver()]
