r"""A problem as the arrays that the compiled loops read.

With every channel's vector v, :math:`L = v\cdot\mathbf J`, collective rate a and single-spin rate b, a multiplet of J
sees

.. math::

    G = -iH - \tfrac12\sum_v a_v (v\cdot\mathbf J)^\dagger(v\cdot\mathbf J)
        - \sum_v g_v\Big(\beta_v^* v\cdot\mathbf J + \tfrac12|\beta_v|^2\Big) - \tfrac12 S,
        \qquad g_v = a_v + w_0(J)\,b_v,

and the jumps :math:`\sqrt{g_v}\,(v\cdot\mathbf J + \beta_v)` at the same J, and
:math:`\sqrt{b_v w_{\pm1}}\,v\cdot\mathbf V^{\pm1}` to J ± 1.
S = Σ_i Σ_v b_v (v·σ_i/2)†(v·σ_i/2) is the whole loss by single spins. The weights, J that of the source, are

.. math::

    w_0 = \frac{N/2+1}{2J(J+1)}, \qquad w_{-1} = \frac{N/2+J+1}{2J(2J+1)}, \qquad
    w_{+1} = \frac{N/2-J}{2(J+1)(2J+1)}

(Chase and Geremia, Phys. Rev. A 78, 052101 (2008); Zhang, Zhang and Mølmer, New J. Phys. 20, 112001 (2018)). What a
single spin does at the same J acts like a collective jump, and is merged with it; the shift β leaves the master
equation as it is (Wiseman and Milburn, Quantum Measurement and Control (2010), section 4.4).
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import squeezebench as sb

from .trajectory import ADAPTIVE, FIXED

__all__ = ["UNRAVELINGS", "Tables", "make_tables"]

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]

UNRAVELINGS = ("displaced", "cavity_output", "counting")

#: J₋, J₊, J_z and J₋ again, as vectors.
_VECTORS = np.array([[1, -1j, 0], [1, 1j, 0], [0, 0, 1], [1, -1j, 0]], dtype=np.complex128)


@dataclass(frozen=True)
class Tables:
    """The segments of a problem under one unravelling, each array with a leading axis for them.

    Attributes
    ----------
    h, K : ndarray (S, 3), (S, 3, 3)
        Linear and quadratic form of H.
    Q : ndarray (S, 3, 3), complex
        Symmetric quadratic form of G.
    linear : ndarray (S, 3), complex
        Its linear form without shifts.
    loss : ndarray (S,)
        Minus its constant without shifts.
    V : ndarray (S, C, 3), complex
        Vectors of the channels.
    collective, singles : ndarray (S, C)
        Their rates.
    mode, given : ndarray (S, C)
        How each is shifted, and the shift where it is fixed.
    rotations : ndarray (S, 3, 3)
        Rotation of the Bloch vector before each segment.
    stops, firsts, lasts : ndarray (S,)
        End of each segment, and the range of times that it reports.
    times : ndarray (T,)
        The problem's times.
    """

    h: Array
    K: Array
    Q: Complex
    linear: Complex
    loss: Array
    V: Complex
    collective: Array
    singles: Array
    mode: NDArray[np.int64]
    given: Complex
    rotations: Array
    stops: Array
    firsts: NDArray[np.int64]
    lasts: NDArray[np.int64]
    times: Array

    def arguments(self) -> tuple[Any, ...]:
        """In the order of `squeezebench_mcwf.following.follow`."""
        return tuple(getattr(self, item.name) for item in dataclasses.fields(self))


def make_tables(problem: sb.Problem, unraveling: str) -> Tables:
    """Tables of a problem whose models have named couplings only.

    Parameters
    ----------
    problem : Problem
        With finite times.
    unraveling : {"displaced", "cavity_output", "counting"}
        ``displaced``: every channel at constant J is merged and shifted by −⟨L⟩ + δ. ``counting``: none is shifted.
        ``cavity_output``: collective emission is J₋ − α, α = −i(Ω_x − iΩ_y)/(Γ + 2iχ); nothing else is shifted.
    """
    steps = problem.segments()
    parts = [_of_model(step.model, unraveling) for step in steps]
    used = np.any([(part["collective"] > 0) | (part["singles"] > 0) for part in parts], axis=0)
    values = {}
    for name in parts[0]:
        stacked = np.array([part[name][used] if name in _BY_CHANNEL else part[name] for part in parts])
        values[name] = np.ascontiguousarray(stacked)
    return Tables(
        **values,
        rotations=np.array([step.rotation_matrix for step in steps]),
        stops=np.array([step.stop for step in steps]),
        firsts=np.array([step.first for step in steps], dtype=np.int64),
        lasts=np.array([step.last for step in steps], dtype=np.int64),
        times=np.concatenate([step.times for step in steps]),
    )


_BY_CHANNEL = frozenset({"V", "collective", "singles", "mode", "given"})


def _of_model(model: sb.SpinModel, unraveling: str) -> dict[str, Any]:
    # J₋ twice: light of single spins is not the cavity's, and stays a channel of its own where that is shifted apart.
    a = np.array([model.collective_emission, model.collective_pumping, model.collective_dephasing, 0.0])
    b = np.array([model.emission, model.pumping, model.dephasing, 0.0])
    given = np.zeros(4, dtype=np.complex128)
    if unraveling == "cavity_output":
        if a[0] > 0:
            alpha = -1j * complex(model.drive[0], -model.drive[1]) / complex(model.collective_emission, 2 * model.chi)
            given[0] = -alpha
        b[0], b[3] = 0.0, b[0]
    Q = -1j * model.K - 0.5 * np.einsum("j,ja,jb->ab", a, _VECTORS.conj(), _VECTORS)
    # J_aJ_b − J_bJ_a = iε_abc J_c turns the antisymmetric part into a linear one.
    odd = (Q - Q.T) / 2
    linear = -1j * model.h + 1j * np.array([odd[1, 2], odd[2, 0], odd[0, 1]])
    linear[2] += 0.5 * (model.pumping - model.emission)
    return {
        "h": model.h,
        "K": model.K,
        "Q": (Q + Q.T) / 2,
        "linear": linear,
        "loss": 0.25 * model.N * (model.emission + model.pumping) + 0.125 * model.N * model.dephasing,
        "V": _VECTORS,
        "collective": a,
        "singles": b,
        "mode": np.full(4, ADAPTIVE if unraveling == "displaced" else FIXED, dtype=np.int64),
        "given": given,
    }
