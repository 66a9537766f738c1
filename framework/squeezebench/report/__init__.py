"""The last stage: figures of data sets, with matplotlib, which is imported when something is drawn."""

from __future__ import annotations

from .drawing import check_figure_file, draw, save
from .figure import FigureSpec, figure_names, figure_spec

__all__ = ["FigureSpec", "check_figure_file", "draw", "figure_names", "figure_spec", "save"]
