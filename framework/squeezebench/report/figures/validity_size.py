"""Where mean field and cumulants hold, over N and single-particle emission."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from squeezebench.evidence import validity
from squeezebench.report.figure import FigureSpec
from squeezebench.report.style import PAGE
from squeezebench.report.validity_map import draw_validity

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

__all__ = ["FIGURE"]


def draw(canvas: Figure, data: Mapping[str, xr.Dataset]) -> None:
    """Largest error of ξ² against the master equation, a panel a solver; crosses where it passes 5 %."""
    draw_validity(canvas, validity(data["validity_size"], 0.05))


FIGURE = FigureSpec(
    title="Where mean field and cumulants hold, over N and single-particle emission",
    draw=draw,
    scenarios=("validity_size",),
    size=(PAGE, 4.6),
)
