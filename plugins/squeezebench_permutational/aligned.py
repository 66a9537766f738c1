r"""Dicke blocks along the mean spin: the lowest states above the coherent one, in a frame that follows ⟨J⟩.

A polarised ensemble is, along its own mean spin, near |J, −J⟩ in each block: a few dozen of 2J + 1 states hold it. The
frame is turned anew before each step, so that ⟨J⟩ points along −z of it, and the model is written in that frame. Blocks
that end at some k = M + J leave the generator completely positive and trace-decreasing, so that the trace that is lost
bounds the error: |Δ⟨J_a⟩| ≤ N · leak and |Δ⟨J_aJ_b⟩| ≤ ½ N² · leak.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

import squeezebench as sb

from .algebra import _clean, amplitude, extents
from .layout import Layout
from .pictures import Kept, Picture, moments_of
from .populations import populations
from .rotations import rotation_matrix
from .series import Pace, advance
from .spectrum import ritz_values
from .stencil import BlockGenerator

__all__ = ["AlignedPicture"]

Array = NDArray[np.float64]

#: Populations of the two highest states that are kept, in units of atol, beyond which more are kept and beyond which a
#: step is taken back; and those that may be cut.
_GROW, _UNDO, _CUT = 1e-3, 3e-2, 1e-5
#: Room for growth during a step, as a share of the depth, and at least.
_MARGIN, _ROOM = 0.15, 4
#: A smaller depth must save this share.
_WORTH_A_CUT = 0.15
#: Below this fraction of N/2 a mean spin is too short to be followed; a tilt below this angle is left alone.
_SHORT, _TILT = 1e-3, 1e-9
#: Angle by which ⟨J⟩ may turn in a step, times √J.
_TURN = 3.0
#: J that are looked at for the extent of the spectrum, and Krylov vectors.
_SAMPLE, _VECTORS = 3, 24


def frame_of(direction: Array) -> Array:
    """Rotation that takes a direction to −z, with the axes of populations, pumping and dephasing in its x-z plane."""
    x, y, z = direction
    theta, phi = math.atan2(math.hypot(x, y), z), math.atan2(y, x)
    return np.asarray(sb.Rotation("y", math.pi - theta).matrix @ sb.Rotation("z", -phi).matrix)


def euler_angles(Q: Array) -> tuple[float, float, float]:
    """(a, b, c) with Q = R_z(a) R_y(b) R_z(c) and 0 ≤ b ≤ π, to round-off also where b is next to 0 or π.

    There a and c are each undetermined, but their sum, or their difference, is not, and comes from the corner of Q that
    holds it.
    """
    b = math.atan2(math.hypot(Q[0, 2], Q[1, 2]), Q[2, 2])
    a = math.atan2(Q[1, 2], Q[0, 2])
    if Q[2, 2] > 0:
        return a, b, math.atan2(Q[1, 0] - Q[0, 1], Q[0, 0] + Q[1, 1]) - a
    return a, b, a - math.atan2(-Q[1, 0] - Q[0, 1], Q[1, 1] - Q[0, 0])


class AlignedPicture(Picture):
    """The lowest states of each block in a frame that follows the mean spin.

    Parameters
    ----------
    layout : Layout
        With a depth.
    x : ndarray (layout.size,)
        The numbers of U ρ U†.
    R : ndarray (3, 3)
        The rotation of vectors that U is.
    atol : float
        Weight that may be lost at the upper ends of the blocks.
    """

    name = "aligned"
    # The frame follows ⟨J⟩ from step to step.
    reach = 50.0

    def __init__(self, layout: Layout, x: Array, R: Array, atol: float) -> None:
        super().__init__(layout, x, 0.0)
        self._R, self._atol = R, atol
        self._margin = 1.0
        self._least = 0
        self._extents: tuple[sb.SpinModel, int, float, float] | None = None
        # When the frame was set and the state judged last, how fast ⟨J⟩ turned, and what was lost.
        self._now = self._judged = 0.0
        self._speed = self._leak = self._rate = 0.0

    @classmethod
    def start(cls, problem: sb.Problem, spins: Sequence[float], atol: float) -> AlignedPicture:
        """The start of a problem."""
        N = problem.N
        product = problem.initial_state.as_product(N)
        direction = problem.initial_state.bloch_vector(N)
        R = frame_of(direction) if np.linalg.norm(direction) > _SHORT else np.eye(3)
        whole = Layout(N, spins, N + 1)
        if product is None:
            Q = _rotation_of(R)
            blocks = []
            for J, share, matrix in problem.initial_state.dicke_blocks(N):
                U = rotation_matrix(J, Q)
                blocks.append((J, share, U @ matrix @ U.conj().T))
            return cls(whole, whole.pack(blocks), R, atol)
        along = sb.CoherentSpinState(theta=math.pi, phi=0.0, bloch_length=product.bloch_length)
        rows = populations(along, Layout(N, spins))
        edges = Layout(N, spins).rows
        level = np.zeros(N + 1)
        for first, last in itertools.pairwise(edges):
            level[: last - first] += rows[first:last]
        depth = _depth_of(level, _CUT * atol)
        layout = Layout(N, spins, max(depth + _ROOM, 6))
        x = layout.zeros()
        for b, first in enumerate(edges[:-1]):
            block = layout.block(x, b)
            np.fill_diagonal(block, rows[first : first + len(block)])
        return cls(layout, x, R, atol)

    def turn(self, rotations: tuple[sb.Rotation, ...], model: sb.SpinModel) -> None:
        """Rotations of the state turn the frame instead."""
        for rotation in rotations:
            self._R = self._R @ rotation.matrix.T

    def _model(self, model: sb.SpinModel) -> sb.SpinModel:
        R = self._R
        K = R @ model.K @ R.T
        collective, single = _clean(R @ model.collective @ R.T), _clean(R @ model.single @ R.T)
        h = R @ model.h
        return sb.SpinModel.general(model.N, h, (K + K.T) / 2, collective, single)

    def generator(self, model: sb.SpinModel, n_threads: int) -> BlockGenerator:
        """Generator of a model on the present layout."""
        return BlockGenerator(self._model(model), self.layout, n_threads)

    def extents(self, model: sb.SpinModel, spins: Sequence[float]) -> tuple[float, float]:
        """How far the spectrum reaches: from a Krylov space, or for whole blocks from bounds."""
        depth = int(self.layout.depth or 0)
        if depth > max(spins) or self.layout.N < 20:
            whole = extents(self._model(model), spins)
            self._rate = whole[0]
            return whole
        known = self._extents
        if known is None or known[0] is not model or not 0.8 < depth / known[1] < 1.25:
            layout = self.layout.with_spins(self.layout.spins[:_SAMPLE])
            generator = BlockGenerator(self._model(model), layout)
            rng = np.random.default_rng(0)
            x = layout.zeros()
            for b in range(len(layout.spins)):
                layout.block(x, b)[...] = rng.normal(size=(layout.sizes[b],) * 2)
            values = ritz_values(generator, x, _VECTORS)
            jumps = model.N * float(np.trace(model.single).real) / 2
            known = self._extents = (model, depth, -float(values.real.min()) + jumps, float(np.abs(values.imag).max()))
        scale = depth / known[1]
        self._rate = known[2] * scale
        # Margins that blocks in the frame of the problem do not need: the frame turns the spectrum's shape.
        return 1.7 * max(known[2], 0.0) * scale, 1.1 * known[3] * scale

    def moments(self, numbers: Array) -> tuple[Array, Array]:
        """Mean spin and covariance in the frame of the problem."""
        spin, covariance = moments_of(numbers, 0.0)
        return spin @ self._R, self._R.T @ covariance @ self._R

    def _mean_spin(self) -> Array:
        """⟨J⟩ in the present frame."""
        from .kernels import block_moments

        layout = self.layout
        J, M = layout.J_of_row, layout.M_of_row
        sizes, firsts, rows = (
            np.ascontiguousarray(a, dtype=np.uint64) for a in (layout.sizes, layout.firsts, layout.rows[:-1])
        )
        numbers = np.empty(10)
        block_moments(self.x, sizes, firsts, rows, np.array([J, M, amplitude(0, 1, J, M)]), numbers)
        return np.asarray(moments_of(numbers[None, :], 0.0)[0][0])

    @property
    def longest_step(self) -> float:
        """Time in which ⟨J⟩ turns by an angle that a few states more can hold."""
        return _TURN / math.sqrt(self.layout.spins[0]) / self._speed if self._speed > 0 else math.inf

    @property
    def leak(self) -> float:
        """Weight that was lost at the upper ends of the blocks, at most."""
        return self._leak

    def refit(self, now: float) -> None:
        """Point the frame along the mean spin, and keep as many states as are needed there."""
        spin = self._mean_spin()
        if np.linalg.norm(spin) > _SHORT * self.layout.N / 2:
            R = frame_of(self._R.T @ spin)
            tilt = math.acos(min(max(-spin[2] / float(np.linalg.norm(spin)), -1.0), 1.0))
            if now > self._now:
                self._speed = tilt / (now - self._now)
            self._tilt(R @ self._R.T)
            self._R = R
        self._now = self._judged = now
        layout = self.layout
        needed = _depth_of(self._levels(self.x), _CUT * self._atol)
        depth = max(self._with_room(needed), self._least, 6)
        self._least = 0
        depth = min(depth, round(2 * layout.spins[0]) + 1)
        if depth > layout.depth or depth < (1 - _WORTH_A_CUT) * layout.depth:
            target = Layout(layout.N, layout.spins, depth)
            self.x, self.layout = layout.moved(self.x, target), target

    def _with_room(self, needed: int) -> int:
        return needed + max(math.ceil(self._margin * _MARGIN * needed), _ROOM)

    def _tilt(self, Q: Array) -> None:
        """Turn the frame by Q: about z by phases, and about y by the series that solves everything else."""
        a, b, c = euler_angles(Q)
        if abs(b) < _TILT and abs(math.remainder(a + c, math.tau)) < _TILT:
            return
        layout = self.layout
        # What a tilt lifts must have room.
        grown = Layout(layout.N, layout.spins, min(2 * int(layout.depth or 0) + 10, round(2 * layout.spins[0]) + 1))
        x = layout.moved(self.x, grown) if b > _TILT else self.x
        layout = grown if b > _TILT else layout
        x = _about_z(layout, x, c)
        if b > _TILT:
            J = layout.spins[0]
            generator = BlockGenerator(
                sb.SpinModel.general(layout.N, (0.0, 1.0, 0.0), np.zeros((3, 3)), np.zeros((3, 3)), np.zeros((3, 3))),
                layout,
            )
            pace = Pace(0.01 * self._atol, b, 100.0)
            pace.begin(0.0, 2 * min(J, math.sqrt(2 * J * float(layout.depth or 1))))
            x, _, _ = advance(generator, x, 0.0, b, np.empty(0), pace, lambda time: None)
            generator.close()
        self.x, self.layout = _about_z(layout, x, a), layout

    def _levels(self, x: Array) -> Array:
        """Population of each k = M + J, summed over J, shape (depth,)."""
        layout = self.layout
        levels = np.zeros(int(layout.sizes.max()))
        for first, n in zip(layout.firsts.tolist(), layout.sizes.tolist(), strict=True):
            levels[:n] += np.abs(x[first : first + n * n : n + 1])
        return levels

    def judge(self, x: Array, now: float) -> str:
        """By the populations of the highest states; always stops, so that the frame can follow."""
        layout = self.layout
        cut = layout.sizes < 2 * np.array(layout.spins) + 1
        top = 0.0
        for first, n in zip(layout.firsts[cut].tolist(), layout.sizes[cut].tolist(), strict=True):
            top += abs(x[first + n * n - 1]) + abs(x[first + n * n - 2 - n])
        if top > _UNDO * self._atol:
            self._margin *= 1.3
            self._least = self._with_room(int(layout.depth or 0))
            return "undo"
        self._leak += self._rate * top * (now - self._judged)
        self._judged = now
        if top > _GROW * self._atol:
            self._least = self._with_room(int(layout.depth or 0))
        return "stop"

    def kept(self, time: float) -> Kept:
        """The state as whole blocks in the frame of the problem."""
        whole = Layout(self.layout.N, self.layout.spins)
        back = _rotation_of(self._R.T)
        blocks = []
        for b, J in enumerate(whole.spins):
            small = self.layout.unpack(self.x, b)
            matrix = np.zeros((round(2 * J) + 1,) * 2, dtype=np.complex128)
            matrix[: len(small), : len(small)] = small
            U = rotation_matrix(J, back)
            blocks.append((J, 1.0, U @ matrix @ U.conj().T))
        return Kept(time, whole, whole.pack(blocks), 0.0)


def _depth_of(levels: Array, cut: float) -> int:
    """Number of levels below which all but `cut` of the population lies."""
    beyond = np.cumsum(levels[::-1])[::-1]
    return max(int(np.count_nonzero(beyond > cut)), 1)


def _about_z(layout: Layout, x: Array, angle: float) -> Array:
    """State array of U ρ U†, U = exp(−i·angle·J_z)."""
    if abs(angle) < 1e-15:
        return x
    turned = layout.zeros()
    phase = np.exp(-1j * angle * np.arange(int(layout.sizes.max())))
    for b, n in enumerate(layout.sizes.tolist()):
        matrix = layout.unpack(x, b) * (phase[:n, None] * phase[:n].conj()[None, :])
        layout.block(turned, b)[...] = matrix.real + matrix.imag
    return turned


def _rotation_of(R: Array) -> sb.Rotation:
    """Axis and angle of a rotation matrix."""
    from scipy.spatial.transform import Rotation

    vector = Rotation.from_matrix(R).as_rotvec()
    angle = float(np.linalg.norm(vector))
    return sb.Rotation(tuple(vector / angle), angle) if angle > 0 else sb.Rotation("z", 0.0)
