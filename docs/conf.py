"""Settings of Sphinx: ``python -m sphinx -W -b html docs docs/_build/html``."""

from __future__ import annotations

import re
from typing import Any

import squeezebench

project = "squeezebench"
author = "The squeezebench developers"
copyright = "The squeezebench developers"
version = release = squeezebench.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.doctest",
    "sphinx.ext.mathjax",
]
exclude_patterns = ["_build", "_templates"]
templates_path = ["_templates"]

# ---------------------------------------------------------------- pages

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
highlight_language = "none"

# ---------------------------------------------------------------- reference

autosummary_generate = True
autodoc_member_order = "bysource"
# Types stand in the Parameters sections, with the shapes of arrays.
autodoc_typehints = "none"
# A name in single back quotes is a link where it is one of ours, and plain text otherwise.
default_role = "py:obj"
# The members are on the page of their class; those of pydantic's base class say nothing about a solver's options.
numpydoc_show_class_members = False

# ---------------------------------------------------------------- looks

html_theme = "alabaster"
html_theme_options = {
    "description": "Which solver can you trust for your ensemble of N driven-dissipative spins, and what does it cost?",
    "page_width": "1100px",
    "sidebar_width": "260px",
    "fixed_sidebar": True,
    "show_powered_by": False,
}
html_sidebars = {"**": ["about.html", "searchbox.html", "navigation.html"]}
html_show_sourcelink = False
html_static_path = ["_static"]
html_css_files = ["narrow.css"]


# ---------------------------------------------------------------- docstrings

#: What reStructuredText would take for markup and physics does not mean so: the bars of |⟨J⟩| and the last _ of axis_.
_NO_MARKUP = re.compile(r"(``.*?``|`.*?`)|(\||(?<=\w)_(?!\w))")


def _escape_physics(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Escape bars and final underscores in a docstring's text, but not in mathematics and examples."""
    example, mathematics = False, None  # the latter: indentation of the directive
    for number, line in enumerate(lines):
        if not line.strip():
            example = False
            continue
        text = line.lstrip()
        indent = len(line) - len(text)
        if mathematics is not None and indent <= mathematics:
            mathematics = None
        if text.startswith(".. math::"):
            mathematics = indent
        example |= text.startswith(">>>")
        if not example and mathematics is None:
            lines[number] = _NO_MARKUP.sub(lambda match: match[1] or f"\\{match[2]}", line)


def setup(app: Any) -> None:
    """Register with Sphinx, to come after numpydoc."""
    app.connect("autodoc-process-docstring", _escape_physics, priority=900)
