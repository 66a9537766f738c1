r"""How many multipoles a problem needs, from a course of one multiplet in their place.

What cutting multipoles beyond K does to the moments depends on how much of it finds its way back down to k ≤ 2, which
no look at the state alone can tell: it is 10⁻⁶ of what was cut where spins decay fast, and all of it where they twist.
The question is therefore put to a problem that has the same flow over the sphere and costs a hundredth: all J are
summed up at their mean J(t), :math:`b_{kq} = \sum_J \sqrt{2J+1}\,c^J_{kq}`, which the generator moves as

.. math::

    \dot b = \sum_\Delta \sqrt{\tfrac{2J+2\Delta+1}{2J+1}}\, L_\Delta(J)\, b, \qquad
    \dot J = \sum_\Delta \Delta\,(\text{rate from } J \text{ to } J + \Delta).

It is followed with several limits to the highest multipole at once, the finest being the reference for the others.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

import squeezebench as sb

from .algebra import frame_angle, turned_model
from .moments import xi2_change
from .multipole_layout import MultipoleLayout, moment_scales
from .multipole_states import needed_K
from .multipoles import MultipoleGenerator
from .series import Pace, advance
from .spectrum import reach_of
from .tensors import Part, generator_parts

__all__ = ["CUT", "MANY", "MARGIN", "Plan", "plan", "room_for"]

Array = NDArray[np.float64]

#: What is cut, in units of the limit at which K grows.
CUT = 0.3
#: Room for growth during a stretch, as a share of K, and at least.
MARGIN, _ROOM = 0.03, 3
#: The errors of the whole differ from those of the multiplet in its place by less than this factor: see the tests.
_SAFETY = 12.0
#: Limits of the columns: the coarsest, and how many there may be.
_COARSEST, _MOST = 0.1, 14
#: With so many spins a plan of ten columns would take a quarter of the whole: it has six, which with the two places
#: beside them are one vector of eight numbers, from this many times the finest limit on. Those that sufficed were 20 to
#: 200 times the finest, at γ_s/Γ = 4 and 16 and up to 2000 spins.
MANY, _SPAN_OF_MANY, _COLUMNS_OF_MANY = 700, 1000.0, 6
#: The larger of ct and ft in a step, for few and for many spins, whose state changes less from step to step.
_TURN, _TURN_OF_MANY = 130.0, 250.0
#: J is not followed further down than to this times √N, where a fully mixed state has it.
_SMALLEST = 0.75
#: A column with a larger error than this is given up, so that it does not hold up the others.
_HOPELESS = 0.05


def room_for(needed: NDArray[np.int64], margin: float = MARGIN) -> NDArray[np.int64]:
    """K that has room to grow, where `needed` is needed now."""
    result: NDArray[np.int64] = needed + np.maximum(np.ceil(margin * needed).astype(np.int64), _ROOM)
    return result


@dataclass(frozen=True)
class Plan:
    """What the course of one multiplet tells.

    Attributes
    ----------
    limit : float
        Largest relative size of the highest multipoles that is allowed.
    times : ndarray (n,)
        Where errors were looked at.
    errors : ndarray (n, 3)
        Estimated errors until then of mean spin and of second moments, in units of N/2 and N²/4, and of ξ².
    largest : int
        Largest K that was needed.
    complete : bool
        Whether so many multipoles are needed in the end that none should be cut at any time, which has no error.
    """

    limit: float
    times: Array
    errors: Array
    largest: int
    complete: bool = False

    def errors_at(self, times: Array) -> Array:
        """Errors until `times`, shape (T, 3)."""
        if not len(self.times):
            return np.zeros((len(times), 3))
        place = np.minimum(np.searchsorted(self.times, times * (1 - 1e-12)), len(self.times) - 1)
        return np.asarray(self.errors[place])

    @property
    def error(self) -> float:
        """Largest error."""
        return float(self.errors[:, :2].max(initial=0.0))


class _Folded:
    """Tables of the generator of one multiplet in place of all, for columns with a K of their own."""

    def __init__(self, model: sb.SpinModel, J: float, limits: Array) -> None:
        self._model, self._J = model, J
        self._limits = limits
        self._parts: list[Part] = []
        self._K = -1

    def _all(self, K: int) -> list[Part]:
        if self._K < K:
            self._K = K
            around = self._J + np.array([1.0, 0.0, -1.0])
            scale = np.sqrt(np.maximum(2 * around + 1, 0.0) / (2 * self._J + 1))
            self._parts = [
                replace(p, table=(p.table * scale)[:, [1 - p.delta]]) for p in generator_parts(self._model, around, K)
            ]
        return self._parts

    def parts(self, layout: MultipoleLayout) -> list[Part]:
        """Parts without a change of J, each column cut at its K."""
        inside = np.arange(layout.K + 1)[:, None] <= self._limits[None, :]
        merged: dict[tuple[int, int, int, bool], Array] = {}
        for p in self._all(layout.K):
            key = (p.dk, p.dq, p.power, p.imaginary)
            merged[key] = merged.get(key, 0.0) + p.table[: layout.K + 1] * inside
        return [Part(0, *key, table) for key, table in merged.items()]

    def drift(self, view: Array) -> float:
        """dJ/dt, from a state of trace 1 in one column, (planes, rows)."""
        result = 0.0
        for p in self._all(self._K):
            if p.delta and p.dk <= 0 and p.dq == 0 and p.power == 0 and not p.imaginary:
                # To (0, 0), from (k, 0).
                from .tensors import root

                k = -p.dk
                factor = float(root(p.dk, 0, np.array(float(k)), np.array(0.0)))
                result += p.delta * float(p.table[0, 0]) * factor * float(view[0, k * (k + 1) // 2])
        return result


def _limits(finest: float, N: int) -> Array:
    """Limits of the columns, the reference last: half a decade apart, or further if there would be too many."""
    if N >= MANY:
        return np.asarray(finest * np.geomspace(_SPAN_OF_MANY, 1.0, _COLUMNS_OF_MANY))
    decades = np.log10(_COARSEST / finest)
    return np.asarray(_COARSEST * 10 ** -np.linspace(0, decades, int(np.clip(np.ceil(2 * decades) + 1, 4, _MOST))))


def plan(
    problem: sb.Problem, layout: MultipoleLayout, x: Array, atol: float, context: sb.Context, thorough: bool = True
) -> Plan:
    """Choose the limit.

    Parameters
    ----------
    problem : Problem
        What is to be solved.
    layout : MultipoleLayout
        Of the start, with all multipoles that matter.
    x : ndarray (size,)
        The start, in the frame of the first model.
    atol : float
        Error that moments may have, in units of N/2 and N²/4.
    context : Context
        Is checked after each step.
    thorough : bool
        Whether to go on where the limits that suffice for damped multipoles do not: with nearly all of them.
    """
    # Errors go like the square of the limit where multipoles are damped, which is tried first, else like the limit.
    for finest in (0.03 * np.sqrt(atol), 0.3 * atol):
        walk = _Walk(problem, layout, x, _limits(max(finest, 1e-13), problem.N), context)
        walk.run()
        errors = np.fmax.accumulate(np.array(walk.errors).reshape(-1, len(walk.columns), 3), axis=0)
        worst = _SAFETY * errors[:, :, :2].max(axis=(0, 2), initial=0.0)
        fine = np.nonzero(worst[:-1] <= atol)[0]
        if len(fine) or not thorough:
            break
    chosen = int(fine[0]) if len(fine) else len(worst) - 2
    if walk.ended[chosen]:
        # What was cut before that could only be bounded by its size: thousands of times what it does.
        return Plan(0.0, np.empty(0), np.empty((0, 3)), round(2 * max(layout.spins)), True)
    found = _SAFETY * errors[:, chosen]
    return Plan(float(walk.columns[chosen]), np.array(walk.times), found, int(walk.largest[chosen]))


class _Walk:
    """The course of the multiplet in place of all."""

    def __init__(
        self, problem: sb.Problem, layout: MultipoleLayout, x: Array, columns: Array, context: sb.Context
    ) -> None:
        self._problem, self._context = problem, context
        self.columns = columns
        spins = np.array(layout.spins)
        root_n = np.sqrt(2 * spins + 1)
        view = layout.view(x)
        weights = view[0, 0] * root_n
        self._lowest = min(max(_SMALLEST * np.sqrt(problem.N), 1.0), problem.N / 2)
        self._J = max(float(spins @ weights / weights.sum()), self._lowest)
        summed = view @ root_n
        self._layout = MultipoleLayout(problem.N, [self._J] * len(columns), layout.K, layout.planes)
        self._x = self._layout.zeros()
        self._layout.view(self._x)[...] = summed[:, :, None]
        self._K = np.full(len(columns), layout.K)
        self.largest = np.zeros(len(columns))
        self._dead = np.zeros(len(columns), dtype=bool)
        self.ended = np.zeros(len(columns), dtype=bool)
        self._known: tuple[sb.SpinModel, int, float, float] | None = None
        self.times: list[float] = []
        self.errors: list[Array] = []

    def run(self) -> None:
        """Through all segments."""
        end = float(self._problem.times[-1])
        turn = _TURN_OF_MANY if self._problem.N >= MANY else _TURN
        self._pace = Pace(1e-9, max(end, 1e-300), turn)
        for step in self._problem.segments():
            if step.start >= end:
                break
            turned = turned_model(step.model, frame_angle(step.model))
            now, stop, fresh = step.start, min(step.stop, end), True
            while now < stop:
                try:
                    now = self._step(turned, now, stop, fresh)
                except sb.SolverError as error:
                    if error.status != "failed":
                        raise
                    return
                fresh = False
                # From here on multipoles end by themselves at k = 2J.
                if (
                    self._K[0] >= 2 * self._J - 4
                    or self._lowest >= self._J
                    or not np.isfinite(self.errors[-1][-2, :2]).all()
                ):
                    return

    def _shells(self) -> Array:
        """Norm of each k, (K + 1, columns)."""
        layout = self._layout
        squares = np.sum(layout.view(self._x) ** 2, axis=0)
        squares[np.cumsum(np.arange(layout.K + 1))] *= 0.5
        edges = np.arange(layout.K + 1) * np.arange(1, layout.K + 2) // 2
        return np.asarray(np.sqrt(2 * np.add.reduceat(squares, edges, axis=0)))

    def _refit(self) -> None:
        """Give each column the K that its limit asks for."""
        shells = self._shells()
        most = int(2 * self._J)
        norms = np.sqrt(np.sum(shells**2, axis=0))
        K = room_for(needed_K(shells / np.maximum(norms * CUT * self.columns, 1e-300), 1.0))
        # As in the whole, K does not follow every small change downwards.
        K = np.where((K < self._K) & (K > 0.92 * self._K), self._K, K)
        K = np.where(self._dead, 2, K)
        self._K = np.clip(K, 2, max(most, 2))
        self.largest = np.maximum(self.largest, self._K)
        layout = replace_K(self._layout, int(self._K.max()), self._J)
        x = layout.zeros()
        view, rows = layout.view(x), min(layout.rows, self._layout.rows)
        view[:, :rows] = self._layout.view(self._x)[:, :rows]
        self._x, self._layout = x, layout
        k = np.repeat(np.arange(layout.K + 1), np.arange(1, layout.K + 2))
        view[:, k[:, None] > self._K[None, :]] = 0.0
        view[:, :, self._dead] = 0.0

    def _step(self, model: sb.SpinModel, now: float, stop: float, fresh: bool) -> float:
        self._refit()
        self._context.check()
        tables = _Folded(model, self._J, self._K)
        generator = MultipoleGenerator(tables, self._layout, self._context.n_threads)
        try:
            reach = self._reach(model)
            if fresh:
                self._pace.begin(*reach)
            else:
                self._pace.aim(*reach)
            before = now
            none = np.empty(0)
            self._x, _, now = advance(
                generator, self._x, now, stop, none, self._pace, lambda time: None, lambda x, time: "stop"
            )
        finally:
            generator.close()
        view = self._layout.view(self._x)
        self._J = max(self._J + (now - before) * tables.drift(view[:, :, -1]), self._lowest)
        self.times.append(now)
        errors = self._errors()
        # Where multipoles end by themselves at 2J, multiplets above the mean have more: all that is cut may count.
        ended = self._K >= 2 * self._J - 4
        self.ended |= ended
        lost = self.columns[ended, None] / _SAFETY * np.array([1.0, 1.0, self._problem.N])
        errors[ended] = np.fmax(errors[ended], lost)
        self._dead[:-2] |= errors[:-2, :2].max(axis=1) > _HOPELESS
        errors[self._dead] = np.inf
        self.errors.append(errors)
        return now

    def _reach(self, model: sb.SpinModel) -> tuple[float, float]:
        known, K = self._known, self._layout.K
        if known is None or known[0] is not model or not 0.8 < K / known[1] < 1.25:
            layout = MultipoleLayout(self._layout.N, [self._J], K, self._layout.planes)
            one = MultipoleGenerator(_Folded(model, self._J, np.array([K])), layout)
            known = self._known = (model, K, *reach_of(one, model))
        scale = K / known[1]
        return known[2] * max(scale, scale**2), known[3] * scale

    def _errors(self) -> Array:
        """Errors of spin, of second moments and of ξ², (columns, 3)."""
        rows = self._layout.view(self._x)[:, :6]
        scales = moment_scales(np.array([self._J])) / np.sqrt(2 * self._J + 1)
        half = self._problem.N / 2
        first = np.abs(rows[:, 1:3] - rows[:, 1:3, -1:]).max(axis=(0, 1)) * abs(scales[3, 0])
        second = np.abs(rows[:, 3:6] - rows[:, 3:6, -1:]).max(axis=(0, 1)) * 2 * abs(scales[5, 0])
        return np.stack([first / half, second / half**2, self._xi2_errors(rows, scales)], axis=-1)

    def _xi2_errors(self, rows: Array, scales: Array) -> Array:
        """Errors of ξ², (columns,); NaN where it has no value."""
        from .multipole_kernels import multipole_moments

        numbers = np.zeros((len(self.columns), 10))
        for i in range(len(self.columns)):
            # One column as a state of its own: six rows of three places.
            x = np.zeros((rows.shape[0], 6, 3))
            x[:, :, 1] = rows[:, :, i]
            multipole_moments(x.ravel(), rows.shape[0], 18, 3, scales, numbers[i])
        N = float(self._problem.N)
        return np.array([xi2_change(numbers[-1], one - numbers[-1], N) for one in numbers])


def replace_K(layout: MultipoleLayout, K: int, J: float) -> MultipoleLayout:
    """The layout of the same columns with another K and J."""
    return MultipoleLayout(layout.N, [J] * len(layout.spins), K, layout.planes)
