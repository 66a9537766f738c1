"""The last stage: figures of data sets, with matplotlib, and reports of runs; each is imported when it is needed."""

from __future__ import annotations

from .drawing import check_figure_file, draw, save
from .figure import FigureSpec, figure_names, figure_spec

__all__ = ["FigureSpec", "check_figure_file", "draw", "figure_names", "figure_spec", "save", "write_report"]


def __getattr__(name: str) -> object:
    if name == "write_report":
        from .html import write_report

        return write_report
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
