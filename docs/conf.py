"""How Sphinx builds the site: ``make docs``."""

from docutils.nodes import SkipNode
from latex2mathml.converter import convert

from ganarium import __version__

project = "ganarium"
author = "The ganarium authors"
copyright = "The ganarium authors"
release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
exclude_patterns = ["_build", "zoo/notes", "claims/*.md"]
# The zoo's pages link to files of the repository by path, as forges do.
myst_enable_extensions = ["dollarmath", "amsmath", "deflist", "fieldlist"]
myst_heading_anchors = 3
suppress_warnings = ["myst.xref_missing", "autodoc.mocked_object"]

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True, "show-inheritance": True}
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_custom_sections = [
    ("Players", "params_style"),
    "Batch",
    "Deviations from the paper",
    ("Reference", "References"),
]

# Formulas as MathML, which browsers draw by themselves: the site needs no network.
html_math_renderer = "mathml"

html_theme = "furo"
html_title = "ganarium"
html_static_path = ["_static"]
html_js_files = ["zoo.js"]
html_css_files = ["site.css"]
html_show_sphinx = False


def inline(writer, node):
    """A formula in a line."""
    writer.body.append(convert(node.astext()))
    raise SkipNode


def block(writer, node):
    """A formula that stands by itself."""
    writer.body.append(f'<div class="math">{convert(node.astext(), display="block")}</div>')
    raise SkipNode


def setup(app):
    """Draw formulas in our way."""
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
