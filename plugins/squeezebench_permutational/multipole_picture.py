"""A state in multipoles, with as many of them as it needs."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

import squeezebench as sb

from .algebra import extents, frame_angle, turned_model
from .layout import Layout
from .multipole_states import blocks_of, multipoles_of, multipoles_of_product, needed_K
from .multipoles import MultipoleGenerator, MultipoleLayout, Tables
from .pictures import Kept, Picture
from .rotations import rotation_matrix

__all__ = ["MultipolePicture", "tail_limit"]

Array = NDArray[np.float64]

#: The error of moments, relative to their largest values, is about this times the square of the largest multipoles
#: that were cut, relative to the whole: what is cut must come back down from K to 2 to be felt, and is damped on its way
#: as it was when it came up. Measured in the tests of representations.
_SQUARE = 1e-4
#: Multipoles that are cut, and that make K grow, relative to the limit.
_CUT, _UNDO = 0.1, 10.0
#: Room for growth during a stretch, as a share of K, and at least.
_MARGIN, _ROOM = 0.08, 4
#: A smaller K must save this share of K.
_WORTH_A_CUT = 0.15
#: Krylov vectors for the extent of a spectrum, and the J that are looked at.
_VECTORS, _SAMPLE = 40, 6


def tail_limit(atol: float) -> float:
    """Largest relative size of the highest multipoles for which moments are good to `atol`."""
    return min(math.sqrt(atol / _SQUARE), 0.03)


class MultipolePicture(Picture):
    """Multipoles up to a K that follows the state.

    Parameters
    ----------
    layout, x, angle
        As for `Picture`.
    spins : sequence of float
        All J that may be asked for.
    atol : float
        Error of moments that cuts in K may make, relative to their largest values.
    """

    name = "multipoles"

    def __init__(
        self, layout: MultipoleLayout, x: Array, angle: float, spins: Sequence[float], atol: float
    ) -> None:
        super().__init__(layout, x, angle)
        self._spins = list(spins)
        self._limit = tail_limit(atol)
        self._margin = _MARGIN
        self._tail = 0.0
        self._least = 0
        self._tables: tuple[sb.SpinModel, Tables] | None = None
        self._extents: tuple[sb.SpinModel, int, float, float] | None = None
        self.largest = self.layout.K

    @classmethod
    def start(cls, problem: sb.Problem, spins: Sequence[float], atol: float) -> MultipolePicture:
        """The start of a problem."""
        angle = frame_angle(problem.segments()[0].model)
        N = problem.N
        product = problem.initial_state.as_product(N)
        cut = _CUT * tail_limit(atol)
        if product is not None:
            layout, x = multipoles_of_product(product, N, spins, angle, cut, round(2 * max(spins)))
        else:
            blocks = Layout(N, spins)
            packed = blocks.pack(problem.initial_state.dicke_blocks(N), angle)
            layout, x = multipoles_of(blocks, packed, 2, round(2 * max(spins)))
        return cls(layout, x, angle, spins, atol)

    @classmethod
    def of_blocks(cls, picture: Picture, spins: Sequence[float], atol: float) -> MultipolePicture:
        """A state that is in blocks."""
        layout, x = multipoles_of(picture.layout, picture.x, 2, round(2 * max(picture.layout.spins)))
        return cls(layout, x, picture.angle, spins, atol)

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
        whole = extents(turned_model(model, self.angle), [max(spins)]) if K > 0.7 * 2 * max(spins) else (math.inf,) * 2
        return min(real * max(scale, scale**2), whole[0]), min(imaginary * scale, whole[1])

    def _probed(self, model: sb.SpinModel) -> tuple[float, float]:
        layout = self.layout.with_spins(self.layout.spins[:_SAMPLE])
        generator = MultipoleGenerator(self._tables_of(model), layout)
        rng = np.random.default_rng(0)
        x = layout.zeros()
        view = layout.view(x)
        view[...] = rng.normal(size=view.shape)
        k = np.repeat(np.arange(layout.K + 1), np.arange(1, layout.K + 2))
        if layout.planes > 1:
            view[1, np.cumsum(np.arange(layout.K + 1))] = 0.0
        for i, J in enumerate(layout.spins):
            view[:, k > 2 * J, i] = 0.0
        unused = layout.zeros()
        vectors = [x / np.linalg.norm(x)]
        H = np.zeros((_VECTORS + 1, _VECTORS))
        count = _VECTORS
        for j in range(_VECTORS):
            out = layout.zeros()
            generator.apply(vectors[-1], out, unused, 1.0, 0.0, 0.0, 0.0)
            for i, vector in enumerate(vectors):
                H[i, j] = vector @ out
                out -= H[i, j] * vector
            H[j + 1, j] = np.linalg.norm(out)
            if H[j + 1, j] <= 1e-12 * np.abs(H).max():
                count = j + 1
                break
            out /= H[j + 1, j]
            vectors.append(out)
        values = np.linalg.eigvals(H[:count, :count])
        single = model.N * float(np.trace(model.single).real) / 2
        return max(float(-values.real.min()), 0.0) + 0.3 * single, float(np.abs(values.imag).max())

    def refit(self) -> None:
        """As many multipoles as the state needs, and room to grow."""
        layout = self.layout
        most = round(2 * layout.spins[0])
        needed = needed_K(layout.shells(self.x), _CUT * self._limit)
        K = max(needed + max(math.ceil(self._margin * needed), _ROOM), self._least, 2)
        K, self._least = min(K, max(most, 2)), 0
        if K > layout.K or K < (1 - _WORTH_A_CUT) * layout.K:
            target = layout.with_K(K)
            self.x, self.layout = layout.moved(self.x, target), target
            self.largest = max(self.largest, target.K)

    def judge(self, x: Array) -> str:
        """By the size of the highest multipoles."""
        layout = self.layout
        if layout.K >= 2 * layout.spins[0]:
            shells = layout.shells(x)
            tail = 0.0
        else:
            shells = layout.shells(x)
            tail = float(shells[-2:].max() / np.linalg.norm(shells))
        if tail > _UNDO * self._limit:
            self._margin *= 1.5
            self._least = math.ceil(layout.K * (1 + self._margin)) + _ROOM
            return "undo"
        self._tail = max(self._tail, tail)
        if tail > self._limit:
            return "stop"
        needed = needed_K(shells, _CUT * self._limit)
        spare = layout.K - needed - max(math.ceil(self._margin * needed), _ROOM)
        return "stop" if spare > _WORTH_A_CUT * layout.K else "go"

    @property
    def cut_error(self) -> float:
        """Error that cuts in K may have caused."""
        return _SQUARE * max(self._tail, 0.0) ** 2

    def blocks(self) -> tuple[Layout, Array]:
        """The state in blocks, in the same frame."""
        return blocks_of(self.layout, self.x)

    def kept(self, time: float) -> Kept:
        """The state as blocks."""
        return Kept(time, *self.blocks(), self.angle)
