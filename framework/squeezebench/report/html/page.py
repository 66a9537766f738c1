"""The page: panels in order, bokeh and the page's own script inside, and a policy that lets nothing else run."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterable
from importlib import resources
from pathlib import Path
from typing import Any

from squeezebench.comparison import check_expected
from squeezebench.errors import InvalidOptionError
from squeezebench.validate import real_path, shown_path

from .cost import scaling_panel, work_precision_panel
from .courses import course_panels
from .expected import expected_panel
from .markup import Panel, embedded_json, packed, text, to_csv
from .material import Material, material_of
from .plots import DARK, LIGHT, bokeh_or_say
from .story import provenance_panel, status_panel
from .sweeps import reductions_panel
from .validity import validity_panel
from .verdict import MAX_POINTS, matrix_panel, verdict_panel

__all__ = ["check_report_file", "html_report", "write_report"]


def check_report_file(path: Any) -> Path:
    """`path`, if a report can be written there.

    Raises
    ------
    InvalidOptionError
        If it does not end in .html, or the folder is not there.
    """
    target = real_path(path, "path", "a file")
    if target.suffix.lower() not in (".html", ".htm"):
        raise InvalidOptionError(f"{shown_path(target)}: unknown ending {target.suffix!r} of a report; give .html")
    try:
        if not target.parent.is_dir():
            folder = shown_path(target.parent)
            raise InvalidOptionError(f"{shown_path(target)}: there is no folder {folder}; make it first")
        if target.is_dir():
            raise InvalidOptionError(f"{shown_path(target)} is a folder: give a file")
    except OSError as error:
        raise InvalidOptionError(f"{shown_path(target)}: {error.strerror or error}; give another name") from error
    return target


def write_report(
    results: str | os.PathLike[str], path: str | os.PathLike[str], run: str | None = None, command: str | None = None
) -> Path:
    """Write the report of a stored run.

    Parameters
    ----------
    results : path
        Folder that `squeezebench.run` wrote to.
    path : path
        HTML file to write; it needs no network and no other file.
    run : str, optional
        Scenario name, or beginning of the run's id, where the store holds several; the latest by default.
    command : str, optional
        What the page says to have been made by; the command line's own form by default.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InvalidOptionError
        If the file cannot be a report, or bokeh is not installed.
    StoreError
        If this is no store, has no such run, or the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import squeezebench as sb
    >>> from squeezebench.report import write_report
    >>> folder = Path(tempfile.mkdtemp())
    >>> results = sb.run("small_exact", solvers=["mean_field"], store=folder / "results")
    >>> write_report(folder / "results", folder / "report.html").name
    'report.html'
    """
    from squeezebench.harness.files import write_atomically

    target = check_report_file(path)
    content = html_report(results, run, command).encode("utf-8")
    write_atomically(target, lambda temporary: temporary.write_bytes(content))
    return target


def html_report(results: str | os.PathLike[str], run: str | None = None, command: str | None = None) -> str:
    """The report of a stored run as HTML; arguments and errors as of `write_report`."""
    bokeh_or_say()
    material = material_of(results, run)
    courses, data = course_panels(material)
    expectations = check_expected(material.ds)
    panels = [
        verdict_panel(material, expectations),
        matrix_panel(material),
        expected_panel(material, expectations),
        *courses,
        validity_panel(material),
        reductions_panel(material),
        work_precision_panel(material),
        scaling_panel(material),
        status_panel(material),
        provenance_panel(material),
    ]
    there = [panel for panel in panels if panel is not None]
    return _page(material, there, data, command or material.command("report", "{}", "-o report.html"))


def _page(material: Material, panels: list[Panel], data: dict[str, Any], command: str) -> str:
    title = str(material.ds.attrs.get("title") or material.manifest["name"])
    figures = {panel.name: _json_of(panel.figure, panel.name) for panel in panels if panel.figure is not None}
    page_data: dict[str, Any] = {
        "figures": figures,
        "courses": data,
        "light": LIGHT,
        "dark": DARK,
        "solvers": material.labels,
    }
    page_data["db"] = [10 ** (half / 20) for half in range(-120, 121)]
    scripts = [_safe(_bokeh()), _safe(_own("report.js"))]
    sources = " ".join(f"'sha256-{_digest(script)}'" for script in scripts)
    policy = (
        f"default-src 'none'; script-src {sources}; style-src 'unsafe-inline'; img-src data: blob:; font-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    contents = "".join(f'<li><a href="#{panel.name}">{text(panel.title)}</a></li>' for panel in panels)
    return "".join(
        (
            '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n',
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n',
            '<meta name="color-scheme" content="light dark">\n<link rel="icon" href="data:,">\n',
            f"<title>{text(title)} · squeezebench</title>\n<style>{_own('report.css')}</style></head><body>\n",
            '<a class="skip" href="#verdict">To the verdict</a>\n',
            f"<header><h1>{text(title)}</h1>{_controls(material, panels)}</header>\n",
            f'<nav aria-label="Panels"><ul>{contents}</ul></nav>\n<main>\n',
            "\n".join(_section(panel) for panel in panels),
            f"\n</main>\n<footer><p>Made by <code>{text(command)}</code></p></footer>\n",
            f'<script type="application/json" id="data">{embedded_json(page_data)}</script>\n',
            *(f"<script>{script}</script>\n" for script in scripts),
            "</body></html>\n",
        )
    )


def _controls(material: Material, panels: list[Panel]) -> str:
    """Choice of the point, of the solvers that are shown, and of the page's colours: usable by keyboard."""
    points = material.points[:MAX_POINTS]
    choice = ""
    if len(points) > 1:
        options = "".join(f"<option value={k}>{text(point)}</option>" for k, point in enumerate(points))
        choice = f'<label>Point <select id="point">{options}</select></label>'
    boxes = "".join(
        f'<label class="solver"><input type=checkbox checked data-solver={k}><svg width=28 height=10 aria-hidden=true>'
        f'<line data-line={k} x1=0 y1=5 x2=28 y2=5 stroke-width=3 stroke-dasharray="{_dashes(k)}"></line></svg>'
        f"{text(label)}</label>"
        for k, label in enumerate(material.labels)
    )
    drawn = any(panel.figure is not None and list(panel.figure.select({"name": "solver 0"})) for panel in panels)
    legend = "" if not drawn else f"<fieldset><legend>Solvers in the figures</legend>{boxes}</fieldset>"
    theme = '<button type=button id="theme" aria-pressed=false>Dark</button>'
    return f'<div class="controls">{choice}{legend}{theme}</div>'


