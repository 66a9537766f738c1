"""Which representation is the cheapest, at the start and on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import squeezebench as sb

from .layout import block_entries
from .pictures import BlockPicture, Picture, PopulationPicture
from .populations import is_diagonal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .plan import Plan

__all__ = ["converted", "likely_multipoles", "needed_spins", "start"]

#: With fewer spins blocks are small enough, and need no plan.
_SMALL = 96
#: Up to so many spins blocks are cheaper than multipoles of which nearly all are needed.
_BLOCKS_END = 150
#: A number of blocks costs this many times one of multipoles, where the generator is real and where it is not: its
#: terms are more, and so are the products. Measured at N = 60 … 200.
_BLOCK_NUMBER, _COMPLEX_NUMBER = 1.5, 3.0
#: A conversion must save this share.
_WORTH_IT = 0.25
#: Blocks are looked at for conversion after so many steps, and then each time their number has tripled.
_FIRST_LOOK = 3


def needed_spins(problem: sb.Problem) -> list[float]:
    """J whose blocks can be occupied: all of them with single-spin dissipation, else those of the start."""
    from squeezebench.angular import block_weights, spin_values

    if all(step.model.is_collective for step in problem.segments()):
        blocks = problem.initial_state.dicke_blocks(problem.N)
        return sorted((J for J, share in block_weights(blocks) if share > 0), reverse=True)
    return spin_values(problem.N)


def start(
    problem: sb.Problem, representation: str, atol: float, context: sb.Context, resumed: bool = False
) -> tuple[Picture, Plan | None]:
    """The start of a problem in a representation, and what was planned for it if parts of the state will be cut.

    Parameters
    ----------
    problem : Problem
        What is to be solved.
    representation : {"auto", "blocks", "diagonal", "multipoles", "aligned"}
        Where.
    atol : float
        Error that cuts may make.
    context : Context
        Threads, progress, limits.
    resumed : bool
        Whether a checkpoint will take the place of what is made here, so that nothing need be planned.
    """
    spins = needed_spins(problem)
    if representation == "diagonal" or (representation == "auto" and is_diagonal(problem)):
        return PopulationPicture.start(problem, spins), None
    small = problem.N < _SMALL or problem.initial_state.as_product(problem.N) is None
    if representation == "blocks" or (representation == "auto" and small):
        return BlockPicture.start(problem, spins), None
    if representation == "aligned":
        from .aligned import AlignedPicture

        return AlignedPicture.start(problem, spins, atol), None
    from .multipole_picture import MultipolePicture
    from .plan import plan

    if resumed:
        return MultipolePicture.start(problem, spins, 0.1), None
    picture = MultipolePicture.start(problem, spins, min(1e-8, atol))
    auto = representation == "auto"
    planned = plan(problem, picture.layout, picture.x, atol, context, not auto or problem.N > _BLOCKS_END)
    dear = _dear(planned.largest, problem.N, len(spins), problem.segments()[0].model)
    if auto and (dear or (planned.error > atol and problem.N <= _BLOCKS_END)):
        return BlockPicture.start(problem, spins), None
    if planned.complete:
        return MultipolePicture.start(problem, spins, 0.0), planned
    picture.limit = planned.limit
    return picture, planned


def likely_multipoles(problem: sb.Problem) -> bool:
    """Whether "auto" will probably take multipoles, as far as can be told without a plan."""
    if problem.N < _SMALL or problem.initial_state.as_product(problem.N) is None:
        return False
    return problem.N > _BLOCKS_END or not any(step.model.K.any() for step in problem.segments())


def _factor(model: sb.SpinModel) -> float:
    real = model.K.any() or model.h[2]
    return _COMPLEX_NUMBER if real else _BLOCK_NUMBER


def _dear(K: int, N: int, n_J: int, model: sb.SpinModel) -> bool:
    """Whether blocks are cheaper than multipoles throughout."""
    return (K + 1) * (K + 2) * n_J > _factor(model) * block_entries(N) if n_J > 1 else K > 0.8 * N


def converted(picture: Picture, spins: Sequence[float], model: sb.SpinModel, atol: float, steps: int) -> Picture | None:
    """The same state in a cheaper representation, or None.

    Parameters
    ----------
    picture : Picture
        The state.
    spins : sequence of float
        All J that may be occupied.
    model : SpinModel
        Which acts next.
    atol : float
        Error that cuts may make.
    steps : int
        Steps that have been made.
    """
    from .multipole_picture import MultipolePicture

    kept = picture.layout.spins
    blocks = sum(round(2 * J + 1) ** 2 for J in kept) * _factor(model)
    if isinstance(picture, MultipolePicture):
        if picture.numbers <= (1 + _WORTH_IT) * blocks:
            return None
        return BlockPicture(*picture.blocks(), picture.angle)
    if not isinstance(picture, BlockPicture) or picture.layout.N < _SMALL or not _is_look(steps):
        return None
    other = MultipolePicture.of_blocks(picture, spins, atol)
    other.refit(0.0)
    return other if other.numbers < (1 - _WORTH_IT) * blocks else None


def _is_look(steps: int) -> bool:
    look = _FIRST_LOOK
    while look < steps:
        look *= 3
    return look == steps
