"""How the report's bokeh figures are made: no code in them, no text of anybody's but as data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from squeezebench.errors import InvalidOptionError

__all__ = ["DARK", "DASHES", "LIGHT", "bokeh_or_say", "db_axis", "empty_figure", "hover", "plain_label"]

#: Colours of solvers on white and on the dark page: Okabe and Ito's, lightness changed until each stands out with a
#: contrast of at least 3 (a test computes it). Dashes and the legend tell them apart without colour.
LIGHT = ("#0072B2", "#D55E00", "#00875F", "#B4558F", "#8A6100", "#2B83BA", "#000000", "#6E6E6E")
DARK = ("#56B4E9", "#FF9248", "#2CC79A", "#E59AC4", "#E69F00", "#A6D8F5", "#FFFFFF", "#A8A8A8")
DASHES: tuple[Any, ...] = ("solid", "dashed", "dashdot", "dotted", [8, 2, 2, 2, 2, 2], [2, 2], [12, 3], [5, 2, 1, 2])


def bokeh_or_say() -> None:
    """Import bokeh.

    Raises
    ------
    InvalidOptionError
        If it is not installed.
    """
    try:
        import bokeh  # noqa: F401
    except ImportError as error:
        raise InvalidOptionError(
            "a report needs bokeh, which is not installed: python -m pip install 'squeezebench[report]'"
        ) from error


def plain_label(words: str) -> Any:
    """Text of an axis that is never taken for TeX, which would ask for another library."""
    from bokeh.models import PlainText

    return PlainText(text=words)


def empty_figure(
    x: str, y: str, *, height: int = 340, x_type: str = "linear", y_type: str = "linear", x_range: Any = None
) -> Any:
    """Figure with zoom, pan, reset and save, the same for every panel."""
    from bokeh.models import Range1d, ResetTool
    from bokeh.plotting import figure

    ranges = {"x_range": x_range or Range1d(0, 1)} if x_type == "linear" else {}
    plot = figure(
        height=height,
        sizing_mode="stretch_width",
        x_axis_type=x_type,
        y_axis_type=y_type,
        tools="pan,box_zoom,xwheel_zoom,save",
        active_drag="box_zoom",
        active_scroll=None,
        min_border_left=60,
        **ranges,
    )
    plot.add_tools(ResetTool())
    plot.toolbar.logo = None
    plot.xaxis.axis_label, plot.yaxis.axis_label = plain_label(x), plain_label(y)
    plot.axis.axis_label_text_font_style = "normal"
    return plot


def hover(plot: Any, renderers: Sequence[Any], rows: Sequence[tuple[str, str]], **options: Any) -> None:
    """Show values under the mouse; `rows` name columns, which bokeh escapes."""
    from bokeh.models import HoverTool

    plot.add_tools(HoverTool(renderers=list(renderers), tooltips=list(rows), **options))


def db_axis(plot: Any) -> None:
    """Axis on the right that shows a logarithmic axis of ξ² in dB; it follows every zoom, being of the same range.

    The page's script chooses which of the labelled ticks are shown.
    """
    from bokeh.models import FixedTicker, LogAxis

    steps = [half / 2 for half in range(-120, 121)]
    ticks = [10 ** (half / 20) for half in range(-120, 121)]
    axis = LogAxis(
        ticker=FixedTicker(ticks=ticks[::20], minor_ticks=[], name="db ticks"),
        major_label_overrides={tick: f"{db:g}".replace("-", "−") for tick, db in zip(ticks, steps, strict=True)},
        axis_label=plain_label("10 log₁₀ ξ² (dB)"),
        axis_label_text_font_style="normal",
    )
    plot.add_layout(axis, "right")
