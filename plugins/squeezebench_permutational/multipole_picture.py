"""A state in multipoles, with as many of them as it needs."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

import squeezebench as sb

from .algebra import extents, frame_angle, turned_model
from .layout import Layout
from .multipole_layout import MultipoleLayout
from .multipole_states import blocks_of, multipoles_of, multipoles_of_product, needed_K
from .multipoles import MultipoleGenerator, Tables
from .pictures import Kept, Picture
from .plan import CUT, MARGIN, room_for
from .rotations import rotation_matrix
from .spectrum import reach_of

__all__ = ["MultipolePicture"]

Array = NDArray[np.float64]

#: Beyond how many limits a step is taken back.
_UNDO = 10.0
#: A smaller K must save this share of K.
_WORTH_A_CUT = 0.08
#: k may differ by so much from one J to the next.
_STEEP = 1
#: From so many spins on a state changes little in the longest step.
_MANY = 300
#: J that are looked at for the extent of the spectrum.
_SAMPLE = 6


class MultipolePicture(Picture):
    """Multipoles up to a K that follows the state.

    Parameters
    ----------
    layout, x, angle
        As for `Picture`.
    spins : sequence of float
        All J that may be asked for.
    limit : float
        Size of the highest multipoles, relative to all, beyond which K must grow (`plan.Plan`); 0 cuts none.
    """

    name = "multipoles"

    def __init__(self, layout: MultipoleLayout, x: Array, angle: float, spins: Sequence[float], limit: float) -> None:
        super().__init__(layout, x, angle)
        self._spins = list(spins)
        self.limit = limit
        self._margin = 1.0
        self._least = 0
        self._tables: tuple[sb.SpinModel, Tables] | None = None
        self._extents: tuple[sb.SpinModel, int, float, float] | None = None
        self.largest = self.layout.K
        self.truncated = False
        # K is chosen anew after each step, so that a shorter one keeps fewer multipoles; of many spins all are short.
        self.reach = 130.0 if layout.N < _MANY else 300.0

    @classmethod
    def start(cls, problem: sb.Problem, spins: Sequence[float], limit: float) -> MultipolePicture:
        """The start of a problem; what is below `limit` may be cut."""
        angle = frame_angle(problem.segments()[0].model)
        N = problem.N
        product = problem.initial_state.as_product(N)
        if product is not None:
            layout, x = multipoles_of_product(product, N, spins, angle, CUT * limit, round(2 * max(spins)))
        else:
            blocks = Layout(N, spins)
            packed = blocks.pack(problem.initial_state.dicke_blocks(N), angle)
            layout, x = multipoles_of(blocks, packed, 2, round(2 * max(spins)))
        return cls(layout, x, angle, spins, limit)

    @classmethod
    def of_blocks(cls, picture: Picture, spins: Sequence[float], limit: float) -> MultipolePicture:
        """A state that is in blocks; multipoles below `limit` may be cut."""
        layout, x = multipoles_of(picture.layout, picture.x, 2, round(2 * max(picture.layout.spins)))
        return cls(layout, x, picture.angle, spins, limit)

    @property
    def numbers(self) -> float:
        """Numbers that are followed now."""
        return float(self.layout.numbers)

    def turn(self, rotations: tuple[sb.Rotation, ...], model: sb.SpinModel) -> None:
        """Rotate the state, and turn the drive to +y."""
        before, self.angle = self.angle, frame_angle(model)
        if not rotations and before == self.angle:
            return
        steps = (sb.Rotation("z", -before), *rotations, sb.Rotation("z", self.angle))
        layout = self.layout
        view = layout.view(self.x)
        for k in range(1, layout.K + 1):
            D = np.eye(2 * k + 1, dtype=np.complex128)
            for step in steps:
                D = rotation_matrix(float(k), step) @ D
            rows = k * (k + 1) // 2 + np.arange(k + 1)
            c = view[0, rows] + (1j * view[1, rows] if layout.planes > 1 else 0.0)
            negative = ((-1.0) ** np.arange(k, 0, -1))[:, None] * c[:0:-1].conj()
            turned = (D @ np.concatenate([negative, c]))[k:]
            view[0, rows] = turned.real
            if layout.planes > 1:
                view[1, rows] = turned.imag
                view[1, rows[0]] = 0.0

    def generator(self, model: sb.SpinModel, n_threads: int) -> MultipoleGenerator:
        """Generator of a model on the present layout."""
        return MultipoleGenerator(self._tables_of(model), self.layout, n_threads)

    def _tables_of(self, model: sb.SpinModel) -> Tables:
        if self._tables is None or self._tables[0] is not model:
            self._tables = (model, Tables(turned_model(model, self.angle), self._spins))
        return self._tables[1]

    def extents(self, model: sb.SpinModel, spins: Sequence[float]) -> tuple[float, float]:
        """How far the spectrum reaches: of a Krylov space for a few J, scaled for a K that is near to it.

        Drives and drifts grow like K, diffusion like K².
        """
        K = self.layout.K
        if self._extents is None or self._extents[0] is not model or not 0.8 < K / self._extents[1] < 1.25:
            self._extents = (model, K, *self._probed(model))
        _, at, real, imaginary = self._extents
        scale = K / at
        whole = extents(turned_model(model, self.angle), [max(spins)]) if 0.7 * 2 * max(spins) < K else (math.inf,) * 2
        return min(real * max(scale, scale**2), whole[0]), min(imaginary * scale, whole[1])

    def _probed(self, model: sb.SpinModel) -> tuple[float, float]:
        layout = self.layout.with_spins(self.layout.spins[:_SAMPLE])
        return reach_of(MultipoleGenerator(self._tables_of(model), layout), model)

    def _wanted(self, shells: Array) -> NDArray[np.int64]:
        """Largest k of each J that the state needs, with room to grow."""
        most: NDArray[np.int64] = np.maximum(2 * np.array(self.layout.spins), 2).astype(np.int64)
        if self.limit == 0:
            return most
        share = self.limit * float(np.linalg.norm(shells)) / math.sqrt(shells.shape[1])
        tops = room_for(needed_K(shells, CUT * share), self._margin * MARGIN)
        # Neighbours feed one another, and J that are empty now will not be so.
        slope = _STEEP * np.arange(len(tops))
        after = np.maximum.accumulate(tops + slope) - slope
        before = (np.maximum.accumulate((tops - slope)[::-1]) + slope[::-1])[::-1]
        tops = np.maximum(np.maximum(after, before), 2)
        result: NDArray[np.int64] = np.minimum(tops, most).astype(np.int64)
        return result

    def refit(self, now: float) -> None:
        """As many multipoles as the state needs, and room to grow."""
        layout = self.layout
        tops = self._wanted(layout.shells(self.x))
        if self._least:
            most = np.maximum(2 * np.array(layout.spins), 2).astype(np.int64)
            tops, self._least = np.minimum(np.maximum(tops, layout.tops + self._least), most), 0
        target = layout.with_tops(tops)
        if (tops > layout.tops).any() or target.numbers < (1 - _WORTH_A_CUT) * layout.numbers:
            self.x, self.layout = layout.moved(self.x, target), target
            self.largest = max(self.largest, target.K)
        self.truncated |= bool(np.any(self.layout.tops < 2 * np.array(self.layout.spins)))

    def judge(self, x: Array, now: float) -> str:
        """By the size of the highest multipoles of each J."""
        layout = self.layout
        shells = layout.shells(x)
        inside = layout.tops < np.maximum(2 * np.array(layout.spins), 2)
        places = np.nonzero(inside)[0]
        edge = np.maximum(shells[layout.tops[places], places], shells[layout.tops[places] - 1, places])
        tail = float(np.sqrt(np.sum(edge**2)) / np.linalg.norm(shells))
        if tail > _UNDO * self.limit:
            self._margin *= 1.5
            self._least = math.ceil(self._margin * MARGIN * layout.K) + 3
            return "undo"
        if tail > self.limit:
            return "stop"
        spare = layout.numbers - layout.with_tops(self._wanted(shells)).numbers
        return "stop" if spare > _WORTH_A_CUT * layout.numbers else "go"

    def blocks(self) -> tuple[Layout, Array]:
        """The state in blocks, in the same frame."""
        return blocks_of(self.layout, self.x)

    def kept(self, time: float) -> Kept:
        """The state as blocks."""
        return Kept(time, *self.blocks(), self.angle)
