r"""Superoperators on spherical tensors: the generator as a stencil over (J, k, q).

A weighted block is expanded as :math:`P_J = \sum_{kq} c^J_{kq} T^J_{kq}` in tensors that are orthonormal,
:math:`\mathrm{Tr}\,T_{kq}^\dagger T_{k'q'} = \delta\delta`, with the phases of Condon and Shortley. In units of
n = 2J + 1, with

.. math::

    e(k, q) = \sqrt{\tfrac{k^2-q^2}{4k^2-1}}, \quad f_\pm(k, q) = \sqrt{k(k+1) - q(q\pm1)}, \quad
    G(n, k) = \sqrt{n^2-k^2}, \quad p_0(n, k) = \sqrt{(n-1-k)(n+k)},

commutators keep k, anticommutators with :math:`J_z` take :math:`T_k` to :math:`G e\,T_{k\pm1}`, and with the Schwinger
bosons a (up) and b (down) one step :math:`\rho\to a\rho a^\dagger` takes :math:`T^n_{kq}` to

.. math::

    \tfrac12[p_0\,T_{kq} + u\,e(k+1, q)\,T_{k+1,q} + d\,e(k, q)\,T_{k-1,q}]^{n-1},

with u(n, k) = √((n−1−k)(n−2−k)) and d(n, k) = √((n+k)(n+k−1)), while bρb† has the opposite signs of u and d. Everything
else follows: aρb† and bρa† are commutators of aρa† − bρb† with J_∓, raising steps are transposes, and J_∓ and the
vector operators between J and J ± 1 are products of two bosons.

Each coefficient is a function of (J, k) times one of (k, q); by the Wigner-Eckart theorem the latter is a root that
depends on the shifts alone (`root`) times a polynomial in q of degree 2 at most.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import squeezebench as sb

from .algebra import _U, PLUS, _clean, spherical, weight

__all__ = ["Part", "generator_parts", "root"]

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]
Function = Callable[[Array, Array], Array]


def e(k: Array, q: Array) -> Array:
    """√((k² − q²)/(4k² − 1)), 0 where that has no root."""
    return np.sqrt(np.clip(k * k - q * q, 0, None) / np.maximum(4 * k * k - 1, 1e-300))


def f(sign: int, k: Array, q: Array) -> Array:
    """√(k(k+1) − q(q ± 1)), the commutator with J_±."""
    return np.sqrt(np.clip((k - sign * q) * (k + sign * q + 1), 0, None))


def up(sign: int, k: Array, q: Array) -> Array:
    """Root of the step (k, q) → (k + 1, q ± 1) of a vector superoperator whose step to (k + 1, q) is e(k + 1, q)."""
    s = sign * q
    return np.sqrt(np.clip((k + 1 + s) * (k + 2 + s), 0, None) / np.maximum((2 * k + 1) * (2 * k + 3), 1))


def down(sign: int, k: Array, q: Array) -> Array:
    """Root of the step (k, q) → (k − 1, q ± 1) of a vector superoperator whose step to (k − 1, q) is e(k, q)."""
    s = sign * q
    return -np.sqrt(np.clip((k - s) * (k - s - 1), 0, None) / np.maximum(4 * k * k - 1, 1e-300))


def G(n: Array, k: Array) -> Array:
    """√(n² − k²)."""
    return np.sqrt(np.clip(n * n - k * k, 0, None))


def _p0(n: Array, k: Array) -> Array:
    return np.sqrt(np.clip((n - 1 - k) * (n + k), 0, None))


def _u(n: Array, k: Array) -> Array:
    return np.sqrt(np.clip((n - 1 - k) * (n - 2 - k), 0, None))


def _d(n: Array, k: Array) -> Array:
    return np.sqrt(np.clip((n + k) * (n + k - 1), 0, None))


def _one(a: Array, b: Array) -> Array:
    return np.ones(np.broadcast(a, b).shape)


@dataclass(frozen=True)
class _Step:
    """One step of a superoperator: (n, k, q) → (n + dn, k + dk, q + dq), with radial(n, k)·angular(k, q)·factor."""

    dn: int
    dk: int
    dq: int
    factor: complex
    radial: Function
    angular: Function


Super = list[_Step]


def _scaled(factor: complex, steps: Iterable[_Step]) -> Super:
    return [_Step(s.dn, s.dk, s.dq, factor * s.factor, s.radial, s.angular) for s in steps]


def _product(second: Super, first: Super) -> Super:
    """`second` after `first`."""

    def after(b: _Step, a: _Step) -> _Step:
        def radial(n: Array, k: Array) -> Array:
            return a.radial(n, k) * b.radial(n + a.dn, k + a.dk)

        def angular(k: Array, q: Array) -> Array:
            return a.angular(k, q) * b.angular(k + a.dk, q + a.dq)

        return _Step(a.dn + b.dn, a.dk + b.dk, a.dq + b.dq, a.factor * b.factor, radial, angular)

    return [after(b, a) for b in second for a in first]


def _commutator(p: int) -> Super:
    """[J_p, ·], p = 1, −1, 0 for J_+, J_−, J_z."""
    if p == 0:
        return [_Step(0, 0, 0, 1.0, _one, lambda k, q: q + 0 * k)]
    return [_Step(0, 0, p, 1.0, _one, lambda k, q: f(p, k, q))]


def _vector(dn: int, rise: Function, fall: Function, p: int, factor: complex) -> Super:
    """Component p of a vector superoperator that is given by its component 0, or p: [J_±, ·] with it."""
    if p == 0:
        return [
            _Step(dn, 1, 0, factor, rise, lambda k, q: e(k + 1, q)),
            _Step(dn, -1, 0, factor, fall, lambda k, q: e(k, q)),
        ]
    return [
        _Step(dn, 1, p, factor, rise, lambda k, q: up(p, k, q)),
        _Step(dn, -1, p, factor, fall, lambda k, q: down(p, k, q)),
    ]


def _anticommutator(p: int) -> Super:
    """{J_p, ·}."""
    return _vector(0, lambda n, k: G(n, k + 1), G, p, -p if p else 1)


def _left(p: int) -> Super:
    return _scaled(0.5, [*_commutator(p), *_anticommutator(p)])


def _right(p: int) -> Super:
    return [*_scaled(-0.5, _commutator(p)), *_scaled(0.5, _anticommutator(p))]


def _lowering(s: str, t: str) -> Super:
    """ρ → s ρ t†, s and t in "ab"."""
    if s == t:
        return [_Step(-1, 0, 0, 0.5, _p0, _one), *_vector(-1, _u, _d, 0, 0.5 if s == "a" else -0.5)]
    return _vector(-1, _u, _d, 1, -0.5) if s == "b" else _vector(-1, _u, _d, -1, 0.5)


def _raising(s: str, t: str) -> Super:
    """ρ → s† ρ t, the transpose of `_lowering`."""

    def transposed(a: _Step) -> _Step:
        return _Step(
            -a.dn,
            -a.dk,
            -a.dq,
            np.conj(a.factor),
            lambda n, k: a.radial(n - a.dn, k - a.dk),
            lambda k, q: a.angular(k - a.dk, q - a.dq),
        )

    return [transposed(a) for a in _lowering(s, t)]


#: V_p between J and J ∓ 1 as two bosons, with its sign (`algebra.amplitude`).
_LOWERING = {1: (1.0, "bb"), -1: (-1.0, "aa"), 0: (1.0, "ab")}
_RAISING = {1: (-1.0, "aa"), -1: (1.0, "bb"), 0: (1.0, "ab")}


def _sandwich(delta: int, p: int, q: int) -> Super:
    """ρ → V_p ρ V_q† from J to J + delta, up to the weight."""
    if delta == 0:
        return _product(_left(p), _right(-q))
    table, step = (_LOWERING, _lowering) if delta < 0 else (_RAISING, _raising)
    (sign_p, left), (sign_q, right) = table[p], table[q]
    return _scaled(sign_p * sign_q, _product(step(left[0], right[0]), step(left[1], right[1])))


def root(dk: int, dq: int, k: Array, q: Array) -> Array:
    """What every coefficient of a step (k, q) → (k + dk, q + dq) has as a factor."""
    if dk < 0:
        return root(-dk, -dq, k + dk, q + dq)
    sign = 1 if dq > 0 else -1
    steps: list[tuple[int, int]] = []
    rises, turns = dk, abs(dq)
    while rises or turns:
        steps.append((1 if rises else 0, sign if turns else 0))
        rises, turns = max(rises - 1, 0), max(turns - 1, 0)
    value = _one(k, q)
    for rise, turn in steps:
        value = value * (up(turn, k, q) if turn else e(k + 1, q)) if rise else value * f(turn, k, q)
        k, q = k + rise, q + turn
    return value


@dataclass(frozen=True)
class Part:
    """One term of the generator: out(J, k, q) += table[k, J] · root(dk, dq) · q_s^power · c(J − delta, k − dk, q_s).

    Attributes
    ----------
    delta, dk, dq : int
        Changes of J, k and q; q_s = q − dq.
    power : int
        Of q_s.
    imaginary : bool
        Whether the factor is i times the table.
    table : ndarray (K + 1, n_J)
        At the target's k and J.
    """

    delta: int
    dk: int
    dq: int
    power: int
    imaginary: bool
    table: Array


def _steps(model: sb.SpinModel) -> list[tuple[_Step, bool]]:
    """All steps of the generator, and whether the weight of the change of J multiplies them."""
    from .algebra import _LEVI_CIVITA

    s = model.single
    result: list[tuple[_Step, bool]] = []
    linear = _clean(_U.T @ (-1j * model.h - 0.25j * np.einsum("bac,ab->c", _LEVI_CIVITA, s)))
    # G = Σ linear_a J_a + Σ quadratic_ab J_a J_b + constant, ρ' = Gρ + ρG† + …, (J_aJ_b)† = J_b†J_a†.
    quadratic = _clean(_U.T @ (-1j * model.K - 0.5 * model.collective.T) @ _U)
    plain: Super = [_Step(0, 0, 0, -model.N * np.trace(s).real / 4, _one, _one)]
    for i, p in enumerate(PLUS):
        if linear[i]:
            plain += _scaled(linear[i], _left(p)) + _scaled(np.conj(linear[i]), _right(-p))
        for j, q in enumerate(PLUS):
            if quadratic[i, j]:
                plain += _scaled(quadratic[i, j], _product(_left(p), _left(q)))
                plain += _scaled(np.conj(quadratic[i, j]), _product(_right(-p), _right(-q)))
    collective, single = spherical(model.collective), spherical(s)
    for i, p in enumerate(PLUS):
        for j, q in enumerate(PLUS):
            if collective[i, j]:
                plain += _scaled(collective[i, j], _sandwich(0, p, q))
            if single[i, j]:
                for delta in (-1, 0, 1):
                    result += [(step, True) for step in _scaled(single[i, j], _sandwich(delta, p, q))]
    return [(step, False) for step in plain] + result


def generator_parts(model: sb.SpinModel, spins: Array, K: int) -> list[Part]:
    """The generator on the coefficients c(J, k, q), k ≤ K.

    Parameters
    ----------
    model : SpinModel
        What acts.
    spins : ndarray (n_J,)
        J of the targets.
    K : int
        Largest k.

    Notes
    -----
    The polynomial in q is read off at two or three q for each k, from one end of the range to the other.
    """
    groups: dict[tuple[int, int, int], list[tuple[_Step, bool]]] = {}
    for step, weighted in _steps(model):
        groups.setdefault((step.dn // 2, step.dk, step.dq), []).append((step, weighted))
    parts: list[Part] = []
    target = np.arange(K + 1, dtype=np.float64)
    for (delta, dk, dq), members in groups.items():
        k = target - dk
        J = spins - delta
        n = 2 * J + 1
        weights = np.where(J >= 0, weight(delta, model.N, np.maximum(J, 0.0)), 0.0)
        low, high = np.maximum(-k, -target - dq), np.minimum(k, target - dq)
        exists = (k >= 0) & (low <= high)
        degree = 2 - max(abs(dk), abs(dq))
        low, high, k = np.where(exists, low, 0.0), np.where(exists, high, 0.0), np.where(exists, k, 0.0)
        samples = [low] if degree == 0 else [low, high] if degree == 1 else [low, np.zeros_like(k), high]
        radial = [step.radial(n[None, :], k[:, None]) for step, _ in members]
        values = []
        for q in samples:
            total = np.zeros((K + 1, len(spins)), dtype=np.complex128)
            below = root(dk, dq, k, q)
            inverse = np.divide(1.0, below, out=np.zeros_like(below), where=below != 0)
            for (step, weighted), R in zip(members, radial, strict=True):
                factor = step.factor * (step.angular(k, q) * inverse)[:, None] * R
                total += factor * weights[None, :] if weighted else factor
            values.append(total)
        # Multipoles of J end at k = 2J.
        valid = exists[:, None] & (k[:, None] <= 2 * J) & (target[:, None] <= 2 * spins) & (J >= 0)
        for power, table in enumerate(_polynomial(samples, values)):
            table = np.where(valid, table, 0.0)
            largest = max(np.abs(np.where(valid, v, 0.0)).max(initial=0.0) for v in values)
            reach = np.maximum(np.abs(low), np.abs(high))[:, None] ** power
            for imaginary, entries in ((False, table.real), (True, table.imag)):
                if np.any(np.abs(entries) * reach > 1e-14 * largest):
                    parts.append(Part(delta, dk, dq, power, imaginary, np.ascontiguousarray(entries)))
    return parts


def _polynomial(samples: list[Array], values: list[Complex]) -> list[Complex]:
    """Coefficients of 1, q, q² of what takes the values at the samples; where samples coincide the degree is lower."""
    if len(samples) == 1:
        return [values[0]]
    low, high = samples[0][:, None], samples[-1][:, None]
    width = np.where(high > low, high - low, 1.0)
    if len(samples) == 2:
        slope = np.where(high > low, (values[1] - values[0]) / width, 0.0)
        return [values[0] - slope * low, slope]
    # Symmetric about 0: low = −high.
    half = np.where(high > 0, high, 1.0)
    even = np.where(high > 0, (0.5 * (values[0] + values[2]) - values[1]) / half**2, 0.0)
    odd = np.where(high > 0, (values[2] - values[0]) / (2 * half), 0.0)
    return [values[1], odd, even]
