"""A state in a representation: blocks, or populations alone. See also `multipole_picture` and `aligned`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

import squeezebench as sb

from .algebra import extents, frame_angle, turned_model
from .layout import Layout, PopulationLayout
from .moments import moments_of
from .populations import PopulationGenerator, populations
from .rotations import rotated
from .stencil import BlockGenerator

__all__ = ["BlockPicture", "Kept", "Picture", "PopulationPicture", "moments_of"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Kept:
    """A state at a time: its layout, its array (of a state, or of populations), and the angle of its frame."""

    time: float
    layout: Layout
    x: Array
    angle: float


class Picture:
    """A state in some representation, and how it is followed there.

    Parameters
    ----------
    layout : Layout or MultipoleLayout
        Where its numbers stand.
    x : ndarray (layout.size,)
        The numbers.
    angle : float
        They are those of U ρ U†, U = exp(−i·angle·J_z).
    """

    name: ClassVar[str]
    #: Whether parts of blocks have been cut whose effect was planned.
    truncated = False
    #: Products with the generator in the longest step, about: a longer one saves little.
    reach: float = 250.0

    def __init__(self, layout: Any, x: Array, angle: float) -> None:
        self.layout, self.x, self.angle = layout, x, angle

    @property
    def numbers(self) -> float:
        """Numbers that are followed now."""
        return float(self.layout.numbers_of(self.layout.spins))

    def cut(self, spins: Sequence[float]) -> None:
        """Keep these J; others are lost, new ones are empty."""
        layout = self.layout.with_spins(spins)
        self.x, self.layout = self.layout.moved(self.x, layout), layout

    def turn(self, rotations: tuple[sb.Rotation, ...], model: sb.SpinModel) -> None:
        """Rotate the state, and go to the frame in which a model's generator is simplest."""
        raise NotImplementedError  # pragma: no cover - abstract

    def generator(self, model: sb.SpinModel, n_threads: int) -> Any:
        """Generator of a model on the present layout."""
        raise NotImplementedError  # pragma: no cover - abstract

    def extents(self, model: sb.SpinModel, spins: Sequence[float]) -> tuple[float, float]:
        """How far the generator's spectrum reaches (`algebra.extents`)."""
        return extents(turned_model(model, self.angle), spins)

    def moments(self, numbers: Array) -> tuple[Array, Array]:
        """Mean spin and covariance in the frame of the problem."""
        return moments_of(numbers, self.angle)

    def kept(self, time: float) -> Kept:
        """The state, as blocks or populations."""
        return Kept(time, self.layout, self.x.copy(), self.angle)

    @property
    def longest_step(self) -> float:
        """Longest time until the next `refit` that makes sense."""
        return math.inf

    @property
    def leak(self) -> float:
        """Weight that was lost inside of the blocks."""
        return 0.0

    def refit(self, now: float) -> None:
        """Adapt what is kept of each J to the state; called before a stretch of the course, with its time."""

    def judge(self, x: Array, now: float) -> str:
        """Whether the layout still holds a new state: "go", "stop" after it and refit, or "undo" it and refit."""
        return "go"


class BlockPicture(Picture):
    """All entries of the Dicke blocks."""

    name = "blocks"

    @classmethod
    def start(cls, problem: sb.Problem, spins: Sequence[float]) -> BlockPicture:
        """The start of a problem."""
        angle = frame_angle(problem.segments()[0].model)
        layout = Layout(problem.N, spins)
        return cls(layout, layout.pack(problem.initial_state.dicke_blocks(problem.N), angle), angle)

    def turn(self, rotations: tuple[sb.Rotation, ...], model: sb.SpinModel) -> None:
        """Rotate the state, and turn the drive to +y."""
        before, self.angle = self.angle, frame_angle(model)
        self.x = rotated(self.layout, self.x, rotations, before, self.angle)

    def generator(self, model: sb.SpinModel, n_threads: int) -> BlockGenerator:
        """Generator of a model on the present layout."""
        return BlockGenerator(turned_model(model, self.angle), self.layout, n_threads)


class PopulationPicture(Picture):
    """Populations ⟨J, M|ρ|J, M⟩, where they close on themselves."""

    name = "diagonal"

    @classmethod
    def start(cls, problem: sb.Problem, spins: Sequence[float]) -> PopulationPicture:
        """The start of a problem."""
        layout = PopulationLayout(problem.N, spins)
        return cls(layout, populations(problem.initial_state, layout), 0.0)

    def turn(self, rotations: tuple[sb.Rotation, ...], model: sb.SpinModel) -> None:
        """Rotations about z change no population."""

    def generator(self, model: sb.SpinModel, n_threads: int) -> PopulationGenerator:
        """Generator of a model on the present layout."""
        return PopulationGenerator(model, self.layout)

    def extents(self, model: sb.SpinModel, spins: Sequence[float]) -> tuple[float, float]:
        """How far the generator's spectrum reaches."""
        return extents(model, spins, diagonal=True)
