"""Sphinx's configuration of the site; `python -m examples.site` builds it."""

import re
import sys
from pathlib import Path

SITE = Path(__file__).parent
sys.path[:0] = [str(SITE.parents[1])]

# the gallery looks up the names that examples use, this one's only after the import
from sklearn.experimental import enable_halving_search_cv  # noqa: E402, F401

from examples.site.sources import pictures, slug, tasks  # noqa: E402
from skmlp import __version__  # noqa: E402

project = "skmlp"
author = "The skmlp developers"
copyright = "the skmlp developers, BSD-3-Clause"
version = release = __version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "myst_parser",
    "sphinx_gallery.gen_gallery",
]
templates_path = [str(SITE / "templates")]
exclude_patterns = ["scripts"]
default_role = "literal"

# the guide is written for GitHub, too: its anchors are made as there
myst_heading_anchors = 4

# Reference

autosummary_generate = True
autodoc_typehints = "none"
toc_object_entries_show_parents = "hide"
numpydoc_show_class_members = False

# Gallery: scripts as they are, with the pictures that they made once

sphinx_gallery_conf = {
    "examples_dirs": "scripts",
    "gallery_dirs": "gallery",
    "plot_gallery": False,
    "subsection_order": [f"scripts/{slug(task)}" for task in tasks()],
    "remove_config_comments": True,
    "doc_module": ("skmlp",),
    "backreferences_dir": "reference/backreferences",
    "show_signature": False,
    "show_memory": False,
    "write_computation_times": False,
    "download_all_examples": False,
    "within_subsection_order": "FileNameSortKey",
}

# Pages

html_theme = "pydata_sphinx_theme"
html_title = "skmlp"
html_static_path = [str(SITE / "static")]
html_favicon = str(SITE / "static" / "icon.svg")
html_css_files = ["site.css"]
html_show_sourcelink = False
html_show_search_summary = False  # pages that lie in a folder can't fetch each other
html_copy_source = False
html_context = {"default_mode": "auto"}  # light or dark, as the reader's system is
html_sidebars = {"index": [], "changes": []}
html_theme_options = {
    "navbar_align": "left",
    "navbar_end": ["theme-switcher"],
    "navbar_persistent": ["search-button"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
    "show_prev_next": True,
    "show_nav_level": 1,
}


def blocks_of_formulas(app, what, name, obj, options, lines):
    """What a docstring indents before its sections is a formula, word by word."""
    text = "\n".join(lines)
    head, rule, rest = text.partition("\n----")
    head = re.sub(r"(?<=\n\n)(?=    \S)(?<!::\n\n)", "::\n\n", head)
    lines[:] = (head + rule + rest).split("\n")


def without_references(app, what, name, obj, options, lines):
    """What is inherited from scikit-learn refers to scikit-learn's own pages."""
    if (getattr(obj, "__module__", None) or "").startswith("sklearn."):
        lines[:] = [re.sub(r":\w+:`~?([^`<]*?)( <.*?>)?`", r"\1", s) for s in lines]


def leave_out_machinery(app, what, name, obj, skip, options):
    """Metadata routing and output containers are told in scikit-learn's guide."""
    if name.endswith("_request") or name in ("get_metadata_routing", "set_output"):
        return True
    return None


def picture_of_an_example(app, docname, source):
    """Below the title of a page of the gallery: the picture that the script made."""
    name = docname.rpartition("/")[2]
    if docname.startswith("gallery/") and name in pictures():
        title = re.search(r"^(.+)\n=+\n", source[0], re.M)
        figure = (
            f"\n.. image:: /images/gallery/{name}.png\n   :alt: {pictures()[name]}\n\n"
        )
        source[0] = source[0][: title.end()] + figure + source[0][title.end() :]


def setup(app):
    app.connect("autodoc-process-docstring", blocks_of_formulas, priority=100)
    app.connect("autodoc-process-docstring", without_references, priority=100)
    app.connect("autodoc-skip-member", leave_out_machinery)
    app.connect("source-read", picture_of_an_example)
