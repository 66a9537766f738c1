"""Settings of Sphinx: ``python -m sphinx -W -b html docs docs/_build/html``."""

from __future__ import annotations

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
# Formulas inside sentences hold Greek letters as they are; only display mathematics is TeX.
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

# ---------------------------------------------------------------- examples

doctest_global_setup = """
import numpy as np
import squeezebench as sb
"""

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
