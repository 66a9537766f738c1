"""How figures look: sizes, fonts, colours that colour-blind readers can tell apart, and axes that show dB."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from squeezebench.errors import InvalidOptionError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "BLACK",
    "COLOURS",
    "COLUMN",
    "GREY",
    "LABELS",
    "LINES",
    "MAP",
    "PAGE",
    "add_db_axis",
    "label_of",
    "matplotlib_style",
    "panel_label",
    "sequence",
    "squeezing_axis",
]

#: Width in inches of one column, and of the page, of Physical Review.
COLUMN, PAGE = 3.375, 7.0

#: Okabe and Ito's colours (Color Universal Design, 2008), the darker ones first because they are seen best on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")
BLACK, GREY = "#000000", "#7F7F7F"
#: Line styles that go along with the colours, so that curves differ in print without colour too.
LINES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)), (0, (7, 2)), (0, (3, 1)))
#: Colour map of maps: dark is squeezed, its lightness grows evenly, and it can be read without colour.
MAP = "cividis"

#: Name of a parameter, axis or variable → what a figure calls it.
LABELS: Mapping[str, str] = {
    "N": r"$N$",
    "chi": r"$\chi/\Gamma$",
    "gamma_s": r"$\gamma_s/\Gamma$",
    "n_eff": r"$N^{\mathrm{eff}}$",
    "upsilon_ratio": r"$\Upsilon/\Upsilon_c$",
    "xi2": r"$\xi^2$",
    "minimum_xi2": r"minimum $\xi^2$",
    "minimum_n_eff": r"minimum $N^{\mathrm{eff}}$",
    "t_star": r"$t^*$",
}

_SETTINGS: Mapping[str, Any] = {
    "axes.linewidth": 0.6,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "figure.constrained_layout.use": True,
    "figure.dpi": 150,
    "font.family": "STIXGeneral",
    "font.size": 8,
    "hatch.linewidth": 0.4,
    "image.cmap": MAP,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "legend.handlelength": 2.2,
    "lines.linewidth": 1.2,
    "mathtext.fontset": "stix",
    # Fonts as outlines that editors can still change; and the same picture gives the same file.
    "pdf.fonttype": 42,
    "savefig.dpi": 300,
    "svg.hashsalt": "squeezebench",
    "xtick.direction": "in",
    "xtick.labelsize": 7,
    "xtick.top": True,
    "ytick.direction": "in",
    "ytick.labelsize": 7,
}


@contextmanager
def matplotlib_style() -> Iterator[None]:
    """Make matplotlib draw and save in this style for a while.

    Raises
    ------
    InvalidOptionError
        If matplotlib is not installed.
    """
    try:
        import matplotlib as mpl
    except ImportError as error:
        raise InvalidOptionError(
            "figures need matplotlib, which is not installed: python -m pip install 'squeezebench[report]'"
        ) from error
    settings: dict[Any, Any] = {**mpl.rcParamsDefault, "backend": "agg", **_SETTINGS}
    with mpl.rc_context(settings):
        yield


def label_of(name: str) -> str:
    """What a figure calls a parameter or variable."""
    return LABELS.get(name, name.replace("_", " "))


def sequence(count: int) -> list[Any]:
    """Colours for `count` curves that belong to increasing values: dark to light, ending before too pale a yellow."""
    import matplotlib as mpl

    colours = mpl.colormaps["viridis"]
    return [colours(0.85 * i / max(count - 1, 1)) for i in range(count)]


def panel_label(axes: Axes, text: str, x: float = 0.02, y: float = 0.97) -> None:
    """Put "(a)" and the like into a corner of a panel, in units of the panel."""
    axes.text(x, y, text, transform=axes.transAxes, ha="left", va="top", fontweight="bold")


def squeezing_axis(axes: Axes, low: float, high: float) -> None:
    """Make the y axis show ξ² on a logarithmic scale with plain numbers, dB on the right, and a line at ξ² = 1.

    Parameters
    ----------
    axes : matplotlib Axes
        What to change.
    low, high : float
        Limits of ξ².
    """
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter

    axes.set_yscale("log")
    axes.set_ylim(low, high)
    steps = (1, 2, 5) if high / low > 8 else (1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9)
    ticks = [s * 10.0**e for e in range(-6, 7) for s in steps]
    axes.yaxis.set_major_locator(FixedLocator([tick for tick in ticks if low <= tick <= high]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_ylabel(r"$\xi^2$")
    if low < 1 < high:
        axes.axhline(1.0, color=GREY, lw=0.5, zorder=0)
    add_db_axis(axes)


def add_db_axis(axes: Axes, label: str = r"$10\,\log_{10}\,\xi^2$ (dB)") -> Axes:
    """Second y axis on the right that shows ξ² in dB, for a linear or a logarithmic axis of ξ².

    It follows the limits of the first one. Negative is squeezed.

    Parameters
    ----------
    axes : matplotlib Axes
        Its y axis is ξ² > 0.
    label : str
        Of the new axis.

    Returns
    -------
    matplotlib Axes
        The new axis; nothing is to be drawn on it.
    """
    import numpy as np

    second = axes.twinx()
    second.set_ylabel(label)
    second.set_zorder(axes.get_zorder() - 1)
    axes.patch.set_visible(False)

    def follow(first: Axes) -> None:
        low, high = first.get_ylim()
        if not (low > 0 and high > 0):
            return
        if first.get_yscale() == "log":
            second.set_ylim(10 * np.log10(low), 10 * np.log10(high))
            return
        places = (-20, -15, -10, -8, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 5, 10)
        inside = [tick for tick in places if min(low, high) <= 10 ** (tick / 10) <= max(low, high)]
        second.set_ylim(low, high)
        second.set_yticks([10 ** (tick / 10) for tick in inside], [str(tick).replace("-", "−") for tick in inside])

    axes.callbacks.connect("ylim_changed", follow)
    follow(axes)
    return second
