"""How Sphinx builds these pages: `make docs`. All that a page needs is in the built folder; nothing comes from a network."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from pygments.lexers.rust import RustLexer

project = "sealed-llm"
author = "the sealed-llm authors"
project_copyright = "Apache-2.0"
extensions = ["myst_parser"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = project
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"top_of_page_buttons": []}
myst_heading_anchors = 4
nitpicky = True
smartquotes = False  # --option stays what one types


def slugs(_app: Any, doctree: nodes.document) -> None:
    """Give each section the anchor that it has at GitHub as well, so that a link to a page's source and to the page are one."""
    for section in doctree.findall(nodes.section):
        slug = section.get("slug")
        if slug and slug not in section["ids"]:
            section["ids"].append(slug)


def setup(app: Any) -> None:
    """Register what is ours with Sphinx, which calls this."""
    app.add_lexer("move", RustLexer)  # Pygments knows no Move, which looks alike
    app.connect("doctree-read", slugs)
