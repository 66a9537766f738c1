"""The page in front: ratios to peers, error beside speed, work and precision, growth with N, from asv's results."""

from __future__ import annotations

import html
import io
from collections.abc import Sequence
from typing import Any

from squeezebench.report.style import matplotlib_style

from .results import Curve, Results, TierRow, curves, peers, tiers

__all__ = ["landing"]

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .8rem; border-bottom: 1px solid #ddd; text-align: left; }
td.n, th.n { text-align: right; }
svg { max-width: 100%; height: auto; }
.note { color: #555; font-size: .9rem; }
"""


def landing(results: Results, site: str) -> str:
    """The page as one file of HTML; `site` is where asv's own pages are, from here."""
    machine = results.description
    about = ", ".join(str(machine[key]) for key in ("cpu", "os") if machine.get(key))
    parts = [
        f"<p>Commit {html.escape(', '.join(results.commits))}, machine {html.escape(results.machine)}"
        f"{html.escape(f' ({about})' if about else '')}. "
        f'<a href="{site}/index.html">All benchmarks over time</a>: '
        f'<a href="{site}/index.html#/">grid</a>, <a href="{site}/index.html#/summarylist">list</a>, '
        f'<a href="{site}/index.html#/regressions">regressions</a>.</p>',
        _peers(results),
        _tiers(tiers(results)),
        _scaling(results),
    ]
    body = "\n".join(parts)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>squeezebench: speed and error</title>'
        f"<style>{_STYLE}</style></head><body>\n<h1>squeezebench: speed and error</h1>\n{body}\n</body></html>\n"
    )


def _peers(results: Results) -> str:
    rows = [
        (
            _label(value.benchmark, value.parameters),
            f"{value.value:.3g}",
            f"{1 / value.value:.3g}" if value.value > 1e-3 else f"{1 / value.value:.0f}",
        )
        for value in peers(results)
    ]
    note = "Time of ours over that of the peer, both on one problem in one process; a ratio above 1 is slower."
    return _section("Against peers", note, ("benchmark", "ours / theirs", "speed-up"), rows)


def _tiers(rows: list[TierRow]) -> str:
    cells = [
        (_label(row.benchmark, row.parameters), f"{row.seconds * 1e3:.3g}", f"{row.error:.1e}")
        for row in sorted(rows, key=lambda row: row.seconds)
    ]
    note = "Time of a warm call, and the largest relative error of ξ² against a reference that no solver has a part in."
    section = _section("Error beside speed", note, ("benchmark", "time / ms", "error of ξ²"), cells)
    lines: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        others = {key: item for key, item in row.parameters.items() if key != "tier"}
        lines.setdefault(_label(row.benchmark, others), []).append((max(row.error, 1e-16), row.seconds))
    if not lines:
        return section
    return section + "<h3>Work and precision</h3>" + _drawn(lines, "relative error of ξ²", "time / s")


def _scaling(results: Results) -> str:
    parts = []
    for kind, title, unit in (("time", "Time", "s"), ("peakmem", "Memory", "bytes")):
        found = curves(results, kind)
        names = [_label(curve.benchmark, curve.parameters) for curve in found]
        rows = [
            (name, _sizes(curve), f"{round(curve.exponent, 2) + 0.0:.2f}", f"{curve.values[-1]:.3g}")
            for name, curve in zip(names, found, strict=True)
        ]
        note = "The exponent is that of N between the last two sizes."
        header = ("benchmark", "N", "exponent", f"at the largest / {unit}")
        parts.append(_section(f"{title} over N", note, header, rows))
        if found:
            lines = {n: list(zip(c.N, c.values, strict=True)) for n, c in zip(names, found, strict=True)}
            parts.append(_drawn(lines, "N", f"{title.lower()} / {unit}"))
    return "\n".join(parts)


def _sizes(curve: Curve) -> str:
    return ", ".join(f"{size:g}" for size in curve.N)


def _section(title: str, note: str, header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    if not rows:
        return f'<h2>{title}</h2>\n<p class="note">These results hold none of its benchmarks.</p>'
    head = "".join(f"<th{' class=n' if i else ''}>{html.escape(name)}</th>" for i, name in enumerate(header))
    lines = [
        "<tr>"
        + "".join(f"<td{' class=n' if i else ''}>{html.escape(cell)}</td>" for i, cell in enumerate(row))
        + "</tr>"
        for row in rows
    ]
    table = f"<table><thead><tr>{head}</tr></thead><tbody>\n" + "\n".join(lines) + "\n</tbody></table>"
    return f'<h2>{title}</h2>\n<p class="note">{note}</p>\n{table}'


def _label(benchmark: str, parameters: dict[str, Any]) -> str:
    """Name of a benchmark without what all have in common, and its parameters."""
    others = dict(parameters)
    # What has all solvers in one list is named after the solver.
    name = others.pop("solver", None) or " ".join(benchmark.split(".")[:-1]).removeprefix("bench_")
    return ", ".join([str(name), *(f"{key} = {item}" for key, item in others.items())])


def _drawn(lines: dict[str, list[tuple[float, float]]], x: str, y: str) -> str:
    """Curves on two logarithmic axes, as SVG that stands in the page."""
    with matplotlib_style():
        import matplotlib as mpl
        from matplotlib.figure import Figure

        # Letters like those of the page around it, and as large.
        mpl.rcParams.update(
            {"font.family": "sans-serif", "axes.labelsize": 11, "xtick.labelsize": 10, "ytick.labelsize": 10}
        )
        figure = Figure(figsize=(10, 0.5 + max(4.5, 0.25 * len(lines))), layout="constrained")
        axes = figure.add_subplot()
        for index, (name, points) in enumerate(lines.items()):
            points.sort()
            axes.loglog(
                *zip(*points, strict=True), "osD^v<>"[index // 10 % 7] + "-", color=f"C{index % 10}", label=name
            )
        axes.set(xlabel=x, ylabel=y)
        axes.grid(alpha=0.3)
        figure.legend(loc="outside right upper", fontsize=10, frameon=False)
        stream = io.StringIO()
        figure.savefig(stream, format="svg", metadata={"Date": None})
    text = stream.getvalue()
    return text[text.index("<svg") :]