def _dashes(k: int) -> str:
    from .plots import DASHES

    named = {"solid": "none", "dashed": "6 3", "dotted": "2 3", "dashdot": "2 3 6 3"}
    dash = DASHES[k % len(DASHES)]
    return named[dash] if isinstance(dash, str) else " ".join(str(d) for d in dash)


def _section(panel: Panel) -> str:
    figure = ""
    if panel.figure is not None:
        zoom = "".join(
            f'<button type=button data-zoom="{panel.name}" data-by="{by}" aria-label="{words}">{sign}</button>'
            for by, words, sign in (("0.5", "zoom in", "+"), ("2", "zoom out", "−"), ("0", "reset zoom", "reset"))
        )
        figure = (
            f'<figure aria-labelledby="title-{panel.name}" role=group><div class="plot" id="plot-{panel.name}"></div>'
            f'<figcaption class="zoom">Zoom {zoom}</figcaption></figure>'
        )
    note = f"<p class=note>{text(panel.note)}</p>" if panel.note else ""
    name = f"{panel.name}.csv"
    data = (
        f'<p class="data"><button type=button data-file="{panel.name}" data-name="{name}">Data as CSV</button> '
        f"Again: <code>{text(panel.command)}</code></p>"
        f'<script type="application/gzip;base64" id="file-{panel.name}">{packed(to_csv(panel.rows))}</script>'
    )
    return (
        f'<section id="{panel.name}" aria-labelledby="title-{panel.name}">'
        f'<h2 id="title-{panel.name}">{text(panel.title)}</h2>'
        f"<p>{text(panel.lead)}</p>{figure}{panel.body}{note}{data}</section>"
    )


def _json_of(figure: Any, name: str) -> Any:
    from bokeh.embed import json_item

    return json_item(figure, f"plot-{name}")


def _bokeh() -> str:
    """The one file of BokehJS that figures need: no widgets, tables, WebGL or MathJax."""
    import bokeh

    folder = Path(bokeh.__file__).parent / "server" / "static" / "js"
    script = (folder / "bokeh.min.js").read_text(encoding="utf-8")
    # Labels in tooltips are sky blue, whose contrast to white is 2.6; no style sheet of the page reaches in there.
    return script.replace("color:#26aae1;", "color:inherit;font-weight:600;")


def _own(name: str) -> str:
    return (resources.files("squeezebench.report.html") / name).read_text(encoding="utf-8")


def _safe(script: str) -> str:
    """A script without what would end its element."""
    for word in _ends(script):
        script = script.replace(word, "<\\/" + word[2:])
    return script


def _ends(script: str) -> Iterable[str]:
    import re

    return set(re.findall(r"</script", script, re.IGNORECASE))


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
